//! The same answers as the rules give, without Prometheus: ratios, budget, alerts, from samples that somebody scraped.
//!
//! Enters: samples with their times, the moments at which to evaluate. Leaves: states. Never here: scraping, telling
//! anybody.
//!
//! On the same samples the ratios agree with those of Prometheus 2 (a test compares them) except where a burst of
//! errors is just leaving a window: samples are thinned (see `history.rs`), so that its edge is known to one
//! 240th of the window, and the ratio may differ by a 240th of the burst's share of errors: 0.4 percentage points
//! after a full outage. Alerts are as precise as the evaluations are frequent; with traffic in sessions they have to
//! come at least once a minute.
//!
//! Missing data are no errors and no success: see [`Data`]. Memory is bounded: at most [`SERIES_MAX`] series for an
//! objective, each with at most 242 points per window, and of all that share a [`Room`] so many points as it has. Full:
//! new series are refused and counted, so that [`Status::refused`] says that figures are partial; series that have shown
//! nothing for a whole period make room first.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;

use super::history::{Form, History, SLOTS};
use super::objective::Objective;
use super::rules::{ABSENT_FOR, BUDGET_LOW_FOR, BUDGET_LOW_PERCENT, is_absence_watched};
use super::signal::Signal;
use crate::{Digest, Length};

/// Most series of one objective.
pub const SERIES_MAX: usize = 1_000;

/// A series without a sample for so long is not there: as Prometheus looks back.
pub const LOOK_BACK: Length = Length::minutes(5);

/// One value of a scrape.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Name of the series.
    pub name: &'a str,
    /// All labels.
    pub labels: &'a [(&'a str, &'a str)],
    /// In the unit of the series.
    pub value: f64,
}

/// Whether anything can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// There are events.
    Present,
    /// The series are there, but nothing has happened in the last five minutes.
    Idle,
    /// The series are not there.
    Missing {
        /// Since this evaluation.
        since: Timestamp,
    },
}

/// What an alert says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All is well.
    Quiet,
    /// It holds, but not for long enough.
    Pending {
        /// Since this evaluation.
        since: Timestamp,
    },
    /// It is raised.
    Firing {
        /// Holds since this evaluation.
        since: Timestamp,
    },
    /// Nobody can say: data are missing.
    Unknown,
}

/// The answer of one evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// When.
    pub at: Timestamp,
    /// Whether anything can be said.
    pub data: Data,
    /// Share of bad events, 0 to 1, per window, shortest first and the period last; `None` without events.
    pub ratios: Vec<(Length, Option<f64>)>,
    /// Share of the budget that is left, 1 to below 0.
    pub budget_left: Option<f64>,
    /// By the names of the rules, in their order.
    pub alerts: Vec<(String, State)>,
    /// Samples of series that were refused because there are too many or their labels too long, since the start.
    pub refused: u64,
}

/// Room for points, shared by all evaluators of a process: 32 bytes each.
#[derive(Clone, Debug)]
pub struct Room(Arc<AtomicUsize>);

impl Room {
    /// For so many points.
    pub fn new(points: usize) -> Room {
        Room(Arc::new(AtomicUsize::new(points)))
    }

    /// `None` when there is not so much left.
    fn take(&self, points: usize) -> Option<Taken> {
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(points));
        left.ok().map(|_| Taken { room: self.clone(), points })
    }
}

/// Given back when it is dropped.
#[derive(Debug)]
struct Taken {
    room: Room,
    points: usize,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.room.0.fetch_add(self.points, Ordering::Relaxed);
    }
}

/// One series, and the room that it takes.
#[derive(Debug)]
struct Kept {
    history: History,
    _room: Taken,
}

/// By the digest of name and labels: labels may be long.
type Series = BTreeMap<Digest, Kept>;

/// Watches one objective.
#[derive(Debug)]
pub struct Evaluator {
    objective: Objective,
    windows: Vec<Length>,
    windows_ms: Vec<i64>,
    /// Bad events, or those within the limit.
    part: Series,
    /// All events, or the checks.
    whole: Series,
    /// Minutes since 1970 with events, newest last: of the longest alert's window.
    active: VecDeque<i64>,
    holds_since: BTreeMap<String, Timestamp>,
    missing_since: Option<Timestamp>,
    lost_ms: Option<i64>,
    refused: u64,
    room: Room,
}

impl Evaluator {
    /// Watches `objective`, with no samples yet, within `room`.
    pub fn new(objective: Objective, room: Room) -> Evaluator {
        let mut windows = objective.windows();
        windows.push(objective.budget.period());
        let windows_ms = windows.iter().map(|window| milliseconds(*window)).collect();
        Evaluator {
            objective,
            windows,
            windows_ms,
            part: BTreeMap::new(),
            whole: BTreeMap::new(),
            active: VecDeque::new(),
            holds_since: BTreeMap::new(),
            missing_since: None,
            lost_ms: None,
            refused: 0,
            room,
        }
    }

