//! Demands that nothing can show in the time and traffic that they are given, or that nothing at all already meets.

use crate::evidence_needed::{BETA, error_free, failures_to_see};
use crate::lint::demands::{
    Demand, Place, bad_percent, bounds_the_bad_side, demanded, demands, measured, metric,
};
use crate::lint::words::{grouped, spoken};
use crate::lint::{Case, Found, Level, Rule, Words};
use crate::policy::{Comparison, Kind, Metric, RolloutStep, Target};
use crate::{Figure, Length};

pub(super) const OF_NOTHING: Rule = Rule {
    code: "T20",
    level: Level::Warning,
    title: "a target that is met when nothing happens",
    explain: "\"Zero failed orders\" is true of a day without orders. Say how many events there have to be (at_least_events) for the \
              answer to count.",
    look: of_nothing,
};

pub(super) const NO_PROOF: Rule = Rule {
    code: "T21",
    level: Level::Error,
    title: "a step is too short, or has too little traffic, to prove its gate",
    explain: "Few requests without a failure prove little: to be sure (to 95 %) that fewer than 1 % fail takes about 430 without a \
              failure, for 0.1 % about 4,300. Hold the step longer or give it more weight; otherwise its verdict is always \
              inconclusive.",
    look: no_proof,
};

pub(super) const TOO_FEW: Rule = Rule {
    code: "T22",
    level: Level::Error,
    title: "a step never sees the events that its gate asks for",
    explain: "With fewer events than at_least_events the gate says nothing, and the step cannot reach that number. Hold it longer, \
              give it more weight, or ask for fewer.",
    look: too_few,
};

pub(super) const NOT_YET: Rule = Rule {
    code: "T23",
    level: Level::Error,
    title: "a metric cannot show anything in the time it is given",
    explain: "A leak does not show in a quarter of an hour, and a figure that is measured hourly does not change in a step of \
              fifteen minutes. Prove it elsewhere (a soak on staging, a later horizon), or hold longer.",
    look: not_yet,
};

pub(super) const BLIND: Rule = Rule {
    code: "T24",
    level: Level::Warning,
    title: "a step cannot see what its comparison with the baseline asks for",
    explain: "The judge compares both arms, and needs a number of failures to tell more of them from chance. At the recorded error \
              rate this step has fewer. Hold it longer, give it more weight, or rely on later steps for small regressions.",
    look: blind,
};

fn of_nothing(case: &Case<'_>, found: &mut Found<'_>) {
    for demand in demands(case.policy) {
        let target = demand.target;
        let Some(metric) = metric(case.policy, &target.metric) else { continue };
        let Some(of) = metric.of.as_ref().filter(|_| target.at_least_events.is_none()) else { continue };
        let counts = match metric.kind {
            Kind::Count => true,
            // A gate on a share of events has to be proven by them anyway.
            Kind::Ratio => !matches!(demand.place, Place::Gate(_)) && !metric.more_is_better,
            _ => false,
        };
        let met_by_none = !is_lower_limit(target.is) && target.is.holds(Figure::ZERO, target.value);
        if !counts || demand.is_trigger() || target.times_baseline.is_some() || !met_by_none {
            continue;
        }
        found.add(
            &demand.field("value"),
            Words {
                message: format!(
                    "`{}` {} is met by no {of} at all",
                    metric.id,
                    demanded(case.policy, target)
                ),
                stated: demanded(case.policy, target),
                right: format!("with at_least_events of {of}"),
                arithmetic: format!("0 failures of 0 {of} meet it"),
            },
        );
    }
}

const fn is_lower_limit(is: Comparison) -> bool {
    matches!(is, Comparison::Above | Comparison::AtLeast)
}

/// A gate with its step and the most exposures that it can see there.
struct Gate<'a> {
    demand: Demand<'a>,
    step: &'a RolloutStep,
    metric: &'a Metric,
    longest: Length,
    /// Of the new version, per second.
    rate: f64,
    exposures: u64,
}

