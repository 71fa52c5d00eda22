//! The ticker socket at `/`.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use access::{Principal, Scope};
use axum::Extension;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use kite::form::Form;
use kite::ticker::HEARTBEAT;
use kite::ticker::message::Builder;
use kite::ticker::request::{self, Request};
use kite::ticker::text::Text;
use market::{InstrumentToken, Mode};
use stream::inbox::Due;
use stream::{Delivery, Subscription};

use super::guard::{refusal, too_many};
use super::orders::view;
use super::owner::account_id;
use super::reply::Refusal;
use crate::Gateway;
use crate::clock::machine_now;
use crate::listener::Place;
use crate::metrics::Dialect;
use crate::order_feed::{OrderFeed, Whose};
use crate::reader::{HubGone, Reader};
use crate::socket::{Closing, Event, Socket};

/// The clients give up after five seconds without a message; the broker beats about once a second.
const BEAT: Duration = Duration::from_secs(1);
/// Packets of one message: a client decodes a message as a whole.
const PACKETS_PER_MESSAGE: usize = 300;
/// The broker's own limits, imposed only with `--emulate-broker-limits`.
const BROKER_INSTRUMENTS_MAX: usize = 3_000;
const BROKER_SOCKETS_MAX: usize = 3;

/// How many ticker sockets each key has open; counted only to emulate the broker's limit.
#[derive(Clone, Debug, Default)]
pub struct TickerPlaces {
    open: Arc<Mutex<HashMap<String, usize>>>,
}

/// One counted socket.
#[derive(Debug)]
struct TickerPlace {
    places: TickerPlaces,
    api_key: String,
}

impl TickerPlaces {
    fn take(&self, api_key: &str) -> Option<TickerPlace> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(api_key.to_string()).or_default();
        if *count >= BROKER_SOCKETS_MAX {
            return None;
        }
        *count += 1;
        Some(TickerPlace { places: self.clone(), api_key: api_key.to_string() })
    }
}

impl Drop for TickerPlace {
    fn drop(&mut self) {
        let mut open = self.places.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.api_key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.api_key);
            }
        }
    }
}

pub async fn ticker(
    State(gateway): State<Arc<Gateway>>,
    Extension(place): Extension<Place>,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let upgrade = upgrade.map_err(|_| {
        Refusal::input(
            "This is the ticker's address: open it as a WebSocket with `api_key` and `access_token`.",
        )
    })?;
    let principal = admit(&gateway, &query.unwrap_or_default()).await?;
    let ticker_place = if gateway.broker_limits.is_some() {
        Some(gateway.ticker_places.take(&principal.api_key).ok_or_else(too_many)?)
    } else {
        None
    };
    Ok(crate::socket::upgrade(upgrade, request::TEXT_BYTES_MAX, move |socket| async move {
        let _ticker_place = ticker_place;
        let heartbeat = Message::Binary(HEARTBEAT.to_vec().into());
        let orders = orders_of(&gateway, &principal);
        let admission = gateway.admission(principal);
        let mut socket =
            Socket::new(socket, gateway.ending(), place, admission).with_heartbeat(BEAT, heartbeat);
        socket.set_orders(orders);
        // An error here means that the gateway is ending: the socket has been told so.
        let _ = converse(&gateway, socket).await;
    }))
}

/// Changes of the orders of the key's account, for keys that may see them.
fn orders_of(gateway: &Gateway, principal: &Principal) -> Option<OrderFeed> {
    principal.require(Scope::OrdersRead).ok()?;
    let account = account_id(principal).ok()?;
    Some(OrderFeed::new(Arc::clone(&gateway.desk), Whose::Account(account)))
}

/// Refused before the upgrade: 400 for malformed credentials, 403 for wrong ones.
async fn admit(gateway: &Gateway, query: &str) -> Result<Arc<Principal>, Refusal> {
    let form = Form::parse(query).map_err(|error| Refusal::input(error.to_string()))?;
    let credential = |name: &'static str| {
        form.get(name)
            .filter(|text| kite::auth::is_credential(text))
            .ok_or_else(|| Refusal::input(format!("Missing or malformed `{name}`.")))
    };
    let (api_key, access_token) = (credential("api_key")?, credential("access_token")?);
    let principal = gateway
        .authenticate(|keys| keys.authenticate_kite(api_key, access_token, machine_now()))
        .await
        .map_err(|denied| refusal(&denied))?;
    principal.require(Scope::MarketRead).map_err(|denied| refusal(&denied))?;
    Ok(principal)
}

