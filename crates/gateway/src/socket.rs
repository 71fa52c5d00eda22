//! One WebSocket of a market-data client, whatever its dialect: bounded buffers, a slow reader stalls only itself, the
//! end of the gateway is announced.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use stream::Batch;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, timeout};
use trade::Order;

use crate::admission::Admission;
use crate::listener::{Place, ended};
use crate::order_feed::OrderFeed;
use crate::reader::Reader;

/// Largest message that a socket takes, in bytes. Each is written out before the next, so that waiting ticks conflate in
/// the inbox instead of ageing here. Ticks come in messages of a tenth of this; the names of a big subscription need more.
const WRITE_BUFFER: usize = 1024 * 1024;
/// A client that takes nothing for so long is cut: its values would be of no use.
const STALL: Duration = Duration::from_secs(30);
/// Time for a client to read why its message was refused.
const LINGER: Duration = Duration::from_secs(1);
/// Time for a close frame to be written.
const FAREWELL: Duration = Duration::from_millis(100);

/// Why we close a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The gateway ends; another will answer.
    GoingAway,
    /// The reader asked for every tick and fell too far behind.
    FellBehind,
    /// No valid token: refused inside the socket by dialects that do so, or the key was revoked.
    Policy,
    /// A message beyond the limit.
    TooLarge,
}

impl Closing {
    fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Closing::GoingAway => (1001, "gateway is shutting down: reconnect"),
            Closing::FellBehind => (4008, "fell behind: reconnect and resume from your last position"),
            Closing::Policy => (1008, "no valid token: it is missing, wrong, or its key was revoked"),
            Closing::TooLarge => (1009, "the message is too large: split it"),
        };
        CloseFrame { code, reason: reason.into() }
    }
}

/// What wakes a conversation.
#[derive(Debug)]
pub enum Event {
    /// Something to send.
    Due(Batch),
    /// An order changed.
    Order(Arc<Order>),
    /// The client said something.
    Text(String),
    /// The client sent bytes; no dialect of ours has such requests.
    Binary,
    /// The socket is closed, for whichever reason: say nothing more.
    Ended,
}

/// Everything that can wake a socket's task.
enum Wake {
    Ending,
    Revoked,
    Said(Option<Result<Message, axum::Error>>),
    Due(Batch),
    Order(Arc<Order>),
    Beat(Message),
}

/// Upgrades with small buffers: the default of 128 KiB a socket would be a gigabyte for ten thousand.
pub fn upgrade<F, Fut>(upgrade: WebSocketUpgrade, message_bytes: usize, converse: F) -> Response
where
    F: FnOnce(WebSocket) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    upgrade
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_message_size(message_bytes)
        .max_frame_size(message_bytes)
        .on_upgrade(converse)
}

/// See the module.
#[derive(Debug)]
pub struct Socket {
    socket: WebSocket,
    ending: watch::Receiver<bool>,
    admission: Admission,
    heartbeat: Option<(Interval, Message)>,
    orders: Option<OrderFeed>,
    _place: Place,
}

/// The client is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

impl Socket {
    /// A socket that ends when `ending` turns true or its key is revoked.
    pub fn new(
        socket: WebSocket,
        ending: watch::Receiver<bool>,
        place: Place,
        admission: Admission,
    ) -> Socket {
        Socket { socket, ending, admission, heartbeat: None, orders: None, _place: place }
    }

    /// Also sends `message` whenever nothing else was sent for `every`.
    pub fn with_heartbeat(mut self, every: Duration, message: Message) -> Socket {
        let mut interval = tokio::time::interval(every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.heartbeat = Some((interval, message));
        self
    }

    /// From now on also tells what `orders` has to tell; `None`: no orders.
    pub fn set_orders(&mut self, orders: Option<OrderFeed>) {
        self.orders = orders;
    }

    /// The next event. Heartbeats, pings and the end of the gateway are dealt with inside.
    pub async fn next(&mut self, reader: &Reader) -> Event {
        loop {
            match self.wake(reader).await {
                Wake::Ending => {
                    self.close(Closing::GoingAway).await;
                    return Event::Ended;
                }
                Wake::Revoked => {
                    self.close(Closing::Policy).await;
                    return Event::Ended;
                }
                Wake::Beat(message) => {
                    if self.send(message).await.is_err() {
                        return Event::Ended;
                    }
                }
                Wake::Said(Some(Ok(Message::Text(text)))) => return Event::Text(text.as_str().to_string()),
                Wake::Said(Some(Ok(Message::Binary(_)))) => return Event::Binary,
                // The protocol layer answers pings and the closing handshake by itself.
                Wake::Said(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Wake::Said(Some(Ok(Message::Close(_))) | None) => return Event::Ended,
                Wake::Said(Some(Err(error))) => {
                    if is_too_large(error) {
                        self.close(Closing::TooLarge).await;
                        // The rest of the message is still on its way: leaving now would reset the connection and the
                        // client would never read why.
                        tokio::select! {
                            () = tokio::time::sleep(LINGER) => {}
                            () = ended(&mut self.ending) => {}
                        }
                    }
                    return Event::Ended;
                }
                Wake::Due(batch) => return Event::Due(batch),
                Wake::Order(order) => return Event::Order(order),
            }
        }
    }

    async fn wake(&mut self, reader: &Reader) -> Wake {
        let beat = async {
            match &mut self.heartbeat {
                Some((interval, message)) => {
                    interval.tick().await;
                    message.clone()
                }
                None => pending().await,
            }
        };
        let changed = async {
            match &mut self.orders {
                Some(orders) => orders.next().await,
                None => pending().await,
            }
        };
        // Not biased: neither a client that keeps asking nor a market that keeps moving may starve the other.
        tokio::select! {
            () = ended(&mut self.ending) => Wake::Ending,
            () = self.admission.revoked() => Wake::Revoked,
            message = self.socket.recv() => Wake::Said(message),
            batch = reader.next() => Wake::Due(batch),
            order = changed => Wake::Order(order),
            message = beat => Wake::Beat(message),
        }
    }

    /// Writes one message; waits while the client takes nothing, for at most [`STALL`] and not past the end.
    ///
    /// # Errors
    /// [`Gone`] when the socket is closed.
    pub async fn send(&mut self, message: Message) -> Result<(), Gone> {
        if let Some((interval, _)) = &mut self.heartbeat {
            interval.reset();
        }
        tokio::select! {
            biased;
            sent = timeout(STALL, self.socket.send(message)) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => {
                    if is_buffer_full(error) {
                        tracing::error!("a message was too large for the socket's buffer: its client was cut");
                    }
                    Err(Gone)
                }
                Err(_) => Err(Gone),
            },
            () = ended(&mut self.ending) => Err(Gone),
        }
    }

    /// Says why and leaves without waiting for the answer.
    pub async fn close(&mut self, why: Closing) {
        farewell(&mut self.socket, why).await;
    }
}

/// Closes a socket that never became a conversation.
pub async fn close(mut socket: WebSocket, why: Closing) {
    farewell(&mut socket, why).await;
}

async fn farewell(socket: &mut WebSocket, why: Closing) {
    // A client that does not read its farewell is closed all the same.
    let _ = timeout(FAREWELL, socket.send(Message::Close(Some(why.frame())))).await;
}

/// Our own messages are far below the buffer: this is our bug.
fn is_buffer_full(error: axum::Error) -> bool {
    matches!(error.into_inner().downcast_ref(), Some(tungstenite::Error::WriteBufferFull(_)))
}

fn is_too_large(error: axum::Error) -> bool {
    matches!(error.into_inner().downcast_ref(), Some(tungstenite::Error::Capacity(_)))
}
