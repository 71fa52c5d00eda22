//! The order of steps within a runbook and a roll-out.

use crate::lint::{Case, Found, Words};
use crate::policy::{Action, Purpose, Runbook, Touches};
use crate::{Figure, Length};

/// Places of the steps that touch `what`.
fn touching(book: &Runbook, what: Touches) -> impl DoubleEndedIterator<Item = usize> + '_ {
    book.steps.iter().enumerate().filter(move |(_, step)| step.touches == Some(what)).map(|(place, _)| place)
}

fn books<'a>(case: &Case<'a>, purpose: Purpose) -> Vec<(usize, &'a Runbook)> {
    let books = case.policy.runbooks.iter().enumerate();
    books.filter(|(_, book)| book.purpose == purpose).collect()
}

fn step(book: &Runbook, place: usize) -> String {
    format!("step {} (`{}`)", place + 1, book.steps[place].id)
}

/// One step stands before another that it has to follow.
fn misplaced(found: &mut Found<'_>, i: usize, book: &Runbook, early: usize, late: usize, message: &str) {
    let stated = format!("{}, then {}", step(book, early), step(book, late));
    let right = format!("{}, then {}", step(book, late), step(book, early));
    found.at(&format!("runbook.{i}.step.{early}.touches"), Words::new(message, stated, right));
}

pub(super) fn old_arm(case: &Case<'_>, found: &mut Found<'_>) {
    if let Some(rollout) = &case.policy.rollout
        && let Some(removed) = rollout.old_arm_removed_after
        && removed < rollout.watch
    {
        let message = "The old version is removed while the new one is still watched.";
        let arithmetic =
            format!("removed {removed} after the last step, watched for {} after it", rollout.watch);
        let right = format!("at least {}", rollout.watch);
        let words = Words::new(message, removed.to_string(), right).because(arithmetic);
        found.at("rollout.old_arm_removed_after", words);
    }
    for (i, book) in books(case, Purpose::Deploy) {
        if let (Some(removed), Some(watched)) =
            (touching(book, Touches::Remove).next(), touching(book, Touches::Monitor).next_back())
            && removed < watched
        {
            let message = "The old version is removed before anybody has watched the new one.";
            misplaced(found, i, book, removed, watched, message);
        }
    }
}

fn drains(book: &Runbook, place: usize) -> bool {
    let step = &book.steps[place];
    let hook = matches!(&step.action, Some(Action::Hook { name }) if name.trim() == "drain");
    step.touches == Some(Touches::Drain) || hook
}

pub(super) fn drain(case: &Case<'_>, found: &mut Found<'_>) {
    for (i, book) in case.policy.runbooks.iter().enumerate() {
        let Some(removed) = touching(book, Touches::Remove).next() else { continue };
        let drained = (0..book.steps.len()).find(|place| drains(book, *place));
        match drained {
            Some(drained) if drained > removed => {
                let message = "Something is removed before its connections are drained.";
                misplaced(found, i, book, removed, drained, message);
            }
            None if touching(book, Touches::Switch).any(|switched| switched < removed) => {
                let message = "The old version is removed while its open connections are still on it.";
                let right = "a step with touches = \"drain\" between the switch and the removal";
                found.at(
                    &format!("runbook.{i}.step.{removed}.touches"),
                    Words::new(message, step(book, removed), right),
                );
            }
            _ => {}
        }
    }
}

pub(super) fn migrate(case: &Case<'_>, found: &mut Found<'_>) {
    for (i, book) in books(case, Purpose::Deploy) {
        if let (Some(deployed), Some(migrated)) =
            (touching(book, Touches::Deploy).next(), touching(book, Touches::Migrate).next())
            && deployed < migrated
        {
            misplaced(
                found,
                i,
                book,
                deployed,
                migrated,
                "The new version starts before the schema has changed.",
            );
        }
    }
}

pub(super) fn back(case: &Case<'_>, found: &mut Found<'_>) {
    for (i, book) in books(case, Purpose::RollBack) {
        if let (Some(code), Some(data)) =
            (touching(book, Touches::RevertCode).next(), touching(book, Touches::RevertData).next())
            && code < data
        {
            misplaced(found, i, book, code, data, "The old version starts on data that it does not know.");
        }
    }
}

