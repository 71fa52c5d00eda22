//! Whether a Prometheus query meets a target. Nothing, several series, no number, old samples, partial answers: all
//! of these mean that nobody knows.

use std::fmt::Write as _;

use bytes::Bytes;
use hyper::Method;
use hyper::header::HeaderMap;
use market::UnixNanos;
use release::Figure;
use release::policy::{Metric, PromqlProbe, Target};
use serde_json::Value;

use super::case::{Asked, Case, Miss, Notes, error, fail};
use super::target;
use super::wire::{self, Question};

/// A server whose clock or cache is further off than this does not speak of now, seconds.
const OLD_SECONDS: f64 = 300.0;

pub(super) async fn ask(probe: &PromqlProbe, case: &Case, notes: &mut Notes) -> Asked {
    let wanted = &probe.target;
    let limit = target::limit(wanted, &case.context.policy)?;
    let metric = case.context.policy.metrics.iter().find(|metric| metric.id == wanted.metric);
    let query = probe.query.as_deref().or_else(|| metric?.query.as_deref());
    let Some(query) = query else {
        return error(format!("neither the check nor metric `{}` has a query", wanted.metric));
    };
    if let Some(least) = wanted.at_least_events {
        let events = events(metric, wanted, case)?;
        let counted = value(events, wanted, case, notes).await?;
        notes.figures.insert("events".to_owned(), counted);
        if counted < Figure::whole(i64::try_from(least).unwrap_or(i64::MAX)) {
            return error(format!(
                "{counted} events say nothing about {}: it takes {least}",
                target::name(wanted)
            ));
        }
    }
    let found = value(query, wanted, case, notes).await?;
    notes.figures.insert("value".to_owned(), found);
    if wanted.is.holds(found, limit) {
        return Ok(());
    }
    fail(format!("{} is {found}, not {} {limit}", target::name(wanted), wanted.is.as_str()))
}

fn events<'a>(metric: Option<&Metric>, wanted: &Target, case: &'a Case) -> Result<&'a str, Miss> {
    let of = metric.and_then(|metric| metric.of.as_deref());
    let events = case.context.policy.metrics.iter().find(|metric| Some(metric.id.as_str()) == of);
    events.and_then(|events| events.query.as_deref()).ok_or_else(|| {
        Miss::Error(format!(
            "metric `{}` names no other metric (`of`) with a query that counts its events",
            wanted.metric
        ))
    })
}

async fn value(query: &str, wanted: &Target, case: &Case, notes: &mut Notes) -> Result<Figure, Miss> {
    let query = filled(query, wanted);
    let environment = case.environment()?;
    let Some(server) = &environment.prometheus else {
        return error(format!("environment `{}` has no `prometheus` to be asked", environment.id));
    };
    let _ = writeln!(notes.inputs, "{}: {query}", case.fill(server)?);
    let server = case.fill_with_secrets(server)?;
    let address = format!("{}/api/v1/query?query={}", server.trim_end_matches('/'), encoded(&query));
    let question = Question {
        method: Method::GET,
        uri: wire::address(&address)?,
        headers: HeaderMap::new(),
        body: Bytes::new(),
    };
    let answer = wire::exchange(question, case, notes).await.map_err(unknown)?;
    let said = wire::json(&answer).map_err(unknown)?;
    if answer.status != 200 || said["status"] != "success" {
        let why = said["error"].as_str().unwrap_or("no success");
        return error(format!("Prometheus says {} with status {}", case.quote(why), answer.status));
    }
    if said["warnings"].as_array().is_some_and(|warnings| !warnings.is_empty()) {
        return error(format!("Prometheus warns: {}", case.quote(&said["warnings"].to_string())));
    }
    number(&said["data"], case.context.clock.wall())
}

/// Somebody else than the service did not answer: that says nothing about the service.
fn unknown(miss: Miss) -> Miss {
    match miss {
        Miss::Fail(why) => Miss::Error(why),
        other => other,
    }
}

/// The one number of an answer.
fn number(data: &Value, now: UnixNanos) -> Result<Figure, Miss> {
    let sample = match data["resultType"].as_str() {
        Some("scalar") => &data["result"],
        Some("vector") => match data["result"].as_array().map(Vec::as_slice) {
            Some([one]) if one.get("histogram").is_none() => &one["value"],
            Some([_]) => return error("the query gives a histogram: ask for one number of it"),
            Some([]) => return error("no series: nobody measures it"),
            Some(several) => {
                return error(format!("{} series instead of one: aggregate them", several.len()));
            }
            None => return error("a vector without a list"),
        },
        other => {
            return error(format!("a {} instead of one number", other.unwrap_or("result without a type")));
        }
    };
    let (Some(at), Some(text)) = (sample[0].as_f64(), sample[1].as_str()) else {
        return error("a sample without time and value");
    };
    let age = now.seconds() as f64 - at;
    if age.abs() > OLD_SECONDS {
        return error(format!("the sample is {age:.0} seconds old: that is not now"));
    }
    match text.parse::<f64>().ok().and_then(target::figure) {
        Some(value) => Ok(value),
        None => error(format!("the value is {text}, which is no number to compare")),
    }
}

/// `{quantile}` and `{over}` stand for what the target says.
fn filled(query: &str, wanted: &Target) -> String {
    let mut query = query.to_owned();
    if let Some(quantile) = wanted.quantile {
        query = query.replace("{quantile}", &quantile.to_string());
    }
    if let Some(over) = wanted.over {
        query = query.replace("{over}", &target::promql_range(over));
    }
    query
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(result: Value) -> Result<Figure, Miss> {
        number(&result, UnixNanos::from_seconds(1_000))
    }

    #[test]
    fn only_one_number_of_now_is_known() {
        let vector = |result: Value| json!({"resultType": "vector", "result": result});
        let sample = |at: i64, value: &str| json!({"metric": {}, "value": [at, value]});
        assert_eq!(read(vector(json!([sample(999, "0.5")]))).unwrap(), "0.5".parse().unwrap());
        assert_eq!(read(json!({"resultType": "scalar", "result": [1_000, "7"]})).unwrap(), Figure::whole(7));
        for unknown in [
            vector(json!([])),
            vector(json!([sample(999, "0"), sample(999, "0")])),
            vector(json!([sample(999, "NaN")])),
            vector(json!([sample(999, "+Inf")])),
            vector(json!([sample(0, "0.5")])),
            vector(json!([{"metric": {}, "histogram": [999, {}]}])),
            json!({"resultType": "matrix", "result": []}),
            json!({}),
        ] {
            assert!(matches!(read(unknown.clone()), Err(Miss::Error(_))), "{unknown}");
        }
    }
}
