//! What is known about incidents and alerts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::event::{Clock, IncidentOpened, OpenedBy, Word};
use super::key::PageKey;
use crate::Digest;

/// All rows about incidents, folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incidents {
    /// By id.
    pub incidents: BTreeMap<String, Incident>,
    /// Alerts that fired, by the id of the firing.
    pub alerts: BTreeMap<String, Alert>,
    /// Rows that make no sense where they stand: they change nothing else.
    pub nonsense: u64,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// How it was opened.
    pub opened: IncidentOpened,
    /// What it is now.
    pub severity: String,
    /// First severity and changes, in the order of the rows.
    pub severities: Vec<(Timestamp, String)>,
    /// The first, and one more for each time it was reopened.
    pub openings: Vec<Opening>,
    /// What was sent, or not.
    pub pages: BTreeMap<PageKey, PageState>,
    /// Breaches that were written: which clock, and when it ran out.
    pub breaches: BTreeSet<(Clock, Timestamp)>,
    /// What which channel was told of which page, by its first attempt.
    pub told: BTreeSet<(String, PageKey, Word)>,
    /// Digest of the draft of the retrospective.
    pub retro: Option<String>,
    /// It only tests whether pages arrive.
    pub test: Option<Test>,
}

/// See [`super::event::TestOpened`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Test {
    /// Who is called; `None`: the first rung.
    pub role: Option<String>,
    /// The alert that it stands for.
    pub alert: Option<String>,
    /// Digests of the codes that went out.
    pub codes: BTreeSet<String>,
    /// Who was called, by name.
    pub called: BTreeSet<String>,
}

impl Test {
    /// What is written of a code: the code itself is in the text of the page alone.
    pub fn digest(incident: &str, code: &str) -> String {
        Digest::of(format!("{incident} {code}").as_bytes()).to_string()
    }

    /// True for a code that went out with one of its pages.
    pub fn takes(&self, incident: &str, code: &str) -> bool {
        self.codes.contains(&Test::digest(incident, code))
    }
}

/// From the moment it was opened, or reopened, to its resolution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// When.
    pub at: Timestamp,
    /// Since when somebody works on it.
    pub acknowledged: Option<Timestamp>,
    /// Since when service is back.
    pub mitigated: Option<Timestamp>,
    /// When it was over.
    pub resolved: Option<Timestamp>,
    /// Its first severity, as a place in [`Incident::severities`].
    pub first: usize,
    /// Whenever somebody said that they work on it: as which severity they knew it, and when.
    pub answers: Vec<(usize, Timestamp)>,
    /// Since when nobody is called and no clock runs out: it comes from a backup, and may be over. Ends with the first answer,
    /// change of severity or alert.
    pub held: Option<Timestamp>,
}

/// What became of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageState {
    /// It was about to be sent: receivers may have it.
    pub tried: Option<Timestamp>,
    /// A channel took it.
    pub sent: Option<Timestamp>,
    /// None did.
    pub failed: Option<Timestamp>,
    /// Somebody answered it.
    pub acknowledged: Option<Timestamp>,
    /// Channels that did not take it where others did, by their ids.
    pub again: Vec<String>,
}

/// An alert that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its name.
    pub alert: String,
    /// When.
    pub at: Timestamp,
    /// The incident it belongs to.
    pub incident: Option<String>,
    /// What is wrong, see [`super::event::AlertFired::cause`].
    pub cause: String,
    /// Where; empty: nobody said.
    pub environment: String,
    /// There was something to do; `None`: nobody has said.
    pub actionable: Option<bool>,
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Nobody works on it.
    Open,
    /// Somebody does.
    Acknowledged,
    /// Service is back.
    Mitigated,
    /// It is over.
    Resolved,
}

impl Status {
    /// `open` and so on.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Acknowledged => "acknowledged",
            Status::Mitigated => "mitigated",
            Status::Resolved => "resolved",
        }
    }
}

impl Incident {
    pub(super) fn new(opened: IncidentOpened) -> Incident {
        Incident {
            severity: opened.severity.clone(),
            severities: vec![(opened.at, opened.severity.clone())],
            openings: vec![Opening::new(opened.at, 0)],
            pages: BTreeMap::new(),
            breaches: BTreeSet::new(),
            told: BTreeSet::new(),
            retro: None,
            test: None,
            opened,
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.opened.incident
    }

    /// Where it stands.
    pub fn status(&self) -> Status {
        self.opening().map_or(Status::Open, Opening::status)
    }

    /// It comes from a backup, and nobody has said since whether it goes on.
    pub fn is_held(&self) -> bool {
        self.opening().is_some_and(|opening| opening.held.is_some())
    }

    /// The present, or last, opening.
    pub fn opening(&self) -> Option<&Opening> {
        self.openings.last()
    }

    /// Pages that a channel took.
    pub fn sent(&self) -> impl Iterator<Item = &PageKey> {
        self.pages.iter().filter(|(_, page)| page.sent.is_some()).map(|(key, _)| key)
    }

    /// A trigger or an alert noticed it before people did.
    pub fn detected(&self) -> bool {
        matches!(self.opened.by, OpenedBy::Trigger(_))
    }
}

impl Opening {
    pub(super) const fn new(at: Timestamp, first: usize) -> Opening {
        Opening {
            at,
            acknowledged: None,
            mitigated: None,
            resolved: None,
            first,
            answers: Vec::new(),
            held: None,
        }
    }

    /// Somebody works on it, who knows it as that severity.
    pub(super) fn answer(&mut self, severity: usize, at: Timestamp) {
        self.held = None;
        self.acknowledged.get_or_insert(at);
        self.answers.push((severity, at));
    }

    /// How far it has come.
    pub const fn status(&self) -> Status {
        if self.resolved.is_some() {
            Status::Resolved
        } else if self.mitigated.is_some() {
            Status::Mitigated
        } else if self.acknowledged.is_some() {
            Status::Acknowledged
        } else {
            Status::Open
        }
    }
}
