//! No field of a policy is there for the linter alone: whatever is changed in one, somebody reads it somewhere else, in the dossier,
//! in the plan around day 0, in the windows or in the generated rules.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use dossier::{Edition, markdown};
use jiff::{SignedDuration, Timestamp};
use release::calendar::Calendars;
use release::event::{Event, ReleaseOpened};
use release::ledger::event::DocumentKept;
use release::ledger::{Entry, Ledger};
use release::slo::{objectives, rules_for, slo_rules};
use release::window::Timetable;
use release::{Loaded, policy_digest};
use toml::Value;

const ARTEFACT: &str = "sha256:f3068973b644a5ae2368806d6ed1db10b41255c8566af32afbd8971fef81588f";

/// Read by others than those that are asked here.
const ELSEWHERE: [(&str, &str); 8] = [
    ("format", "what reads a policy"),
    ("check.probe", "control, which asks it"),
    ("check.control", "control, which asks it"),
    ("check.timeout", "control, which stops it then"),
    ("check.retries", "control"),
    ("check.settle", "the fold of evidence"),
    ("runbook.step.action", "control, which does it"),
    ("runbook.step.undo", "control, which does it"),
];

fn opened(text: &str, loaded: &Loaded, now: Timestamp) -> (Ledger, String) {
    let service = loaded.policy.service.name.clone();
    // One of the mutations leaves none.
    let environments = &loaded.policy.environments;
    let target = environments.iter().find(|environment| environment.target).unwrap_or(&environments[0]);
    let mut ledger = Ledger::default();
    let kept = DocumentKept {
        what: "policy".to_owned(),
        name: "policy.toml".to_owned(),
        folder: None,
        text: text.to_owned(),
    };
    ledger.apply(Entry::Record(service.clone(), kept.into()));
    let release = "release-1".to_owned();
    let opened = ReleaseOpened {
        release: release.clone(),
        service: service.clone(),
        version: loaded.policy.service.version.clone().unwrap_or_else(|| "1.0.0".to_owned()),
        artefact: ARTEFACT.to_owned(),
        environment: target.id.clone(),
        policy: policy_digest(loaded),
        folder: None,
        day0: None,
        without_promotion: None,
        at: now,
        by: loaded.policy.people[0].id.clone(),
    };
    ledger.apply(Entry::Release(service, Event::ReleaseOpened(opened)));
    (ledger, release)
}

/// What is computed from a policy, the quick parts first.
#[derive(Clone, Copy)]
enum Part {
    /// Each document, without hashes: before the release, and long after it.
    Document(i64),
    /// Objectives and generated rules.
    Rules,
    /// Two weeks of windows.
    Windows,
}

const PARTS: [Part; 4] = [Part::Document(0), Part::Document(24 * 75), Part::Rules, Part::Windows];

/// A part of what is computed, as text; `None` for a text that is no policy.
fn read(text: &str, part: Part) -> Option<String> {
    let loaded = Loaded::parse(text).ok()?;
    let day0 = loaded.policy.plan.day0.as_deref().unwrap_or("2025-11-18");
    let now: Timestamp = format!("{day0}T04:00:00Z").parse().ok()?;
    let calendars = Calendars::builtin();
    Some(match part {
        Part::Document(hours) => {
            let (ledger, release) = opened(text, &loaded, now);
            let at = now + SignedDuration::from_hours(hours);
            let edition = Edition { at, seq: 2, hash: "00".repeat(32), program: "0".to_owned(), left_out: 0 };
            without_hashes(&markdown(&dossier::decision(&ledger, &release, &edition, &|_, _, _| false).ok()?))
        }
        Part::Rules => {
            let objectives = objectives(&loaded.policy, &calendars, day0.parse().ok()?);
            let yaml = objectives.as_ref().map(|objectives| slo_rules(objectives).yaml());
            format!("{objectives:?}{yaml:?}{}", rules_for(&loaded.policy).yaml())
        }
        Part::Windows => {
            let timetable = Timetable::new(&loaded.policy, &calendars).ok()?;
            let mut all = String::new();
            for hours in 0..24 * 14 {
                all += &format!("{:?}\n", timetable.answer(now + SignedDuration::from_hours(hours)));
            }
            for severity in &loaded.policy.severities {
                all += &format!("{:?}\n", timetable.clone().for_incident(&severity.id).next(now, 5));
            }
            all
        }
    })
}

