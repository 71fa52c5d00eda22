//! How an intent reaches a venue and how its answers come back.
//!
//! Enters: orders that were decided and recorded elsewhere. Leaves: what became of each attempt, and what the venue's book
//! says. Never here: whether an order is allowed, and any record of it.
//!
//! - `kite`, behind the feature `client`: a live account, or a compatible venue on this host, over the network.
//! - [`paper`]: an account that trades on paper.

#[cfg(feature = "client")]
pub mod kite;
pub mod paper;
