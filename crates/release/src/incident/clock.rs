//! The clocks of an incident, and whether it stands in the way of a release.
//!
//! Both clocks begin when the incident is opened or reopened. A severity worse than any before in that opening begins
//! them again; any other change does not, and its times hold from the same beginning. A severity that the policy does
//! not know is worse than all others, and has no clocks.

use jiff::{SignedDuration, Timestamp};

use super::event::Clock;
use super::state::{Incident, Incidents, Status};
use crate::Length;
use crate::policy::{Policy, Severity};

/// One clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockState {
    /// Which.
    pub clock: Clock,
    /// When it began.
    pub from: Timestamp,
    /// How long it allows.
    pub within: Length,
    /// When it runs out.
    pub until: Timestamp,
    /// When it was stopped; `None`: it runs.
    pub stopped: Option<Timestamp>,
}

impl ClockState {
    /// It ran out, or was stopped too late: the last moment is still in time.
    pub fn breached(&self, now: Timestamp) -> bool {
        self.stopped.map_or(now >= self.until, |stopped| stopped > self.until)
    }
}

/// The clocks of the present, or last, opening by the present severity.
pub fn clocks(policy: &Policy, incident: &Incident) -> Vec<ClockState> {
    let (Some(severity), Some(opening)) = (severity(policy, &incident.severity), incident.opening()) else {
        return Vec::new();
    };
    let from = begins(policy, incident);
    let clock =
        |clock, within, stopped| ClockState { clock, from, within, until: later(from, within), stopped };
    let mut clocks = vec![clock(Clock::Response, severity.respond_within, opening.acknowledged)];
    if let Some(within) = severity.restore_within {
        clocks.push(clock(Clock::Restoration, within, opening.mitigated));
    }
    clocks
}

/// Incidents that are not resolved and whose severity blocks a release, or is unknown.
pub fn blocks_release<'a>(policy: &Policy, incidents: &'a Incidents) -> Vec<&'a Incident> {
    let blocks = |incident: &&Incident| {
        let severity = severity(policy, &incident.severity);
        incident.status() != Status::Resolved && severity.is_none_or(|severity| severity.blocks_release)
    };
    incidents.incidents.values().filter(blocks).collect()
}

pub(super) fn severity<'a>(policy: &'a Policy, id: &str) -> Option<&'a Severity> {
    policy.severities.iter().find(|severity| severity.id == id)
}

/// When the clocks of the present opening began.
pub(super) fn begins(policy: &Policy, incident: &Incident) -> Timestamp {
    // From 1, the worst; unknown ones are worse still.
    let rank =
        |id: &str| policy.severities.iter().position(|severity| severity.id == id).map_or(0, |at| at + 1);
    let (opened, changes) = changes(incident);
    let mut from = opened;
    let mut worst = usize::MAX;
    for (at, id) in changes {
        if rank(id) < worst {
            (worst, from) = (rank(id), at);
        }
    }
    from
}

/// Since when the present opening wakes people: from the first severity in it that does. `None`: the present one does
/// not.
pub(super) fn wakes_since(policy: &Policy, incident: &Incident) -> Option<Timestamp> {
    let wakes = |id: &str| severity(policy, id).is_none_or(|severity| severity.page);
    let (_, mut changes) = changes(incident);
    changes.find(|(_, id)| wakes(id)).map(|(at, _)| at).filter(|_| wakes(&incident.severity))
}

/// When the present opening began; the severity it began with, and every later one.
fn changes(incident: &Incident) -> (Timestamp, impl Iterator<Item = (Timestamp, &str)>) {
    let opened = incident.opening().map_or(incident.opened.at, |opening| opening.at);
    let before = incident.severities.iter().rposition(|(at, _)| *at <= opened).unwrap_or(0);
    let changes = incident.severities.iter().skip(before);
    (opened, changes.map(move |(at, id)| ((*at).max(opened), id.as_str())))
}

/// The last moment there is, where that is nearer.
pub(super) fn later(at: Timestamp, by: Length) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(by.signed_seconds())).unwrap_or(Timestamp::MAX)
}
