//! What no score outvotes: blockers, required items, evidence.

use std::collections::BTreeSet;

use super::{Against, Code, conditions};
use crate::event::Matter;
use crate::policy::{Blocker, Item, Score};
use crate::proof::Case;
use crate::signature::{asked, judge};

/// Blockers and required items.
pub(super) fn look(case: &Case<'_>, against: &mut Against) {
    for blocker in &case.policy.blockers {
        let open = open(case, blocker);
        if !open.is_empty() {
            against.add(Code::Blocker, &blocker.id, open.join("; "));
        }
    }
    for section in &case.policy.sections {
        for item in section.items.iter().filter(|item| item.required) {
            let unproven = unproven(case, item);
            if !unproven.is_empty() {
                let of = format!("{}: {}", section.id, item.text);
                against.add(Code::Item, of, unproven.join("; "));
            }
        }
    }
}

/// Why a blocker is open; empty: it is gone.
pub(super) fn open(case: &Case<'_>, blocker: &Blocker) -> Vec<String> {
    let mut open = checks(case, &blocker.checks);
    let matter = Matter::Blocker(blocker.id.clone());
    let judged = judge(case, &matter);
    for role in asked(case, &matter) {
        if let Some(why) = super::approval::unsigned(&judged, role) {
            open.push(format!("`{role}` has not signed that it is gone: {why}"));
        }
    }
    if blocker.checks.is_empty() {
        open.push("the policy names no check that could prove it gone".to_owned());
    }
    open
}

/// A tick in the policy proves nothing: checks do, or that the item's blocker is gone.
pub(super) fn unproven(case: &Case<'_>, item: &Item) -> Vec<String> {
    let mut open = checks(case, &item.checks);
    if let Some(id) = &item.blocker {
        match case.policy.blockers.iter().find(|blocker| blocker.id == *id) {
            Some(blocker) if self::open(case, blocker).is_empty() => {}
            Some(_) => open.push(format!("blocker `{id}` is open")),
            None => open.push(format!("the policy has no blocker `{id}`")),
        }
    } else if item.checks.is_empty() {
        open.push("the policy names no check that could prove it".to_owned());
    }
    open
}

pub(super) fn checks(case: &Case<'_>, ids: &[String]) -> Vec<String> {
    ids.iter().filter_map(|id| case.open(id).map(|why| format!("check `{id}`: {why}"))).collect()
}

/// Evidence that has to be there: passed for what is demanded, known either way for what is only scored.
pub(super) fn look_at_evidence(case: &Case<'_>, against: &mut Against) {
    let policy = case.policy;
    let items = policy.sections.iter().flat_map(|section| &section.items).filter(|item| item.required);
    let signers = policy.approval.iter().flat_map(|approval| &approval.signers);
    let first = policy.approval.iter().flat_map(|approval| &approval.conditions);
    let first = first.filter(|condition| conditions::comes_first(condition));
    let demanded: BTreeSet<&String> = policy
        .blockers
        .iter()
        .flat_map(|blocker| &blocker.checks)
        .chain(items.flat_map(|item| &item.checks))
        .chain(signers.flat_map(|signer| &signer.checks))
        .chain(first.flat_map(|condition| &condition.checks))
        .collect();
    let deciding =
        policy.scorecards.iter().filter(|card| card.threshold.is_some()).flat_map(|card| &card.rows);
    let scored: BTreeSet<&String> = deciding
        .flat_map(|row| match &row.score {
            Score::Share { checks } => checks.as_slice(),
            Score::Attested { .. } | Score::Measured { .. } | Score::Review { .. } => &[],
        })
        .collect();
    for id in &demanded {
        if let Some(why) = case.open(id) {
            against.add(Code::Evidence, *id, why);
        }
    }
    for id in scored.difference(&demanded) {
        if case.ask(id).is_err() {
            against.add(Code::Evidence, *id, case.open(id).unwrap_or_default());
        }
    }
}
