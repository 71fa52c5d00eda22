//! How long it took, over a set of incidents.
//!
//! Incidents count by the moment they were first opened, in a range that begins with `from` and ends before `to`. For
//! each, but not for tests:
//!
//! - **time to acknowledge**: from the first opening until somebody worked on it: they said so, answered a page,
//!   mitigated or resolved it;
//! - **time to mitigate**: from opening until service was back, added up over all its openings: how long it was
//!   impaired;
//! - **time to resolve**: from opening until nothing was left to do, added up over all its openings: what is mostly
//!   called MTTR.
//!
//! An incident that has not come so far, in its last opening, is left out of the figure and counted beside it: a mean
//! over the quick ones alone must not look like all of them. The mean is the sum by the number, rounded down to
//! nanoseconds; the median of an even number is the lower of the two in the middle. Times that run backwards count as
//! none.

use jiff::{SignedDuration, Timestamp};

use super::state::{Incident, Incidents, Opening};

/// One of the three times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Incidents that came so far.
    pub counted: usize,
    /// Incidents that did not, yet.
    pub left_out: usize,
    /// `None` where nothing was counted.
    pub mean: Option<SignedDuration>,
    /// `None` where nothing was counted.
    pub median: Option<SignedDuration>,
    /// `None` where nothing was counted.
    pub longest: Option<SignedDuration>,
}

/// All three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// First opened in the range.
    pub incidents: usize,
    /// Of these, reopened at least once.
    pub reopened: usize,
    /// Of these, noticed by a trigger or an alert.
    pub detected: usize,
    /// See the module.
    pub acknowledge: Measures,
    /// See the module.
    pub mitigate: Measures,
    /// See the module.
    pub resolve: Measures,
}

/// The figures of a range; of one severity, as it is now, where one is named.
pub fn measures(incidents: &Incidents, severity: Option<&str>, from: Timestamp, to: Timestamp) -> Figures {
    let within = |incident: &&Incident| incident.test.is_none() && (from..to).contains(&incident.opened.at);
    let wanted = |incident: &&Incident| severity.is_none_or(|severity| severity == incident.severity);
    let chosen: Vec<&Incident> = incidents.incidents.values().filter(within).filter(wanted).collect();
    let each =
        |time: fn(&Incident) -> Option<SignedDuration>| over(chosen.iter().map(|incident| time(incident)));
    Figures {
        incidents: chosen.len(),
        reopened: chosen.iter().filter(|incident| incident.openings.len() > 1).count(),
        detected: chosen.iter().filter(|incident| incident.detected()).count(),
        acknowledge: each(to_acknowledge),
        mitigate: each(to_mitigate),
        resolve: each(to_resolve),
    }
}

pub(super) fn to_acknowledge(incident: &Incident) -> Option<SignedDuration> {
    let first = incident.openings.first()?;
    Some(between(first.at, first.acknowledged?))
}

pub(super) fn to_mitigate(incident: &Incident) -> Option<SignedDuration> {
    added_up(incident, |opening| opening.mitigated)
}

pub(super) fn to_resolve(incident: &Incident) -> Option<SignedDuration> {
    added_up(incident, |opening| opening.resolved)
}

/// `None` unless every opening has come so far.
fn added_up(incident: &Incident, end: impl Fn(&Opening) -> Option<Timestamp>) -> Option<SignedDuration> {
    incident.openings.iter().try_fold(SignedDuration::ZERO, |sum, opening| {
        Some(sum.saturating_add(between(opening.at, end(opening)?)))
    })
}

fn between(from: Timestamp, to: Timestamp) -> SignedDuration {
    to.duration_since(from).max(SignedDuration::ZERO)
}

fn over(times: impl Iterator<Item = Option<SignedDuration>>) -> Measures {
    let (mut known, mut left_out) = (Vec::new(), 0);
    for time in times {
        match time {
            Some(time) => known.push(time),
            None => left_out += 1,
        }
    }
    known.sort_unstable();
    let nanoseconds: i128 = known.iter().map(|time| time.as_nanos()).sum();
    let mean = i128::try_from(known.len()).ok().filter(|count| *count > 0).map(|count| nanoseconds / count);
    let whole = |nanoseconds: i128| {
        let seconds = i64::try_from(nanoseconds / 1_000_000_000).unwrap_or(i64::MAX);
        SignedDuration::new(seconds, i32::try_from(nanoseconds % 1_000_000_000).unwrap_or(0))
    };
    Measures {
        counted: known.len(),
        left_out,
        mean: mean.map(whole),
        median: known.get(known.len().saturating_sub(1) / 2).copied(),
        longest: known.last().copied(),
    }
}
