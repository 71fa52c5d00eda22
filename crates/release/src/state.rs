//! All that is known about one release at one row of the journal.
//!
//! Enters and leaves: nothing but what `apply` folds. Never here: the policy, clocks, verdicts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::decision::Outcome;
use crate::digest::Digest;
use crate::event::{ConditionMarked, FindingClosed, FindingOpened, IncidentOpened, Signed, TaskDone};
use crate::evidence::{Question, Standing, Subject};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Which release.
    pub of: String,
    /// So many rows of the service's stream are folded.
    pub seen: u64,
    /// Once it is opened.
    pub release: Option<Release>,
    /// Evidence, in the order of question and subject.
    pub standings: Vec<Standing>,
    /// Opened findings by id, whether or not they are in the policy's register: every way in which each was opened, so that the
    /// worst counts until somebody who may has closed it.
    pub findings: BTreeMap<String, Vec<FindingRow>>,
    /// Findings that somebody said were gone, by id.
    pub closed: BTreeMap<String, Closure>,
    /// Open incidents by id.
    pub incidents: BTreeMap<String, IncidentOpened>,
}

/// The release itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Of which service.
    pub service: String,
    /// Which version of it.
    pub version: String,
    /// The artefact's digest.
    pub artefact: String,
    /// Where to.
    pub environment: String,
    /// Of the policy's text.
    pub policy: Digest,
    /// The folder that its relative paths count from, where the row says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Day 0, where it is not as the policy says.
    pub day0: Option<Date>,
    /// Why its artefact need not have come through the environments before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_promotion: Option<String>,
    /// Who opened it.
    pub by: String,
    /// Who gave it another artefact or another policy since.
    pub changed_by: BTreeSet<String>,
    /// What last voided all signatures.
    pub changed: Change,
    /// In the order of the journal: the newest yes of each person for each role and matter, and every no.
    pub signatures: Vec<SignatureRow>,
    /// The newest mark of each condition.
    pub conditions: BTreeMap<String, Mark>,
    /// In the order of the journal, each person once for each task, role and artefact.
    pub tasks: Vec<TaskRow>,
    /// The decision that stands.
    pub decided: Option<Standpoint>,
    /// When conditions of a decided GO are due: another day 0 does not move them.
    pub due: BTreeMap<String, Date>,
}

/// What was said of a condition. A yes is about the artefact of that moment and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// It says met, not missed.
    pub met: bool,
    /// What was said.
    pub marked: ConditionMarked,
    /// The digest that was under decision then.
    pub artefact: String,
}

/// A task that somebody said is done, for the artefact of that moment and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRow {
    /// What was said.
    pub done: TaskDone,
    /// The digest that was under decision then.
    pub artefact: String,
}

/// One way in which a finding was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRow {
    /// What was said, the newest of those with the same severity, review and proofs.
    pub opened: FindingOpened,
    /// Everybody who closed it since, for which artefact.
    pub closed: Vec<Closure>,
    /// So many of them did before it was last opened in any way.
    pub before: usize,
}

/// A finding that somebody said is gone, for the artefact of that moment and no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// What was said.
    pub closed: FindingClosed,
    /// The digest that was under decision then; absent: none was, so it counts for no release.
    pub artefact: Option<String>,
}

/// A change of what is decided about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The row of it.
    pub row: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: String,
}

/// A signature and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureRow {
    /// Its row of the journal.
    pub row: u64,
    /// What was signed.
    pub signed: Signed,
    /// Checks that had evidence then, but none that was current.
    pub stale: Vec<(String, Subject)>,
    /// When and why it was taken back.
    pub withdrawn: Option<(Timestamp, String)>,
}

/// A decision that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standpoint {
    /// Its row of the journal.
    pub row: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub outcome: Outcome,
}

impl State {
    /// Before the first row, for the release with this id.
    pub fn new(release: &str) -> State {
        State {
            of: release.to_owned(),
            seen: 0,
            release: None,
            standings: Vec::new(),
            findings: BTreeMap::new(),
            closed: BTreeMap::new(),
            incidents: BTreeMap::new(),
        }
    }

    /// What stands about `question` for exactly this subject.
    pub fn standing(&self, question: &Question, subject: &Subject) -> Option<&Standing> {
        self.place(question, subject).ok().map(|place| &self.standings[place])
    }

    /// What was said about `question` for any other subject.
    pub fn elsewhere(&self, question: &Question, subject: &Subject) -> Option<&Standing> {
        self.standings.iter().find(|standing| {
            let observed = &standing.newest.observed;
            observed.question == *question && observed.subject != *subject
        })
    }

    /// Where it is, or belongs.
    pub(crate) fn place(&self, question: &Question, subject: &Subject) -> Result<usize, usize> {
        self.standings.binary_search_by(|standing| {
            let observed = &standing.newest.observed;
            observed.question.cmp(question).then_with(|| observed.subject.cmp(subject))
        })
    }
}
