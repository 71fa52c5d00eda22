//! The ticker: what travels over the WebSocket.
//!
//! Server to client: binary [`message`]s of [`packet`]s, and [`text`] (order updates, errors, notices).
//! Client to server: a [`request`], always text.

pub mod message;
pub mod packet;
pub mod request;
pub mod text;

/// The one-byte binary message that says "still here". Clients look only at its length; send one about every second,
/// because at least one official client counts nothing but data messages as life.
pub const HEARTBEAT: [u8; 1] = [0];
