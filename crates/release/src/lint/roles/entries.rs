//! The named entries of a policy, list by list.

use std::collections::BTreeSet;

use crate::lint::{Case, Found, Words};
use crate::policy::Policy;

/// What a name points at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Baseline,
    Backup,
    Blocker,
    Check,
    CheckOrMetric,
    Environment,
    Finding,
    Horizon,
    Metric,
    Milestone,
    Person,
    Review,
    Runbook,
    Severity,
    Slo,
}

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Kind::Baseline => "baseline",
            Kind::Backup => "backup",
            Kind::Blocker => "blocker",
            Kind::Check => "check",
            Kind::CheckOrMetric => "check or metric",
            Kind::Environment => "environment",
            Kind::Finding => "finding",
            Kind::Horizon => "horizon",
            Kind::Metric => "metric",
            Kind::Milestone => "milestone",
            Kind::Person => "person",
            Kind::Review => "review",
            Kind::Runbook => "runbook",
            Kind::Severity => "severity",
            Kind::Slo => "slo",
        }
    }
}

/// Every list of named entries, with the path of the list.
pub(super) fn lists(policy: &Policy) -> Vec<(&'static str, Option<Kind>, Vec<&str>)> {
    macro_rules! ids {
        ($list:expr) => {
            $list.iter().map(|entry| entry.id.as_str()).collect()
        };
    }
    let mut lists: Vec<(&'static str, Option<Kind>, Vec<&str>)> = vec![
        ("role", None, ids!(policy.roles)),
        ("person", Some(Kind::Person), ids!(policy.people)),
        ("environment", Some(Kind::Environment), ids!(policy.environments)),
        ("artefact", None, ids!(policy.artefacts)),
        ("file", None, ids!(policy.files)),
        ("metric", Some(Kind::Metric), ids!(policy.metrics)),
        ("baseline", Some(Kind::Baseline), ids!(policy.baselines)),
        ("slo", Some(Kind::Slo), ids!(policy.slos)),
        ("check", Some(Kind::Check), ids!(policy.checks)),
        ("section", None, ids!(policy.sections)),
        ("blocker", Some(Kind::Blocker), ids!(policy.blockers)),
        ("scorecard", None, ids!(policy.scorecards)),
        ("review", Some(Kind::Review), ids!(policy.reviews)),
        ("finding", Some(Kind::Finding), ids!(policy.findings)),
        ("trigger", None, ids!(policy.triggers)),
        ("runbook", Some(Kind::Runbook), ids!(policy.runbooks)),
        ("severity", Some(Kind::Severity), ids!(policy.severities)),
        ("plan.task", None, ids!(policy.plan.tasks)),
        ("plan.milestone", Some(Kind::Milestone), ids!(policy.plan.milestones)),
        ("plan.meeting", None, ids!(policy.plan.meetings)),
        ("horizon", Some(Kind::Horizon), ids!(policy.horizons)),
        ("risk", None, ids!(policy.risks)),
        ("announcement", None, ids!(policy.announcements)),
    ];
    if let Some(recovery) = &policy.recovery {
        lists.push(("recovery.backup", Some(Kind::Backup), ids!(recovery.backups)));
    }
    if let Some(approval) = &policy.approval {
        lists.push(("approval.condition", None, ids!(approval.conditions)));
    }
    lists
}

pub(super) fn twice(case: &Case<'_>, found: &mut Found<'_>) {
    let mut repeated = |path: &str, ids: &[&str]| {
        let mut seen = BTreeSet::new();
        for (i, id) in ids.iter().enumerate().filter(|(_, id)| !seen.insert(**id)) {
            let message = format!("There is another entry called `{id}` in this list.");
            found.at(&format!("{path}.{i}.id"), Words::new(message, *id, "a name of its own"));
        }
    };
    for (path, _, ids) in lists(case.policy) {
        repeated(path, &ids);
    }
    for (i, card) in case.policy.scorecards.iter().enumerate() {
        repeated(
            &format!("scorecard.{i}.row"),
            &card.rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(),
        );
    }
    for (i, book) in case.policy.runbooks.iter().enumerate() {
        repeated(
            &format!("runbook.{i}.step"),
            &book.steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(),
        );
    }
    for (i, horizon) in case.policy.horizons.iter().enumerate() {
        let ids: Vec<&str> = horizon.criteria.iter().map(|criterion| criterion.id.as_str()).collect();
        repeated(&format!("horizon.{i}.criterion"), &ids);
    }
}
