//! Who decides, how, under which conditions.

use serde::Deserialize;

/// The vote and the signatures.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// What can come out.
    pub outcomes: Vec<String>,
    /// What can be voted.
    pub votes: Vec<String>,
    /// What came out, by its authors.
    #[serde(default)]
    pub stated_outcome: Option<String>,
    /// How signatures are counted.
    pub rule: VoteRule,
    /// Who wrote what is signed.
    pub author: String,
    /// Who has the last word.
    #[serde(default)]
    pub decided_by: Option<String>,
    /// Day of the plan.
    #[serde(default)]
    pub on_day: Option<i32>,
    /// Who signs.
    #[serde(default, rename = "signer")]
    pub signers: Vec<Signer>,
    /// What a conditional GO is bound to.
    #[serde(default, rename = "condition")]
    pub conditions: Vec<Condition>,
}

/// How signatures are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoteRule {
    /// Every signer.
    Unanimous,
    /// At least so many.
    Quorum(u32),
}

/// One who signs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// As what.
    pub role: String,
    /// Not before these have signed.
    #[serde(default)]
    pub after: Vec<String>,
    /// Not before these checks have passed.
    #[serde(default)]
    pub checks: Vec<String>,
    /// In a document, as the two-person rule wants it.
    #[serde(default)]
    pub written: bool,
}

/// A condition of a GO.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Short name.
    pub id: String,
    /// For people.
    pub text: String,
    /// Who sees to it.
    #[serde(default)]
    pub owner: Option<String>,
    /// Day of the plan it is due; before 0 it must be met first.
    #[serde(default)]
    pub due_day: Option<i32>,
    /// What proves it.
    #[serde(default)]
    pub checks: Vec<String>,
}
