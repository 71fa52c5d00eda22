//! Which rows follow from the answers of one check.
//!
//! Enters: answers with their times, in order. Leaves: rows to write. Never here: writing them.
//!
//! The running hour is in memory: whoever is killed loses its counts, and nothing else. Rows that could not be written are offered
//! again; of hours the newest [`HOURS_MAX`] are kept meanwhile.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::history::hour_of;
use super::{Condition, Counts, Damped, History, Place, Watched};
use crate::ledger::event::{WatchHour, WatchTurned};

/// Hours that wait to be written. Full: the oldest goes.
pub const HOURS_MAX: usize = 48;

/// One check in one environment, while somebody asks.
#[derive(Clone, Debug)]
pub struct Recorder {
    place: Place,
    damped: Damped,
    /// As the journal has it; `None`: it has nothing.
    written: Option<Condition>,
    turned: Option<Timestamp>,
    why: String,
    asked: Option<Timestamp>,
    newest: Condition,
    hour: Option<(Timestamp, Counts)>,
    over: VecDeque<(Timestamp, Counts)>,
}

impl Recorder {
    /// Goes on at `now` from what the journal has. What has not been asked for too long is not known any more.
    pub fn resume(watched: &Watched, history: &History, now: Timestamp) -> Recorder {
        let stale = history.since.is_some() && is_stale(watched, history, now);
        let stands = if stale { Condition::Unknown } else { history.condition };
        Recorder {
            place: watched.place.clone(),
            damped: Damped::resume(stands),
            written: history.since.map(|_| history.condition),
            turned: history.since.filter(|_| stands == history.condition),
            why: if stale { "nobody has asked for too long".to_owned() } else { history.why.clone() },
            asked: None,
            newest: Condition::Unknown,
            hour: None,
            over: VecDeque::new(),
        }
    }

    /// One more answer. `why` says why it is no pass. An answer that is older than the hour that runs counts in that.
    pub fn note(&mut self, at: Timestamp, answer: Condition, why: &str, took_ms: u64, settle: u32) {
        self.end_hour(at);
        self.hour.get_or_insert((hour_of(at), Counts::default())).1.note(answer, took_ms);
        self.asked = Some(at);
        self.newest = answer;
        let before = self.damped.stands();
        let stands = self.damped.step(answer, settle);
        if stands != before || self.turned.is_none() {
            self.turned = Some(at);
        }
        if stands == answer {
            why.clone_into(&mut self.why);
        }
    }

    /// What stands.
    pub const fn condition(&self) -> Condition {
        self.damped.stands()
    }

    /// Since when.
    pub const fn since(&self) -> Option<Timestamp> {
        self.turned
    }

    /// Why it is not up; empty when it is.
    pub fn why(&self) -> &str {
        if self.condition() == Condition::Up { "" } else { &self.why }
    }

    /// When it was last asked since this one began.
    pub const fn asked(&self) -> Option<Timestamp> {
        self.asked
    }

    /// The newest answer, whatever stands; unknown before the first.
    pub const fn newest(&self) -> Condition {
        self.newest
    }

    /// What is not written yet: hours and what of the running one has passed.
    pub fn unwritten(&self) -> impl Iterator<Item = &(Timestamp, Counts)> {
        self.over.iter().chain(&self.hour)
    }

    /// The row for a condition that the journal does not have; to be followed by [`Recorder::turn_is_written`].
    pub fn turn(&self) -> Option<WatchTurned> {
        let (at, stands) = (self.turned?, self.condition());
        (self.written != Some(stands)).then(|| WatchTurned {
            check: self.place.check.clone(),
            environment: self.place.environment.clone(),
            up: stands.up(),
            why: self.why().to_owned(),
            at,
        })
    }

    /// The journal has this row.
    pub const fn turn_is_written(&mut self, row: &WatchTurned) {
        self.written = Some(Condition::of(row.up));
    }

    /// Hours that are over at `now`; `all`: also the one that runs. To be followed by [`Recorder::hours_are_written`].
    pub fn hours(&mut self, now: Timestamp, all: bool) -> Vec<WatchHour> {
        self.end_hour(now);
        if all {
            self.over.extend(self.hour.take());
        }
        let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let row = |(from, counts): &(Timestamp, Counts)| WatchHour {
            check: self.place.check.clone(),
            environment: self.place.environment.clone(),
            from: *from,
            passed: small(counts.passed),
            failed: small(counts.failed),
            unknown: small(counts.unknown),
            slowest_ms: counts.slowest_ms,
            total_ms: counts.total_ms,
        };
        self.over.iter().map(row).collect()
    }

    /// The journal has the first `count` hours of those that were offered.
    pub fn hours_are_written(&mut self, count: usize) {
        self.over.drain(..count.min(self.over.len()));
    }

    fn end_hour(&mut self, now: Timestamp) {
        if self.hour.as_ref().is_some_and(|(from, _)| *from < hour_of(now)) {
            self.over.extend(self.hour.take());
            while self.over.len() > HOURS_MAX {
                self.over.pop_front();
            }
        }
    }
}

/// True when what the rows say is too old to be said of `now`: hours are written when they are over, so a silence of two is one.
pub fn is_stale(watched: &Watched, history: &History, now: Timestamp) -> bool {
    let allowed = SignedDuration::from_secs(3_600 + watched.stale_after().signed_seconds());
    history.proven_until().is_none_or(|until| until.checked_add(allowed).is_ok_and(|end| end < now))
}
