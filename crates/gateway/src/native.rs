//! The native API under `/v1`, its public pages, and the predecessor's addresses.

mod account_report;
mod account_setup;
mod accounts;
mod broken;
mod candles;
mod control;
mod events;
mod explain;
mod fields;
mod hooks;
mod instruments;
mod keys;
mod limits;
mod names;
mod openapi;
mod orders;
mod pages;
mod positions;
mod postback;
mod predecessor;
mod quotes;
mod reach;
mod reconcile;
pub mod redis_signals;
mod routes;
mod signals;
mod socket;
mod subscriptions;
mod terms;

pub use hooks::Seen;
pub use routes::{BODY_BYTES, router};
