//! How long a run took, beside its budgets.
//!
//! Steps follow each other, so what each took, with what was spent between them, is the whole run, exactly. A step
//! takes from the start of its first attempt to the end of its last: retries, and waiting for a decision in between,
//! are part of it. Steps marked `after_service` are listed, but part of no total: the limit is about the time until
//! service is back.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use super::event::RunOutcome;
use super::state::{RunState, Standing, StepState, UndoState};
use crate::policy::{Runbook, RunbookStep};
use crate::{Budget, Length};

/// A measured time against a planned one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// It has not happened.
    NotRun,
    /// Nobody has said how long it may take.
    Unplanned,
    /// Quicker than the least by so much.
    Under(SignedDuration),
    /// Between the least and the most.
    Within,
    /// Longer than the most by so much.
    Over(SignedDuration),
}

/// What is left of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slack {
    /// The runbook has none.
    NoLimit,
    /// So much is left.
    Left(SignedDuration),
    /// It was missed by so much.
    Missed(SignedDuration),
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepTime {
    /// Which.
    pub step: String,
    /// Least and most.
    pub planned: Option<Budget>,
    /// From its first start to its last end, or to the moment of the question; `None`: it never started.
    pub took: Option<SignedDuration>,
    /// How often it was tried.
    pub attempts: u32,
    /// Where it stands, in a word: `done`, `failed`, `skipped` and so on.
    pub standing: &'static str,
    /// Compared.
    pub against: Against,
    /// The service does not answer meanwhile.
    pub outage: bool,
    /// Part of the totals.
    pub counts: bool,
}

/// One undo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoTime {
    /// Of which step.
    pub step: String,
    /// From its start to its end; `None`: its end is not known.
    pub took: Option<SignedDuration>,
    /// It came out as it should.
    pub done: bool,
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// In the runbook's order.
    pub steps: Vec<StepTime>,
    /// In the order they were begun.
    pub undos: Vec<UndoTime>,
    /// The sum of the budgets that count; steps without one add nothing.
    pub planned: Budget,
    /// Steps that count and have no budget.
    pub unplanned: usize,
    /// The sum of what the steps that count took.
    pub worked: SignedDuration,
    /// Between them: pauses, decisions, the engine itself.
    pub between: SignedDuration,
    /// From the beginning to the end of the last step that counts: `worked` and `between`.
    pub total: SignedDuration,
    /// It must be over by then.
    pub limit: Option<Length>,
    /// `limit` less `total`.
    pub slack: Slack,
    /// The sum of the budgets of steps with an outage.
    pub outage_planned: Budget,
    /// From the start of the first to the end of the last step of each row of steps with an outage: the service does
    /// not come back while somebody decides in between.
    pub outage: SignedDuration,
    /// The last step that was begun has an outage: nothing shows that the service came back.
    pub outage_open: bool,
    /// How the run ended, if it has.
    pub outcome: Option<RunOutcome>,
}

/// How long a run took up to `now`, or its end. Clocks that step back give nothing, never less.
pub fn timing(runbook: &Runbook, state: &RunState, now: Timestamp) -> Timing {
    let now = state.ended.as_ref().map_or(now, |ended| ended.at);
    let counted = || runbook.steps.iter().filter(|step| !step.after_service);
    let budgets =
        |steps: &mut dyn Iterator<Item = &RunbookStep>| steps.filter_map(|step| step.budget).sum::<Budget>();
    let steps: Vec<StepTime> = runbook.steps.iter().map(|step| step_time(step, state, now)).collect();
    let worked = sum(steps.iter().filter(|step| step.counts).filter_map(|step| step.took));
    let total = total(runbook, state, now).max(worked);
    let slack = match runbook.limit.map(|limit| SignedDuration::from_secs(limit.signed_seconds())) {
        None => Slack::NoLimit,
        Some(limit) if total <= limit => Slack::Left(limit - total),
        Some(limit) => Slack::Missed(total - limit),
    };
    let (outage, outage_open) = outage(runbook, state, now);
    let mut undos: Vec<(&String, &UndoState)> = state.undos.iter().collect();
    undos.sort_by_key(|(_, undo)| undo.started);
    let undo_time = |(step, undo): (&String, &UndoState)| UndoTime {
        step: step.clone(),
        took: undo.end.as_ref().map(|end| between(undo.started, end.at)),
        done: undo.done(),
    };
    Timing {
        undos: undos.into_iter().map(undo_time).collect(),
        planned: budgets(&mut counted()),
        unplanned: counted().filter(|step| step.budget.is_none()).count(),
        worked,
        between: total.saturating_sub(worked),
        total,
        limit: runbook.limit,
        slack,
        outage_planned: budgets(&mut counted().filter(|step| step.outage)),
        outage,
        outage_open,
        outcome: state.ended.as_ref().map(|ended| ended.outcome),
        steps,
    }
}

