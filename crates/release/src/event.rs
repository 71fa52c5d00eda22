//! What can be in control's journal about a release. Bodies are JSON; a kind never changes its meaning, new fields have defaults.
//!
//! All rows about one service are one stream, in one order. Evidence, findings and incidents are about the service and whatever release
//! they fit; the others name their release. Times come from whoever writes the row.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::decision::{Decision, WindowAnswer};
use crate::digest::Digest;
use crate::evidence::Evidence;
use crate::rows::events;

/// The newest schema of bodies that this build writes and reads. Each kind names the schema it came with.
pub const SCHEMA: u32 = 1;

events! {
    schema 1: {
        // What is decided about.
        /// A release is under decision.
        ReleaseOpened(ReleaseOpened) = "release_opened",
        /// Other demands from now on.
        PolicyChanged(PolicyChanged) = "policy_changed",
        /// Another artefact from now on.
        ArtefactChanged(ArtefactChanged) = "artefact_changed",
        /// Another day 0.
        Rescheduled(Rescheduled) = "rescheduled",

        // What is known.
        /// A check was asked, a mark was given.
        EvidenceRecorded(Evidence) = "evidence_recorded",
        /// A condition of the GO is met.
        ConditionMet(ConditionMarked) = "condition_met",
        /// A condition of the GO was not met when it was due.
        ConditionMissed(ConditionMarked) = "condition_missed",
        /// A task of the plan is done, as one of its signers, or its owner, says.
        TaskDone(TaskDone) = "task_done",
        /// Something was found, or is open again.
        FindingOpened(FindingOpened) = "finding_opened",
        /// It is gone.
        FindingClosed(FindingClosed) = "finding_closed",
        /// Something is wrong in operation, or now has another severity.
        IncidentOpened(IncidentOpened) = "incident_opened",
        /// It is over.
        IncidentClosed(IncidentClosed) = "incident_closed",

        // What is decided.
        /// A person put their name to it.
        Signed(Signed) = "signed",
        /// They took their yes back.
        SignatureWithdrawn(SignatureWithdrawn) = "signature_withdrawn",
        /// GO, GO WITH CONDITIONS or NO-GO.
        Decided(Box<Decided>) = "decided",
        /// The decision has to be taken again, with new signatures.
        Reopened(Reopened) = "reopened",
    }
}

/// See [`Event::ReleaseOpened`]. A release is opened once: a second one with its id changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseOpened {
    /// Its id, unique for ever.
    pub release: String,
    /// Of which service.
    pub service: String,
    /// Which version of it.
    pub version: String,
    /// The artefact's digest, `sha256:...`, as the registry calls it.
    pub artefact: String,
    /// Where to.
    pub environment: String,
    /// Of the policy's text.
    pub policy: Digest,
    /// The folder that its relative paths count from; absent in old rows: where the text was first kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// The day of the release in the service's zone; absent: as the policy says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day0: Option<Date>,
    /// Why it is opened though its artefact has not come through the environments before; absent: it has, or need not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_promotion: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Which person.
    pub by: String,
}

/// See [`Event::PolicyChanged`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyChanged {
    /// Of which release.
    pub release: String,
    /// Of the new text.
    pub policy: Digest,
    /// The folder that its relative paths count from; absent in old rows: where the text was first kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Which person.
    pub by: String,
}

/// See [`Event::ArtefactChanged`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtefactChanged {
    /// Of which release.
    pub release: String,
    /// The new artefact's digest.
    pub artefact: String,
    /// Its version.
    pub version: String,
    /// As in [`ReleaseOpened::without_promotion`]: what was said of the artefact before does not count for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_promotion: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Which person.
    pub by: String,
}

/// See [`Event::Rescheduled`]. Signatures of another day 0 no longer count: tasks that were late may be in time by the new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rescheduled {
    /// Which release.
    pub release: String,
    /// The new day 0.
    pub day0: Date,
    /// When.
    pub at: Timestamp,
    /// Which person.
    pub by: String,
    /// Why.
    pub why: String,
}

