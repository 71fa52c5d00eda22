//! What was seen, about what, when, and for how long it counts.
//!
//! Enters: observations of checks and of people. Leaves: sealed evidence, and what stands after any number of it. Never here: asking,
//! whether the policy is content with it (that is `proof`).
//!
//! Evidence never carries over: it is about one artefact in one environment, or one environment, or the team, and counts for
//! exactly that.

mod settle;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Figure;
use crate::digest::{Canonical, Digest};
use crate::policy::{self, Check};

pub use settle::{Settled, Standing};

/// The figure that holds somebody's mark for a row or a review.
pub const SCORE: &str = "score";

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// A check of the policy, by its `id`.
    Check(String),
    /// A row of a scorecard: a mark in the figure `score`, or a measured metric by its name.
    Row {
        /// The scorecard's `id`.
        scorecard: String,
        /// The row's `id`.
        row: String,
    },
    /// A review's mark, in the figure `score`.
    Review(String),
    /// A metric of the policy that a person says, by its figure: `satisfaction`, `latency@0.99/5m`; see [`crate::scorecard::figure_name`].
    Metric(String),
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Question::Check(id) => write!(f, "check `{id}`"),
            Question::Row { scorecard, row } => write!(f, "row `{row}` of `{scorecard}`"),
            Question::Review(id) => write!(f, "review `{id}`"),
            Question::Metric(id) => write!(f, "metric `{id}`"),
        }
    }
}

/// What it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// One artefact in one environment.
    Artefact {
        /// `sha256:...`, as the registry calls it.
        digest: String,
        /// Where it was looked at.
        environment: String,
    },
    /// An environment, whatever runs there.
    Environment(String),
    /// The team.
    Team,
}

impl Subject {
    /// What evidence of `check` has to be about, for an artefact that is to go to `environment`.
    pub fn of(check: &Check, artefact: &str, environment: &str) -> Subject {
        let environment = check.environment.clone().unwrap_or_else(|| environment.to_owned());
        match check.about {
            policy::Subject::Artefact => Subject::Artefact { digest: artefact.to_owned(), environment },
            policy::Subject::Environment => Subject::Environment(environment),
            policy::Subject::Team => Subject::Team,
        }
    }
}

/// How it came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// As demanded.
    Pass,
    /// Not as demanded.
    Fail {
        /// What was seen instead.
        why: String,
    },
    /// Nobody knows: it could not be asked.
    Error {
        /// What went wrong.
        why: String,
    },
}

impl Answer {
    /// `pass`, `fail` or `error`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Answer::Pass => "pass",
            Answer::Fail { .. } => "fail",
            Answer::Error { .. } => "error",
        }
    }

    /// Why it is not a pass; empty for one.
    pub fn why(&self) -> &str {
        match self {
            Answer::Pass => "",
            Answer::Fail { why } | Answer::Error { why } => why,
        }
    }
}

/// One observation, before it is sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// What was asked.
    pub question: Question,
    /// What it is about.
    pub subject: Subject,
    /// When.
    pub taken: Timestamp,
    /// From then on it counts no more.
    pub expires: Timestamp,
    /// How it came out.
    pub answer: Answer,
    /// What was measured, in the metrics' units: see [`crate::scorecard::figure_name`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, Figure>,
    /// The person who says so; absent: nobody was needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What was asked with, or what a person said or linked to; without secrets.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub inputs: String,
    /// Of everything that came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Digest>,
    /// Whether the check's second probe, at something known to be broken, failed as it must; absent: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_failed: Option<bool>,
    /// So many equal answers in a row until the state changes, as the policy said then; zero counts as one.
    #[serde(default = "one")]
    pub settle: u32,
    /// What the check demanded: see [`Check::demand`]. Absent for what is no check, and in old rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demand: Option<Digest>,
    /// The name of the API key that a person's word came with; absent: on the machine itself, or nobody was needed. It proves who called
    /// only to those who trust whoever hands out keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

const fn one() -> u32 {
    1
}

/// An observation with its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was seen.
    pub observed: Observation,
    /// See [`Observation::hash`].
    pub hash: Digest,
}

/// Why evidence is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`taken` is {taken}, and it is {now}: set the clock of whoever took it")]
pub struct FromTheFuture {
    /// When it says that it was taken.
    pub taken: Timestamp,
    /// When it was to be recorded.
    pub now: Timestamp,
}

impl Observation {
    /// SHA-256 of the canonical form `meridian release evidence 1` with these fields, in this order; optional ones are left out where
    /// there is nothing: `check`, or `scorecard` and `row`, or `review`, or `metric`; `artefact` and `environment`, or
    /// `environment`, or `team` (empty); `taken`, `expires` (RFC 3339, UTC); `answer`, `why`; for each figure in the order of their names `figure` (its
    /// name) and `value`; `by`; `inputs`; `output`; `control_failed`; `settle`; `demand`; `via`.
    pub fn hash(&self) -> Digest {
        let mut form = Canonical::new("meridian release evidence 1");
        match &self.question {
            Question::Check(id) => form.field("check", id),
            Question::Row { scorecard, row } => {
                form.field("scorecard", scorecard);
                form.field("row", row);
            }
            Question::Review(id) => form.field("review", id),
            Question::Metric(id) => form.field("metric", id),
        }
        match &self.subject {
            Subject::Artefact { digest, environment } => {
                form.field("artefact", digest);
                form.field("environment", environment);
            }
            Subject::Environment(environment) => form.field("environment", environment),
            Subject::Team => form.field("team", ""),
        }
        form.field("taken", self.taken);
        form.field("expires", self.expires);
        form.field("answer", self.answer.as_str());
        form.field("why", self.answer.why());
        for (name, value) in &self.figures {
            form.field("figure", name);
            form.field("value", value);
        }
        form.optional("by", self.by.as_ref());
        form.field("inputs", &self.inputs);
        form.optional("output", self.output);
        form.optional("control_failed", self.control_failed);
        form.field("settle", self.settle);
        form.optional("demand", self.demand);
        form.optional("via", self.via.as_ref());
        form.digest()
    }

