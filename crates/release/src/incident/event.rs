//! What can be in control's journal about incidents and alerts. Times come from whoever writes the row.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::PageKey;
use crate::rows::events_by_body;

/// The newest schema of bodies that this build writes and reads. Each kind names the schema it came with.
pub const SCHEMA: u32 = 1;

events_by_body! {
    schema 1: {
        // Its life.
        /// Something is wrong in operation.
        IncidentOpened(IncidentOpened) = "incident_opened",
        /// Somebody saw, did or said something.
        Noted(Noted) = "incident_noted",
        /// It is worse than it seemed, or not as bad.
        SeverityChanged(SeverityChanged) = "incident_severity_changed",
        /// Somebody works on it.
        Acknowledged(Acknowledged) = "incident_acknowledged",
        /// Service is back.
        Mitigated(Mitigated) = "incident_mitigated",
        /// Nothing is left to do.
        Resolved(Resolved) = "incident_resolved",
        /// It is back.
        Reopened(Reopened) = "incident_reopened",
        /// Somebody wants to see a page arrive: an incident that is none.
        TestOpened(TestOpened) = "incident_test_opened",
        /// A clock of the policy ran out.
        ClockBreached(ClockBreached) = "incident_clock_breached",
        /// There is a draft of the retrospective.
        RetroDrafted(RetroDrafted) = "incident_retro_drafted",

        // Who was called.
        /// A page is about to be sent: from now on its receivers may have it.
        PageTried(PageTried) = "page_tried",
        /// A channel took a page.
        PageSent(PageSent) = "page_sent",
        /// No channel took it.
        PageFailed(PageFailed) = "page_failed",
        /// Somebody answered: they work on it.
        PageAcknowledged(PageAcknowledged) = "page_acknowledged",
        /// A receiver was told what became of it.
        ReceiverTold(ReceiverTold) = "page_receiver_told",

        // How good the alerts are.
        /// An alert fired.
        AlertFired(AlertFired) = "alert_fired",
        /// Somebody said whether there was anything to do.
        AlertJudged(AlertJudged) = "alert_judged",
    }
}

/// Who or what opened an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenedBy {
    /// Somebody.
    Person(String),
    /// A trigger or an alert.
    Trigger(String),
}

/// See [`Event::IncidentOpened`]. An incident is opened once: a second one with its id makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentOpened {
    /// Its id, unique for ever: letters, digits, `-`, `_` and `.`, at most 64.
    pub incident: String,
    /// A severity of the policy.
    pub severity: String,
    /// For the team.
    pub title: String,
    /// For the users; absent: nothing is shown to them before a public note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public: Option<String>,
    /// Who or what.
    pub by: OpenedBy,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::Noted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// About which one.
    pub incident: String,
    /// What.
    pub text: String,
    /// Users read it, too.
    #[serde(default)]
    pub public: bool,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::SeverityChanged`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeverityChanged {
    /// Which one.
    pub incident: String,
    /// From now on.
    pub severity: String,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::Acknowledged`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// Which one.
    pub incident: String,
    /// Who works on it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::Mitigated`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mitigated {
    /// Which one.
    pub incident: String,
    /// How.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub how: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::Resolved`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// Which one.
    pub incident: String,
    /// How.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub how: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::Reopened`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    /// Which one.
    pub incident: String,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::TestOpened`]. It calls one rung once, has no clocks, stands in no release's way and in no figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestOpened {
    /// Its id, as of an incident.
    pub incident: String,
    /// Who is called; absent: the first rung of the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The alert that it stands for; absent: none by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// Who wants it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What runs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// `respond_within`: until somebody works on it.
    Response,
    /// `restore_within`: until service is back.
    Restoration,
    /// The escalation chain: everybody was called in every round, and nobody answered.
    Chain,
}

impl Clock {
    /// `response` and so on.
    pub const fn as_str(self) -> &'static str {
        match self {
            Clock::Response => "response",
            Clock::Restoration => "restoration",
            Clock::Chain => "chain",
        }
    }
}

/// See [`Event::ClockBreached`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockBreached {
    /// Of which one.
    pub incident: String,
    /// Which clock.
    pub clock: Clock,
    /// When it ran out: another value is another breach.
    pub since: Timestamp,
    /// When that was seen.
    pub at: Timestamp,
}

/// See [`Event::RetroDrafted`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetroDrafted {
    /// Of which one.
    pub incident: String,
    /// Digest of the text.
    pub digest: String,
    /// Who asked for it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::PageTried`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageTried {
    /// Which page.
    pub key: PageKey,
    /// Of a test: the digest of the code in its text, see [`Test::takes`](super::Test::takes).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Of a test: the people that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<String>,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::PageSent`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageSent {
    /// Which page: the receiver drops a second one with this key.
    pub key: PageKey,
    /// To whom: a name, never an address.
    pub to: String,
    /// By which channels, with commas between them.
    pub channel: String,
    /// Channels that did not take it, and why; never an address that holds a key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<String>,
    /// Channels that did not take it, by their ids: they are tried again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<String>,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::PageFailed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageFailed {
    /// Which page.
    pub key: PageKey,
    /// By which channel.
    pub channel: String,
    /// Why: never an address that holds a key.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::PageAcknowledged`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageAcknowledged {
    /// Which page.
    pub key: PageKey,
    /// By which channel.
    pub channel: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What became of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Somebody works on it.
    Acknowledge,
    /// It is over.
    Resolve,
}

impl Word {
    /// `acknowledge` or `resolve`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Word::Acknowledge => "acknowledge",
            Word::Resolve => "resolve",
        }
    }
}

/// See [`Event::ReceiverTold`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiverTold {
    /// Which page, by its first attempt: all attempts are one to the receiver.
    pub key: PageKey,
    /// By which channel.
    pub channel: String,
    /// What.
    pub word: Word,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::AlertFired`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertFired {
    /// Its id, unique for ever: one from the first moment it holds to the last.
    pub firing: String,
    /// Name of the alert.
    pub alert: String,
    /// The incident it belongs to, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// What is wrong, as in `check:ID`, `slo:ID`, `trigger:ID`, `alert:NAME`; empty: nobody wrote it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// Where; empty: nobody said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// When.
    pub at: Timestamp,
}

/// See [`Event::AlertJudged`]. The last word counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertJudged {
    /// Which one.
    pub firing: String,
    /// There was something to do.
    pub actionable: bool,
    /// Who says so.
    pub by: String,
    /// When.
    pub at: Timestamp,
}
