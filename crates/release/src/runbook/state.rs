//! What is known about one run.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::event::{Outcome, RunBegan, RunEnded, RunPaused, RunTurnedBack};

/// The rows of one run, folded. Knows nothing of the runbook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunState {
    /// How it began; `None`: it has not.
    pub began: Option<RunBegan>,
    /// Steps that were touched, by id.
    pub steps: BTreeMap<String, StepState>,
    /// Steps that were undone or are being undone, by id.
    pub undos: BTreeMap<String, UndoState>,
    /// Nothing new is begun.
    pub paused: Option<RunPaused>,
    /// A person wants back what was done.
    pub turned_back: Option<RunTurnedBack>,
    /// How it ended.
    pub ended: Option<RunEnded>,
    /// Rows that make no sense where they stand: they change nothing else.
    pub nonsense: u64,
}

/// What is known about one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepState {
    /// In order; numbers count from 1.
    pub attempts: Vec<Attempt>,
    /// A person passed it over.
    pub skipped: Option<End>,
    /// A person said that it may begin, for this attempt.
    pub go_ahead: Option<u32>,
}

/// One attempt at a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// Written before anything was done.
    pub started: Timestamp,
    /// How it came out, if anyone knows.
    pub end: Option<End>,
    /// The process that did it was gone before its end was written.
    pub interrupted: bool,
}

/// How something ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// How.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
    /// The person who says so, if one does.
    pub by: Option<String>,
    /// Digest of what was written.
    pub output: Option<String>,
}

/// What is known about the undo of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoState {
    /// Written before anything was done.
    pub started: Timestamp,
    /// How it came out, if anyone knows.
    pub end: Option<End>,
    /// The process that did it was gone before its end was written.
    pub interrupted: bool,
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Nothing has happened.
    Untouched,
    /// It is being done.
    Open(&'a Attempt),
    /// Nobody knows whether it was done.
    InDoubt(&'a Attempt),
    /// It is done.
    Done(&'a Attempt),
    /// A person passed it over.
    Skipped(&'a End),
    /// The last attempt failed.
    Failed(&'a Attempt),
    /// The last attempt was stopped in the middle.
    TimedOut(&'a Attempt),
}

impl RunState {
    /// Where a step stands.
    pub fn standing(&self, step: &str) -> Standing<'_> {
        self.steps.get(step).map_or(Standing::Untouched, StepState::standing)
    }

    /// The number of the attempt at a step that would come next, from 1.
    pub(super) fn coming(&self, step: &str) -> u32 {
        self.steps.get(step).map_or(1, StepState::coming)
    }

    /// It may have had an effect: done, stopped in the middle, or of unknown fate at least once.
    pub(super) fn may_be_done(&self, step: &str) -> bool {
        self.steps.get(step).is_some_and(StepState::may_be_done)
    }

    /// The step that is being done, with its attempt.
    pub(super) fn open(&self) -> Option<(&str, &Attempt)> {
        self.steps.iter().find_map(|(id, step)| match step.standing() {
            Standing::Open(attempt) => Some((id.as_str(), attempt)),
            _ => None,
        })
    }
}

impl StepState {
    /// Where it stands.
    pub fn standing(&self) -> Standing<'_> {
        if let Some(end) = &self.skipped {
            return Standing::Skipped(end);
        }
        let Some(last) = self.attempts.last() else {
            return Standing::Untouched;
        };
        match last.end.as_ref().map(|end| &end.outcome) {
            None if last.interrupted => Standing::InDoubt(last),
            None => Standing::Open(last),
            Some(Outcome::Done) => Standing::Done(last),
            Some(Outcome::Failed { .. } | Outcome::Skipped { .. }) => Standing::Failed(last),
            Some(Outcome::TimedOut) => Standing::TimedOut(last),
        }
    }

    /// The number of the attempt that would come next.
    pub fn coming(&self) -> u32 {
        u32::try_from(self.attempts.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// A person said that the coming attempt may begin.
    pub(super) fn cleared(&self) -> bool {
        self.go_ahead == Some(self.coming())
    }

    /// Attempts that failed or were stopped.
    pub(super) fn failures(&self) -> usize {
        self.attempts.iter().filter(|attempt| attempt.end.is_some()).count()
    }

    /// It may have had an effect: done, stopped in the middle, or of unknown fate at least once.
    pub fn may_be_done(&self) -> bool {
        self.attempts.iter().any(|attempt| {
            !matches!(
                attempt.end.as_ref().map(|end| &end.outcome),
                Some(Outcome::Failed { .. } | Outcome::Skipped { .. })
            )
        })
    }

    /// Attempts whose process was gone before their end.
    pub(super) fn interruptions(&self) -> usize {
        self.attempts.iter().filter(|attempt| attempt.end.is_none() && attempt.interrupted).count()
    }
}

impl UndoState {
    /// It came out as it should.
    pub fn done(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.outcome == Outcome::Done)
    }
}
