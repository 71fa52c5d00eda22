//! The HTTP interface: the envelope around every answer and the shape of every answer inside it.
//!
//! Enters: bodies of answers (a client) or values to answer with (a server), and the parameters of requests that change
//! something. Leaves: the reverse. Never here: routes, statuses of single routes, sessions.
//!
//! Three rules hold in every answer here:
//!
//! - a number keeps the text it was written in ([`number::Number`]), so `0` and `0.0` stay apart and nothing passes
//!   through a float;
//! - a field that may be missing or `null` is a [`maybe::Maybe`], which keeps the two apart; every other field must be
//!   there;
//! - a field that we do not know is ignored, and a word that we do not know is kept ([`words`]).
//!
//! Requests ([`parameters`]) are read strictly instead: an order is never guessed at.
//!
//! Numbers need `serde_json` itself on the other side (they pass as raw JSON), and no `#[serde(flatten)]` around them.

pub mod alerts;
pub mod calculators;
pub mod conversion;
pub mod envelope;
pub mod fund_dump;
pub mod funds;
pub mod gtt;
pub mod gtt_definition;
pub mod history;
pub mod maybe;
pub mod modification;
pub mod number;
pub mod orders;
pub mod parameters;
pub mod placement;
pub mod portfolio;
pub mod quotes;
pub mod session;
pub mod user;
pub mod words;
