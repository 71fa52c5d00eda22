//! What events do to the state: rule by rule, and by laws over random histories.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

mod bounds;
mod golden;
mod gtt;
mod history;
mod laws;
mod rules;
mod speed;
