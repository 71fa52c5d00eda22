//! Leases, instances and the schema gate in their tables.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::rows::{count, int, stream};
use crate::events::{Instance, Lease, Stream};

/// Renews the lease of `stream` if its epoch is `epoch`; false if it is not.
pub(super) fn confirm(transaction: &Transaction<'_>, stream: &Stream, epoch: u64) -> rusqlite::Result<bool> {
    let changed = transaction
        .prepare_cached("UPDATE leases SET renewals = renewals + 1 WHERE stream = ?1 AND epoch = ?2")?
        .execute((stream.as_str(), int(epoch)))?;
    Ok(changed == 1)
}

/// Epoch of the lease of `stream`, 0 without any.
pub(super) fn epoch(connection: &Connection, stream: &Stream) -> rusqlite::Result<u64> {
    let found = connection
        .prepare_cached("SELECT epoch FROM leases WHERE stream = ?1")?
        .query_row([stream.as_str()], |row| count(row, 0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Lease>> {
    connection
        .prepare_cached("SELECT stream, holder, epoch, renewals FROM leases ORDER BY stream")?
        .query_map([], |row| {
            Ok(Lease {
                stream: stream(row, 0)?,
                holder: row.get(1)?,
                epoch: count(row, 2)?,
                renewals: count(row, 3)?,
            })
        })?
        .collect()
}

/// The new epoch, if the lease is still as the caller saw it. The triggers refuse a holder that is not running.
pub(super) fn take(
    transaction: &Transaction<'_>,
    stream: &Stream,
    holder: u32,
    from_epoch: u64,
    renewals: Option<u64>,
) -> rusqlite::Result<Option<u64>> {
    if epoch(transaction, stream)? != from_epoch {
        return Ok(None);
    }
    let changed = if from_epoch == 0 {
        transaction
            .prepare_cached("INSERT INTO leases (stream, holder, epoch, renewals) VALUES (?1, ?2, 1, 0)")?
            .execute((stream.as_str(), holder))?
    } else {
        transaction
            .prepare_cached(
                "UPDATE leases SET holder = ?2, epoch = epoch + 1, renewals = 0
                 WHERE stream = ?1 AND renewals = ifnull(?3, renewals)",
            )?
            .execute((stream.as_str(), holder, renewals.map(int)))?
    };
    Ok((changed == 1).then_some(from_epoch + 1))
}

/// The streams of which `holder` does not have the lease.
pub(super) fn renew(
    transaction: &Transaction<'_>,
    holder: u32,
    streams: &[Stream],
) -> rusqlite::Result<Vec<Stream>> {
    let mut renew = transaction
        .prepare_cached("UPDATE leases SET renewals = renewals + 1 WHERE stream = ?1 AND holder = ?2")?;
    let mut lost = Vec::new();
    for stream in streams {
        if renew.execute((stream.as_str(), holder))? == 0 {
            lost.push(stream.clone());
        }
    }
    Ok(lost)
}

/// The instance's number; or the newest schema in the journal, which it does not understand.
pub(super) fn register(
    transaction: &Transaction<'_>,
    name: &str,
    now: i64,
    reads_schema: u32,
) -> rusqlite::Result<Result<u32, u32>> {
    let written: u32 = transaction.query_row("SELECT written FROM gate", [], |row| row.get(0))?;
    if reads_schema < written {
        return Ok(Err(written));
    }
    let number = transaction.query_row(
        "INSERT INTO instances (number, name, started, reads_schema)
         VALUES (1 + ifnull((SELECT max(number) FROM instances), 0), ?1, ?2, ?3) RETURNING number",
        (name, now, reads_schema),
        |row| row.get(0),
    )?;
    set_gate(transaction)?;
    Ok(Ok(number))
}

pub(super) fn instances(connection: &Connection) -> rusqlite::Result<Vec<Instance>> {
    connection
        .prepare_cached("SELECT number, name, started, reads_schema, ended FROM instances ORDER BY number")?
        .query_map([], |row| {
            Ok(Instance {
                number: row.get(0)?,
                name: row.get(1)?,
                started: row.get(2)?,
                reads_schema: row.get(3)?,
                ended: row.get(4)?,
            })
        })?
        .collect()
}

pub(super) fn mark_ended(transaction: &Transaction<'_>, number: u32) -> rusqlite::Result<()> {
    transaction.execute("UPDATE instances SET ended = 1 WHERE number = ?1 AND ended = 0", [number])?;
    set_gate(transaction)
}

pub(super) fn gate(connection: &Connection) -> rusqlite::Result<u32> {
    connection.prepare_cached("SELECT schema FROM gate")?.query_row([], |row| row.get(0))
}

fn set_gate(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE gate SET schema = min_reads FROM
             (SELECT ifnull(min(reads_schema), 0) AS min_reads FROM instances WHERE ended = 0)
         WHERE schema <> min_reads",
        [],
    )?;
    Ok(())
}
