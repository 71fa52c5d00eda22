//! Success later on: whether what was hoped for has come, at the horizons of the policy.
//!
//! Enters: a release at a moment. Leaves: for each criterion met, not met or not known with why, and what follows. Never here: asking
//! anything; recording.
//!
//! A horizon counts from when the release was done, or is planned to be. It has failed if one of its musts is not met; nobody knows
//! while one of them is not known; else it has succeeded. Figures have to be newer than the release, answers as new as their checks
//! demand.

mod criterion;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ledger::event::Event;
use crate::meeting::later;
use crate::moment::Moment;
use crate::policy::{Horizon, Need};
use crate::timing::timing;

/// The figure that says how much of an objective's error budget is left, in percent, is called this, then the objective's `id`:
/// `budget-left:availability`.
pub const BUDGET_LEFT: &str = "budget-left:";

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
    let rows = moment.service().map_or(&[][..], |service| &service.records);
    rows.iter().rev().find_map(|event| match event {
        Event::HorizonJudged(row) if row.release == moment.state.of && row.evaluation.horizon == horizon => {
            Some(&row.evaluation)
        }
        _ => None,
    })
}

/// Evaluations that are to be recorded now: horizons that have come and have no outcome yet, with the outcome that they have.
pub fn unrecorded(moment: &Moment<'_>) -> Vec<Evaluation> {
    let news = |evaluation: &Evaluation| {
        let before = recorded(moment, &evaluation.horizon).map(|recorded| recorded.outcome);
        match (before, evaluation.outcome) {
            (_, Outcome::TooEarly) => false,
            (None, _) => true,
            (Some(before), now) => before == Outcome::NotKnown && now != Outcome::NotKnown,
        }
    };
    // What never went has nothing to succeed in.
    let went = timing(moment).done.is_some();
    evaluations(moment).into_iter().filter(|evaluation| went && news(evaluation)).collect()
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

fn evaluate(moment: &Moment<'_>, horizon: &Horizon) -> Evaluation {
    let timing = timing(moment);
    // Before its watch is over a release counts from its beginning: its first hours are part of what is judged.
    let from = timing.done.or(timing.begins);
    let due = from.map(|from| later(from, horizon.after));
    let criteria: Vec<(Need, Judged)> = horizon
        .criteria
        .iter()
        .map(|criterion| (criterion.need, criterion::judge(moment, &timing, criterion, due)))
        .collect();
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

fn outcome(must: Count) -> Outcome {
    match (must.not_met, must.not_known) {
        (0, 0) => Outcome::Succeeded,
        (0, _) => Outcome::NotKnown,
        (_, _) => Outcome::Failed,
    }
}
