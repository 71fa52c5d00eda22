//! Success later on: whether what was hoped for has come, at the horizons of the policy.
//!
//! Enters: a release at a moment. Leaves: for each criterion met, not met or not known with why, and what follows. Never here: asking
//! anything; recording.
//!
//! A horizon counts from when the release was done, or is planned to be. It has failed if one of its musts is not met; nobody knows
//! while one of them is not known; else it has succeeded. Figures have to be newer than the release, answers as new as their checks
//! demand. Once a horizon has come it is judged by what was known then; what nobody could tell then, by what was taken within
//! [`LATE`] after it. A release that was rolled back before has failed, whatever its figures say.

mod criterion;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::moment::Moment;
use crate::policy::{Horizon, Need};
use crate::timing::{Timing, timing};
use crate::{Length, later};

/// The figure that says how much of an objective's error budget is left, in percent, is called this, then the objective's `id`:
/// `budget-left:availability`.
pub const BUDGET_LEFT: &str = "budget-left:";

/// So long after a horizon has come, what was not known then may still be found out.
pub const LATE: Length = Length::days(1);

/// A horizon at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Its `id` in the policy.
    pub horizon: String,
    /// For people.
    pub title: String,
    /// When it is judged; absent while nobody knows when the release is.
    pub due: Option<Timestamp>,
    /// The moment.
    pub at: Timestamp,
    /// What follows.
    pub outcome: Outcome,
    /// Of each need.
    pub must: Count,
    /// Of each need.
    pub should: Count,
    /// Of each need.
    pub nice: Count,
    /// In the policy's order.
    pub criteria: Vec<Judged>,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is too early to say.
    TooEarly,
    /// All musts are met.
    Succeeded,
    /// No must is known not to be met, and of one nobody knows.
    NotKnown,
    /// A must is not met.
    Failed,
}

/// How criteria of one need came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// As hoped.
    pub met: usize,
    /// Not so.
    pub not_met: usize,
    /// Nobody can tell.
    pub not_known: usize,
}

/// A criterion, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// Its `id` in the policy.
    pub id: String,
    /// For people.
    pub text: String,
    /// `must`, `should`, `nice`.
    pub need: String,
    /// How it came out.
    pub verdict: Verdict,
    /// What was compared, or why nobody can tell.
    pub why: String,
    /// The phase whose work it needs, with how far that has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milestone: Option<String>,
}

/// How a criterion came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As hoped.
    Met,
    /// Not so.
    NotMet,
    /// Nobody can tell.
    NotKnown,
}

/// All horizons, in the policy's order.
pub fn evaluations(moment: &Moment<'_>) -> Vec<Evaluation> {
    moment.policy().horizons.iter().map(|horizon| evaluate(moment, horizon)).collect()
}

/// How a horizon came out when it was judged, as it is recorded; `None` while it is not.
pub fn recorded<'a>(moment: &Moment<'a>, horizon: &str) -> Option<&'a Evaluation> {
    moment.service()?.horizon_judged(&moment.state.of, horizon)
}

/// Evaluations that are to be recorded now: horizons that have come and have no outcome yet, with the outcome that they have.
pub fn unrecorded(moment: &Moment<'_>) -> Vec<Evaluation> {
    let timing = timing(moment);
    // What never went has nothing to succeed in.
    if timing.done.is_none() && timing.undone.is_none() {
        return Vec::new();
    }
    let news = |horizon: &&Horizon| {
        let come = due(&timing, horizon).is_some_and(|due| due <= moment.now);
        come && recorded(moment, &horizon.id).is_none_or(|before| before.outcome == Outcome::NotKnown)
    };
    let fresh = |evaluation: &Evaluation| {
        evaluation.outcome != Outcome::NotKnown || recorded(moment, &evaluation.horizon).is_none()
    };
    let horizons = moment.policy().horizons.iter().filter(news);
    horizons.map(|horizon| evaluate(moment, horizon)).filter(fresh).collect()
}

