//! `GET /v1/orders` and `GET /v1/trades`: newest last, in pages.

use std::sync::Arc;

use access::Principal;
use axum::extract::State as Shared;
use axum::{Extension, Json};
use market::UnixNanos;
use serde::{Deserialize, Serialize};
use trade::event::TradeReported;
use trade::order::Stage;
use trade::{Order, OrderId, State};

use crate::Gateway;
use crate::api_error::ApiError;
use crate::native::reach;
use crate::order_view::{OrderView, order_view};
use crate::query::Query;

/// Lines of an answer that names no limit.
pub const LIMIT: usize = 100;
/// Most lines of an answer.
pub const LIMIT_MAX: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrdersQuery {
    account: Option<String>,
    state: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

#[derive(Serialize)]
pub struct OrdersAnswer {
    orders: Vec<OrderView>,
    /// True when `after` the last one there are more.
    more: bool,
    /// The newest row that is folded in.
    sequence: u64,
}

pub async fn orders(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Query(query): Query<OrdersQuery>,
) -> Result<Json<OrdersAnswer>, ApiError> {
    let state = gateway.desk.state();
    let limit = limit(query.limit)?;
    let wanted = stages(query.state.as_deref())?;
    let accounts = reach::accounts(&principal, &state, query.account.as_deref())?;
    let after = after(&state, query.after.as_deref())?;
    let mut orders = all(&state, |order| {
        accounts.contains(&order.account)
            && wanted.contains(&order.stage)
            && after.is_none_or(|after| (order.created, order.id) > after)
    });
    // Without a place to begin at, the newest ones.
    let more = after.is_some() && orders.len() > limit;
    if after.is_some() {
        orders.truncate(limit);
    } else {
        orders.drain(..orders.len().saturating_sub(limit));
    }
    let orders = orders.into_iter().map(|order| order_view(order)).collect();
    Ok(Json(OrdersAnswer { orders, more, sequence: state.seq }))
}

/// The orders that `wanted` picks, newest last.
pub fn all(state: &State, wanted: impl Fn(&Order) -> bool) -> Vec<&Arc<Order>> {
    let mut orders: Vec<&Arc<Order>> = state.orders.values().filter(|order| wanted(order)).collect();
    orders.sort_by_key(|order| (order.created, order.id));
    orders
}

/// The limit that a query names, if it is one.
pub fn limit(named: Option<usize>) -> Result<usize, ApiError> {
    match named {
        None => Ok(LIMIT),
        Some(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
        Some(limit) => {
            let words = format!("limit is {limit}: it must be from 1 to {LIMIT_MAX}");
            Err(ApiError::bad_field("limit", "bad_field", words))
        }
    }
}

fn stages(named: Option<&str>) -> Result<Vec<Stage>, ApiError> {
    let all = Stage::ALL.into_iter();
    let Some(word) = named else { return Ok(all.collect()) };
    let stages: Vec<Stage> = match word {
        "open" => all.filter(|stage| !stage.is_ended()).collect(),
        "ended" => all.filter(|stage| stage.is_ended()).collect(),
        word => all.filter(|stage| stage.as_str() == word).collect(),
    };
    if stages.is_empty() {
        let known = Stage::ALL.map(Stage::as_str).join(", ");
        return Err(ApiError::bad_field("state", "bad_field", "state is none of those that orders have")
            .hint(format!("open (all that have not ended), ended, or one of {known}")));
    }
    Ok(stages)
}

/// Where a page begins: after an order, or at the very first one for `0`.
fn after(state: &State, named: Option<&str>) -> Result<Option<(i64, OrderId)>, ApiError> {
    let Some(text) = named else { return Ok(None) };
    let place = match text {
        "0" => OrderId::new(1_000_000_000_000_000_000).map(|first| (i64::MIN, first)),
        id => id.parse().ok().and_then(|id| state.orders.get(&id)).map(|order| (order.created, order.id)),
    };
    place.map(Some).ok_or_else(|| {
        ApiError::bad_field("after", "unknown_order", "after is no order that is kept here")
            .hint("give the order_id of the last order of the page before, or 0")
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TradesQuery {
    account: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub struct TradesAnswer {
    trades: Vec<TradeView>,
    sequence: u64,
}

#[derive(Serialize)]
struct TradeView {
    trade_id: String,
    order_id: String,
    account: String,
    /// Null once its order is no longer kept.
    instrument: Option<String>,
    side: Option<&'static str>,
    product: Option<&'static str>,
    quantity: i64,
    price: String,
    /// By the venue's clock.
    time: String,
}

pub async fn trades(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Query(query): Query<TradesQuery>,
) -> Result<Json<TradesAnswer>, ApiError> {
    let state = gateway.desk.state();
    let limit = limit(query.limit)?;
    let accounts = reach::accounts(&principal, &state, query.account.as_deref())?;
    let held = accounts.iter().filter_map(|account| state.account(account));
    let mut trades: Vec<&Arc<TradeReported>> = held.flat_map(|account| account.trades.iter()).collect();
    trades.sort_by_key(|trade| trade.at);
    let newest = trades.len().saturating_sub(limit);
    let trades = trades[newest..].iter().map(|trade| {
        let request = state.orders.get(&trade.order).map(|order| &order.request);
        TradeView {
            trade_id: trade.trade_id.clone(),
            order_id: trade.order.to_string(),
            account: trade.account.to_string(),
            instrument: request.map(|request| request.contract.name.clone()),
            side: request.map(|request| request.side.as_str()),
            product: request.map(|request| request.product.as_str()),
            quantity: trade.quantity,
            price: trade.price.to_string(),
            time: UnixNanos(trade.at).to_rfc3339(),
        }
    });
    Ok(Json(TradesAnswer { trades: trades.collect(), sequence: state.seq }))
}
