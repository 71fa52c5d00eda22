//! Alert rules that fire at the wrong time, or never.

use super::promql::{self, Token};
use crate::lint::{Case, Found, Words};
use crate::policy::{Kind, Probe};

/// A share in words: Prometheus templates are no shares.
fn speaks_of_share(words: &str) -> bool {
    let words = words.to_lowercase();
    words.contains('%') || ["percent", "ratio", "share"].iter().any(|word| words.contains(word))
}

pub(super) fn percentage(case: &Case<'_>, found: &mut Found<'_>) {
    let bare = |tokens: &[Token]| promql::has_rate(tokens) && !promql::is_divided(tokens);
    for alert in &case.seen.alerts {
        let Some(tokens) = &alert.tokens else { continue };
        let Some(limit) = promql::limit(tokens) else { continue };
        if bare(tokens) && speaks_of_share(&alert.words) && !promql::has_name(tokens, "histogram_quantile") {
            let message =
                format!("Alert `{}` speaks of a share, and its expression is events per second.", alert.name);
            let arithmetic = match case.policy.service.requests_per_second.map(crate::Figure::as_f64) {
                Some(requests) if requests > 0.0 => format!(
                    "{limit} failures a second of {requests} requests a second are {:.3} %",
                    limit / requests * 100.0
                ),
                _ => String::new(),
            };
            let right = "the rate of failures divided by the rate of all requests";
            alert.tell(found, Words::new(message, alert.expression.as_str(), right).because(arithmetic));
        }
    }
    for (i, metric) in case.policy.metrics.iter().enumerate().filter(|(_, metric)| metric.kind == Kind::Ratio)
    {
        let Some(query) = &metric.query else { continue };
        if promql::tokens(query).is_some_and(|tokens| bare(&tokens)) {
            let message =
                format!("Metric `{}` is a ratio, and its query gives events per second.", metric.id);
            let right = "the rate of these events divided by the rate of all";
            found.at(&format!("metric.{i}.query"), Words::new(message, query.as_str(), right));
        }
    }
}

/// What is wrong with a call of `histogram_quantile`.
fn misuse(tokens: &[Token]) -> Option<&'static str> {
    promql::calls(tokens, "histogram_quantile").into_iter().find_map(|arguments| {
        let [quantile, series] = arguments[..] else { return Some("it needs a quantile and a series") };
        if let [Token::Number(text)] = quantile
            && text.parse::<f64>().is_ok_and(|quantile| quantile > 1.0)
        {
            return Some("the quantile is a share: 0.99, not 99");
        }
        // A subquery or a recorded rate has neither name here: unknown.
        let recorded = series.iter().any(|token| matches!(token, Token::Name(name) if name.contains(':')));
        let buckets =
            series.iter().any(|token| matches!(token, Token::Name(name) if name.ends_with("_bucket")));
        let keeps_le = promql::has_name(series, "le");
        let sums = ["sum", "avg", "max", "min"].iter().any(|name| promql::has_name(series, name));
        let without = promql::has_name(series, "without");
        if recorded || series.is_empty() {
            None
        } else if !promql::has_rate(series) {
            Some("there is no rate of the buckets")
        } else if !buckets && keeps_le {
            Some("the series is not the `_bucket` one, and only that has `le`")
        } else if buckets && sums && without && keeps_le {
            Some("the aggregation drops `le`")
        } else if buckets && sums && !without && !keeps_le {
            Some("the aggregation does not keep `le`")
        } else {
            // A rate of a series without buckets may be a native histogram.
            None
        }
    })
}

pub(super) fn quantile(case: &Case<'_>, found: &mut Found<'_>) {
    let right = "histogram_quantile(0.99, sum by (le) (rate(NAME_bucket[5m])))";
    for alert in &case.seen.alerts {
        if let Some(why) = alert.tokens.as_deref().and_then(misuse) {
            let message = format!("Alert `{}` never fires: {why}.", alert.name);
            alert.tell(found, Words::new(message, alert.expression.as_str(), right));
        }
    }
    let metrics = case.policy.metrics.iter().enumerate();
    let queries = metrics.map(|(i, metric)| (format!("metric.{i}.query"), metric.query.as_ref()));
    let checks = case.policy.checks.iter().enumerate().filter_map(|(i, check)| match &check.probe {
        Probe::Promql(probe) => Some((format!("check.{i}.probe.promql.query"), probe.query.as_ref())),
        _ => None,
    });
    for (path, query) in queries.chain(checks) {
        let Some(query) = query else { continue };
        if let Some(why) = promql::tokens(query).as_deref().and_then(misuse) {
            let message = format!("The query gives no value: {why}.");
            found.at(&path, Words::new(message, query.as_str(), right));
        }
    }
}

pub(super) fn down(case: &Case<'_>, found: &mut Found<'_>) {
    let alerts = &case.seen.alerts;
    let absent =
        |tokens: &[Token]| ["absent", "absent_over_time"].iter().any(|name| promql::has_name(tokens, name));
    let watched = alerts.iter().filter_map(|alert| alert.tokens.as_deref());
    // An alert on absence may stand anywhere, but it has to be about `up`.
    if watched.clone().any(|tokens| absent(tokens) && promql::has_name(tokens, "up")) {
        return;
    }
    for alert in alerts {
        if let Some(labels) = alert.tokens.as_deref().and_then(promql::down) {
            let message = format!("Alert `{}` is silent once the target is no longer known.", alert.name);
            let up = if labels.is_empty() { "up{job=\"...\"}".to_owned() } else { format!("up{{{labels}}}") };
            let right = format!("{} or absent({up})", alert.expression);
            alert.tell(found, Words::new(message, alert.expression.as_str(), right));
        }
    }
}

pub(super) fn at_once(case: &Case<'_>, found: &mut Found<'_>) {
    for alert in &case.seen.alerts {
        if alert.holds_for.as_deref().is_none_or(|text| text.trim_end_matches(char::is_alphabetic) == "0") {
            let message = format!("Alert `{}` fires on a single evaluation.", alert.name);
            let stated =
                alert.holds_for.as_ref().map_or_else(|| "no `for`".to_owned(), |text| format!("for: {text}"));
            alert.tell(found, Words::new(message, stated, "for: 1m or more"));
        }
    }
}

pub(super) fn floor(case: &Case<'_>, found: &mut Found<'_>) {
    for alert in &case.seen.alerts {
        let Some(tokens) = &alert.tokens else { continue };
        let ratio = promql::has_rate(tokens) && promql::is_divided(tokens) && promql::is_compared(tokens);
        if ratio && !promql::has_name(tokens, "and") {
            let message = format!("Alert `{}` fires on a share of next to nothing.", alert.name);
            let right = format!("{} and sum(rate(REQUESTS[5m])) > 1", alert.expression);
            alert.tell(found, Words::new(message, alert.expression.as_str(), right));
        }
    }
}
