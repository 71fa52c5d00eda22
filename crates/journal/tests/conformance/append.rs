//! Order, idempotence, fencing, conflicts.

use journal::DbError;
use journal::events::{
    Append, BATCH_ROWS_MAX, BODY_BYTES_MAX, Batch, BatchIds, Checked, Claim, Conflict, Head, Journal, NewRow,
    Stream, TEXT_BYTES_MAX, check, hash_row,
};

use super::{World, account, decision, decisions, durable, fact, facts, suite, unchanged};

suite![
    an_empty_journal,
    rows_keep_their_order_and_content,
    a_batch_is_written_once,
    a_key_is_taken_for_ever,
    the_lease_and_what_was_folded_are_checked_in_that_order,
    a_newer_control_fact_stops_a_decision,
    all_rows_or_none,
    what_breaks_the_rules_is_never_written,
    an_append_renews_its_leases,
    pages_are_bounded,
    two_handles_make_one_chain,
    many_writers_make_one_chain,
];

fn an_empty_journal<W: World>() {
    let world = W::new();
    let mut journal = world.open();
    assert_eq!(journal.head().unwrap(), Head { seq: 0, hash: [0; 32] });
    unchanged(&mut journal, Head::EMPTY);
    assert_eq!(journal.find_batch(1, 0).unwrap(), None);
    assert_eq!(journal.by_key("a").unwrap(), None);
    assert_eq!(journal.by_subject("a", 10).unwrap(), []);
    assert_eq!(journal.stream_head(&Stream::intake()).unwrap(), 0);
    assert_eq!((journal.leases().unwrap(), journal.instances().unwrap()), (vec![], vec![]));
    assert_eq!(check(&mut journal).unwrap(), Checked { head: Head::EMPTY, events: 0 });
}

fn rows_keep_their_order_and_content<W: World>() {
    let world = W::new();
    let mut journal = world.open();
    let one = journal.register("one", 5, 3).unwrap();
    journal.take_lease(&account(), one, 0).unwrap();
    let id = BatchIds::new(u32::MAX).next_id();
    let rows = vec![
        NewRow { subject: Some("s-1".to_owned()), ..fact(Stream::intake(), "signal:s-1") },
        NewRow { schema: 3, subject: Some("s-1".to_owned()), body: vec![], ..decision(account()) },
        NewRow { body: vec![0xff; 5_000], ..decision(account()) },
        fact(Stream::venue("A"), "t-1"),
    ];
    let claims = vec![Claim { stream: account(), epoch: 1, expected: 0 }];
    let batch = Batch { id, time: i64::MIN, rows, claims, control_seen: Some(0) };
    let (first, head) = durable(journal.append(&batch));
    assert_eq!((first, head.seq), (1, 4));
    assert_eq!(journal.head().unwrap(), head);

    let (first, head) = durable(journal.append(&decisions(9, 1, 2, 1)));
    assert_eq!((first, head.seq), (5, 5));

    let read = journal.read(0, 100).unwrap();
    let mut prev_hash = [0; 32];
    for (index, row) in read.iter().enumerate() {
        assert_eq!((row.seq, row.prev_hash, row.hash), (index as u64 + 1, prev_hash, hash_row(row)));
        prev_hash = row.hash;
    }
    assert_eq!(prev_hash, head.hash);
    for (row, new) in read.iter().zip(&batch.rows) {
        assert_eq!((row.batch, row.time), (batch.id, batch.time));
        assert_eq!((&row.stream, &*row.kind, row.schema), (&new.stream, &*new.kind, new.schema));
        assert_eq!((&row.key, &row.subject, &row.body), (&new.key, &new.subject, &new.body));
    }
    let places: Vec<_> = read.iter().map(|row| (row.stream.as_str(), row.stream_seq, row.epoch)).collect();
    let expected =
        [("intake", 1, 0), ("account:A", 1, 1), ("account:A", 2, 1), ("venue:A", 1, 0), ("account:A", 3, 1)];
    assert_eq!(places, expected);

    assert_eq!(journal.read(3, 1).unwrap(), read[3..4]);
    assert_eq!(journal.read(u64::MAX, 1).unwrap(), []);
    assert_eq!(journal.by_key("t-1").unwrap().as_ref(), Some(&read[3]));
    assert_eq!(journal.by_subject("s-1", 10).unwrap(), read[..2]);
    assert_eq!(journal.by_subject("s-1", 1).unwrap(), read[..1]);
    assert_eq!(journal.newest_by_subject("s-1", 10).unwrap(), read[..2]);
    assert_eq!(journal.newest_by_subject("s-1", 1).unwrap(), read[1..2]);
    assert_eq!(journal.stream_head(&account()).unwrap(), 3);
    assert_eq!(journal.find_batch(id, 0).unwrap(), Some(1));
    assert_eq!(journal.find_batch(id, 1).unwrap(), Some(2), "only above `after`");
    assert_eq!(journal.find_batch(id, 4).unwrap(), None);
    assert_eq!(world.open().read(0, 100).unwrap(), read, "another handle sees the same");
    assert_eq!(check(&mut journal).unwrap(), Checked { head, events: 5 });
}

