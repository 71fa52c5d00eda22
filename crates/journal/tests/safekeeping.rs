//! Backups, restores, shipped logs, anchors, and what a check finds in a journal that somebody has changed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use journal::anchors::{self, Anchor, AnchorError};
use journal::backup::{self, BackupError, Manifest};
use journal::directory::{CONTROL, DATABASE};
use journal::events::{
    self, Append, Batch, BatchIds, Break, CheckError, Claim, Head, Journal, NewRow, Row, SqliteJournal,
    Stream,
};
use journal::restore::{self, EPOCH_JUMP, RestoreError};
use journal::ship::{self, ShipError, ShippedLog};
use journal::{DataDirectory, OpenError, hex};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

struct Fixture {
    parent: tempfile::TempDir,
    directory: DataDirectory,
    journal: SqliteJournal,
    ids: BatchIds,
    number: u32,
    decided: u64,
}

fn account() -> Stream {
    Stream::account("paper")
}

fn row(stream: Stream, key: Option<String>, body: &str) -> NewRow {
    NewRow { stream, kind: "test".into(), schema: 1, key, subject: None, body: body.as_bytes().to_vec() }
}

impl Fixture {
    fn new() -> Fixture {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(&parent.path().join("data")).unwrap();
        let mut journal = SqliteJournal::open(&directory).unwrap();
        let number = journal.register("one", 0, 1).unwrap();
        journal.take_lease(&account(), number, 0).unwrap();
        Fixture { parent, directory, journal, ids: BatchIds::new(number), number, decided: 0 }
    }

    /// Batches of a fact and a decision.
    fn write(&mut self, batches: u64) -> Head {
        for _ in 0..batches {
            let id = self.ids.next_id();
            let epoch = self.journal.leases().unwrap()[0].epoch;
            let batch = Batch {
                id,
                time: 5,
                rows: vec![
                    row(Stream::intake(), Some(format!("key-{id}")), r#"{"a":1}"#),
                    row(account(), None, "not JSON"),
                ],
                claims: vec![Claim { stream: account(), epoch, expected: self.decided }],
                control_seen: None,
            };
            assert!(matches!(self.journal.append(&batch), Append::Durable { .. }));
            self.decided += 1;
        }
        self.journal.head().unwrap()
    }

    /// Another instance takes over.
    fn take_over(&mut self) {
        let lease = self.journal.leases().unwrap().remove(0);
        self.number = self.journal.register(&format!("after-{}", self.number), 0, 1).unwrap();
        self.journal.mark_ended(lease.holder).unwrap();
        self.journal.take_lease(&account(), self.number, lease.epoch).unwrap().unwrap();
        self.ids = BatchIds::new(self.number);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.parent.path().join(name)
    }

    fn back_up(&mut self, name: &str) -> Head {
        let head = self.journal.head().unwrap();
        let unfinished = backup::begin(&self.directory.database(), &self.path(name)).unwrap();
        assert_eq!(events::check(&mut unfinished.journal().unwrap()).unwrap().head, head);
        unfinished.publish(manifest_of(head)).unwrap();
        head
    }

    fn ship(&mut self, name: &str) -> Result<Head, ShipError> {
        let mut log = ShippedLog::open(&self.path(name))?;
        // In small portions, so that there are several writes.
        loop {
            let rows = self.journal.read(log.head().seq, 3).unwrap();
            if rows.is_empty() {
                return Ok(log.head());
            }
            log.append(&rows)?;
        }
    }

    fn restore(&self, from: &str, log: Option<&str>) -> SqliteJournal {
        let target = self.path("restored");
        let mut restoring = restore::begin(&self.path(from), &target).unwrap();
        let head = restoring.journal().head().unwrap();
        assert!(restoring.manifest().is_at(head));
        restoring.take_over(self.number, 9, 1).unwrap();
        if let Some(log) = log {
            let rows = shipped(&self.path(log), head.seq).unwrap();
            restoring.put(&rows).unwrap();
        }
        let began = row(Stream::control(), Some("began".to_owned()), "{}");
        SqliteJournal::open(&restoring.finish(began, 9).unwrap()).unwrap()
    }
}

fn manifest_of(head: Head) -> Manifest {
    Manifest {
        seq: head.seq,
        head_hash: hex::encode(&head.hash),
        projection: 1,
        state_hash: String::new(),
        version: "1.0".to_owned(),
        time_ns: 7,
        keys: Vec::new(),
        control: None,
    }
}

fn shipped(directory: &Path, after: u64) -> Result<Vec<Row>, ShipError> {
    let mut rows = Vec::new();
    ship::read(directory, after, |row| {
        rows.push(row);
        Ok::<(), ShipError>(())
    })?;
    Ok(rows)
}

fn all(journal: &mut SqliteJournal) -> Vec<Row> {
    journal.read(0, 4_096).unwrap()
}

/// What somebody with a database tool and no respect can do.
fn tamper(database: &Path, sql: &str) {
    let connection = Connection::open(database).unwrap();
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false).unwrap();
    let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for name in names {
        connection.execute(&format!("DROP TRIGGER {name}"), []).unwrap();
    }
    connection.execute_batch(sql).unwrap();
}

