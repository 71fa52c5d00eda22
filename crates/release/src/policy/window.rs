//! When a release may be done.

use serde::Deserialize;

use crate::Length;

/// Windows and what closes them. Times of day are in the service's zone unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Another zone for all of this.
    #[serde(default)]
    pub zone: Option<String>,
    /// `nse:equity`, `nse:derivatives`, `nyse:equity`: the sessions that `relative` and `outside_sessions` mean.
    #[serde(default)]
    pub calendar: Option<String>,
    /// A release lies outside sessions, whole: from its first step to the end of its watch.
    #[serde(default)]
    pub outside_sessions: bool,
    /// With `outside_sessions`: all is over so long before the opening, or before orders for it begin to be collected.
    #[serde(default)]
    pub before_open: Length,
    /// Weekdays that are tried first: `mon` to `sun`.
    #[serde(default)]
    pub prefer: Vec<String>,
    /// Weekdays without releases.
    #[serde(default)]
    pub avoid: Vec<String>,
    /// Weekdays on which contracts expire: no releases then. Where the calendar has no session on such a day, contracts expire on
    /// the last day before it that has one.
    #[serde(default)]
    pub expiry_days: Vec<String>,
    /// How long a release takes in the window; absent: as the deploy runbook and the roll-out say.
    #[serde(default)]
    pub needs: Option<Length>,
    /// Where it may lie; none: at any time.
    #[serde(default, rename = "allow")]
    pub allow: Vec<Window>,
    /// No releases from day to day.
    #[serde(default, rename = "freeze")]
    pub freezes: Vec<Freeze>,
    /// No releases at this time of each day.
    #[serde(default, rename = "blackout")]
    pub blackouts: Vec<Blackout>,
    /// What may go in a freeze or on an avoided day.
    #[serde(default)]
    pub hotfix: Option<Hotfix>,
}

/// One window.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// For people.
    #[serde(default)]
    pub title: String,
    /// Only when it begins on these, or belongs to a session of these; absent: every day.
    #[serde(default)]
    pub weekdays: Vec<String>,
    /// Time of day; either both or `relative`.
    #[serde(default)]
    pub from: Option<String>,
    /// Time of day; `from` or earlier: on the next day.
    #[serde(default)]
    pub to: Option<String>,
    /// From the session's edges.
    #[serde(default)]
    pub relative: Option<Relative>,
}

/// A window relative to a session of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Relative {
    /// Begins so long after the close and lasts so long.
    AfterClose {
        /// From the close on.
        after: Length,
        /// How long.
        lasts: Length,
    },
    /// Ends so long before the open, having lasted so long.
    BeforeOpen {
        /// Before the open.
        before: Length,
        /// How long.
        lasts: Length,
    },
    /// Within the session, so far from its edges.
    InSession {
        /// After the open.
        from_open: Length,
        /// Before the close.
        to_close: Length,
    },
}

/// No releases from day to day, both included.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// ISO 8601 date.
    pub from: String,
    /// ISO 8601 date.
    pub to: String,
    /// Why.
    pub why: String,
}

/// No releases at this time of day.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blackout {
    /// Time of day.
    pub from: String,
    /// Time of day; before `from`: on the next day.
    pub to: String,
    /// Why.
    pub why: String,
}

/// What may go when others may not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hotfix {
    /// For incidents of these severities.
    pub severities: Vec<String>,
    /// Who has to sign it, beside the others.
    pub signers: Vec<String>,
    /// It may also lie in sessions.
    #[serde(default)]
    pub in_sessions: bool,
    /// It may also lie on the days on which contracts expire.
    #[serde(default)]
    pub on_expiry_days: bool,
}