fn a_batch_is_written_once<W: World>() {
    let world = W::new();
    let mut journal = world.open();
    let one = journal.register("one", 0, 1).unwrap();
    journal.take_lease(&account(), one, 0).unwrap();
    let first = facts(1, &["a", "b"]);
    durable(journal.append(&first));
    let second = decisions(2, 1, 0, 2);
    let (_, head) = durable(journal.append(&second));
    // From another handle, as after an answer that was lost.
    let mut other = world.open();
    let answer = other.append(&first);
    assert!(matches!(&answer, Append::Conflict(Conflict::Key { key, seq: 1 }) if key == "a"), "{answer:?}");
    let answer = other.append(&second);
    let expected = Conflict::Stream { stream: account(), at: 2 };
    assert!(matches!(&answer, Append::Conflict(conflict) if *conflict == expected), "{answer:?}");
    unchanged(&mut other, head);
    assert_eq!(other.find_batch(2, 0).unwrap(), Some(3));
}

fn a_key_is_taken_for_ever<W: World>() {
    let world = W::new();
    let mut journal = world.open();
    journal.register("one", 0, 1).unwrap();
    let (_, head) = durable(journal.append(&facts(1, &["a", "b"])));
    let mut elsewhere = facts(2, &["c", "b"]);
    elsewhere.rows[1].stream = Stream::venue("A");
    let answer = journal.append(&elsewhere);
    assert!(matches!(&answer, Append::Conflict(Conflict::Key { key, seq: 2 }) if key == "b"), "{answer:?}");
    let answer = journal.append(&facts(3, &["x", "y", "x", "b"]));
    assert!(matches!(&answer, Append::Conflict(Conflict::Key { key, seq: 0 }) if key == "x"), "{answer:?}");
    let answer = journal.append(&facts(3, &["x", "b", "b"]));
    assert!(matches!(&answer, Append::Conflict(Conflict::Key { key, seq: 2 }) if key == "b"), "{answer:?}");
    unchanged(&mut journal, head);
    durable(journal.append(&facts(4, &["c"])));
}

