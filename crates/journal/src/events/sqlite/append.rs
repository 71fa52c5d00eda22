//! One batch inside its write transaction: the checks in their order, then the rows.

use std::collections::HashMap;

use rusqlite::{OptionalExtension, Transaction};

use super::leases;
use super::rows::{self, count, int};
use crate::events::hash::{Columns, hash_columns};
use crate::events::{Append, Batch, Conflict, Head, Stream};

/// What the commit will make durable.
pub(super) struct Written {
    pub first_seq: u64,
    pub head: Head,
}

/// `twice`: the row whose key the batch has twice.
pub(super) fn append(
    transaction: &Transaction<'_>,
    batch: &Batch,
    twice: Option<usize>,
) -> rusqlite::Result<Result<Written, Append>> {
    match refusal(transaction, batch, twice)? {
        Some(refusal) => Ok(Err(refusal)),
        None => insert(transaction, batch).map(Ok),
    }
}

fn refusal(
    transaction: &Transaction<'_>,
    batch: &Batch,
    twice: Option<usize>,
) -> rusqlite::Result<Option<Append>> {
    for claim in &batch.claims {
        if !leases::confirm(transaction, &claim.stream, claim.epoch)? {
            let epoch = leases::epoch(transaction, &claim.stream)?;
            return Ok(Some(Append::Fenced { stream: claim.stream.clone(), epoch }));
        }
    }
    for claim in &batch.claims {
        let at = rows::stream_head(transaction, &claim.stream)?;
        if at != claim.expected {
            let stream = claim.stream.clone();
            return Ok(Some(Append::Conflict(Conflict::Stream { stream, at })));
        }
    }
    if let Some(seen) = batch.control_seen {
        let at = newest_control(transaction)?;
        if at > seen {
            return Ok(Some(Append::Conflict(Conflict::Control { at })));
        }
    }
    if let Some(conflict) = taken_key(transaction, batch, twice)? {
        return Ok(Some(Append::Conflict(conflict)));
    }
    let gate = leases::gate(transaction)?;
    Ok(batch.schema_above(gate).map(|schema| Append::Refused { schema, gate }))
}

fn newest_control(transaction: &Transaction<'_>) -> rusqlite::Result<u64> {
    let found = transaction
        .prepare_cached("SELECT seq FROM streams WHERE stream = 'control'")?
        .query_row([], |row| count(row, 0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

fn taken_key(
    transaction: &Transaction<'_>,
    batch: &Batch,
    twice: Option<usize>,
) -> rusqlite::Result<Option<Conflict>> {
    let mut find = transaction.prepare_cached("SELECT seq FROM events WHERE key = ?1")?;
    for (index, row) in batch.rows.iter().enumerate() {
        let Some(key) = &row.key else { continue };
        let mut found = find.query_row([key], |row| count(row, 0)).optional()?;
        if twice == Some(index) {
            found = found.or(Some(0));
        }
        if let Some(seq) = found {
            return Ok(Some(Conflict::Key { key: key.clone(), seq }));
        }
    }
    Ok(None)
}

/// The triggers check each row again, and advance the head and the stream.
fn insert(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<Written> {
    let mut head = rows::head(transaction)?;
    let first_seq = head.seq + 1;
    let mut streams: HashMap<&Stream, u64> = HashMap::new();
    let mut insert = transaction.prepare_cached(
        "INSERT INTO events
             (seq, stream, stream_seq, epoch, batch, time, kind, schema, key, subject, body, prev_hash, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    for row in &batch.rows {
        let at = match streams.get(&row.stream) {
            Some(at) => *at,
            None => rows::stream_head(transaction, &row.stream)?,
        };
        streams.insert(&row.stream, at + 1);
        let columns = Columns {
            seq: head.seq + 1,
            stream: row.stream.as_str(),
            stream_seq: at + 1,
            epoch: batch.claim(&row.stream).map_or(0, |claim| claim.epoch),
            batch: batch.id,
            time: batch.time,
            kind: &row.kind,
            schema: row.schema,
            key: row.key.as_deref(),
            subject: row.subject.as_deref(),
            body: &row.body,
            prev_hash: &head.hash,
        };
        let hash = hash_columns(&columns);
        insert.execute(rusqlite::params![
            int(columns.seq),
            columns.stream,
            int(columns.stream_seq),
            int(columns.epoch),
            columns.batch.cast_signed(),
            columns.time,
            columns.kind,
            columns.schema,
            columns.key,
            columns.subject,
            columns.body,
            columns.prev_hash,
            hash,
        ])?;
        head = Head { seq: columns.seq, hash };
    }
    Ok(Written { first_seq, head })
}
