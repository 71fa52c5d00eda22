//! Objectives in operation.

use serde::Deserialize;

use crate::{Figure, Length};

/// One objective: a share of good events or minutes over a period.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slo {
    /// Short name: letters, digits, `-`.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// Percent that has to be good, below 100.
    pub objective: Figure,
    /// Over this long, rolling.
    pub period: Length,
    /// What good is.
    pub indicator: Indicator,
    /// Which metric of the policy it is about.
    #[serde(default)]
    pub metric: Option<String>,
    /// Fewer events than this in an alert's window raise no alert.
    #[serde(default)]
    pub at_least_events: Option<u64>,
    /// Traffic follows the service's sessions, so that windows count session hours.
    #[serde(default)]
    pub in_sessions: bool,
    /// Minutes of downtime that its authors computed.
    #[serde(default)]
    pub stated_downtime: Option<Length>,
    /// Which horizon it belongs to; absent: for good.
    #[serde(default)]
    pub horizon: Option<String>,
}

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Indicator {
    /// Counters of bad and of all events.
    Events {
        /// PromQL selector of a counter of bad events.
        bad: String,
        /// PromQL selector of a counter of all of them.
        total: String,
    },
    /// A latency: events within a bucket's edge.
    Latency {
        /// Name and labels of the histogram, without `_bucket`.
        histogram: String,
        /// The edge, in seconds.
        within: Figure,
    },
    /// Synthetic checks: a check of this policy, each run an event.
    Probe {
        /// Which check.
        check: String,
        /// How often.
        every: Length,
    },
}
