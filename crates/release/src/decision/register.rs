//! Findings, incidents and reviews.

use super::{Against, Code, Reviewed};
use crate::Figure;
use crate::day::Days;
use crate::evidence::Question;
use crate::policy::{Finding, Policy, Review};
use crate::proof::{Case, Lack};
use crate::scorecard::band;

/// Findings and incidents that block; all reviews.
pub(super) fn look(case: &Case<'_>, against: &mut Against) -> Vec<Reviewed> {
    for finding in &case.policy.findings {
        let reported = case.state.findings.get(&finding.id);
        let worse = reported.is_some_and(|reported| blocks(case.policy, &reported.severity));
        if worse || blocks(case.policy, &finding.severity) {
            look_at(case, finding, against);
        }
    }
    let in_register = |id: &str| case.policy.findings.iter().any(|finding| finding.id == id);
    for (id, opened) in case.state.findings.iter().filter(|(id, _)| !in_register(id)) {
        if blocks(case.policy, &opened.severity) {
            let finding = Finding {
                id: id.clone(),
                title: opened.title.clone(),
                review: opened.review.clone(),
                severity: opened.severity.clone(),
                due_day: None,
                closed_by: opened.closed_by.clone(),
                note: String::new(),
            };
            look_at(case, &finding, against);
        }
    }
    for (id, incident) in &case.state.incidents {
        let known = case.policy.severities.iter().any(|severity| severity.id == incident.severity);
        // A severity that nobody has described may be the worst.
        if !known || blocks(case.policy, &incident.severity) {
            against.add(Code::Incident, id, format!("{} is open: {}", incident.severity, incident.title));
        }
    }
    case.policy.reviews.iter().map(|review| reviewed(case, review)).collect()
}

/// By the policy's own word, or by the usual ones for the worst.
fn blocks(policy: &Policy, severity: &str) -> bool {
    let described = policy.severities.iter().find(|described| described.id == severity);
    let worst = ["p0", "p1", "critical"].contains(&severity.to_lowercase().as_str());
    worst || described.is_some_and(|described| described.blocks_release)
}

fn look_at(case: &Case<'_>, finding: &Finding, against: &mut Against) {
    let reported = case.state.findings.get(&finding.id);
    let mut proofs = finding.closed_by.clone();
    proofs.extend(reported.iter().flat_map(|reported| &reported.closed_by).cloned());
    let open = if proofs.is_empty() {
        said_gone(case, finding).err().into_iter().collect()
    } else {
        super::blockers::checks(case, &proofs)
    };
    if !open.is_empty() {
        let why = format!("{} ({}) is open: {}", finding.title, finding.severity, open.join("; "));
        against.add(Code::Finding, &finding.id, why);
    }
}

/// By somebody of the role that reviews, or anyone the policy knows where there is no such review.
fn said_gone(case: &Case<'_>, finding: &Finding) -> Result<(), String> {
    let closed = case.state.closed.get(&finding.id);
    let closed = closed.ok_or("no check proves that it is gone, and nobody has said so")?;
    let review = case.policy.reviews.iter().find(|review| review.id == finding.review);
    match review {
        Some(review) if case.holds(&closed.by, &review.role) => Ok(()),
        Some(review) => Err(format!("{} says that it is gone, but is not `{}`", closed.by, review.role)),
        None if case.person(&closed.by).is_some() => Ok(()),
        None => Err(format!("{} says that it is gone, but is not known to the policy", closed.by)),
    }
}

fn reviewed(case: &Case<'_>, review: &Review) -> Reviewed {
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