/// One horizon, by its `id` or by how long after the release it is (`7d`); `None` when there is none.
pub fn evaluation(moment: &Moment<'_>, named: &str) -> Option<Evaluation> {
    let horizons = &moment.policy().horizons;
    let by_id = horizons.iter().find(|horizon| horizon.id == named);
    let by_length = || {
        let after = named.parse().ok()?;
        horizons.iter().find(|horizon| horizon.after == after)
    };
    by_id.or_else(by_length).map(|horizon| evaluate(moment, horizon))
}

/// When a horizon comes.
fn due(timing: &Timing, horizon: &Horizon) -> Option<Timestamp> {
    // Before its watch is over a release counts from its beginning: its first hours are part of what is judged.
    let from = timing.done.or(timing.undone.map(|undone| undone.done)).or(timing.begins);
    from.map(|from| later(from, horizon.after))
}

fn evaluate(moment: &Moment<'_>, horizon: &Horizon) -> Evaluation {
    let timing = timing(moment);
    let due = due(&timing, horizon);
    let over = due.filter(|due| *due <= moment.now);
    let mut criteria = judged(moment, &timing, horizon, over);
    if let Some(late) = over.map(|due| later(due, LATE).min(moment.now))
        && criteria.iter().any(|(_, judged)| judged.verdict == Verdict::NotKnown)
    {
        let again = judged(moment, &timing, horizon, Some(late));
        for (before, now) in criteria.iter_mut().zip(again) {
            if before.1.verdict == Verdict::NotKnown {
                *before = now;
            }
        }
    }
    if let Some(undone) = timing.undone.filter(|undone| due.is_none_or(|due| undone.at <= due)) {
        criteria.push((Need::Must, rolled_back(undone.at)));
    }
    let count = |need: Need| {
        let of = criteria.iter().filter(|(other, _)| *other == need);
        of.fold(Count::default(), |mut count, (_, judged)| {
            match judged.verdict {
                Verdict::Met => count.met += 1,
                Verdict::NotMet => count.not_met += 1,
                Verdict::NotKnown => count.not_known += 1,
            }
            count
        })
    };
    let must = count(Need::Must);
    let outcome = if due.is_none_or(|due| moment.now < due) { Outcome::TooEarly } else { outcome(must) };
    Evaluation {
        horizon: horizon.id.clone(),
        title: horizon.title.clone(),
        due,
        at: moment.now,
        outcome,
        must,
        should: count(Need::Should),
        nice: count(Need::Nice),
        criteria: criteria.into_iter().map(|(_, judged)| judged).collect(),
    }
}

/// All criteria of a horizon, by what was known at that moment, or is now.
fn judged(
    moment: &Moment<'_>,
    timing: &Timing,
    horizon: &Horizon,
    by: Option<Timestamp>,
) -> Vec<(Need, Judged)> {
    let service = &moment.policy().service.name;
    let state = by.map(|by| moment.ledger.state_by(service, &moment.state.of, by));
    let then =
        &Moment { state: state.as_ref().unwrap_or(moment.state), now: by.unwrap_or(moment.now), ..*moment };
    let due = due(timing, horizon);
    let judge = |criterion| criterion::judge(then, timing, criterion, due);
    horizon.criteria.iter().map(|criterion| (criterion.need, judge(criterion))).collect()
}

/// What stands against a release that is no longer there, beside the policy's own criteria.
fn rolled_back(at: Timestamp) -> Judged {
    Judged {
        id: "rolled-back".to_owned(),
        text: "It was not rolled back".to_owned(),
        need: "must".to_owned(),
        verdict: Verdict::NotMet,
        why: format!("it was rolled back at {at}"),
        milestone: None,
    }
}

fn outcome(must: Count) -> Outcome {
    match (must.not_met, must.not_known) {
        (0, 0) => Outcome::Succeeded,
        (0, _) => Outcome::NotKnown,
        (_, _) => Outcome::Failed,
    }
}
