//! What is measured, what it was before, how much may be lost.

use serde::Deserialize;

use crate::{Figure, Length};

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Share of events, 0 to 1.
    Ratio,
    /// Time of single events: says nothing without a quantile.
    Latency,
    /// So many in a period.
    Count,
    /// So many per second.
    Rate,
    /// A level that goes up and down.
    Gauge,
    /// A mark that people give.
    Score,
    /// A length of time.
    Duration,
}

/// What the incidents recorded here say by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromIncidents {
    /// How many were opened.
    Count,
    /// Mean time from opening until service was back (MTTR).
    TimeToRestore,
}

/// One thing that is measured.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Short name.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// What kind.
    pub kind: Kind,
    /// `%`, `ms`, `s`, `/s`, `GB`; empty for plain numbers.
    #[serde(default)]
    pub unit: String,
    /// Lowest possible value, in `unit`.
    #[serde(default)]
    pub min: Option<Figure>,
    /// Highest possible value, in `unit`.
    #[serde(default)]
    pub max: Option<Figure>,
    /// True when more is better.
    #[serde(default)]
    pub more_is_better: bool,
    /// How it is asked for, in PromQL; absent: a person says it.
    #[serde(default)]
    pub query: Option<String>,
    /// Name of its series in exports (the `_bucket` histogram for a latency).
    #[serde(default)]
    pub series: Option<String>,
    /// It changes its value at most so often: nothing finer can be said.
    #[serde(default)]
    pub every: Option<Length>,
    /// It shows nothing in less time.
    #[serde(default)]
    pub shows_after: Option<Length>,
    /// The events it is about: `zero failures` of nothing says nothing.
    #[serde(default)]
    pub of: Option<String>,
    /// It is computed from the incidents, nobody is asked for it.
    #[serde(default)]
    pub from_incidents: Option<FromIncidents>,
    /// Who attests it, where no query does.
    #[serde(default)]
    pub attested_by: Option<String>,
}

/// Measured before.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Short name.
    pub id: String,
    /// Where.
    pub environment: String,
    /// Over how long.
    #[serde(default)]
    pub over: Option<Length>,
    /// What.
    #[serde(default, rename = "value")]
    pub values: Vec<BaselineValue>,
}

/// One value of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineValue {
    /// Of what.
    pub metric: String,
    /// Which quantile of a latency: 0.99.
    #[serde(default)]
    pub quantile: Option<Figure>,
    /// `peak`, `average`.
    #[serde(default)]
    pub when: Option<String>,
    /// In the metric's unit.
    pub value: Figure,
}

/// How much may be lost and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// Until service is back (RTO).
    pub time: Length,
    /// Data younger than this may be lost (RPO).
    pub point: Length,
    /// The promise that nothing is ever lost.
    #[serde(default)]
    pub loses_nothing: bool,
    /// Smallest share of a limit that must stay free, in percent.
    #[serde(default)]
    pub headroom: Option<Figure>,
    /// What is saved, how often.
    #[serde(default, rename = "backup")]
    pub backups: Vec<Backup>,
}

/// One kind of backup.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Short name.
    pub id: String,
    /// Of what.
    pub of: String,
    /// How often.
    pub every: Length,
    /// A continuous log between two of them.
    #[serde(default)]
    pub continuous: bool,
}
