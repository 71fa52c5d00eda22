//! What must hold when a real process is killed: locks are free at once, and what was acknowledged is there.
//!
//! The child is this test binary, started again with the ignored test `child` and told by the environment what to do.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use journal::database::holder::HolderError;
use journal::events::{Append, Batch, Journal, NewRow, SqliteJournal, Stream, check};
use journal::keys::{self, Inserted, KeyRow};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use journal::{DataDirectory, Database, DbError, DirectoryError, RunInfo, Running};

const TASK: &str = "JOURNAL_TEST_TASK";
const DATA: &str = "JOURNAL_TEST_DATA";

struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(task: &str, data: &Path) -> Process {
        Process::start_as(Command::new(std::env::current_exe().unwrap()), task, data)
    }

    /// A child whose files cannot grow beyond 1 or 2 MB, which depends on the shell: to it the disk fails there.
    fn start_on_a_failing_disk(task: &str, data: &Path) -> Process {
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; ulimit -S -f 2000; exec \"$0\" \"$@\""]);
        Process::start_as(shell.arg(std::env::current_exe().unwrap()), task, data)
    }

    fn start_as(mut command: impl std::borrow::BorrowMut<Command>, task: &str, data: &Path) -> Process {
        let mut child = command
            .borrow_mut()
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(TASK, task)
            .env(DATA, data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Process { child, output }
    }

    /// The next line of the child that starts with `@`; the test runner prints others.
    fn line(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the child ended early");
            if let Some(at) = line.find('@') {
                return line[at + 1..].trim().to_owned();
            }
        }
    }

    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let lines = self.output.lines().map_while(Result::ok);
        lines.filter_map(|line| line.split_once('@').map(|(_, rest)| rest.to_owned())).collect()
    }
}

fn key(number: u32) -> KeyRow {
    let mut token_hash = [0; 32];
    token_hash[..4].copy_from_slice(&number.to_le_bytes());
    KeyRow {
        api_key: format!("key{number}"),
        name: "desk".to_owned(),
        token_hash,
        scopes: "market:read".to_owned(),
        account: None,
        created: i64::from(number),
        expires: None,
        redirect: None,
        generation: 1,
        revoked: None,
    }
}

fn fact(id: u64) -> Batch {
    let row = |part: u8| NewRow {
        stream: Stream::intake(),
        kind: "fact".into(),
        schema: 1,
        key: Some(format!("{id}-{part}")),
        subject: None,
        body: vec![part; 100],
    };
    Batch { id, time: 0, rows: vec![row(0), row(1)], claims: vec![], control_seen: None }
}

