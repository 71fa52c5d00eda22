//! Reading rows and heads.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension};

use crate::events::{Head, READ_ROWS_MAX, Row, Stream};

const COLUMNS: &str =
    "SELECT seq, stream, stream_seq, epoch, batch, time, kind, schema, key, subject, body, prev_hash, hash
     FROM events WHERE ";

pub(super) fn select(which: &str) -> String {
    format!("{COLUMNS}{which}")
}

pub(super) fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        seq: count(row, 0)?,
        stream: stream(row, 1)?,
        stream_seq: count(row, 2)?,
        epoch: count(row, 3)?,
        batch: row.get::<_, i64>(4)?.cast_unsigned(),
        time: row.get(5)?,
        kind: row.get(6)?,
        schema: row.get(7)?,
        key: row.get(8)?,
        subject: row.get(9)?,
        body: row.get(10)?,
        prev_hash: row.get(11)?,
        hash: row.get(12)?,
    })
}

pub(super) fn head(connection: &Connection) -> rusqlite::Result<Head> {
    connection
        .prepare_cached("SELECT seq, hash FROM head")?
        .query_row([], |row| Ok(Head { seq: count(row, 0)?, hash: row.get(1)? }))
}

pub(super) fn stream_head(connection: &Connection, stream: &Stream) -> rusqlite::Result<u64> {
    let found = connection
        .prepare_cached("SELECT stream_seq FROM streams WHERE stream = ?1")?
        .query_row([stream.as_str()], |row| count(row, 0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

pub(super) fn stream(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Stream> {
    let text: String = row.get(column)?;
    Stream::parse(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

/// A number that is never negative.
pub(super) fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

/// For comparisons: no number in the database is above the largest of these.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn limit(rows: usize) -> i64 {
    rows.min(READ_ROWS_MAX) as i64
}
