//! `/v1/signals`: what strategies want, one or a batch, and what became of it.
//!
//! Enters: a body whose shape is checked whole before anything of it is taken. Leaves: verdicts, once the signals are durable.
//! Never here: the verdict itself (`trade::decide`).

pub mod answer;
pub mod shape;

use std::sync::Arc;
use std::time::Duration;

use access::Principal;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use engine::{Reply, rows};
use futures_util::future::join_all;
use serde_json::Value;
use trade::event::SignalReceived;
use trade::state::{Decision, SignalState};
use trade::{Event, SignalId};

use super::fields::{self, Document, JsonText};
use crate::Gateway;
use crate::api_error::ApiError;
use answer::{SignalAnswer, SignalView};
use shape::{Scene, Wanted};

/// Most signals of one request.
pub const BATCH_MAX: usize = 1_000;
/// An answer is ready so long before the listener gives the request up.
const ANSWER_TIME: Duration = Duration::from_secs(1);

pub async fn create(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    JsonText(body): JsonText,
) -> Result<Response, ApiError> {
    let document = fields::document(&body, BATCH_MAX)?;
    let scene = Scene { desk: &gateway.desk, principal: &principal, state: gateway.desk.state() };
    match document {
        Document::One(one) => {
            let wanted = shape::read(&one, &scene)?;
            one_answer(&gateway, &principal, wanted).await.map(IntoResponse::into_response)
        }
        Document::Many(many) => {
            let wanted = many.iter().map(|one| shape::read(one, &scene)).collect::<Result<Vec<_>, _>>()?;
            let ids: Vec<SignalId> = wanted.iter().map(|wanted| wanted.signal.id.clone()).collect();
            let answers = take(&gateway, &principal, wanted).await;
            let answers = ids.iter().zip(answers).map(|(id, answer)| match answer {
                Ok(answer) => serde_json::to_value(answer).unwrap_or_default(),
                Err(error) => {
                    let mut refused = error.to_value();
                    refused["id"] = Value::from(id.as_str());
                    refused
                }
            });
            Ok(Json(answers.collect::<Vec<Value>>()).into_response())
        }
    }
}

pub async fn read(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(id): Path<String>,
) -> Result<Json<SignalView>, ApiError> {
    find(&gateway, &principal, &id).await.map(|signal| Json(SignalView::new(&signal)))
}

/// Takes one signal and answers its verdict.
pub async fn one_answer(
    gateway: &Gateway,
    principal: &Principal,
    wanted: Wanted,
) -> Result<Json<SignalAnswer>, ApiError> {
    take(gateway, principal, vec![wanted]).await.pop().unwrap_or_else(|| Err(ApiError::busy())).map(Json)
}

/// Takes the signals in their order and waits for their verdicts: as long as the most patient of them wants.
async fn take(
    gateway: &Gateway,
    principal: &Principal,
    wanted: Vec<Wanted>,
) -> Vec<Result<SignalAnswer, ApiError>> {
    let patience = wanted.iter().map(|wanted| wanted.wait).max().unwrap_or_default();
    let patience = patience.min(gateway.request_time.saturating_sub(ANSWER_TIME));
    let ids: Vec<SignalId> = wanted.iter().map(|wanted| wanted.signal.id.clone()).collect();
    let submitted = wanted.into_iter().map(|wanted| {
        let digest = shape::digest(&wanted.signal);
        gateway.desk.signal(SignalReceived { signal: wanted.signal, digest, by: principal.api_key.clone() })
    });
    let taken: Vec<Result<(), ApiError>> = join_all(submitted).await.into_iter().map(certain).collect();
    let waiting: Vec<&SignalId> =
        ids.iter().zip(&taken).filter(|(_, taken)| taken.is_ok()).map(|(id, _)| id).collect();
    // One that has been forgotten was decided long ago.
    let all_decided = |state: &trade::State| {
        let decided = |id: &SignalId| state.signals.get(id).is_none_or(|signal| signal.is_decided());
        waiting.iter().all(|id| decided(id)).then_some(())
    };
    if !waiting.is_empty() && !patience.is_zero() {
        // Too late is an answer too: `queued`.
        let _ = gateway.desk.until(patience, all_decided).await;
    }
    let answer = async |(id, taken): (&SignalId, Result<(), ApiError>)| {
        taken?;
        let signal = look_up(gateway, id).await?.ok_or_else(ApiError::busy)?;
        Ok(SignalAnswer::new(&signal))
    };
    let mut answers = Vec::with_capacity(ids.len());
    for one in ids.iter().zip(taken) {
        answers.push(answer(one).await);
    }
    answers
}

/// Whether the signal is in the journal with this content.
fn certain(reply: Result<Reply, crate::trading::DeskBusy>) -> Result<(), ApiError> {
    match reply {
        Ok(Reply::Recorded { .. } | Reply::Known { .. }) => Ok(()),
        Ok(Reply::Conflict { seq }) => {
            let words = format!("another signal has this id: row {seq} of the journal");
            Err(ApiError::new(StatusCode::CONFLICT, "id_taken", words)
                .field("id")
                .hint("an id is used once, for ever: choose a new one for other content"))
        }
        Ok(Reply::Unavailable { .. } | Reply::OlderInstance | Reply::NotHolder { .. }) | Err(_) => {
            Err(ApiError::busy())
        }
    }
}

/// The signal `id`, if `principal` may use each of its accounts.
pub async fn find(gateway: &Gateway, principal: &Principal, id: &str) -> Result<Arc<SignalState>, ApiError> {
    let unknown = || {
        let words = format!("no signal has the id {:?}", fields::shorten(id));
        ApiError::new(StatusCode::NOT_FOUND, "unknown_signal", words).field("id")
    };
    let name: SignalId = id.parse().map_err(|_| unknown())?;
    let signal = look_up(gateway, &name).await?.ok_or_else(unknown)?;
    let may_see = signal.signal.children.iter().all(|child| principal.may_use(child.account.as_str()));
    if may_see { Ok(signal) } else { Err(unknown()) }
}

/// From the state, or from the journal once the state has forgotten it.
pub async fn look_up(gateway: &Gateway, id: &SignalId) -> Result<Option<Arc<SignalState>>, ApiError> {
    if let Some(signal) = gateway.desk.state().signals.get(id) {
        return Ok(Some(Arc::clone(signal)));
    }
    let subject = rows::subject::signal(id.as_str());
    let rows = gateway.desk.rows_about(subject).await.map_err(|error| ApiError::internal(&error))?;
    let mut found: Option<SignalState> = None;
    for row in rows {
        match rows::event(&row).map_err(|error| ApiError::internal(&error))? {
            Event::SignalReceived(received) => {
                let SignalReceived { signal, digest, .. } = received;
                found = Some(SignalState {
                    signal,
                    digest,
                    seq: row.seq,
                    received: row.time,
                    decisions: Vec::new(),
                });
            }
            Event::Decided(decided) => {
                let decision = Decision { seq: row.seq, time: row.time, decided: Arc::new(decided) };
                found.iter_mut().for_each(|signal| signal.decisions.push(decision.clone()));
            }
            _ => {}
        }
    }
    Ok(found.map(Arc::new))
}
