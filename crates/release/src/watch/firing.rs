//! Which trigger of the policy an outage or an alert sets off, and what is written then.
//!
//! Enters: a policy, its incidents, what has been wrong since when. Leaves: rows. Never here: calling people.
//!
//! What fires once has one name from its first moment on, so that it is written once, and a restart or a second look changes nothing.
//! While the incident of a cause is open, whatever else fires for the same cause belongs to it.

use jiff::Timestamp;

use crate::Length;
use crate::incident::event::{AlertFired, Event, IncidentOpened, OpenedBy};
use crate::incident::{Incidents, Status};
use crate::policy::{Check, Comparison, Policy, Probe, Reaction, Slo, Target, Trigger};

/// What is wrong.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'a> {
    /// A synthetic check is down.
    Check(&'a Check),
    /// An alert of an objective is raised.
    Alert {
        /// Which objective.
        slo: &'a Slo,
        /// Name of the alert.
        alert: &'a str,
        /// It wakes somebody up even where no trigger is about it.
        pages: bool,
    },
}

/// What is wrong, where, since when.
#[derive(Clone, Copy, Debug)]
pub struct Firing<'a> {
    /// What.
    pub cause: Cause<'a>,
    /// The environment's `id`.
    pub environment: &'a str,
    /// Since when.
    pub since: Timestamp,
}

/// The rows that follow at `now` from something that is wrong: alerts that fire, and an incident where somebody is paged and none of
/// this cause is open. Empty when all of it is written.
///
/// `next_id` gives the id of an incident, another one each time.
pub fn rows(
    policy: &Policy,
    incidents: &Incidents,
    firing: &Firing<'_>,
    now: Timestamp,
    mut next_id: impl FnMut() -> String,
) -> Vec<Event> {
    let mut rows: Vec<Event> = Vec::new();
    let mut incident = open_incident(incidents, firing);
    for (alert, then) in due(policy, firing, now) {
        let id = format!("{}:{alert}:{}", prefix(firing), firing.since.as_second());
        if incidents.alerts.contains_key(&id) {
            continue;
        }
        if then == Reaction::Page && incident.is_none() {
            incident = opened_before(incidents, &alert);
        }
        if then == Reaction::Page && incident.is_none() {
            let id = next_id();
            rows.push(opened(policy, firing, id.clone(), &alert, now).into());
            incident = Some(id);
        }
        rows.push(AlertFired { firing: id, alert, incident: incident.clone(), at: now }.into());
    }
    rows
}

/// Alerts that are due, those that page first.
fn due(policy: &Policy, firing: &Firing<'_>, now: Timestamp) -> Vec<(String, Reaction)> {
    let holds = Length::seconds(u64::try_from(now.as_second() - firing.since.as_second()).unwrap_or(0));
    let mut all: Vec<(String, Reaction)> = policy
        .triggers
        .iter()
        .filter(|trigger| is_about(trigger, firing.cause))
        .filter(|trigger| {
            matches!(trigger.then, Reaction::Page | Reaction::Warn) && trigger.holds_for <= holds
        })
        .map(|trigger| (trigger.id.clone(), trigger.then))
        .collect();
    if let Cause::Alert { alert, pages: true, .. } = firing.cause
        && all.iter().all(|(_, then)| *then != Reaction::Page)
    {
        all.push((alert.to_owned(), Reaction::Page));
    }
    all.sort_by_key(|(_, then)| *then != Reaction::Page);
    all
}

/// True for a trigger that names the check or the alert as its `event`, whose condition is what the check demands turned round, or
/// whose metric is that of an objective whose alert pages.
fn is_about(trigger: &Trigger, cause: Cause<'_>) -> bool {
    match cause {
        Cause::Check(check) => {
            let violated = match (&trigger.when, &check.probe) {
                (Some(when), Probe::Promql(probe)) => is_opposite(when, &probe.target),
                _ => false,
            };
            violated || trigger.event.as_deref() == Some(&*check.id)
        }
        Cause::Alert { slo, alert, pages } => {
            let metric = trigger.when.as_ref().map(|when| &when.metric);
            trigger.event.as_deref() == Some(alert)
                || (pages && metric.is_some() && metric == slo.metric.as_ref())
        }
    }
}

/// True when `when` holds exactly where `demand` does not.
fn is_opposite(when: &Target, demand: &Target) -> bool {
    let opposite = matches!(
        (when.is, demand.is),
        (Comparison::Above, Comparison::AtMost)
            | (Comparison::AtMost, Comparison::Above)
            | (Comparison::Below, Comparison::AtLeast)
            | (Comparison::AtLeast, Comparison::Below)
    );
    opposite
        && (&when.metric, when.quantile, when.value, &when.times_baseline)
            == (&demand.metric, demand.quantile, demand.value, &demand.times_baseline)
}

fn prefix(firing: &Firing<'_>) -> String {
    match firing.cause {
        Cause::Check(check) => format!("check:{}:{}", check.id, firing.environment),
        Cause::Alert { slo, .. } => format!("slo:{}:{}", slo.id, firing.environment),
    }
}

/// The incident that an alert of the same cause belongs to, while it is open.
fn open_incident(incidents: &Incidents, firing: &Firing<'_>) -> Option<String> {
    let prefix = format!("{}:", prefix(firing));
    let of_cause = incidents.alerts.iter().filter(|(id, _)| id.starts_with(&prefix));
    let ids = of_cause.filter_map(|(_, alert)| alert.incident.as_ref());
    let is_open = |id: &&String| {
        incidents.incidents.get(*id).is_some_and(|incident| incident.status() != Status::Resolved)
    };
    ids.rev().find(is_open).cloned()
}

/// The open incident that the same trigger or alert has opened, whoever told of it.
fn opened_before(incidents: &Incidents, alert: &str) -> Option<String> {
    let by = OpenedBy::Trigger(alert.to_owned());
    let mut all = incidents.incidents.values().rev();
    let found = all.find(|incident| incident.opened.by == by && incident.status() != Status::Resolved);
    found.map(|incident| incident.id().to_owned())
}

fn opened(
    policy: &Policy,
    firing: &Firing<'_>,
    incident: String,
    alert: &str,
    now: Timestamp,
) -> IncidentOpened {
    let title = match firing.cause {
        Cause::Check(check) => {
            let title = if check.title.is_empty() { &check.id } else { &check.title };
            format!("{title} is down in {}", firing.environment)
        }
        Cause::Alert { slo, alert, .. } => {
            let title = if slo.title.is_empty() { &slo.id } else { &slo.title };
            format!("{title}: {alert} in {}", firing.environment)
        }
    };
    IncidentOpened {
        incident,
        severity: severity(policy),
        title,
        public: None,
        by: OpenedBy::Trigger(alert.to_owned()),
        at: now,
    }
}

/// The mildest severity that wakes people up, for nobody has judged it yet; else the worst.
fn severity(policy: &Policy) -> String {
    let paging = policy.severities.iter().rev().find(|severity| severity.page);
    paging.or(policy.severities.first()).map_or_else(|| "unknown".to_owned(), |severity| severity.id.clone())
}
