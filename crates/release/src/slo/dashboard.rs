//! Grafana dashboards as JSON.
//!
//! Enters: objectives, or nothing (for the gateway's own metrics). Leaves: dashboards that are the same bytes for the
//! same input. Never here: Grafana itself.
//!
//! Every dashboard asks the Prometheus that its variable `datasource` names. Panels flow from left to right in rows,
//! so that none overlaps another.

mod gateway;
mod layout;
mod releases;
mod slos;

use layout::{Graph, Layout};
use serde::Serialize;

pub use gateway::gateway_dashboard;
pub use releases::{Arms, releases_dashboard};
pub use slos::slo_dashboard;

/// Grafana's version of the format.
pub const SCHEMA_VERSION: u32 = 39;

/// One dashboard.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    uid: String,
    title: String,
    tags: Vec<String>,
    schema_version: u32,
    editable: bool,
    refresh: &'static str,
    timezone: &'static str,
    time: Span,
    templating: List<Variable>,
    annotations: List<Annotation>,
    panels: Vec<Panel>,
}

impl Dashboard {
    /// As Grafana reads it.
    pub fn json(&self) -> String {
        // A struct of texts and numbers has no reason to fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// All queries, in order.
    pub fn queries(&self) -> impl Iterator<Item = &str> {
        self.panels.iter().flat_map(|panel| &panel.targets).map(|target| target.expr.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Span {
    from: &'static str,
    to: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct List<T> {
    list: Vec<T>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Variable {
    name: &'static str,
    label: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    query: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    datasource: Option<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh: Option<u32>,
    include_all: bool,
    multi: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Source {
    #[serde(rename = "type")]
    kind: &'static str,
    uid: &'static str,
}

const PROMETHEUS: Source = Source { kind: "prometheus", uid: "${datasource}" };

/// What is marked on every panel: what was posted to Grafana with all of these tags.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation {
    name: &'static str,
    datasource: Source,
    enable: bool,
    icon_color: &'static str,
    target: AnnotationTarget,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct AnnotationTarget {
    #[serde(rename = "type")]
    kind: &'static str,
    limit: u32,
    match_any: bool,
    tags: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Panel {
    id: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    grid_pos: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    datasource: Option<Source>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<Query>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field_config: Option<Fields>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Place {
    h: u32,
    w: u32,
    x: u32,
    y: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Query {
    ref_id: String,
    expr: String,
    legend_format: String,
    datasource: Source,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Fields {
    defaults: Defaults,
    overrides: [u8; 0],
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Defaults {
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thresholds: Option<Thresholds>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Thresholds {
    mode: &'static str,
    steps: Vec<Threshold>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Threshold {
    color: &'static str,
    value: Option<f64>,
}

/// Grafana takes at most 40 characters: letters, digits, `-`, `_`.
fn uid(kind: &str, name: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let name: String = name.chars().map(|letter| if plain(letter) { letter } else { '-' }).collect();
    format!("{kind}-{name}").chars().take(40).collect()
}

#[cfg(test)]
mod tests;
