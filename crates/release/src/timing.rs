//! When a release begins and when it is done: as it happened, or as it is planned.
//!
//! Enters: a release at a moment. Leaves: the two moments and how they are known. Never here: whether it may begin (that is `window`).

use jiff::Timestamp;
use serde::Serialize;

use crate::calendar::Calendars;
use crate::day::Days;
use crate::moment::Moment;
use crate::policy::{Policy, Purpose, Task};
use crate::promotion::deployments;
use crate::window::{Needs, Timetable};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timing {
    /// When it begins; absent while nobody knows.
    pub begins: Option<Timestamp>,
    /// How that is known.
    pub by: KnownBy,
    /// When it is over, with its watch; absent while nobody knows.
    pub over: Option<Timestamp>,
    /// It was done then: a runbook that deploys ended so, and was not rolled back.
    pub done: Option<Timestamp>,
    /// It had been done, and was rolled back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undone: Option<Undone>,
}

/// A release that was done, and then rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// When it was done.
    pub done: Timestamp,
    /// When the roll-back began.
    pub at: Timestamp,
}

/// How the beginning is known, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// It has begun: by the newest run.
    Run,
    /// The roll-out names a time of day on day 0.
    Rollout,
    /// The task of the plan that runs the deploying runbook has one.
    Task,
    /// The first window on day 0.
    Window,
    /// Only the day is known: its first moment.
    Day,
    /// Day 0 has no date.
    Nothing,
}

/// Finds them.
pub fn timing(moment: &Moment<'_>) -> Timing {
    let policy = moment.policy();
    let runs = moment
        .state
        .release
        .as_ref()
        .map(|release| deployments(moment.ledger, policy, &release.artefact, &release.environment));
    let last = runs.as_ref().and_then(|runs| runs.last());
    let (begins, by) = match last {
        Some(run) => (Some(run.began), KnownBy::Run),
        None => planned(policy, &moment.days(), moment.calendars),
    };
    let done = last.filter(|run| run.done).and_then(|run| run.ended);
    let undone = last.and_then(|run| Some(Undone { done: run.ended?, at: run.undone? }));
    let needs = Needs::of(policy).length.signed_seconds();
    let over = begins.and_then(|at| at.checked_add(jiff::SignedDuration::from_secs(needs)).ok());
    Timing { begins, by, over, done, undone }
}

/// When a release is planned to begin, before anything has happened.
pub fn planned(policy: &Policy, days: &Days, calendars: &Calendars) -> (Option<Timestamp>, KnownBy) {
    let Some(midnight) = days.begin(0, None) else { return (None, KnownBy::Nothing) };
    let at = policy.rollout.as_ref().and_then(|rollout| rollout.at.as_deref());
    if let Some(at) = at.and_then(|at| days.begin(0, Some(at))) {
        return (Some(at), KnownBy::Rollout);
    }
    let deploys = |task: &&Task| {
        let runbook = policy.runbooks.iter().find(|runbook| Some(&runbook.id) == task.runbook.as_ref());
        task.day == 0 && runbook.is_some_and(|runbook| runbook.purpose == Purpose::Deploy)
    };
    let task = policy.plan.tasks.iter().find(deploys).and_then(|task| task.from.as_deref());
    if let Some(at) = task.and_then(|from| days.begin(0, Some(from))) {
        return (Some(at), KnownBy::Task);
    }
    let end = days.end(0, None);
    let window = Timetable::new(policy, calendars)
        .ok()
        .and_then(|timetable| timetable.next(midnight, 1).openings.first().map(|opening| opening.from));
    match window.filter(|from| *from > midnight && end.is_some_and(|end| *from < end)) {
        Some(from) => (Some(from), KnownBy::Window),
        None => (Some(midnight), KnownBy::Day),
    }
}
