//! One order by its id: from the state, or from the journal once the state has forgotten it, or never had it because it was
//! denied.

use std::sync::Arc;

use access::Principal;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::rows;
use journal::events::Row;
use market::UnixNanos;
use trade::event::{CommandedAct, Verdict};
use trade::state::Account;
use trade::{AccountId, Event, Order, OrderId, OrderRequest, State};

use crate::Gateway;
use crate::api_error::ApiError;
use crate::native::fields::shorten;
use crate::order_view::{OrderView, order_view};

/// An order, and what is known of it.
pub struct Found {
    /// Ours.
    pub id: OrderId,
    /// Whose.
    pub account: AccountId,
    /// Its terms.
    pub request: OrderRequest,
    /// As the API tells it.
    pub view: OrderView,
}

/// `GET /v1/orders/{id}`
pub async fn one(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(id): Path<String>,
) -> Result<Json<OrderView>, ApiError> {
    find_order(&gateway, &principal, &id).await.map(|found| Json(found.view))
}

/// The order `id`, if `principal` may use its account.
///
/// # Errors
/// 404 for one that does not exist, or is none of its business.
pub async fn find_order(gateway: &Gateway, principal: &Principal, id: &str) -> Result<Found, ApiError> {
    let unknown = || {
        let words = format!("no order has the id {:?}", shorten(id));
        ApiError::new(StatusCode::NOT_FOUND, "unknown_order", words)
            .field("id")
            .hint("GET /v1/orders lists them")
    };
    let order: OrderId = id.parse().map_err(|_| unknown())?;
    let found = look_up(gateway, order).await?.ok_or_else(unknown)?;
    if principal.may_use(found.account.as_str()) { Ok(found) } else { Err(unknown()) }
}

async fn look_up(gateway: &Gateway, id: OrderId) -> Result<Option<Found>, ApiError> {
    let state = gateway.desk.state();
    if let Some(order) = state.orders.get(&id) {
        return Ok(Some(found(order)));
    }
    let about = rows::subject::order(id);
    let rows = gateway.desk.rows_about(about).await.map_err(|error| ApiError::internal(&error))?;
    Ok(match folded(&state, id, &rows) {
        Some(order) => Some(found(&order)),
        None => never_made(id, &rows),
    })
}

fn found(order: &Order) -> Found {
    Found {
        id: order.id,
        account: order.account.clone(),
        request: order.request.clone(),
        view: order_view(order),
    }
}

/// Where the order stands, in the API's word; `None` when it was never made.
pub fn stage(state: &State, id: OrderId, rows: &[Row]) -> Option<&'static str> {
    let known = state.orders.get(&id).map(|order| order.stage);
    known.or_else(|| folded(state, id, rows).map(|order| order.stage)).map(|stage| stage.as_str())
}

/// The fold of one order's own rows.
fn folded(state: &State, id: OrderId, rows: &[Row]) -> Option<Arc<Order>> {
    let events: Vec<(&Row, Event)> =
        rows.iter().filter_map(|row| rows::event(row).ok().map(|event| (row, event))).collect();
    let account = events.iter().find_map(|(_, event)| match event {
        Event::Intended(intended) => Some(&intended.account),
        _ => None,
    })?;
    let mut alone = State::default();
    let added = state.account(account)?.added.clone();
    alone.accounts.insert_mut(account.clone(), Arc::new(Account::new(added)));
    for (row, event) in &events {
        let row = trade::apply::Row { seq: row.seq, stream_seq: row.stream_seq, time: row.time, event };
        // What a venue told and no order can do was reported when it came.
        let _ = trade::apply::apply(&mut alone, row);
    }
    alone.orders.get(&id).cloned()
}

/// A command that was denied, or still waits: it has an id and rows, and no order.
fn never_made(id: OrderId, rows: &[Row]) -> Option<Found> {
    let (row, account, tag, request) = rows.iter().find_map(|row| match rows::event(row) {
        Ok(Event::OrderCommanded(command)) => {
            let CommandedAct::Place(request) = command.what else { return None };
            Some((row, command.account, command.tag, request))
        }
        Ok(Event::GttTriggered(fired)) => Some((row, fired.account, None, fired.request)),
        _ => None,
    })?;
    let denial = rows.iter().find_map(|row| match rows::event(row) {
        Ok(Event::Decided(decided)) if decided.verdict == Verdict::Denied => Some((row, decided)),
        _ => None,
    });
    let newest = denial.as_ref().map_or(row, |(row, _)| row);
    let message = denial.as_ref().map(|(_, decided)| {
        decided.reasons.iter().map(|reason| reason.message.as_str()).collect::<Vec<_>>().join(" ")
    });
    let view = OrderView {
        order_id: id.to_string(),
        account: account.to_string(),
        instrument: request.contract.name.clone(),
        side: request.side.as_str(),
        quantity: request.quantity,
        order_type: request.order_type.as_str(),
        price: request.price.map(|price| price.to_string()),
        trigger_price: request.trigger_price.map(|price| price.to_string()),
        validity: request.validity.as_str(),
        product: request.product.as_str(),
        state: if denial.is_some() { "denied" } else { "received" },
        filled: 0,
        average_price: None,
        remaining: 0,
        tag,
        signal: None,
        venue_order_id: None,
        message,
        created: UnixNanos(row.time).to_rfc3339(),
        updated: UnixNanos(newest.time).to_rfc3339(),
        sequence: newest.seq,
    };
    Some(Found { id, account, request, view })
}
