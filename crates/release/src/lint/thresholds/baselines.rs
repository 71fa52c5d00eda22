//! Targets against what was measured before, and figures that cannot be compared at all.

use crate::Figure;
use crate::lint::demands::{Demand, Place, bad_percent, demanded, demands, measured, metric, valued};
use crate::lint::words::at;
use crate::lint::{Case, Found, Level, Rule, Words};
use crate::policy::{Baseline, BaselineValue, Comparison, Kind, Metric, Target};

pub(super) const MISSED: Rule = Rule {
    code: "T16",
    level: Level::Error,
    title: "a recorded baseline already misses its own target",
    explain: "The release would fail its own criteria, or be rolled back, by being no worse than what runs today. Plan the work that \
              improves it (name its milestone in the criterion), or set a target that today's figure meets.",
    look: missed,
};

pub(super) const HEADROOM: Rule = Rule {
    code: "T17",
    level: Level::Warning,
    title: "a baseline leaves less free than the smallest headroom",
    explain: "So near to the limit an ordinary busy day breaks it. Find out what takes the time or the space before the release, or \
              move the limit if it was chosen by feeling.",
    look: headroom,
};

pub(super) const UNDEFINED: Rule = Rule {
    code: "T18",
    level: Level::Error,
    title: "a multiple of a baseline that is not there",
    explain: "\"Twice the baseline\" needs a number to multiply. Record the baseline with this metric (and quantile), and say where and \
              over how long it was measured.",
    look: undefined,
};

pub(super) const NO_QUANTILE: Rule = Rule {
    code: "T19",
    level: Level::Error,
    title: "a latency without a quantile",
    explain: "Requests have many latencies; one number says which of them is meant only with a quantile. The mean hides the slow ones, \
              the slowest is an accident. Write p50, p95 or p99.",
    look: no_quantile,
};

/// The recorded value that is worst for a target.
fn worst<'a>(case: &Case<'a>, target: &Target) -> Option<(&'a Baseline, &'a BaselineValue)> {
    let values = case
        .policy
        .baselines
        .iter()
        .flat_map(|baseline| baseline.values.iter().map(move |value| (baseline, value)))
        .filter(|(_, value)| value.metric == target.metric && value.quantile == target.quantile);
    match target.is {
        Comparison::Equal => None,
        is if is.is_upper_limit() => values.max_by_key(|(_, value)| value.value),
        _ => values.min_by_key(|(_, value)| value.value),
    }
}

/// Targets that today's figures are measured by. A criterion that needs a milestone is to be met by its work.
fn comparable<'a>(case: &Case<'a>) -> Vec<Demand<'a>> {
    let mut seen = Vec::new();
    let mut all = demands(case.policy);
    all.retain(|demand| {
        let target = demand.target;
        let later = matches!(demand.place, Place::Criterion(_, criterion) if criterion.milestone.is_some());
        // The same limit in three places is one thing to say.
        let key = (&target.metric, target.quantile, target.is, target.value, demand.is_trigger());
        let new = !seen.contains(&key);
        seen.push(key);
        new && !later && target.times_baseline.is_none() && !matches!(demand.place, Place::OwnQuery)
    });
    all
}

/// `78 % (staging, peak)`.
fn recorded(case: &Case<'_>, baseline: &Baseline, value: &BaselineValue) -> String {
    let when = value.when.as_ref().map_or(String::new(), |when| format!(", {when}"));
    format!("{} ({}{when})", valued(case.policy, &value.metric, value.value), baseline.id)
}

/// A trigger looks at each moment, so the baseline that is worst for it is the opposite end.
fn against<'a>(case: &Case<'a>, demand: &Demand<'_>) -> Option<(&'a Baseline, &'a BaselineValue)> {
    if !demand.is_trigger() {
        return worst(case, demand.target);
    }
    let turned = match demand.target.is {
        Comparison::Below | Comparison::AtMost => Comparison::Above,
        Comparison::Above | Comparison::AtLeast => Comparison::Below,
        Comparison::Equal => Comparison::Equal,
    };
    worst(case, &Target { is: turned, ..demand.target.clone() })
}

