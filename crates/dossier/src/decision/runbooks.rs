//! Runbooks with their budgets, and how long they took.

use release::policy::{Purpose, RolloutMethod, Runbook, Touches};
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
    let mut table = Table::new(["Runbook", "For", "Run by", "#Steps", "Budget", "Limit", "#Runs"]);
    for runbook in &case.policy().runbooks {
        let time = runbook_time::of(runbook);
        let count = runs.iter().filter(|run| run.runbook.id == runbook.id).count();
        table.row([
            Cell::lines([&runbook.title, &runbook.id]),
            Cell::lines(purposes(runbook)),
            people(case, runbook),
            runbook.steps.len().to_string().into(),
            time.range().to_string().into(),
            runbook.limit.map_or_else(|| "-".to_owned(), |limit| limit.to_string()).into(),
            count.to_string().into(),
        ]);
    }
    section.table(table);
    for runbook in &case.policy().runbooks {
        let mut of_this = runs.iter().filter(|run| run.runbook.id == runbook.id).peekable();
        section.heading(if runbook.title.is_empty() { &runbook.id } else { &runbook.title });
        section.table(steps(runbook));
        let moves = matches!(runbook.purpose, Purpose::Deploy | Purpose::RollBack);
        if moves && of_this.peek().is_none() {
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

fn steps(runbook: &Runbook) -> Table {
    let mut table = Table::new(["#Step", "What is done", "Budget", "How"]);
    for (at, step) in (1..).zip(&runbook.steps) {
        let how = [
            step.touches.map(|touches| format!("touches: {}", touched(touches))),
            step.restores.as_ref().map(|backup| format!("restores {backup}")),
            step.optional.then(|| "not every run needs it".to_owned()),
            step.outage.then(|| "the service does not answer meanwhile".to_owned()),
            step.after_service.then(|| "after the service is back".to_owned()),
            step.repeatable.then(|| "may be done twice".to_owned()),
            (step.retries > 0).then(|| format!("{} further attempts", step.retries)),
            step.timeout.map(|timeout| format!("stopped after {timeout}")),
            step.undo.is_some().then(|| "is undone when a later step fails".to_owned()),
        ];
        table.row([
            Cell::from(at.to_string()),
            Cell::from(if step.title.is_empty() { &step.id } else { &step.title }),
            step.budget.map_or_else(|| "-".to_owned(), |budget| budget.to_string()).into(),
            super::checklist::or_dash(Cell::lines(how.into_iter().flatten())),
        ]);
    }
    table
}

const fn touched(touches: Touches) -> &'static str {
    match touches {
        Touches::Backup => "a backup",
        Touches::Drain => "traffic is taken away",
        Touches::Deploy => "the new version starts",
        Touches::Migrate => "the schema",
        Touches::Health => "health",
        Touches::Smoke => "critical paths",
        Touches::Switch => "traffic moves",
        Touches::Monitor => "it is watched",
        Touches::Remove => "the old version goes for good",
        Touches::RevertCode => "the old version comes back",
        Touches::RevertData => "old data comes back",
    }
}

/// What for, where, with what traffic.
fn purposes(runbook: &Runbook) -> Vec<String> {
    let mut lines = vec![purpose(runbook).to_owned()];
    lines.extend(runbook.environment.as_ref().map(|environment| format!("in {environment}")));
    lines.extend(runbook.method.map(|method| match method {
        RolloutMethod::BlueGreen => "blue-green".to_owned(),
        RolloutMethod::StopTheWorld => "old version stopped first".to_owned(),
    }));
    lines
}

/// Who runs it, and whom they ask next.
fn people(case: &Case<'_>, runbook: &Runbook) -> Cell {
    let by = runbook.run_by.as_deref().map(|by| case.person(by));
    let next = runbook.escalates_to.as_deref().map(|next| format!("then {}", case.person(next)));
    super::checklist::or_dash(Cell::lines(by.into_iter().chain(next)))
}

const fn purpose(runbook: &Runbook) -> &'static str {
    match runbook.purpose {
        Purpose::Deploy => "deploy",
        Purpose::RollBack => "roll back",
        Purpose::Incident => "incident",
        Purpose::Task => "task",
    }
}
