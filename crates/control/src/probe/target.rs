//! Whether figures meet targets.

use std::collections::BTreeMap;

use release::policy::{Policy, Target};
use release::{Figure, Length};

use super::case::{Asked, Miss, error, fail};

/// The nearest figure to a number; `None` for what is no number or too large.
pub(super) fn figure(number: f64) -> Option<Figure> {
    let millionths = (number * 1e6).round();
    // Below 2^63, with room: a double has no exact i64::MAX.
    (millionths.abs() < 9e18).then(|| Figure::from_millionths(millionths as i64))
}

/// As scorecards and horizons have it; without one nobody can tell.
pub(super) fn limit(target: &Target, policy: &Policy) -> Result<Figure, Miss> {
    release::scorecard::limit(policy, target).map_err(|error| Miss::Error(error.to_string()))
}

/// For people: `latency at 0.99`.
pub(super) fn name(target: &Target) -> String {
    match target.quantile {
        Some(quantile) => format!("{} at {quantile}", target.metric),
        None => target.metric.clone(),
    }
}

/// Passes when all targets are met by figures that are there.
pub(super) fn judge(targets: &[Target], policy: &Policy, figures: &BTreeMap<String, Figure>) -> Asked {
    let mut missed = Vec::new();
    for target in targets {
        let value = value(target, figures)?;
        let limit = limit(target, policy)?;
        if let Some(least) = target.at_least_events {
            let events = policy.metrics.iter().find(|metric| metric.id == target.metric);
            let events = events.and_then(|metric| metric.of.as_deref()).unwrap_or("events");
            let counted = named(events, figures)?;
            if counted < Figure::whole(i64::try_from(least).unwrap_or(i64::MAX)) {
                return error(format!(
                    "{counted} {events} say nothing about {}: it takes {least}",
                    name(target)
                ));
            }
        }
        if let Some(over) = target.over {
            let hours = named("hours", figures)?;
            if hours * Figure::whole(3_600) < Figure::whole(over.signed_seconds()) {
                missed.push(format!("{} was measured over {hours} hours, not over {over}", name(target)));
            }
        }
        if !target.is.holds(value, limit) {
            missed.push(format!("{} is {value}, not {} {limit}", name(target), target.is.as_str()));
        }
    }
    if missed.is_empty() { Ok(()) } else { fail(missed.join("; ")) }
}

/// `latency` at 0.99 is found as `latency_p99` or `p99_latency`.
fn value(target: &Target, figures: &BTreeMap<String, Figure>) -> Result<Figure, Miss> {
    let Some(quantile) = target.quantile else { return named(&target.metric, figures) };
    let percent = quantile * Figure::HUNDRED;
    let spellings = [format!("{}_p{percent}", target.metric), format!("p{percent}_{}", target.metric)];
    match spellings.iter().find_map(|name| figures.get(name)) {
        Some(value) => Ok(*value),
        None => named(&spellings[0], figures),
    }
}

fn named(name: &str, figures: &BTreeMap<String, Figure>) -> Result<Figure, Miss> {
    if let Some(value) = figures.get(name) {
        return Ok(*value);
    }
    let known: Vec<_> = figures.keys().take(20).map(String::as_str).collect();
    let known = if known.is_empty() { "none at all".to_owned() } else { known.join(", ") };
    error(format!("no figure `{name}`; found: {known}"))
}

/// `90s`, as PromQL writes ranges.
pub(super) fn promql_range(length: Length) -> String {
    format!("{}s", length.as_seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        let text = r#"
            format = 1
            service = { name = "ticker" }
            metric = [{ id = "errors", kind = "ratio", of = "requests" }]
            [[baseline]]
            id = "last"
            environment = "production"
            value = [{ metric = "latency", quantile = 0.99, value = 120 }]
        "#;
        release::Loaded::parse(text).unwrap().policy
    }

    fn judged(target: &str, figures: &[(&str, &str)]) -> Asked {
        #[derive(Debug)]
        struct Parsed(Target);
        let text = format!(
            "format = 1\nservice = {{ name = \"x\" }}\n[[check]]\nid = \"x\"\nprobe.measured = {{ target = {target} }}"
        );
        let check = release::Loaded::parse(&text).unwrap().policy.checks.remove(0);
        let release::policy::Probe::Measured(measured) = check.probe else { panic!("{check:?}") };
        let Parsed(target) = Parsed(measured.target);
        let figures =
            figures.iter().map(|(name, value)| ((*name).to_owned(), value.parse().unwrap())).collect();
        judge(&[target], &policy(), &figures)
    }

    #[test]
    fn limits_multiples_events_and_quantiles() {
        let twice =
            r#"{ metric = "latency", quantile = 0.99, is = "<=", value = 2, times_baseline = "last" }"#;
        assert!(judged(twice, &[("latency_p99", "240")]).is_ok());
        assert!(
            matches!(judged(twice, &[("p99_latency", "240.1")]), Err(Miss::Fail(why)) if why.contains("240.1"))
        );
        assert!(
            matches!(judged(twice, &[("p50", "1")]), Err(Miss::Error(why)) if why.contains("found: p50"))
        );
        let few = r#"{ metric = "errors", is = "<", value = 1, at_least_events = 1000 }"#;
        assert!(matches!(judged(few, &[("errors", "0"), ("requests", "999")]), Err(Miss::Error(_))));
        assert!(matches!(judged(few, &[("errors", "0")]), Err(Miss::Error(_))));
        assert!(judged(few, &[("errors", "0"), ("requests", "1000")]).is_ok());
        let long = r#"{ metric = "errors", is = "<", value = 1, over = "24h" }"#;
        assert!(matches!(judged(long, &[("errors", "0"), ("hours", "23.9")]), Err(Miss::Fail(_))));
        assert!(judged(long, &[("errors", "0"), ("hours", "24")]).is_ok());
    }

    #[test]
    fn what_is_no_number_is_no_figure() {
        for number in [f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(figure(number), None);
        }
        assert_eq!(figure(0.25), Some("0.25".parse().unwrap()));
    }
}
