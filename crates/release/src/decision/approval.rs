//! Whether those have signed who have to.

use std::collections::BTreeSet;

use super::{Against, Code, Counting, OpenCondition, Outcome};
use crate::event::{Matter, Vote};
use crate::policy::{Approval, Loaded, VoteRule};
use crate::proof::Case;
use crate::signature::{Judged, asked, judge};

/// Signatures of the release. A policy without an approval asks for none.
/// `beside`: roles that sign as well, by an exception of the windows, whatever the rule of counting.
pub(super) fn look(case: &Case<'_>, beside: &[String], against: &mut Against) -> Vec<Counting> {
    let judged = judge(case, &Matter::Release);
    if let Some(approval) = &case.policy.approval {
        count(case, approval, &judged, against);
        alone(case, approval, &judged, against);
    }
    for role in beside {
        if let Some(why) = unsigned(&judged, role) {
            let why = format!("has to sign what the window sets aside: {why}");
            if against.0.iter().all(|reason| reason.code != Code::Signature || reason.of != *role) {
                against.add(Code::Signature, role, why);
            }
        }
    }
    let counting = judged.counting.iter().map(|signed| Counting {
        role: signed.role.clone(),
        person: signed.person.clone(),
        vote: signed.vote,
        at: signed.at,
    });
    counting.collect()
}

/// Why `role` has not signed with a yes; `None` when it has.
pub(crate) fn unsigned(judged: &Judged<'_>, role: &str) -> Option<String> {
    let of_role =
        |vote| judged.counting.iter().find(move |signed| signed.role == role && signed.vote == vote);
    if let Some(no) = of_role(Vote::NoGo) {
        return Some(format!("{} says no", no.person));
    }
    if of_role(Vote::Go).is_some() {
        return None;
    }
    let refused = judged.refused.iter().filter(|(signed, _)| signed.role == role);
    let why: Vec<String> =
        refused.map(|(signed, refusal)| format!("signed by {}, but {refusal}", signed.person)).collect();
    Some(if why.is_empty() { "nobody has signed".to_owned() } else { why.join("; ") })
}

fn count(case: &Case<'_>, approval: &Approval, judged: &Judged<'_>, against: &mut Against) {
    let roles = asked(case, &Matter::Release);
    let signers: BTreeSet<&str> = approval.signers.iter().map(|signer| signer.role.as_str()).collect();
    if signers.is_empty() {
        against.add(Code::Policy, "approval", "it names nobody who signs: add a signer");
    }
    let missing: Vec<(&str, String)> =
        roles.iter().filter_map(|role| unsigned(judged, role).map(|why| (*role, why))).collect();
    let decides = |role: &str| approval.decided_by.as_deref() == Some(role);
    match approval.rule {
        VoteRule::Unanimous => {
            for (role, why) in missing {
                against.add(Code::Signature, role, why);
            }
        }
        VoteRule::Quorum(needed) => {
            for (role, why) in missing.iter().filter(|(role, _)| decides(role)) {
                against.add(Code::Signature, *role, format!("has the last word: {why}"));
            }
            let lacking = missing.iter().filter(|(role, _)| signers.contains(role)).count();
            let needed = needed.max(1) as usize;
            let have = signers.len() - lacking;
            if have < needed {
                let words: Vec<String> =
                    missing.iter().map(|(role, why)| format!("`{role}`: {why}")).collect();
                let why = format!("{have} of at least {needed} have signed; {}", words.join("; "));
                against.add(Code::Signature, "quorum", why);
            }
        }
    }
}

/// Who wrote the policy, opened the release, or changed what it is, needs somebody beside them.
fn alone(case: &Case<'_>, approval: &Approval, judged: &Judged<'_>, against: &mut Against) {
    let release = case.release;
    let writers = case.policy.people.iter().map(|person| person.id.as_str());
    let writers = writers.filter(|person| case.holds(person, &approval.author));
    let authors: BTreeSet<&str> = [approval.author.as_str(), release.by.as_str()]
        .into_iter()
        .chain(release.changed_by.iter().map(String::as_str))
        .chain(writers)
        .collect();
    let author = |person: &str| authors.iter().any(|author| case.same(author, person));
    let yes: Vec<&str> = judged
        .counting
        .iter()
        .filter(|signed| signed.vote == Vote::Go)
        .map(|signed| signed.person.as_str())
        .collect();
    if !yes.is_empty() && yes.iter().all(|person| author(person)) {
        let who: BTreeSet<&str> = yes.into_iter().collect();
        let who = who.into_iter().collect::<Vec<_>>().join(", ");
        against.add(
            Code::AuthorAlone,
            &approval.author,
            format!("only {who} signed, of whom it comes: another has to sign, too"),
        );
    }
}

/// A policy that knows no conditional GO cannot give one.
pub(super) fn outcomes(loaded: &Loaded, conditions: &[OpenCondition], against: &mut Against) {
    let Some(approval) = &loaded.policy.approval else { return };
    let letters = |text: &str| text.chars().filter(|letter| letter.is_alphabetic()).collect::<String>();
    let plain = |text: &str| letters(text).to_lowercase();
    let conditional = plain(&Outcome::GoWithConditions.to_string());
    if approval.outcomes.is_empty() || approval.outcomes.iter().any(|outcome| plain(outcome) == conditional) {
        return;
    }
    for condition in conditions {
        let why = "it is still to be met, and the policy's outcomes have no GO WITH CONDITIONS";
        against.add(Code::Condition, &condition.id, why);
    }
}
