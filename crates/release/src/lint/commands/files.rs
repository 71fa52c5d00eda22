//! The files that a policy names: found, read, and refused when they are too much.

use serde_json::Value;

use crate::lint::{Case, Found, Words};
use crate::policy::FileFormat;

/// Largest YAML file that is read, bytes.
const TEXT_MAX: usize = 1024 * 1024;

/// A file whose content is known.
pub(super) struct Named<'a> {
    /// Where the policy names it.
    pub(super) path: String,
    pub(super) text: &'a str,
}

pub(super) fn named<'a>(case: &Case<'a>, format: FileFormat) -> Vec<Named<'a>> {
    let mut all = Vec::new();
    for (i, file) in case.policy.files.iter().enumerate().filter(|(_, file)| file.format == format) {
        let text = case.files.get(&file.id).or(file.text.as_ref());
        let place = if file.text.is_some() { "text" } else { "path" };
        all.extend(text.map(|text| Named { path: format!("file.{i}.{place}"), text }));
    }
    all
}

/// The documents of a YAML text.
///
/// # Errors
/// Why it cannot be read, in a line.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, String> {
    if text.len() > TEXT_MAX {
        return Err(format!("it is longer than {TEXT_MAX} bytes"));
    }
    // A hostile file must cost no more than a long one: aliases are counted where they are replayed.
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
    serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| error.to_string().lines().next().unwrap_or("it is no YAML").to_owned())
}

/// The YAML documents of all files of a format that can be read, each with its file's place.
pub(super) fn readable(case: &Case<'_>, format: FileFormat) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for file in named(case, format) {
        let documents = documents(file.text).unwrap_or_default();
        all.extend(documents.into_iter().map(|document| (file.path.clone(), document)));
    }
    all
}

pub(super) fn unreadable(case: &Case<'_>, found: &mut Found<'_>) {
    for format in [FileFormat::PrometheusRules, FileFormat::Kubernetes] {
        for file in named(case, format) {
            let (what, expected) = match format {
                FileFormat::PrometheusRules => ("Prometheus rules", "YAML with `groups`"),
                _ => ("Kubernetes manifests", "YAML with `kind` in each document"),
            };
            let why = match documents(file.text) {
                Err(why) => why,
                Ok(documents) if documents.iter().any(|document| has_shape(format, document)) => continue,
                Ok(_) => format!("there is nothing of {expected} in it"),
            };
            let message = format!("The file cannot be read as {what}.");
            found.at(&file.path, Words::new(message, why, expected));
        }
    }
}

fn has_shape(format: FileFormat, document: &Value) -> bool {
    match format {
        FileFormat::PrometheusRules => super::rules::groups(document).is_some(),
        _ => document.get("kind").is_some_and(Value::is_string),
    }
}

/// A scalar as text; nothing for lists and tables.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_files_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let below = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [below.as_str(); 10].join(", ")));
        }
        let flow = "[".repeat(100_000);
        let block = "- ".repeat(100_000);
        let rows: String = (0..100_000).map(|depth| format!("{}a:\n", " ".repeat(depth % 500))).collect();
        for text in
            [bomb, flow, block, rows, "x: ".repeat(50_000), "a: 1\n".repeat(300_000), "{a: *b}".into()]
        {
            assert!(documents(&text).is_err());
        }
        assert_eq!(documents("a: 1\n---\nb: [x, 2]\n").unwrap().len(), 2);
    }
}
