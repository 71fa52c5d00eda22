//! Names that point at entries, and documents that something has to provide.

use std::collections::{BTreeMap, BTreeSet};

use super::entries::{Kind, lists};
use crate::lint::{Case, Found, Words};
use crate::policy::{Action, Indicator, Policy, Probe, Score, Target};

/// The references of a policy.
struct Uses<'a>(Vec<(String, Kind, &'a str)>);

impl<'a> Uses<'a> {
    fn one(&mut self, path: impl Into<String>, kind: Kind, name: &'a str) {
        self.0.push((path.into(), kind, name));
    }

    fn maybe(&mut self, path: impl Into<String>, kind: Kind, name: &'a Option<String>) {
        if let Some(name) = name {
            self.one(path, kind, name);
        }
    }

    fn each(&mut self, path: &str, kind: Kind, names: &'a [String]) {
        for (i, name) in names.iter().enumerate() {
            self.one(format!("{path}.{i}"), kind, name);
        }
    }

    fn target(&mut self, path: &str, target: &'a Target) {
        self.one(format!("{path}.metric"), Kind::Metric, &target.metric);
        self.maybe(format!("{path}.times_baseline"), Kind::Baseline, &target.times_baseline);
    }

    fn action(&mut self, path: &str, action: &'a Option<Action>) {
        match action {
            Some(Action::WaitFor { check, .. }) => {
                self.one(format!("{path}.wait-for.check"), Kind::Check, check)
            }
            Some(Action::Check { check }) => self.one(format!("{path}.check.check"), Kind::Check, check),
            Some(
                Action::Command { .. }
                | Action::Shell { .. }
                | Action::Http(_)
                | Action::Manual { .. }
                | Action::Hook { .. },
            )
            | None => {}
        }
    }

    fn probe(&mut self, path: &str, probe: &'a Probe) {
        match probe {
            Probe::Promql(probe) => self.target(&format!("{path}.promql.target"), &probe.target),
            Probe::Measured(probe) => self.target(&format!("{path}.measured.target"), &probe.target),
            _ => {}
        }
    }
}

fn uses(policy: &Policy) -> Uses<'_> {
    let mut uses = Uses(Vec::new());
    measures(policy, &mut uses);
    checklist(policy, &mut uses);
    actions(policy, &mut uses);
    plan(policy, &mut uses);
    uses
}

fn measures<'a>(policy: &'a Policy, uses: &mut Uses<'a>) {
    for (i, artefact) in policy.artefacts.iter().enumerate() {
        uses.one(format!("artefact.{i}.environment"), Kind::Environment, &artefact.environment);
    }
    for (i, metric) in policy.metrics.iter().enumerate() {
        uses.maybe(format!("metric.{i}.of"), Kind::Metric, &metric.of);
    }
    for (i, baseline) in policy.baselines.iter().enumerate() {
        uses.one(format!("baseline.{i}.environment"), Kind::Environment, &baseline.environment);
        for (j, value) in baseline.values.iter().enumerate() {
            uses.one(format!("baseline.{i}.value.{j}.metric"), Kind::Metric, &value.metric);
        }
    }
    for (i, slo) in policy.slos.iter().enumerate() {
        uses.maybe(format!("slo.{i}.metric"), Kind::Metric, &slo.metric);
        uses.maybe(format!("slo.{i}.horizon"), Kind::Horizon, &slo.horizon);
        if let Indicator::Probe { check, .. } = &slo.indicator {
            uses.one(format!("slo.{i}.indicator.probe.check"), Kind::Check, check);
        }
    }
    for (i, horizon) in policy.horizons.iter().enumerate() {
        for (j, criterion) in horizon.criteria.iter().enumerate() {
            let path = format!("horizon.{i}.criterion.{j}");
            if let Some(target) = &criterion.target {
                uses.target(&format!("{path}.target"), target);
            }
            uses.maybe(format!("{path}.slo"), Kind::Slo, &criterion.slo);
            uses.each(&format!("{path}.checks"), Kind::Check, &criterion.checks);
            uses.maybe(format!("{path}.milestone"), Kind::Milestone, &criterion.milestone);
        }
    }
}

