//! Weighted matrices.

use serde::Deserialize;

use super::Target;
use crate::Figure;

/// How rows become a total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Sum of score times weight; weights sum to 100.
    Weighted,
    /// Mean of all rows.
    Mean,
}

/// One matrix.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scorecard {
    /// Short name.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// How.
    pub method: Method,
    /// The best score of a row.
    #[serde(default = "ten")]
    pub scale: Figure,
    /// GO needs at least this total; absent: it decides nothing.
    #[serde(default)]
    pub threshold: Option<Figure>,
    /// What its authors computed.
    #[serde(default)]
    pub stated_total: Option<Figure>,
    /// What they called it.
    #[serde(default)]
    pub stated_method: Option<Method>,
    /// In order.
    #[serde(default, rename = "row")]
    pub rows: Vec<Row>,
}

const fn ten() -> Figure {
    Figure::whole(10)
}

/// One criterion.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Short name.
    pub id: String,
    /// For people.
    pub title: String,
    /// Percent.
    #[serde(default)]
    pub weight: Option<Figure>,
    /// Where its score comes from.
    pub score: Score,
    /// The title can only be true or false.
    #[serde(default)]
    pub yes_or_no: bool,
    /// What it measures, where that has a name: a measure counts once.
    #[serde(default)]
    pub measures: Option<String>,
    /// What its authors called it: `pass`, `warn`, `fail`.
    #[serde(default)]
    pub stated_status: Option<String>,
    /// For people.
    #[serde(default)]
    pub note: String,
}

/// Where a score comes from. In files: `score.share = { checks = [...] }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Score {
    /// Somebody's mark.
    Attested {
        /// From 0 to the scale; absent: to be given with the evidence.
        #[serde(default)]
        value: Option<Figure>,
        /// Which role gives it.
        by: String,
    },
    /// Scale times the share of these checks that pass.
    Share {
        /// Which.
        checks: Vec<String>,
    },
    /// By a measured value: scale when it passes, half when it warns, else 0.
    Measured {
        /// To pass.
        pass: Box<Target>,
        /// To be half good.
        #[serde(default)]
        warn: Option<Box<Target>>,
        /// Which role may give the value by hand; absent: anyone whom the policy gives a role.
        #[serde(default)]
        by: Option<String>,
    },
    /// The score of a review.
    Review {
        /// Which.
        review: String,
    },
}
