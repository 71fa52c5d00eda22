use std::borrow::Cow;

use rusqlite::Connection;

use super::*;
use crate::events::{NewRow, check};

fn fresh() -> (tempfile::TempDir, DataDirectory, SqliteJournal) {
    let parent = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open_or_create(&parent.path().join("data")).unwrap();
    let mut journal = SqliteJournal::open(&directory).unwrap();
    journal.register("one", 0, 1).unwrap();
    (parent, directory, journal)
}

fn batch(id: u64) -> Batch {
    let row = NewRow {
        stream: Stream::intake(),
        kind: Cow::Borrowed("fact"),
        schema: 1,
        key: Some(format!("key-{id}")),
        subject: None,
        body: vec![1],
    };
    Batch { id, time: 0, rows: vec![row], claims: vec![], control_seen: None }
}

#[test]
fn after_a_failed_commit_nothing_is_written_before_the_batch_was_looked_for() {
    let (_parent, directory, mut journal) = fresh();
    assert!(matches!(journal.append(&batch(1)), Append::Durable { .. }));
    let failed =
        || rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC), None);
    let result: Result<(), _> = journal.database.write(|_| Err(failed()));
    assert!(matches!(result, Err(DbError::Io(_))));
    assert!(matches!(journal.append(&batch(2)), Append::Failed(DbError::Poisoned)));
    assert!(journal.by_key("key-1").unwrap().is_some(), "reading goes on");

    let mut other = SqliteJournal::open(&directory).unwrap();
    let answer = other.append(&batch(3));
    assert!(
        matches!(answer, Append::Durable { first_seq: 2, .. }),
        "the failed one wrote nothing: {answer:?}"
    );
    assert_eq!(journal.find_batch(2, 0).unwrap(), None);
    assert_eq!(journal.find_batch(3, 0).unwrap(), Some(2));
    assert!(journal.changed().unwrap(), "what others did meanwhile may be new");
    assert!(other.changed().unwrap(), "settling is a commit of its own, over what the failed one left");
    assert!(matches!(journal.append(&batch(2)), Append::Durable { first_seq: 3, .. }));
    assert_eq!(check(&mut journal).unwrap().events, 3);
}

#[test]
fn a_held_lock_is_busy_and_never_unknown() {
    let (_parent, directory, journal) = fresh();
    let mut journal = journal.ending_stuck_holders(true);
    let holder = Connection::open(directory.database()).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(journal.append(&batch(1)), Append::Busy));
    // The holder is this process, which is no instance to end.
    assert!(matches!(journal.take_holder_report(), Some(Err(_))));
    assert!(journal.take_holder_report().is_none());
    holder.execute_batch("ROLLBACK").unwrap();
    assert!(matches!(journal.append(&batch(1)), Append::Durable { .. }));
}

#[test]
fn looking_for_stuck_holders_hides_no_change() {
    let (_parent, directory, journal) = fresh();
    let mut journal = journal.ending_stuck_holders(true);
    let mut other = SqliteJournal::open(&directory).unwrap();
    assert!(matches!(other.append(&batch(1)), Append::Durable { .. }));
    assert!(matches!(journal.append(&batch(2)), Append::Durable { .. }));
    assert!(journal.changed().unwrap());
    assert!(!journal.changed().unwrap());
    assert!(matches!(journal.append(&batch(3)), Append::Durable { .. }));
    assert!(!journal.changed().unwrap());
}

/// `cargo test -p journal --release -- --ignored --nocapture cost_of_an_append`
#[test]
#[ignore = "a measurement"]
#[expect(clippy::disallowed_methods, reason = "measures")]
fn cost_of_an_append_beside_the_commit() {
    use std::time::Instant;
    const ROUNDS: u64 = 2_000;
    let (_parent, _directory, mut journal) = fresh();
    let account = Stream::account("A");
    journal.take_lease(&account, 1, 0).unwrap();
    let decision = |kind| NewRow {
        stream: account.clone(),
        kind: Cow::Borrowed(kind),
        schema: 1,
        key: None,
        subject: Some("order-1".to_owned()),
        body: vec![7; 400],
    };
    let three = |round: u64| {
        let mut batch = batch(round);
        batch.rows[0].subject = Some(format!("signal-{round}"));
        batch.rows.extend([decision("signal_decided"), decision("order_intended")]);
        batch.claims.push(crate::events::Claim { stream: account.clone(), epoch: 1, expected: 2 * round });
        Batch { control_seen: Some(0), ..batch }
    };
    let mut commit = |count: u64| {
        let began = Instant::now();
        for _ in 0..count {
            journal.renew(1, std::slice::from_ref(&account)).unwrap();
        }
        began.elapsed() / u32::try_from(count).unwrap()
    };
    let bare = commit(ROUNDS);
    let began = Instant::now();
    for round in 0..ROUNDS {
        assert!(matches!(journal.append(&three(round)), Append::Durable { .. }));
    }
    let appended = began.elapsed() / 2_000;
    println!("a commit of one changed page {bare:?}, a batch of three rows {appended:?}");
    // Without the disk: the statements alone, rolled back.
    let began = Instant::now();
    for round in 0..ROUNDS {
        let next = three(ROUNDS + round);
        let next = Batch {
            claims: vec![crate::events::Claim { expected: 2 * ROUNDS, ..next.claims[0].clone() }],
            ..next
        };
        let done = journal
            .database
            .write_or_leave(|transaction| append::append(transaction, &next, None).map(|_| None::<()>));
        assert!(done.unwrap().is_none());
    }
    println!("the statements of a batch alone {:?}", began.elapsed() / 2_000);
    let began = Instant::now();
    let checked = check(&mut journal).unwrap();
    println!("check: {:.0} rows/s", checked.events as f64 / began.elapsed().as_secs_f64());
}