impl Gate<'_> {
    /// `10 % of 40/s in 15 min = 3,600`.
    fn seen(&self, case: &Case<'_>) -> String {
        let traffic = case.policy.service.requests_per_second.unwrap_or_default();
        format!(
            "{} % of {traffic}/s in {} = {}",
            self.step.weight,
            spoken(self.longest),
            grouped(self.exposures)
        )
    }

    /// `hold 18 min, or 12 %`.
    fn instead(&self, needed: u64) -> String {
        let minutes = (needed as f64 / self.rate / 60.0).ceil();
        let hold = Length::minutes(minutes as u64);
        let factor = needed as f64 / (self.rate * self.longest.as_seconds() as f64);
        let weight = (self.step.weight.as_f64() * factor).ceil();
        if weight <= 100.0 {
            format!("hold {}, or {weight} % of the traffic", spoken(hold))
        } else {
            format!("hold {}", spoken(hold))
        }
    }
}

fn gates<'a>(case: &Case<'a>) -> Vec<Gate<'a>> {
    let (Some(rollout), Some(traffic)) = (&case.policy.rollout, case.policy.service.requests_per_second)
    else {
        return Vec::new();
    };
    let with_step = |demand: Demand<'a>| {
        let Place::Gate(place) = demand.place else { return None };
        let step = rollout.steps.get(place)?;
        let metric = metric(case.policy, &demand.target.metric)?;
        let longest = step.hold.max(step.at_most.unwrap_or_default());
        let rate = step.weight.as_f64() / 100.0 * traffic.as_f64();
        let exposures = (rate * longest.as_seconds() as f64).floor() as u64;
        (rate > 0.0).then_some(Gate { demand, step, metric, longest, rate, exposures })
    };
    demands(case.policy).into_iter().filter_map(with_step).collect()
}

/// The share of events that may fail a gate: of a latency, those above its limit.
fn limit(metric: &Metric, target: &Target) -> Option<Figure> {
    // A share of looks at regular times is not proven by requests.
    let of_looks = metric.more_is_better && metric.every.is_some() && metric.of.is_none();
    if of_looks || target.times_baseline.is_some() || !bounds_the_bad_side(metric, target, false) {
        return None;
    }
    match metric.kind {
        Kind::Latency => Some((Figure::ONE - target.quantile?) * Figure::HUNDRED),
        _ => bad_percent(metric, target.value),
    }
}

fn no_proof(case: &Case<'_>, found: &mut Found<'_>) {
    for gate in gates(case) {
        let Some(limit) = limit(gate.metric, gate.demand.target) else { continue };
        let Some(needed) = error_free(limit.as_f64() / 100.0, BETA) else { continue };
        if gate.exposures >= needed {
            continue;
        }
        let right = gate.instead(needed);
        let seen = gate.seen(case);
        found.add(
            &gate.demand.field("value"),
            Words {
                message: format!(
                    "{} {} needs {} requests without a failure, the step has {}: {right}",
                    measured(&gate.metric.id, gate.demand.target.quantile),
                    demanded(case.policy, gate.demand.target),
                    grouped(needed),
                    grouped(gate.exposures)
                ),
                stated: format!("{} % for {}", gate.step.weight, spoken(gate.longest)),
                right,
                arithmetic: format!(
                    "{seen}; p0 = {limit} %: the mean over m in 0.1, 0.3, 0.5, 0.7 of ((1 - m p0) / (1 - p0))^n reaches 20 at \
                     n = {}",
                    grouped(needed)
                ),
            },
        );
    }
}

fn too_few(case: &Case<'_>, found: &mut Found<'_>) {
    for gate in gates(case) {
        let Some(needed) = gate.demand.target.at_least_events.filter(|needed| *needed > gate.exposures)
        else {
            continue;
        };
        // Other counts than requests are not known here.
        if !matches!(gate.metric.kind, Kind::Ratio | Kind::Latency) {
            continue;
        }
        let right = gate.instead(needed);
        found.add(
            &gate.demand.field("at_least_events"),
            Words {
                message: format!(
                    "the gate asks for {} events, the step has {}: {right}",
                    grouped(needed),
                    grouped(gate.exposures)
                ),
                stated: grouped(needed),
                right,
                arithmetic: gate.seen(case),
            },
        );
    }
}

