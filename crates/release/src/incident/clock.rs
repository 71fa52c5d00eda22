//! The clocks of an incident, and whether it stands in the way of a release.
//!
//! Both clocks begin when the incident is opened or reopened. A severity worse than any before in that opening begins
//! them again, and needs an answer of its own if it wakes people; any other change does not, and its times hold from
//! the same beginning. A severity that the policy does not know is worse than all others, and has no clocks. A test
//! has none either.

use jiff::Timestamp;

use super::event::Clock;
use super::state::{Incident, Incidents, Opening, Status};
use crate::policy::{Policy, Severity};
use crate::{Length, later};

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
    let (Some(severity), Some(opening), None) =
        (severity(policy, &incident.severity), incident.opening(), &incident.test)
    else {
        return Vec::new();
    };
    let (begun, from) = begins(policy, incident, opening);
    let answered = match wakes(policy, incident, begun) {
        true => opening.answers.iter().find(|(known, _)| *known >= begun).map(|(_, at)| *at),
        false => opening.acknowledged,
    };
    let clock =
        |clock, within, stopped| ClockState { clock, from, within, until: later(from, within), stopped };
    let mut clocks = vec![clock(Clock::Response, severity.respond_within, answered)];
    if let Some(within) = severity.restore_within {
        clocks.push(clock(Clock::Restoration, within, opening.mitigated));
    }
    clocks
}

/// Incidents that are not resolved and whose severity blocks a release, or is unknown. Tests never do.
pub fn blocks_release<'a>(policy: &Policy, incidents: &'a Incidents) -> Vec<&'a Incident> {
    let blocks = |incident: &&Incident| {
        let severity = severity(policy, &incident.severity);
        let is_open = incident.test.is_none() && incident.status() != Status::Resolved;
        is_open && severity.is_none_or(|severity| severity.blocks_release)
    };
    incidents.incidents.values().filter(blocks).collect()
}

pub(super) fn severity<'a>(policy: &'a Policy, id: &str) -> Option<&'a Severity> {
    policy.severities.iter().find(|severity| severity.id == id)
}

/// Of the change of severity with which the clocks of the present opening began: its place, and when.
fn begins(policy: &Policy, incident: &Incident, opening: &Opening) -> (usize, Timestamp) {
    let worst = (opening.first..incident.severities.len()).min_by_key(|at| rank(policy, incident, *at));
    let place = worst.unwrap_or(opening.first);
    (place, changed(incident, opening, place))
}

/// How bad the severity at this place is: from 1, the worst; unknown ones are worse still.
pub(super) fn rank(policy: &Policy, incident: &Incident, place: usize) -> usize {
    let id = incident.severities.get(place).map_or("", |(_, id)| id.as_str());
    policy.severities.iter().position(|severity| severity.id == id).map_or(0, |at| at + 1)
}

/// Whether it wakes people.
pub(super) fn wakes(policy: &Policy, incident: &Incident, place: usize) -> bool {
    let id = incident.severities.get(place).map_or("", |(_, id)| id.as_str());
    severity(policy, id).is_none_or(|severity| severity.page)
}

/// Since when the severity at this place counts for the opening.
pub(super) fn changed(incident: &Incident, opening: &Opening, place: usize) -> Timestamp {
    incident.severities.get(place).map_or(opening.at, |(at, _)| (*at).max(opening.at))
}
