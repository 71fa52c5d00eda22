//! Objectives against triggers, against each other and against the day they are judged on.

use crate::Figure;
use crate::budget::{bad_percent as budget_percent, downtime_minutes, empty_after};
use crate::lint::demands::{bad_percent, bounds_the_bad_side, metric};
use crate::lint::words::{at, minutes_of, percent_of, spoken};
use crate::lint::{Case, Found, Level, Rule, Words};
use crate::policy::{Horizon, Indicator, Policy, Slo, Target, Trigger};

pub(super) const BAND: Rule = Rule {
    code: "T07",
    level: Level::Error,
    title: "between an objective and its first trigger nothing decides",
    explain: "Error rates above the objective but below every trigger empty the budget without anybody being told. Add a warning at \
              or below what the objective allows, or an alert on the rate at which the budget is used.",
    look: band,
};

pub(super) const LOOSER: Rule = Rule {
    code: "T08",
    level: Level::Error,
    title: "a goal for a short time is looser than the objective that holds meanwhile",
    explain: "Who keeps just the short goal has already used much or all of what the longer objective allows. Make the short goal at \
              least as strict, or let the objective begin later.",
    look: looser,
};

pub(super) const PERIOD: Rule = Rule {
    code: "T09",
    level: Level::Error,
    title: "an objective's period is longer than the horizon that judges it",
    explain: "On that day a part of the period lies before the release or in the future, so the judgement is about something else. \
              Give the horizon an objective of its own length, or judge it later.",
    look: period,
};

/// The share of bad events, in percent, from which a trigger acts.
fn acts_from(policy: &Policy, target: &Target) -> Option<Figure> {
    let metric = metric(policy, &target.metric)?;
    let usable = target.times_baseline.is_none() && bounds_the_bad_side(metric, target, true);
    usable.then(|| bad_percent(metric, target.value))?
}

/// Just below a limit: a tenth of a percent, or a tenth of it where that is little.
fn just_below(limit: Figure) -> Figure {
    let tenth = Figure::from_millionths(100_000);
    if limit > tenth + tenth {
        limit - tenth
    } else {
        limit - Figure::from_millionths(limit.millionths() / 10)
    }
}

fn band(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    for slo in &policy.slos {
        let allowed = budget_percent(slo.objective);
        let first = policy
            .triggers
            .iter()
            .enumerate()
            .filter_map(|(place, trigger)| Some((place, trigger, trigger.when.as_ref()?)))
            .filter(|(_, _, target)| slo.metric.as_ref() == Some(&target.metric))
            .filter_map(|(place, trigger, target)| Some((place, trigger, acts_from(policy, target)?)))
            .min_by_key(|(_, _, limit)| *limit);
        let Some((place, trigger, limit)): Option<(usize, &Trigger, Figure)> = first else { continue };
        let errors = just_below(limit);
        if errors <= allowed {
            continue;
        }
        let Some(empty) = empty_after(slo.objective, slo.period, errors) else { continue };
        found.add(
            &at("trigger", place, &["when", "value"]),
            Words {
                message: format!(
                    "between {allowed} % (`{}`) and {limit} % (`{}`) nothing decides: at {errors} % the budget of {} is empty \
                     after {}",
                    slo.id,
                    trigger.id,
                    spoken(slo.period),
                    spoken(empty)
                ),
                stated: format!("{limit} %"),
                right: format!("something that acts from {allowed} % on; at {errors} % there are {}", spoken(empty)),
                arithmetic: format!("{allowed} % x {} / {errors} % = {}", spoken(slo.period), spoken(empty)),
            },
        );
    }
}

fn horizon<'a>(policy: &'a Policy, id: Option<&String>) -> Option<&'a Horizon> {
    policy.horizons.iter().find(|horizon| Some(&horizon.id) == id)
}

/// The seconds after day 0 that an objective is about; `None` when it holds for good.
fn covers(policy: &Policy, slo: &Slo) -> Option<(i64, i64)> {
    let end = horizon(policy, slo.horizon.as_ref())?.after.signed_seconds();
    Some((end.saturating_sub(slo.period.signed_seconds()), end))
}

fn about_the_same(one: &Slo, other: &Slo) -> bool {
    // A latency has objectives at several edges, which are about different things.
    let is_latency = |slo: &Slo| matches!(slo.indicator, Indicator::Latency { .. });
    match (&one.metric, &other.metric) {
        (Some(metric), Some(same)) if !is_latency(one) && !is_latency(other) => metric == same,
        _ => one.indicator == other.indicator,
    }
}

fn looser(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    for (place, short_one) in policy.slos.iter().enumerate() {
        let holds_meanwhile = |slo: &&Slo| {
            let contains = match (covers(policy, short_one), covers(policy, slo)) {
                (_, None) => slo.horizon.is_none(),
                (Some(short), Some(long)) => long.0 <= short.0 && short.1 <= long.1,
                (None, Some(_)) => false,
            };
            contains
                && short_one.objective < slo.objective
                && short_one.period <= slo.period
                && about_the_same(short_one, slo)
        };
        let Some(strict) = policy.slos.iter().filter(holds_meanwhile).max_by_key(|slo| slo.objective) else {
            continue;
        };
        let allows = |slo: &Slo| downtime_minutes(slo.objective, slo.period);
        let share = percent_of(allows(short_one), allows(strict));
        found.add(
            &at("slo", place, &["objective"]),
            Words {
                message: format!(
                    "{} % of {} is looser than `{}`, {} % of {}: it alone may use {share} of that budget",
                    short_one.objective,
                    spoken(short_one.period),
                    strict.id,
                    strict.objective,
                    spoken(strict.period)
                ),
                stated: format!("{} %", short_one.objective),
                right: format!("{} %", strict.objective),
                arithmetic: format!(
                    "{} in {} against {} in {} = {share}",
                    minutes_of(allows(short_one)),
                    spoken(short_one.period),
                    minutes_of(allows(strict)),
                    spoken(strict.period)
                ),
            },
        );
    }
}

fn period(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    let mut judged: Vec<(Vec<String>, &Slo, &Horizon)> = Vec::new();
    for (place, slo) in policy.slos.iter().enumerate() {
        judged.extend(
            horizon(policy, slo.horizon.as_ref())
                .map(|horizon| (at("slo", place, &["period"]), slo, horizon)),
        );
    }
    for (place, horizon) in policy.horizons.iter().enumerate() {
        for (number, criterion) in horizon.criteria.iter().enumerate() {
            let slo = policy.slos.iter().find(|slo| Some(&slo.id) == criterion.slo.as_ref());
            // An objective that names this horizon is told of by its own line.
            if let Some(slo) = slo.filter(|slo| slo.horizon.as_ref() != Some(&horizon.id)) {
                judged.push((at("horizon", place, &["criterion", &number.to_string(), "slo"]), slo, horizon));
            }
        }
    }
    for (path, slo, horizon) in judged.into_iter().filter(|(_, slo, horizon)| slo.period > horizon.after) {
        found.add(
            &path,
            Words {
                message: format!(
                    "`{}` is about {}, but `{}` judges it after {}",
                    slo.id,
                    spoken(slo.period),
                    horizon.id,
                    spoken(horizon.after)
                ),
                stated: spoken(slo.period),
                right: format!("at most {}", spoken(horizon.after)),
                arithmetic: format!("{} > {}", spoken(slo.period), spoken(horizon.after)),
            },
        );
    }
}
