//! What is in control's journal beside releases, runs and incidents. Times come from whoever writes the row.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::evaluate::Evaluation;
use crate::rows::events_by_body;

/// The newest schema of bodies that this build writes and reads. Each kind names the schema it came with.
pub const SCHEMA: u32 = 1;

events_by_body! {
    schema 1: {
        /// A text is kept under its digest: a policy, what a check wrote, a statement.
        DocumentKept(DocumentKept) = "document_kept",
        /// People were told something.
        Announced(Announced) = "announced",
        /// A recurring review was held, or nobody came.
        MeetingNoted(MeetingNoted) = "meeting_noted",
        /// A horizon of success was judged when it came.
        HorizonJudged(HorizonJudged) = "horizon_judged",
        /// The journal comes from a backup: what happened after that is not in it.
        Restored(Restored) = "restored",
        /// A synthetic check turned up or down.
        WatchTurned(WatchTurned) = "watch_turned",
        /// An hour of a synthetic check.
        WatchHour(WatchHour) = "watch_hour",
    }
}

/// See [`Event::DocumentKept`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentKept {
    /// What it is, in one word: `policy`, `output`, `statement`, `draft`.
    pub what: String,
    /// Where it came from, for people: a path, a name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// For a policy: the folder that its relative paths count from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// All of it. Its digest is that of these bytes.
    pub text: String,
}

impl DocumentKept {
    /// What it is found by.
    pub fn digest(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

/// See [`Event::Announced`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// Its `id` in the policy.
    pub announcement: String,
    /// Of which release.
    pub release: String,
    /// What was said.
    pub text: String,
    /// The channel that took it; empty: a person told them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// When.
    pub at: Timestamp,
    /// Who; empty: control itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

/// See [`Event::MeetingNoted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeetingNoted {
    /// Its `id` in the policy.
    pub meeting: String,
    /// Of which release.
    pub release: String,
    /// When it was due, as the plan says.
    pub due: Timestamp,
    /// It took place.
    pub held: bool,
    /// What came of it, or why not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// When this was written.
    pub at: Timestamp,
    /// Who; empty: control itself, which saw nobody come.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

/// See [`Event::HorizonJudged`]. The newest one about a horizon counts; once it is not `not_known`, it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HorizonJudged {
    /// Of which release.
    pub release: String,
    /// How it came out, with every criterion as it was then.
    pub evaluation: Evaluation,
}

/// See [`Event::Restored`]. Nobody is called for an incident that is open there until somebody answers or changes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// When.
    pub at: Timestamp,
}

/// See [`Event::WatchTurned`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchTurned {
    /// Which check of the policy.
    pub check: String,
    /// Where it is asked.
    pub environment: String,
    /// It passes now; absent: nobody knows, since it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up: Option<bool>,
    /// Why not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::WatchHour`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchHour {
    /// Which check of the policy.
    pub check: String,
    /// Where it is asked.
    pub environment: String,
    /// When the hour began.
    pub from: Timestamp,
    /// So often it passed.
    pub passed: u32,
    /// So often it did not.
    pub failed: u32,
    /// So often nobody knew.
    pub unknown: u32,
    /// The slowest answer, milliseconds.
    pub slowest_ms: u64,
    /// All answers together, milliseconds.
    pub total_ms: u64,
}
