//! The ticker socket: order updates and heartbeats. Subscriptions are heard and answered with silence: prices come
//! from elsewhere.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use kite::form::Form;
use kite::rest::words::ErrorType;
use kite::ticker::HEARTBEAT;
use kite::ticker::request::TEXT_BYTES_MAX;
use tokio::sync::broadcast::Receiver;
use tokio::time::MissedTickBehavior;

use super::{Shared, Venue, refusal};

/// The clients give up after five seconds without a message.
const BEAT: Duration = Duration::from_secs(1);
/// A client that takes nothing for so long is cut.
const STALL: Duration = Duration::from_secs(10);

pub(super) async fn ticker(
    State(shared): Venue,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let malformed = |why: &str| refusal(StatusCode::BAD_REQUEST, ErrorType::Input, why);
    let query = query.unwrap_or_default();
    let Ok(form) = Form::parse(&query) else { return malformed("the query cannot be read") };
    let (Some(key), Some(token)) = (form.get("api_key"), form.get("access_token")) else {
        return malformed("Missing `api_key` or `access_token`.");
    };
    let Some(updates) = shared.credentials.account(key, token).and_then(|name| shared.listeners.get(name))
    else {
        return refusal(StatusCode::FORBIDDEN, ErrorType::Token, "Incorrect `api_key` or `access_token`.");
    };
    let Ok(upgrade) = upgrade else {
        return malformed("This is the ticker's address: open it as a WebSocket.");
    };
    // From before the handshake is answered: whoever reads the book once it is open misses nothing.
    let updates = updates.subscribe();
    upgrade
        .max_message_size(TEXT_BYTES_MAX)
        .max_frame_size(TEXT_BYTES_MAX)
        .on_upgrade(move |socket| converse(socket, updates, shared))
}

/// Ends when the client, the venue or the patience with a slow client ends.
async fn converse(mut socket: WebSocket, mut updates: Receiver<Arc<str>>, shared: Arc<Shared>) {
    let mut ending = shared.ending.clone();
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            _ = ending.wait_for(|ending| *ending) => return,
            update = updates.recv() => match update {
                Ok(text) => Message::Text(text.as_ref().into()),
                // It fell behind: the cut sends it to the book.
                Err(_) => return,
            },
            _ = beat.tick() => Message::Binary(HEARTBEAT.to_vec().into()),
            heard = socket.recv() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
        };
        if !matches!(tokio::time::timeout(STALL, socket.send(message)).await, Ok(Ok(()))) {
            return;
        }
    }
}
