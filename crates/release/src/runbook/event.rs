//! What can be in control's journal about a run of a runbook. Times come from whoever writes the row.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::rows::events_by_body;

/// The newest schema of bodies that this build writes and reads. Each kind names the schema it came with.
pub const SCHEMA: u32 = 1;

events_by_body! {
    schema 1: {
        // The run.
        /// Somebody, or a roll-out, began to run a runbook.
        RunBegan(RunBegan) = "run_began",
        /// Another process goes on with it: what was going on is of unknown fate.
        RunTakenOver(RunTakenOver) = "run_taken_over",
        /// Nothing new is begun.
        RunPaused(RunPaused) = "run_paused",
        /// It goes on.
        RunResumed(RunResumed) = "run_resumed",
        /// A person wants back what was done.
        RunTurnedBack(RunTurnedBack) = "run_turned_back",
        /// It is over.
        RunEnded(RunEnded) = "run_ended",

        // Its steps.
        /// A step is about to be done: written before anything is.
        StepStarted(StepStarted) = "run_step_started",
        /// How that came out.
        StepEnded(StepEnded) = "run_step_ended",
        /// A person says that a step is done.
        Confirmed(Confirmed) = "run_step_confirmed",
        /// A person says that a step is to be done: an optional one, or one of unknown fate once more.
        GoAheadGiven(GoAheadGiven) = "run_go_ahead_given",

        // The way back.
        /// A step is about to be undone: written before anything is.
        UndoStarted(UndoStarted) = "run_undo_started",
        /// How that came out.
        UndoEnded(UndoEnded) = "run_undo_ended",
    }
}

/// See [`Event::RunBegan`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunBegan {
    /// Its id, unique for ever.
    pub run: String,
    /// Of which runbook.
    pub runbook: String,
    /// Digest of the policy that holds the runbook.
    pub policy: String,
    /// The folder that its relative paths count from; absent in old rows: where the text was first kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The release that it is part of, if it is part of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The artefact's digest, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artefact: Option<String>,
    /// Which version that is, as it was called when the run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where.
    pub environment: String,
    /// To see whether it works, and how long it takes.
    #[serde(default)]
    pub rehearsal: bool,
    /// Optional steps that are decided already: whether they are done. The others are asked about when their turn
    /// comes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub choices: BTreeMap<String, bool>,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// See [`Event::RunTakenOver`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTakenOver {
    /// Which run.
    pub run: String,
    /// When.
    pub at: Timestamp,
    /// Which process.
    pub by: String,
}

/// See [`Event::RunPaused`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPaused {
    /// Which run.
    pub run: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// See [`Event::RunResumed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunResumed {
    /// Which run.
    pub run: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// See [`Event::RunTurnedBack`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTurnedBack {
    /// Which run.
    pub run: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Every step is done, or was skipped.
    Done,
    /// A step failed, and nothing is left of those before it.
    RolledBack,
    /// A step failed, and something may be left.
    Failed,
    /// A person ended it and left everything as it was.
    Abandoned,
}

impl RunOutcome {
    /// `done` and so on.
    pub const fn as_str(self) -> &'static str {
        match self {
            RunOutcome::Done => "done",
            RunOutcome::RolledBack => "rolled_back",
            RunOutcome::Failed => "failed",
            RunOutcome::Abandoned => "abandoned",
        }
    }
}

/// See [`Event::RunEnded`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnded {
    /// Which run.
    pub run: String,
    /// How.
    pub outcome: RunOutcome,
    /// Why a person abandons it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Who: a process, or the person who abandons it.
    pub by: String,
}

/// See [`Event::StepStarted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStarted {
    /// In which run.
    pub run: String,
    /// Which step.
    pub step: String,
    /// Which time, from 1.
    pub attempt: u32,
    /// When.
    pub at: Timestamp,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// As it should.
    Done,
    /// Not so, and it is over.
    Failed {
        /// Why, in words.
        why: String,
    },
    /// A person passed it over.
    Skipped {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
    /// It was stopped in the middle.
    TimedOut,
}

/// See [`Event::StepEnded`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEnded {
    /// In which run.
    pub run: String,
    /// Which step.
    pub step: String,
    /// Which attempt; 0 for a step that is skipped before it began.
    pub attempt: u32,
    /// How.
    pub outcome: Outcome,
    /// Digest of what it wrote, where that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The person who says so; absent: the process that did it, or whom the outcome names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// See [`Event::Confirmed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// In which run.
    pub run: String,
    /// Which step.
    pub step: String,
    /// What they say beside it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// See [`Event::GoAheadGiven`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoAheadGiven {
    /// In which run.
    pub run: String,
    /// Which step.
    pub step: String,
    /// For which attempt: nobody says it twice by accident.
    pub attempt: u32,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
}

/// See [`Event::UndoStarted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoStarted {
    /// In which run.
    pub run: String,
    /// Of which step.
    pub step: String,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::UndoEnded`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoEnded {
    /// In which run.
    pub run: String,
    /// Of which step.
    pub step: String,
    /// How; a person may skip it.
    pub outcome: Outcome,
    /// Digest of what it wrote, where that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The person who says so; absent: the process that did it, or whom the outcome names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}
