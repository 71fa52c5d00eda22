//! The names of roles: declared, held by somebody, told apart.

use std::collections::BTreeSet;

use crate::lint::{Case, Found, Words};
use crate::policy::{Action, MeasuredProbe, Policy, Probe, Score};

/// Where a name stands.
struct Use<'a> {
    path: String,
    name: &'a str,
    /// A person may stand here, too.
    or_person: bool,
    signs: bool,
}

fn uses(policy: &Policy) -> Vec<Use<'_>> {
    let mut uses = Vec::new();
    people(policy, &mut uses);
    decision(policy, &mut uses);
    work(policy, &mut uses);
    uses
}

fn role<'a>(path: String, name: &'a str) -> Use<'a> {
    Use { path, name, or_person: false, signs: false }
}

fn somebody<'a>(path: String, name: &'a str) -> Use<'a> {
    Use { or_person: true, ..role(path, name) }
}

fn signer<'a>(path: String, name: &'a str) -> Use<'a> {
    Use { signs: true, ..role(path, name) }
}

fn people<'a>(policy: &'a Policy, uses: &mut Vec<Use<'a>>) {
    uses.extend(policy.service.owner.iter().map(|name| somebody("service.owner".into(), name)));
    for (i, person) in policy.people.iter().enumerate() {
        let held = person.roles.iter().enumerate();
        uses.extend(held.map(|(j, name)| role(format!("person.{i}.roles.{j}"), name)));
    }
    for (i, rung) in policy.escalation.chain.iter().enumerate() {
        uses.push(role(format!("escalation.chain.{i}.role"), &rung.role));
    }
    for (i, metric) in policy.metrics.iter().enumerate() {
        uses.extend(metric.attested_by.iter().map(|name| role(format!("metric.{i}.attested_by"), name)));
    }
    for (i, review) in policy.reviews.iter().enumerate() {
        uses.push(role(format!("review.{i}.role"), &review.role));
    }
    for (i, risk) in policy.risks.iter().enumerate() {
        uses.extend(risk.owner.iter().map(|name| somebody(format!("risk.{i}.owner"), name)));
    }
}

fn decision<'a>(policy: &'a Policy, uses: &mut Vec<Use<'a>>) {
    if let Some(approval) = &policy.approval {
        uses.push(somebody("approval.author".into(), &approval.author));
        uses.extend(approval.decided_by.iter().map(|name| somebody("approval.decided_by".into(), name)));
        for (i, one) in approval.signers.iter().enumerate() {
            uses.push(signer(format!("approval.signer.{i}.role"), &one.role));
            let after = one.after.iter().enumerate();
            uses.extend(after.map(|(j, name)| role(format!("approval.signer.{i}.after.{j}"), name)));
        }
        for (i, condition) in approval.conditions.iter().enumerate() {
            let owner = condition.owner.iter();
            uses.extend(owner.map(|name| somebody(format!("approval.condition.{i}.owner"), name)));
        }
    }
    for (i, blocker) in policy.blockers.iter().enumerate() {
        let signers = blocker.signers.iter().enumerate();
        uses.extend(signers.map(|(j, name)| signer(format!("blocker.{i}.signers.{j}"), name)));
    }
    for (i, check) in policy.checks.iter().enumerate() {
        if let Probe::Measured(MeasuredProbe { by: Some(by), .. }) = &check.probe {
            uses.push(signer(format!("check.{i}.probe.measured.by"), by));
        }
        if let Probe::Attest(attestation) = &check.probe {
            uses.push(signer(format!("check.{i}.probe.attest.by"), &attestation.by));
        }
    }
    for (i, scorecard) in policy.scorecards.iter().enumerate() {
        for (j, row) in scorecard.rows.iter().enumerate() {
            if let Score::Measured { by: Some(by), .. } = &row.score {
                uses.push(role(format!("scorecard.{i}.row.{j}.score.measured.by"), by));
            }
            if let Score::Attested { by, .. } = &row.score {
                uses.push(role(format!("scorecard.{i}.row.{j}.score.attested.by"), by));
            }
        }
    }
    if let Some(hotfix) = &policy.windows.hotfix {
        let signers = hotfix.signers.iter().enumerate();
        uses.extend(signers.map(|(j, name)| signer(format!("windows.hotfix.signers.{j}"), name)));
    }
    for (i, trigger) in policy.triggers.iter().enumerate() {
        let voters = trigger.vote.iter().flat_map(|vote| &vote.roles).enumerate();
        uses.extend(voters.map(|(j, name)| role(format!("trigger.{i}.vote.roles.{j}"), name)));
    }
}