/// See [`Event::ConditionMet`] and [`Event::ConditionMissed`]. The later one counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionMarked {
    /// Of which release.
    pub release: String,
    /// Its `id` in the policy.
    pub condition: String,
    /// When.
    pub at: Timestamp,
    /// Which person; empty: control itself, by the condition's checks or its day.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
}

/// See [`Event::TaskDone`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDone {
    /// Of which release.
    pub release: String,
    /// Its `id` in the policy.
    pub task: String,
    /// As which of its signers; absent: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Which person.
    pub by: String,
}

/// See [`Event::FindingOpened`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingOpened {
    /// As in the policy's register, or a new one.
    pub finding: String,
    /// For people.
    pub title: String,
    /// A severity of the policy, or a word.
    pub severity: String,
    /// In which review; empty: in none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub review: String,
    /// Checks that prove that it is gone; none: a person says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_by: Vec<String>,
    /// When.
    pub at: Timestamp,
    /// Which person.
    pub by: String,
}

/// See [`Event::FindingClosed`]. Counts only where no check has to prove it, and by a person who may say so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingClosed {
    /// Which one.
    pub finding: String,
    /// When.
    pub at: Timestamp,
    /// Which person.
    pub by: String,
    /// Why.
    pub why: String,
}

/// See [`Event::IncidentOpened`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentOpened {
    /// Its id.
    pub incident: String,
    /// A severity of the policy.
    pub severity: String,
    /// For people.
    pub title: String,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::IncidentClosed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentClosed {
    /// Which one.
    pub incident: String,
    /// When.
    pub at: Timestamp,
}

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matter {
    /// The release.
    Release,
    /// That this blocker is gone.
    Blocker(String),
}

/// What somebody who signs says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vote {
    /// Yes.
    Go,
    /// No.
    NoGo,
}

impl Vote {
    /// `go` or `no_go`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Vote::Go => "go",
            Vote::NoGo => "no_go",
        }
    }
}

/// See [`Event::Signed`] and [`crate::signature`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Which release.
    pub release: String,
    /// What of it.
    pub matter: Matter,
    /// As what.
    pub role: String,
    /// Which person, by their `id` in the policy.
    pub person: String,
    /// Yes or no.
    pub vote: Vote,
    /// What was on the table: see [`crate::signature::on_the_table`].
    pub table: Digest,
    /// Of their statement in writing, where the policy asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Digest>,
    /// When, as it was signed.
    pub at: Timestamp,
    /// Ed25519, 64 bytes in base64, of [`crate::signature::message`].
    pub signature: String,
}

impl Signed {
    /// True when both are by the same person in the same role about the same matter.
    pub(crate) fn is_in_place_of(&self, other: &Signed) -> bool {
        self.matter == other.matter && self.role == other.role && self.person == other.person
    }
}

/// See [`Event::SignatureWithdrawn`]. Only a yes can be taken back: a no ends with a newer signature of the same person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureWithdrawn {
    /// Of which release.
    pub release: String,
    /// Of what.
    pub matter: Matter,
    /// As what.
    pub role: String,
    /// Whose.
    pub person: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
}

/// See [`Event::Decided`]. With the rows before it, enough to decide again (I-10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// About which release.
    pub release: String,
    /// What was seen beside the state.
    pub inputs: Inputs,
    /// What came out.
    pub decision: Decision,
}

/// What a decision saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// So many rows of the stream had been folded.
    pub seen: u64,
    /// The moment.
    pub now: Timestamp,
    /// Of the policy's text.
    pub policy: Digest,
    /// Whether it may be done, as windows said.
    pub window: WindowAnswer,
    /// The incident that it mends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}

/// See [`Event::Reopened`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    /// Which release.
    pub release: String,
    /// Why.
    pub why: Vec<String>,
    /// When.
    pub at: Timestamp,
}
