//! An SLO of a policy, ready for use: its budget, its queries, its alerts, its names.
//!
//! Enters: a policy, calendars, the day for which session time is counted. Leaves: objectives, or all faults
//! together. Never here: text for other programs.

use jiff::civil::Date;

use super::budget::ErrorBudget;
use super::burn::{Burn, burn_alerts};
use super::sessions::{SessionTime, session_time};
use super::signal::Signal;
use crate::Length;
use crate::calendar::Calendars;
use crate::policy::{Policy, Purpose, Slo};

/// One objective.
#[derive(Clone, Debug)]
pub struct Objective {
    /// As the policy has it.
    pub slo: Slo,
    /// Of which service.
    pub service: String,
    /// What may be bad.
    pub budget: ErrorBudget,
    /// What is asked.
    pub signal: Signal,
    /// Session time in the period, where traffic is in sessions.
    pub sessions: Option<SessionTime>,
    /// Its alerts.
    pub burn: Burn,
    /// The runbook for whoever is called, if the policy has one.
    pub runbook: Option<String>,
}

/// An SLO that cannot be watched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("slo `{slo}`: {words}")]
pub struct SloFault {
    /// Which.
    pub slo: String,
    /// The field, what is wrong with it, what would be right.
    pub words: String,
}

/// All objectives of a policy, in its order. Session time is that of the period that ends before `until` (a date
/// where the market is): it changes from day to day, so that rules are written anew about once a month.
///
/// # Errors
/// [`SloFault`], all of them.
pub fn objectives(
    policy: &Policy,
    calendars: &Calendars,
    until: Date,
) -> Result<Vec<Objective>, Vec<SloFault>> {
    let mut all = Vec::new();
    let mut faults = Vec::new();
    for (place, slo) in policy.slos.iter().enumerate() {
        let again = policy.slos[..place].iter().any(|other| other.id == slo.id);
        let read = match again {
            true => Err("there are two of this name".to_owned()),
            false => objective(policy, slo, calendars, until),
        };
        match read {
            Ok(objective) => all.push(objective),
            Err(words) => faults.push(SloFault { slo: slo.id.clone(), words }),
        }
    }
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

fn objective(policy: &Policy, slo: &Slo, calendars: &Calendars, until: Date) -> Result<Objective, String> {
    if !is_id(&slo.id) {
        return Err("its `id` has to be of letters, digits and `-`".to_owned());
    }
    let budget = ErrorBudget::of(slo).map_err(|error| error.to_string())?;
    let signal = Signal::read(&slo.indicator)?;
    let sessions = match (slo.in_sessions, &policy.service.sessions) {
        (false, _) => None,
        (true, None) => {
            return Err("it is `in_sessions`, but `service.sessions` names no calendar".to_owned());
        }
        (true, Some(name)) => Some(
            session_time(calendars, name, until, slo.period)
                .map_err(|error| format!("it is `in_sessions`, but {error}"))?,
        ),
    };
    let burn = burn_alerts(budget, sessions, signal.pace(), slo.at_least_events);
    Ok(Objective {
        slo: slo.clone(),
        service: policy.service.name.clone(),
        budget,
        signal,
        sessions,
        burn,
        runbook: incident_runbook(policy),
    })
}

/// True for letters, digits and `-`.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The runbook for incidents: the first that is for them.
pub(super) fn incident_runbook(policy: &Policy) -> Option<String> {
    policy
        .runbooks
        .iter()
        .find(|runbook| runbook.purpose == Purpose::Incident)
        .map(|runbook| runbook.id.clone())
}

impl Objective {
    /// The name in names of series: the `id` with `_` for `-`, which no `id` has.
    pub fn key(&self) -> String {
        self.slo.id.replace('-', "_")
    }

    /// The title, or the `id` where there is none.
    pub fn title(&self) -> &str {
        if self.slo.title.is_empty() { &self.slo.id } else { &self.slo.title }
    }

    /// Name of the recorded share of bad events over a window.
    pub fn error_ratio(&self, window: Length) -> String {
        format!("slo:{}:error_ratio:rate{window}", self.key())
    }

    /// Name of the recorded number of events in a window.
    pub fn events(&self, window: Length) -> String {
        format!("slo:{}:events:increase{window}", self.key())
    }

    /// Name of the recorded share of a window in which there was traffic.
    pub fn active(&self, window: Length) -> String {
        format!("slo:{}:active:ratio{window}", self.key())
    }

    /// Name of the recorded share of the budget that is left, 1 to below 0.
    pub fn budget_left(&self) -> String {
        format!("slo:{}:budget_left:ratio", self.key())
    }

    /// Name of an alert about it.
    pub fn alert(&self, name: &str) -> String {
        format!("slo_{}_{name}", self.key())
    }

    /// Every window of its alerts, and five minutes, shortest first.
    pub fn windows(&self) -> Vec<Length> {
        let alerts = self.burn.alerts.iter().flat_map(|alert| [alert.short, alert.long]);
        let mut windows: Vec<Length> = alerts.chain([Length::minutes(5)]).collect();
        windows.sort_unstable();
        windows.dedup();
        windows
    }

    /// The long windows of its alerts, shortest first.
    pub fn long_windows(&self) -> Vec<Length> {
        let mut windows: Vec<Length> = self.burn.alerts.iter().map(|alert| alert.long).collect();
        windows.sort_unstable();
        windows.dedup();
        windows
    }
}