#[test]
fn a_backup_has_the_rows_of_its_moment_and_is_never_overwritten() {
    let mut fixture = Fixture::new();
    fixture.write(10);
    let head = fixture.back_up("backup");
    fixture.write(5);
    let copy = fixture.path("backup").join("meridian.db");
    let mut journal = SqliteJournal::open_to_read(&copy).unwrap();
    assert_eq!(journal.head().unwrap(), head);
    assert_eq!(all(&mut journal), all(&mut fixture.journal)[..20]);
    assert!(journal.register("two", 0, 1).is_err(), "a reader writes nothing");
    let error = backup::begin(&fixture.directory.database(), &fixture.path("backup")).unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error}");
    let mut names: Vec<_> =
        fs::read_dir(fixture.path("backup")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["manifest.json", "meridian.db"]);
}

#[test]
fn a_backup_that_was_given_up_leaves_nothing() {
    let mut fixture = Fixture::new();
    fixture.write(1);
    drop(backup::begin(&fixture.directory.database(), &fixture.path("backup")).unwrap());
    let interrupted = backup::place_of(&fixture.path("backup"));
    assert!(!fixture.path("backup").exists() && !interrupted.exists());
    fs::create_dir(&interrupted).unwrap();
    let error = backup::begin(&fixture.directory.database(), &fixture.path("backup")).unwrap_err();
    assert!(error.hint().unwrap().contains(".backup.unfinished"), "{error}");
}

#[test]
fn a_restored_journal_goes_on_alone() {
    let mut fixture = Fixture::new();
    fixture.write(10);
    let head = fixture.back_up("backup");
    fixture.write(3);
    let mut restored = fixture.restore("backup", None);
    assert_eq!(all(&mut restored)[..20], all(&mut fixture.journal)[..20]);
    let checked = events::check(&mut restored).unwrap();
    assert_eq!(checked.head.seq, head.seq + 1, "its own beginning");
    assert!(restored.instances().unwrap().iter().all(|instance| instance.ended), "all of before are over");
    assert_eq!(restored.leases().unwrap()[0].epoch, 1 + EPOCH_JUMP);
    let number = restored.register("new", 10, 1).unwrap();
    assert!(number > fixture.number);
    assert_eq!(
        restored.take_lease(&account(), number, 1 + EPOCH_JUMP).unwrap(),
        Some(2 + EPOCH_JUMP),
        "the first start takes the leases"
    );
}

#[test]
fn a_shipped_log_brings_back_what_came_after_the_backup() {
    let mut fixture = Fixture::new();
    fixture.write(4);
    fixture.back_up("backup");
    fixture.write(3);
    fixture.take_over();
    fixture.write(6);
    let end = fixture.ship("log").unwrap();
    let mut restored = fixture.restore("backup", Some("log"));
    let rows = all(&mut restored);
    assert_eq!(rows[..26], all(&mut fixture.journal));
    assert_eq!((end.seq, rows.len()), (26, 27));
    events::check(&mut restored).unwrap();
    assert_eq!(restored.leases().unwrap()[0].epoch, 2 + EPOCH_JUMP);
    let highest = rows.iter().map(|row| row.batch >> 32).max().unwrap();
    assert!(u64::from(restored.register("new", 10, 1).unwrap()) > highest, "no batch number is used twice");
}