fn checklist<'a>(policy: &'a Policy, uses: &mut Uses<'a>) {
    for (i, check) in policy.checks.iter().enumerate() {
        uses.maybe(format!("check.{i}.environment"), Kind::Environment, &check.environment);
        uses.probe(&format!("check.{i}.probe"), &check.probe);
        if let Some(control) = &check.control {
            uses.probe(&format!("check.{i}.control"), control);
        }
    }
    for (i, section) in policy.sections.iter().enumerate() {
        for (j, item) in section.items.iter().enumerate() {
            uses.each(&format!("section.{i}.item.{j}.checks"), Kind::Check, &item.checks);
            uses.maybe(format!("section.{i}.item.{j}.blocker"), Kind::Blocker, &item.blocker);
        }
    }
    for (i, blocker) in policy.blockers.iter().enumerate() {
        uses.maybe(format!("blocker.{i}.finding"), Kind::Finding, &blocker.finding);
        uses.each(&format!("blocker.{i}.checks"), Kind::Check, &blocker.checks);
    }
    for (i, card) in policy.scorecards.iter().enumerate() {
        for (j, row) in card.rows.iter().enumerate() {
            let path = format!("scorecard.{i}.row.{j}.score");
            match &row.score {
                Score::Attested { .. } => {}
                Score::Share { checks } => uses.each(&format!("{path}.share.checks"), Kind::Check, checks),
                Score::Measured { pass, warn, .. } => {
                    uses.target(&format!("{path}.measured.pass"), pass);
                    if let Some(warn) = warn {
                        uses.target(&format!("{path}.measured.warn"), warn);
                    }
                }
                Score::Review { review } => uses.one(format!("{path}.review.review"), Kind::Review, review),
            }
        }
    }
    for (i, finding) in policy.findings.iter().enumerate() {
        uses.one(format!("finding.{i}.review"), Kind::Review, &finding.review);
        uses.each(&format!("finding.{i}.closed_by"), Kind::Check, &finding.closed_by);
    }
    if let Some(approval) = &policy.approval {
        for (i, signer) in approval.signers.iter().enumerate() {
            uses.each(&format!("approval.signer.{i}.checks"), Kind::Check, &signer.checks);
        }
        for (i, condition) in approval.conditions.iter().enumerate() {
            uses.each(&format!("approval.condition.{i}.checks"), Kind::Check, &condition.checks);
        }
    }
    for (i, risk) in policy.risks.iter().enumerate() {
        uses.each(&format!("risk.{i}.checks"), Kind::Check, &risk.checks);
    }
}

fn actions<'a>(policy: &'a Policy, uses: &mut Uses<'a>) {
    for (i, step) in policy.rollout.iter().flat_map(|rollout| &rollout.steps).enumerate() {
        for (j, gate) in step.gates.iter().enumerate() {
            uses.target(&format!("rollout.step.{i}.gates.{j}"), gate);
        }
        uses.maybe(format!("rollout.step.{i}.before"), Kind::Runbook, &step.before);
    }
    for (i, trigger) in policy.triggers.iter().enumerate() {
        if let Some(when) = &trigger.when {
            uses.target(&format!("trigger.{i}.when"), when);
        }
        uses.maybe(format!("trigger.{i}.incident"), Kind::Severity, &trigger.incident);
    }
    for (i, book) in policy.runbooks.iter().enumerate() {
        uses.maybe(format!("runbook.{i}.environment"), Kind::Environment, &book.environment);
        for (j, step) in book.steps.iter().enumerate() {
            let path = format!("runbook.{i}.step.{j}");
            uses.action(&format!("{path}.action"), &step.action);
            uses.action(&format!("{path}.undo"), &step.undo);
            uses.maybe(format!("{path}.restores"), Kind::Backup, &step.restores);
        }
    }
    if let Some(hotfix) = &policy.windows.hotfix {
        uses.each("windows.hotfix.severities", Kind::Severity, &hotfix.severities);
    }
}

