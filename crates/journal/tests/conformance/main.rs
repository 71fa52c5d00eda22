//! One suite for every implementation of `Journal`: what a caller may rely on, whatever keeps the rows.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod append;
mod history;
mod instances;
mod leases;
mod raw;

use std::borrow::Cow;

use journal::DataDirectory;
use journal::events::{Append, Batch, Claim, Head, Journal, MemoryJournal, NewRow, SqliteJournal, Stream};

/// One journal, and new handles to it.
trait World {
    type Handle: Journal;
    fn new() -> Self;
    fn open(&self) -> Self::Handle;
}

struct Disk {
    directory: DataDirectory,
    _parent: tempfile::TempDir,
}

impl World for Disk {
    type Handle = SqliteJournal;

    fn new() -> Disk {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(&parent.path().join("data")).unwrap();
        Disk { directory, _parent: parent }
    }

    fn open(&self) -> SqliteJournal {
        SqliteJournal::open(&self.directory).unwrap()
    }
}

struct Memory(MemoryJournal);

impl World for Memory {
    type Handle = MemoryJournal;

    fn new() -> Memory {
        Memory(MemoryJournal::new())
    }

    fn open(&self) -> MemoryJournal {
        self.0.clone()
    }
}

/// Makes a test of each function for each implementation.
macro_rules! suite {
    ($($name:ident),* $(,)?) => {
        mod disk { $(#[test] fn $name() { super::$name::<crate::Disk>() })* }
        mod memory { $(#[test] fn $name() { super::$name::<crate::Memory>() })* }
    };
}
pub(crate) use suite;

fn account() -> Stream {
    Stream::account("A")
}

fn fact(stream: Stream, key: &str) -> NewRow {
    let body = format!("body of {key}").into_bytes();
    NewRow { stream, kind: Cow::Borrowed("fact"), schema: 1, key: Some(key.to_owned()), subject: None, body }
}

fn decision(stream: Stream) -> NewRow {
    NewRow {
        stream,
        kind: Cow::Borrowed("decision"),
        schema: 1,
        key: None,
        subject: None,
        body: vec![1, 0, 2],
    }
}

fn facts(id: u64, keys: &[&str]) -> Batch {
    let rows = keys.iter().map(|key| fact(Stream::intake(), key)).collect();
    Batch { id, time: 1_000, rows, claims: vec![], control_seen: None }
}

fn decisions(id: u64, epoch: u64, expected: u64, rows: usize) -> Batch {
    let claims = vec![Claim { stream: account(), epoch, expected }];
    Batch { id, time: 2_000, rows: vec![decision(account()); rows], claims, control_seen: None }
}

#[track_caller]
fn durable(answer: Append) -> (u64, Head) {
    match answer {
        Append::Durable { first_seq, head } => (first_seq, head),
        other => panic!("not durable: {other:?}"),
    }
}

/// Nothing of the journal is different from before.
#[track_caller]
fn unchanged(journal: &mut impl Journal, head: Head) {
    assert_eq!(journal.head().unwrap(), head);
    assert_eq!(journal.read(head.seq, 10).unwrap(), []);
}
