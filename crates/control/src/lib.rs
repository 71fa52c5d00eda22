//! Acts for a release: asks its checks, and keeps what came of it.
//!
//! Enters: a policy and where it applies. Leaves: what came of each check. Never here: what follows from it (that is
//! `release`), trading.
//!
//! - [`book`]: the journal of all this, and what it adds up to.
//! - [`probe`]: asks the checks of a policy, many at once.
//! - [`cancel`]: says that what runs is to end now.
//! - [`clock`]: the only place that reads real clocks.

pub mod book;
pub mod cancel;
pub mod clock;
pub mod probe;
