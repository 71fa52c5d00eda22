//! The way back: what is undone, in which order, and what is left.

use jiff::Timestamp;

use super::event::RunOutcome;
use super::next::{Doing, Next, StopWhy, waited_for};
use super::state::RunState;
use super::step::{by_person, only_reads, time_allowed, title};
use crate::later;
use crate::policy::{Runbook, RunbookStep};

/// What comes next on the way back.
pub(super) fn back(runbook: &Runbook, state: &RunState, now: Timestamp) -> Next {
    if let Some((step, attempt)) = state.open() {
        let what = Doing::Step { step: step.to_owned(), attempt: attempt.number };
        return Next::Stop { what, why: StopWhy::TurnedBack };
    }
    for step in runbook.steps.iter().rev() {
        let Some(action) = step.undo.as_ref().filter(|_| state.may_be_done(&step.id)) else {
            continue;
        };
        let Some(undo) = state.undos.get(&step.id) else {
            if state.paused.is_some() {
                return Next::WaitFor { what: None, until: None };
            }
            return Next::Undo { step: step.id.clone(), deadline: later(now, time_allowed(step)) };
        };
        let for_people = by_person(Some(action), title(step)).is_some();
        // An undo is run once: one of unknown fate is left to people, and the rest goes on.
        if undo.end.is_none() && (for_people || !undo.interrupted) {
            let what = Doing::Undo { step: step.id.clone() };
            return match waited_for(what, Some(action), step, undo.started, now) {
                Next::AskPerson { what, role, text, planned } => {
                    Next::AskPerson { what, role: role.or_else(|| runbook.run_by.clone()), text, planned }
                }
                other => other,
            };
        }
    }
    let undone = state.undos.values().any(|undo| undo.done());
    let nothing_left = undone && left_behind(runbook, state).is_empty();
    Next::Finished { outcome: if nothing_left { RunOutcome::RolledBack } else { RunOutcome::Failed } }
}

/// Steps that may have been done and change something, and that were not undone: for people to look at, latest first.
pub fn left_behind<'a>(runbook: &'a Runbook, state: &RunState) -> Vec<&'a str> {
    let undone = |step: &RunbookStep| state.undos.get(&step.id).is_some_and(|undo| undo.done());
    let reads = |step: &RunbookStep| step.action.as_ref().is_some_and(only_reads);
    let left = |step: &&RunbookStep| state.may_be_done(&step.id) && !reads(step) && !undone(step);
    runbook.steps.iter().rev().filter(left).map(|step| step.id.as_str()).collect()
}
