//! Runbooks with their budgets, and how long they took.

use release::policy::{Purpose, Runbook};
use release::runbook_time;

use super::Case;
use crate::chart::Chart;
use crate::document::{Cell, Section, Table};
use crate::runs::{self, Run};

/// Every runbook, with its runs for this release; of runs for none, those of this artefact or by this policy.
pub(super) fn runbooks(case: &Case<'_>) -> Section {
    let mut section = Section::new("Runbooks");
    let release = case.release();
    let runs = runs::of(case.ledger, &release.service, case.edition.at);
    let policy = release.policy.to_string();
    let ours = |run: &&Run<'_>| match &run.began.release {
        Some(of) => *of == case.state.of,
        None => run.began.artefact.as_ref() == Some(&release.artefact) || run.began.policy == policy,
    };
    let runs: Vec<&Run<'_>> = runs.iter().filter(ours).collect();
    let mut table = Table::new(["Runbook", "For", "#Steps", "Budget", "Limit", "#Runs"]);
    for runbook in &case.policy().runbooks {
        let time = runbook_time::of(runbook);
        let count = runs.iter().filter(|run| run.runbook.id == runbook.id).count();
        table.row([
            Cell::lines([&runbook.title, &runbook.id]),
            purpose(runbook).into(),
            runbook.steps.len().to_string().into(),
            time.range().to_string().into(),
            runbook.limit.map_or_else(|| "-".to_owned(), |limit| limit.to_string()).into(),
            count.to_string().into(),
        ]);
    }
    section.table(table);
    for runbook in &case.policy().runbooks {
        let mut of_this = runs.iter().filter(|run| run.runbook.id == runbook.id).peekable();
        if of_this.peek().is_none() && !matches!(runbook.purpose, Purpose::Deploy | Purpose::RollBack) {
            continue;
        }
        section.heading(&runbook.title);
        if of_this.peek().is_none() {
            let times: Vec<_> =
                runbook.steps.iter().map(|step| (step.title.clone(), step.budget, None)).collect();
            section.chart(Chart::times("Budgets of its steps, least in front of most", &times, None));
        }
        for run in of_this {
            run.write(&mut section, &case.zone);
        }
    }
    section
}

const fn purpose(runbook: &Runbook) -> &'static str {
    match runbook.purpose {
        Purpose::Deploy => "deploy",
        Purpose::RollBack => "roll back",
        Purpose::Incident => "incident",
        Purpose::Task => "task",
    }
}
