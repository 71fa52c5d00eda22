//! What the rows about synthetic checks add up to.
//!
//! Enters: rows. Leaves: conditions, counts by hour and by day. Never here: the policy.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Condition, Place};
use crate::ledger::event::{Event, WatchHour};

/// How often somebody asked, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// So often it passed.
    pub passed: u64,
    /// So often it did not.
    pub failed: u64,
    /// So often nobody knew.
    pub unknown: u64,
    /// The slowest answer, milliseconds.
    pub slowest_ms: u64,
    /// All answers together, milliseconds.
    pub total_ms: u64,
}

impl Counts {
    /// So often it was asked.
    pub const fn asked(&self) -> u64 {
        self.passed.saturating_add(self.failed).saturating_add(self.unknown)
    }

    /// Share of passes among all that was asked, 0 to 1; `None` where nobody asked. What nobody knew is no pass.
    pub fn up(&self) -> Option<f64> {
        (self.asked() > 0).then(|| self.passed as f64 / self.asked() as f64)
    }

    /// Mean time of an answer, milliseconds; `None` without one.
    pub fn mean_ms(&self) -> Option<u64> {
        self.total_ms.checked_div(self.passed.saturating_add(self.failed))
    }

    /// One more answer. What is not known took no time that says anything.
    pub fn note(&mut self, answer: Condition, took_ms: u64) {
        let count = match answer {
            Condition::Up => &mut self.passed,
            Condition::Down => &mut self.failed,
            Condition::Unknown => &mut self.unknown,
        };
        *count = count.saturating_add(1);
        if answer != Condition::Unknown {
            self.slowest_ms = self.slowest_ms.max(took_ms);
            self.total_ms = self.total_ms.saturating_add(took_ms);
        }
    }

    /// Both together.
    pub fn add(&mut self, other: &Counts) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.unknown = self.unknown.saturating_add(other.unknown);
        self.slowest_ms = self.slowest_ms.max(other.slowest_ms);
        self.total_ms = self.total_ms.saturating_add(other.total_ms);
    }
}

impl From<&WatchHour> for Counts {
    fn from(hour: &WatchHour) -> Counts {
        Counts {
            passed: hour.passed.into(),
            failed: hour.failed.into(),
            unknown: hour.unknown.into(),
            slowest_ms: hour.slowest_ms,
            total_ms: hour.total_ms,
        }
    }
}

/// One check in one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// What stood last.
    pub condition: Condition,
    /// Since when; absent: no row has said anything.
    pub since: Option<Timestamp>,
    /// Why it is not up.
    pub why: String,
    /// By the beginning of each hour.
    pub hours: BTreeMap<Timestamp, Counts>,
}

/// The beginning of the hour of a moment, counted in UTC.
pub fn hour_of(at: Timestamp) -> Timestamp {
    let second = at.as_second();
    Timestamp::from_second(second - second.rem_euclid(3_600)).unwrap_or(Timestamp::MIN)
}

impl History {
    /// Until when the rows prove that somebody asked.
    pub fn proven_until(&self) -> Option<Timestamp> {
        let hour = SignedDuration::from_hours(1);
        let counted =
            self.hours.last_key_value().map(|(from, _)| from.checked_add(hour).unwrap_or(Timestamp::MAX));
        counted.max(self.since)
    }

    /// All hours that begin at `from` or later, together.
    pub fn since(&self, from: Timestamp) -> Counts {
        sum(self.hours.range(from..).map(|(_, counts)| counts))
    }

    /// By the date of an hour's beginning in `zone`: the last `days` days until that of `today`, oldest first, also those of which
    /// nothing is known.
    pub fn days(&self, zone: &TimeZone, today: Timestamp, days: u32) -> Vec<(Date, Counts)> {
        let last = zone.to_datetime(today).date();
        let mut all: BTreeMap<Date, Counts> = BTreeMap::new();
        for back in 0..i64::from(days) {
            if let Ok(date) = last.checked_sub(SignedDuration::from_hours(24 * back)) {
                all.insert(date, Counts::default());
            }
        }
        for (from, counts) in &self.hours {
            if let Some(day) = all.get_mut(&zone.to_datetime(*from).date()) {
                day.add(counts);
            }
        }
        all.into_iter().collect()
    }

    /// One more hour, or a part of one.
    pub fn add(&mut self, from: Timestamp, counts: &Counts) {
        self.hours.entry(hour_of(from)).or_default().add(counts);
    }
}

fn sum<'a>(all: impl Iterator<Item = &'a Counts>) -> Counts {
    all.fold(Counts::default(), |mut sum, counts| {
        sum.add(counts);
        sum
    })
}

/// All checks of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histories(BTreeMap<Place, History>);

impl Histories {
    /// From the rows of one service, in their order; others are passed over.
    pub fn fold<'a>(rows: impl IntoIterator<Item = &'a Event>) -> Histories {
        let mut all = Histories::default();
        for row in rows {
            match row {
                Event::WatchTurned(row) => {
                    let history = all.entry(&row.check, &row.environment);
                    history.condition = Condition::of(row.up);
                    history.since = Some(row.at);
                    history.why.clone_from(&row.why);
                }
                Event::WatchHour(row) => {
                    all.entry(&row.check, &row.environment).add(row.from, &Counts::from(row));
                }
                _ => {}
            }
        }
        all
    }

    /// Of one check; empty where no row is about it.
    pub fn of(&self, place: &Place) -> History {
        self.0.get(place).cloned().unwrap_or_default()
    }

    fn entry(&mut self, check: &str, environment: &str) -> &mut History {
        let place = Place { check: check.to_owned(), environment: environment.to_owned() };
        self.0.entry(place).or_default()
    }
}