fn plan<'a>(policy: &'a Policy, uses: &mut Uses<'a>) {
    for (i, shift) in policy.rota.iter().flat_map(|rota| &rota.shifts).enumerate() {
        uses.one(format!("rota.shift.{i}.person"), Kind::Person, &shift.person);
    }
    for (i, task) in policy.plan.tasks.iter().enumerate() {
        let path = format!("plan.task.{i}");
        uses.each(&format!("{path}.fixes"), Kind::Blocker, &task.fixes);
        uses.each(&format!("{path}.proves"), Kind::Check, &task.proves);
        uses.maybe(format!("{path}.runbook"), Kind::Runbook, &task.runbook);
        uses.maybe(format!("{path}.milestone"), Kind::Milestone, &task.milestone);
    }
    for (i, meeting) in policy.plan.meetings.iter().enumerate() {
        for (j, point) in meeting.agenda.iter().enumerate() {
            uses.each(&format!("plan.meeting.{i}.agenda.{j}.shows"), Kind::CheckOrMetric, &point.shows);
        }
    }
}

pub(super) fn dangling(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    let mut known: BTreeMap<Kind, BTreeSet<&str>> = BTreeMap::new();
    for (_, kind, ids) in lists(policy) {
        if let Some(kind) = kind {
            known.entry(kind).or_default().extend(&ids);
        }
        if matches!(kind, Some(Kind::Check | Kind::Metric)) {
            known.entry(Kind::CheckOrMetric).or_default().extend(&ids);
        }
    }
    for (path, kind, name) in uses(policy).0 {
        if !known.get(&kind).is_some_and(|names| names.contains(name)) {
            let message = format!("There is no {} `{name}`.", kind.as_str());
            let names = known.get(&kind).into_iter().flatten().copied();
            let right = names.take(8).collect::<Vec<_>>().join(", ");
            let right = if right.is_empty() { String::new() } else { format!("one of: {right}") };
            found.at(&path, Words::new(message, name, right));
        }
    }
    if let Some(rollout) = &policy.rollout
        && let Some(step) = rollout.canary_at_step
        && !(1..=rollout.steps.len()).contains(&usize::try_from(step).unwrap_or(usize::MAX))
    {
        let message = format!("The roll-out has no step {step}.");
        let words = Words::new(message, step.to_string(), format!("1 to {}", rollout.steps.len()));
        found.at("rollout.canary_at_step", words);
    }
}

pub(super) fn unprovided(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    let tasks = &policy.plan.tasks;
    let provided = |what: &String| {
        tasks.iter().any(|task| task.id == *what || task.delivers.contains(what))
            || policy.files.iter().any(|file| file.id == *what)
            || policy.artefacts.iter().any(|artefact| artefact.id == *what)
    };
    for (i, section) in policy.sections.iter().enumerate() {
        for (j, item) in section.items.iter().enumerate() {
            if let Some(what) = item.needs.as_ref().filter(|what| !item.stated_done && !provided(what)) {
                let message = format!("`{what}` is required, and nothing in the plan provides it.");
                let right = format!("a task with delivers = [\"{what}\"]");
                found.at(&format!("section.{i}.item.{j}.needs"), Words::new(message, what.as_str(), right));
            }
        }
    }
    for (i, task) in tasks.iter().enumerate() {
        for (j, what) in task.needs.iter().enumerate().filter(|(_, what)| !provided(what)) {
            let message = format!("Task `{}` needs `{what}`, and no task provides it.", task.id);
            let right = format!("a task with delivers = [\"{what}\"]");
            found.at(&format!("plan.task.{i}.needs.{j}"), Words::new(message, what.as_str(), right));
        }
    }
}
