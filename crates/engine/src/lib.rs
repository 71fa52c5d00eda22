//! The single writer: facts come in, decisions are made, one durable append holds both, and only then are calls and replies
//! released.
//!
//! Enters: signals, commands, what venues say, books read from venues; the time and the market as arguments. Leaves: rows in
//! a [`journal::Journal`], and [`Output`]s: replies, calls to make, leases gained and lost.
//! Never here: clocks, sockets, threads. The same inputs and journal answers lead to the same rows, which is what the
//! simulation in `tests/` relies on.

mod engine;
mod hold;
mod input;
pub mod reconcile;
pub mod rows;
pub mod snapshot;
mod writing;

pub use engine::{Config, Engine, EngineError, Times};
pub use input::{Input, Output, Reply, Ticket};
