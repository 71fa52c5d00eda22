//! Which trigger of the policy an outage or an alert sets off, and what is written then.
//!
//! Enters: a policy, its incidents, what has been wrong since when, whoever noticed it. Leaves: rows. Never here: calling
//! people.
//!
//! What fires once has one name from its first moment on, so that it is written once, and a restart or a second look
//! changes nothing. It belongs to an incident of the same cause in the same environment while nobody says that service is
//! back; if that one is milder, it becomes worse. Where the incident was resolved and the cause still holds, the next one
//! is opened.
//!
//! To roll back is the worst severity; a page is the mildest one that wakes people; to hold and to warn is written only.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::Length;
use crate::incident::event::{AlertFired, Event, IncidentOpened, OpenedBy, SeverityChanged};
use crate::incident::{Alert, Incident, Incidents, Status, one_line};
use crate::ledger::Ledger;
use crate::policy::{Check, Comparison, Policy, Probe, Reaction, Slo, Target, Trigger};

/// Severities of alerts that wake nobody, whatever the policy says.
const MILD: [&str; 3] = ["ticket", "warning", "info"];
/// Longest title, characters.
const TITLE_MOST: usize = 4_000;

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
    /// The alert of this trigger is raised.
    Trigger(&'a Trigger),
    /// Another alert is raised.
    Named {
        /// Its name.
        alert: &'a str,
        /// A severity of the policy, or one that calls as a page does; absent: it wakes nobody by itself.
        severity: Option<&'a str>,
    },
}

impl<'a> Cause<'a> {
    /// What an alert with these labels is about: a trigger by label `trigger` or by its name, an objective by label `slo`, else
    /// whatever its label `severity` says. `None`: nothing that the policy knows.
    pub fn of_labels(
        policy: &'a Policy,
        alert: &'a str,
        labels: &'a BTreeMap<String, String>,
    ) -> Option<Cause<'a>> {
        let label = |name: &str| labels.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let trigger = label("trigger").unwrap_or(alert);
        if let Some(trigger) = policy.triggers.iter().find(|known| known.id == trigger) {
            return Some(Cause::Trigger(trigger));
        }
        let severity = label("severity");
        let is_known = |severity: &&str| {
            !MILD.iter().any(|mild| mild.eq_ignore_ascii_case(severity))
                || policy.severities.iter().any(|known| known.id.eq_ignore_ascii_case(severity))
        };
        let wakes = severity.filter(is_known);
        if let Some(slo) = label("slo").and_then(|id| policy.slos.iter().find(|slo| slo.id == id)) {
            let of_policy =
                |wanted: &str| policy.severities.iter().find(|known| known.id.eq_ignore_ascii_case(wanted));
            let pages = wakes.is_some_and(|wakes| of_policy(wakes).is_none_or(|known| known.page));
            return Some(Cause::Alert { slo, alert, pages });
        }
        let is_event = policy.triggers.iter().any(|trigger| trigger.event.as_deref() == Some(alert));
        (is_event || severity.is_some()).then_some(Cause::Named { alert, severity: wakes })
    }

    /// As rows name it.
    fn id(&self) -> String {
        match self {
            Cause::Check(check) => format!("check:{}", check.id),
            Cause::Alert { slo, .. } => format!("slo:{}", slo.id),
            Cause::Trigger(trigger) => format!("trigger:{}", trigger.id),
            Cause::Named { alert, .. } => format!("alert:{alert}"),
        }
    }
}

/// What is wrong, where, since when.
#[derive(Clone, Copy, Debug)]
pub struct Firing<'a> {
    /// What.
    pub cause: Cause<'a>,
    /// The environment's `id`; empty: nobody says.
    pub environment: &'a str,
    /// Since when.
    pub since: Timestamp,
    /// As somebody else told it, who waits for as long as it has to hold; `None`: it was noticed here.
    pub told: Option<Told<'a>>,
}

/// See [`Firing::told`].
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Its id, from the first moment it holds to the last.
    pub firing: &'a str,
    /// Name of the alert.
    pub alert: &'a str,
    /// For people.
    pub title: &'a str,
}

