//! What somebody wanted to fill in later.

use toml::Value;

use crate::lint::{Case, Found, Words};
use crate::policy::{Policy, Probe};

/// In brackets: what a form asks for.
const BLANKS: [&str; 17] = [
    "name",
    "phone",
    "email",
    "e-mail",
    "mail",
    "date",
    "time",
    "number",
    "address",
    "link",
    "url",
    "team",
    "contact",
    "version",
    "person",
    "signature",
    "insert",
];

/// Alone between other letters.
const WORDS: [&str; 6] = ["TBD", "TBC", "TODO", "FIXME", "XXX", "changeme"];

/// Names that stand for somebody's own.
const STANDINS: [&str; 5] = ["yourdomain", "your-domain", "yourcompany", "your-company", "mycompany."];

/// The part of a text that was to be filled in.
pub(in crate::lint) fn placeholder(text: &str) -> Option<&str> {
    bracket(text).or_else(|| blank(text)).or_else(|| word(text)).or_else(|| standin(text))
}

/// `[Phone]`.
fn bracket(text: &str) -> Option<&str> {
    text.match_indices('[').find_map(|(from, _)| {
        let to = from + text[from..].find(']')?;
        let inner = text[from + 1..to].trim().to_ascii_lowercase();
        let inner = inner.strip_prefix("your ").unwrap_or(&inner);
        // `[Version](https://...)` is a link.
        let link = text[to + 1..].starts_with(['(', '[', ':']);
        let known = !link && (BLANKS.contains(&inner) || inner.starts_with("insert "));
        (known && text[from + 1..].starts_with(|letter: char| letter.is_ascii_uppercase()))
            .then(|| &text[from..=to])
    })
}

/// `2025-11-__`, `_____`: underscores that no name has.
fn blank(text: &str) -> Option<&str> {
    let from = text.find("__")?;
    let word = text[..from].rfind(char::is_whitespace).map_or(0, |space| space + 1);
    let rest = text[from..].trim_start_matches('_').len();
    let to = text.len() - rest;
    let alone = text[to..].chars().next().is_none_or(|letter| !letter.is_alphanumeric());
    let before = text[word..from].chars().next_back();
    let line = to - from >= 4 && before.is_none_or(|letter| !letter.is_alphanumeric());
    (alone && (line || before == Some('-'))).then(|| &text[word..to])
}

fn word(text: &str) -> Option<&str> {
    WORDS.iter().find_map(|word| {
        text.match_indices(word).find_map(|(from, found)| {
            let letter = |letter: char| letter.is_alphanumeric() || letter == '_';
            let before = text[..from].chars().next_back().is_none_or(|near| !letter(near));
            let after = text[from + found.len()..].chars().next().is_none_or(|near| !letter(near));
            (before && after).then_some(found)
        })
    })
}

fn standin(text: &str) -> Option<&str> {
    STANDINS.iter().find_map(|name| text.find(name).map(|from| &text[from..from + name.len()]))
}

pub(super) fn placeholders(case: &Case<'_>, found: &mut Found<'_>) {
    let Ok(table) = found.loaded.source.text().parse::<toml::Table>() else { return };
    let mut texts = Vec::new();
    collect(&Value::Table(table), &mut Vec::new(), &mut texts);
    for (path, text) in &texts {
        if let Some(left) = placeholder(text) {
            let message = format!("`{left}` was to be filled in.");
            let row = text.lines().position(|line| line.contains(left)).unwrap_or(0);
            let lines = if text.contains('\n') { text.as_str() } else { "" };
            found.within(path, lines, row, Words::new(message, left, ""));
        }
    }
    for (path, address) in addresses(case.policy) {
        if placeholder(address).is_none() && is_example(address) {
            let message = format!("`{address}` is an example, and a real address is needed here.");
            found.at(&path, Words::new(message, address, ""));
        }
    }
}

fn collect(value: &Value, path: &mut Vec<String>, texts: &mut Vec<(Vec<String>, String)>) {
    match value {
        Value::String(text) => texts.push((path.clone(), text.clone())),
        Value::Array(values) => {
            for (place, value) in values.iter().enumerate() {
                path.push(place.to_string());
                collect(value, path, texts);
                path.pop();
            }
        }
        Value::Table(table) => {
            for (name, value) in table {
                path.push(name.clone());
                collect(value, path, texts);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Addresses that something will be asked at, or somebody called.
fn addresses(policy: &Policy) -> Vec<(String, &str)> {
    let mut all = Vec::new();
    for (i, environment) in policy.environments.iter().enumerate() {
        all.extend(environment.url.iter().map(|url| (format!("environment.{i}.url"), url.as_str())));
        let prometheus = environment.prometheus.iter();
        all.extend(prometheus.map(|url| (format!("environment.{i}.prometheus"), url.as_str())));
    }
    for (i, person) in policy.people.iter().enumerate() {
        all.extend(person.contact.iter().map(|contact| (format!("person.{i}.contact"), contact.as_str())));
    }
    for (i, check) in policy.checks.iter().enumerate() {
        let address = match &check.probe {
            Probe::Http(probe) => Some(("http.url", &probe.url)),
            Probe::Tcp(probe) => Some(("tcp.address", &probe.address)),
            Probe::PortClosed(probe) => Some(("port-closed.address", &probe.address)),
            Probe::Tls(probe) => Some(("tls.address", &probe.address)),
            Probe::Dns(probe) => Some(("dns.name", &probe.name)),
            Probe::GitHistory(probe) => Some(("git-history.repository", &probe.repository)),
            _ => None,
        };
        all.extend(address.map(|(path, address)| (format!("check.{i}.probe.{path}"), address.as_str())));
    }
    all
}

/// A host in one of the domains that are kept for examples.
fn is_example(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    ["example.com", "example.org", "example.net"]
        .iter()
        .any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
        || host.ends_with(".example")
        || host.ends_with(".invalid")
}
