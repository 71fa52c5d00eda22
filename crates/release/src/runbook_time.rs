//! How long a runbook takes by the budgets of its steps.
//!
//! Enters: a runbook. Leaves: sums of budgets. Never here: how long a run took.
//!
//! Steps after the service is back are not counted. Steps that not every run needs make a second sum.

use crate::policy::{Runbook, RunbookStep};
use crate::{Budget, Length};

/// Sums of the budgets that are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunbookTime<'a> {
    /// Of the steps that every run needs.
    pub needed: Budget,
    /// Of all steps.
    pub all: Budget,
    /// Of the steps that every run needs, where a bound alone (`0s..5m`) counts whole: what can be promised of a smooth run.
    pub planned: Length,
    /// Steps that not every run needs and that have a budget.
    pub optional: Vec<&'a RunbookStep>,
    /// Steps that every run needs and for which nobody has said how long they take: the sums lack them.
    pub unbudgeted: Vec<&'a RunbookStep>,
}

impl RunbookTime<'_> {
    /// From the shortest run without optional steps to the longest with all of them.
    pub fn range(&self) -> Budget {
        Budget { least: self.needed.least, most: self.all.most }
    }
}

/// Adds the budgets of `runbook`.
pub fn of(runbook: &Runbook) -> RunbookTime<'_> {
    let mut time = RunbookTime {
        needed: Budget::default(),
        all: Budget::default(),
        planned: Length::ZERO,
        optional: Vec::new(),
        unbudgeted: Vec::new(),
    };
    for step in runbook.steps.iter().filter(|step| !step.after_service) {
        match (step.budget, step.optional) {
            (Some(budget), true) => {
                time.all = time.all + budget;
                time.optional.push(step);
            }
            (Some(budget), false) => {
                time.all = time.all + budget;
                time.needed = time.needed + budget;
                time.planned =
                    time.planned + if budget.least == Length::ZERO { budget.most } else { budget.least };
            }
            (None, true) => {}
            (None, false) => time.unbudgeted.push(step),
        }
    }
    time
}
