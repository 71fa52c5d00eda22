//! Who signs, after whom, and what can come out.

use std::collections::BTreeSet;

use crate::lint::{Case, Found, Words};
use crate::policy::{Approval, Policy, Probe, VoteRule};

/// Everybody who could act as `name`: a role's holders, or the person of that name.
fn holders<'a>(policy: &'a Policy, name: &'a str) -> BTreeSet<&'a str> {
    let held = policy
        .people
        .iter()
        .filter(|person| person.id == name || person.roles.iter().any(|role| role == name));
    let mut held: BTreeSet<&str> = held.map(|person| person.id.as_str()).collect();
    if held.is_empty() {
        // Nobody is listed: the name stands for itself.
        held.insert(name);
    }
    held
}

pub(super) fn alone(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    if let Some(approval) = &policy.approval
        && !approval.signers.is_empty()
    {
        let author = holders(policy, &approval.author);
        let by_author = |signer: &str| holders(policy, signer).is_subset(&author);
        let signers: BTreeSet<&str> = approval.signers.iter().map(|signer| signer.role.as_str()).collect();
        let one_is_enough =
            approval.rule == VoteRule::Quorum(1) && signers.iter().any(|signer| by_author(signer));
        if signers.iter().all(|signer| by_author(signer)) || one_is_enough {
            let message =
                format!("`{}` wrote what is signed, and their signature is enough.", approval.author);
            let stated = signers.into_iter().collect::<Vec<_>>().join(", ");
            found.at("approval.author", Words::new(message, stated, "a signer who is somebody else"));
        }
    }
    for (i, task) in policy.plan.tasks.iter().enumerate() {
        let Some(owner) = task.owner.as_deref().filter(|_| !task.signers.is_empty()) else { continue };
        let author = holders(policy, owner);
        if task.signers.iter().all(|signer| holders(policy, signer).is_subset(&author)) {
            let message = format!("`{owner}` does task `{}` and is the only one who signs it off.", task.id);
            let words = Words::new(message, task.signers.join(", "), "a signer who is somebody else");
            found.at(&format!("plan.task.{i}.signers"), words);
        }
    }
}

/// Roles that have to sign or attest before `role` signs.
fn before<'a>(policy: &'a Policy, approval: &'a Approval, role: &str) -> BTreeSet<&'a str> {
    let mut roles = BTreeSet::new();
    for signer in approval.signers.iter().filter(|signer| signer.role == role) {
        roles.extend(signer.after.iter().map(String::as_str));
        for check in policy.checks.iter().filter(|check| signer.checks.contains(&check.id)) {
            if let Probe::Attest(attestation) = &check.probe {
                // What somebody attests for their own signature, they attest first.
                roles.extend(Some(attestation.by.as_str()).filter(|by| *by != role));
            }
        }
    }
    roles
}

pub(super) fn cycles(case: &Case<'_>, found: &mut Found<'_>) {
    let Some(approval) = &case.policy.approval else { return };
    let mut told = BTreeSet::new();
    for (i, signer) in approval.signers.iter().enumerate() {
        if told.contains(signer.role.as_str()) {
            continue;
        }
        let Some(ring) = ring(case.policy, approval, &signer.role) else { continue };
        let message = format!("`{}` can sign only after themselves.", signer.role);
        let stated = ring.join(" after ");
        found.at(&format!("approval.signer.{i}.after"), Words::new(message, stated, "one of them first"));
        told.extend(ring);
    }
}

/// The way from `start` over what it waits for back to itself.
fn ring<'a>(policy: &'a Policy, approval: &'a Approval, start: &'a str) -> Option<Vec<&'a str>> {
    let mut ways: Vec<Vec<&str>> = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for role in before(policy, approval, way.last()?) {
            let longer = way.iter().copied().chain([role]).collect();
            if role == start {
                return Some(longer);
            }
            if seen.insert(role) {
                ways.push(longer);
            }
        }
    }
    None
}

/// Letters and digits in lower case: `NO-GO` and `no go` are one word.
fn plain(text: &str) -> String {
    text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

pub(super) fn outcome(case: &Case<'_>, found: &mut Found<'_>) {
    let Some(approval) = &case.policy.approval else { return };
    let votes = approval.votes.join(", ");
    let voted = |outcome: &str| {
        let outcome = plain(outcome);
        approval.votes.iter().any(|vote| {
            let rest = outcome.strip_prefix(&plain(vote));
            rest.is_some_and(|rest| rest.is_empty() || rest.contains("condition"))
        })
    };
    for (i, outcome) in approval.outcomes.iter().enumerate().filter(|(_, outcome)| !voted(outcome)) {
        let message = format!("`{outcome}` can come out, and nobody can vote for it.");
        found.at(
            &format!("approval.outcomes.{i}"),
            Words::new(message, outcome.as_str(), format!("one of: {votes}")),
        );
    }
    if let Some(stated) = &approval.stated_outcome {
        let allowed = approval.outcomes.iter().any(|outcome| plain(outcome) == plain(stated));
        if !allowed || !voted(stated) {
            let message = format!("`{stated}` came out, and that is none of the outcomes that are voted on.");
            let right = format!("one of: {}", approval.outcomes.join(", "));
            found.at("approval.stated_outcome", Words::new(message, stated.as_str(), right));
        }
    }
}

pub(super) fn escalation(case: &Case<'_>, found: &mut Found<'_>) {
    let chain = &case.policy.escalation.chain;
    let rung = |role: &str| chain.iter().position(|rung| rung.role == role);
    for (i, rung_of) in chain.iter().enumerate() {
        if chain[..i].iter().any(|before| before.role == rung_of.role) {
            let message = format!("The chain calls `{}` a second time.", rung_of.role);
            let words = Words::new(message, rung_of.role.as_str(), "somebody further up");
            found.at(&format!("escalation.chain.{i}.role"), words);
        }
    }
    for (i, book) in case.policy.runbooks.iter().enumerate() {
        let (Some(from), Some(to)) = (&book.run_by, &book.escalates_to) else { continue };
        let down = matches!((rung(from), rung(to)), (Some(from), Some(to)) if to < from);
        if from == to || down {
            let message = format!("Runbook `{}` is run by `{from}` and escalates to `{to}`.", book.id);
            let above = rung(from).and_then(|place| chain.get(place + 1));
            let right = above.map_or_else(|| "a rung further up".to_owned(), |above| above.role.clone());
            found.at(&format!("runbook.{i}.escalates_to"), Words::new(message, to.as_str(), right));
        }
    }
}
