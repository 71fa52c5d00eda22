//! From the queries of an OpenSLO document to an indicator of a policy.
//!
//! A policy has selectors, a document has PromQL: `sum(rate(m{a="b"}[5m]))` and its simpler forms are taken apart,
//! nothing else is.

use serde_saphyr::Spanned;

use super::document::{Objective, Ratio, Source};
use super::{LeftOut, left};
use crate::policy::Indicator;
use crate::slo::selector::{Matcher, Op, Selector};
use crate::slo::signal::PROBE_METRIC;
use crate::{Figure, Length};

pub(super) fn ratio(ratio: &Ratio) -> Result<Indicator, LeftOut> {
    if let Some(raw) = &ratio.raw {
        return Err(left(query(raw)?, "ratioMetric.raw: give `good` or `bad`, and `total`"));
    }
    let missing = |words: &str| LeftOut { line: line(ratio), words: words.to_owned() };
    let total = ratio.total.as_ref().ok_or_else(|| missing("a ratioMetric without `total`"))?;
    let (total, _) = selected(total, ratio.counter.as_ref())?;
    match (&ratio.bad, &ratio.good) {
        (Some(bad), _) => {
            let (bad, _) = selected(bad, ratio.counter.as_ref())?;
            Ok(Indicator::Events { bad: bad.to_string(), total: total.to_string() })
        }
        (None, Some(good)) => {
            let (selector, text) = selected(good, ratio.counter.as_ref())?;
            let found = within_a_bucket(&selector, &total).or_else(|| all_but(&selector, &total));
            found.ok_or_else(|| {
                left(
                    text,
                    "ratioMetric.good: a policy counts bad events: give `bad`, or let `good` differ from `total` by one \
                     label",
                )
            })
        }
        (None, None) => Err(missing("a ratioMetric without `good` or `bad`")),
    }
}

pub(super) fn threshold(
    source: &Source,
    objective: Option<&Objective>,
    every: Length,
) -> Result<Indicator, LeftOut> {
    let (selector, text) = selected(source, None)?;
    let check = match selector.matchers() {
        [one] if selector.metric() == PROBE_METRIC && one.label() == "check" && one.op() == Op::Equal => {
            one.value().to_owned()
        }
        _ => {
            let words = format!(
                "thresholdMetric: only {PROBE_METRIC}{{check=\"...\"}} is read; write a latency as a ratioMetric \
                 of `good` = the bucket within the limit and `total` = the count"
            );
            return Err(left(text, words));
        }
    };
    let is_passed = objective.is_some_and(|objective| {
        let value = objective.value.as_ref().map_or(1.0, |value| value.value);
        match objective.op.as_ref().map(|op| op.value.as_str()) {
            None | Some("gte") => value > 0.0 && value <= 1.0,
            Some("gt") => (0.0..1.0).contains(&value),
            Some(_) => false,
        }
    });
    match is_passed {
        true => Ok(Indicator::Probe { check, every }),
        false => Err(left(text, "thresholdMetric: a check has passed at 1: write `op: gte` and `value: 1`")),
    }
}

/// Good events are those of a histogram's bucket.
fn within_a_bucket(good: &Selector, total: &Selector) -> Option<Indicator> {
    let base = good.metric().strip_suffix("_bucket")?;
    let edge = good.matchers().iter().find(|matcher| matcher.label() == "le" && matcher.op() == Op::Equal)?;
    let within: Figure = edge.value().parse::<f64>().ok()?.to_string().parse().ok()?;
    let rest: Vec<&Matcher> = good.matchers().iter().filter(|matcher| *matcher != edge).collect();
    let everything = Matcher::new("le", Op::Equal, "+Inf").ok()?;
    let of_total: Vec<&Matcher> = total.matchers().iter().filter(|matcher| **matcher != everything).collect();
    let all = match total.metric() == good.metric() {
        true => total.matchers().contains(&everything),
        false => total.metric() == format!("{base}_count"),
    };
    if !all || !same(&rest, &of_total) {
        return None;
    }
    let histogram =
        rest.into_iter().fold(Selector::of(base).ok()?, |base, matcher| base.with(matcher.clone()));
    Some(Indicator::Latency { histogram: histogram.to_string(), within })
}

/// Good events have one condition more than all of them: the bad ones are those that do not meet it.
fn all_but(good: &Selector, total: &Selector) -> Option<Indicator> {
    let more: Vec<&Matcher> =
        good.matchers().iter().filter(|matcher| !total.matchers().contains(matcher)).collect();
    let [one] = more[..] else { return None };
    if good.metric() != total.metric()
        || !total.matchers().iter().all(|matcher| good.matchers().contains(matcher))
    {
        return None;
    }
    let bad = total.clone().with(Matcher::new(one.label(), one.op().opposite(), one.value()).ok()?);
    Some(Indicator::Events { bad: bad.to_string(), total: total.to_string() })
}

fn same(one: &[&Matcher], other: &[&Matcher]) -> bool {
    one.len() == other.len() && one.iter().all(|matcher| other.contains(matcher))
}

fn query(source: &Source) -> Result<&Spanned<String>, LeftOut> {
    let source = &source.metric_source;
    if let Some(kind) = source.kind.as_ref().filter(|kind| !kind.value.eq_ignore_ascii_case("prometheus")) {
        return Err(left(kind, format!("metricSource of type `{}`: only Prometheus is read", kind.value)));
    }
    source.spec.query.as_ref().ok_or_else(|| LeftOut {
        line: source.kind.as_ref().map_or(0, |kind| kind.referenced.line()),
        words: "a metricSource without `spec.query`".to_owned(),
    })
}

/// The selector in a query. A counter's own value may stand alone only where it is said to be a counter.
fn selected<'a>(
    source: &'a Source,
    counter: Option<&Spanned<bool>>,
) -> Result<(Selector, &'a Spanned<String>), LeftOut> {
    let text = query(source)?;
    let (inner, is_rated) = peeled(&text.value);
    if let Some(counter) = counter.filter(|counter| !counter.value && !is_rated) {
        return Err(left(counter, "counter: false: only counters, or rates of counters, can be added up"));
    }
    let selector = inner.parse().map_err(|error| left(text, format!("query: {error}")))?;
    Ok((selector, text))
}

/// What is within `sum(...)`, `rate(...[...])` and the like, and whether there was a range.
fn peeled(query: &str) -> (&str, bool) {
    let mut inner = query.trim();
    for functions in [&["sum"][..], &["rate", "increase", "avg_over_time"]] {
        for function in functions {
            let within = inner.strip_prefix(function).map(str::trim_start);
            if let Some(within) = within.and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')')) {
                inner = within.trim();
                break;
            }
        }
    }
    match inner.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
        Some((selector, _)) => (selector, true),
        None => (inner, false),
    }
}

fn line(ratio: &Ratio) -> u64 {
    let sources = [&ratio.good, &ratio.bad, &ratio.total].into_iter().flatten();
    sources
        .filter_map(|source| source.metric_source.spec.query.as_ref())
        .map(|query| query.referenced.line())
        .next()
        .unwrap_or(0)
}
