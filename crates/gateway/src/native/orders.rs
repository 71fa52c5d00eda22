//! `/v1/orders`: orders of people and programs that do not work with signals.
//!
//! Enters: placements, changes, cancellations, whose shape is checked before anything is recorded. Leaves: the verdict, once it
//! is durable. Never here: the verdict itself (`trade::decide`).

pub mod find;
pub mod list;
pub mod resolve;
mod shape;

use std::sync::Arc;
use std::time::Duration;

use access::Principal;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use engine::{Reply, rows};
use serde::Serialize;
use serde_json::json;
use trade::event::{Cause, CommandedAct, Decided, OrderCommanded, Verdict};
use trade::{AccountId, Code, Event, OrderId, Reason};

use super::fields::{self, JsonText};
use super::signals::answer::ReasonView;
use crate::Gateway;
use crate::api_error::ApiError;
use find::{Found, find_order};

/// Longest wait for a verdict.
const WAIT: Duration = Duration::from_secs(2);

/// An order was accepted, or waits for its verdict.
#[derive(Debug, Serialize)]
struct Ordered {
    order_id: String,
    state: &'static str,
    sequence: u64,
}

pub async fn place(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    JsonText(body): JsonText,
) -> Result<Response, ApiError> {
    let fields = fields::object(&body)?;
    let placement = shape::placement(&fields, &gateway.desk, &principal)?;
    let order = gateway.desk.draw_order_id();
    let command = OrderCommanded {
        order,
        command: order.get(),
        account: placement.account,
        digest: placement.digest,
        client_id: placement.client_id,
        what: CommandedAct::Place(placement.request),
        tag: None,
        kite: None,
        // One client_id, one order: signals become several.
        may_slice: false,
        by: principal.api_key.clone(),
    };
    perform(&gateway, command).await
}

pub async fn modify(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(id): Path<String>,
    JsonText(body): JsonText,
) -> Result<Response, ApiError> {
    let found = find_order(&gateway, &principal, &id).await?;
    let changes = shape::changes(&fields::object(&body)?, &found.request)?;
    change(&gateway, &principal, found, CommandedAct::Modify(changes)).await
}

pub async fn cancel(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let found = find_order(&gateway, &principal, &id).await?;
    change(&gateway, &principal, found, CommandedAct::Cancel).await
}

async fn change(
    gateway: &Gateway,
    principal: &Principal,
    found: Found,
    what: CommandedAct,
) -> Result<Response, ApiError> {
    let command = OrderCommanded {
        order: found.id,
        // As unique as an order id, since it is one.
        command: gateway.desk.draw_order_id().get(),
        account: found.account,
        what,
        client_id: None,
        digest: String::new(),
        tag: None,
        kite: None,
        may_slice: false,
        by: principal.api_key.clone(),
    };
    perform(gateway, command).await
}

/// Records a command and waits for its verdict.
async fn perform(gateway: &Gateway, command: OrderCommanded) -> Result<Response, ApiError> {
    let asked = Asked { account: command.account.clone(), order: command.order, command: command.command };
    match gateway.desk.command(command).await {
        Ok(Reply::Recorded { seq }) => verdict(gateway, asked, seq).await,
        // The same order, sent again: the answer is about the first one.
        Ok(Reply::Known { seq }) => match command_at(gateway, seq).await? {
            Some(first) => verdict(gateway, first, seq).await,
            None => Err(ApiError::busy()),
        },
        Ok(Reply::Conflict { seq }) => {
            let words = format!("another order has this client_id: row {seq} of the journal");
            Err(ApiError::new(StatusCode::CONFLICT, "id_taken", words)
                .field("client_id")
                .hint("a client_id is used once, for ever: choose a new one for another order"))
        }
        Ok(Reply::Unavailable { .. } | Reply::OlderInstance | Reply::NotHolder { .. }) | Err(_) => {
            Err(ApiError::busy())
        }
    }
}

/// What is waited for.
struct Asked {
    account: AccountId,
    order: OrderId,
    command: u64,
}

async fn command_at(gateway: &Gateway, seq: u64) -> Result<Option<Asked>, ApiError> {
    let row = gateway.desk.row(seq).await.map_err(|error| ApiError::internal(&error))?;
    Ok(match row.as_ref().map(rows::event) {
        Some(Ok(Event::OrderCommanded(body))) => {
            Some(Asked { account: body.account, order: body.order, command: body.command })
        }
        _ => None,
    })
}

async fn verdict(gateway: &Gateway, asked: Asked, sequence: u64) -> Result<Response, ApiError> {
    let Asked { account, order, command } = asked;
    let cause = Cause::Command { order, command };
    let decided = gateway.desk.until(WAIT, |state| (!state.is_pending(&account, &cause)).then_some(())).await;
    let answer = |state| Json(Ordered { order_id: order.to_string(), state, sequence });
    if decided.is_none() {
        return Ok((StatusCode::ACCEPTED, answer("received")).into_response());
    }
    let about = rows::subject::order(order);
    let rows = gateway.desk.rows_about(about).await.map_err(|error| ApiError::internal(&error))?;
    let decided = rows.iter().rev().find_map(|row| match rows::event(row) {
        Ok(Event::Decided(decided)) if decided.cause == cause => Some(decided),
        _ => None,
    });
    match decided {
        Some(decided) if decided.verdict == Verdict::Denied => Ok(denied(order, sequence, &decided)),
        _ => {
            let stage = find::stage(&gateway.desk.state(), order, &rows);
            Ok(answer(stage.unwrap_or("received")).into_response())
        }
    }
}

/// A denial is on record too: it has an order id and a row.
fn denied(order: OrderId, sequence: u64, decided: &Decided) -> Response {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let error = match decided.reasons.first() {
        Some(Reason { code, message }) => {
            let error = ApiError::new(status, code.as_str(), message).hint(code.remedy());
            field(*code).map_or(error.clone(), |field| error.field(field))
        }
        None => ApiError::new(status, "denied", "the order was denied"),
    };
    let mut answer = error.to_value();
    answer["order_id"] = order.to_string().into();
    answer["sequence"] = sequence.into();
    answer["reasons"] = json!(decided.reasons.iter().map(ReasonView::new).collect::<Vec<_>>());
    (StatusCode::UNPROCESSABLE_ENTITY, Json(answer)).into_response()
}

/// The field of an order that a reason is about, if it is about one.
const fn field(code: Code) -> Option<&'static str> {
    match code {
        Code::LotSize | Code::FreezeQuantity | Code::OrderQuantity | Code::FilledQuantity => Some("quantity"),
        Code::PriceMissing | Code::TickSize | Code::PriceBand => Some("price"),
        Code::TriggerSide => Some("trigger_price"),
        Code::NotListed | Code::Expired => Some("instrument"),
        Code::UnknownAccount => Some("account"),
        _ => None,
    }
}
