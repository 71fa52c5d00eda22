//! The journal in the database of a data directory.
//!
//! Sequence, hash and heads are read and advanced inside the write transaction, never from memory: another process may
//! have written since.

mod append;
mod leases;
mod restored;
mod rows;

use std::path::Path;

use rusqlite::OptionalExtension;

use super::{Append, Batch, Head, Instance, Journal, Lease, Row, Stream};
use crate::database::holder::{HolderError, end_stuck_holder};
use crate::database::{Database, DbError, OpenError};
use crate::directory::DataDirectory;

/// A handle to the journal of a data directory, with a connection of its own. For one thread at a time.
#[derive(Debug)]
pub struct SqliteJournal {
    database: Database,
    /// Whose instances may be ended; none for a file that is only read, or that is not the main one.
    directory: Option<DataDirectory>,
    ending_stuck_holders: bool,
    holder_report: Option<Result<u32, HolderError>>,
}

impl SqliteJournal {
    /// Opens the journal of `directory`, creating it or bringing it up to this build's tables.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(directory: &DataDirectory) -> Result<SqliteJournal, OpenError> {
        Ok(SqliteJournal {
            database: Database::open(directory)?,
            directory: Some(directory.clone()),
            ending_stuck_holders: false,
            holder_report: None,
        })
    }

    /// Opens another journal of the same form in the file `name` of `directory`, creating it or bringing it up to this
    /// build's tables. Nobody's process is ended for it.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_beside(directory: &DataDirectory, name: &str) -> Result<SqliteJournal, OpenError> {
        Ok(SqliteJournal::of(Database::open_file(&directory.file(name))?))
    }

    /// Opens the journal in the database file at `path` to read it: see [`Database::open_to_read`].
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_to_read(path: &Path) -> Result<SqliteJournal, OpenError> {
        Ok(SqliteJournal::of(Database::open_to_read(path)?))
    }

    /// The journal in `database`, which is not that of a data directory where instances run.
    pub(crate) fn of(database: Database) -> SqliteJournal {
        SqliteJournal { database, directory: None, ending_stuck_holders: false, holder_report: None }
    }

    /// Whether a write ends an instance that has held the write lock for a second without committing, for example
    /// because it is stopped; otherwise it is answered with [`Append::Busy`] or [`DbError::Busy`].
    #[must_use]
    pub fn ending_stuck_holders(mut self, on: bool) -> SqliteJournal {
        self.ending_stuck_holders = on;
        self
    }

    /// What became of the last stuck holder since this was last asked: the process that was ended, or why none was.
    /// For the log: nothing else tells of it.
    pub fn take_holder_report(&mut self) -> Option<Result<u32, HolderError>> {
        self.holder_report.take()
    }

    /// Runs a write, and once more after ending a stuck holder.
    fn write<T>(&mut self, write: impl Fn(&Database) -> Result<T, DbError>) -> Result<T, DbError> {
        if !self.ending_stuck_holders {
            return write(&self.database);
        }
        // The caller's own question must not lose its answer to ours.
        let changed = self.database.changed();
        let mut result = write(&self.database);
        if matches!(result, Err(DbError::Busy)) && self.end_holder() {
            result = write(&self.database);
        }
        if !matches!(changed, Ok(false)) {
            self.database.forget_version();
        }
        result
    }

    /// After a lock wait of a second: true if a holder was in the way that is dead now.
    fn end_holder(&mut self) -> bool {
        // Others that commit one after the other are a crowd, not a stuck holder.
        match self.database.changed() {
            Ok(false) => {}
            Ok(true) => {
                self.database.forget_version();
                return false;
            }
            Err(_) => return false,
        }
        let Some(directory) = &self.directory else { return false };
        match end_stuck_holder(directory) {
            Ok(Some(pid)) => {
                self.holder_report = Some(Ok(pid));
                true
            }
            // It has gone on by itself meanwhile.
            Ok(None) => true,
            Err(error) => {
                self.holder_report = Some(Err(error));
                false
            }
        }
    }

    /// After a failed commit its frames may still be in the log, to be found by a later recovery. A new commit from a
    /// new connection writes over them; after it what is there is what was there.
    fn settle(&mut self) -> Result<(), DbError> {
        if !self.database.is_poisoned() {
            return Ok(());
        }
        let fresh =
            Database::open_file(self.database.path()).map_err(|error| DbError::Reopen(Box::new(error)))?;
        fresh.write(|transaction| transaction.execute("UPDATE head SET settled = settled + 1", []))?;
        // What others did meanwhile is not known.
        fresh.forget_version();
        self.database = fresh;
        Ok(())
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, batch: &Batch) -> Append {
        if let Some(mistake) = batch.mistake() {
            return Append::Malformed(mistake);
        }
        let twice = batch.key_twice();
        let written = self.write(|database| {
            database.write_or_refuse(|transaction| append::append(transaction, batch, twice))
        });
        match written {
            Ok(Ok(append::Written { first_seq, head })) => Append::Durable { first_seq, head },
            Ok(Err(refusal)) => refusal,
            Err(DbError::Busy) => Append::Busy,
            Err(error @ DbError::Io(_)) => Append::Unknown(error),
            Err(error) => Append::Failed(error),
        }
    }

    fn head(&mut self) -> Result<Head, DbError> {
        self.database.read(rows::head)
    }

    fn read(&mut self, after: u64, limit: usize) -> Result<Vec<Row>, DbError> {
        self.database.read(|connection| {
            connection
                .prepare_cached(&rows::select("seq > ?1 ORDER BY seq LIMIT ?2"))?
                .query_map((rows::int(after), rows::limit(limit)), rows::row)?
                .collect()
        })
    }

    fn find_batch(&mut self, id: u64, after: u64) -> Result<Option<u64>, DbError> {
        self.settle()?;
        self.database.read(|connection| {
            connection
                .prepare_cached("SELECT seq FROM events WHERE seq > ?1 AND batch = ?2 ORDER BY seq LIMIT 1")?
                .query_row((rows::int(after), id.cast_signed()), |row| rows::count(row, 0))
                .optional()
        })
    }

    fn by_key(&mut self, key: &str) -> Result<Option<Row>, DbError> {
        self.database.read(|connection| {
            connection.prepare_cached(&rows::select("key = ?1"))?.query_row([key], rows::row).optional()
        })
    }

    fn by_subject(&mut self, subject: &str, limit: usize) -> Result<Vec<Row>, DbError> {
        self.database.read(|connection| {
            connection
                .prepare_cached(&rows::select("subject = ?1 ORDER BY seq LIMIT ?2"))?
                .query_map((subject, rows::limit(limit)), rows::row)?
                .collect()
        })
    }

    fn newest_by_subject(&mut self, subject: &str, limit: usize) -> Result<Vec<Row>, DbError> {
        self.database.read(|connection| {
            let mut newest = connection
                .prepare_cached(&rows::select("subject = ?1 ORDER BY seq DESC LIMIT ?2"))?
                .query_map((subject, rows::limit(limit)), rows::row)?
                .collect::<Result<Vec<Row>, _>>()?;
            newest.reverse();
            Ok(newest)
        })
    }

    fn stream_head(&mut self, stream: &Stream) -> Result<u64, DbError> {
        self.database.read(|connection| rows::stream_head(connection, stream))
    }

    fn leases(&mut self) -> Result<Vec<Lease>, DbError> {
        self.database.read(leases::all)
    }

    fn take_lease(&mut self, stream: &Stream, holder: u32, from_epoch: u64) -> Result<Option<u64>, DbError> {
        self.write(|database| {
            database.write_or_leave(|transaction| leases::take(transaction, stream, holder, from_epoch, None))
        })
    }

    fn take_expired(&mut self, seen: &Lease, holder: u32) -> Result<Option<u64>, DbError> {
        self.write(|database| {
            database.write_or_leave(|transaction| {
                leases::take(transaction, &seen.stream, holder, seen.epoch, Some(seen.renewals))
            })
        })
    }

    fn renew(&mut self, holder: u32, streams: &[Stream]) -> Result<Vec<Stream>, DbError> {
        self.write(|database| database.write(|transaction| leases::renew(transaction, holder, streams)))
    }

    fn register(&mut self, name: &str, now: i64, reads_schema: u32) -> Result<u32, DbError> {
        let registered = self.write(|database| {
            database.write_or_refuse(|transaction| leases::register(transaction, name, now, reads_schema))
        })?;
        registered.map_err(|written| DbError::OldBuild { reads: reads_schema, written })
    }

    fn instances(&mut self) -> Result<Vec<Instance>, DbError> {
        self.database.read(leases::instances)
    }

    fn mark_ended(&mut self, number: u32) -> Result<(), DbError> {
        self.write(|database| database.write(|transaction| leases::mark_ended(transaction, number)))
    }

    fn write_schema(&mut self) -> Result<u32, DbError> {
        self.database.read(leases::gate)
    }

    fn changed(&mut self) -> Result<bool, DbError> {
        self.database.changed()
    }
}

#[cfg(test)]
mod tests;
