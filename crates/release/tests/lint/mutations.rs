//! Whatever a policy says, looking at it ends in findings and never in a panic.

use std::collections::BTreeMap;

use release::Budget;
use release::calendar::Calendars;
use release::lint::lint;
use release::policy::Loaded;
use toml::{Table, Value};

/// Something of everything, much of it wrong.
pub const SAMPLE: &str = include_str!("sample.toml");

/// What a field is changed to: the ends of what its kind can say, and nonsense.
fn replacements(of: &Value) -> Vec<Value> {
    match of {
        Value::Integer(_) | Value::Float(_) => {
            let ends =
                [0, -1, i64::from(i32::MAX), i64::from(i32::MIN), 9_000_000_000_000, -9_000_000_000_000];
            let small = Value::Float(0.000_001);
            ends.into_iter().map(Value::Integer).chain([small]).collect()
        }
        Value::String(text) => {
            let others: &[&str] = if text.parse::<Budget>().is_ok() {
                &["0s", "18446744073709551615s", "0s..18446744073709551615s"]
            } else if text.starts_with(|letter: char| letter.is_ascii_digit()) {
                &["", "23:59", "-9999-01-01", "9999-12-31"]
            } else {
                &["errors", "=="]
            };
            others.iter().map(|text| Value::String((*text).to_owned())).collect()
        }
        Value::Array(_) => vec![Value::Array(Vec::new())],
        Value::Boolean(value) => vec![Value::Boolean(!value)],
        _ => Vec::new(),
    }
}

#[derive(Clone)]
enum Key {
    Name(String),
    Place(usize),
}

/// Every change of one field, whether it still is a policy or not.
fn changes(whole: &Value, value: &Value, path: &mut Vec<Key>, all: &mut Vec<Value>) {
    if !path.is_empty() {
        all.push(changed(whole, path, None));
        all.extend(replacements(value).iter().map(|to| changed(whole, path, Some(to))));
    }
    let inner: Vec<(Key, &Value)> = match value {
        Value::Table(table) => table.iter().map(|(name, value)| (Key::Name(name.clone()), value)).collect(),
        Value::Array(array) => {
            array.iter().enumerate().map(|(place, value)| (Key::Place(place), value)).collect()
        }
        _ => Vec::new(),
    };
    for (key, value) in inner {
        path.push(key);
        changes(whole, value, path, all);
        path.pop();
    }
}

/// The policy with the value at `path` changed, or gone.
fn changed(whole: &Value, path: &[Key], to: Option<&Value>) -> Value {
    let mut whole = whole.clone();
    let (last, around) = path.split_last().unwrap();
    let mut value = &mut whole;
    for key in around {
        value = match key {
            Key::Name(name) => &mut value[name.as_str()],
            Key::Place(place) => &mut value[*place],
        };
    }
    match (last, to) {
        (Key::Name(name), None) => drop(value.as_table_mut().unwrap().remove(name)),
        (Key::Place(place), None) => drop(value.as_array_mut().unwrap().remove(*place)),
        (Key::Name(name), Some(to)) => value[name.as_str()] = to.clone(),
        (Key::Place(place), Some(to)) => value[*place] = to.clone(),
    }
    whole
}

#[test]
fn nothing_that_parses_is_too_much() {
    let whole = Value::Table(SAMPLE.parse::<Table>().unwrap());
    let calendars = Calendars::builtin();
    let mut all = Vec::new();
    changes(&whole, &whole, &mut Vec::new(), &mut all);
    let mut looked_at = 0;
    for policy in &all {
        if let Ok(loaded) = Loaded::parse(&toml::to_string(policy).unwrap()) {
            lint(&loaded, &BTreeMap::new(), &calendars);
            looked_at += 1;
        }
    }
    assert!(looked_at > all.len() / 4, "only {looked_at} of {} parse", all.len());
}
