//! Alert rules as Prometheus reads them, plain or in a `PrometheusRule` resource.

use serde_json::Value;

use super::files;
use super::promql::{self, Token};
use crate::lint::Case;
use crate::policy::FileFormat;

/// One alert.
pub(super) struct Alert {
    /// Its file in the policy.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) expression: String,
    /// `None` for what is no PromQL.
    pub(super) tokens: Option<Vec<Token>>,
    pub(super) holds_for: Option<String>,
    /// Its name and what people are told.
    pub(super) words: String,
}

/// The groups of a document, if it has any.
pub(super) fn groups(document: &Value) -> Option<&Vec<Value>> {
    document.get("groups").or_else(|| document.get("spec")?.get("groups"))?.as_array()
}

pub(super) fn alerts(case: &Case<'_>) -> Vec<Alert> {
    let mut all = Vec::new();
    for (path, document) in files::readable(case, FileFormat::PrometheusRules) {
        let rules =
            groups(&document).into_iter().flatten().filter_map(|group| group.get("rules")?.as_array());
        all.extend(rules.flatten().filter_map(|rule| alert(&path, rule)));
    }
    all
}

fn alert(path: &str, rule: &Value) -> Option<Alert> {
    let name = files::scalar(rule.get("alert")?)?;
    let expression = files::scalar(rule.get("expr")?)?;
    let told = rule.get("annotations").and_then(Value::as_object);
    let told = told.into_iter().flat_map(|annotations| annotations.values()).filter_map(files::scalar);
    let words = std::iter::once(name.clone()).chain(told).collect::<Vec<_>>().join(" ");
    Some(Alert {
        path: path.to_owned(),
        tokens: promql::tokens(&expression),
        holds_for: rule.get("for").and_then(files::scalar),
        name,
        expression: expression.split_whitespace().collect::<Vec<_>>().join(" "),
        words,
    })
}
