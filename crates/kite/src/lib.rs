//! What the bytes and JSON of Kite Connect v3 mean, in both directions, for a client and for a compatible server.
//!
//! Enters: bytes and text as they stand on the wire. Leaves: checked values, and the reverse. Never here: sockets,
//! clocks, randomness, decisions about who may ask for what.
//!
//! - [`ticker`]: the WebSocket dialect: binary ticks, text requests and text answers.
//! - [`rest`]: the envelope and every reply of the HTTP interface.
//! - [`form`], [`auth`]: how requests carry their parameters and credentials.
//! - [`ist`]: the broker's way of writing moments.

pub mod auth;
pub mod form;
pub mod ist;
pub mod rest;
pub mod secret;
pub mod ticker;
