//! What is decided, seen from outside: every reason, signals against positions, changes, and random histories.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod changes;
mod codes;
mod conversions;
mod histories;
mod limits;
mod signals;
mod slices;
mod world;
