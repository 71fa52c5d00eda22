//! One HTTP exchange, and what its answer must be.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header::HeaderMap;
use release::Figure;
use release::policy::HttpProbe;
use serde_json::Value;

use super::case::{Asked, Case, Miss, Notes, error, fail};
use super::redact;
use super::wire::{self, Answer, Question};

pub(super) async fn ask(probe: &HttpProbe, case: &Case, notes: &mut Notes) -> Asked {
    notes.inputs = inputs(probe, case)?;
    let method = probe.method.as_deref().unwrap_or("GET");
    let Ok(method) = Method::from_bytes(method.as_bytes()) else {
        return error(format!("`{method}` is no HTTP method"));
    };
    let mut headers = HeaderMap::new();
    for (name, value) in &probe.headers {
        let (name, value) = wire::header(name, &case.fill_with_secrets(value)?)?;
        headers.append(name, value);
    }
    let body = case.fill_with_secrets(probe.body.as_deref().unwrap_or_default())?;
    let uri = wire::address(&case.fill_with_secrets(&probe.url)?)?;
    let answer =
        wire::exchange(Question { method, uri, headers, body: Bytes::from(body) }, case, notes).await?;
    let took = case.elapsed();
    notes.count("status", answer.status);
    notes.count("ms", took.as_millis());
    judge(probe, &answer, took, case)
}

fn inputs(probe: &HttpProbe, case: &Case) -> Result<String, Miss> {
    let mut text = format!("{} {}\n", probe.method.as_deref().unwrap_or("GET"), case.fill(&probe.url)?);
    for (name, value) in &probe.headers {
        let value = if redact::is_credential(name) { "[redacted]".to_owned() } else { case.fill(value)? };
        let _ = writeln!(text, "{name}: {value}");
    }
    if let Some(body) = &probe.body {
        let _ = write!(text, "\n{}", case.fill(body)?);
    }
    Ok(text)
}

fn judge(probe: &HttpProbe, answer: &Answer, took: Duration, case: &Case) -> Asked {
    let mut wrong = Vec::new();
    let status = answer.status;
    match probe.status {
        Some(expected) if expected != status => wrong.push(format!("status {status} instead of {expected}")),
        None if !(200..300).contains(&status) => wrong.push(format!("status {status} instead of 200 to 299")),
        _ => {}
    }
    for (name, expected) in &probe.has_headers {
        let expected = case.fill(expected)?;
        match header(answer, name) {
            None => wrong.push(format!("no header `{name}`")),
            Some(value) if !value.contains(&expected) => {
                wrong.push(format!("header `{name}` is {} without `{expected}`", shown(name, &value, case)));
            }
            Some(_) => {}
        }
    }
    for name in &probe.lacks_headers {
        if let Some(value) = header(answer, name) {
            wrong.push(format!("header `{name}` is there: {}", shown(name, &value, case)));
        }
    }
    if let Some(text) = &probe.contains {
        let text = case.fill(text)?;
        if !contains(&answer.body, text.as_bytes()) {
            if !answer.whole {
                return error(format!(
                    "`{text}` is not in the first {} bytes of a longer answer",
                    answer.body.len()
                ));
            }
            wrong.push(format!("the answer does not contain `{text}`"));
        }
    }
    if !probe.json.is_empty() {
        let value = wire::json(answer)?;
        for (pointer, expected) in &probe.json {
            let expected = case.fill(expected)?;
            match value.pointer(pointer) {
                None => wrong.push(format!("nothing at `{pointer}`")),
                Some(found) if !is(found, &expected) => {
                    wrong
                        .push(format!("`{pointer}` is {} instead of `{expected}`", case.quote(&text(found))));
                }
                Some(_) => {}
            }
        }
    }
    if let Some(within) = probe.within.filter(|within| took > Duration::from_secs(within.as_seconds())) {
        wrong.push(format!("it took {} ms, more than {within}", took.as_millis()));
    }
    if wrong.is_empty() { Ok(()) } else { fail(wrong.join("; ")) }
}

/// All values of a header, with commas between them as if it were one.
fn header(answer: &Answer, name: &str) -> Option<String> {
    let values = answer.headers.get_all(name).iter();
    let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn shown(name: &str, value: &str, case: &Case) -> String {
    if redact::is_credential(name) { "[redacted]".to_owned() } else { case.quote(value) }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `1` and `1.0` are one number; everything else is compared letter by letter.
fn is(value: &Value, expected: &str) -> bool {
    let same_number = || {
        let (found, expected) = (value.to_string().parse::<Figure>(), expected.parse::<Figure>());
        value.is_number() && found.is_ok() && found == expected
    };
    text(value) == expected || same_number()
}