fn without_hashes(text: &str) -> String {
    let mut parts = text.split("sha256:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.get(64..).unwrap_or_default())
}

/// Words that may stand in each other's place.
const WORDS: [&[&str]; 9] = [
    &["shell", "kubernetes", "prometheus-rules", "json", "junit", "lcov", "cobertura", "sarif"],
    &["<", "<=", ">", ">=", "=="],
    &["must", "should", "nice"],
    &["warn", "page", "hold", "roll-back"],
    &["blue-green", "stop-the-world"],
    &["deploy", "roll-back", "incident", "task"],
    &["artefact", "environment", "team"],
    &["ratio", "latency", "count", "time_to_restore", "rate", "gauge", "duration"],
    &["weighted", "mean", "backup", "drain", "migrate", "health", "smoke", "switch", "monitor", "remove"],
];

/// Values that are a little different and may be readable in its place.
fn others(value: &Value) -> Vec<Value> {
    match value {
        Value::Boolean(is) => vec![Value::Boolean(!is)],
        Value::Integer(number) => vec![Value::Integer(number + 1), Value::Integer(number - 1)],
        Value::Float(number) => vec![Value::Float(number + 1.0), Value::Float(number / 2.0)],
        Value::String(text) if text == "unanimous" => {
            vec![Value::Table(toml::Table::from_iter([("quorum".to_owned(), Value::Integer(1))]))]
        }
        Value::String(text) => {
            let words = WORDS.iter().filter(|words| words.contains(&text.as_str())).copied().flatten();
            let mut all: Vec<String> =
                words.filter(|word| **word != text).map(|word| (*word).to_owned()).collect();
            all.push(format!("{text}x"));
            if let Some(at) = text.find(|letter: char| letter.is_ascii_digit()) {
                let digit = text.as_bytes()[at] - b'0';
                for other in [(digit + 1) % 10, (digit + 9) % 10] {
                    all.push(format!("{}{other}{}", &text[..at], &text[at + 1..]));
                }
            }
            // Where it begins with a digit it is most often a length or a date.
            if text.starts_with(|letter: char| letter.is_ascii_digit()) {
                all.reverse();
            }
            all.into_iter().map(Value::String).collect()
        }
        _ => Vec::new(),
    }
}

/// Leaves by their field, as in `check.title`: places of at most a few of each.
fn leaves(value: &Value, field: &str, place: &mut Vec<Step>, found: &mut BTreeMap<String, Vec<Vec<Step>>>) {
    match value {
        Value::Table(table) => {
            for (name, inside) in table {
                let field = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                place.push(Step::Name(name.clone()));
                leaves(inside, &field, place, found);
                place.pop();
            }
        }
        Value::Array(list) => {
            for (at, inside) in list.iter().enumerate() {
                place.push(Step::At(at));
                leaves(inside, field, place, found);
                place.pop();
            }
        }
        _ => found.entry(field.to_owned()).or_default().push(place.clone()),
    }
}

#[derive(Clone)]
enum Step {
    Name(String),
    At(usize),
}

fn put(value: &mut Value, place: &[Step], other: Value) {
    match place {
        [] => *value = other,
        [Step::Name(name), rest @ ..] => put(value.get_mut(name.as_str()).unwrap(), rest, other),
        [Step::At(at), rest @ ..] => put(value.get_mut(*at).unwrap(), rest, other),
    }
}

/// Whether something else is computed when this place holds another value.
fn is_read(whole: &Value, before: &[Option<String>], field: &str, place: &[Step]) -> bool {
    let value = place.iter().fold(whole, |at, step| match step {
        Step::Name(name) => &at[name.as_str()],
        Step::At(index) => &at[*index],
    });
    let windows = ["windows", "rollout", "plan", "runbook"].contains(&field.split('.').next().unwrap());
    let others: Vec<String> = others(value).into_iter().map(|other| with(whole, place, other)).collect();
    PARTS.iter().zip(before).filter(|(part, _)| windows || !matches!(part, Part::Windows)).any(
        |(part, before)| {
            others.iter().any(|text| read(text, *part).is_some_and(|after| Some(&after) != before.as_ref()))
        },
    )
}

fn with(whole: &Value, place: &[Step], other: Value) -> String {
    let mut changed = whole.clone();
    put(&mut changed, place, other);
    toml::to_string(&changed).unwrap()
}

/// Fields of this policy that nobody reads.
fn unread(name: &str) -> Vec<String> {
    let path = format!("{}/../../policies/{name}", env!("CARGO_MANIFEST_DIR"));
    let whole: Value = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let text = toml::to_string(&whole).unwrap();
    let before: Vec<Option<String>> = PARTS.iter().map(|part| read(&text, *part)).collect();
    let mut found = BTreeMap::new();
    leaves(&whole, "", &mut Vec::new(), &mut found);
    // What authors say of their own document is for the linter to compare; a name is what others call it by.
    let stated = |field: &str| field.split('.').any(|part| part.starts_with("stated") || part == "id");
    let elsewhere = |field: &str| {
        ELSEWHERE.iter().any(|(other, _)| field == *other || field.starts_with(&format!("{other}.")))
    };
    found
        .into_iter()
        .filter(|(field, _)| !stated(field) && !elsewhere(field))
        // A few places of each: one value may stand where nothing follows from it.
        .filter(|(field, places)| !places.iter().take(4).any(|place| is_read(&whole, &before, field, place)))
        .map(|(field, _)| field)
        .collect()
}

#[test]
fn of_the_ticker_policy() {
    assert_eq!(unread("ticker-service.fixed.toml"), Vec::<String>::new());
}

#[test]
fn of_the_trading_policy() {
    assert_eq!(unread("algo-trading.fixed.toml"), Vec::<String>::new());
}
