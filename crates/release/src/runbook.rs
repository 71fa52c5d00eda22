//! What comes next in a runbook that is being run.
//!
//! Enters: a runbook of a policy, what has happened in a run of it, a moment. Leaves: the one next thing to do
//! ([`next()`]), the times beside the budgets ([`timing()`]), which checks a run proves ([`proofs()`]). Never here:
//! doing it, a clock, who may say what.
//!
//! The shell's loop: ask [`next()`], write the row that it leads to, and only then act. Whatever was going on when a
//! process died is of unknown fate: the process that goes on with the run writes [`RunTakenOver`] first. Steps that
//! may be done twice are then begun again; for all others a person says whether they are done, to be done again or
//! skipped.
//!
//! A step that fails, after its retries, turns the run back: the undos of what may have been done are run in the
//! opposite order, each once. One that fails is said, and the rest goes on. A step that itself ended in failure
//! counts as not done: what has to be undone after half of it is better two steps. One that was stopped in the
//! middle, or whose fate nobody knows, counts as done here.
//!
//! A run belongs to the policy whose digest is in [`RunBegan`]: it ends by that text, whatever the policy says by
//! then.

mod admit;
mod apply;
mod back;
mod begin;
pub mod event;
mod next;
mod proof;
mod state;
mod step;
mod timing;

pub use admit::{Unwanted, admits};
pub use apply::Nonsense;
pub use back::left_behind;
pub use begin::{CannotBegin, begins};
pub use event::{
    Event, Outcome, RunBegan, RunEnded, RunOutcome, RunPaused, RunResumed, RunTakenOver, RunTurnedBack,
};
pub use next::{Doing, Next, Question, StopWhy, next};
pub use proof::{Proof, ProofKind, proofs};
pub use state::{Attempt, End, RunState, Standing, StepState, UndoState};
pub use step::{INTERRUPTIONS, LEAST_TIME, TIME_WITHOUT_BUDGET, repeatable, role_of, time_allowed};
pub use timing::{Against, Slack, StepTime, Timing, UndoTime, shown, timing};

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
