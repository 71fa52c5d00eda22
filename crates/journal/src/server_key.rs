//! Which server key the hashes in the database were made with.

use crate::database::{Database, DbError};
use rusqlite::OptionalExtension;

/// Remembers `fingerprint` if none is known yet, and returns the one that is known then.
///
/// # Errors
/// See [`DbError`].
pub fn remember(database: &Database, fingerprint: &[u8; 32]) -> Result<[u8; 32], DbError> {
    if let Some(known) = known(database)? {
        return Ok(known);
    }
    database.write(|transaction| {
        transaction.execute(
            "INSERT INTO server_key (one, fingerprint) VALUES (1, ?1) ON CONFLICT DO NOTHING",
            [fingerprint],
        )?;
        transaction.query_row("SELECT fingerprint FROM server_key", [], |row| row.get(0))
    })
}

/// The fingerprint that is known, if any.
///
/// # Errors
/// See [`DbError`].
pub fn known(database: &Database) -> Result<Option<[u8; 32]>, DbError> {
    database.read(|connection| {
        connection.query_row("SELECT fingerprint FROM server_key", [], |row| row.get(0)).optional()
    })
}
