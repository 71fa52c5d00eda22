//! What must hold when a real process is killed: locks are free at once, and what was acknowledged is there.
//!
//! The child is this test binary, started again with the ignored test `child` and told by the environment what to do.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use journal::keys::{self, Inserted, KeyRow};
use journal::{DataDirectory, Database, DirectoryError, RunInfo, Running};

const TASK: &str = "JOURNAL_TEST_TASK";
const DATA: &str = "JOURNAL_TEST_DATA";

struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(task: &str, data: &Path) -> Process {
        let mut child = Command::new(std::env::current_exe().unwrap())
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