pub(super) fn canary(case: &Case<'_>, found: &mut Found<'_>) {
    let Some(rollout) = &case.policy.rollout else { return };
    let Some(full) = rollout.steps.iter().position(|step| step.weight >= Figure::HUNDRED) else { return };
    let first = usize::try_from(rollout.canary_at_step.unwrap_or(0)).unwrap_or(usize::MAX);
    if !rollout.canary.is_empty() && (full + 1..=rollout.steps.len()).contains(&first) {
        let message = if first == full + 1 {
            "The canary users come together with everybody."
        } else {
            "The canary users come when everybody is on the new version already."
        };
        let right = if full == 0 {
            "a step with a smaller weight before".to_owned()
        } else {
            format!("at most step {full}")
        };
        let arithmetic = format!("step {} already has {} %", full + 1, rollout.steps[full].weight);
        let words = Words::new(message, format!("step {first}"), right).because(arithmetic);
        found.at("rollout.canary_at_step", words);
    }
    for (i, step) in rollout.steps.iter().enumerate().skip(full + 1) {
        if !step.accounts.is_empty() && !step.accounts.iter().any(|account| account == "*") {
            let message = format!("Step {} moves single accounts after all traffic has moved.", i + 1);
            let right = format!("before step {}", full + 1);
            found.at(
                &format!("rollout.step.{i}.accounts"),
                Words::new(message, step.accounts.join(", "), right),
            );
        }
    }
}

pub(super) fn weights(case: &Case<'_>, found: &mut Found<'_>) {
    let mut weights: Vec<(String, Option<Figure>, Figure)> = Vec::new();
    if let Some(rollout) = &case.policy.rollout {
        let mut before = None;
        for (i, step) in rollout.steps.iter().enumerate() {
            // Accounts are moved one by one: weights need not grow with them.
            let first = before.filter(|_| step.accounts.is_empty());
            weights.push((format!("rollout.step.{i}.weight"), first, step.weight));
            before = Some(step.weight);
        }
    }
    for (i, book) in books(case, Purpose::Deploy) {
        let mut before = None;
        for (j, step) in book.steps.iter().enumerate() {
            let Some(Action::Hook { name }) = &step.action else { continue };
            let Some(weight) = name.trim().strip_prefix("weight=").and_then(|text| text.parse().ok()) else {
                continue;
            };
            weights.push((format!("runbook.{i}.step.{j}.action.hook.name"), before, weight));
            before = Some(weight);
        }
    }
    for (path, before, weight) in weights {
        let (message, right) = match before {
            _ if weight > Figure::HUNDRED => {
                ("There is no more than all traffic.".to_owned(), "at most 100".to_owned())
            }
            Some(before) if before >= Figure::HUNDRED => {
                ("All traffic has moved already, there is nothing left to raise.".to_owned(), String::new())
            }
            Some(before) if weight <= before => (
                format!("The step does not raise the weight: it was {before} % before."),
                format!("more than {before}"),
            ),
            _ => continue,
        };
        found.at(&path, Words::new(message, format!("{weight} %"), right));
    }
}

/// How long a step is held until the next one, by their times of day.
pub(super) fn holds(case: &Case<'_>, found: &mut Found<'_>) {
    let Some(rollout) = &case.policy.rollout else { return };
    for (i, step) in rollout.steps.iter().enumerate() {
        if let Some(most) = step.at_most.filter(|most| *most < step.hold) {
            let message = "The step is held at most for less time than it is held at least.";
            let words = Words::new(message, most.to_string(), format!("at least {}", step.hold));
            found.at(&format!("rollout.step.{i}.at_most"), words);
        }
        let clock = |text: &Option<String>| text.as_deref().and_then(super::reading::seconds);
        let next = rollout.steps.get(i + 1).and_then(|next| clock(&next.at));
        if let (Some(from), Some(to)) = (clock(&step.at), next) {
            let room = Length::seconds(to.saturating_sub(from).rem_euclid(86_400).unsigned_abs());
            if step.hold > room {
                let message = format!("Step {} is still held when step {} begins.", i + 1, i + 2);
                let right = format!("at most {room}");
                let arithmetic = format!("{room} between the two steps, held for {}", step.hold);
                let words = Words::new(message, step.hold.to_string(), right).because(arithmetic);
                found.at(&format!("rollout.step.{i}.hold"), words);
            }
        }
    }
}
