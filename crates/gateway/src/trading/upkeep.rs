//! What the journal needs beside the desk: its log kept short, its head signed, a backup a day. Off the deciding thread and
//! off the sockets' threads.

use std::sync::Arc;
use std::time::Duration;

use journal::database::LOG_BYTES_MAX;
use journal::{DataDirectory, Database, OpenError};
use tokio::task::JoinHandle as Task;

use super::anchors;
use super::backups::{self, Maker};
use crate::clock::{machine_now, mono_now};
use crate::metrics::Metrics;

/// How often the length of the log is looked at.
const LOG_LOOK: Duration = Duration::from_secs(2);
/// How often it is asked whether an anchor or a backup is due; the first time so long after the start, so that a process
/// that lives for a moment leaves none.
const DUE_LOOK: Duration = Duration::from_secs(60);

/// Starts the tasks; the caller aborts them at the end.
///
/// # Errors
/// See [`OpenError`].
pub fn start(
    directory: &DataDirectory,
    version: &'static str,
    with_backups: bool,
    metrics: Arc<Metrics>,
) -> Result<Vec<Task<()>>, OpenError> {
    let log = LogKeeper { database: Database::open(directory)?, metrics };
    let directory = directory.clone();
    Ok(vec![
        tokio::spawn(every(LOG_LOOK, move || log.look())),
        tokio::spawn(every(DUE_LOOK, move || {
            anchor(&directory);
            if with_backups {
                back_up(&directory, version);
            }
        })),
    ])
}

/// Runs `work` again and again where blocking is allowed, with `pause` before each time.
async fn every<W: FnMut() + Send + 'static>(pause: Duration, mut work: W) {
    loop {
        tokio::time::sleep(pause).await;
        let done = tokio::task::spawn_blocking(move || {
            work();
            work
        });
        match done.await {
            Ok(same) => work = same,
            Err(error) => {
                // Its panic was reported where it happened.
                tracing::error!(%error, "the upkeep of the journal has ended: restart this instance when it suits");
                return;
            }
        }
    }
}

struct LogKeeper {
    database: Database,
    metrics: Arc<Metrics>,
}

impl LogKeeper {
    fn look(&self) {
        // The file keeps its length when the log starts anew, so this only spares the look into a short one.
        if self.database.log_bytes() <= LOG_BYTES_MAX || matches!(self.database.changed(), Ok(false)) {
            return;
        }
        let began = mono_now();
        let nanos = || u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        match self.database.checkpoint_long_log(LOG_BYTES_MAX, nanos) {
            Ok(None) => {}
            Ok(Some(restart)) => {
                let pause = Duration::from_nanos(restart.pause_nanos);
                self.metrics.log_restarted(restart.restarted, pause);
                tracing::info!(
                    log_bytes = restart.log_bytes,
                    restarted = restart.restarted,
                    pause_us = restart.pause_nanos / 1_000,
                    "the log of the database was long"
                );
                if !restart.restarted {
                    // A reader was in the way: again at the next look, whether or not there was a commit.
                    self.database.forget_version();
                }
            }
            Err(error) => {
                self.database.forget_version();
                tracing::warn!(%error, "the database's log was not folded in; it is tried again");
            }
        }
    }
}

fn anchor(directory: &DataDirectory) {
    match anchors::anchor_if_due(directory, machine_now()) {
        Ok(None) => {}
        // The log is the second place where it stands: often it is kept elsewhere than the data directory.
        Ok(Some(anchor)) => tracing::info!(
            seq = anchor.head.seq,
            hash = journal::hex::encode(&anchor.head.hash),
            time_ns = anchor.time,
            public_key = journal::hex::encode(&anchor.public_key),
            signature = journal::hex::encode(&anchor.signature),
            "the head of the journal was signed"
        ),
        Err(error) => tracing::error!(error = chain(&error), "the head of the journal was not signed"),
    }
}

fn back_up(directory: &DataDirectory, version: &'static str) {
    let began = mono_now();
    match backups::daily(directory, Maker { version, now: machine_now() }) {
        Ok(None) => {}
        Ok(Some(made)) => tracing::info!(
            seq = made.seq,
            state_hash = made.state_hash,
            seconds = began.elapsed().as_secs_f64(),
            "today's backup was made and checked"
        ),
        Err(error) => {
            tracing::error!(error = chain(&error), "there is no backup of today; it is tried again")
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    text
}