#[test]
#[ignore = "the body of the child processes"]
fn child() {
    let (Ok(task), Ok(data)) = (std::env::var(TASK), std::env::var(DATA)) else { return };
    let directory = DataDirectory::open_or_create(Path::new(&data)).unwrap();
    let mut output = std::io::stdout();
    match task.as_str() {
        "up" => {
            let up = directory.claim_up().unwrap();
            let _instance = directory.register("child").unwrap();
            up.publish(&RunInfo {
                pid: std::process::id(),
                instance: "child".to_owned(),
                listen: "http://127.0.0.1:1".to_owned(),
                kite_listen: "http://127.0.0.1:2".to_owned(),
            })
            .unwrap();
            writeln!(output, "@up").unwrap();
            // Until the parent kills us, or dies itself.
            let _ = std::io::stdin().read_line(&mut String::new());
        }
        "write" => {
            let database = Database::open(&directory).unwrap();
            for number in 0..100_000 {
                assert_eq!(keys::insert(&database, &key(number), u32::MAX).unwrap(), Inserted::Yes);
                // The parent may be gone; then there is nobody to tell.
                if writeln!(output, "@{number}").is_err() {
                    return;
                }
            }
        }
        "hold" | "hold as a stranger" => {
            let _instance = (task == "hold").then(|| directory.register("child").unwrap());
            let holder = rusqlite::Connection::open(directory.database()).unwrap();
            // More rows than its cache takes, so that some are in the log before the commit that never comes.
            holder
                .execute_batch(
                    "PRAGMA cache_size = 4; BEGIN IMMEDIATE;
                     WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
                     INSERT INTO instances SELECT i, hex(randomblob(500)), 0, 1, 0 FROM n",
                )
                .unwrap();
            writeln!(output, "@holding").unwrap();
            let _ = std::io::stdin().read_line(&mut String::new());
        }
        "append" => {
            let mut journal = SqliteJournal::open(&directory).unwrap();
            for id in 1..100_000 {
                assert!(matches!(journal.append(&fact(id)), Append::Durable { .. }));
                if writeln!(output, "@{id}").is_err() {
                    return;
                }
            }
        }
        "append to a failing disk" => {
            let mut journal = SqliteJournal::open(&directory).unwrap();
            journal.register("child", 0, 1).unwrap();
            let failed = (1..100_000)
                .find(|id| match journal.append(&fact(*id)) {
                    Append::Durable { .. } => false,
                    Append::Unknown(DbError::Io(_)) => true,
                    other => panic!("{other:?}"),
                })
                .unwrap();
            assert!(matches!(journal.append(&fact(failed)), Append::Failed(DbError::Poisoned)));
            let let_files_grow_to = |bytes| {
                let limits = Rlimit { current: bytes, ..getrlimit(Resource::Fsize) };
                setrlimit(Resource::Fsize, limits).unwrap();
            };
            let_files_grow_to(Some(4_096));
            assert!(journal.find_batch(failed, 0).is_err(), "nobody knows while nothing can be written");
            assert!(matches!(journal.append(&fact(failed)), Append::Failed(DbError::Poisoned)));
            let_files_grow_to(None);
            assert_eq!(journal.find_batch(failed, 0).unwrap(), None);
            assert!(matches!(journal.append(&fact(failed)), Append::Durable { .. }));
            assert_eq!(check(&mut journal).unwrap().events, 2 * failed);
            writeln!(output, "@settled").unwrap();
        }
        other => panic!("no task {other}"),
    }
}

#[test]
fn a_killed_up_frees_the_directory_at_once() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let mut process = Process::start("up", &data);
    assert_eq!(process.line(), "up");

    let directory = DataDirectory::open(&data).unwrap();
    let info = Running::find(&data).unwrap();
    assert_eq!(info.pid, process.child.id());
    assert_eq!(directory.live_instances().unwrap(), ["child"]);
    let error = directory.claim_up().unwrap_err();
    assert!(
        matches!(&error, DirectoryError::AlreadyRunning { listen: Some(listen), .. } if *listen == info.listen)
    );

    process.kill();
    assert_eq!(Running::find(&data), None);
    assert!(data.join("run.json").exists(), "it is stale, and recognised as such");
    assert!(data.join("instances/child.lock").exists());
    let up = directory.claim_up().unwrap();
    assert!(directory.live_instances().unwrap().is_empty());
    assert!(!data.join("instances/child.lock").exists());
    drop(up);
}

#[test]
fn what_a_killed_writer_had_acknowledged_is_there() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let mut process = Process::start("write", &data);
    let mut acknowledged = 0;
    for _ in 0..50 {
        acknowledged = process.line().parse::<u32>().unwrap();
    }
    if let Some(last) = process.kill().iter().rev().find_map(|line| line.trim().parse().ok()) {
        acknowledged = last;
    }
    let database = Database::open(&DataDirectory::open_or_create(&data).unwrap()).unwrap();
    let rows = u32::try_from(keys::all(&database).unwrap().len()).unwrap();
    assert!(rows > acknowledged, "{rows} rows, the last acknowledged is {acknowledged}");
    assert!(rows <= acknowledged + 2, "{rows} rows, the last acknowledged is {acknowledged}");
}

