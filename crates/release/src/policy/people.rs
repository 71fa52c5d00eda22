//! Who has a say, who is called.

use serde::Deserialize;

use crate::Length;

/// A function in the team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
}

/// One person. Signs with a key of their own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Short name.
    pub id: String,
    /// For people.
    pub name: String,
    /// What they may sign as.
    pub roles: Vec<String>,
    /// Ed25519 public key, base64.
    #[serde(default)]
    pub key: Option<String>,
    /// How they are reached when on call.
    #[serde(default)]
    pub contact: Option<String>,
}

/// A severity of incidents, worst first.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Severity {
    /// `P0` and so on.
    pub id: String,
    /// When it applies.
    pub means: String,
    /// Until someone works on it.
    pub respond_within: Length,
    /// Until service is back, if that is promised.
    #[serde(default)]
    pub restore_within: Option<Length>,
    /// Wakes people up.
    #[serde(default)]
    pub page: bool,
    /// An open one stands in the way of a release.
    #[serde(default)]
    pub blocks_release: bool,
    /// For people.
    #[serde(default)]
    pub examples: Vec<String>,
}

/// Who is asked next when nobody answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// From the first.
    #[serde(default)]
    pub chain: Vec<Rung>,
    /// Whom to ask outside the team.
    #[serde(default, rename = "contact")]
    pub contacts: Vec<Contact>,
}

/// Somebody outside the team: a broker's or a provider's support.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// How they are reached.
    pub reach: String,
}

/// One rung of the ladder.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rung {
    /// Who.
    pub role: String,
    /// How long this rung has before the next is called.
    pub within: Length,
}

/// Who is on call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rota {
    /// Days after day 0 that need somebody at every minute.
    pub covered: Length,
    /// Until a page has to be answered.
    #[serde(default)]
    pub answer_within: Option<Length>,
    /// In any order.
    #[serde(default, rename = "shift")]
    pub shifts: Vec<Shift>,
}

/// Somebody's time on call.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// Who.
    pub person: String,
    /// Day of the plan: 0 is the release.
    pub from_day: i32,
    /// Time of day it begins.
    pub from: String,
    /// How long.
    pub lasts: Length,
}
