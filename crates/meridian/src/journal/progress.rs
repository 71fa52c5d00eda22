//! One line on standard error that says how far a long work is, if a person looks on.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use gateway::clock::mono_now;

use crate::output;

const EVERY: Duration = Duration::from_millis(200);

/// Erases its line when it is dropped.
pub struct Progress {
    watched: bool,
    shown: Option<Instant>,
    began: Instant,
}

impl Progress {
    pub fn new() -> Progress {
        Progress { watched: std::io::stderr().is_terminal(), shown: None, began: mono_now() }
    }

    /// Seconds since the beginning.
    pub fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// `done` of `total` rows (0: not known) are `what`. May be called for every row.
    pub fn rows(&mut self, what: &str, done: u64, total: u64) {
        // Looking at the clock costs more than a row.
        if self.watched && done.is_multiple_of(1_024) {
            let of = if total == 0 { String::new() } else { format!(" of {total}") };
            self.line(&format!("{what}: row {done}{of}"));
        }
    }

    /// Any text without line breaks.
    pub fn line(&mut self, text: &str) {
        if !self.watched || self.shown.is_some_and(|shown| shown.elapsed() < EVERY) {
            return;
        }
        self.shown = Some(mono_now());
        output::talk(&format!("\r{text}\x1b[K"));
    }

    /// True if a person looks on.
    pub fn is_watched(&self) -> bool {
        self.watched
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            output::talk("\r\x1b[K");
        }
    }
}
