//! Every target of a policy, wherever it stands, with its path; and what its metric makes of it.

use super::Case;
use super::words::{at, spoken};
use crate::policy::{
    Comparison, Criterion, FromIncidents, Horizon, Kind, Metric, Policy, Probe, Score, Target,
};
use crate::{Figure, Length};

/// Where a target stands.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// It has to be shown in a step of the roll-out.
    Gate(usize),
    /// It is judged later.
    Criterion(&'a Horizon, &'a Criterion),
    /// A check asks for it.
    Check,
    /// A check asks for it with a query of its own, so other values of the metric say nothing.
    OwnQuery,
    /// It gives a score.
    Score,
    /// It sets something off.
    Trigger,
}

/// A target where it stands.
pub(crate) struct Demand<'a> {
    pub(crate) target: &'a Target,
    pub(crate) place: Place<'a>,
    pub(crate) path: Vec<String>,
}

impl Demand<'_> {
    /// The path of one of its fields.
    pub(crate) fn field(&self, name: &str) -> Vec<String> {
        let mut path = self.path.clone();
        path.push(name.to_owned());
        path
    }

    pub(crate) fn is_trigger(&self) -> bool {
        matches!(self.place, Place::Trigger)
    }
}

/// All of them. Targets over the figures of a report are left out: these are no metrics of the policy.
pub(crate) fn demands(policy: &Policy) -> Vec<Demand<'_>> {
    let mut all = Vec::new();
    let mut push = |target, place, path| all.push(Demand { target, place, path });
    for (place, step) in policy.rollout.iter().flat_map(|rollout| &rollout.steps).enumerate() {
        for (gate, target) in step.gates.iter().enumerate() {
            let path = ["rollout", "step", &place.to_string(), "gates", &gate.to_string()].map(str::to_owned);
            push(target, Place::Gate(place), path.to_vec());
        }
    }
    for (place, horizon) in policy.horizons.iter().enumerate() {
        for (number, criterion) in horizon.criteria.iter().enumerate() {
            if let Some(target) = &criterion.target {
                let path = at("horizon", place, &["criterion", &number.to_string(), "target"]);
                push(target, Place::Criterion(horizon, criterion), path);
            }
        }
    }
    for (place, check) in policy.checks.iter().enumerate() {
        match &check.probe {
            Probe::Promql(probe) => {
                let kind = if probe.query.is_some() { Place::OwnQuery } else { Place::Check };
                push(&probe.target, kind, at("check", place, &["probe", "promql", "target"]));
            }
            Probe::Measured(probe) => {
                push(&probe.target, Place::Check, at("check", place, &["probe", "measured", "target"]));
            }
            _ => {}
        }
    }
    for (place, card) in policy.scorecards.iter().enumerate() {
        for (number, row) in card.rows.iter().enumerate() {
            if let Score::Measured { pass, warn, .. } = &row.score {
                let path =
                    |name| at("scorecard", place, &["row", &number.to_string(), "score", "measured", name]);
                push(pass, Place::Score, path("pass"));
                if let Some(warn) = warn {
                    push(warn, Place::Score, path("warn"));
                }
            }
        }
    }
    for (place, trigger) in policy.triggers.iter().enumerate() {
        if let Some(target) = &trigger.when {
            push(target, Place::Trigger, at("trigger", place, &["when"]));
        }
    }
    all
}

/// The metric of that name.
pub(crate) fn metric<'a>(policy: &'a Policy, id: &str) -> Option<&'a Metric> {
    policy.metrics.iter().find(|metric| metric.id == id)
}

/// `p99 of latency`, `latency`.
pub(crate) fn measured(metric: &str, quantile: Option<Figure>) -> String {
    match quantile {
        Some(quantile) => format!("p{} of `{metric}`", quantile * Figure::HUNDRED),
        None => format!("`{metric}`"),
    }
}

/// `200 ms`, `70 %`, `5`.
pub(crate) fn valued(policy: &Policy, id: &str, value: Figure) -> String {
    match metric(policy, id).map_or("", |metric| metric.unit.as_str()) {
        "" => value.to_string(),
        unit => format!("{value} {unit}"),
    }
}

/// `< 200 ms`, `> 2 x baseline prod`.
pub(crate) fn demanded(policy: &Policy, target: &Target) -> String {
    match &target.times_baseline {
        Some(baseline) => format!("{} {} x baseline `{baseline}`", target.is.as_str(), target.value),
        None => format!("{} {}", target.is.as_str(), valued(policy, &target.metric, target.value)),
    }
}

/// True where more of `value` is bad: `< 1 %` of errors as a demand, `> 1 %` of errors as a trigger.
pub(crate) fn bounds_the_bad_side(metric: &Metric, target: &Target, fires: bool) -> bool {
    if matches!(target.is, Comparison::Equal) {
        return false;
    }
    (target.is.is_upper_limit() != fires) != metric.more_is_better
}

/// The percent of bad events that a share stands for: 99.9 % good are 0.1 % bad.
pub(crate) fn bad_percent(metric: &Metric, value: Figure) -> Option<Figure> {
    let percent = match (metric.kind, metric.unit.as_str()) {
        (Kind::Ratio, "%") => value,
        (Kind::Ratio, "") => value * Figure::HUNDRED,
        _ => return None,
    };
    Some(if metric.more_is_better { Figure::HUNDRED - percent } else { percent })
}

/// The length that a value of a metric in seconds, minutes, hours or days stands for.
pub(crate) fn length(metric: &Metric, value: Figure) -> Option<Length> {
    let seconds = match metric.unit.as_str() {
        "s" => 1,
        "min" | "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    u64::try_from(i128::from(value.millionths()) * seconds / 1_000_000).ok().map(Length::seconds)
}

/// True where a metric is computed from incidents in this way, or goes by the name that everybody uses for it.
pub(crate) fn is_from_incidents(metric: &Metric, what: FromIncidents) -> bool {
    let name = match what {
        FromIncidents::Count => "incidents",
        FromIncidents::TimeToRestore => "mttr",
    };
    metric.from_incidents.map_or(metric.id.eq_ignore_ascii_case(name), |known| known == what)
}

/// A promise of how soon service is back after an incident.
pub(crate) struct Promise {
    pub(crate) within: Length,
    pub(crate) what: String,
    pub(crate) path: Vec<String>,
}

/// Targets for the time to restore, and what severities promise.
pub(crate) fn promises(case: &Case<'_>) -> Vec<Promise> {
    let policy = case.policy;
    let of_targets = demands(policy).into_iter().filter_map(|demand| {
        let metric = metric(policy, &demand.target.metric)?;
        let promised = is_from_incidents(metric, FromIncidents::TimeToRestore)
            && demand.target.is.is_upper_limit()
            && demand.target.times_baseline.is_none()
            && !demand.is_trigger();
        let within = promised.then(|| length(metric, demand.target.value))??;
        let what = format!("`{}` {}", metric.id, demanded(policy, demand.target));
        Some(Promise { within, what, path: demand.field("value") })
    });
    let of_severities = policy.severities.iter().enumerate().filter_map(|(place, severity)| {
        let within = severity.restore_within?;
        let what = format!("{} is restored within {}", severity.id, spoken(within));
        Some(Promise { within, what, path: at("severity", place, &["restore_within"]) })
    });
    of_targets.chain(of_severities).collect()
}
