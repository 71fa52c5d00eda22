//! `POST /v1/hooks/tradingview/{key}`: alerts as TradingView sends them. It cannot send headers, so the key's access token is
//! part of the address: who knows the address can trade. It is never logged; metrics know the route's pattern only.
//!
//! Enters: an alert, as JSON or as one line of text. Leaves: the verdict on the signal that it stands for.
//! Never here: the verdict itself (`trade::decide`).

mod alert;
mod line;
mod seen;

use std::sync::Arc;

use access::Scope;
use axum::Json;
use axum::extract::{Path, Request, State};
use sha2::{Digest, Sha256};
use trade::request::Validity;
use trade::signal::{Child, OrderShape};
use trade::{Contract, Signal, SignalId};

use super::signals::answer::SignalAnswer;
use super::signals::shape::{self, Scene, Wanted};
use super::{fields, signals, terms};
use crate::Gateway;
use crate::api_error::ApiError;
use crate::clock::machine_now;
use crate::guard;
use alert::Alert;
pub use seen::Seen;

pub async fn tradingview(
    State(gateway): State<Arc<Gateway>>,
    Path(key): Path<String>,
    request: Request,
) -> Result<Json<SignalAnswer>, ApiError> {
    let principal = gateway.authenticate(|keys| keys.authenticate(&key, machine_now())).await;
    let principal = principal.map_err(|denied| guard::refusal(&denied))?;
    principal.require(Scope::SignalsWrite).map_err(|denied| guard::refusal(&denied))?;
    let body = fields::body(request, &()).await?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| ApiError::bad_field("body", "bad_body", "the alert is not UTF-8"))?;
    if text.contains("{{") {
        return Err(ApiError::bad_field(
            "body",
            "placeholder",
            "the alert has a {{placeholder}} that was not filled in",
        )
        .hint("TradingView fills strategy placeholders in alerts of strategies only"));
    }
    let scene = Scene { desk: &gateway.desk, principal: &principal, state: gateway.desk.state() };
    let alert = if text.trim_start().starts_with('{') {
        alert::read(&fields::object(&body)?, &scene)?
    } else {
        line::read(text, &scene)?
    };
    let id = match alert.id {
        Some(ref id) => id.clone(),
        None => drawn(&gateway, &principal.api_key, &body)?,
    };
    signals::one_answer(&gateway, &principal, wanted(id, alert)?).await
}

fn wanted(id: SignalId, alert: Alert) -> Result<Wanted, ApiError> {
    let strategy = match alert.strategy {
        Some(strategy) => strategy,
        None => shape::default_strategy()?,
    };
    let signal = Signal {
        id,
        strategy,
        contract: alert.contract,
        target: alert.target,
        ttl_ms: shape::default_ttl(alert.order.order_type),
        order: alert.order,
        children: vec![Child { account: alert.account, target: alert.target }],
    };
    Ok(Wanted { signal, wait: shape::WAIT })
}

/// The id of an alert without one: from key, content and the time when this content was first seen.
fn drawn(gateway: &Gateway, api_key: &str, body: &[u8]) -> Result<SignalId, ApiError> {
    let digest: [u8; 32] =
        Sha256::new().chain_update(api_key).chain_update([0]).chain_update(body).finalize().into();
    let first = gateway.hooks_seen.first(digest, machine_now().0);
    let id =
        format!("tv-{}-{:x}", journal::hex::encode(&digest[..16]), first / market::time::NANOS_PER_SECOND);
    id.parse().map_err(|error| ApiError::internal(&error))
}

/// A listed instrument in TradingView's words: it calls the derivatives of an exchange by the exchange's name.
fn ticker(
    scene: &Scene<'_>,
    ticker: &str,
    exchange: Option<&str>,
    path: &str,
) -> Result<(market::Instrument, Contract), ApiError> {
    let (exchange, symbol) = ticker.split_once(':').unwrap_or((exchange.unwrap_or("NSE"), ticker));
    let name = |exchange: &str| format!("{exchange}:{symbol}");
    let derivatives = match exchange {
        "NSE" => Some("NFO"),
        "BSE" => Some("BFO"),
        _ => None,
    };
    let named = derivatives.map(name).filter(|name| {
        scene.desk.eye().instrument(&format!("{exchange}:{symbol}")).is_none()
            && scene.desk.eye().instrument(name).is_some()
    });
    terms::listed(scene.desk, &named.unwrap_or_else(|| name(exchange)), path.to_owned())
}

/// A market order, or a limit order for `price`.
fn plain(instrument: &market::Instrument, price: Option<trade::Money>) -> OrderShape {
    OrderShape {
        order_type: if price.is_some() { trade::OrderType::Limit } else { trade::OrderType::Market },
        price,
        trigger_price: None,
        validity: Validity::Day,
        product: terms::product(instrument),
    }
}
