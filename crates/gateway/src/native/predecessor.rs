//! The addresses of the service before Meridian (MD-10): thin aliases so that its consumers move without a change.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::{Principal, Scope};
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Extension, Json};
use kite::form::Form;
use market::{InstrumentToken, Mode};
use serde::Deserialize;
use serde_json::{Value, json};
use stream::predecessor::Request;
use stream::{Delivery, Listed, Subscription};

use super::candles;
use super::orders::list;
use crate::Gateway;
use crate::api_error::ApiError;
use crate::clock::machine_now;
use crate::guard;
use crate::listener::Place;
use crate::metrics::Dialect;
use crate::query::Query;
use crate::reader::{HubGone, Reader};
use crate::socket::{Closing, Event, Socket, close};

/// Bytes of a client's message.
const REQUEST_BYTES_MAX: usize = 256 * 1024;

/// Status and version for everybody; the accounts for a key that may list them.
pub async fn health(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Json<Value> {
    let status = if gateway.is_warm() && !gateway.is_ending() { "ok" } else { "degraded" };
    let mut health = json!({"status": status, "version": gateway.version});
    if let Some(principal) = guard::known(&gateway, &headers).await
        && principal.require(Scope::AccountsRead).is_ok()
    {
        let state = gateway.desk.state();
        let last_tick = gateway.last_tick().map(market::UnixNanos::to_rfc3339);
        let own = state.accounts.iter().filter(|(name, _)| principal.may_use(name.as_str()));
        let accounts: serde_json::Map<String, Value> = own
            .map(|(name, account)| {
                let running = gateway.is_warm() && state.halt(name).is_none();
                let details = json!({
                    "running": running,
                    "open_orders": account.open.size(),
                    "last_tick": last_tick,
                });
                (name.to_string(), details)
            })
            .collect();
        health["source"] = gateway.source.as_str().into();
        health["accounts"] = accounts.into();
    }
    Json(health)
}

/// `GET /orders`: the newest orders in the broker's words, newest last.
pub async fn orders(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Json<Vec<Value>> {
    let state = gateway.desk.state();
    let orders = list::all(&state, |order| principal.may_use(order.account.as_str()));
    let newest = orders.len().saturating_sub(list::LIMIT_MAX);
    Json(orders[newest..].iter().map(|order| old_order(order)).collect())
}

fn old_order(order: &trade::Order) -> Value {
    let request = &order.request;
    json!({
        "order_id": order.id,
        "account_id": order.account,
        "exchange": request.contract.exchange(),
        "tradingsymbol": request.contract.tradingsymbol(),
        "instrument_token": request.contract.token,
        "transaction_type": request.side.as_str().to_uppercase(),
        "order_type": request.order_type.as_str().to_uppercase(),
        "product": request.product.as_str().to_uppercase(),
        "validity": request.validity.as_str().to_uppercase(),
        "quantity": request.quantity,
        "filled_quantity": order.filled,
        "pending_quantity": order.remaining(),
        "price": request.price.map_or(0.0, trade::Money::to_f64),
        "trigger_price": request.trigger_price.map_or(0.0, trade::Money::to_f64),
        "average_price": order.average_price().to_f64(),
        "status": order.stage.as_str().to_uppercase(),
        "status_message": order.message,
        "order_timestamp": market::UnixNanos(order.updated).to_rfc3339(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryQuery {
    instrument_token: String,
    from_ts: Option<String>,
    to_ts: Option<String>,
    interval: Option<String>,
    /// Open interest is always there.
    #[serde(rename = "oi")]
    _oi: Option<String>,
}

/// `GET /history`: the candles of `/v1/candles` under the names of before.
pub async fn history(
    state: State<Arc<Gateway>>,
    Query(query): Query<HistoryQuery>,
) -> Result<Json<candles::CandlesAnswer>, ApiError> {
    let query = candles::CandlesQuery {
        instrument: query.instrument_token,
        interval: query.interval.unwrap_or_else(|| "minute".into()),
        from: query.from_ts.map(with_offset),
        to: query.to_ts.map(with_offset),
    };
    candles::candles(state, Query(query)).await
}

/// Times without an offset were India's.
fn with_offset(text: String) -> String {
    match kite::ist::parse(&text) {
        Ok(kite::ist::Moment::At(at)) => at.to_rfc3339(),
        _ => text,
    }
}

pub async fn ticks(
    State(gateway): State<Arc<Gateway>>,
    Extension(place): Extension<Place>,
    RawQuery(query): RawQuery,
    upgrade: WebSocketUpgrade,
) -> Response {
    let principal = admit(&gateway, &query.unwrap_or_default()).await;
    crate::socket::upgrade(upgrade, REQUEST_BYTES_MAX, move |socket| async move {
        match principal {
            Some(principal) => {
                let admission = gateway.admission(Arc::clone(&principal));
                let socket = Socket::new(socket, gateway.ending(), place, admission);
                // An error here means that the gateway is ending: the socket has been told so.
                let _ = converse(&gateway, &principal, socket).await;
            }
            None => close(socket, Closing::Policy).await,
        }
    })
}

/// This dialect refuses inside the socket, so a refusal here is only the absence of a caller.
async fn admit(gateway: &Gateway, query: &str) -> Option<Arc<Principal>> {
    let form = Form::parse(query).ok()?;
    let token = form.get("token")?;
    let principal = gateway.authenticate(|keys| keys.authenticate(token, machine_now())).await.ok()?;
    principal.require(Scope::MarketRead).ok()?;
    Some(principal)
}

async fn converse(gateway: &Gateway, principal: &Principal, mut socket: Socket) -> Result<(), HubGone> {
    let reader = gateway.readers.join(Dialect::Predecessor).await?;
    let connected = json!({
        "type": "connected",
        "connection_id": reader.id().0.to_string(),
        "user": {"name": principal.name, "api_key": principal.api_key},
        "timestamp": machine_now().to_rfc3339(),
    });
    let mut subscribed = BTreeSet::new();
    let mut answers = vec![connected];
    loop {
        for answer in answers.drain(..) {
            if socket.send(Message::Text(answer.to_string().into())).await.is_err() {
                return Ok(());
            }
        }
        match socket.next(&reader).await {
            Event::Due(batch) => {
                for due in batch.ticks {
                    let text = String::from_utf8_lossy(&due.tick.predecessor(due.mode)).into_owned();
                    if socket.send(Message::Text(text.into())).await.is_err() {
                        return Ok(());
                    }
                }
                if batch.fell_behind {
                    gateway.metrics.reader_cut(Dialect::Predecessor);
                    socket.close(Closing::FellBehind).await;
                    return Ok(());
                }
            }
            Event::Text(text) => match Request::parse(&text) {
                Ok(request) => answers.push(perform(gateway, &reader, &mut subscribed, request).await?),
                Err(message) => answers.push(json!({"type": "error", "message": message})),
            },
            Event::Binary => answers.push(json!({"type": "error", "message": "send text frames of JSON"})),
            // This dialect has no orders.
            Event::Order(_) => {}
            Event::Ended => return Ok(()),
        }
    }
}

async fn perform(
    gateway: &Gateway,
    reader: &Reader,
    subscribed: &mut BTreeSet<InstrumentToken>,
    request: Request,
) -> Result<Value, HubGone> {
    let listing = gateway.listing.get();
    let listed = |tokens: &[InstrumentToken]| -> Result<Vec<Arc<Listed>>, Value> {
        tokens
            .iter()
            .map(|token| {
                listing.listed(*token).cloned().ok_or_else(
                    || json!({"type": "error", "message": format!("no instrument has the token {token}")}),
                )
            })
            .collect()
    };
    let numbers = |tokens: &[InstrumentToken]| tokens.iter().map(|token| token.0).collect::<Vec<_>>();
    match request {
        Request::Ping => Ok(json!({"type": "pong"})),
        Request::Subscribe(tokens) => match listed(&tokens) {
            Ok(instruments) => {
                subscribed.extend(&tokens);
                let delivery = Delivery::Latest;
                reader.subscribe(Subscription { instruments, mode: Mode::Full, delivery }).await?;
                Ok(json!({"type": "subscribed", "tokens": numbers(&tokens), "total": subscribed.len()}))
            }
            Err(error) => Ok(error),
        },
        Request::Unsubscribe(tokens) => match listed(&tokens) {
            Ok(instruments) => {
                subscribed.retain(|token| !tokens.contains(token));
                reader.unsubscribe(instruments).await?;
                Ok(json!({"type": "unsubscribed", "tokens": numbers(&tokens), "total": subscribed.len()}))
            }
            Err(error) => Ok(error),
        },
    }
}
