//! Rows of Kite logins: request tokens that work once, and the sessions they are exchanged for.

use rusqlite::{Row, Transaction};

use crate::database::{Database, DbError};
use crate::keys::{self, KeyRow};

/// A session token of a key. Times are nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Keyed hash of the session token, unique.
    pub token_hash: [u8; 32],
    /// The key it belongs to.
    pub api_key: String,
    /// When it was issued.
    pub created: i64,
    /// When it ends.
    pub expires: i64,
}

/// A request token of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestTokenRow {
    /// Keyed hash of the request token, unique.
    pub token_hash: [u8; 32],
    /// The key it belongs to.
    pub api_key: String,
    /// When it was issued.
    pub created: i64,
    /// When it ends.
    pub expires: i64,
}

/// What became of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchanged {
    /// The request token is used up and the session durable, both in one transaction.
    Yes,
    /// No such request token for that key, or it has ended, or the key was revoked.
    Unknown,
    /// It was used before.
    Used,
}

/// Stores a request token. Tokens of any key that ended before `row.created` are removed, and the oldest of this key
/// beyond `keep`.
///
/// # Errors
/// [`DbError::Constraint`] if there is no such key; otherwise see [`DbError`].
pub fn insert_request_token(database: &Database, row: &RequestTokenRow, keep: u32) -> Result<(), DbError> {
    database.write(|transaction| {
        transaction.execute("DELETE FROM request_tokens WHERE expires <= ?1", [row.created])?;
        transaction.execute(
            "INSERT INTO request_tokens (token_hash, api_key, created, expires) VALUES (?1, ?2, ?3, ?4)",
            (row.token_hash, &row.api_key, row.created, row.expires),
        )?;
        transaction.execute(
            "DELETE FROM request_tokens WHERE api_key = ?1 AND rowid NOT IN
                 (SELECT rowid FROM request_tokens WHERE api_key = ?1 ORDER BY rowid DESC LIMIT ?2)",
            (&row.api_key, keep),
        )?;
        Ok(())
    })
}

/// Uses up the request token with `request_hash` and stores `session` for it, at `session.created`. Ended sessions are
/// removed, and the oldest of this key beyond `keep`.
///
/// # Errors
/// See [`DbError`]; nothing was changed then, unless it is [`DbError::Io`].
pub fn exchange(
    database: &Database,
    request_hash: &[u8; 32],
    session: &SessionRow,
    keep: u32,
) -> Result<Exchanged, DbError> {
    database.write(|transaction| {
        let now = session.created;
        let used = transaction.execute(
            "UPDATE request_tokens SET used = ?3
             WHERE token_hash = ?1 AND api_key = ?2 AND used IS NULL AND expires > ?3
               AND EXISTS (SELECT 1 FROM keys WHERE api_key = ?2 AND revoked IS NULL)",
            (request_hash, &session.api_key, now),
        )?;
        if used != 1 {
            return why_not(transaction, request_hash, &session.api_key);
        }
        transaction.execute("DELETE FROM sessions WHERE expires <= ?1", [now])?;
        transaction.execute(
            "INSERT INTO sessions (token_hash, api_key, created, expires) VALUES (?1, ?2, ?3, ?4)",
            (session.token_hash, &session.api_key, session.created, session.expires),
        )?;
        transaction.execute(
            "DELETE FROM sessions WHERE api_key = ?1 AND rowid NOT IN
                 (SELECT rowid FROM sessions WHERE api_key = ?1 ORDER BY rowid DESC LIMIT ?2)",
            (&session.api_key, keep),
        )?;
        Ok(Exchanged::Yes)
    })
}

fn why_not(transaction: &Transaction<'_>, hash: &[u8; 32], api_key: &str) -> rusqlite::Result<Exchanged> {
    let used: bool = transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM request_tokens WHERE token_hash = ?1 AND api_key = ?2 AND used IS NOT NULL)",
        (hash, api_key),
        |row| row.get(0),
    )?;
    Ok(if used { Exchanged::Used } else { Exchanged::Unknown })
}

/// Ends a session of a key. Returns false if there is none.
///
/// # Errors
/// See [`DbError`].
pub fn end(database: &Database, api_key: &str, token_hash: &[u8; 32]) -> Result<bool, DbError> {
    database.write(|transaction| {
        transaction
            .execute("DELETE FROM sessions WHERE api_key = ?1 AND token_hash = ?2", (api_key, token_hash))
            .map(|rows| rows == 1)
    })
}

/// Everything that authentication needs, as one consistent picture: all keys and all sessions, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn all_with_keys(database: &Database) -> Result<(Vec<KeyRow>, Vec<SessionRow>), DbError> {
    database.read(|connection| {
        // One read transaction: between two statements another process could add a key and its session.
        let transaction = connection.unchecked_transaction()?;
        let keys = keys::read_all(&transaction)?;
        let sessions = transaction
            .prepare_cached("SELECT token_hash, api_key, created, expires FROM sessions ORDER BY rowid")?
            .query_map([], from_row)?
            .collect::<Result<_, _>>()?;
        transaction.commit()?;
        Ok((keys, sessions))
    })
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        token_hash: row.get(0)?,
        api_key: row.get(1)?,
        created: row.get(2)?,
        expires: row.get(3)?,
    })
}