fn not_yet(case: &Case<'_>, found: &mut Found<'_>) {
    let steps = case.policy.rollout.as_ref().map_or(&[][..], |rollout| &rollout.steps);
    for demand in demands(case.policy) {
        let given = match demand.place {
            Place::Gate(place) => {
                steps.get(place).map(|step| step.hold.max(step.at_most.unwrap_or_default()))
            }
            Place::Criterion(horizon, _) => Some(horizon.after),
            _ => None,
        };
        let (Some(given), Some(metric)) = (given, metric(case.policy, &demand.target.metric)) else {
            continue;
        };
        let needs = [
            (metric.shows_after, "shows nothing in less than"),
            (metric.every, "changes only every"),
            (demand.target.over, "is measured over"),
        ];
        let longest =
            needs.into_iter().filter_map(|(needs, how)| Some((needs?, how))).max_by_key(|(needs, _)| *needs);
        let Some((needs, how)) = longest.filter(|(needs, _)| *needs > given) else { continue };
        found.add(
            &demand.field("metric"),
            Words {
                message: format!("`{}` {how} {}, but has {} here", metric.id, spoken(needs), spoken(given)),
                stated: spoken(given),
                right: format!("at least {}", spoken(needs)),
                arithmetic: format!("{} > {}", spoken(needs), spoken(given)),
            },
        );
    }
}

fn blind(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    let Some(rollout) = &policy.rollout else { return };
    let (Some(alpha), Some(traffic)) = (rollout.alpha, policy.service.requests_per_second) else { return };
    for gate in gates(case).into_iter().filter(|gate| gate.metric.kind == Kind::Ratio) {
        let target = gate.demand.target;
        let usual = policy
            .baselines
            .iter()
            .filter(|baseline| Some(&baseline.id) == target.times_baseline.as_ref())
            .flat_map(|baseline| &baseline.values)
            .find(|value| value.metric == target.metric)
            .and_then(|value| bad_percent(gate.metric, value.value));
        let Some(usual) = usual.filter(|usual| *usual > Figure::ZERO && !gate.metric.more_is_better) else {
            continue;
        };
        // "No worse" cannot be told from a little worse: twice as much is the least that one may ask to see.
        let times = if target.value > Figure::ONE { target.value } else { Figure::whole(2) };
        let weight = gate.step.weight;
        let (Some(share), Some(alarm)) = (weight.per(Figure::HUNDRED), alpha.per(Figure::HUNDRED)) else {
            continue;
        };
        let Some(needed) = failures_to_see(times.as_f64(), share.as_f64(), alarm.as_f64()) else { continue };
        // Per second in both arms, when the new one fails so much more often.
        let mixed = Figure::ONE - share + times * share;
        let failures = traffic.as_f64() * usual.as_f64() / 100.0 * mixed.as_f64();
        let seen = (failures * gate.longest.as_seconds() as f64).floor();
        if seen >= needed as f64 {
            continue;
        }
        let hold = spoken(Length::minutes((needed as f64 / failures / 60.0).ceil() as u64));
        found.add(
            &gate.demand.field("value"),
            Words {
                message: format!(
                    "{weight} % held {} at {traffic}/s cannot see {times} times the failures: {needed} are needed, {seen} come",
                    spoken(gate.longest)
                ),
                stated: format!("{weight} % for {}", spoken(gate.longest)),
                right: format!("hold {hold}"),
                arithmetic: format!(
                    "{traffic}/s x {usual} % x ({} + {times} x {share}) x {} = {seen}; ln(6 / {alarm}) / drift of {times} times at \
                     {weight} % = {needed}",
                    Figure::ONE - share,
                    spoken(gate.longest)
                ),
            },
        );
    }
}
