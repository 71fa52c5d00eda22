//! Rows of keys: who may call, and with what.

use rusqlite::{Connection, Row, Transaction};

use crate::database::{Database, DbError};

/// One key. Times are nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Public name, unique.
    pub api_key: String,
    /// What its owner calls it.
    pub name: String,
    /// Keyed hash of the access token, unique.
    pub token_hash: [u8; 32],
    /// Comma-separated scopes.
    pub scopes: String,
    /// The only account it may use; none: all.
    pub account: Option<String>,
    /// When it was created.
    pub created: i64,
    /// When it ends.
    pub expires: Option<i64>,
    /// Where the login page sends the browser.
    pub redirect: Option<String>,
    /// Counts renewals of the secret, from one.
    pub generation: u32,
    /// When it was revoked.
    pub revoked: Option<i64>,
}

/// What became of an insertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// The row is durable.
    Yes,
    /// A row with the same token hash was there already and stays as it is.
    Already,
    /// There are `limit` keys that are neither revoked nor expired; nothing was written.
    Full,
}

/// What became of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// It is revoked now, durably; its standing subscriptions are gone.
    Now,
    /// It was revoked earlier.
    Before,
    /// There is no such key.
    Unknown,
}

/// Adds a key, unless `limit` live ones exist at `row.created`.
///
/// # Errors
/// [`DbError::Constraint`] if the public name is taken; otherwise see [`DbError`].
pub fn insert(database: &Database, row: &KeyRow, limit: u32) -> Result<Inserted, DbError> {
    database.write(|transaction| {
        let already: bool = transaction.query_row(
            "SELECT EXISTS (SELECT 1 FROM keys WHERE token_hash = ?1)",
            [row.token_hash],
            |found| found.get(0),
        )?;
        if already {
            return Ok(Inserted::Already);
        }
        let live: u32 = transaction.query_row(
            "SELECT count(*) FROM keys WHERE revoked IS NULL AND (expires IS NULL OR expires > ?1)",
            [row.created],
            |found| found.get(0),
        )?;
        if live >= limit {
            return Ok(Inserted::Full);
        }
        insert_row(transaction, row)?;
        Ok(Inserted::Yes)
    })
}

fn insert_row(transaction: &Transaction<'_>, row: &KeyRow) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO keys (api_key, name, token_hash, scopes, account, created, expires, redirect, generation, revoked)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        rusqlite::params![
            row.api_key,
            row.name,
            row.token_hash,
            row.scopes,
            row.account,
            row.created,
            row.expires,
            row.redirect,
            row.generation,
            row.revoked,
        ],
    )?;
    Ok(())
}

/// All keys, oldest first, also those that are revoked or expired.
///
/// # Errors
/// See [`DbError`].
pub fn all(database: &Database) -> Result<Vec<KeyRow>, DbError> {
    database.read(read_all)
}

/// True if there is any key, also a revoked one.
///
/// # Errors
/// See [`DbError`].
pub fn any(database: &Database) -> Result<bool, DbError> {
    database
        .read(|connection| connection.query_row("SELECT EXISTS (SELECT 1 FROM keys)", [], |row| row.get(0)))
}

/// Revokes a key for ever, at `now`.
///
/// # Errors
/// See [`DbError`].
pub fn revoke(database: &Database, api_key: &str, now: i64) -> Result<Revoked, DbError> {
    database.write(|transaction| {
        let changed = transaction
            .execute("UPDATE keys SET revoked = ?2 WHERE api_key = ?1 AND revoked IS NULL", (api_key, now))?;
        if changed == 1 {
            transaction.execute("DELETE FROM subscriptions WHERE api_key = ?1", [api_key])?;
            return Ok(Revoked::Now);
        }
        let known: bool = transaction.query_row(
            "SELECT EXISTS (SELECT 1 FROM keys WHERE api_key = ?1)",
            [api_key],
            |row| row.get(0),
        )?;
        Ok(if known { Revoked::Before } else { Revoked::Unknown })
    })
}

pub(crate) fn read_all(connection: &Connection) -> rusqlite::Result<Vec<KeyRow>> {
    connection
        .prepare_cached(
            "SELECT api_key, name, token_hash, scopes, account, created, expires, redirect, generation, revoked
             FROM keys ORDER BY created, rowid",
        )?
        .query_map([], from_row)?
        .collect()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<KeyRow> {
    Ok(KeyRow {
        api_key: row.get(0)?,
        name: row.get(1)?,
        token_hash: row.get(2)?,
        scopes: row.get(3)?,
        account: row.get(4)?,
        created: row.get(5)?,
        expires: row.get(6)?,
        redirect: row.get(7)?,
        generation: row.get(8)?,
        revoked: row.get(9)?,
    })
}
