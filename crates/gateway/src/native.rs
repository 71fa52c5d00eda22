//! The native API under `/v1`, its public pages, and the predecessor's addresses.

mod candles;
mod events;
mod instruments;
mod keys;
mod names;
mod openapi;
mod pages;
mod predecessor;
mod quotes;
mod routes;
mod socket;
mod subscriptions;

pub use routes::{BODY_BYTES, router};
