//! `meridian journal ship`.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gateway::clock::{machine_now, mono_now};
use journal::DbError;
use journal::events::{Head, Journal, READ_ROWS_MAX, SqliteJournal};
use journal::hex;
use journal::ship::{ShipError, ShippedLog};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::progress::Progress;
use super::{open, unreadable};
use crate::cli::JournalArguments;
use crate::failure::Failure;
use crate::output;

/// How long it waits for new rows, and after which a locked database is asked again.
const NAP: Duration = Duration::from_millis(20);
/// How often it says how far it is, if nobody looks on.
const SAY: Duration = Duration::from_secs(60);

pub fn run(arguments: &JournalArguments, to: &Path, follow: bool) -> Result<(), Failure> {
    let mut journal = open(&arguments.data)?;
    let mut log = ShippedLog::open(to).map_err(|error| failed(to, &error))?;
    refuse_another(&mut journal, log.head(), to)?;
    let before = log.head().seq;
    let ending = if follow { ended_by_signal()? } else { Arc::default() };
    let mut lag = Lag::new();
    let mut caught_up = false;
    while !ending.load(Ordering::Relaxed) {
        let rows = match journal.read(log.head().seq, READ_ROWS_MAX) {
            Ok(rows) => rows,
            Err(DbError::Busy) => Vec::new(),
            Err(error) => return Err(unreadable(&error)),
        };
        if rows.is_empty() {
            if !follow {
                break;
            }
            caught_up = true;
            lag.say(&log, &mut journal);
            std::thread::sleep(NAP);
            continue;
        }
        log.append(&rows).map_err(|error| failed(to, &error))?;
        if caught_up {
            lag.shipped(rows.iter().map(|row| row.time).min().unwrap_or_default());
        }
        lag.say(&log, &mut journal);
    }
    let head = log.head();
    drop(lag);
    if arguments.json {
        return output::json(&json!({
            "to": to,
            "shipped": head.seq - before,
            "seq": head.seq,
            "head_hash": hex::encode(&head.hash),
        }));
    }
    let shipped = head.seq - before;
    output::data(&format!("{shipped} rows shipped, up to row {} {}\n", head.seq, hex::encode(&head.hash)));
    Ok(())
}

/// A log goes on only with the journal that it came from.
fn refuse_another(journal: &mut SqliteJournal, head: Head, to: &Path) -> Result<(), Failure> {
    let Some(before) = head.seq.checked_sub(1) else { return Ok(()) };
    let row = journal.read(before, 1).map_err(|error| unreadable(&error))?.pop();
    let there = row.map(|row| Head { seq: row.seq, hash: row.hash });
    if there == Some(head) {
        return Ok(());
    }
    let cause = match there {
        None => format!("the log goes to row {}, and the journal does not", head.seq),
        Some(_) => format!("row {} of the journal is another one", head.seq),
    };
    Err(Failure::new(format!("{} is the log of another journal", to.display()))
        .cause(cause)
        .hint("a restored journal goes its own way: ship it into a new directory, and keep this one"))
}

fn ended_by_signal() -> Result<Arc<AtomicBool>, Failure> {
    let system = |error: std::io::Error| Failure::new("cannot listen for signals").cause(error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(system)?;
    let (mut terminate, mut interrupt) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate()).map_err(system)?, signal(SignalKind::interrupt()).map_err(system)?)
    };
    let ending = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ending);
    std::thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
        told.store(true, Ordering::Relaxed);
    });
    Ok(ending)
}

/// How far the log is behind, for people.
struct Lag {
    progress: Progress,
    said: Instant,
    longest_ms: i64,
}

impl Lag {
    fn new() -> Lag {
        Lag { progress: Progress::new(), said: mono_now(), longest_ms: 0 }
    }

    /// Rows from `time` on are on the disk of the log now.
    fn shipped(&mut self, time: i64) {
        self.longest_ms = self.longest_ms.max((machine_now().0 - time) / 1_000_000);
    }

    fn say(&mut self, log: &ShippedLog, journal: &mut SqliteJournal) {
        let due = self.said.elapsed() >= SAY;
        if !due && !self.progress.is_watched() {
            return;
        }
        let at = log.head().seq;
        let behind = journal.head().map_or(0, |head| head.seq.saturating_sub(at));
        let text = format!("row {at} shipped, {behind} behind, longest delay {} ms", self.longest_ms);
        self.progress.line(&text);
        if due {
            if !self.progress.is_watched() {
                output::talk(&format!("{text}\n"));
            }
            self.said = mono_now();
            self.longest_ms = 0;
        }
    }
}

fn failed(to: &Path, error: &ShipError) -> Failure {
    Failure::new(format!("cannot ship into {}", to.display()))
        .chain(error)
        .maybe_hint(error.hint().map(str::to_owned))
}