async fn converse(gateway: &Gateway, mut socket: Socket) -> Result<(), HubGone> {
    let reader = gateway.readers.join(Dialect::Kite).await?;
    let mut subscribed = HashSet::new();
    loop {
        match socket.next(&reader).await {
            Event::Due(batch) => {
                for chunk in batch.ticks.chunks(PACKETS_PER_MESSAGE) {
                    if socket.send(Message::Binary(encode(chunk).into())).await.is_err() {
                        return Ok(());
                    }
                }
                if batch.fell_behind {
                    gateway.metrics.reader_cut(Dialect::Kite);
                    socket.close(Closing::FellBehind).await;
                    return Ok(());
                }
            }
            Event::Order(order) => {
                if let Some(text) = order_text(&order)
                    && socket.send(Message::Text(text.into())).await.is_err()
                {
                    return Ok(());
                }
            }
            Event::Text(text) => {
                let complaint = match request::parse(&text) {
                    Ok(request) => perform(gateway, &reader, &mut subscribed, request).await?,
                    Err(error) => Some(error.to_string()),
                };
                if let Some(complaint) = complaint
                    && socket.send(Message::Text(Text::Error(complaint).to_json().into())).await.is_err()
                {
                    return Ok(());
                }
            }
            // The broker's clients send no binary messages.
            Event::Binary => {}
            Event::Ended => return Ok(()),
        }
    }
}

/// The message about a changed order; `None` for changes that the broker does not tell.
fn order_text(order: &trade::Order) -> Option<String> {
    if !view::is_told(order) {
        return None;
    }
    let told = serde_json::value::to_raw_value(&view::update(order));
    // Numbers and texts only: writing them cannot fail.
    told.ok().map(|told| Text::Order(told).to_json())
}

/// One message of packets. A tick whose values do not fit the broker's 32 bits cannot be told in this dialect.
fn encode(ticks: &[Due]) -> Vec<u8> {
    let mut builder = Builder::new();
    for due in ticks {
        let pushed = due.tick.kite_packet(due.mode).map(|packet| builder.push_packet(&packet));
        if !matches!(pushed, Some(Ok(()))) {
            tracing::warn!(instrument = due.tick.listed.key, "tick does not fit the kite packet");
        }
    }
    builder.finish()
}

/// Does what a request asks; `Some` is a complaint to send back. Known instruments of a message are served even when
/// others of it are unknown, as the broker does.
async fn perform(
    gateway: &Gateway,
    reader: &Reader,
    subscribed: &mut HashSet<InstrumentToken>,
    request: Request,
) -> Result<Option<String>, HubGone> {
    let listing = gateway.listing.get();
    let (known, unknown): (Vec<InstrumentToken>, Vec<InstrumentToken>) =
        request.tokens().iter().partition(|token| listing.listed(**token).is_some());
    let instruments: Vec<_> = known.iter().filter_map(|token| listing.listed(*token)).cloned().collect();
    let mode = match &request {
        Request::Unsubscribe(_) => {
            for token in known {
                subscribed.remove(&token);
            }
            if !instruments.is_empty() {
                reader.unsubscribe(instruments).await?;
            }
            return Ok(None);
        }
        Request::Subscribe(_) => Mode::Quote,
        Request::Mode(mode, _) => *mode,
    };
    if gateway.broker_limits.is_some() {
        let fresh =
            request.tokens().iter().filter(|token| !subscribed.contains(token)).collect::<HashSet<_>>().len();
        if subscribed.len() + fresh > BROKER_INSTRUMENTS_MAX {
            return Ok(Some(format!("Can't subscribe to more than {BROKER_INSTRUMENTS_MAX} instruments.")));
        }
    }
    subscribed.extend(known);
    if !instruments.is_empty() {
        reader.subscribe(Subscription { instruments, mode, delivery: Delivery::Latest }).await?;
    }
    Ok(complaint(&unknown))
}

fn complaint(unknown: &[InstrumentToken]) -> Option<String> {
    const NAMED: usize = 10;
    if unknown.is_empty() {
        return None;
    }
    let names = unknown.iter().take(NAMED).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let more = unknown.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("Unknown instrument tokens: {names}{rest}"))
}
