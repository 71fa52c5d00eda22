//! The native dialect: `/v1/stream`, `/v1/events` and `/v1/quotes` speak it.

pub mod messages;
pub mod request;
pub mod tick;

pub use messages::{encode_batch, encode_error};
pub use request::{Request, RequestError};
pub use tick::{TickView, encode_tick};

/// How native messages are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Text frames.
    Json,
    /// Binary frames; the same fields as JSON.
    MessagePack,
}
