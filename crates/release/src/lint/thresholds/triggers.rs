//! Triggers against each other, and against how often anybody looks.

use crate::Length;
use crate::lint::demands::{demanded, measured, metric};
use crate::lint::words::{at, spoken};
use crate::lint::{Case, Found, Level, Rule, Words};
use crate::policy::{Comparison, Reaction, Target, Trigger};

pub(super) const SHADOWED: Rule = Rule {
    code: "T13",
    level: Level::Warning,
    title: "a trigger is shadowed by another",
    explain: "Whenever it fires, another one that does at least as much has fired before, so it never decides anything. Mostly two \
              documents set different limits: decide which of them is meant, and remove the other.",
    look: shadowed,
};

pub(super) const NO_WARNING: Rule = Rule {
    code: "T14",
    level: Level::Warning,
    title: "an alert comes no earlier than the action it warns of",
    explain: "People are told in the moment in which the machine acts, so the alert cannot help to avoid it. Let the alert begin at a \
              lower limit or after a shorter time.",
    look: no_warning,
};

pub(super) const SEEN_TOO_LATE: Rule = Rule {
    code: "T15",
    level: Level::Error,
    title: "a trigger is looked at less often than it has to hold",
    explain: "Between two looks the condition can come, hold long enough and go unseen, so the time that is written is not the time \
              until something is done. Look at least twice within it, or let a machine look.",
    look: seen_too_late,
};

fn is_alert(trigger: &Trigger) -> bool {
    trigger.then <= Reaction::Page
}

/// True when `one` fires whenever `other` does: the same figure, and a limit at least as easily reached.
fn implies(one: &Target, other: &Target) -> bool {
    let same = one.metric == other.metric
        && one.quantile == other.quantile
        && one.times_baseline == other.times_baseline
        && one.over == other.over
        && one.at_least_events.unwrap_or(0) <= other.at_least_events.unwrap_or(0);
    let easier = match (one.is, other.is) {
        (Comparison::Equal, _) | (_, Comparison::Equal) => one.is == other.is && one.value == other.value,
        _ if one.is.is_upper_limit() != other.is.is_upper_limit() => false,
        _ if one.value == other.value => one.is == other.is || !is_strict(one.is),
        _ if one.is.is_upper_limit() => one.value > other.value,
        _ => one.value < other.value,
    };
    same && easier
}

const fn is_strict(is: Comparison) -> bool {
    matches!(is, Comparison::Below | Comparison::Above)
}

/// True when `one` has fired by the time `other` does.
fn comes_before(one: &Trigger, other: &Trigger) -> bool {
    let same_reason = match (&one.when, &other.when) {
        (Some(one), Some(other)) => implies(one, other),
        (None, None) => {
            (one.incident.is_some() && one.incident == other.incident)
                || (one.event.is_some() && one.event == other.event)
        }
        _ => false,
    };
    same_reason && one.holds_for <= other.holds_for
}

/// `> 1 % for 15 min`.
fn condition(case: &Case<'_>, trigger: &Trigger) -> String {
    let reason = match (&trigger.when, &trigger.incident, &trigger.event) {
        (Some(target), _, _) => {
            format!("{} {}", measured(&target.metric, target.quantile), demanded(case.policy, target))
        }
        (_, Some(severity), _) => format!("incident {severity}"),
        (_, _, Some(event)) => format!("event {event}"),
        _ => "a vote".to_owned(),
    };
    if trigger.holds_for == Length::ZERO {
        return format!("{reason} at once");
    }
    format!("{reason} for {}", spoken(trigger.holds_for))
}

fn shadowed(case: &Case<'_>, found: &mut Found<'_>) {
    let triggers = &case.policy.triggers;
    for (place, trigger) in triggers.iter().enumerate() {
        let by = triggers.iter().enumerate().find(|(other, shadow)| {
            // Of two that are the same, the later one is superfluous.
            let twins = comes_before(trigger, shadow) && trigger.then == shadow.then;
            *other != place
                && is_alert(shadow) == is_alert(trigger)
                && shadow.then >= trigger.then
                && comes_before(shadow, trigger)
                && (!twins || *other < place)
        });
        let Some((_, shadow)) = by else { continue };
        let from = shadow.from.as_ref().map_or(String::new(), |from| format!(" ({from})"));
        found.add(
            &at("trigger", place, &["id"]),
            Words {
                message: format!(
                    "`{}` never decides: `{}`{from} acts first, on {}",
                    trigger.id,
                    shadow.id,
                    condition(case, shadow)
                ),
                stated: condition(case, trigger),
                right: condition(case, shadow),
                arithmetic: String::new(),
            },
        );
    }
}

fn no_warning(case: &Case<'_>, found: &mut Found<'_>) {
    let triggers = &case.policy.triggers;
    for (place, action) in triggers.iter().enumerate().filter(|(_, trigger)| !is_alert(trigger)) {
        let Some(target) = &action.when else { continue };
        let about_it = |trigger: &&Trigger| {
            is_alert(trigger)
                && trigger.when.as_ref().is_some_and(|when| {
                    let direction = when.is.is_upper_limit() == target.is.is_upper_limit();
                    when.metric == target.metric && when.quantile == target.quantile && direction
                })
        };
        let alerts: Vec<&Trigger> = triggers.iter().filter(about_it).collect();
        // An alert that the action implies comes at the same time or later.
        let all_late = alerts.iter().all(|alert| comes_before(action, alert));
        let Some(alert) = alerts.first().filter(|_| all_late) else { continue };
        found.add(
            &at("trigger", place, &["when", "value"]),
            Words {
                message: format!(
                    "`{}` acts on {}, its alert `{}` comes on {}: nobody is warned",
                    action.id,
                    condition(case, action),
                    alert.id,
                    condition(case, alert)
                ),
                stated: condition(case, alert),
                right: format!("an alert before {}", condition(case, action)),
                arithmetic: String::new(),
            },
        );
    }
}

fn seen_too_late(case: &Case<'_>, found: &mut Found<'_>) {
    for (place, trigger) in case.policy.triggers.iter().enumerate() {
        let hold = trigger.holds_for;
        let measured = trigger.when.as_ref().and_then(|when| metric(case.policy, &when.metric)?.every);
        let looks =
            [(trigger.watched_every, "watched_every", "people look"), (measured, "for", "it is measured")];
        let slowest = looks
            .into_iter()
            .filter_map(|(every, field, who)| Some((every?, field, who)))
            .filter(|(every, _, _)| *every > hold && hold > Length::ZERO)
            .max_by_key(|(every, _, _)| *every);
        let Some((every, field, who)) = slowest else { continue };
        found.add(
            &at("trigger", place, &[field]),
            Words {
                message: format!(
                    "`{}` is to act after {}, but {who} only every {}",
                    trigger.id,
                    spoken(hold),
                    spoken(every)
                ),
                stated: spoken(hold),
                right: format!("up to {}", spoken(hold + every)),
                arithmetic: format!("{} > {}", spoken(every), spoken(hold)),
            },
        );
    }
}
