//! Whether a person's word is wanted where a run stands. Folding cannot tell: it does not know the runbook.

use jiff::Timestamp;

use super::apply::Nonsense;
use super::begin::{CannotBegin, begins};
use super::event::{Event, Outcome, RunOutcome};
use super::next::{Doing, Next, Question, next};
use super::state::{RunState, Standing};
use crate::policy::Runbook;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwanted {
    /// No run can begin like this.
    #[error(transparent)]
    Beginning(#[from] CannotBegin),
    /// The rows before it speak against it.
    #[error(transparent)]
    Nonsense(#[from] Nonsense),
    /// No such step.
    #[error("the runbook has no step `{0}`")]
    NoSuchStep(String),
    /// A run ends when nothing is left to do, and as that says.
    #[error("the run is not over, or ended otherwise: do or skip what is left, or turn it back")]
    NotOver,
    /// Nobody asked.
    #[error("nobody is asked about step `{0}` now")]
    NotAsked(String),
}

/// Whether a command of a person may become this row, now.
///
/// # Errors
/// [`Unwanted`]: why not.
pub fn admits(runbook: &Runbook, state: &RunState, now: Timestamp, event: &Event) -> Result<(), Unwanted> {
    state.clone().apply(event)?;
    let step = match event {
        Event::RunBegan(body) => return Ok(begins(runbook, body)?),
        Event::Confirmed(body) => &body.step,
        Event::GoAheadGiven(body) => &body.step,
        Event::StepEnded(body) => &body.step,
        Event::StepStarted(body) => &body.step,
        Event::UndoStarted(body) => &body.step,
        Event::UndoEnded(body) => &body.step,
        Event::RunTakenOver(_) | Event::RunPaused(_) | Event::RunResumed(_) | Event::RunTurnedBack(_) => {
            return Ok(());
        }
        Event::RunEnded(body) if body.outcome == RunOutcome::Abandoned => return Ok(()),
        Event::RunEnded(body) => {
            let over =
                matches!(next(runbook, state, now), Next::Finished { outcome } if outcome == body.outcome);
            return if over { Ok(()) } else { Err(Unwanted::NotOver) };
        }
    };
    if !runbook.steps.iter().any(|known| known.id == *step) {
        return Err(Unwanted::NoSuchStep(step.clone()));
    }
    let next = next(runbook, state, now);
    let wanted = match event {
        Event::Confirmed(_) => match &next {
            Next::AskPerson { what: Doing::Step { step: asked, .. }, .. } => asked == step,
            Next::NeedsDecision { step: asked, why } => asked == step && *why != Question::Optional,
            _ => false,
        },
        Event::GoAheadGiven(_) => matches!(&next, Next::NeedsDecision { step: asked, .. } if asked == step),
        Event::StepEnded(body) => match (&body.outcome, &next) {
            (Outcome::Skipped { .. } | Outcome::Failed { .. }, Next::AskPerson { what, .. }) => {
                matches!(what, Doing::Step { step: asked, .. } if asked == step)
            }
            // A step that a machine is doing is stopped before it can be skipped.
            (Outcome::Skipped { .. }, _) => !matches!(state.standing(step), Standing::Open(_)),
            // What a machine is doing fails by itself; of what nobody knows, people may say so.
            (Outcome::Failed { .. }, Next::NeedsDecision { step: asked, why }) => {
                asked == step && matches!(why, Question::Interrupted | Question::InterruptedOften)
            }
            (Outcome::Failed { .. } | Outcome::Done | Outcome::TimedOut, _) => false,
        },
        Event::UndoEnded(body) if body.outcome != Outcome::TimedOut => {
            matches!(&next, Next::AskPerson { what: Doing::Undo { step: asked }, .. } if asked == step)
        }
        // Written by whoever does it.
        _ => false,
    };
    if wanted { Ok(()) } else { Err(Unwanted::NotAsked(step.clone())) }
}
