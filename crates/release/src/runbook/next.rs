//! The one thing that comes next.

use jiff::Timestamp;

use super::back::back;
use super::event::RunOutcome;
use super::state::{Attempt, RunState, Standing, StepState};
use super::step::{INTERRUPTIONS, by_person, repeatable, time_allowed, title};
use crate::later;
use crate::policy::{Action, Runbook, RunbookStep};

/// What is going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doing {
    /// A step is being done.
    Step {
        /// Which.
        step: String,
        /// Which time.
        attempt: u32,
    },
    /// A step is being undone.
    Undo {
        /// Which.
        step: String,
    },
}

/// Why something is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopWhy {
    /// Its time is over: it ends as timed out.
    Late,
    /// A person turned the run back: it ends as timed out, since half of it may be done.
    TurnedBack,
}

/// Why a person has to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Not every run needs the step: a go-ahead, or skip it.
    Optional,
    /// The process that did it was gone before its end was written: confirm it, skip it, call it failed, or a
    /// go-ahead for another attempt.
    Interrupted,
    /// As before, of a step that may be repeated, but was interrupted [`INTERRUPTIONS`] times.
    InterruptedOften,
    /// It was stopped in the middle, and may not be repeated by itself: confirm it, skip it, turn back, or a go-ahead
    /// for another attempt.
    TimedOut,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Write that the step started, then do it.
    Start {
        /// Which.
        step: String,
        /// Which time, from 1.
        attempt: u32,
        /// It is stopped then, if it starts now.
        deadline: Timestamp,
    },
    /// Wait for what is going on; nothing goes on: for the run to begin, or to be resumed.
    WaitFor {
        /// What.
        what: Option<Doing>,
        /// Until then at most.
        until: Option<Timestamp>,
    },
    /// Stop it, and write how it ended.
    Stop {
        /// What.
        what: Doing,
        /// Why.
        why: StopWhy,
    },
    /// A person does it and says so.
    AskPerson {
        /// What it is part of.
        what: Doing,
        /// Who, if the runbook says so.
        role: Option<String>,
        /// What to do.
        text: String,
        /// Planned to be over by then, where the step has a budget; nobody is stopped.
        planned: Option<Timestamp>,
    },
    /// Write that the undo started, then undo the step.
    Undo {
        /// Which.
        step: String,
        /// It is stopped then, if it starts now.
        deadline: Timestamp,
    },
    /// It is over: write that it ended, unless that is written.
    Finished {
        /// How.
        outcome: RunOutcome,
    },
    /// Nothing goes on before a person has decided.
    NeedsDecision {
        /// About which step.
        step: String,
        /// Why.
        why: Question,
    },
}

/// What comes next in a run. Asked twice with the same arguments, it says the same.
pub fn next(runbook: &Runbook, state: &RunState, now: Timestamp) -> Next {
    if state.began.is_none() {
        return Next::WaitFor { what: None, until: None };
    }
    if let Some(ended) = &state.ended {
        return Next::Finished { outcome: ended.outcome };
    }
    if state.turned_back.is_some() || !state.undos.is_empty() {
        return back(runbook, state, now);
    }
    for step in &runbook.steps {
        match forward(step, state, now) {
            Forward::Over => {}
            Forward::Next(Next::Start { .. }) if state.paused.is_some() => {
                return Next::WaitFor { what: None, until: None };
            }
            Forward::Next(Next::AskPerson { what, role, text, planned }) => {
                let role = role.or_else(|| runbook.run_by.clone());
                return Next::AskPerson { what, role, text, planned };
            }
            Forward::Next(next) => return next,
            Forward::Back => return back(runbook, state, now),
        }
    }
    Next::Finished { outcome: RunOutcome::Done }
}

/// What one step wants.
enum Forward {
    /// Nothing more.
    Over,
    /// This, before any other step.
    Next(Next),
    /// It failed for good.
    Back,
}

fn forward(step: &RunbookStep, state: &RunState, now: Timestamp) -> Forward {
    let untouched = StepState::default();
    let known = state.steps.get(&step.id).unwrap_or(&untouched);
    let ask = |why| Forward::Next(Next::NeedsDecision { step: step.id.clone(), why });
    let start = || {
        let deadline = later(now, time_allowed(step));
        Forward::Next(Next::Start { step: step.id.clone(), attempt: known.coming(), deadline })
    };
    let tries_left = known.failures() <= usize::try_from(step.retries).unwrap_or(usize::MAX);
    match known.standing() {
        Standing::Done(_) | Standing::Skipped(_) => Forward::Over,
        Standing::Untouched if step.optional && !known.cleared() => ask(Question::Optional),
        Standing::Untouched => start(),
        Standing::Open(attempt) => Forward::Next(going_on(step, attempt, now)),
        Standing::InDoubt(attempt) if for_people(step) => Forward::Next(going_on(step, attempt, now)),
        Standing::InDoubt(_) if known.cleared() => start(),
        Standing::InDoubt(_) if !repeatable(step) => ask(Question::Interrupted),
        Standing::InDoubt(_) if known.interruptions() >= INTERRUPTIONS => ask(Question::InterruptedOften),
        Standing::InDoubt(_) => start(),
        Standing::TimedOut(_) if known.cleared() => start(),
        Standing::TimedOut(_) if tries_left && !repeatable(step) => ask(Question::TimedOut),
        Standing::Failed(_) | Standing::TimedOut(_) if tries_left => start(),
        Standing::Failed(_) | Standing::TimedOut(_) => Forward::Back,
    }
}

fn for_people(step: &RunbookStep) -> bool {
    by_person(step.action.as_ref(), title(step)).is_some()
}

fn going_on(step: &RunbookStep, attempt: &Attempt, now: Timestamp) -> Next {
    let what = Doing::Step { step: step.id.clone(), attempt: attempt.number };
    waited_for(what, step.action.as_ref(), step, attempt.started, now)
}

/// A person is asked, a machine is waited for, until it has to be stopped.
pub(super) fn waited_for(
    what: Doing,
    action: Option<&Action>,
    step: &RunbookStep,
    started: Timestamp,
    now: Timestamp,
) -> Next {
    if let Some((role, text)) = by_person(action, title(step)) {
        let planned = step.budget.map(|budget| later(started, budget.most));
        return Next::AskPerson { what, role: role.map(str::to_owned), text: text.to_owned(), planned };
    }
    let until = later(started, time_allowed(step));
    if now >= until {
        return Next::Stop { what, why: StopWhy::Late };
    }
    Next::WaitFor { what: Some(what), until: Some(until) }
}
