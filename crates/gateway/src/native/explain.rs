//! The chain of rows behind a signal or an order: what was asked, decided, sent and told, with the hash of each row.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::Principal;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use engine::rows::subject;
use journal::events::Row;
use journal::hex;
use market::UnixNanos;
use serde::Serialize;
use serde_json::value::RawValue;
use trade::OrderId;

use super::orders::find::find_order;
use super::signals;
use crate::Gateway;
use crate::api_error::ApiError;

/// Rows in their order.
#[derive(Serialize)]
pub struct EventsAnswer {
    events: Vec<EventView>,
}

#[derive(Serialize)]
struct EventView {
    sequence: u64,
    time: String,
    kind: String,
    stream: String,
    /// Epoch of the lease under which it was decided; 0 for facts.
    epoch: u64,
    body: Box<RawValue>,
    hash: String,
}

impl EventView {
    fn new(row: &Row) -> Result<EventView, ApiError> {
        let body = String::from_utf8_lossy(&row.body).into_owned();
        Ok(EventView {
            sequence: row.seq,
            time: UnixNanos(row.time).to_rfc3339(),
            kind: row.kind.clone(),
            stream: row.stream.to_string(),
            epoch: row.epoch,
            body: RawValue::from_string(body).map_err(|error| ApiError::internal(&error))?,
            hash: hex::encode(&row.hash),
        })
    }
}

/// `GET /v1/signals/{id}/explain`
pub async fn signal(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(id): Path<String>,
) -> Result<Json<EventsAnswer>, ApiError> {
    let signal = signals::find(&gateway, &principal, &id).await?;
    let mut rows = about(&gateway, subject::signal(signal.signal.id.as_str())).await?;
    let decided = signal.decisions.iter().flat_map(|decision| &decision.decided.orders);
    let orders: BTreeSet<OrderId> = decided.copied().collect();
    for order in orders {
        rows.extend(about(&gateway, subject::order(order)).await?);
    }
    rows.sort_by_key(|row| row.seq);
    answer(&rows)
}

/// `GET /v1/orders/{id}/events`
pub async fn order(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(id): Path<String>,
) -> Result<Json<EventsAnswer>, ApiError> {
    let order = find_order(&gateway, &principal, &id).await?;
    answer(&about(&gateway, subject::order(order.id)).await?)
}

async fn about(gateway: &Gateway, subject: String) -> Result<Vec<Row>, ApiError> {
    gateway.desk.rows_about(subject).await.map_err(|error| ApiError::internal(&error))
}

fn answer(rows: &[Row]) -> Result<Json<EventsAnswer>, ApiError> {
    let events = rows.iter().map(EventView::new).collect::<Result<_, _>>()?;
    Ok(Json(EventsAnswer { events }))
}
