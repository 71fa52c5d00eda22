//! An account at the live broker, or at a compatible venue on this host, over the network.
//!
//! Enters: calls that were decided and recorded elsewhere, each with the moment after which it must not leave.
//! Leaves: one of four fates per call, what the broker's book says, and updates of orders. Never here: a second
//! attempt. Whether anything may be sent again is not ours to say.
//!
//! - [`client`]: [`client::Client::send`] and the reads; [`call`] and [`fate`] say what goes in and comes out.
//! - `attempt`: one request on one connection of its own, and whether its first byte left.
//! - [`updates`]: order updates over the ticker socket; [`postback`]: the same by web hook.
//! - [`login`]: from the user's log-in to an access token.
//! - [`endpoint`], `connect`: where, and how to get there. [`breaker`]: when not to try.

mod attempt;
pub mod breaker;
pub mod call;
pub mod client;
mod connect;
pub mod credentials;
pub mod endpoint;
pub mod fate;
pub mod login;
pub mod postback;
pub mod reads;
pub mod updates;
