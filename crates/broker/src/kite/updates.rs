//! Order updates over the ticker socket.
//!
//! Enters: the broker's text messages. Leaves: orders, and a word after each connection that updates may have been
//! missed: the owner then reads the book. Never here: ticks, and whether an update is news: they repeat and overtake
//! each other.
//!
//! The queue to the owner is bounded. When it is full this side stops reading; the broker cuts the connection in its
//! own time, and the next [`Update::Connected`] sends the owner to the book: nothing is dropped in silence.

use std::time::Duration;

use futures_util::StreamExt;
use kite::rest::orders::Order;
use kite::ticker::text::{self, Text};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::connect::{Stream, Unsent, connect};
use super::credentials::Credentials;
use super::endpoint::Endpoint;

/// Largest message that is read, in bytes.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// What the socket says.
#[derive(Debug)]
pub enum Update {
    /// A connection is open, the first or another. What happened before it was missed: read the book.
    Connected,
    /// An order changed.
    Order(Box<Order>),
    /// A message about an order could not be read: read the book.
    Unreadable,
    /// The connection is gone, or could not be opened; another is tried after a pause.
    Lost(Lost),
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// It could not be opened.
    #[error("no connection to the ticker: {0}")]
    NoConnection(String),
    /// The broker did not accept it.
    #[error("the ticker refused the connection with status {0}")]
    Refused(u16),
    /// Not even a heartbeat for [`Pace::silence_max`].
    #[error("the ticker fell silent")]
    Silent,
    /// It ended.
    #[error("the ticker closed the connection")]
    Closed,
}

/// Why following has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The owner said so, or nobody listens any more.
    Stopped,
    /// The token is not accepted: the user must log in again.
    SessionEnded,
}

/// How patient to be.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// For a connection to open, handshake included.
    pub connect_time: Duration,
    /// The broker sends a heartbeat each second; after this long without one the connection is dead.
    pub silence_max: Duration,
    /// Before the second attempt in a row; each further pause is twice as long.
    pub pause_first: Duration,
    /// Longest pause.
    pub pause_max: Duration,
}

impl Default for Pace {
    /// Five seconds to connect and of silence; pauses from one second to thirty.
    fn default() -> Pace {
        Pace {
            connect_time: Duration::from_secs(5),
            silence_max: Duration::from_secs(5),
            pause_first: Duration::from_secs(1),
            pause_max: Duration::from_secs(30),
        }
    }
}

/// Follows the orders of an account until `stop` says `true` (or its sender is gone), connecting again whenever
/// needed.
pub async fn follow(
    endpoint: &Endpoint,
    credentials: &Credentials,
    pace: Pace,
    updates: mpsc::Sender<Update>,
    mut stop: watch::Receiver<bool>,
) -> End {
    let stopped = async move {
        // A sender that is gone cannot say anything any more.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    tokio::select! {
        biased;
        () = stopped => End::Stopped,
        end = follow_for_ever(endpoint, credentials, pace, updates) => end,
    }
}

async fn follow_for_ever(
    endpoint: &Endpoint,
    credentials: &Credentials,
    pace: Pace,
    updates: mpsc::Sender<Update>,
) -> End {
    let mut pause = pace.pause_first;
    loop {
        let lost = match tokio::time::timeout(pace.connect_time, open(endpoint, credentials)).await {
            Err(_) => Lost::NoConnection("it took too long to open".to_owned()),
            Ok(Err(Lost::Refused(401 | 403))) => return End::SessionEnded,
            Ok(Err(lost)) => lost,
            Ok(Ok(socket)) => match listen(socket, pace, &updates).await {
                Ok((lost, alive)) => {
                    // A connection that never said anything is no better than none.
                    pause = if alive { pace.pause_first } else { pause };
                    lost
                }
                Err(NobodyListens) => return End::Stopped,
            },
        };
        tracing::info!(reason = %lost, "the order socket is not connected");
        if updates.send(Update::Lost(lost)).await.is_err() {
            return End::Stopped;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(pace.pause_max);
    }
}

async fn open(
    endpoint: &Endpoint,
    credentials: &Credentials,
) -> Result<WebSocketStream<Box<dyn Stream>>, Lost> {
    // None of these errors is passed on as it stands: the address carries the token.
    let failed = |what: &str| Lost::NoConnection(what.to_owned());
    let stream =
        connect(endpoint, Unsent::MayArrive).await.map_err(|error| Lost::NoConnection(error.to_string()))?;
    let address = format!("ws://{}{}", endpoint.authority(), credentials.ticker_query());
    let mut request = address.into_client_request().map_err(|_| failed("its address cannot be written"))?;
    request.headers_mut().insert("x-kite-version", hyper::header::HeaderValue::from_static("3"));
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    match tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(Lost::Refused(answer.status().as_u16())),
        Err(_) => Err(failed("the handshake failed")),
    }
}

struct NobodyListens;

/// Reads until the connection is gone. Tells why, and whether it ever said anything.
async fn listen(
    mut socket: WebSocketStream<Box<dyn Stream>>,
    pace: Pace,
    updates: &mpsc::Sender<Update>,
) -> Result<(Lost, bool), NobodyListens> {
    let tell = |update| async { updates.send(update).await.map_err(|_| NobodyListens) };
    tell(Update::Connected).await?;
    let mut alive = false;
    loop {
        let message = match tokio::time::timeout(pace.silence_max, socket.next()).await {
            Err(_) => return Ok((Lost::Silent, alive)),
            Ok(None | Some(Err(_)) | Some(Ok(Message::Close(_)))) => return Ok((Lost::Closed, alive)),
            Ok(Some(Ok(message))) => message,
        };
        alive = true;
        if let Message::Text(words) = message
            && let Some(update) = read(&words)
        {
            tell(update).await?;
        }
    }
}

/// What a text message says about orders; `None` when it is about something else.
fn read(words: &str) -> Option<Update> {
    match text::parse(words) {
        Ok(Text::Order(data)) => Some(match serde_json::from_str(data.get()) {
            Ok(order) => Update::Order(Box::new(order)),
            Err(_) => Update::Unreadable,
        }),
        Ok(Text::Error(_) | Text::Message(_) | Text::Other { .. }) | Err(_) => None,
    }
}
