//! Error budgets against the downtime that the same policy plans for: deploys that stop the service, incidents that are allowed.

use crate::budget::downtime_minutes;
use crate::lint::demands::{is_from_incidents, length, metric};
use crate::lint::words::{at, minutes, minutes_of, percent_of, short, spoken};
use crate::lint::{Case, Found, Level, Rule, Words};
use crate::policy::{FromIncidents, Horizon, Indicator, Purpose, RolloutMethod, Slo, Target};
use crate::{Figure, Length};

pub(super) const OUTAGE: Rule = Rule {
    code: "T05",
    level: Level::Warning,
    title: "one deploy uses more than half of an error budget",
    explain: "A deploy that stops the service spends its error budget with every release; at this length a second one in the same \
              period breaks the objective. Deploy beside the running version and move traffic, or shorten the outage.",
    look: outage,
};

pub(super) const INCIDENTS: Rule = Rule {
    code: "T06",
    level: Level::Error,
    title: "the incidents that are allowed exceed the error budget",
    explain: "So many incidents of so many minutes each are a downtime, and it is more than the objective leaves. All three cannot be \
              kept at their limits: lower the number of incidents or the time to restore.",
    look: incidents,
};

/// Objectives about service being there, rather than being fast.
fn of_availability(slo: &Slo) -> bool {
    !matches!(slo.indicator, Indicator::Latency { .. })
}

fn outage(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    let tightest = policy
        .slos
        .iter()
        .filter(|slo| of_availability(slo))
        .min_by_key(|slo| downtime_minutes(slo.objective, slo.period));
    let Some(slo) = tightest else { return };
    for (place, runbook) in policy.runbooks.iter().enumerate() {
        let method = runbook.method.or(policy.rollout.as_ref().map(|rollout| rollout.method));
        if runbook.purpose != Purpose::Deploy || method != Some(RolloutMethod::StopTheWorld) {
            continue;
        }
        // Where no step says that it is an outage, the whole runbook is.
        let marked = runbook.steps.iter().any(|step| step.outage);
        let down: Length = runbook
            .steps
            .iter()
            .filter(|step| step.outage || !(marked || step.after_service || step.optional))
            .filter_map(|step| step.budget)
            .map(|budget| budget.most)
            .sum();
        let budget = downtime_minutes(slo.objective, slo.period);
        let used = in_minutes(down);
        if used + used <= budget {
            continue;
        }
        let share = percent_of(used, budget);
        found.add(
            &at("runbook", place, &["method"]),
            Words {
                message: format!(
                    "`{}` stops the service for {}, {share} of the {} that `{}` leaves in {}",
                    runbook.id,
                    minutes(down),
                    minutes_of(budget),
                    slo.id,
                    spoken(slo.period)
                ),
                stated: format!("{} % of {}", slo.objective, spoken(slo.period)),
                right: format!("{} of outage, {share} of the budget", minutes(down)),
                arithmetic: format!("{} / {} = {share}", minutes(down), minutes_of(budget)),
            },
        );
    }
}

fn in_minutes(length: Length) -> Figure {
    Figure::whole(length.signed_seconds()).per(Figure::whole(60)).unwrap_or(Figure::ZERO)
}

/// The path, the target and the length of a horizon's criterion about incidents.
fn about_incidents<'a>(
    case: &Case<'a>,
    horizon: &'a Horizon,
    what: FromIncidents,
) -> Option<(usize, &'a Target, Option<Length>)> {
    horizon.criteria.iter().enumerate().find_map(|(place, criterion)| {
        let target = criterion.target.as_ref()?;
        let metric = metric(case.policy, &target.metric)?;
        let usable = is_from_incidents(metric, what)
            && target.is.is_upper_limit()
            && target.times_baseline.is_none()
            && target.value > Figure::ZERO;
        usable.then(|| (place, target, length(metric, target.value)))
    })
}

fn incidents(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    for (place, horizon) in policy.horizons.iter().enumerate() {
        let Some((number, count, _)) = about_incidents(case, horizon, FromIncidents::Count) else { continue };
        let restored = about_incidents(case, horizon, FromIncidents::TimeToRestore);
        let (Some((_, _, Some(each))), Some(over)) = (restored, count.over) else { continue };
        let in_force = policy
            .slos
            .iter()
            .filter(|slo| of_availability(slo))
            .filter(|slo| slo.horizon.as_ref().is_none_or(|id| *id == horizon.id))
            .min_by_key(|slo| downtime_minutes(slo.objective, slo.period));
        let Some(slo) = in_force else { continue };
        let days = |length: Length| Figure::whole(length.signed_seconds()).per(Figure::whole(86_400));
        let (Some(period), Some(over)) = (days(slo.period), days(over)) else { continue };
        let Some(down) = (count.value * in_minutes(each) * period).per(over) else { continue };
        let budget = downtime_minutes(slo.objective, slo.period);
        if down <= budget {
            continue;
        }
        found.add(
            &at("horizon", place, &["criterion", &number.to_string(), "target", "value"]),
            Words {
                message: format!(
                    "{} incidents in {} of {} each are {} of downtime in {}, `{}` leaves {}",
                    count.value,
                    spoken(count.over.unwrap_or_default()),
                    minutes(each),
                    minutes_of(down),
                    spoken(slo.period),
                    slo.id,
                    minutes_of(budget)
                ),
                stated: format!(
                    "{} {} in {}",
                    count.is.as_str(),
                    count.value,
                    spoken(count.over.unwrap_or_default())
                ),
                right: format!("{} against a budget of {}", minutes_of(down), minutes_of(budget)),
                arithmetic: format!(
                    "{} x {} x {} / {} = {}, more than {}",
                    count.value,
                    minutes(each),
                    short(period),
                    short(over),
                    minutes_of(down),
                    minutes_of(budget)
                ),
            },
        );
    }
}
