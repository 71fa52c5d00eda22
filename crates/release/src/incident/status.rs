//! What users are told: plain data, made into a page elsewhere.
//!
//! Only words that were marked as public go out: an incident without any is not shown.

use jiff::Timestamp;

use super::event::Event;
use super::state::{Incidents, Status};

/// As users read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Somebody was called.
    Investigating,
    /// Somebody works on it.
    Identified,
    /// Service is back and watched.
    Monitoring,
    /// It is over.
    Resolved,
}

impl Condition {
    /// `investigating` and so on.
    pub const fn as_str(self) -> &'static str {
        match self {
            Condition::Investigating => "investigating",
            Condition::Identified => "identified",
            Condition::Monitoring => "monitoring",
            Condition::Resolved => "resolved",
        }
    }
}

/// One line of news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// When.
    pub at: Timestamp,
    /// Where it stood then.
    pub condition: Condition,
    /// What, as it was written: not escaped.
    pub text: String,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEntry {
    /// Its id.
    pub incident: String,
    /// Where it stands.
    pub condition: Condition,
    /// Its severity.
    pub severity: String,
    /// First opened.
    pub since: Timestamp,
    /// Oldest first.
    pub updates: Vec<Update>,
}

/// Every incident with public words: open ones first, then the latest.
pub fn status_entries(events: &[Event]) -> Vec<StatusEntry> {
    let mut state = Incidents::default();
    let mut entries: Vec<StatusEntry> = Vec::new();
    for event in events {
        if state.apply(event).is_err() {
            continue;
        }
        let (incident, at, text) = match event {
            Event::IncidentOpened(body) => (&body.incident, body.at, body.public.as_ref()),
            Event::Noted(body) => (&body.incident, body.at, Some(&body.text).filter(|_| body.public)),
            _ => continue,
        };
        let known = state.incidents.get(incident).filter(|known| known.test.is_none());
        let (Some(text), Some(known)) = (text, known) else { continue };
        let condition = condition(known.status());
        let update = Update { at, condition, text: text.clone() };
        match entries.iter_mut().find(|entry| entry.incident == *incident) {
            Some(entry) => entry.updates.push(update),
            None => entries.push(StatusEntry {
                incident: incident.clone(),
                condition,
                severity: known.severity.clone(),
                since: known.opened.at,
                updates: vec![update],
            }),
        }
    }
    for entry in &mut entries {
        if let Some(known) = state.incidents.get(&entry.incident) {
            entry.condition = condition(known.status());
            entry.severity.clone_from(&known.severity);
        }
    }
    entries.sort_by_key(|entry| (entry.condition == Condition::Resolved, std::cmp::Reverse(entry.since)));
    entries
}

const fn condition(status: Status) -> Condition {
    match status {
        Status::Open => Condition::Investigating,
        Status::Acknowledged => Condition::Identified,
        Status::Mitigated => Condition::Monitoring,
        Status::Resolved => Condition::Resolved,
    }
}
