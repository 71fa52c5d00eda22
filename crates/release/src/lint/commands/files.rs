//! The files that a policy names: found, read, and refused when they are too much.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::lint::{Case, Found, Words};
use crate::policy::{FileFormat, Policy};

/// Largest YAML file that is read, bytes.
const TEXT_MAX: usize = 1024 * 1024;

/// A file whose content is known.
pub(super) struct Named<'a> {
    /// Where the policy names it.
    pub(super) path: String,
    pub(super) text: &'a str,
    /// The text stands in the policy itself.
    pub(super) is_inline: bool,
}

/// The files of a format whose content is known: as given, or as it stands in the policy.
pub(super) fn named<'a>(
    policy: &'a Policy,
    files: &'a BTreeMap<String, String>,
    format: FileFormat,
) -> Vec<Named<'a>> {
    let mut all = Vec::new();
    for (i, file) in policy.files.iter().enumerate().filter(|(_, file)| file.format == format) {
        let outside = files.get(&file.id);
        let is_inline = outside.is_none();
        let path = format!("file.{i}.{}", if is_inline { "text" } else { "path" });
        all.extend(outside.or(file.text.as_ref()).map(|text| Named { path, text, is_inline }));
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

/// A file that cannot be read as what it is said to be.
pub(super) struct Fault {
    path: String,
    format: FileFormat,
    why: String,
}

/// The files of a format with their documents, and those that cannot be read.
pub(super) fn read<'a>(
    policy: &'a Policy,
    files: &'a BTreeMap<String, String>,
    format: FileFormat,
    faults: &mut Vec<Fault>,
) -> Vec<(Named<'a>, Vec<Value>)> {
    let mut all = Vec::new();
    for file in named(policy, files, format) {
        let why = match documents(file.text) {
            Ok(documents) if documents.iter().any(|document| has_shape(format, document)) => {
                all.push((file, documents));
                continue;
            }
            Ok(_) => format!("there is no {} in it", key(format)),
            Err(why) => why,
        };
        faults.push(Fault { path: file.path, format, why });
    }
    all
}

/// What a document of a format has.
fn key(format: FileFormat) -> &'static str {
    if format == FileFormat::PrometheusRules { "list of `groups`" } else { "document with a `kind`" }
}

pub(super) fn unreadable(case: &Case<'_>, found: &mut Found<'_>) {
    for Fault { path, format, why } in &case.seen.faults {
        let what =
            if *format == FileFormat::PrometheusRules { "Prometheus rules" } else { "Kubernetes manifests" };
        let message = format!("The file cannot be read as {what}.");
        found.at(path, Words::new(message, why.as_str(), format!("YAML with a {}", key(*format))));
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
