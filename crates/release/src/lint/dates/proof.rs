//! Proofs that come after what they are needed for.

use super::plan::ends;
use super::reading::{date, day};
use crate::lint::{Case, Found, Words};
use crate::policy::{Policy, Task};

/// The first task that gets evidence for a check.
fn proof<'a>(policy: &'a Policy, check: &str) -> Option<&'a Task> {
    let tasks = policy.plan.tasks.iter().filter(|task| task.proves.iter().any(|proves| proves == check));
    tasks.min_by_key(|task| ends(task))
}

/// The first task that fixes a blocker.
fn fix<'a>(policy: &'a Policy, blocker: &str) -> Option<&'a Task> {
    let tasks = policy.plan.tasks.iter().filter(|task| task.fixes.iter().any(|fixes| fixes == blocker));
    tasks.min_by_key(|task| ends(task))
}

/// The latest of what is there on a day, if that is after `decision`.
fn late<'a>(tasks: impl Iterator<Item = &'a Task>, decision: i32) -> Option<&'a Task> {
    tasks.max_by_key(|task| ends(task)).filter(|task| ends(task) > decision)
}

pub(super) fn precondition(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    let stated = policy.approval.as_ref().and_then(|approval| approval.on_day);
    let decision = stated.unwrap_or(0);
    let decided = if stated.is_some() { "decided" } else { "released" };
    let mut add = |path: String, message: String, day: i32, why: String| {
        let right = format!("day {decision} or before");
        let arithmetic = format!("it is {decided} on day {decision}{why}");
        found.at(&path, Words::new(message, format!("day {day}"), right).because(arithmetic));
    };
    let by = |task: &Task| format!("; task `{}` ends on day {}", task.id, ends(task));
    for (i, section) in policy.sections.iter().enumerate() {
        for (j, item) in section.items.iter().enumerate().filter(|(_, item)| item.required) {
            let path = format!("section.{i}.item.{j}");
            let proofs = item.checks.iter().filter_map(|check| proof(policy, check));
            if let Some(day) = item.deferred_to_day.filter(|day| *day > decision) {
                let message = "The item is required, and put off until after the decision.".to_owned();
                add(format!("{path}.deferred_to_day"), message, day, String::new());
            } else if let Some(task) = late(proofs, decision) {
                let message = "The item is required, and proven only after the decision.".to_owned();
                add(format!("{path}.checks"), message, ends(task), by(task));
            }
        }
    }
    for (i, blocker) in policy.blockers.iter().enumerate() {
        let tasks = fix(policy, &blocker.id).into_iter();
        let tasks = tasks.chain(blocker.checks.iter().filter_map(|check| proof(policy, check)));
        let finding = policy.findings.iter().find(|finding| Some(&finding.id) == blocker.finding.as_ref());
        if let Some(task) = late(tasks, decision) {
            let message = format!("Blocker `{}` is fixed or proven only after the decision.", blocker.id);
            add(format!("blocker.{i}.id"), message, ends(task), by(task));
        } else if let Some(day) = finding.and_then(|finding| finding.due_day).filter(|day| *day > decision) {
            let message = format!("The finding of blocker `{}` is due only after the decision.", blocker.id);
            add(format!("blocker.{i}.finding"), message, day, String::new());
        }
    }
    for (i, signer) in policy.approval.iter().flat_map(|approval| &approval.signers).enumerate() {
        let proofs = signer.checks.iter().filter_map(|check| proof(policy, check));
        if let Some(task) = late(proofs, decision) {
            let message = format!("`{}` signs on what is proven only after the decision.", signer.role);
            add(format!("approval.signer.{i}.checks"), message, ends(task), by(task));
        }
    }
    for (i, task) in policy.plan.tasks.iter().enumerate().filter(|(_, task)| task.must && ends(task) > 0) {
        let message = format!("Task `{}` must be done before the release, and ends after it.", task.id);
        let right = "day 0 or before, or a condition with a date";
        found.at(&format!("plan.task.{i}.must"), Words::new(message, format!("day {}", ends(task)), right));
    }
}

/// True when `task` was still to come when the policy was written. A plan without a day 0 lies ahead as a whole.
fn ahead(policy: &Policy, task: &Task) -> Option<bool> {
    if policy.plan.day0.as_deref().and_then(date).is_none() {
        return Some(true);
    }
    let written = policy.service.decided_on.as_deref().and_then(date)?;
    Some(day(policy, ends(task))? > written)
}

pub(super) fn too_early(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    let mut add = |path: String, message: String, stated: &str, task: &Task| {
        let right = format!("open until task `{}` is done on day {}", task.id, ends(task));
        found.at(&path, Words::new(message, stated, right));
    };
    let coming = |task: &&Task| ahead(policy, task) == Some(true);
    for (i, section) in policy.sections.iter().enumerate() {
        for (j, item) in section.items.iter().enumerate().filter(|(_, item)| item.stated_done) {
            let proofs = item.checks.iter().filter_map(|check| proof(policy, check));
            if let Some(task) = proofs.filter(coming).max_by_key(|task| ends(task)) {
                let message = "The item is ticked, and its proof is still to come.".to_owned();
                add(format!("section.{i}.item.{j}.stated_done"), message, "done", task);
            }
        }
    }
    for (i, blocker) in policy.blockers.iter().enumerate() {
        if blocker.stated.as_deref() == Some("fixed")
            && let Some(task) = fix(policy, &blocker.id).filter(coming)
        {
            let message = format!("Blocker `{}` is called fixed, and its fix is still to come.", blocker.id);
            add(format!("blocker.{i}.stated"), message, "fixed", task);
        }
    }
}
