//! Alert rules as Prometheus reads them, plain or in a `PrometheusRule` resource.

use serde_json::Value;

use super::files::{self, Named};
use super::promql::{self, Token};
use crate::lint::{Found, Words};

/// One alert.
pub(super) struct Alert<'a> {
    /// Its file in the policy.
    path: String,
    /// The content of that file, where the policy has it.
    text: &'a str,
    /// Where its name is in the text.
    row: usize,
    pub(super) name: String,
    pub(super) expression: String,
    /// `None` for what is no PromQL.
    pub(super) tokens: Option<Vec<Token>>,
    pub(super) holds_for: Option<String>,
    /// Its name and what people are told.
    pub(super) words: String,
}

impl Alert<'_> {
    pub(super) fn tell(&self, found: &mut Found<'_>, words: Words) {
        let path: Vec<&str> = self.path.split('.').collect();
        found.within(&path, self.text, self.row, words);
    }
}

/// The groups of a document, if it has any.
pub(super) fn groups(document: &Value) -> Option<&Vec<Value>> {
    document.get("groups").or_else(|| document.get("spec")?.get("groups"))?.as_array()
}

/// The alerts of files with their documents.
pub(super) fn alerts<'a>(files: &[(Named<'a>, Vec<Value>)]) -> Vec<Alert<'a>> {
    let mut all = Vec::new();
    for (file, documents) in files {
        let groups = documents.iter().filter_map(groups).flatten();
        let rules = groups.filter_map(|group| group.get("rules")?.as_array()).flatten();
        all.extend(rules.filter_map(|rule| alert(file, rule)));
    }
    all
}

fn alert<'a>(file: &Named<'a>, rule: &Value) -> Option<Alert<'a>> {
    let name = files::scalar(rule.get("alert")?)?;
    let expression = files::scalar(rule.get("expr")?)?;
    let told = rule.get("annotations").and_then(Value::as_object);
    let told = told.into_iter().flat_map(|annotations| annotations.values()).filter_map(files::scalar);
    let words = std::iter::once(name.clone()).chain(told).collect::<Vec<_>>().join(" ");
    let text = if file.is_inline { file.text } else { "" };
    let row = text.lines().position(|line| line.contains("alert:") && line.contains(&name)).unwrap_or(0);
    Some(Alert {
        path: file.path.clone(),
        text,
        row,
        tokens: promql::tokens(&expression),
        holds_for: rule.get("for").and_then(files::scalar),
        name,
        expression: expression.split_whitespace().collect::<Vec<_>>().join(" "),
        words,
    })
}
