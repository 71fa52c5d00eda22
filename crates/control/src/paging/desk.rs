//! What paging shares with the routes: where its channels are written, how they do.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::Timestamp;
use journal::DataDirectory;
use serde::Serialize;

use super::channel::FILE;
use super::send::Missed;

/// See the module.
#[derive(Debug, Default)]
pub struct Desk {
    file: OnceLock<PathBuf>,
    is_serving: AtomicBool,
    health: Mutex<BTreeMap<String, Health>>,
    unheard: Mutex<Unheard>,
}

/// Alerts that came in and belong to nobody: every repetition counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Unheard {
    pub(crate) count: u64,
    pub(crate) last: Option<LastUnheard>,
}

/// See [`Unheard::last`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LastUnheard {
    pub(crate) alert: String,
    pub(crate) at: Timestamp,
    pub(crate) why: String,
}

/// How a channel did last, since this process began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Health {
    /// When it last took something.
    pub(crate) taken: Option<Timestamp>,
    /// When and why it last did not.
    pub(crate) missed: Option<Trouble>,
}

/// See [`Health::missed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Trouble {
    pub(crate) at: Timestamp,
    pub(crate) why: String,
    /// Trying again does not help: something has to be changed here.
    pub(crate) needs_change: bool,
}

/// As long as it lives, a loop sends what becomes due.
pub(super) struct Serving<'a>(&'a Desk);

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        self.0.is_serving.store(false, Ordering::Release);
    }
}

impl Desk {
    /// Reads channels from here instead of from `DATA/channels.toml`. Only the first call counts.
    pub fn read_channels_from(&self, file: PathBuf) {
        let _ = self.file.set(file);
    }

    /// The file with the channels.
    pub(crate) fn file(&self, directory: &DataDirectory) -> PathBuf {
        self.file.get().cloned().unwrap_or_else(|| directory.file(FILE))
    }

    /// Whether a loop of this process sends what becomes due.
    pub(crate) fn is_serving(&self) -> bool {
        self.is_serving.load(Ordering::Acquire)
    }

    pub(super) fn serve(&self) -> Serving<'_> {
        self.is_serving.store(true, Ordering::Release);
        Serving(self)
    }

    pub(crate) fn health(&self, channel: &str) -> Health {
        self.lock().get(channel).cloned().unwrap_or_default()
    }

    pub(super) fn note(&self, channel: &str, at: Timestamp, result: &Result<Vec<Missed>, Missed>) {
        let mut all = self.lock();
        let health = all.entry(channel.to_owned()).or_default();
        if result.is_ok() {
            health.taken = Some(at);
        }
        for missed in result.as_ref().map_or_else(std::slice::from_ref, Vec::as_slice) {
            let Missed { why, is_ours, .. } = missed.clone();
            if is_ours {
                tracing::error!(channel, why, "a channel refuses pages: change its settings");
            } else {
                tracing::warn!(channel, why, "a channel did not take a page");
            }
            health.missed = Some(Trouble { at, why, needs_change: is_ours });
        }
    }

    /// An alert that nobody hears of.
    pub(crate) fn lose(&self, alert: &str, at: Timestamp, why: String) {
        tracing::error!(alert, why, "an alert reaches nobody");
        let mut unheard = self.unheard.lock().unwrap_or_else(PoisonError::into_inner);
        unheard.count += 1;
        unheard.last = Some(LastUnheard { alert: alert.to_owned(), at, why });
    }

    /// Alerts that nobody heard of, since this process began.
    pub(crate) fn unheard(&self) -> Unheard {
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Health>> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
