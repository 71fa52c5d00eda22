//! Several writers, and what a process leaves behind.

use release::event::{Event, FindingClosed, FindingOpened};

use super::*;
use crate::clock::MachineClock;

fn book(folder: &std::path::Path) -> Book {
    let directory = DataDirectory::open_or_create(folder).unwrap();
    Book::open(directory, Arc::new(MachineClock), Arc::new(access::entropy::system())).unwrap()
}

fn found(finding: String, at: Timestamp) -> Entry {
    let opened = FindingOpened {
        finding,
        title: String::new(),
        severity: "high".to_owned(),
        review: String::new(),
        closed_by: Vec::new(),
        at,
        by: "asha".to_owned(),
    };
    Entry::Release("ticker".to_owned(), Event::FindingOpened(opened))
}

fn count(ledger: &Ledger) -> usize {
    ledger.services.get("ticker").map_or(0, |service| service.releases.len())
}

/// Each row is decided from all rows before it: two writers never take the same number.
#[test]
fn nobody_writes_past_what_they_have_not_seen() {
    let folder = tempfile::tempdir().unwrap();
    let one = book(folder.path());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mine = book(folder.path());
                for _ in 0..10 {
                    let next = |ledger: &Ledger, now| {
                        Ok::<_, &str>((vec![found(format!("F-{}", count(ledger)), now)], ()))
                    };
                    mine.write(next).unwrap();
                }
            });
        }
    });
    let names = one.read(|ledger| ledger.state("ticker", "r").findings.len()).unwrap();
    assert_eq!(names, 40, "one of each number");
    assert_eq!(one.rows().unwrap().len(), 40);
}

#[test]
fn what_is_unwanted_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let book = book(folder.path());
    let watch = book.watch();
    let refused = book.write(|_, _| Err::<(Vec<Entry>, ()), _>("no")).unwrap_err();
    assert_eq!(refused.to_string(), "no");
    assert_eq!(*watch.borrow(), 0);
    let long = "x".repeat(BODY_BYTES_MAX);
    let kept =
        |text: String| DocumentKept { what: "output".to_owned(), name: String::new(), folder: None, text };
    assert!(matches!(book.keep("ticker", kept(long)), Err(BookError::TooLong(_))));
    let digest = book.keep("ticker", kept("x".repeat(BODY_BYTES_MAX / 2))).unwrap();
    assert_eq!(book.keep("ticker", kept("x".repeat(BODY_BYTES_MAX / 2))).unwrap(), digest);
    assert_eq!(*watch.borrow(), 1, "kept once");
}

#[test]
fn a_process_that_died_is_struck_out() {
    let folder = tempfile::tempdir().unwrap();
    let directory = DataDirectory::open_or_create(folder.path()).unwrap();
    let mut journal = SqliteJournal::open_beside(&directory, CONTROL).unwrap();
    // Registered without a lock: what is left of a process that was killed.
    journal.register("control-dead", 1, SCHEMA).unwrap();
    let book = book(folder.path());
    book.write(|_, now| Ok::<_, &str>((vec![found("F-1".to_owned(), now)], ()))).unwrap();
    let alive = |journal: &mut SqliteJournal| {
        journal.instances().unwrap().into_iter().filter(|instance| !instance.ended).count()
    };
    assert_eq!(alive(&mut journal), 1);
    let closed = FindingClosed {
        finding: "F-1".to_owned(),
        at: book.now(),
        by: "asha".to_owned(),
        why: "mended".to_owned(),
    };
    let row = Entry::Release("ticker".to_owned(), Event::FindingClosed(closed));
    book.write(|_, _| Ok::<_, &str>((vec![row.clone()], ()))).unwrap();
    drop(book);
    assert_eq!(alive(&mut journal), 0);
}

/// Another process writes for longer than the journal itself waits.
#[test]
fn a_locked_journal_is_waited_for_from_the_first_write_on() {
    let folder = tempfile::tempdir().unwrap();
    let book = book(folder.path());
    let other = rusqlite::Connection::open(folder.path().join(CONTROL)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let book = &book;
        scope.spawn(|| book.write(|_, now| Ok::<_, &str>((vec![found("F-1".to_owned(), now)], ()))).unwrap());
        std::thread::sleep(Duration::from_millis(1_500));
        assert_eq!(book.rows.borrow().to_owned(), 0, "it is locked");
        other.execute_batch("COMMIT").unwrap();
    });
    assert_eq!(book.read(count).unwrap(), 1);
}