fn the_lease_and_what_was_folded_are_checked_in_that_order<W: World>() {
    let world = W::new();
    let mut journal = world.open();
    let one = journal.register("one", 0, 1).unwrap();
    let two = journal.register("two", 0, 1).unwrap();
    let answer = journal.append(&decisions(1, 1, 0, 1));
    assert!(matches!(answer, Append::Fenced { epoch: 0, .. }), "nobody has the lease: {answer:?}");
    let answer = journal.append(&decisions(1, 0, 0, 1));
    assert!(matches!(answer, Append::Fenced { epoch: 0, .. }), "no epoch is none: {answer:?}");

    assert_eq!(journal.take_lease(&account(), one, 0).unwrap(), Some(1));
    durable(journal.append(&decisions(1, 1, 0, 1)));
    assert_eq!(journal.take_lease(&account(), two, 1).unwrap(), Some(2));
    let head = journal.head().unwrap();
    // Everything is wrong with this one, and the lease is what the caller hears of.
    let mut wrong = decisions(2, 1, 0, 1);
    wrong.rows.push(NewRow { schema: 9, ..fact(Stream::control(), "c") });
    wrong.rows.push(fact(Stream::intake(), "c"));
    wrong.control_seen = Some(0);
    let answer = journal.append(&wrong);
    assert!(matches!(&answer, Append::Fenced { stream, epoch: 2 } if *stream == account()), "{answer:?}");
    wrong.claims[0].epoch = 2;
    let answer = journal.append(&wrong);
    assert!(matches!(answer, Append::Conflict(Conflict::Stream { at: 1, .. })), "{answer:?}");
    wrong.claims[0].expected = 2;
    let answer = journal.append(&wrong);
    assert!(
        matches!(answer, Append::Conflict(Conflict::Stream { at: 1, .. })),
        "folded too much: {answer:?}"
    );
    wrong.claims[0].expected = 1;
    let answer = journal.append(&wrong);
    assert!(matches!(answer, Append::Conflict(Conflict::Key { seq: 0, .. })), "{answer:?}");
    wrong.rows.pop();
    let answer = journal.append(&wrong);
    assert!(matches!(answer, Append::Refused { schema: 9, gate: 1 }), "{answer:?}");
    unchanged(&mut journal, head);
    wrong.rows[1].schema = 1;
    durable(journal.append(&wrong));
    // One stale claim of two stops both streams.
    let other = Stream::singleton("reports");
    assert_eq!(journal.take_lease(&other, one, 0).unwrap(), Some(1));
    let mut both = decisions(3, 2, 2, 1);
    both.rows.insert(0, decision(other.clone()));
    both.claims.push(Claim { stream: other.clone(), epoch: 7, expected: 0 });
    let answer = journal.append(&both);
    assert!(matches!(&answer, Append::Fenced { stream, epoch: 1 } if *stream == other), "{answer:?}");
    both.claims[1].epoch = 1;
    durable(journal.append(&both));
}

fn a_newer_control_fact_stops_a_decision<W: World>() {
    let world = W::new();
    let (mut holder, mut operator) = (world.open(), world.open());
    let one = holder.register("one", 0, 1).unwrap();
    holder.take_lease(&account(), one, 0).unwrap();
    durable(holder.append(&facts(1, &["a"])));
    let halt = |id, key| Batch { rows: vec![fact(Stream::control(), key)], ..facts(id, &[]) };
    let seen = |id, expected, seen| Batch { control_seen: seen, ..decisions(id, 1, expected, 1) };

    durable(holder.append(&seen(2, 0, Some(0))));
    let (_, head) = durable(operator.append(&halt(3, "halt-1")));
    let answer = holder.append(&seen(4, 1, Some(0)));
    assert!(matches!(answer, Append::Conflict(Conflict::Control { at: 3 })), "{answer:?}");
    unchanged(&mut holder, head);
    durable(holder.append(&seen(5, 1, None)));
    durable(holder.append(&seen(6, 2, Some(3))));
    durable(operator.append(&halt(7, "halt-2")));
    let answer = holder.append(&seen(8, 3, Some(3)));
    assert!(matches!(answer, Append::Conflict(Conflict::Control { at: 6 })), "{answer:?}");
}

fn all_rows_or_none<W: World>() {
    let world = W::new();
    let mut journal = world.open();
    let one = journal.register("one", 0, 1).unwrap();
    journal.take_lease(&account(), one, 0).unwrap();
    let (_, head) = durable(journal.append(&facts(1, &["a"])));
    let leases = journal.leases().unwrap();
    let mut batch = decisions(2, 1, 0, 3);
    batch.rows.push(fact(Stream::venue("A"), "a"));
    let answer = journal.append(&batch);
    assert!(matches!(answer, Append::Conflict(Conflict::Key { .. })), "{answer:?}");
    unchanged(&mut journal, head);
    assert_eq!(journal.stream_head(&account()).unwrap(), 0);
    assert_eq!(journal.leases().unwrap(), leases, "not renewed either");
}