fn missed(case: &Case<'_>, found: &mut Found<'_>) {
    for demand in comparable(case) {
        let target = demand.target;
        let Some((baseline, value)) = against(case, &demand) else { continue };
        if target.is.holds(value.value, target.value) != demand.is_trigger() {
            continue;
        }
        let what = measured(&target.metric, target.quantile);
        let recorded = recorded(case, baseline, value);
        let verdict = if demand.is_trigger() { "would set off" } else { "already misses" };
        found.add(
            &demand.field("value"),
            Words {
                message: format!("{what} was {recorded}, which {verdict} {}", demanded(case.policy, target)),
                stated: demanded(case.policy, target),
                right: recorded,
                arithmetic: format!(
                    "{} against {}",
                    valued(case.policy, &target.metric, value.value),
                    demanded(case.policy, target)
                ),
            },
        );
    }
}

/// The limit and the value as amounts that must not be exceeded: of a share of good events, the bad ones.
fn as_amounts(metric: &Metric, target: &Target, value: Figure) -> Option<(Figure, Figure)> {
    if metric.kind == Kind::Ratio {
        return Some((bad_percent(metric, target.value)?, bad_percent(metric, value)?));
    }
    let measured = matches!(metric.kind, Kind::Latency | Kind::Gauge | Kind::Duration | Kind::Rate);
    (measured && target.is.is_upper_limit()).then_some((target.value, value))
}

fn headroom(case: &Case<'_>, found: &mut Found<'_>) {
    let Some(minimum) = case.policy.recovery.as_ref().and_then(|recovery| recovery.headroom) else { return };
    for demand in comparable(case) {
        let target = demand.target;
        let Some((baseline, value)) = worst(case, target) else { continue };
        let Some(metric) = metric(case.policy, &target.metric) else { continue };
        let Some((limit, amount)) = as_amounts(metric, target, value.value) else { continue };
        let Some(free) = ((limit - amount) * Figure::HUNDRED).per(limit) else { continue };
        let meets = target.is.holds(value.value, target.value);
        if demand.is_trigger() || !meets || limit <= Figure::ZERO || free >= minimum {
            continue;
        }
        let recorded = recorded(case, baseline, value);
        let unit = &metric.unit;
        found.add(
            &demand.field("value"),
            Words {
                message: format!(
                    "{} was {recorded}: {} % of {} is free, {minimum} % have to be",
                    measured(&target.metric, target.quantile),
                    free.rounded(1),
                    valued(case.policy, &metric.id, target.value)
                ),
                stated: format!("{minimum} % free"),
                right: format!("{} % free", free.rounded(1)),
                arithmetic: format!("({limit} - {amount}) {unit} / {limit} {unit} = {} %", free.rounded(1)),
            },
        );
    }
}

fn undefined(case: &Case<'_>, found: &mut Found<'_>) {
    for demand in demands(case.policy) {
        let target = demand.target;
        let Some(id) = &target.times_baseline else { continue };
        let baseline = case.policy.baselines.iter().find(|baseline| baseline.id == *id);
        let what = measured(&target.metric, target.quantile);
        let lack = match baseline {
            None => format!("there is no baseline `{id}`"),
            Some(baseline) => {
                let has = |value: &BaselineValue| {
                    value.metric == target.metric && value.quantile == target.quantile
                };
                if baseline.values.iter().any(has) {
                    continue;
                }
                format!("baseline `{id}` has no {what}")
            }
        };
        found.add(
            &demand.field("times_baseline"),
            Words {
                message: format!("{} x the baseline of {what} cannot be computed: {lack}", target.value),
                stated: demanded(case.policy, target),
                right: String::new(),
                arithmetic: String::new(),
            },
        );
    }
}

fn no_quantile(case: &Case<'_>, found: &mut Found<'_>) {
    let is_latency = |id: &str| metric(case.policy, id).is_some_and(|metric| metric.kind == Kind::Latency);
    let mut add = |path: &[String], id: &str, stated: String| {
        found.add(
            path,
            Words {
                message: format!("`{id}` is a latency: {stated} says nothing without a quantile"),
                stated,
                right: "a quantile, as in `quantile = 0.99`".to_owned(),
                arithmetic: String::new(),
            },
        );
    };
    for demand in demands(case.policy) {
        if demand.target.quantile.is_none() && is_latency(&demand.target.metric) {
            add(&demand.field("value"), &demand.target.metric, demanded(case.policy, demand.target));
        }
    }
    for (place, baseline) in case.policy.baselines.iter().enumerate() {
        for (number, value) in baseline.values.iter().enumerate() {
            if value.quantile.is_none() && is_latency(&value.metric) {
                let path = at("baseline", place, &["value", &number.to_string(), "value"]);
                add(&path, &value.metric, valued(case.policy, &value.metric, value.value));
            }
        }
    }
}
