//! Alert rules from the triggers of a policy: error rate, latency, service down, with the policy's own thresholds.
//!
//! Enters: a policy. Leaves: rules, and which triggers have none. Never here: acting on them (that is the
//! controller's), burn rates.
//!
//! A trigger becomes a rule when its metric has a query, or is a latency with a histogram's series and a quantile.
//! Tests are not written for these rules: what a query of a policy's own reads is not known here.

use super::objective::{incident_runbook, is_id};
use super::rules::{Alert, Group, Rule, RulesFile, plain};
use crate::Length;
use crate::policy::{Kind, Metric, Policy, Reaction, Target, Trigger};

/// Latencies are looked at over so long where the trigger does not say.
const OVER: Length = Length::minutes(5);

/// One group, `triggers`, in the order of the policy; `for` and the reaction are the trigger's.
pub fn rules_for(policy: &Policy) -> RulesFile {
    let mut rules = Vec::new();
    let mut notes = Vec::new();
    for trigger in &policy.triggers {
        // Incidents, events and votes are no metrics.
        let Some(target) = &trigger.when else { continue };
        match expression(policy, trigger, target) {
            Ok(expr) => rules.push(Rule::Alert(alert(policy, trigger, target, expr))),
            Err(why) => notes.push(format!("trigger {}: no rule: {why}", trigger.id)),
        }
        if target.at_least_events.is_some() {
            notes.push(format!(
                "trigger {}: its rule has no floor of events: a query has no count",
                trigger.id
            ));
        }
    }
    let groups = match rules.is_empty() {
        true => Vec::new(),
        false => vec![Group { name: "triggers".to_owned(), interval: None, rules }],
    };
    RulesFile { groups, notes }
}

fn expression(policy: &Policy, trigger: &Trigger, target: &Target) -> Result<String, String> {
    if !is_id(&trigger.id) {
        return Err("its `id` has to be of letters, digits and `-`".to_owned());
    }
    if target.times_baseline.is_some() {
        return Err("it is relative to a baseline".to_owned());
    }
    let metric = policy.metrics.iter().find(|metric| metric.id == target.metric);
    let metric = metric.ok_or_else(|| format!("there is no metric `{}`", target.metric))?;
    let value = match (target.quantile, &metric.query) {
        (Some(quantile), None) => {
            let over = target.over.unwrap_or(OVER);
            let unit = seconds_in(metric)?;
            let series = metric.series.as_ref().ok_or_else(|| nothing_to_ask(metric))?;
            format!("{unit} * histogram_quantile({quantile}, sum by (le) (rate({series}[{over}])))")
        }
        (_, Some(query)) => format!("({query})"),
        (None, None) => return Err(nothing_to_ask(metric)),
    };
    Ok(format!("{value} {} {}", target.is.as_str(), target.value))
}

fn nothing_to_ask(metric: &Metric) -> String {
    format!("metric `{}` has neither a query nor a series with a quantile", metric.id)
}

/// Units per second of a latency: histograms are in seconds.
fn seconds_in(metric: &Metric) -> Result<u32, String> {
    match (metric.kind, metric.unit.as_str()) {
        (Kind::Latency, "s") => Ok(1),
        (Kind::Latency, "ms") => Ok(1_000),
        _ => Err(format!("metric `{}` has a quantile, but is no latency in s or ms", metric.id)),
    }
}

fn alert(policy: &Policy, trigger: &Trigger, target: &Target, expr: String) -> Alert {
    let (severity, reaction) = match trigger.then {
        Reaction::Warn => ("ticket", "warn"),
        Reaction::Page => ("page", "page"),
        Reaction::Hold => ("page", "hold"),
        Reaction::RollBack => ("page", "roll-back"),
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let summary =
        format!("{}: {} is {} {}", policy.service.name, target.metric, target.is.as_str(), target.value);
    let mut annotations = vec![
        pair("summary", &plain(&summary)),
        pair("description", &plain(&format!("Trigger {} of the policy: {reaction}.", trigger.id))),
    ];
    annotations.extend(incident_runbook(policy).map(|runbook| pair("runbook", &plain(&runbook))));
    Alert {
        name: format!("trigger_{}", trigger.id.replace('-', "_")),
        expr,
        holds_for: trigger.holds_for,
        labels: vec![
            pair("service", &policy.service.name),
            pair("trigger", &trigger.id),
            pair("severity", severity),
            pair("reaction", reaction),
        ],
        annotations,
    }
}
