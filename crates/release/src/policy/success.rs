//! Success later on.

use serde::Deserialize;

use super::Target;
use crate::Length;

/// One moment of judgement.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Horizon {
    /// Short name.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// So long after day 0.
    pub after: Length,
    /// In order.
    #[serde(default, rename = "criterion")]
    pub criteria: Vec<Criterion>,
}

/// How much a criterion counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// Failure without it.
    Must,
    /// Important.
    Should,
    /// Nice to have.
    Nice,
}

/// One criterion: `target`, `slo` or `checks`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Short name.
    pub id: String,
    /// For people.
    pub text: String,
    /// How much it counts.
    #[serde(default = "must")]
    pub need: Need,
    /// A figure.
    #[serde(default)]
    pub target: Option<Target>,
    /// An objective that has to be kept.
    #[serde(default)]
    pub slo: Option<String>,
    /// Proofs.
    #[serde(default)]
    pub checks: Vec<String>,
    /// The milestone whose work it needs.
    #[serde(default)]
    pub milestone: Option<String>,
}

const fn must() -> Need {
    Need::Must
}
