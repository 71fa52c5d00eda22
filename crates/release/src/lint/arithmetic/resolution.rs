//! Values that are finer than their measurement can tell.

use crate::budget::bad_percent as left_of;
use crate::lint::demands::{bad_percent, bounds_the_bad_side, demanded, demands, metric, valued};
use crate::lint::words::{at, grouped, spoken};
use crate::lint::{Case, Found, Level, Rule, Words};
use crate::policy::{Indicator, Kind, Metric, Policy, Probe};
use crate::{Figure, Length};

pub(super) const TOO_FINE: Rule = Rule {
    code: "A16",
    level: Level::Error,
    title: "a value is finer than its measurement",
    explain: "Checks every minute see a day in 1,440 steps of 0.069 %; nothing between two steps can be observed. Measure more \
              often, over a longer time, or write a value that can be told from its neighbours.",
    look: too_fine,
};

/// How many times `every` fits into `over`.
fn looks(over: Length, every: Length) -> Option<i64> {
    i64::try_from(over.as_seconds().checked_div(every.as_seconds())?).ok().filter(|count| *count > 0)
}

/// How often the availability metric is looked at: by itself, or by the probes of an objective. A share of events (`of`) is as fine as
/// there are events, so nothing is known of it.
fn looked_at_every(policy: &Policy, metric: &Metric) -> Option<Length> {
    if metric.kind != Kind::Ratio || !metric.more_is_better || metric.of.is_some() {
        return None;
    }
    let by_probe = policy.slos.iter().filter(|slo| slo.metric.as_ref() == Some(&metric.id));
    metric.every.or(by_probe
        .filter_map(|slo| match slo.indicator {
            Indicator::Probe { every, .. } => Some(every),
            _ => None,
        })
        .next())
}

fn words(stated: String, over: Length, every: Length, count: i64, bad: Figure) -> Option<Words> {
    let step = Figure::HUNDRED.per(Figure::whole(count))?.rounded(3);
    let looks = grouped(u64::try_from(count).unwrap_or(0));
    let failed = (bad * Figure::whole(count)).per(Figure::HUNDRED)?.rounded(3);
    Some(Words {
        message: format!(
            "{stated} of {} cannot be told by looks every {}: they see steps of {step} %",
            spoken(over),
            spoken(every)
        ),
        stated,
        right: format!("steps of {step} %"),
        arithmetic: format!(
            "{} / {} = {looks}; 100 % / {looks} = {step} %; {bad} % would be {failed} looks",
            over, every
        ),
    })
}

fn too_fine(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    // Values that were observed have to be one of the steps, as far as their decimals say.
    let mut observed = Vec::new();
    for (place, baseline) in policy.baselines.iter().enumerate() {
        for (number, value) in baseline.values.iter().enumerate() {
            let path = at("baseline", place, &["value", &number.to_string(), "value"]);
            observed.extend(baseline.over.map(|over| (path, &value.metric, over, value.value)));
        }
    }
    for (place, check) in policy.checks.iter().enumerate() {
        if let Probe::Measured(probe) = &check.probe
            && let (Some(over), Some(stated)) = (probe.target.over, probe.stated)
        {
            observed.push((
                at("check", place, &["probe", "measured", "stated"]),
                &probe.target.metric,
                over,
                stated,
            ));
        }
    }
    for (path, id, over, value) in observed {
        let Some(metric) = metric(policy, id) else { continue };
        let Some(every) = looked_at_every(policy, metric) else { continue };
        let (Some(count), Some(bad)) = (looks(over, every), bad_percent(metric, value)) else { continue };
        if !is_a_step(value, bad, metric, count)
            && let Some(words) = words(valued(policy, id, value), over, every, count, bad)
        {
            found.add(&path, words);
        }
    }
    // Limits have to leave room for at least one look that fails, or be the whole.
    for demand in demands(policy) {
        let target = demand.target;
        let (Some(over), Some(metric)) = (target.over, metric(policy, &target.metric)) else { continue };
        let usable =
            target.times_baseline.is_none() && bounds_the_bad_side(metric, target, demand.is_trigger());
        let Some(every) = looked_at_every(policy, metric).filter(|_| usable) else { continue };
        let (Some(count), Some(bad)) = (looks(over, every), bad_percent(metric, target.value)) else {
            continue;
        };
        if leaves_no_look(bad, count)
            && let Some(words) = words(demanded(policy, target), over, every, count, bad)
        {
            found.add(&demand.field("value"), words);
        }
    }
    for (place, slo) in policy.slos.iter().enumerate() {
        let Indicator::Probe { every, .. } = slo.indicator else { continue };
        let Some(count) = looks(slo.period, every) else { continue };
        let bad = left_of(slo.objective);
        if leaves_no_look(bad, count)
            && let Some(words) = words(format!("{} %", slo.objective), slo.period, every, count, bad)
        {
            found.add(&at("slo", place, &["objective"]), words);
        }
    }
}

fn leaves_no_look(bad: Figure, count: i64) -> bool {
    let failed = i128::from(bad.millionths()) * i128::from(count);
    failed > 0 && failed < i128::from(Figure::HUNDRED.millionths())
}

/// True when some whole number of failed looks, of `count`, is written as `value`.
fn is_a_step(value: Figure, bad: Figure, metric: &Metric, count: i64) -> bool {
    let failed = i128::from(bad.millionths()) * i128::from(count) / i128::from(Figure::HUNDRED.millionths());
    (failed..=failed + 1)
        .filter_map(|failed| i64::try_from(failed).ok())
        .filter(|failed| *failed <= count)
        .any(|failed| {
            let whole = if metric.unit == "%" { Figure::HUNDRED } else { Figure::ONE };
            let good = (whole * Figure::whole(count - failed)).per(Figure::whole(count));
            good.is_some_and(|good| good.rounded(value.decimals()) == value)
        })
}
