//! What the tables refuse, whatever program writes them: each statement here is what a faulty build would send.

use journal::events::{Break, CheckError, Journal, NewRow, Row, SqliteJournal, Stream, check, hash_row};
use rusqlite::Connection;

use super::{Disk, World, account, decision, decisions, durable, fact, facts};

/// A journal with one fact of each stream and one decision; and a plain connection to it.
fn filled() -> (Disk, SqliteJournal, Connection) {
    let world = Disk::new();
    let mut journal = world.open();
    let one = journal.register("one", 0, 2).unwrap();
    journal.take_lease(&account(), one, 0).unwrap();
    let mut batch = facts(1, &["a"]);
    batch.rows.push(fact(Stream::control(), "b"));
    batch.rows.push(NewRow { subject: Some("s".to_owned()), ..fact(Stream::venue("A"), "c") });
    durable(journal.append(&batch));
    durable(journal.append(&decisions(2, 1, 0, 1)));
    let raw = Connection::open(world.directory.database()).unwrap();
    raw.pragma_update(None, "foreign_keys", true).unwrap();
    (world, journal, raw)
}

/// The next row of `stream`, as the rules want it.
fn next(journal: &mut SqliteJournal, new: NewRow, epoch: u64) -> Row {
    let head = journal.head().unwrap();
    let stream_seq = journal.stream_head(&new.stream).unwrap() + 1;
    let mut row = Row {
        seq: head.seq + 1,
        stream: new.stream,
        stream_seq,
        epoch,
        batch: 77,
        time: 1,
        kind: new.kind.into_owned(),
        schema: new.schema,
        key: new.key,
        subject: new.subject,
        body: new.body,
        prev_hash: head.hash,
        hash: [0; 32],
    };
    row.hash = hash_row(&row);
    row
}

fn insert(raw: &Connection, verb: &str, stream: &str, row: &Row) -> rusqlite::Result<usize> {
    raw.execute(
        &format!("{verb} INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"),
        rusqlite::params![
            row.seq.cast_signed(),
            stream,
            row.stream_seq.cast_signed(),
            row.epoch.cast_signed(),
            row.batch.cast_signed(),
            row.time,
            row.kind,
            row.schema,
            row.key,
            row.subject,
            row.body,
            row.prev_hash,
            row.hash,
        ],
    )
}

#[track_caller]
fn refused(result: rusqlite::Result<usize>, rule: &str) {
    let error = result.expect_err("a statement that breaks a rule was taken").to_string();
    assert!(error.contains(rule), "refused by `{error}` instead of `{rule}`");
}

#[test]
fn rows_that_break_a_rule_are_refused() {
    let (_world, mut journal, raw) = filled();
    let good = next(&mut journal, fact(Stream::intake(), "new"), 0);
    let head = "has to follow the head";
    let lease = "needs the epoch of the lease";
    let decided = next(&mut journal, decision(account()), 1);
    let other = next(&mut journal, decision(Stream::account("B")), 1);
    let edits: [(&str, Row); 13] = [
        (head, Row { seq: good.seq - 1, ..good.clone() }),
        (head, Row { seq: good.seq + 1, ..good.clone() }),
        (head, Row { prev_hash: [0; 32], ..good.clone() }),
        ("follow the newest of its stream", Row { stream_seq: good.stream_seq + 1, ..good.clone() }),
        ("follow the newest of its stream", Row { stream_seq: good.stream_seq - 1, ..good.clone() }),
        ("does not understand this schema", Row { schema: 3, ..good.clone() }),
        (lease, Row { epoch: 1, key: None, ..good.clone() }),
        (lease, Row { epoch: 0, key: Some("x".to_owned()), ..decided.clone() }),
        (lease, Row { epoch: 2, ..decided.clone() }),
        (lease, other),
        ("CHECK", Row { key: None, ..good.clone() }),
        ("CHECK", Row { key: Some("x".to_owned()), ..decided.clone() }),
        ("unique for ever", Row { key: Some("a".to_owned()), ..good.clone() }),
    ];
    for verb in ["INSERT", "INSERT OR REPLACE"] {
        for (rule, row) in &edits {
            refused(insert(&raw, verb, row.stream.as_str(), row), rule);
        }
        for stream in ["else", "venue:", "Intake"] {
            refused(insert(&raw, verb, stream, &Row { stream_seq: 1, ..good.clone() }), lease);
        }
    }
    // What was wrong with them was only that.
    assert_eq!(insert(&raw, "INSERT", "intake", &good).unwrap(), 1);
    let decided = next(&mut journal, decision(account()), 1);
    assert_eq!(insert(&raw, "INSERT", "account:A", &decided).unwrap(), 1);
    assert_eq!(check(&mut journal).unwrap().events, 6);
    assert_eq!(journal.write_schema().unwrap(), 2);
}