/// Ids of incidents, `WORD-1` and so on: they count over all services of the book. Another one each time.
pub fn ids(ledger: &Ledger, word: &'static str) -> impl FnMut() -> String + use<> {
    let all = ledger.services.values().flat_map(|service| service.incidents.incidents.keys());
    let number = |id: &String| id.strip_prefix(word)?.strip_prefix('-')?.parse::<u64>().ok();
    let mut newest = all.filter_map(number).max().unwrap_or(0);
    move || {
        newest = newest.saturating_add(1);
        format!("{word}-{newest}")
    }
}

/// The rows that follow at `now` from something that is wrong: alerts that fire, and an incident where somebody is paged and none
/// of this cause is open. Empty when all of it is written.
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
    let due = due(policy, firing, now);
    let open = joinable(incidents, firing, &due);
    let mut open = open.map(|open| (open.id().to_owned(), open.severity.clone()));
    for Due { name, severity } in due {
        let base = match firing.told {
            Some(told) => told.firing.to_owned(),
            None => format!("{}:{name}:{}", prefix(firing), firing.since.as_second()),
        };
        let Some(id) = next_firing(incidents, &base, severity.is_some()) else { continue };
        if let Some(severity) = severity {
            match &mut open {
                Some((incident, known)) if rank(policy, &severity) < rank(policy, known) => {
                    let (incident, why, by) = (incident.clone(), "this fires, too".to_owned(), name.clone());
                    known.clone_from(&severity);
                    rows.push(SeverityChanged { incident, severity, why, by, at: now }.into());
                }
                Some(_) => {}
                None => {
                    let (incident, by) = (next_id(), OpenedBy::Trigger(name.clone()));
                    open = Some((incident.clone(), severity.clone()));
                    let (title, public) = (title(firing), None);
                    rows.push(IncidentOpened { incident, severity, title, public, by, at: now }.into());
                }
            }
        }
        let alert = firing.told.map_or(name, |told| told.alert.to_owned());
        let incident = open.as_ref().map(|(incident, _)| incident.clone());
        let (cause, environment) = (firing.cause.id(), firing.environment.to_owned());
        rows.push(AlertFired { firing: id, alert, incident, cause, environment, at: now }.into());
    }
    rows
}

/// What was written last of something that fired, by the id that it was told with: see [`Told::firing`].
pub fn written<'a>(incidents: &'a Incidents, firing: &str) -> Option<&'a Alert> {
    newest_of(incidents, firing).map(|(_, alert)| alert)
}

/// And how often it was written: once more for each incident that was resolved too early.
fn newest_of<'a>(incidents: &'a Incidents, firing: &str) -> Option<(u32, &'a Alert)> {
    let first = (1, incidents.alerts.get(firing)?);
    let further =
        (2..).map_while(|number| Some((number, incidents.alerts.get(&format!("{firing}.{number}"))?)));
    Some(further.last().unwrap_or(first))
}

/// The id to write it under; `None`: it is written. Where it wakes people, that counts only while there is an incident.
fn next_firing(incidents: &Incidents, base: &str, wakes: bool) -> Option<String> {
    let Some((number, alert)) = newest_of(incidents, base) else { return Some(base.to_owned()) };
    let incident = alert.incident.as_ref().and_then(|id| incidents.incidents.get(id));
    let is_over = incident.is_none_or(|incident| incident.status() == Status::Resolved);
    (wakes && is_over).then(|| format!("{base}.{}", number + 1))
}

/// An alert that is due.
struct Due {
    /// The trigger's, or the alert's.
    name: String,
    /// It wakes people up as this; `None`: nobody.
    severity: Option<String>,
}