fn what_breaks_the_rules_is_never_written<W: World>() {
    let world = W::new();
    let mut journal = world.open();
    let one = journal.register("one", 0, 1).unwrap();
    journal.take_lease(&account(), one, 0).unwrap();
    let keyless = NewRow { key: None, ..fact(Stream::intake(), "a") };
    let keyed = NewRow { key: Some("a".to_owned()), ..decision(account()) };
    let good = decisions(1, 1, 0, 1);
    let claim = good.claims[0].clone();
    let of_facts = Claim { stream: Stream::intake(), epoch: 0, expected: 0 };
    let body = vec![0; BODY_BYTES_MAX + 1];
    let many = vec![decision(account()); BATCH_ROWS_MAX + 1];
    let rows = |rows: Vec<NewRow>| Batch { rows, ..good.clone() };
    let wrong = [
        rows(vec![]),
        rows(many),
        rows(vec![keyless]),
        rows(vec![keyed]),
        rows(vec![NewRow { kind: "".into(), ..decision(account()) }]),
        rows(vec![NewRow { schema: 0, ..decision(account()) }]),
        rows(vec![NewRow { body, ..decision(account()) }]),
        rows(vec![NewRow { subject: Some("x".repeat(TEXT_BYTES_MAX + 1)), ..decision(account()) }]),
        rows(vec![decision(Stream::account("B"))]),
        Batch { claims: vec![], ..good.clone() },
        Batch { claims: vec![claim.clone(), claim.clone()], ..good.clone() },
        Batch { claims: vec![claim, of_facts], ..good.clone() },
    ];
    for batch in wrong {
        let answer = journal.append(&batch);
        assert!(matches!(answer, Append::Malformed(_)), "{answer:?}");
    }
    unchanged(&mut journal, Head::EMPTY);
    let largest = rows(vec![NewRow { body: vec![7; BODY_BYTES_MAX], ..decision(account()) }]);
    durable(journal.append(&largest));
}

fn an_append_renews_its_leases<W: World>() {
    let world = W::new();
    let mut journal = world.open();
    let one = journal.register("one", 0, 1).unwrap();
    journal.take_lease(&account(), one, 0).unwrap();
    let idle = Stream::feed("nse");
    journal.take_lease(&idle, one, 0).unwrap();
    durable(journal.append(&decisions(1, 1, 0, 2)));
    durable(journal.append(&facts(2, &["a"])));
    let renewals: Vec<_> =
        journal.leases().unwrap().into_iter().map(|lease| (lease.stream, lease.renewals)).collect();
    assert_eq!(renewals, [(account(), 1), (idle.clone(), 0)]);
    // A claim without a row: only as long as the lease is ours.
    let mut guarded = facts(3, &["b"]);
    guarded.claims.push(Claim { stream: idle.clone(), epoch: 2, expected: 0 });
    let answer = journal.append(&guarded);
    assert!(matches!(answer, Append::Fenced { epoch: 1, .. }), "{answer:?}");
    guarded.claims[0].epoch = 1;
    durable(journal.append(&guarded));
    assert_eq!(journal.leases().unwrap()[1].renewals, 1);
}

