//! Loads and measurements: one module per bench, and what they share.
//!
//! Enters: nothing but a size. Leaves: a [`report::Report`] with figures, their spread, a baseline measured in the same
//! run, and bars that decide the exit code. Never here: code that the gateway needs.
//!
//! `benches/README.md` says how to run them and what they found.

pub mod checks;
pub mod clock;
pub mod decode;
pub mod dump;
pub mod gateway_process;
pub mod http;
pub mod hub;
pub mod journal;
pub mod machine;
pub mod open_loop;
pub mod options;
pub mod quotes;
pub mod report;
pub mod run;
pub mod signals;
pub mod simulated;
pub mod spread;
pub mod startup;
