//! What a runbook says about its steps where it does not say it in so many words.

use crate::Length;
use crate::policy::{Action, HttpProbe, Runbook, RunbookStep};

/// No attempt is stopped sooner, unless the step says so itself: a budget is a plan, and `0s` means "at once".
pub const LEAST_TIME: Length = Length::seconds(30);

/// An attempt at a step without budget and time-out is stopped after this.
pub const TIME_WITHOUT_BUDGET: Length = Length::minutes(10);

/// A step that may be repeated is begun again by itself after so many interruptions: one that brings its process down
/// each time would never end.
pub const INTERRUPTIONS: usize = 3;

/// Doing it twice is the same as doing it once.
pub fn repeatable(step: &RunbookStep) -> bool {
    step.repeatable || step.action.as_ref().is_some_and(only_reads)
}

/// How long one attempt of a machine, or its undo, may take.
pub fn time_allowed(step: &RunbookStep) -> Length {
    let planned = || step.budget.map_or(TIME_WITHOUT_BUDGET, |budget| budget.most.max(LEAST_TIME));
    step.timeout.unwrap_or_else(planned)
}

/// Changes nothing.
pub(super) fn only_reads(action: &Action) -> bool {
    match action {
        Action::Check { .. } | Action::WaitFor { .. } => true,
        Action::Http(HttpProbe { method, .. }) => method
            .as_deref()
            .is_none_or(|method| ["GET", "HEAD"].contains(&method.to_ascii_uppercase().as_str())),
        Action::Command { .. } | Action::Shell { .. } | Action::Manual { .. } | Action::Hook { .. } => false,
    }
}

/// What a person is to do, and in which role, if the action is one for people.
pub(super) fn by_person<'a>(
    action: Option<&'a Action>,
    title: &'a str,
) -> Option<(Option<&'a str>, &'a str)> {
    match action {
        None => Some((None, title)),
        Some(Action::Manual { text, role }) => Some((role.as_deref(), text)),
        Some(
            Action::Command { .. }
            | Action::Shell { .. }
            | Action::Http(_)
            | Action::WaitFor { .. }
            | Action::Check { .. }
            | Action::Hook { .. },
        ) => None,
    }
}

/// Who has to say something about a step, or about its undo: whoever it belongs to, or whoever runs the runbook. `None`: anybody.
pub fn role_of<'a>(runbook: &'a Runbook, step: &str, undo: bool) -> Option<&'a str> {
    let step = runbook.steps.iter().find(|known| known.id == step);
    let action = step.and_then(|step| if undo { step.undo.as_ref() } else { step.action.as_ref() });
    by_person(action, "").and_then(|(role, _)| role).or(runbook.run_by.as_deref())
}

/// For people: the title, or the name where there is none.
pub(super) fn title(step: &RunbookStep) -> &str {
    if step.title.is_empty() { &step.id } else { &step.title }
}
