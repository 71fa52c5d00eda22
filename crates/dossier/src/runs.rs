//! Runs of runbooks, with their times beside their budgets.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use release::ledger::Ledger;
use release::policy::Runbook;
use release::runbook::{Against, RunBegan, Slack, Timing, shown, timing};

use crate::chart::Chart;
use crate::document::{Cell, Section, Table, Tone};
use crate::shown::moment;

/// One run.
pub(crate) struct Run<'a> {
    pub(crate) id: &'a str,
    pub(crate) began: &'a RunBegan,
    /// Of the policy by which it was run.
    pub(crate) runbook: Runbook,
    pub(crate) timing: Timing,
}

/// All runs of a service's runbooks, in the order of their beginnings; a run whose policy is not kept is left out.
pub(crate) fn of<'a>(ledger: &'a Ledger, service: &str, now: Timestamp) -> Vec<Run<'a>> {
    let mut runs: Vec<Run<'a>> = ledger
        .runs
        .iter()
        .filter_map(|(id, run)| {
            let began = run.state.began.as_ref()?;
            let policy = ledger.policy(&began.policy.parse().ok()?)?.policy;
            let runbook = policy.runbooks.into_iter().find(|runbook| runbook.id == began.runbook)?;
            let timing = timing(&runbook, &run.state, now);
            (policy.service.name == service).then_some(Run { id, began, runbook, timing })
        })
        .collect();
    runs.sort_by(|one, other| (one.began.at, one.id).cmp(&(other.began.at, other.id)));
    runs
}

impl Run<'_> {
    /// `done`, `failed` and so on, or that it goes on.
    pub(crate) fn outcome(&self) -> Cell {
        let outcome = self.timing.outcome.map_or("goes on", |outcome| outcome.as_str());
        let tone = match outcome {
            "done" => Tone::Good,
            "goes on" => Tone::Warn,
            _ => Tone::Bad,
        };
        Cell::toned(outcome.replace('_', " "), tone)
    }

    /// What is left of the limit, or by how much it was missed.
    pub(crate) fn slack(&self) -> Cell {
        match self.timing.slack {
            Slack::NoLimit => Cell::from("no limit"),
            Slack::Left(by) => Cell::toned(format!("{} left", shown(by)), Tone::Good),
            Slack::Missed(by) => Cell::toned(format!("{} over the limit", shown(by)), Tone::Bad),
        }
    }

    /// Its facts, its steps, its drawing.
    pub(crate) fn write(&self, section: &mut Section, zone: &TimeZone) {
        let timing = &self.timing;
        let rehearsal = if self.began.rehearsal { "Rehearsal" } else { "Run" };
        let outcome = self.outcome().text();
        section.text(format!(
            "{rehearsal} {} in {}, begun on {} by {}: {outcome}.",
            self.id,
            self.began.environment,
            moment(self.began.at, zone),
            self.began.by
        ));
        let mut table = Table::new(["Step", "Stands", "Budget", "#Took", "Against the budget"]);
        for step in &timing.steps {
            let planned = step.planned.map_or_else(|| "-".to_owned(), |budget| budget.to_string());
            let took = step.took.map_or_else(|| "-".to_owned(), shown);
            table.row([
                self.title(&step.step).into(),
                step.standing.into(),
                planned.into(),
                took.into(),
                against(step.against),
            ]);
        }
        let total = shown(timing.total);
        table.row([
            "All that counts".into(),
            outcome.into(),
            timing.planned.to_string().into(),
            total.into(),
            self.slack(),
        ]);
        table.total = true;
        section.table(table);
        let mut undos = Table::new(["Undone", "#Took", "As it should"]);
        for undo in &timing.undos {
            let took = undo.took.map_or_else(|| "not known".to_owned(), shown);
            let done = if undo.done { Cell::toned("yes", Tone::Good) } else { Cell::toned("no", Tone::Bad) };
            undos.row([self.title(&undo.step).into(), took.into(), done]);
        }
        section.table(undos);
        // Steps after the service is back are part of no total, and would make the others too small to see.
        let counted = timing.steps.iter().filter(|step| step.counts);
        let mut times: Vec<_> =
            counted.map(|step| (self.title(&step.step), step.planned, step.took)).collect();
        times.push(("All that counts".to_owned(), Some(timing.planned), Some(timing.total)));
        section.chart(Chart::times("Times, in front of what was allowed", &times, timing.limit));
    }

    fn title(&self, step: &str) -> String {
        let known = self.runbook.steps.iter().find(|known| known.id == step);
        known
            .map(|known| known.title.clone())
            .filter(|title| !title.is_empty())
            .unwrap_or_else(|| step.to_owned())
    }
}

fn against(against: Against) -> Cell {
    match against {
        Against::NotRun | Against::Unplanned => Cell::from("-"),
        Against::Under(by) => Cell::toned(format!("{} under", shown(by)), Tone::Good),
        Against::Within => Cell::toned("within", Tone::Good),
        Against::Over(by) => Cell::toned(format!("{} over", shown(by)), Tone::Bad),
    }
}
