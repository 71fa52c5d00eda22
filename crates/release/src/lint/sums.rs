//! The sum of a runbook's budgets, written out.

use super::words::{all_of, span};
use crate::Budget;
use crate::policy::{Runbook, RunbookStep};
use crate::runbook_time::RunbookTime;

/// `2 + 5 + 10..30 = 17 to 37 min`.
fn sum<'a>(steps: impl Iterator<Item = &'a RunbookStep>, total: Budget) -> String {
    let terms: Vec<String> = steps
        .filter_map(|step| step.budget)
        .map(|budget| span(budget).trim_end_matches(" min").replace(" to ", ".."))
        .collect();
    format!("{} = {}", terms.join(" + "), span(total))
}

/// The steps until the service is back.
pub(crate) fn counted(runbook: &Runbook) -> impl Iterator<Item = &RunbookStep> {
    runbook.steps.iter().filter(|step| !step.after_service)
}

/// Of steps: `` `a`, `b` and `c` ``.
pub(crate) fn names(steps: &[&RunbookStep]) -> String {
    let names: Vec<String> = steps.iter().map(|step| format!("`{}`", step.id)).collect();
    all_of(&names)
}

/// The sum in words and as arithmetic, apart with and without the steps that not every run needs.
pub(crate) fn summed(runbook: &Runbook, time: &RunbookTime<'_>) -> (String, String) {
    let needed = sum(counted(runbook).filter(|step| !step.optional), time.needed);
    if time.optional.is_empty() {
        return (span(time.needed), needed);
    }
    let all = sum(counted(runbook), time.all);
    let optional = names(&time.optional);
    let right = format!("{} without {optional}, {} with", span(time.needed), span(time.all));
    (right, format!("without {optional}: {needed}; with: {all}"))
}
