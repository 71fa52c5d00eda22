//! `WS /v1/stream`.

use std::sync::Arc;

use access::{Principal, Scope};
use axum::Extension;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::response::Response;
use market::Mode;
use serde::Deserialize;
use stream::native::messages::{encode_mode, encode_news, encode_pong};
use stream::native::{self, Format, Request, RequestError};
use stream::{Delivery, Listed, Subscription, position};

use super::names::INSTRUMENTS_PER_REQUEST;
use crate::Gateway;
use crate::api_error::ApiError;
use crate::listener::Place;
use crate::metrics::Dialect;
use crate::order_feed::{OrderFeed, Whose};
use crate::order_view::order_view;
use crate::query::Query;
use crate::reader::{HubGone, Reader};
use crate::socket::{Closing, Event, Socket};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamQuery {
    format: Option<String>,
    /// Read by the guard already.
    #[serde(rename = "access_token")]
    _access_token: Option<String>,
}

pub async fn stream(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Extension(place): Extension<Place>,
    Query(query): Query<StreamQuery>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let format = match query.format.as_deref() {
        None | Some("json") => Format::Json,
        Some("msgpack") => Format::MessagePack,
        Some(other) => {
            return Err(ApiError::bad_field(
                "format",
                "bad_format",
                format!("format {other:?} is not known"),
            )
            .hint("use json or msgpack"));
        }
    };
    Ok(crate::socket::upgrade(upgrade, native::request::REQUEST_BYTES_MAX, move |socket| async move {
        let admission = gateway.admission(Arc::clone(&principal));
        let socket = Socket::new(socket, gateway.ending(), place, admission);
        // An error here means that the gateway is ending: the socket has been told so.
        let _ = converse(&gateway, &principal, socket, format).await;
    }))
}

async fn converse(
    gateway: &Gateway,
    principal: &Principal,
    mut socket: Socket,
    format: Format,
) -> Result<(), HubGone> {
    let reader = gateway.readers.join(Dialect::Native).await?;
    // Where the reader stands in the ticks: a message about an order leaves it there.
    let mut told: Option<String> = None;
    loop {
        match socket.next(&reader).await {
            Event::Due(batch) => {
                for message in native::encode_batch(&batch, format) {
                    told = Some(message.position);
                    if socket.send(frame(message.bytes, format)).await.is_err() {
                        return Ok(());
                    }
                }
                if batch.fell_behind {
                    gateway.metrics.reader_cut(Dialect::Native);
                    socket.close(Closing::FellBehind).await;
                    return Ok(());
                }
            }
            Event::Order(order) => {
                let position = position::joined(told.as_deref(), order.seq);
                let message = encode_news("order", &position, &order_view(&order), format);
                if socket.send(frame(message, format)).await.is_err() {
                    return Ok(());
                }
            }
            Event::Text(text) => {
                let answer = match text.parse::<Request>() {
                    Ok(Request::Orders { on }) => Some(match orders(gateway, principal) {
                        Ok(whose) => {
                            let feed =
                                on.then(|| OrderFeed::new(Arc::clone(&gateway.desk), whose).with_open());
                            socket.set_orders(feed);
                            let position = position::joined(told.as_deref(), gateway.desk.state().seq);
                            encode_mode(on, "orders", &position, format)
                        }
                        Err(error) => native::encode_error(&error, format),
                    }),
                    Ok(Request::Resume { position, orders: Some(after) }) => match orders(gateway, principal)
                    {
                        Ok(whose) => {
                            let feed = OrderFeed::new(Arc::clone(&gateway.desk), whose);
                            socket.set_orders(Some(feed.with_changes_after(after)));
                            if let Some(position) = position {
                                reader.resume(position).await?;
                            }
                            None
                        }
                        Err(error) => Some(native::encode_error(&error, format)),
                    },
                    Ok(request) => perform(gateway, principal, &reader, request, format).await?,
                    Err(error) => Some(native::encode_error(&error, format)),
                };
                if let Some(answer) = answer
                    && socket.send(frame(answer, format)).await.is_err()
                {
                    return Ok(());
                }
            }
            Event::Binary => {
                let error = RequestError {
                    code: "bad_message",
                    field: None,
                    message: "send requests as text frames of JSON".into(),
                };
                if socket.send(frame(native::encode_error(&error, format), format)).await.is_err() {
                    return Ok(());
                }
            }
            Event::Ended => return Ok(()),
        }
    }
}