#[test]
fn a_restore_needs_an_empty_place_and_a_backup() {
    let mut fixture = Fixture::new();
    fixture.write(1);
    fixture.back_up("backup");
    let target = fixture.path("target");
    fs::create_dir(&target).unwrap();
    let precious = target.join("precious");
    fs::write(&precious, "x").unwrap();
    let error = restore::begin(&fixture.path("backup"), &target).unwrap_err();
    assert!(matches!(error, RestoreError::NotEmpty { .. }), "{error}");
    assert_eq!(fs::read_dir(&target).unwrap().count(), 1);
    fs::remove_file(&precious).unwrap();
    for not_a_backup in [fixture.directory.path(), fixture.parent.path()] {
        let error = restore::begin(not_a_backup, &target).unwrap_err();
        assert!(matches!(error, RestoreError::Backup(BackupError::NoManifest { .. })), "{error}");
    }
    // Given up in the middle, and then cut short by a power cut.
    drop(restore::begin(&fixture.path("backup"), &target).unwrap());
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
    std::mem::forget(restore::begin(&fixture.path("backup"), &target).unwrap());
    assert!(DataDirectory::open(&target).is_err(), "nothing there can be started");
    drop(restore::begin(&fixture.path("backup"), &target).unwrap());
}

#[test]
fn shipping_goes_on_after_a_line_that_was_cut_short() {
    let mut fixture = Fixture::new();
    fixture.write(5);
    fixture.ship("log").unwrap();
    let file = fixture.path("log").join(format!("{:020}.jsonl", 1));
    let whole = fs::read(&file).unwrap();
    for cut in [whole.len() - 1, whole.len() - 300, 1] {
        fs::write(&file, &whole[..cut]).unwrap();
        let rows = shipped(&fixture.path("log"), 0);
        assert_eq!(
            rows.map_or(0, |rows| rows.len()),
            whole[..cut].iter().filter(|byte| **byte == b'\n').count()
        );
        assert_eq!(fixture.ship("log").unwrap().seq, 10);
        assert_eq!(fs::read(&file).unwrap(), whole, "cut at {cut}");
    }
    let lock = ShippedLog::open(&fixture.path("log")).unwrap();
    assert!(matches!(fixture.ship("log"), Err(ShipError::Locked { .. })));
    drop(lock);
    fixture.write(1);
    assert_eq!(fixture.ship("log").unwrap().seq, 12);
    assert_eq!(shipped(&fixture.path("log"), 9).unwrap(), all(&mut fixture.journal)[9..]);
}

