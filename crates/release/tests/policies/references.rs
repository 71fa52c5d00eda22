//! Which names a policy uses that it does not declare.

use std::collections::BTreeSet;

use release::Policy;
use release::policy::{Action, Indicator, Probe, Score, Target};

/// Figures that reports have by themselves.
const OF_REPORTS: [&str; 10] =
    ["tests", "failed", "skipped", "flaky", "lines", "errors", "p99_ms", "hours", "critical", "high"];

#[derive(Default)]
struct Names {
    declared: BTreeSet<(&'static str, String)>,
    used: BTreeSet<(&'static str, String)>,
}

impl Names {
    fn declare<'a>(&mut self, kind: &'static str, names: impl IntoIterator<Item = &'a String>) {
        for name in names {
            assert!(self.declared.insert((kind, name.clone())), "two of {kind} `{name}`");
        }
    }

    fn uses<'a>(&mut self, kind: &'static str, names: impl IntoIterator<Item = &'a String>) {
        self.used.extend(names.into_iter().map(|name| (kind, name.clone())));
    }

    fn target(&mut self, target: &Target) {
        self.uses("metric", [&target.metric]);
        self.uses("baseline", &target.times_baseline);
    }
}

/// `role security-team`, and so on; panics on names that stand twice in one list.
pub fn dangling(policy: &Policy) -> Vec<String> {
    let mut names = Names::default();
    declared(policy, &mut names);
    people(policy, &mut names);
    proofs(policy, &mut names);
    scores(policy, &mut names);
    traffic(policy, &mut names);
    plan(policy, &mut names);
    names.used.difference(&names.declared).map(|(kind, name)| format!("{kind} {name}")).collect()
}

fn declared(policy: &Policy, names: &mut Names) {
    names.declare("role", policy.roles.iter().map(|role| &role.id));
    names.declare("person", policy.people.iter().map(|person| &person.id));
    names.declare("environment", policy.environments.iter().map(|place| &place.id));
    names.declare("artefact", policy.artefacts.iter().map(|artefact| &artefact.id));
    names.declare("file", policy.files.iter().map(|file| &file.id));
    names.declare("metric", policy.metrics.iter().map(|metric| &metric.id));
    names.declare("baseline", policy.baselines.iter().map(|baseline| &baseline.id));
    names.declare("slo", policy.slos.iter().map(|slo| &slo.id));
    names.declare(
        "backup",
        policy.recovery.iter().flat_map(|recovery| &recovery.backups).map(|backup| &backup.id),
    );
    names.declare("check", policy.checks.iter().map(|check| &check.id));
    names.declare("section", policy.sections.iter().map(|section| &section.id));
    names.declare("blocker", policy.blockers.iter().map(|blocker| &blocker.id));
    names.declare("scorecard", policy.scorecards.iter().map(|card| &card.id));
    names.declare("review", policy.reviews.iter().map(|review| &review.id));
    names.declare("finding", policy.findings.iter().map(|finding| &finding.id));
    names.declare("trigger", policy.triggers.iter().map(|trigger| &trigger.id));
    names.declare("runbook", policy.runbooks.iter().map(|runbook| &runbook.id));
    names.declare("severity", policy.severities.iter().map(|severity| &severity.id));
    names.declare("task", policy.plan.tasks.iter().map(|task| &task.id));
    names.declare("milestone", policy.plan.milestones.iter().map(|milestone| &milestone.id));
    names.declare("meeting", policy.plan.meetings.iter().map(|meeting| &meeting.id));
    names.declare("horizon", policy.horizons.iter().map(|horizon| &horizon.id));
    names.declare("risk", policy.risks.iter().map(|risk| &risk.id));
    names.declare("note", policy.notes.iter().map(|note| &note.id));
}

fn people(policy: &Policy, names: &mut Names) {
    names.uses("role", &policy.service.owner);
    names.uses("role", policy.people.iter().flat_map(|person| &person.roles));
    names.uses("role", policy.escalation.chain.iter().map(|rung| &rung.role));
    names.uses("person", policy.rota.iter().flat_map(|rota| &rota.shifts).map(|shift| &shift.person));
    if let Some(approval) = &policy.approval {
        names.uses("role", [&approval.author]);
        names.uses("role", &approval.decided_by);
        for signer in &approval.signers {
            names.uses("role", [&signer.role].into_iter().chain(&signer.after));
            names.uses("check", &signer.checks);
        }
        for condition in &approval.conditions {
            names.uses("role", &condition.owner);
            names.uses("check", &condition.checks);
        }
    }
    if let Some(hotfix) = &policy.windows.hotfix {
        names.uses("role", &hotfix.signers);
        if !policy.severities.is_empty() {
            names.uses("severity", &hotfix.severities);
        }
    }
}

