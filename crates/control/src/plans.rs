//! The plan around day 0, meetings, announcements, promotion, success, risks, reviews.
//!
//! Enters: questions and words of people; the time. Leaves: views, and rows of the book. Never here: the rules (those are in `release`).

mod attested;
mod history;
mod register;
mod said;
mod text;
mod watch;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use release::Moment;
use release::agenda::{agenda, markdown};
use release::announcement::announcements;
use release::calendar::Calendars;
use release::evaluate::{evaluation, evaluations, recorded};
use release::ledger::Ledger;
use release::promotion::promotion;
use release::reviews::reviews;
use release::risks::risks;
use release::schedule::schedule;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Control;
use crate::api::{READ, Table};
use crate::refused::Refused;
use crate::releases::find;
use crate::signing::verify;

pub(crate) use text::TEXT_BYTES_MAX;
pub use watch::serve;

/// Its routes.
pub fn routes(table: &mut Table) {
    table.add("GET", "/v1/release/releases/{id}/schedule", READ, see_schedule);
    table.add("GET", "/v1/release/releases/{id}/agenda", READ, see_agenda);
    table.add("GET", "/v1/release/releases/{id}/announcements", READ, see_announcements);
    table.add("GET", "/v1/release/releases/{id}/promotion", READ, see_promotion);
    table.add("GET", "/v1/release/releases/{id}/evaluation", READ, see_evaluation);
    table.add("GET", "/v1/release/releases/{id}/risks", READ, see_risks);
    table.add("GET", "/v1/release/releases/{id}/reviews", READ, see_reviews);
    said::routes(table);
    register::routes(table);
    attested::routes(table);
    history::routes(table);
}

/// A release at this moment.
fn at_moment<T>(
    ledger: &Ledger,
    id: &str,
    now: jiff::Timestamp,
    look: impl FnOnce(&Moment<'_>) -> Result<T, Refused>,
) -> Result<T, Refused> {
    at_moment_by(&Calendars::builtin(), ledger, id, now, look)
}

/// The same, for whoever has read the calendars already.
fn at_moment_by<T>(
    calendars: &Calendars,
    ledger: &Ledger,
    id: &str,
    now: jiff::Timestamp,
    look: impl FnOnce(&Moment<'_>) -> Result<T, Refused>,
) -> Result<T, Refused> {
    let known = ledger.service_of(id).and_then(|service| {
        let state = ledger.state(service, id);
        let loaded = ledger.loaded(&state.release.as_ref()?.policy)?;
        Some((state, loaded))
    });
    let Some((state, loaded)) = known else {
        // Says what is missing.
        let found = find(ledger, id)?;
        return look(&Moment {
            loaded: &found.loaded,
            ledger,
            state: &found.state,
            calendars,
            verify: &verify,
            now,
        });
    };
    look(&Moment { loaded: &loaded, ledger, state: &state, calendars, verify: &verify, now })
}

/// The same, for an answer: nobody waits for it.
fn seen(
    control: &Control,
    id: &str,
    look: impl FnOnce(&Moment<'_>) -> Result<Value, Refused>,
) -> Result<Json<Value>, Refused> {
    let now = control.book.now();
    let ledger = control.book.snapshot()?;
    let (mut answer, zone) = at_moment(&ledger, id, now, |moment| Ok((look(moment)?, moment.zone())))?;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("zone".to_owned(), json!(zone.iana_name().unwrap_or("UTC")));
        answer.insert("release".to_owned(), json!(id));
        answer.insert("now".to_owned(), json!(now));
    }
    Ok(Json(answer))
}

async fn see_schedule(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    seen(&control, &id, |moment| Ok(json!({ "schedule": schedule(moment) })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhichMeeting {
    /// The one that comes next unless given.
    #[serde(default)]
    meeting: Option<String>,
}

async fn see_agenda(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Query(which): Query<WhichMeeting>,
) -> Result<Json<Value>, Refused> {
    seen(&control, &id, |moment| {
        let meeting = match which.meeting {
            Some(meeting) => meeting,
            None => next_meeting(moment)?,
        };
        let agenda = agenda(moment, &meeting).ok_or_else(|| no_meeting(moment, &meeting))?;
        let markdown = markdown(&agenda, &moment.zone());
        Ok(json!({ "agenda": agenda, "markdown": markdown }))
    })
}

fn next_meeting(moment: &Moment<'_>) -> Result<String, Refused> {
    let ahead = schedule(moment).meetings.into_iter().filter_map(|one| Some((one.next?.due, one.id)));
    ahead.min().map(|(_, id)| id).ok_or_else(|| {
        Refused::field("meeting", "no meeting of the plan is still to come").hint("name one: ?meeting=")
    })
}

fn no_meeting(moment: &Moment<'_>, id: &str) -> Refused {
    let meetings = &moment.loaded.policy.plan.meetings;
    let known: Vec<&str> = meetings.iter().map(|meeting| meeting.id.as_str()).collect();
    none("meeting", id, &known)
}

/// 404 with the names that there are.
fn none(what: &str, id: &str, known: &[&str]) -> Refused {
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Refused::unknown(format!("the policy has no {what} `{id}`")).hint(format!("it has: {known}"))
}

async fn see_announcements(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    seen(&control, &id, |moment| Ok(json!({ "announcements": announcements(moment) })))
}

async fn see_promotion(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    seen(&control, &id, |moment| {
        let release = moment.state.release.as_ref();
        let artefact = release.map(|release| release.artefact.clone()).unwrap_or_default();
        Ok(json!({ "promotion": promotion(moment.ledger, &moment.loaded.policy, &artefact) }))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhichHorizon {
    /// All unless given: its `id`, or how long after the release it is, as in `7d`.
    #[serde(default)]
    horizon: Option<String>,
}

async fn see_evaluation(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Query(which): Query<WhichHorizon>,
) -> Result<Json<Value>, Refused> {
    seen(&control, &id, |moment| {
        let found = match &which.horizon {
            None => evaluations(moment),
            Some(named) => vec![evaluation(moment, named).ok_or_else(|| {
                let horizons = moment.loaded.policy.horizons.iter();
                let known: Vec<String> = horizons.map(|one| format!("{} ({})", one.id, one.after)).collect();
                none("horizon", named, &known.iter().map(String::as_str).collect::<Vec<_>>())
            })?],
        };
        let with_record = found.into_iter().map(|now| {
            let recorded = recorded(moment, &now.horizon);
            json!({ "evaluation": now, "recorded": recorded })
        });
        Ok(json!({ "horizons": with_record.collect::<Vec<_>>() }))
    })
}

async fn see_risks(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    seen(&control, &id, |moment| Ok(json!({ "risks": risks(moment) })))
}

async fn see_reviews(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refused> {
    seen(&control, &id, |moment| Ok(json!({ "reviews": reviews(moment) })))
}

#[cfg(test)]
mod tests;