fn work<'a>(policy: &'a Policy, uses: &mut Vec<Use<'a>>) {
    for (i, task) in policy.plan.tasks.iter().enumerate() {
        uses.extend(task.owner.iter().map(|name| somebody(format!("plan.task.{i}.owner"), name)));
        let signers = task.signers.iter().enumerate();
        uses.extend(signers.map(|(j, name)| signer(format!("plan.task.{i}.signers.{j}"), name)));
    }
    for (i, meeting) in policy.plan.meetings.iter().enumerate() {
        let attendees = meeting.attendees.iter().enumerate();
        uses.extend(attendees.map(|(j, name)| somebody(format!("plan.meeting.{i}.attendees.{j}"), name)));
    }
    for (i, book) in policy.runbooks.iter().enumerate() {
        uses.extend(book.run_by.iter().map(|name| role(format!("runbook.{i}.run_by"), name)));
        uses.extend(book.escalates_to.iter().map(|name| role(format!("runbook.{i}.escalates_to"), name)));
        for (j, step) in book.steps.iter().enumerate() {
            if let Some(Action::Manual { role: Some(name), .. }) = &step.action {
                uses.push(role(format!("runbook.{i}.step.{j}.action.manual.role"), name));
            }
        }
    }
}

pub(super) fn undeclared(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    let roles: BTreeSet<&str> = policy.roles.iter().map(|role| role.id.as_str()).collect();
    let people: BTreeSet<&str> = policy.people.iter().map(|person| person.id.as_str()).collect();
    for Use { path, name, or_person, .. } in uses(policy) {
        let known = roles.contains(name) || or_person && people.contains(name);
        if !known {
            let near = policy.roles.iter().find(|role| {
                role.title.eq_ignore_ascii_case(name)
                    || distance(&role.id, name) <= 2
                    || same_but_rank(&role.title, name)
            });
            let right = match near {
                Some(role) => role.id.clone(),
                None => format!("[[role]] with id = \"{name}\""),
            };
            found.at(&path, Words::new(format!("No role `{name}` is declared."), name, right));
        }
    }
}

pub(super) fn unheld(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    if policy.people.is_empty() {
        return;
    }
    let declared = |name: &str| policy.roles.iter().any(|role| role.id == name);
    let held = |name: &str| policy.people.iter().any(|person| person.roles.iter().any(|role| role == name));
    for Use { path, name, .. } in uses(policy).into_iter().filter(|one| one.signs) {
        if declared(name) && !held(name) {
            let message = format!("`{name}` has to sign, and nobody holds that role.");
            found.at(&path, Words::new(message, name, "a person with this role"));
        }
    }
}

pub(super) fn alike(case: &Case<'_>, found: &mut Found<'_>) {
    let roles = &case.policy.roles;
    for (i, second) in roles.iter().enumerate() {
        let near = roles[..i].iter().find(|first| {
            let (one, other) = (first.title.to_lowercase(), second.title.to_lowercase());
            let long = one.chars().count().min(other.chars().count()) >= 6;
            same_but_rank(&one, &other) || (long && distance(&one, &other) <= 2)
        });
        if let Some(first) = near {
            let message = format!(
                "`{}` and `{}` are told apart by nothing but rank or spelling.",
                first.title, second.title
            );
            let words = Words::new(message, second.title.as_str(), format!("one role, `{}`", first.id));
            found.at(&format!("role.{i}.title"), words);
        }
    }
}

/// Words that say how high, not for what.
const RANKS: [&str; 9] = ["lead", "leader", "manager", "head", "team", "chief", "senior", "principal", "of"];

/// The same words but for rank, in any order.
fn same_but_rank(one: &str, other: &str) -> bool {
    let words = |title: &str| -> BTreeSet<String> {
        let words = title.split(|letter: char| !letter.is_alphanumeric()).map(str::to_lowercase);
        words.filter(|word| !word.is_empty() && !RANKS.contains(&word.as_str())).collect()
    };
    let words_of_one = words(one);
    !words_of_one.is_empty() && words_of_one == words(other)
}

/// Letters to change, add or drop; 3 where there are more, or either is very long.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > 2 || one.len() > 100 {
        return 3;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, against) in other.iter().enumerate() {
            let cost = if letter == against { corner } else { corner + 1 };
            corner = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(corner + 1);
        }
    }
    row[other.len()].min(3)
}
