//! What is released, and where it runs.

use serde::Deserialize;

use crate::{Figure, Length};

/// The service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Short name: letters, digits, `-`.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// Version under decision.
    #[serde(default)]
    pub version: Option<String>,
    /// The role that owns it.
    #[serde(default)]
    pub owner: Option<String>,
    /// Time zone of every date and time of day here, as in the IANA database.
    #[serde(default)]
    pub zone: Option<String>,
    /// The trading calendar and group that its traffic follows, as in `nse:equity`; absent: traffic around the clock.
    #[serde(default)]
    pub sessions: Option<String>,
    /// Traffic that the roll-out may count on, requests per second.
    #[serde(default)]
    pub requests_per_second: Option<Figure>,
    /// The date of the document.
    #[serde(default)]
    pub decided_on: Option<String>,
}

/// One place where it runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Short name: `staging`, `production`.
    pub id: String,
    /// Base address for checks; `{env}` in a probe's address stands for it.
    #[serde(default)]
    pub url: Option<String>,
    /// Where its metrics are asked for.
    #[serde(default)]
    pub prometheus: Option<String>,
    /// Orchestrator's namespace, if there is one.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Release is decided for this one.
    #[serde(default)]
    pub target: bool,
}

/// What is deployed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artefact {
    /// Short name, unique.
    pub id: String,
    /// Where it is deployed.
    pub environment: String,
    /// Complete reference: registry, name and digest.
    pub reference: String,
}

/// A file that the release relies on and that is looked at, too.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedFile {
    /// Short name, unique.
    pub id: String,
    /// What is in it.
    pub format: super::FileFormat,
    /// Relative to the policy.
    #[serde(default)]
    pub path: Option<String>,
    /// The content itself, where it is short.
    #[serde(default)]
    pub text: Option<String>,
    /// For alert rules: how often they are evaluated, if the file does not say.
    #[serde(default)]
    pub every: Option<Length>,
}
