//! A person's word on a call of unknown fate: for doubts that no book can end, such as those of an earlier day.

use std::sync::Arc;

use access::Principal;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::Reply;
use serde::Serialize;
use trade::event::{FateResolved, Found};
use trade::order::Fate;
use trade::{IntentId, Order};

use super::find::find_order;
use crate::Gateway;
use crate::api_error::ApiError;
use crate::native::fields::{self, JsonText};

/// The row in which the doubt ended.
#[derive(Serialize)]
pub struct Resolved {
    order_id: String,
    state: &'static str,
    sequence: u64,
}

/// `POST /v1/orders/{id}/resolve`
pub async fn resolve(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(id): Path<String>,
    JsonText(body): JsonText,
) -> Result<Json<Resolved>, ApiError> {
    let fields = fields::object(&body)?;
    fields.only(&["found", "venue_order_id", "why"])?;
    let found = match fields.required("found", fields.text("found")?)?.as_str() {
        "absent" => Found::Absent,
        "reached" => {
            let id = fields.words("venue_order_id", 1..=64)?;
            Found::Reached { venue_order_id: fields.required("venue_order_id", id)? }
        }
        _ => return Err(fields.error("found", "unknown_word", "must be `absent` or `reached`")),
    };
    let why = fields.required("why", fields.words("why", 1..=500)?)?;
    let sought = find_order(&gateway, &principal, &id).await?;
    let state = gateway.desk.state();
    let order = state.orders.get(&sought.id).ok_or_else(nothing_unknown)?;
    let intent = unknown(order).ok_or_else(nothing_unknown)?;
    let evidence = format!("{} says: {why}", principal.api_key);
    let resolved = FateResolved { intent, account: order.account.clone(), found, evidence };
    match gateway.desk.judge(resolved).await {
        Ok(Reply::Recorded { seq } | Reply::Known { seq } | Reply::Conflict { seq }) => {
            let state = gateway.desk.state();
            let stage = state.orders.get(&order.id).map_or(order.stage, |order| order.stage);
            Ok(Json(Resolved { order_id: order.id.to_string(), state: stage.as_str(), sequence: seq }))
        }
        Ok(Reply::NotHolder { .. }) => Err(ApiError::new(
            StatusCode::CONFLICT,
            "not_holder",
            "another instance decides for the order's account",
        )
        .hint("GET /v1/leases names it: ask that instance")),
        Ok(Reply::Unavailable { .. } | Reply::OlderInstance) | Err(_) => Err(ApiError::busy()),
    }
}

fn unknown(order: &Order) -> Option<IntentId> {
    let position = order.calls.iter().position(|call| call.fate == Fate::Unknown)?;
    Some(IntentId { order: order.id, n: u32::try_from(position + 1).ok()? })
}

fn nothing_unknown() -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "nothing_unknown", "no call of this order has an unknown fate")
        .hint("GET /v1/orders/{id} shows its state")
}
