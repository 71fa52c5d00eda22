//! What the paper account does with orders, seen from outside.

#![expect(clippy::unwrap_used, reason = "tests")]

mod account;
mod laws;
mod rules;
mod stage;
