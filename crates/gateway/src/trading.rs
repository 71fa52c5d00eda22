//! From signal to order: the desk that HTTP handlers talk to, the one thread that decides, and the venues behind it.
//!
//! Enters: signals, commands, control, ticks. Leaves: replies after the journal has them, calls to venues, states to read.
//! Never here: what is decided (`trade`), what is durable (`journal`), when effects may go out (`engine`).

pub mod anchors;
pub mod backups;
pub mod credentials;
pub mod desk;
pub mod eye;
pub mod remote;
pub mod replay;
pub mod reports;
pub mod restore;
pub mod snapshots;
pub mod start;
pub mod tap;
pub mod thread;
mod triggers;
pub mod upkeep;
pub mod venues;

pub use desk::{Desk, DeskBusy};
