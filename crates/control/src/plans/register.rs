//! The register of findings: opened, closed.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use release::Moment;
use release::event::{Event, FindingClosed, FindingOpened};
use release::ledger::Entry;
use release::schedule::{DueKind, schedule};
use release::state::{Closure, FindingRow};
use serde::Deserialize;
use serde_json::{Value, json};

use super::text::short;
use super::{at_moment, seen};
use crate::Control;
use crate::api::{Body, SIGN, Table};
use crate::refused::Refused;
use crate::releases::{holds, person};

pub(super) fn routes(table: &mut Table) {
    table.add("POST", "/v1/release/releases/{id}/findings", SIGN, open);
    table.add("POST", "/v1/release/releases/{id}/findings/{finding}/closed", SIGN, close);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opening {
    finding: String,
    title: String,
    severity: String,
    /// In which review; empty: in none.
    #[serde(default)]
    review: String,
    /// Checks that prove that it is gone; none: somebody says so.
    #[serde(default)]
    closed_by: Vec<String>,
    by: String,
}

async fn open(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(body): Body<Opening>,
) -> Result<Json<Value>, Refused> {
    control.book.write(|ledger, now| {
        at_moment(ledger, &id, now, |moment| {
            let policy = &moment.loaded.policy;
            admit(moment, &body)?;
            let before = moment.state.findings.get(&body.finding).and_then(|rows| rows.last());
            let same = |row: &FindingRow| {
                let opened = &row.opened;
                (&opened.title, &opened.severity, &opened.review)
                    == (&body.title, &body.severity, &body.review)
                    && (&opened.closed_by, &opened.by) == (&body.closed_by, &body.by)
            };
            if before.is_some_and(same) && !moment.state.closed.contains_key(&body.finding) {
                return Ok((Vec::new(), ()));
            }
            let opened = FindingOpened {
                finding: body.finding.clone(),
                title: body.title.clone(),
                severity: body.severity.clone(),
                review: body.review.clone(),
                closed_by: body.closed_by.clone(),
                at: now,
                by: body.by.clone(),
            };
            Ok((vec![Entry::Release(policy.service.name.clone(), Event::FindingOpened(opened))], ()))
        })
    })?;
    show(&control, &id, &body.finding)
}

fn admit(moment: &Moment<'_>, body: &Opening) -> Result<(), Refused> {
    let policy = &moment.loaded.policy;
    person(policy, "by", &body.by)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !(1..=64).contains(&body.finding.len()) || !body.finding.bytes().all(plain) {
        return Err(Refused::field("finding", "use 1 to 64 letters, digits, `-`, `_` and `.`"));
    }
    for (field, text) in [("title", &body.title), ("severity", &body.severity)] {
        if text.trim().is_empty() {
            return Err(Refused::field(field, "this is empty"));
        }
    }
    short("title", &body.title)?;
    short("severity", &body.severity)?;
    let reviews: Vec<&str> = policy.reviews.iter().map(|review| review.id.as_str()).collect();
    if !body.review.is_empty() && !reviews.contains(&body.review.as_str()) {
        return Err(Refused::field("review", format!("the policy has no review `{}`", body.review))
            .hint(format!("it has: {}", reviews.join(", "))));
    }
    let known = |id: &&String| policy.checks.iter().any(|check| check.id == **id);
    if let Some(unknown) = body.closed_by.iter().find(|id| !known(id)) {
        return Err(Refused::field("closed_by", format!("the policy has no check `{unknown}`")));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Closing {
    by: String,
    why: String,
}

async fn close(
    State(control): State<Arc<Control>>,
    Path((id, name)): Path<(String, String)>,
    Body(body): Body<Closing>,
) -> Result<Json<Value>, Refused> {
    control.book.write(|ledger, now| {
        at_moment(ledger, &id, now, |moment| {
            let policy = &moment.loaded.policy;
            let registered = policy.findings.iter().find(|finding| finding.id == name);
            let opened = moment.state.findings.get(&name).and_then(|rows| rows.last());
            let review = registered
                .map(|finding| &finding.review)
                .or(opened.map(|row| &row.opened.review))
                .ok_or_else(|| {
                Refused::unknown(format!("there is no finding `{name}`"))
                    .hint("`meridian release reviews` names all that are open")
            })?;
            person(policy, "by", &body.by)?;
            if let Some(review) = policy.reviews.iter().find(|known| known.id == *review) {
                holds(policy, &body.by, &review.role)?;
            }
            if body.why.trim().is_empty() {
                return Err(Refused::field("why", "say what was done about it"));
            }
            short("why", &body.why)?;
            let artefact = moment.state.release.as_ref().map(|release| &release.artefact);
            let same = |closure: &Closure| {
                closure.closed.by == body.by
                    && closure.closed.why == body.why
                    && closure.artefact.as_ref() == artefact
            };
            if moment.state.closed.get(&name).is_some_and(same) {
                return Ok((Vec::new(), ()));
            }
            let closed =
                FindingClosed { finding: name.clone(), at: now, by: body.by.clone(), why: body.why.clone() };
            Ok((vec![Entry::Release(policy.service.name.clone(), Event::FindingClosed(closed))], ()))
        })
    })?;
    show(&control, &id, &name)
}

/// What is said of it now: a check that has to prove it may still be open.
fn show(control: &Control, id: &str, finding: &str) -> Result<Json<Value>, Refused> {
    seen(control, id, |moment| {
        let mut dues = schedule(moment).dues.into_iter();
        let found = dues.find(|due| due.kind == DueKind::Finding && due.id == finding);
        Ok(json!({ "finding": found }))
    })
}
