//! How traffic moves.

use serde::Deserialize;

use super::Target;
use crate::{Figure, Length};

/// How the new version takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RolloutMethod {
    /// Both run, traffic moves.
    BlueGreen,
    /// The old one is stopped first.
    StopTheWorld,
}

/// The steps.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// How.
    pub method: RolloutMethod,
    /// Time of day of the first step on day 0, if the plan fixes it.
    #[serde(default)]
    pub at: Option<String>,
    /// What keeps a client on one side.
    #[serde(default)]
    pub pinned_by: Option<String>,
    /// Who goes first: keys or groups.
    #[serde(default)]
    pub canary: Vec<String>,
    /// At which step (from 1) they go.
    #[serde(default)]
    pub canary_at_step: Option<u32>,
    /// Watched so long after the last step; the old arm stays that long.
    #[serde(default)]
    pub watch: Length,
    /// The old arm goes so long after the last step, if the plan says when.
    #[serde(default)]
    pub old_arm_removed_after: Option<Length>,
    /// Without metrics for so long, traffic goes back.
    #[serde(default)]
    pub blind_for: Option<Length>,
    /// The first orders after the release that are held for, or shown to, a person.
    #[serde(default)]
    pub first_orders: Option<u32>,
    /// False-alarm probability of the judge over the whole roll-out, in percent.
    #[serde(default)]
    pub alpha: Option<Figure>,
    /// In order.
    #[serde(default, rename = "step")]
    pub steps: Vec<RolloutStep>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolloutStep {
    /// Percent of traffic on the new version.
    pub weight: Figure,
    /// Held at least so long.
    pub hold: Length,
    /// Held at most so long for evidence.
    #[serde(default)]
    pub at_most: Option<Length>,
    /// Time of day, where the plan fixes it.
    #[serde(default)]
    pub at: Option<String>,
    /// Accounts that move with it; `*` for all.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// What has to be shown before the next.
    #[serde(default)]
    pub gates: Vec<Target>,
    /// Runs before traffic moves: which runbook.
    #[serde(default)]
    pub before: Option<String>,
}
