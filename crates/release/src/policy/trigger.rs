//! What acts during and after a roll-out.

use serde::Deserialize;

use super::Target;
use crate::Length;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reaction {
    /// Somebody is told.
    Warn,
    /// Somebody is woken.
    Page,
    /// No further step.
    Hold,
    /// Traffic goes back.
    RollBack,
}

/// One trigger: exactly one of `when`, `incident`, `event`, `vote`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Short name.
    pub id: String,
    /// A target that is *violated* when the trigger fires is written the other way round: it fires when this holds.
    #[serde(default)]
    pub when: Option<Target>,
    /// An incident of this severity is opened.
    #[serde(default)]
    pub incident: Option<String>,
    /// Something is reported: `security-incident`, `data-corruption`, `failover-failed`; or a synthetic check is down, by its
    /// `id`; or an alert of an objective is raised, by its name.
    #[serde(default)]
    pub event: Option<String>,
    /// People say so.
    #[serde(default)]
    pub vote: Option<Vote>,
    /// It has to hold for so long.
    #[serde(default, rename = "for")]
    pub holds_for: Length,
    /// What is done then.
    pub then: Reaction,
    /// Looked at this often, where people look; absent: all the time.
    #[serde(default)]
    pub watched_every: Option<Length>,
    /// Where it is written, if in several places.
    #[serde(default)]
    pub from: Option<String>,
}

/// See [`Trigger::vote`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vote {
    /// Who votes.
    pub roles: Vec<String>,
    /// All of them, not most.
    #[serde(default)]
    pub unanimous: bool,
    /// Until all have answered.
    #[serde(default)]
    pub within: Option<Length>,
}
