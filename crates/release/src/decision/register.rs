//! Findings, incidents and reviews.

use std::collections::BTreeSet;

use super::standing::FindingStanding;
use super::{Against, Code, Reviewed};
use crate::Figure;
use crate::day::Days;
use crate::evidence::Question;
use crate::policy::{Finding, Hotfix, Policy, Review};
use crate::proof::{Case, Lack};
use crate::scorecard::band;
use crate::state::{Closure, FindingRow};

/// An open incident that a release mends, and the exception that the policy makes for its severity; `None` where it makes none.
pub(super) fn mended<'a>(case: &Case<'a>, id: &str) -> Option<(&'a str, &'a Hotfix)> {
    let (id, incident) = case.state.incidents.get_key_value(id)?;
    let hotfix = case.policy.windows.hotfix.as_ref()?;
    hotfix.severities.contains(&incident.severity).then_some((id.as_str(), hotfix))
}

/// Findings and incidents that block, but for the one that is mended; all reviews.
pub(super) fn look(case: &Case<'_>, mended: Option<&str>, against: &mut Against) -> Vec<Reviewed> {
    for FindingStanding { finding, severity, blocks, open } in findings(case) {
        if blocks && !open.is_empty() {
            let why = format!("{} ({severity}) is open: {}", finding.title, open.join("; "));
            against.add(Code::Finding, &finding.id, why);
        }
    }
    for (id, incident) in case.state.incidents.iter().filter(|(id, _)| Some(id.as_str()) != mended) {
        let known = case.policy.severities.iter().any(|severity| severity.id == incident.severity);
        // A severity that nobody has described may be the worst.
        if !known || blocks(case.policy, &incident.severity) {
            against.add(Code::Incident, id, format!("{} is open: {}", incident.severity, incident.title));
        }
    }
    case.policy.reviews.iter().map(|review| reviewed(case, review)).collect()
}

/// All findings: those of the policy's register, then the others by id.
pub(crate) fn findings(case: &Case<'_>) -> Vec<FindingStanding> {
    let in_register = |id: &str| case.policy.findings.iter().any(|finding| finding.id == id);
    let others = case.state.findings.iter().filter(|(id, _)| !in_register(id)).filter_map(|(id, rows)| {
        let FindingRow { opened, .. } = rows.last()?;
        Some(Finding {
            id: id.clone(),
            title: opened.title.clone(),
            review: opened.review.clone(),
            severity: opened.severity.clone(),
            due_day: None,
            closed_by: opened.closed_by.clone(),
            note: String::new(),
        })
    });
    case.policy.findings.iter().cloned().chain(others).map(|finding| look_at(case, finding)).collect()
}

/// By the policy's own word, or by the usual ones for the worst; what nobody has described may be the worst.
fn blocks(policy: &Policy, severity: &str) -> bool {
    let described = policy.severities.iter().find(|described| described.id == severity);
    let worst = ["p0", "p1", "critical"].contains(&severity.to_lowercase().as_str());
    worst || described.is_none_or(|described| described.blocks_release)
}

