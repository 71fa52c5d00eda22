//! Reviews by role, their findings, what stands in the way, what may go wrong.

use serde::Deserialize;

use crate::Figure;

/// Scores from `from` up have this status. The highest band that fits counts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Lowest score.
    pub from: Figure,
    /// `pass`, `conditional`, `blocked`.
    pub status: String,
}

/// One review.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// Who reviews.
    pub role: String,
    /// Their mark; absent: not given yet.
    #[serde(default)]
    pub score: Option<Figure>,
    /// What they called it.
    #[serde(default)]
    pub stated_status: Option<String>,
    /// When, ISO 8601 date.
    #[serde(default)]
    pub on: Option<String>,
    /// So many findings by severity, as they counted.
    #[serde(default)]
    pub stated_findings: std::collections::BTreeMap<String, u32>,
    /// Every so often again: days.
    #[serde(default)]
    pub again_after_days: Option<u32>,
}

/// Something found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Short name, as in `CVE-TICKER-001`.
    pub id: String,
    /// For people.
    pub title: String,
    /// In which review.
    pub review: String,
    /// A severity of the policy, or a word.
    pub severity: String,
    /// Day of the plan.
    #[serde(default)]
    pub due_day: Option<i32>,
    /// What proves that it is gone.
    #[serde(default)]
    pub closed_by: Vec<String>,
    /// What was seen, and where.
    #[serde(default)]
    pub note: String,
}

/// What no score outvotes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blocker {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// Which finding it is.
    #[serde(default)]
    pub finding: Option<String>,
    /// All of these prove that it is gone.
    pub checks: Vec<String>,
    /// How it is ended: which runbook.
    #[serde(default)]
    pub runbook: Option<String>,
    /// Who signs that it is gone.
    #[serde(default)]
    pub signers: Vec<String>,
    /// What its authors held it for: `open` or `fixed`.
    #[serde(default)]
    pub stated: Option<String>,
}

/// What may go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// `low`, `medium`, `high`.
    pub likelihood: String,
    /// `low`, `medium`, `high`, `critical`.
    pub impact: String,
    /// What its authors called it.
    #[serde(default)]
    pub stated_severity: Option<String>,
    /// What is done about it.
    #[serde(default)]
    pub mitigation: String,
    /// Red ones raise it.
    #[serde(default)]
    pub checks: Vec<String>,
    /// Who watches it.
    #[serde(default)]
    pub owner: Option<String>,
}
