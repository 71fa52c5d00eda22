//! Going live, as questions with computed answers: is it allowed, is it good, what comes next.
//!
//! Enters: a policy, facts with their times. Leaves: findings, scores, decisions, next steps. Never here: a clock, a file, a
//! socket, a random number, trading.
//!
//! - [`policy`]: what a team demands of a release of its service, as data.
//! - [`lint`]: what is wrong with it before anything has happened.
//! - [`claims`]: its authors' own figures beside the computed ones.
//! - [`calendar`]: when the markets it depends on are in session.
//! - [`window`]: when a release may begin, and why not now.
//! - [`runbook`]: what comes next in a runbook that is being run, and how long it took.
//! - [`incident`]: who has to be called now, which clocks are broken, how long it took.
//! - [`rota`]: who is on call, and when nobody is.
//! - [`rows`]: how events stand in a journal.
//! - [`figure`], [`length`]: exact numbers and durations.

pub mod calendar;
pub mod claims;
pub mod figure;
pub mod incident;
pub mod length;
pub mod lint;
pub mod policy;
pub mod rota;
pub mod rows;
pub mod runbook;
pub mod window;

pub use figure::Figure;
pub use length::{Budget, Length};
pub use policy::{Loaded, Policy};