/// Alerts that are due, the worst first. Of what was told it is one.
fn due(policy: &Policy, firing: &Firing<'_>, now: Timestamp) -> Vec<Due> {
    let holds = Length::seconds(u64::try_from(now.as_second() - firing.since.as_second()).unwrap_or(0));
    let about = policy.triggers.iter().filter(|trigger| is_about(trigger, firing.cause));
    let held = about.filter(|trigger| firing.told.is_some() || trigger.holds_for <= holds);
    let mut all: Vec<Due> = held
        .map(|trigger| Due { name: trigger.id.clone(), severity: severity(policy, trigger.then) })
        .collect();
    let own = match firing.cause {
        Cause::Alert { alert, pages: true, .. } => Some((alert, severity(policy, Reaction::Page))),
        Cause::Named { alert, severity: Some(wanted) } => Some((alert, Some(named(policy, wanted)))),
        _ => None,
    };
    if let Some((name, severity)) = own.filter(|_| all.iter().all(|due| due.severity.is_none())) {
        all.push(Due { name: name.to_owned(), severity });
    }
    all.sort_by_key(|due| due.severity.as_ref().map_or(usize::MAX, |severity| rank(policy, severity)));
    if let Some(told) = firing.told {
        all.truncate(1);
        if all.is_empty() {
            all.push(Due { name: told.alert.to_owned(), severity: None });
        }
    }
    all
}

/// To roll back is the worst; a page the mildest that wakes people, for nobody has judged it yet.
fn severity(policy: &Policy, then: Reaction) -> Option<String> {
    let severity = match then {
        Reaction::Warn | Reaction::Hold => return None,
        Reaction::RollBack => policy.severities.first(),
        Reaction::Page => {
            policy.severities.iter().rfind(|severity| severity.page).or(policy.severities.first())
        }
    };
    Some(severity.map_or_else(|| "unknown".to_owned(), |severity| severity.id.clone()))
}

/// The policy's own severity, else that of a page.
fn named(policy: &Policy, wanted: &str) -> String {
    let known = policy.severities.iter().find(|known| known.id.eq_ignore_ascii_case(wanted));
    let page = || severity(policy, Reaction::Page).unwrap_or_default();
    known.map_or_else(page, |known| known.id.clone())
}

/// From 1, the worst; one that the policy does not know is worse still.
fn rank(policy: &Policy, severity: &str) -> usize {
    policy.severities.iter().position(|known| known.id == severity).map_or(0, |place| place + 1)
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
        Cause::Trigger(known) => trigger.id == known.id,
        Cause::Named { alert, .. } => trigger.event.as_deref() == Some(alert),
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
    format!("{}:{}", firing.cause.id(), firing.environment)
}

/// The newest incident that it belongs to: of the same cause, or opened by one of its triggers, in the same environment, and nobody
/// says that service is back.
fn joinable<'a>(incidents: &'a Incidents, firing: &Firing<'_>, due: &[Due]) -> Option<&'a Incident> {
    let cause = firing.cause.id();
    let is_open = |incident: &&Incident| {
        incident.test.is_none() && matches!(incident.status(), Status::Open | Status::Acknowledged)
    };
    let belongs = |incident: &&Incident| {
        let of_incident = |alert: &&Alert| alert.incident.as_deref() == Some(incident.id());
        let alerts: Vec<&Alert> = incidents.alerts.values().filter(of_incident).collect();
        let here = |alert: &&Alert| alert.environment == firing.environment;
        let is_here = alerts.iter().any(here) || alerts.iter().all(|alert| alert.environment.is_empty());
        let by_due =
            matches!(&incident.opened.by, OpenedBy::Trigger(name) if due.iter().any(|due| due.name == *name));
        is_here && (by_due || alerts.iter().any(|alert| alert.cause == cause && here(alert)))
    };
    incidents.incidents.values().filter(is_open).filter(belongs).max_by_key(|incident| incident.opened.at)
}

fn title(firing: &Firing<'_>) -> String {
    let named = |title: &str, id: &str| if title.is_empty() { id.to_owned() } else { title.to_owned() };
    let title = match (firing.told, firing.cause) {
        (Some(told), _) => told.title.to_owned(),
        (None, Cause::Check(check)) => {
            format!("{} is down in {}", named(&check.title, &check.id), firing.environment)
        }
        (None, Cause::Alert { slo, alert, .. }) => {
            format!("{}: {alert} in {}", named(&slo.title, &slo.id), firing.environment)
        }
        (None, Cause::Trigger(trigger)) => trigger.id.clone(),
        (None, Cause::Named { alert, .. }) => alert.to_owned(),
    };
    one_line(&title).chars().take(TITLE_MOST).collect()
}