fn frame(bytes: Vec<u8>, format: Format) -> Message {
    match format {
        Format::Json => match String::from_utf8(bytes) {
            Ok(text) => Message::Text(text.into()),
            Err(error) => Message::Binary(error.into_bytes().into()),
        },
        Format::MessagePack => Message::Binary(bytes.into()),
    }
}

/// Does what a request asks; `Some` is an immediate answer.
async fn perform(
    gateway: &Gateway,
    principal: &Principal,
    reader: &Reader,
    request: Request,
    format: Format,
) -> Result<Option<Vec<u8>>, HubGone> {
    let refused = |error: RequestError| Ok(Some(native::encode_error(&error, format)));
    match request {
        Request::Ping => return Ok(Some(encode_pong(format))),
        Request::Resume { position: Some(position), .. } => reader.resume(position).await?,
        // Orders were dealt with where the socket is at hand.
        Request::Resume { position: None, .. } | Request::Orders { .. } => {}
        Request::Unsubscribe { instruments } => match resolve(gateway, &instruments) {
            Ok(instruments) => reader.unsubscribe(instruments).await?,
            Err(error) => return refused(error),
        },
        Request::Subscribe { standing: true, instruments, mode, delivery } if instruments.is_empty() => {
            match gateway.standing.subscriptions(principal, mode, delivery).await {
                Ok(subscriptions) => {
                    for subscription in subscriptions {
                        reader.subscribe(subscription).await?;
                    }
                }
                Err(_) => {
                    return refused(RequestError {
                        code: "internal",
                        field: None,
                        message: "standing subscriptions could not be read".into(),
                    });
                }
            }
        }
        Request::Subscribe { instruments, mode, delivery, .. } => match resolve(gateway, &instruments) {
            Ok(instruments) => reader.subscribe(subscription(instruments, mode, delivery)).await?,
            Err(error) => return refused(error),
        },
    }
    Ok(None)
}

/// Whose orders a key may be told.
fn orders(gateway: &Gateway, principal: &Principal) -> Result<Whose, RequestError> {
    let refusal = |code, message: String| RequestError { code, field: Some("mode"), message };
    principal
        .require(Scope::OrdersRead)
        .map_err(|denied| refusal(denied.code(), format!("mode orders: {denied}")))?;
    let Some(name) = &principal.account else { return Ok(Whose::All) };
    let known = name.parse().ok().filter(|account| gateway.desk.state().account(account).is_some());
    known
        .map(Whose::Account)
        .ok_or_else(|| refusal("unknown_account", format!("the key's account {name:?} does not exist")))
}

/// All instruments, or an error that names the first unknown one: a request is done as a whole or not at all.
pub fn resolve(gateway: &Gateway, names: &[String]) -> Result<Vec<Arc<Listed>>, RequestError> {
    let refusal = |code, message| RequestError { code, field: Some("instruments"), message };
    if names.len() > INSTRUMENTS_PER_REQUEST {
        let message =
            format!("{} instruments in one message: at most {INSTRUMENTS_PER_REQUEST}", names.len());
        return Err(refusal("too_many", message));
    }
    let listing = gateway.listing.get();
    names
        .iter()
        .map(|name| {
            listing.resolve(name).cloned().ok_or_else(|| {
                let name: String = name.chars().take(60).collect();
                refusal("unknown_instrument", format!("no instrument is named {name:?}"))
            })
        })
        .collect()
}

/// With the default mode.
pub fn subscription(instruments: Vec<Arc<Listed>>, mode: Option<Mode>, delivery: Delivery) -> Subscription {
    Subscription { instruments, mode: mode.unwrap_or(Mode::Quote), delivery }
}
