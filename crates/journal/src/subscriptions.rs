//! Rows of standing subscriptions: what a key wants even while none of its clients is connected.

use std::collections::BTreeSet;

use rusqlite::Row;

use crate::database::{Database, DbError};

/// One instrument that a key stays subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionRow {
    /// The key.
    pub api_key: String,
    /// `NSE:INFY`.
    pub instrument: String,
    /// The instrument's number when the row was written; it may change with a new instrument dump.
    pub token: u32,
    /// `ltp`, `quote`, `full`.
    pub mode: String,
    /// Account whose feed it uses, if it matters.
    pub account: Option<String>,
    /// When it was first created: nanoseconds since 1970-01-01T00:00:00Z.
    pub created: i64,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// All rows are durable.
    Yes,
    /// The key would have more than the limit; nothing was written.
    Full,
}

/// Adds or changes rows, all or none. An existing row keeps its `created`. No key may have more than `limit` rows.
///
/// # Errors
/// [`DbError::Constraint`] if a key does not exist; otherwise see [`DbError`].
pub fn put(database: &Database, rows: &[SubscriptionRow], limit: u32) -> Result<Put, DbError> {
    let written = database.write_or_leave(|transaction| {
        let mut upsert = transaction.prepare_cached(
            "INSERT INTO subscriptions (api_key, instrument, token, mode, account, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (api_key, instrument)
             DO UPDATE SET token = excluded.token, mode = excluded.mode, account = excluded.account",
        )?;
        let mut count =
            transaction.prepare_cached("SELECT count(*) FROM subscriptions WHERE api_key = ?1")?;
        let mut keys = BTreeSet::new();
        for row in rows {
            upsert.execute((
                &row.api_key,
                &row.instrument,
                row.token,
                &row.mode,
                &row.account,
                row.created,
            ))?;
            keys.insert(row.api_key.as_str());
        }
        for key in keys {
            let found: u32 = count.query_row([key], |row| row.get(0))?;
            if found > limit {
                return Ok(None);
            }
        }
        Ok(Some(()))
    })?;
    Ok(if written.is_some() { Put::Yes } else { Put::Full })
}

/// Removes one. Returns false if there is none.
///
/// # Errors
/// See [`DbError`].
pub fn remove(database: &Database, api_key: &str, instrument: &str) -> Result<bool, DbError> {
    database.write(|transaction| {
        transaction
            .execute(
                "DELETE FROM subscriptions WHERE api_key = ?1 AND instrument = ?2",
                (api_key, instrument),
            )
            .map(|rows| rows == 1)
    })
}

/// Those of one key, by instrument.
///
/// # Errors
/// See [`DbError`].
pub fn of_key(database: &Database, api_key: &str) -> Result<Vec<SubscriptionRow>, DbError> {
    database.read(|connection| {
        connection
            .prepare_cached(
                "SELECT api_key, instrument, token, mode, account, created
                 FROM subscriptions WHERE api_key = ?1 ORDER BY instrument",
            )?
            .query_map([api_key], from_row)?
            .collect()
    })
}

/// Those of all keys, by key and instrument.
///
/// # Errors
/// See [`DbError`].
pub fn all(database: &Database) -> Result<Vec<SubscriptionRow>, DbError> {
    database.read(|connection| {
        connection
            .prepare_cached(
                "SELECT api_key, instrument, token, mode, account, created
                 FROM subscriptions ORDER BY api_key, instrument",
            )?
            .query_map([], from_row)?
            .collect()
    })
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<SubscriptionRow> {
    Ok(SubscriptionRow {
        api_key: row.get(0)?,
        instrument: row.get(1)?,
        token: row.get(2)?,
        mode: row.get(3)?,
        account: row.get(4)?,
        created: row.get(5)?,
    })
}