/// A child that holds the write lock and is stopped, and a journal that will look for it.
fn stopped(task: &str, parent: &Path) -> (Process, SqliteJournal) {
    let data = parent.join("data");
    let directory = DataDirectory::open_or_create(&data).unwrap();
    let mut journal = SqliteJournal::open(&directory).unwrap().ending_stuck_holders(true);
    journal.register("parent", 0, 1).unwrap();
    assert!(matches!(journal.append(&fact(1)), Append::Durable { .. }));
    let mut process = Process::start(task, &data);
    assert_eq!(process.line(), "holding");
    let pid = Pid::from_raw(process.child.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    (process, journal)
}

#[test]
fn an_instance_that_is_stopped_inside_a_transaction_is_ended() {
    let parent = tempfile::tempdir().unwrap();
    let (mut process, mut journal) = stopped("hold", parent.path());
    let answer = journal.append(&fact(2));
    assert!(matches!(answer, Append::Durable { first_seq: 3, .. }), "{answer:?}");
    assert!(matches!(journal.take_holder_report(), Some(Ok(pid)) if pid == process.child.id()));
    let status = process.child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
    assert_eq!(journal.instances().unwrap().len(), 1, "nothing of its transaction is there");
    assert_eq!(check(&mut journal).unwrap().events, 4);
}

#[test]
fn the_lease_of_a_stopped_instance_can_be_taken() {
    let parent = tempfile::tempdir().unwrap();
    let (process, mut journal) = stopped("hold", parent.path());
    assert_eq!(journal.take_lease(&Stream::account("A"), 1, 0).unwrap(), Some(1));
    assert!(matches!(journal.take_holder_report(), Some(Ok(pid)) if pid == process.child.id()));
    process.kill();
}

#[test]
fn a_stranger_that_holds_the_lock_is_named_and_left_alone() {
    let parent = tempfile::tempdir().unwrap();
    let (mut process, mut journal) = stopped("hold as a stranger", parent.path());
    let answer = journal.append(&fact(2));
    assert!(matches!(answer, Append::Busy), "{answer:?}");
    let report = journal.take_holder_report();
    assert!(
        matches!(report, Some(Err(HolderError::NotAnInstance { pid })) if pid == process.child.id()),
        "{report:?}"
    );
    assert!(process.child.try_wait().unwrap().is_none(), "it lives");
    process.kill();
    assert!(matches!(journal.append(&fact(2)), Append::Durable { first_seq: 3, .. }));
}

#[test]
fn the_journal_of_a_killed_writer_is_whole() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let mut journal = SqliteJournal::open(&DataDirectory::open_or_create(&data).unwrap()).unwrap();
    journal.register("parent", 0, 1).unwrap();
    let mut process = Process::start("append", &data);
    let mut acknowledged = 0;
    for _ in 0..50 {
        acknowledged = process.line().parse::<u64>().unwrap();
    }
    if let Some(last) = process.kill().iter().rev().find_map(|line| line.trim().parse().ok()) {
        acknowledged = last;
    }
    let events = check(&mut journal).unwrap().events;
    assert_eq!(events % 2, 0, "a batch is there as a whole");
    assert!((acknowledged..=acknowledged + 2).contains(&(events / 2)), "{events} rows, batch {acknowledged}");
    let next = journal.find_batch(acknowledged, 0).unwrap();
    assert_eq!(next, Some(2 * acknowledged - 1));
}

#[test]
fn a_commit_that_fails_half_way_is_unknown_until_it_was_looked_for() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let mut process = Process::start_on_a_failing_disk("append to a failing disk", &data);
    assert_eq!(process.line(), "settled");
    assert!(process.child.wait().unwrap().success());
    let mut journal = SqliteJournal::open(&DataDirectory::open(&data).unwrap()).unwrap();
    check(&mut journal).unwrap();
}