    /// With its hash.
    pub fn seal(self) -> Evidence {
        Evidence { hash: self.hash(), observed: self }
    }
}

impl Evidence {
    /// Whether it may be recorded now: nobody has seen what is still to come.
    ///
    /// # Errors
    /// [`FromTheFuture`]: it is dated after `now`.
    pub fn admit(&self, now: Timestamp) -> Result<(), FromTheFuture> {
        let taken = self.observed.taken;
        if taken > now { Err(FromTheFuture { taken, now }) } else { Ok(()) }
    }

    /// True while it counts for `subject`.
    pub fn is_current(&self, now: Timestamp, subject: &Subject) -> bool {
        self.observed.subject == *subject && self.observed.taken <= now && now < self.observed.expires
    }

    /// How it came out, once damage and a control that did not fail are taken into account: both make a pass worth nothing.
    pub fn answer(&self) -> Answer {
        if self.hash != self.observed.hash() {
            return Answer::Error { why: "the record does not match its hash".to_owned() };
        }
        if self.observed.control_failed == Some(false) {
            let why = "it passes where it must fail, too, so it proves nothing";
            return Answer::Error { why: why.to_owned() };
        }
        self.observed.answer.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn artefact(digest: &str) -> Subject {
        Subject::Artefact { digest: digest.to_owned(), environment: "production".to_owned() }
    }

    fn observation() -> Observation {
        Observation {
            question: Question::Check("cors".to_owned()),
            subject: artefact("sha256:aa"),
            taken: at("2025-11-08T03:30:00Z"),
            expires: at("2025-11-09T03:30:00Z"),
            answer: Answer::Pass,
            figures: [("lines".to_owned(), Figure::whole(85))].into(),
            by: None,
            inputs: "OPTIONS /orders".to_owned(),
            output: Some(Digest::of(b"403")),
            control_failed: Some(true),
            settle: 1,
            demand: None,
            via: None,
        }
    }

    #[test]
    fn counts_for_its_subject_and_its_time_only() {
        let evidence = observation().seal();
        assert!(evidence.is_current(at("2025-11-08T03:30:00Z"), &artefact("sha256:aa")));
        assert!(!evidence.is_current(at("2025-11-08T03:29:59Z"), &artefact("sha256:aa")));
        assert!(!evidence.is_current(at("2025-11-09T03:30:00Z"), &artefact("sha256:aa")));
        assert!(!evidence.is_current(at("2025-11-08T12:00:00Z"), &artefact("sha256:bb")));
        let staging = Subject::Artefact { digest: "sha256:aa".to_owned(), environment: "staging".to_owned() };
        assert!(!evidence.is_current(at("2025-11-08T12:00:00Z"), &staging));
        assert_eq!(evidence.admit(at("2025-11-08T03:30:00Z")), Ok(()));
        let early = evidence.admit(at("2025-11-08T03:29:59Z")).unwrap_err().to_string();
        assert!(early.starts_with("`taken` is 2025-11-08T03:30:00Z"), "{early}");
    }

    /// The form is a promise to other programs: what is hashed is written down here once more.
    #[test]
    fn hashed_as_documented() {
        let output = Digest::of(b"403");
        let form = format!(
            "meridian release evidence 1\ncheck 4 cors\nartefact 9 sha256:aa\nenvironment 10 production\n\
             taken 20 2025-11-08T03:30:00Z\nexpires 20 2025-11-09T03:30:00Z\nanswer 4 pass\nwhy 0 \n\
             figure 5 lines\nvalue 2 85\ninputs 15 OPTIONS /orders\noutput 71 {output}\n\
             control_failed 4 true\nsettle 1 1\n"
        );
        assert_eq!(observation().hash(), Digest::of(form.as_bytes()));
        let demand = Digest::of(b"demand");
        let more = Observation { demand: Some(demand), via: Some("desk".to_owned()), ..observation() };
        let form = format!("{form}demand 71 {demand}\nvia 4 desk\n");
        assert_eq!(more.hash(), Digest::of(form.as_bytes()));
    }

    #[test]
    fn a_changed_record_proves_nothing() {
        let mut evidence = observation().seal();
        assert_eq!(evidence.answer(), Answer::Pass);
        evidence.observed.expires = at("2030-01-01T00:00:00Z");
        assert_eq!(evidence.answer().as_str(), "error");
        let blind = Observation { control_failed: Some(false), ..observation() }.seal();
        assert_eq!(blind.answer().as_str(), "error");
    }
}