fn step_time(step: &RunbookStep, state: &RunState, now: Timestamp) -> StepTime {
    let known = state.steps.get(&step.id);
    let took = known.and_then(|known| span(known, now)).map(|(from, to)| between(from, to));
    let against = match (took, step.budget) {
        (None, _) => Against::NotRun,
        (Some(_), None) => Against::Unplanned,
        (Some(took), Some(budget)) => {
            let least = SignedDuration::from_secs(budget.least.signed_seconds());
            let most = SignedDuration::from_secs(budget.most.signed_seconds());
            if took > most {
                Against::Over(took - most)
            } else if took < least {
                Against::Under(least - took)
            } else {
                Against::Within
            }
        }
    };
    StepTime {
        step: step.id.clone(),
        planned: step.budget,
        took,
        attempts: known.map_or(0, |known| known.coming() - 1),
        standing: word(state.standing(&step.id)),
        against,
        outage: step.outage,
        counts: !step.after_service,
    }
}

/// From its first start to its last end.
fn span(step: &StepState, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let from = step.attempts.first()?.started;
    let last = step.attempts.last()?;
    let end = step.skipped.as_ref().or(last.end.as_ref()).map_or(now, |end| end.at);
    Some((from, end.max(from)))
}

fn total(runbook: &Runbook, state: &RunState, now: Timestamp) -> SignedDuration {
    let Some(began) = &state.began else {
        return SignedDuration::ZERO;
    };
    let counted = runbook.steps.iter().filter(|step| !step.after_service);
    let ends = counted.filter_map(|step| span(state.steps.get(&step.id)?, now)).map(|(_, end)| end);
    ends.max().map_or(SignedDuration::ZERO, |end| between(began.at, end))
}

fn outage(runbook: &Runbook, state: &RunState, now: Timestamp) -> (SignedDuration, bool) {
    let mut whole = SignedDuration::ZERO;
    let mut row: Option<(Timestamp, Timestamp)> = None;
    for step in &runbook.steps {
        let Some((from, to)) = state.steps.get(&step.id).and_then(|step| span(step, now)) else {
            continue;
        };
        row = match row {
            Some((since, _)) if step.outage => Some((since, to)),
            None if step.outage => Some((from, to)),
            Some((since, until)) => {
                whole = whole.saturating_add(between(since, until));
                None
            }
            None => None,
        };
    }
    let open = row.is_some() && state.ended.as_ref().is_none_or(|ended| ended.outcome != RunOutcome::Done);
    let rest = row.map_or(SignedDuration::ZERO, |(since, until)| between(since, until));
    (whole.saturating_add(rest), open)
}

fn between(from: Timestamp, to: Timestamp) -> SignedDuration {
    to.duration_since(from).max(SignedDuration::ZERO)
}

fn sum(lengths: impl Iterator<Item = SignedDuration>) -> SignedDuration {
    lengths.fold(SignedDuration::ZERO, SignedDuration::saturating_add)
}

const fn word(standing: Standing<'_>) -> &'static str {
    match standing {
        Standing::Untouched => "not run",
        Standing::Open(_) => "open",
        Standing::InDoubt(_) => "in doubt",
        Standing::Done(_) => "done",
        Standing::Skipped(_) => "skipped",
        Standing::Failed(_) => "failed",
        Standing::TimedOut(_) => "timed out",
    }
}

impl Timing {
    /// A table for people, in Markdown.
    pub fn text(&self) -> String {
        let mut text = "| step | planned | took | against | |\n|---|---|---|---|---|\n".to_owned();
        for step in &self.steps {
            let planned = step.planned.map_or_else(|| "-".to_owned(), |budget| budget.to_string());
            let took = step.took.map_or_else(|| "-".to_owned(), shown);
            let against = match step.against {
                Against::NotRun | Against::Unplanned => String::new(),
                Against::Under(by) => format!("{} under", shown(by)),
                Against::Within => "within".to_owned(),
                Against::Over(by) => format!("{} over", shown(by)),
            };
            // Writing to a text cannot fail.
            let _ = writeln!(text, "| {} | {planned} | {took} | {against} | {} |", step.step, step.standing);
        }
        let slack = match self.slack {
            Slack::NoLimit => "no limit".to_owned(),
            Slack::Left(by) => format!("{} left", shown(by)),
            Slack::Missed(by) => format!("{} over the limit", shown(by)),
        };
        let (planned, total) = (self.planned, shown(self.total));
        let _ = writeln!(text, "| total | {planned} | {total} | {slack} | |");
        let open = if self.outage_open { "not over" } else { "" };
        let _ = writeln!(text, "| outage | {} | {} | | {open} |", self.outage_planned, shown(self.outage));
        text
    }
}

/// `2m3.5s`: whole minutes, then seconds to a tenth, rounded down.
pub fn shown(length: SignedDuration) -> String {
    let (seconds, tenth) = (length.as_secs(), length.subsec_millis() / 100);
    let whole = Length::seconds(u64::try_from(seconds).unwrap_or(0));
    match tenth {
        0 => whole.to_string(),
        tenth if seconds % 60 == 0 && seconds > 0 => format!("{whole}0.{tenth}s"),
        tenth => format!("{}.{tenth}s", whole.to_string().trim_end_matches('s')),
    }
}
