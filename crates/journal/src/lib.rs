//! The database of a data directory: opening it safely, its migrations, its rows.
//!
//! Enters: a path, typed rows, `now` as nanoseconds. Leaves: typed rows, and errors that name the decision the caller
//! can take. All SQL of the workspace is here.
//! Never here: trading, HTTP, clocks, randomness, secrets in the clear.
//!
//! | question | room |
//! |---|---|
//! | is this directory ours, who lives in it | [`directory`] |
//! | how is the file opened, migrated, waited for; who blocks it | [`database`] |
//! | what happened, in which order, who may decide now | [`events`] |
//! | who may call, with what, and what it stays subscribed to | [`keys`], [`sessions`], [`subscriptions`] |
//! | sealed credentials and keys that sign | [`secrets`] |
//! | what if this machine or its disk is lost | [`backup`], [`restore`], [`ship`] |
//! | who could have rewritten it | [`anchors`] |

pub mod anchors;
pub mod backup;
pub mod database;
pub mod directory;
pub mod durable;
pub mod events;
pub mod hex;
pub mod keys;
pub mod restore;
pub mod secrets;
pub mod server_key;
pub mod sessions;
pub mod ship;
pub mod subscriptions;

pub use database::{Database, DbError, OpenError};
pub use directory::{DataDirectory, DirectoryError, InstanceLock, RunInfo, Running, UpLock};