#[test]
fn a_damaged_log_and_the_rows_of_another_journal_are_refused() {
    let mut fixture = Fixture::new();
    fixture.write(5);
    fixture.ship("log").unwrap();
    let file = fixture.path("log").join(format!("{:020}.jsonl", 1));
    let whole = fs::read_to_string(&file).unwrap();
    let changed = whole.replacen(r#"{"a":1}"#, r#"{"a":2}"#, 1);
    let missing: String =
        whole.split_inclusive('\n').enumerate().filter(|(n, _)| *n != 2).map(|(_, l)| l).collect();
    for (text, line) in [(changed, 1), (missing, 3), (whole.replacen("intake", "outtake", 1), 1)] {
        fs::write(&file, text).unwrap();
        let error = shipped(&fixture.path("log"), 0).unwrap_err();
        assert!(matches!(error, ShipError::Damaged { line: at, .. } if at == line), "{error}");
        assert!(ShippedLog::open(&fixture.path("log")).is_err());
    }
    fs::write(&file, &whole).unwrap();
    let mut other = Fixture::new();
    other.write(6);
    let mut log = ShippedLog::open(&fixture.path("log")).unwrap();
    let rows = other.journal.read(10, 10).unwrap();
    // The same rows by number; only the bodies before them could differ, and here they do not.
    let foreign = Row { prev_hash: [9; 32], ..rows[0].clone() };
    assert!(matches!(log.append(&[foreign]), Err(ShipError::NotNext { seq: 11, after: 10 })));
    assert!(matches!(log.append(&rows[1..]), Err(ShipError::NotNext { seq: 12, after: 10 })));
    assert!(matches!(shipped(fixture.directory.path(), 0), Err(ShipError::Empty { .. })));
}

#[test]
fn a_check_names_the_first_row_that_was_changed() {
    let cases = [
        ("UPDATE events SET body = x'00' WHERE seq = 7", Break::Hash { seq: 7 }),
        ("UPDATE events SET key = 'other' WHERE seq = 7", Break::Hash { seq: 7 }),
        ("DELETE FROM events WHERE seq = 7", Break::Gap { after: 6, found: 8 }),
        ("UPDATE events SET prev_hash = zeroblob(32) WHERE seq = 7", Break::PrevHash { seq: 7 }),
        ("DELETE FROM events WHERE seq > 15", Break::Head { head: 20, last: 15 }),
    ];
    for (sql, expected) in cases {
        let mut fixture = Fixture::new();
        fixture.write(10);
        tamper(&fixture.directory.database(), sql);
        match events::check(&mut fixture.journal) {
            Err(CheckError::Broken(found)) => assert_eq!(found, expected, "{sql}"),
            other => panic!("{sql}: {other:?}"),
        }
    }
    let mut fixture = Fixture::new();
    fixture.write(10);
    tamper(&fixture.directory.database(), "UPDATE events SET stream = 'nonsense' WHERE seq = 7");
    match events::check(&mut fixture.journal) {
        Err(CheckError::Broken(Break::Unreadable { after: 6, .. })) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn anchors_are_written_once_a_head_and_survive_a_torn_line() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join(anchors::FILE);
    let sign = |bytes: &[u8]| Ok::<_, &str>([bytes[bytes.len() - 1]; 64]);
    let head = |seq: u64| Head { seq, hash: [u8::try_from(seq).unwrap(); 32] };
    let write = |seq| anchors::anchor(&file, [5; 32], sign, head(seq), 100).unwrap();
    assert_eq!(anchors::newest(&file).unwrap(), None);
    let first = write(1).unwrap();
    assert_eq!(first, Anchor { head: head(1), time: 100, public_key: [5; 32], signature: [1; 64] });
    assert_eq!(write(1), None, "the same head says nothing new");
    fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(b"{\"seq\":2,\"ha").unwrap();
    assert_eq!(anchors::all(&file).unwrap(), std::slice::from_ref(&first));
    let second = write(2).unwrap();
    assert_eq!(anchors::all(&file).unwrap(), [first, second.clone()]);
    assert_eq!(anchors::newest(&file).unwrap(), Some(second));
    let refused = anchors::anchor(&file, [5; 32], |_| Err("no key"), head(3), 100);
    assert!(matches!(refused, Err(AnchorError::Sign(_))));
    fs::write(&file, "{}\n").unwrap();
    assert!(matches!(anchors::all(&file), Err(AnchorError::Damaged { line: 1, .. })));
}

#[test]
fn what_is_no_journal_is_named_and_left_alone() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("meridian.db");
    assert!(matches!(SqliteJournal::open_to_read(&path), Err(OpenError::Missing { .. })));
    assert!(!path.exists());
    Connection::open(&path).unwrap().execute("CREATE TABLE recipes (name TEXT)", []).unwrap();
    assert!(matches!(SqliteJournal::open_to_read(&path), Err(OpenError::OtherApplication { .. })));
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/meridian-0001.db");
    let copy = parent.path().join("old.db");
    fs::copy(sample, &copy).unwrap();
    assert!(matches!(SqliteJournal::open_to_read(&copy), Err(OpenError::NoJournal { .. })));
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/meridian-0002.db");
    let copy = parent.path().join("older.db");
    fs::copy(&sample, &copy).unwrap();
    assert_eq!(events::check(&mut SqliteJournal::open_to_read(&copy).unwrap()).unwrap().events, 7);
    assert_eq!(fs::read(&copy).unwrap(), fs::read(&sample).unwrap(), "an older schema is read as it is");
}

/// Releases and incidents are worth as much as orders: their journal goes with every backup, and is checked.
#[test]
fn controls_journal_goes_with_the_backup() {
    let mut fixture = Fixture::new();
    let mut control = SqliteJournal::open_beside(&fixture.directory, CONTROL).unwrap();
    let number = control.register("control-1", 1, 1).unwrap();
    let rows = vec![row(Stream::control(), Some("opened".to_owned()), "{}")];
    let id = BatchIds::new(number).next_id();
    let batch = Batch { id, time: 1, rows, claims: Vec::new(), control_seen: Some(0) };
    assert!(matches!(control.append(&batch), Append::Durable { .. }));
    let head = control.head().unwrap();
    fixture.write(1);
    fixture.back_up("backup");
    let restored = fixture.restore("backup", None);
    drop(restored);
    let directory = DataDirectory::open(&fixture.path("restored")).unwrap();
    let mut again = SqliteJournal::open_beside(&directory, CONTROL).unwrap();
    assert_eq!(again.head().unwrap(), head);
    // A file of another backup in its place is found out.
    fixture.back_up("other");
    std::fs::write(
        fixture.path("other").join(CONTROL),
        std::fs::read(fixture.path("backup").join(DATABASE)).unwrap(),
    )
    .unwrap();
    let error = restore::begin(&fixture.path("other"), &fixture.path("twice")).unwrap_err();
    assert!(matches!(error, RestoreError::Backup(BackupError::OtherControl { .. })), "{error}");
}
