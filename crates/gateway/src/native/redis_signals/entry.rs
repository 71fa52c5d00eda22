//! From an entry of the stream to a signal whose shape is right.
//!
//! Either one field `signal` with the JSON object of `POST /v1/signals`, or its fields one by one: `id`, `strategy`,
//! `instrument`, `side`, `quantity`, `target_position`, `account`, `ttl_ms` as plain text, `order` and `allocation` as JSON;
//! in place of `order` its own fields `type`, `price`, `trigger_price`, `validity`, `product`.
//! An entry without `id` is named `redis-<entry id>`. `wait_ms` may be there and changes nothing.

use axum::http::StatusCode;
use serde_json::value::RawValue;
use trade::{AccountId, Signal, SignalId, State};

use super::wire::Entry;
use crate::account::Account;
use crate::api_error::ApiError;
use crate::native::fields::{self, Fields, shorten};
use crate::native::signals::shape;
use crate::native::terms;
use crate::trading::Desk;

/// Longest signal, in bytes: far more than 64 accounts need.
const BYTES_MAX: usize = 64 * 1024;
/// Fields that are whole numbers.
const NUMBERS: [&str; 4] = ["quantity", "target_position", "ttl_ms", "wait_ms"];
/// Fields that are JSON themselves.
const JSON: [&str; 2] = ["order", "allocation"];

/// Reads the signal of `entry`.
///
/// # Errors
/// The first field that is wrong.
pub fn signal(entry: &Entry, desk: &Desk, state: &State) -> Result<Signal, ApiError> {
    let body = body(entry)?;
    let fields = fields::object(body.as_bytes())?;
    fields.only(&shape::FIELDS)?;
    let id = match fields.name::<SignalId>("id")? {
        Some(id) => id,
        None => {
            format!("redis-{}", entry.id).parse().map_err(|error| fields.error("id", "bad_field", error))?
        }
    };
    let account =
        |named: &Fields<'_>, name: Option<&str>| account(named, state, name.unwrap_or(Account::PAPER));
    shape::signal(&fields, desk, id, &account)
}

fn account(fields: &Fields<'_>, state: &State, name: &str) -> Result<AccountId, ApiError> {
    let known = name.parse().ok().filter(|id| state.accounts.contains_key(id));
    known.ok_or_else(|| {
        fields.error("account", "unknown_account", format_args!("names no account: {:?}", shorten(name)))
    })
}

/// The JSON object that the entry stands for.
fn body(entry: &Entry) -> Result<String, ApiError> {
    let Some(found) = &entry.fields else {
        let words = "the stream was trimmed before this entry was read";
        return Err(ApiError::new(StatusCode::GONE, "trimmed", words).hint("trim the stream later"));
    };
    if found.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > BYTES_MAX {
        let words = format!("the entry is longer than {BYTES_MAX} bytes");
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", words));
    }
    let mut fields: Vec<(&str, &str)> = Vec::with_capacity(found.len());
    for (name, value) in found {
        match (std::str::from_utf8(name), std::str::from_utf8(value)) {
            (Ok(name), Ok(value)) => fields.push((name, value)),
            _ => return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_field", "the entry is not UTF-8")),
        }
    }
    match fields.as_slice() {
        [("signal", whole)] => Ok((*whole).to_owned()),
        _ if fields.iter().any(|(name, _)| *name == "signal") => {
            let words = "signal holds the whole signal: no field may stand beside it";
            Err(ApiError::bad_field("signal", "bad_field", words))
        }
        _ => Ok(assembled(&fields)),
    }
}

/// Fields one by one as the object that they are parts of. A name that is there twice stays so and is refused later.
fn assembled(fields: &[(&str, &str)]) -> String {
    let (order, plain): (Vec<_>, Vec<_>) = fields.iter().partition(|(name, _)| terms::FIELDS.contains(name));
    let mut members: Vec<String> = plain.into_iter().map(|(name, value)| member(name, value)).collect();
    if !order.is_empty() {
        let parts: Vec<String> = order.into_iter().map(|(name, value)| member(name, value)).collect();
        members.push(format!("\"order\":{{{}}}", parts.join(",")));
    }
    format!("{{{}}}", members.join(","))
}

fn member(name: &str, value: &str) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let number = NUMBERS.contains(&name) && value.parse::<i64>().is_ok() && !value.starts_with('+');
    let json = JSON.contains(&name) || number;
    // What is no JSON stays a text, and is refused as one under its name.
    let valid = json.then(|| serde_json::from_str::<&RawValue>(value).ok()).flatten();
    format!("{}:{}", quoted(name), valid.map_or_else(|| quoted(value), |raw| raw.get().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(fields: &[(&str, &str)]) -> Entry {
        let fields = fields.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        Entry { id: "1-0".into(), fields: Some(fields.collect()) }
    }

    fn check(fields: &[(&str, &str)], body_is: &str) {
        assert_eq!(body(&entry(fields)).unwrap(), body_is, "{fields:?}");
    }

    #[test]
    fn fields_one_by_one_are_the_object() {
        check(&[("signal", "{\"id\": \"a\"}")], "{\"id\": \"a\"}");
        check(&[("id", "7"), ("quantity", "10")], r#"{"id":"7","quantity":10}"#);
        check(&[("side", "b\"},"), ("target_position", "-5")], r#"{"side":"b\"},","target_position":-5}"#);
        check(
            &[("type", "limit"), ("side", "buy"), ("price", "1510.10")],
            r#"{"side":"buy","order":{"type":"limit","price":"1510.10"}}"#,
        );
        // A price keeps its digits; it never goes through a float.
        let price = r#"{"price":1510.1000000000000000001}"#;
        check(&[("order", price)], &format!("{{\"order\":{price}}}"));
    }

    #[test]
    fn what_is_no_number_stays_as_it_was_written() {
        for value in ["1.5", "ten", "+3", "01", "", "1,\"side\":\"sell\"", "99999999999999999999"] {
            let body = body(&entry(&[("quantity", value)])).unwrap();
            let fields = fields::object(body.as_bytes()).unwrap();
            let error = fields.integer("quantity", 1..=10).unwrap_err().to_value().to_string();
            assert!(error.contains(r#""field":"quantity""#), "{value:?}: {error}");
            assert!(!fields.has("side"), "{value:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_signal_has_a_reason() {
        let code = |entry: &Entry| body(entry).unwrap_err().to_value()["error"]["code"].clone();
        assert_eq!(code(&Entry { id: "1-0".into(), fields: None }), "trimmed");
        assert_eq!(code(&entry(&[("signal", "{}"), ("id", "a")])), "bad_field");
        assert_eq!(code(&entry(&[("signal", &" ".repeat(BYTES_MAX))])), "too_large");
        let binary = Entry { id: "1-0".into(), fields: Some(vec![(b"id".to_vec(), vec![0xff])]) };
        assert_eq!(code(&binary), "bad_field");
    }
}