#[test]
fn nothing_that_was_written_is_changed_or_deleted() {
    let (_world, mut journal, raw) = filled();
    let before = (journal.read(0, 10).unwrap(), journal.leases().unwrap(), journal.instances().unwrap());
    let rows = [
        ("UPDATE events SET body = x'00' WHERE seq = 1", "never changed"),
        ("UPDATE OR REPLACE events SET key = 'a' WHERE seq = 2", "never changed"),
        ("DELETE FROM events WHERE seq = 4", "never deleted"),
        ("DELETE FROM events", "never deleted"),
        ("UPDATE head SET seq = 3", "head is the newest event"),
        ("UPDATE head SET hash = zeroblob(32)", "head is the newest event"),
        (
            "UPDATE head SET seq = e.seq, hash = e.hash FROM events e WHERE e.seq = 2",
            "head is the newest event",
        ),
        ("INSERT OR REPLACE INTO head VALUES (1, 0, zeroblob(32), 0)", "one head"),
        ("DELETE FROM head", "never deleted"),
        ("UPDATE leases SET epoch = 0", "new epoch"),
        ("UPDATE leases SET holder = 1", "new epoch"),
        ("UPDATE leases SET stream = 'account:B', epoch = 2", "new epoch"),
        ("UPDATE leases SET holder = 9, epoch = 2", "running instance"),
        ("INSERT INTO leases VALUES ('account:B', 9, 1, 0)", "running instance"),
        ("INSERT OR REPLACE INTO leases VALUES ('account:A', 1, 1, 0)", "lease exists"),
        ("INSERT INTO leases VALUES ('intake', 1, 1, 0)", "CHECK"),
        ("DELETE FROM leases", "never deleted"),
        ("DELETE FROM instances", "never deleted"),
    ];
    for (sql, rule) in rows {
        refused(raw.execute(sql, []), rule);
    }
    let after = (journal.read(0, 10).unwrap(), journal.leases().unwrap(), journal.instances().unwrap());
    assert_eq!(before, after);
}

#[test]
fn the_check_names_what_was_changed_behind_the_triggers() {
    let breaks = [
        ("UPDATE events SET body = x'00' WHERE seq = 2", Break::Hash { seq: 2 }),
        ("UPDATE events SET subject = NULL WHERE seq = 3", Break::Hash { seq: 3 }),
        ("UPDATE events SET hash = zeroblob(32) WHERE seq = 4", Break::Hash { seq: 4 }),
        ("UPDATE events SET prev_hash = zeroblob(32) WHERE seq = 2", Break::PrevHash { seq: 2 }),
        ("DELETE FROM events WHERE seq = 1", Break::Gap { after: 0, found: 2 }),
        ("DELETE FROM events WHERE seq = 3", Break::Gap { after: 2, found: 4 }),
        ("DELETE FROM events WHERE seq = 4", Break::Head { head: 4, last: 3 }),
        ("UPDATE head SET hash = zeroblob(32)", Break::Head { head: 4, last: 4 }),
    ];
    for (sql, expected) in breaks {
        let (_world, mut journal, raw) = filled();
        raw.execute_batch("DROP TRIGGER events_update; DROP TRIGGER events_delete; DROP TRIGGER head_update")
            .unwrap();
        assert_eq!(check(&mut journal).unwrap().events, 4);
        assert_eq!(raw.execute(sql, []).unwrap(), 1);
        match check(&mut journal) {
            Err(CheckError::Broken(found)) => assert_eq!(found, expected, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[test]
fn a_row_that_was_left_out_of_its_stream_is_named() {
    let (_world, mut journal, _raw) = filled();
    let mut chain = journal::events::Chain::new();
    for row in journal.read(0, 10).unwrap() {
        chain.push(&row).unwrap();
    }
    let good = next(&mut journal, fact(Stream::intake(), "new"), 0);
    let mut skipping = Row { stream_seq: 3, ..good.clone() };
    skipping.hash = hash_row(&skipping);
    let expected = Break::StreamGap { seq: 5, stream: Stream::intake(), after: 1, found: 3 };
    assert_eq!(chain.push(&skipping), Err(expected));
    chain.push(&good).unwrap();
    assert_eq!((chain.events(), chain.head().hash), (5, good.hash));
}