fn proofs(policy: &Policy, names: &mut Names) {
    names.uses("environment", policy.artefacts.iter().map(|artefact| &artefact.environment));
    names.uses("metric", policy.metrics.iter().filter_map(|metric| metric.of.as_ref()));
    names.uses("role", policy.metrics.iter().filter_map(|metric| metric.attested_by.as_ref()));
    for baseline in &policy.baselines {
        names.uses("environment", [&baseline.environment]);
        names.uses("metric", baseline.values.iter().map(|value| &value.metric));
    }
    for slo in &policy.slos {
        names.uses("metric", &slo.metric);
        names.uses("horizon", &slo.horizon);
        if let Indicator::Probe { check, .. } = &slo.indicator {
            names.uses("check", [check]);
        }
    }
    for check in &policy.checks {
        names.uses("environment", &check.environment);
        for probe in [Some(&check.probe), check.control.as_ref()].into_iter().flatten() {
            match probe {
                Probe::Promql(probe) => names.target(&probe.target),
                Probe::Measured(probe) => {
                    names.target(&probe.target);
                    names.uses("role", &probe.by);
                }
                Probe::Attest(attestation) => names.uses("role", [&attestation.by]),
                Probe::RollbackRehearsed(probe)
                | Probe::FailoverRehearsed(probe)
                | Probe::FlagExercised(probe)
                | Probe::ReplayGate(probe) => names.uses("runbook", &probe.of),
                Probe::BackupRestored(probe) => names.uses("backup", &probe.of),
                Probe::ImageScan(report)
                | Probe::TestReport(report)
                | Probe::Coverage(report)
                | Probe::LoadReport(report)
                | Probe::Soak(report) => {
                    for target in &report.targets {
                        assert!(
                            OF_REPORTS.contains(&target.metric.as_str()),
                            "{}: {}",
                            check.id,
                            target.metric
                        );
                    }
                }
                _ => {}
            }
        }
    }
    for item in policy.sections.iter().flat_map(|section| &section.items) {
        names.uses("check", &item.checks);
        names.uses("blocker", &item.blocker);
        if let Some(document) = &item.needs {
            let delivered = policy.plan.tasks.iter().any(|task| task.delivers.contains(document));
            if !delivered && !policy.files.iter().any(|file| file.id == *document) {
                names.uses("document", [document]);
            }
        }
    }
    for blocker in &policy.blockers {
        names.uses("finding", &blocker.finding);
        names.uses("check", &blocker.checks);
        names.uses("runbook", &blocker.runbook);
        names.uses("role", &blocker.signers);
    }
}

fn scores(policy: &Policy, names: &mut Names) {
    for row in policy.scorecards.iter().flat_map(|card| &card.rows) {
        match &row.score {
            Score::Attested { by, .. } => names.uses("role", [by]),
            Score::Share { checks } => names.uses("check", checks),
            Score::Measured { pass, warn, by } => {
                names.target(pass);
                names.uses("role", by);
                warn.iter().for_each(|target| names.target(target));
            }
            Score::Review { review } => names.uses("review", [review]),
        }
    }
    names.uses("role", policy.reviews.iter().map(|review| &review.role));
    for finding in &policy.findings {
        names.uses("review", [&finding.review]);
        names.uses("check", &finding.closed_by);
    }
    for risk in &policy.risks {
        names.uses("check", &risk.checks);
        names.uses("role", &risk.owner);
    }
    for criterion in policy.horizons.iter().flat_map(|horizon| &horizon.criteria) {
        criterion.target.iter().for_each(|target| names.target(target));
        names.uses("slo", &criterion.slo);
        names.uses("check", &criterion.checks);
        names.uses("milestone", &criterion.milestone);
    }
}

fn traffic(policy: &Policy, names: &mut Names) {
    for step in policy.rollout.iter().flat_map(|rollout| &rollout.steps) {
        step.gates.iter().for_each(|target| names.target(target));
        names.uses("runbook", &step.before);
    }
    for trigger in &policy.triggers {
        trigger.when.iter().for_each(|target| names.target(target));
        names.uses("severity", &trigger.incident);
        names.uses("role", trigger.vote.iter().flat_map(|vote| &vote.roles));
    }
    for runbook in &policy.runbooks {
        names.uses("environment", &runbook.environment);
        names.uses("role", runbook.run_by.iter().chain(&runbook.escalates_to));
        for step in &runbook.steps {
            names.uses("backup", &step.restores);
            for action in [&step.action, &step.undo].into_iter().flatten() {
                match action {
                    Action::WaitFor { check, .. } | Action::Check { check } => names.uses("check", [check]),
                    Action::Manual { role, .. } => names.uses("role", role),
                    _ => {}
                }
            }
        }
    }
}

fn plan(policy: &Policy, names: &mut Names) {
    let delivered: BTreeSet<&String> = policy.plan.tasks.iter().flat_map(|task| &task.delivers).collect();
    for task in &policy.plan.tasks {
        names.uses("role", task.owner.iter().chain(&task.signers));
        names.uses("task", task.needs.iter().filter(|needed| !delivered.contains(needed)));
        names.uses("blocker", &task.fixes);
        names.uses("check", &task.proves);
        names.uses("runbook", &task.runbook);
        names.uses("milestone", &task.milestone);
    }
    for meeting in &policy.plan.meetings {
        names.uses("role", &meeting.attendees);
        for shown in meeting.agenda.iter().flat_map(|point| &point.shows) {
            let metric = policy.metrics.iter().any(|metric| metric.id == *shown);
            names.uses(if metric { "metric" } else { "check" }, [shown]);
        }
    }
}
