//! A demand on a metric, as in `p99 latency at most 200 ms`.

use serde::Deserialize;

use crate::{Figure, Length};

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum Comparison {
    /// `<`
    #[serde(rename = "<")]
    Below,
    /// `<=`
    #[serde(rename = "<=")]
    AtMost,
    /// `>`
    #[serde(rename = ">")]
    Above,
    /// `>=`
    #[serde(rename = ">=")]
    AtLeast,
    /// `==`
    #[serde(rename = "==")]
    Equal,
}

impl Comparison {
    /// True when `value` stands so to `limit`.
    pub fn holds(self, value: Figure, limit: Figure) -> bool {
        match self {
            Comparison::Below => value < limit,
            Comparison::AtMost => value <= limit,
            Comparison::Above => value > limit,
            Comparison::AtLeast => value >= limit,
            Comparison::Equal => value == limit,
        }
    }

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Comparison::Below => "<",
            Comparison::AtMost => "<=",
            Comparison::Above => ">",
            Comparison::AtLeast => ">=",
            Comparison::Equal => "==",
        }
    }

    /// True for `<` and `<=`.
    pub const fn is_upper_limit(self) -> bool {
        matches!(self, Comparison::Below | Comparison::AtMost)
    }
}

/// `{ metric = "latency", quantile = 0.99, is = "<=", value = 200 }`; in the metric's unit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Of what.
    pub metric: String,
    /// Which quantile of a latency.
    #[serde(default)]
    pub quantile: Option<Figure>,
    /// How.
    pub is: Comparison,
    /// The limit; a multiple where `times_baseline` is given.
    pub value: Figure,
    /// The value is a multiple of what this baseline has.
    #[serde(default)]
    pub times_baseline: Option<String>,
    /// The unit it was written with, where that is claimed apart: `per 1000 requests`.
    #[serde(default)]
    pub stated_per: Option<Figure>,
    /// Measured over this much time; absent: whatever is asked.
    #[serde(default)]
    pub over: Option<Length>,
    /// Fewer events than this say nothing.
    #[serde(default)]
    pub at_least_events: Option<u64>,
}
