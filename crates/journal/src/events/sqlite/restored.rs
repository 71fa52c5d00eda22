//! What only a restore does: rows as another journal had them, leases and instances of machines that are gone.

use rusqlite::Transaction;

use super::SqliteJournal;
use super::rows::int;
use crate::database::DbError;
use crate::events::{Row, Stream};

impl SqliteJournal {
    /// Marks every instance ended and registers a new one whose number is above theirs and above `number`.
    pub(crate) fn register_alone(
        &mut self,
        name: &str,
        now: i64,
        reads_schema: u32,
        number: u32,
    ) -> Result<u32, DbError> {
        let registered = self.database.write_or_refuse(|transaction| {
            let written: u32 = transaction.query_row("SELECT written FROM gate", [], |row| row.get(0))?;
            if reads_schema < written {
                return Ok(Err(written));
            }
            transaction.execute("UPDATE instances SET ended = 1", [])?;
            let number = transaction.query_row(
                "INSERT INTO instances (number, name, started, reads_schema)
                 VALUES (1 + max(?4, ifnull((SELECT max(number) FROM instances), 0)), ?1, ?2, ?3) RETURNING number",
                (name, now, reads_schema, number),
                |row| row.get(0),
            )?;
            transaction.execute("UPDATE gate SET schema = ?1", [reads_schema])?;
            Ok(Ok(number))
        })?;
        registered.map_err(|written| DbError::OldBuild { reads: reads_schema, written })
    }

    /// Appends rows exactly as they are. Leases follow the epochs of the decisions among them, in the name of `holder`.
    /// The triggers refuse what does not continue the chain.
    pub(crate) fn put_rows(&mut self, rows: &[Row], holder: u32) -> Result<(), DbError> {
        self.database.write(|transaction| {
            for row in rows {
                if row.epoch > 0 {
                    set_lease(transaction, &row.stream, holder, row.epoch)?;
                }
                insert(transaction, row)?;
            }
            Ok(())
        })
    }

    /// Raises the epoch of every lease by `by`: nobody who held one before can decide here.
    pub(crate) fn jump_epochs(&mut self, holder: u32, by: u64) -> Result<(), DbError> {
        self.database.write(|transaction| {
            transaction.execute(
                "UPDATE leases SET holder = ?1, epoch = epoch + ?2, renewals = 0",
                (holder, int(by)),
            )?;
            Ok(())
        })
    }
}

fn set_lease(
    transaction: &Transaction<'_>,
    stream: &Stream,
    holder: u32,
    epoch: u64,
) -> rusqlite::Result<()> {
    let known = super::leases::epoch(transaction, stream)?;
    if known == 0 {
        transaction.execute(
            "INSERT INTO leases (stream, holder, epoch, renewals) VALUES (?1, ?2, ?3, 0)",
            (stream.as_str(), holder, int(epoch)),
        )?;
    } else if known < epoch {
        transaction.execute(
            "UPDATE leases SET holder = ?2, epoch = ?3, renewals = 0 WHERE stream = ?1",
            (stream.as_str(), holder, int(epoch)),
        )?;
    }
    Ok(())
}

fn insert(transaction: &Transaction<'_>, row: &Row) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO events
                 (seq, stream, stream_seq, epoch, batch, time, kind, schema, key, subject, body, prev_hash, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(rusqlite::params![
            int(row.seq),
            row.stream.as_str(),
            int(row.stream_seq),
            int(row.epoch),
            row.batch.cast_signed(),
            row.time,
            row.kind,
            row.schema,
            row.key,
            row.subject,
            row.body,
            row.prev_hash,
            row.hash,
        ])?;
    Ok(())
}