fn pages_are_bounded<W: World>() {
    let world = W::new();
    let mut journal = world.open();
    journal.register("one", 0, 1).unwrap();
    for id in 0..2 {
        let keys: Vec<_> = (0..BATCH_ROWS_MAX).map(|key| format!("{id}-{key}")).collect();
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let mut batch = facts(id, &keys);
        batch.rows.iter_mut().for_each(|row| row.subject = Some("s".to_owned()));
        durable(journal.append(&batch));
    }
    let max = journal::events::READ_ROWS_MAX;
    assert_eq!(journal.read(0, usize::MAX).unwrap().len(), max);
    let about = journal.by_subject("s", usize::MAX).unwrap();
    assert_eq!((about.len(), about[0].seq), (max, 1), "what is folded begins at its beginning");
    let about = journal.newest_by_subject("s", usize::MAX).unwrap();
    assert_eq!(about.len(), max);
    assert_eq!(about.last().unwrap().seq, 2 * BATCH_ROWS_MAX as u64, "years of rows do not hide the newest");
    assert_eq!(journal.read(0, 0).unwrap(), []);
    let checked = check(&mut journal).unwrap();
    assert_eq!(checked.events, 2 * BATCH_ROWS_MAX as u64, "the check goes page by page");
}

fn two_handles_make_one_chain<W: World>() {
    let world = W::new();
    let (mut one, mut two) = (world.open(), world.open());
    let number = one.register("one", 0, 1).unwrap();
    two.take_lease(&account(), number, 0).unwrap();
    assert!(one.changed().unwrap() && two.changed().unwrap());
    assert!(!one.changed().unwrap() && !two.changed().unwrap());
    for turn in 0..10 {
        durable(one.append(&facts(turn, &[&format!("a{turn}")])));
        assert!(two.changed().unwrap() && !one.changed().unwrap());
        durable(two.append(&decisions(100 + turn, 1, turn, 1)));
        assert!(one.changed().unwrap() && !two.changed().unwrap());
    }
    assert!(matches!(two.append(&facts(0, &["a0"])), Append::Conflict(_)));
    assert!(!one.changed().unwrap(), "a refused batch is no change");
    assert!(!world.open().changed().unwrap(), "nothing since it was opened");
    assert_eq!(check(&mut one).unwrap(), check(&mut two).unwrap());
}

fn many_writers_make_one_chain<W: World>()
where
    W::Handle: Send,
{
    let world = W::new();
    let mut journal = world.open();
    journal.register("one", 0, 1).unwrap();
    let handles: Vec<_> = (0..4).map(|_| world.open()).collect();
    std::thread::scope(|scope| {
        for (writer, mut handle) in (0..).zip(handles) {
            scope.spawn(move || {
                for turn in 0..25 {
                    // The same key from all: one of them is first.
                    let shared = format!("shared-{turn}");
                    match handle.append(&facts(writer << 32 | turn << 1, &[&shared])) {
                        Append::Durable { .. } | Append::Conflict(Conflict::Key { .. }) => {}
                        other => panic!("{other:?}"),
                    }
                    let own = format!("own-{writer}-{turn}");
                    durable(handle.append(&facts(writer << 32 | turn << 1 | 1, &[&own])));
                }
            });
        }
    });
    assert_eq!(check(&mut journal).unwrap().events, 25 + 4 * 25);
}

#[test]
fn a_simulated_fault_must_be_settled_before_the_next_write() {
    use journal::events::{Fault, MemoryJournal};
    let mut other = MemoryJournal::new();
    other.register("one", 0, 1).unwrap();
    let mut journal = other.clone();
    journal.inject(Fault::Busy);
    assert!(matches!(journal.append(&facts(1, &["a"])), Append::Busy));
    durable(journal.append(&facts(1, &["a"])));
    for (fault, found) in [(Fault::Lost, None), (Fault::Unseen, Some(2))] {
        journal.inject(fault);
        assert!(matches!(journal.append(&facts(2, &["b"])), Append::Unknown(_)));
        assert!(matches!(journal.append(&facts(3, &["c"])), Append::Failed(DbError::Poisoned)));
        assert!(matches!(journal.mark_ended(9), Err(DbError::Poisoned)));
        durable(other.append(&facts(4, &[&format!("other {fault:?}")])));
        assert_eq!(journal.find_batch(2, 0).unwrap(), found.map(|seq| seq + 1));
        assert!(journal.changed().unwrap());
    }
    durable(journal.append(&facts(5, &["c"])));
    check(&mut journal).unwrap();
}
