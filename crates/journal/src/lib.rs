//! The database of a data directory: opening it safely, its migrations, its rows.
//!
//! Enters: a path, typed rows, `now` as nanoseconds. Leaves: typed rows, and errors that name the decision the caller
//! can take. All SQL of the workspace is here.
//! Never here: trading, HTTP, clocks, randomness, secrets in the clear.

pub mod database;
pub mod directory;
pub mod durable;
pub mod keys;
pub mod server_key;
pub mod sessions;
pub mod subscriptions;

pub use database::{Database, DbError, OpenError};
pub use directory::{DataDirectory, DirectoryError, InstanceLock, RunInfo, Running, UpLock};