    /// Series of this objective were left out before they came here.
    pub const fn refuse(&mut self, count: u64) {
        self.refused = self.refused.saturating_add(count);
    }

    /// What is watched.
    pub const fn objective(&self) -> &Objective {
        &self.objective
    }

    /// Takes the samples of one scrape at `at`; those of other series, and values that are no numbers, are left out.
    /// Samples have to come in the order of time: an older one than the series has is left out, too.
    pub fn ingest(&mut self, at: Timestamp, samples: &[Sample<'_>]) {
        let at_ms = at.as_millisecond();
        let keep_ms = milliseconds(self.objective.budget.period());
        for kept in [&mut self.part, &mut self.whole] {
            kept.retain(|_, kept| kept.history.newest_ms() >= at_ms - keep_ms);
        }
        for sample in samples.iter().filter(|sample| sample.value.is_finite()) {
            let (narrow, wide, form) = match &self.objective.signal {
                Signal::Events { bad, total } => (Some(bad), total, Form::Counter),
                Signal::Latency { within, total } => (Some(within), total, Form::Counter),
                Signal::Probe { success, .. } => (None, success, Form::Gauge),
            };
            let is_narrow = narrow.is_some_and(|narrow| narrow.matches(sample.name, sample.labels));
            let is_wide = wide.matches(sample.name, sample.labels);
            let windows = &self.windows_ms;
            if is_narrow && !keep(&mut self.part, self.whole.len(), windows, form, at_ms, sample, &self.room)
            {
                self.refused = self.refused.saturating_add(1);
            }
            if is_wide && !keep(&mut self.whole, self.part.len(), windows, form, at_ms, sample, &self.room) {
                self.refused = self.refused.saturating_add(1);
            }
            if is_wide {
                self.lost_ms = None;
            }
        }
    }

    /// A scrape at `at` failed: its series are not there until they come again.
    pub fn lost(&mut self, at: Timestamp) {
        self.lost_ms = Some(at.as_millisecond());
    }

    /// The state at `now`; moments have to come in order.
    pub fn evaluate(&mut self, now: Timestamp) -> Status {
        let now_ms = now.as_millisecond();
        let ratios: Vec<(Length, Option<f64>)> =
            self.windows.iter().map(|window| (*window, self.ratio(now_ms, *window))).collect();
        let ratio =
            |window: Length| ratios.iter().find(|(known, _)| *known == window).and_then(|(_, ratio)| *ratio);
        let happens = ratio(Length::minutes(5)).is_some();
        self.note_minute(now_ms, happens);
        let data = self.data(now, happens);

        let budget = self.objective.budget;
        let budget_left = ratio(budget.period()).map(|ratio| 1.0 - ratio / budget.bad_share().as_f64());
        let mut conditions = Vec::new();
        for alert in &self.objective.burn.alerts {
            let above = |ratio: Option<f64>| ratio.is_some_and(|ratio| ratio > alert.threshold.as_f64());
            let long = ratio(alert.long).map(|ratio| ratio * self.weight(now_ms, alert.long));
            let holds = above(long) && above(ratio(alert.short)) && self.has_traffic(now_ms, alert.long);
            conditions.push((self.objective.alert(alert.name), holds, alert.holds_for));
        }
        let absent = matches!(data, Data::Missing { .. });
        if is_absence_watched(&self.objective) {
            conditions.push((self.objective.alert("absent"), absent, ABSENT_FOR));
        }
        let low = budget_left.is_some_and(|left| left < BUDGET_LOW_PERCENT as f64 / 100.0);
        conditions.push((self.objective.alert("budget_low"), low, BUDGET_LOW_FOR));

        let absent_name = self.objective.alert("absent");
        let alerts = conditions
            .into_iter()
            .map(|(name, holds, holds_for)| {
                let state = self.step(&name, now, holds, holds_for);
                let unknown = absent && !holds && name != absent_name;
                (name, if unknown { State::Unknown } else { state })
            })
            .collect();
        Status { at: now, data, ratios, budget_left, alerts, refused: self.refused }
    }

    /// Share of bad events in a window.
    fn ratio(&self, now_ms: i64, window: Length) -> Option<f64> {
        let window_ms = milliseconds(window);
        match &self.objective.signal {
            Signal::Events { .. } => {
                let total = grown(&self.whole, now_ms, window_ms).filter(|total| *total > 0.0)?;
                Some(grown(&self.part, now_ms, window_ms).unwrap_or(0.0) / total)
            }
            Signal::Latency { .. } => {
                let total = grown(&self.whole, now_ms, window_ms).filter(|total| *total > 0.0)?;
                Some((1.0 - grown(&self.part, now_ms, window_ms)? / total).max(0.0))
            }
            Signal::Probe { .. } => {
                let seen =
                    self.whole.values().filter_map(|kept| kept.history.sum_and_count(now_ms, window_ms));
                let (sum, count) = seen.fold((0.0, 0.0), |all, one| (all.0 + one.0, all.1 + one.1));
                (count > 0.0).then(|| 1.0 - sum / count)
            }
        }
    }

    fn has_traffic(&self, now_ms: i64, window: Length) -> bool {
        match (self.objective.slo.at_least_events, self.objective.signal.pace()) {
            (Some(floor), None) => {
                grown(&self.whole, now_ms, milliseconds(window)).is_some_and(|events| events >= floor as f64)
            }
            _ => true,
        }
    }

    /// Share of a window in which there was traffic, where that counts.
    fn weight(&self, now_ms: i64, window: Length) -> f64 {
        if self.objective.sessions.is_none() {
            return 1.0;
        }
        let start = (now_ms - milliseconds(window)).div_euclid(60_000);
        let minutes = self.active.len() - self.active.partition_point(|minute| *minute <= start);
        (minutes as f64 * 60.0 / window.as_seconds() as f64).min(1.0)
    }

    fn note_minute(&mut self, now_ms: i64, happens: bool) {
        let minute = now_ms.div_euclid(60_000);
        if self.objective.sessions.is_none() || !happens || self.active.back() == Some(&minute) {
            return;
        }
        let longest = self.objective.long_windows().last().copied().unwrap_or(Length::ZERO);
        let start = (now_ms - milliseconds(longest)).div_euclid(60_000);
        while self.active.front().is_some_and(|minute| *minute <= start) {
            self.active.pop_front();
        }
        self.active.push_back(minute);
    }

    fn data(&mut self, now: Timestamp, happens: bool) -> Data {
        let oldest = now.as_millisecond() - milliseconds(LOOK_BACK);
        let seen = |all: &Series| all.values().any(|kept| kept.history.newest_ms() >= oldest);
        let needs_bucket = matches!(self.objective.signal, Signal::Latency { .. });
        let there = self.lost_ms.is_none() && seen(&self.whole) && (!needs_bucket || seen(&self.part));
        if !there {
            return Data::Missing { since: *self.missing_since.get_or_insert(now) };
        }
        self.missing_since = None;
        if happens { Data::Present } else { Data::Idle }
    }

    fn step(&mut self, name: &str, now: Timestamp, holds: bool, holds_for: Length) -> State {
        if !holds {
            self.holds_since.remove(name);
            return State::Quiet;
        }
        let since = *self.holds_since.entry(name.to_owned()).or_insert(now);
        if now.as_millisecond() - since.as_millisecond() >= milliseconds(holds_for) {
            State::Firing { since }
        } else {
            State::Pending { since }
        }
    }
}

/// False when there is no room for a new series beside so many others.
fn keep(
    kept: &mut Series,
    others: usize,
    windows_ms: &[i64],
    form: Form,
    at_ms: i64,
    sample: &Sample<'_>,
    room: &Room,
) -> bool {
    let mut labels = sample.labels.to_vec();
    labels.sort_unstable();
    let key = key(sample.name, &labels);
    if let Some(known) = kept.get_mut(&key) {
        known.history.push(at_ms, sample.value);
        return true;
    }
    if kept.len() + others >= SERIES_MAX {
        return false;
    }
    let Some(taken) = room.take(windows_ms.len() * (SLOTS + 2)) else { return false };
    kept.insert(key, Kept { history: History::new(form, windows_ms, at_ms, sample.value), _room: taken });
    true
}

/// Another one for every other name or set of labels: each part comes with its length.
fn key(name: &str, labels: &[(&str, &str)]) -> Digest {
    let mut bytes = Vec::new();
    for part in labels.iter().flat_map(|(label, value)| [*label, *value]).chain([name]) {
        bytes.extend_from_slice(&part.len().to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Digest::of(&bytes)
}

/// Growth of all series together; `None` when none has two samples in the window.
fn grown(kept: &Series, now_ms: i64, window_ms: i64) -> Option<f64> {
    let grown = kept.values().filter_map(|kept| kept.history.increase(now_ms, window_ms));
    grown.fold(None, |all, one| Some(all.unwrap_or(0.0) + one))
}

fn milliseconds(length: Length) -> i64 {
    length.signed_seconds().saturating_mul(1_000)
}

#[cfg(test)]
mod tests;
