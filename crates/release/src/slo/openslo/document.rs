//! The shape of OpenSLO documents, as far as it is read. All kinds share one shape: what a kind does not have stays
//! empty.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{LeftOut, TEXT_MAX};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    pub(super) api_version: Spanned<String>,
    pub(super) kind: Spanned<String>,
    pub(super) metadata: Metadata,
    pub(super) spec: Option<Spec>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Metadata {
    pub(super) name: Spanned<String>,
    pub(super) display_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    pub(super) service: Option<String>,
    pub(super) indicator: Option<Inline>,
    pub(super) indicator_ref: Option<Spanned<String>>,
    pub(super) time_window: Option<Vec<TimeWindow>>,
    pub(super) budgeting_method: Option<Spanned<String>>,
    pub(super) objectives: Option<Vec<Objective>>,
    pub(super) alert_policies: Option<Spanned<serde::de::IgnoredAny>>,
    /// Of an `SLI`, as the next one.
    pub(super) ratio_metric: Option<Ratio>,
    pub(super) threshold_metric: Option<Source>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Inline {
    pub(super) spec: Indicated,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Indicated {
    pub(super) ratio_metric: Option<Ratio>,
    pub(super) threshold_metric: Option<Source>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Ratio {
    pub(super) counter: Option<Spanned<bool>>,
    pub(super) good: Option<Source>,
    pub(super) bad: Option<Source>,
    pub(super) total: Option<Source>,
    pub(super) raw: Option<Source>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Source {
    pub(super) metric_source: MetricSource,
}

#[derive(Debug, Deserialize)]
pub(super) struct MetricSource {
    #[serde(rename = "type")]
    pub(super) kind: Option<Spanned<String>>,
    pub(super) spec: Query,
}

#[derive(Debug, Deserialize)]
pub(super) struct Query {
    pub(super) query: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TimeWindow {
    pub(super) duration: Spanned<String>,
    pub(super) is_rolling: Option<bool>,
    pub(super) calendar: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Objective {
    pub(super) display_name: Option<String>,
    pub(super) target: Option<Spanned<f64>>,
    pub(super) target_percent: Option<Spanned<f64>>,
    pub(super) op: Option<Spanned<String>>,
    pub(super) value: Option<Spanned<f64>>,
    pub(super) time_slice_window: Option<Spanned<String>>,
    pub(super) composite_weight: Option<Spanned<f64>>,
}

/// A hostile text costs no more than a long one: aliases are counted where they are replayed.
pub(super) fn read(text: &str) -> Result<Vec<Document>, LeftOut> {
    if text.len() > TEXT_MAX {
        return Err(LeftOut { line: 1, words: format!("it is longer than {TEXT_MAX} bytes") });
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 64,
            flow_nesting_limit: 64,
            max_events: 400_000,
            max_nodes: 200_000,
            max_aliases: 1_000,
            max_anchors: 1_000,
            max_documents: 1_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
        },
        with_snippet: false,
    };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| LeftOut {
        line: error.location().map_or(0, |location| location.line()),
        words: error.to_string().lines().next().unwrap_or("it is no YAML").to_owned(),
    })
}
