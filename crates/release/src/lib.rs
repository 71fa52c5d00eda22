//! Going live, as questions with computed answers: is it allowed, is it good, what comes next.
//!
//! Enters: a policy, facts with their times. Leaves: findings, scores, decisions, next steps. Never here: a clock, a file, a
//! socket, a random number, trading.
//!
//! - [`policy`]: what a team demands of a release of its service, as data.
//! - [`lint`]: what is wrong with it before anything has happened.
//! - [`slo`]: objectives in operation: budgets, alerts, dashboards.
//! - [`calendar`]: when the markets it depends on are in session.
//! - [`figure`], [`length`]: exact numbers and durations.

pub mod calendar;
pub mod figure;
pub mod length;
pub mod lint;
pub mod policy;
pub mod slo;

pub use figure::Figure;
pub use length::{Budget, Length};
pub use policy::{Loaded, Policy};