/// The worst severity and all proofs of every way in which it was opened count, except of those that were closed, by somebody who
/// may, before it was opened again.
fn look_at(case: &Case<'_>, finding: Finding) -> FindingStanding {
    let rows = case.state.findings.get(&finding.id).map_or(&[][..], Vec::as_slice);
    let in_register = case.policy.findings.iter().find(|other| other.id == finding.id);
    let review = |row: &FindingRow| in_register.map_or(row.opened.review.clone(), |one| one.review.clone());
    let closed = |row: &FindingRow, by: &[Closure]| {
        by.iter().any(|closure| may_close(case, &review(row), closure).is_ok())
    };
    let counts = |row: &&FindingRow| !closed(row, &row.closed[..row.before.min(row.closed.len())]);
    let rows: Vec<&FindingRow> = rows.iter().filter(counts).collect();
    let severity = {
        let mut opened = rows.iter().map(|row| &row.opened.severity).chain([&finding.severity]);
        let worst = opened.find(|severity| blocks(case.policy, severity));
        worst.or(rows.last().map(|row| &row.opened.severity)).unwrap_or(&finding.severity).clone()
    };
    let proofs: BTreeSet<&String> =
        finding.closed_by.iter().chain(rows.iter().flat_map(|row| &row.opened.closed_by)).collect();
    let proofs: Vec<String> = proofs.into_iter().cloned().collect();
    let mut open = super::blockers::checks(case, &proofs);
    // Where one of the ways names no proof, somebody has to say so as well.
    let in_words = |row: &&FindingRow| {
        in_register.is_none_or(|one| one.closed_by.is_empty()) && row.opened.closed_by.is_empty()
    };
    let unsaid = rows.iter().copied().filter(|row| in_words(row) && !closed(row, &row.closed));
    let mut reviews: BTreeSet<String> = unsaid.map(review).collect();
    if rows.is_empty() && finding.closed_by.is_empty() {
        reviews.insert(finding.review.clone());
    }
    open.extend(reviews.iter().filter_map(|review| said_gone(case, &finding.id, review).err()));
    FindingStanding { blocks: blocks(case.policy, &severity), finding, severity, open }
}

fn said_gone(case: &Case<'_>, finding: &str, review: &str) -> Result<(), String> {
    let closed = case.state.closed.get(finding);
    let closed = closed.ok_or("no check proves that it is gone, and nobody has said so")?;
    may_close(case, review, closed)
}

/// By somebody of the role that reviews, or anyone the policy knows where there is no such review; for the present artefact.
fn may_close(case: &Case<'_>, review: &str, closure: &Closure) -> Result<(), String> {
    let closed = &closure.closed;
    if closure.artefact.as_ref() != Some(&case.release.artefact) {
        let of = closure.artefact.as_deref().unwrap_or("no artefact");
        return Err(format!("{} said that it is gone, but of {of}", closed.by));
    }
    let review = case.policy.reviews.iter().find(|known| known.id == review);
    match review {
        Some(review) if case.holds(&closed.by, &review.role) => Ok(()),
        Some(review) => Err(format!("{} says that it is gone, but is not `{}`", closed.by, review.role)),
        None if case.person(&closed.by).is_some() => Ok(()),
        None => Err(format!("{} says that it is gone, but is not known to the policy", closed.by)),
    }
}

pub(crate) fn reviewed(case: &Case<'_>, review: &Review) -> Reviewed {
    let (score, from) = match review_score(case, review) {
        Ok((score, by)) => (Some(score), by),
        Err(why) => (None, why),
    };
    let status = score.and_then(|score| band(case.policy, score)).map(str::to_owned);
    Reviewed { id: review.id.clone(), role: review.role.clone(), score, status, from }
}

/// The mark of a review and who gave it; from evidence before what the policy says, and not when it is due again.
pub(crate) fn review_score(case: &Case<'_>, review: &Review) -> Result<(Figure, String), String> {
    match case.mark(&Question::Review(review.id.clone()), &review.role) {
        Ok((score, person)) => return Ok((score, format!("{person} as {}", review.role))),
        Err(Lack::Missing | Lack::Elsewhere(_)) => {}
        Err(lack) => return Err(format!("review `{}`: {lack}", review.id)),
    }
    let score = review.score.ok_or_else(|| format!("review `{}` has no score yet", review.id))?;
    let Some(on) = review.on.as_deref() else {
        return Ok((score, format!("{}, in the policy", review.role)));
    };
    let date: jiff::civil::Date =
        on.parse().map_err(|_| format!("review `{}`: `{on}` is not a date", review.id))?;
    let due = review.again_after_days.and_then(|days| {
        let due = date.checked_add(jiff::Span::new().try_days(i64::from(days)).ok()?).ok()?;
        Days::of(case.policy, None).after(due)
    });
    match due {
        Some(due) if case.now >= due && !case.any_time => {
            Err(format!("review `{}` of {on} was due again by {due}", review.id))
        }
        _ => Ok((score, format!("{} on {on}, in the policy", review.role))),
    }
}
