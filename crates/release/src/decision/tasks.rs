//! The dated plan: what had to be done by now and is not.

use super::{Against, Code};
use crate::day::Days;
use crate::policy::Task;
use crate::proof::Case;
use crate::state::TaskRow;

/// Missed tasks that have to be done.
pub(super) fn look(case: &Case<'_>, days: &Days, against: &mut Against) {
    for task in case.policy.plan.tasks.iter().filter(|task| task.must) {
        let Some(late) = late(case, days, task) else { continue };
        let undone = undone(case, task);
        if !undone.is_empty() {
            against.add(Code::Task, &task.id, format!("{late}: {}", undone.join("; ")));
        }
    }
}

/// Why it should be done by now; `None` when it need not be.
pub(super) fn late(case: &Case<'_>, days: &Days, task: &Task) -> Option<String> {
    let last = task.to_day.unwrap_or(task.day);
    match days.end(last, task.to.as_deref()) {
        Some(end) => (case.now >= end).then(|| format!("it was to be done by {end}")),
        // Without dates nobody can be late, but what comes before the release has to come before it.
        None => (last < 0).then(|| format!("it is for day {last}, and day 0 has no date yet")),
    }
}

/// What is missing; empty when it is done. Each of its signers has to say so, each another person; without signers its owner or
/// anyone, or the checks that it was to prove.
pub(crate) fn undone(case: &Case<'_>, task: &Task) -> Vec<String> {
    // Whatever was done for another artefact has to be done again.
    let now = |row: &&TaskRow| row.done.task == task.id && row.artefact == case.release.artefact;
    let of_task = || case.release.tasks.iter().filter(now).map(|row| &row.done);
    if task.signers.is_empty() {
        let known = of_task().any(|done| case.person(&done.by).is_some());
        let done = known || case.all_passed(&task.proves);
        return if done { Vec::new() } else { vec!["nobody has said that it is done".to_owned()] };
    }
    let mut people: Vec<(&str, &str)> = Vec::new();
    for done in of_task() {
        let role = done.role.as_deref().unwrap_or_default();
        let asked = task.signers.iter().any(|signer| signer == role);
        let other = people.iter().any(|(person, as_role)| case.same(person, &done.by) && *as_role != role);
        if asked && !other && case.holds(&done.by, role) {
            people.push((&done.by, role));
        }
    }
    let missing = task.signers.iter().filter(|signer| !people.iter().any(|(_, role)| role == signer));
    missing.map(|signer| format!("`{signer}` has not said that it is done")).collect()
}
