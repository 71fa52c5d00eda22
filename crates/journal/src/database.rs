//! One SQLite file, opened the one safe way.
//!
//! Enters: the path of a database. Leaves: a [`Database`] whose existence proves that the file is ours, its schema is
//! this build's, and every commit reaches the disk before it returns (WAL, `synchronous=FULL`).
//! Never here: clocks (times are arguments), and opening the file by any way but SQLite: closing a plain descriptor
//! would drop the POSIX locks that SQLite holds on it.
//! A `Database` is for one thread at a time; its owner puts it behind a mutex and keeps it off async threads.

mod checkpoint;
mod error;
pub mod holder;
mod migrations;
mod retry;

use std::cell::{Cell, RefCell};
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rusqlite::backup::StepResult;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, ffi};

use crate::directory::DataDirectory;
pub use checkpoint::{Checkpoint, LOG_BYTES_MAX, Restart};
pub use error::{DbError, OpenError};
use error::{is_busy, is_io, may_have_committed};
use retry::Backoff;

/// Marks the file as ours: `Mrdn` in ASCII.
pub const APPLICATION_ID: i32 = 0x4d72_646e;

/// More than the workspace has, so that none is ever prepared twice.
const STATEMENTS_KEPT: usize = 128;

/// A connection to the database of a data directory.
pub struct Database {
    connection: RefCell<Connection>,
    path: PathBuf,
    backoff: RefCell<Backoff>,
    seen_version: Cell<i64>,
    /// After a failed write to the disk nobody knows what is there: the next open has to find out.
    poisoned: Cell<bool>,
    /// Whether dropping it moves the log into the file.
    checkpoints: bool,
}

impl Database {
    /// Opens the database of `directory`, creating it or bringing its schema up to this build's.
    /// Waits at most about one second for another process.
    ///
    /// # Errors
    /// See [`OpenError`]. A file that is not ours is not changed.
    pub fn open(directory: &DataDirectory) -> Result<Database, OpenError> {
        Database::open_file(&directory.database())
    }

    /// The same for a file anywhere.
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open_file(path: &Path) -> Result<Database, OpenError> {
        let created = refuse_odd_file(path)?;
        let wrap = |source| OpenError::from_sqlite(path, source);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let mut connection = Connection::open_with_flags(path, flags).map_err(wrap)?;
        connection.busy_timeout(std::time::Duration::ZERO).map_err(wrap)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        // Until we know that the file is ours, closing it must not even move its log into it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(wrap)?;
        let mut backoff = Backoff::new();
        backoff.run(|| migrations::identify(&connection)).map_err(wrap)?.refuse_unknown(path)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map_err(wrap)?;
        if created {
            // The log and the shared memory get the mode of the file. The directory is private anyway.
            let _ = fs::set_permissions(path, Permissions::from_mode(0o600));
        }
        backoff.run(|| configure(&connection)).map_err(wrap)?.refuse_unset(path)?;
        migrations::migrate(&mut connection, &mut backoff, path, migrations::ALL)?;
        let database = Database {
            connection: RefCell::new(connection),
            path: path.to_owned(),
            backoff: RefCell::new(backoff),
            seen_version: Cell::new(0),
            poisoned: Cell::new(false),
            checkpoints: true,
        };
        database.changed().map_err(|error| error.into_open(path))?;
        Ok(database)
    }

    /// Opens the file at `path` to read its journal, and changes nothing in it: for commands that look at the database
    /// of a running instance, of another build, or at a copy. It may have an older schema than this build's. Writes are
    /// refused.
    ///
    /// # Errors
    /// See [`OpenError`]; [`OpenError::Missing`] if there is no such file, [`OpenError::NoJournal`] if it is older than
    /// the journal.
    pub fn open_to_read(path: &Path) -> Result<Database, OpenError> {
        if refuse_odd_file(path)? {
            return Err(OpenError::Missing { path: path.to_owned() });
        }
        let wrap = |source| OpenError::from_sqlite(path, source);
        // Not read-only for SQLite: a reader of a database with a log has to write into the shared memory beside it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let connection = Connection::open_with_flags(path, flags).map_err(wrap)?;
        connection.busy_timeout(std::time::Duration::ZERO).map_err(wrap)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(wrap)?;
        let mut backoff = Backoff::new();
        let identity = backoff.run(|| migrations::identify(&connection)).map_err(wrap)?;
        identity.refuse_unknown(path)?;
        identity.refuse_without_journal(path, migrations::newest(migrations::ALL))?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true).map_err(wrap)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false).map_err(wrap)?;
        connection.pragma_update(None, "query_only", true).map_err(wrap)?;
        Ok(Database {
            connection: RefCell::new(connection),
            path: path.to_owned(),
            backoff: RefCell::new(backoff),
            seen_version: Cell::new(0),
            poisoned: Cell::new(false),
            checkpoints: false,
        })
    }

    /// Copies the whole database as it is at this moment into the new file `to` (mode 0600), synced, in one step.
    /// Writers go on meanwhile; their log cannot start anew until the copy is done.
    ///
    /// # Errors
    /// See [`DbError`]. A file may be left under `to` then, and it is no copy.
    pub fn copy_into(&self, to: &Path) -> Result<(), DbError> {
        let copy = |connection: &Connection| {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX
                | OpenFlags::SQLITE_OPEN_EXRESCODE;
            let mut target = Connection::open_with_flags(to, flags)?;
            let _ = fs::set_permissions(to, Permissions::from_mode(0o600));
            match rusqlite::backup::Backup::new(connection, &mut target)?.step(-1)? {
                StepResult::Done => {}
                _ => return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
            }
            // One plain file without a log beside it.
            target.pragma_update(None, "journal_mode", "DELETE")
        };
        self.read(copy)
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The newest schema this build knows, which is the schema of every open database.
    pub fn schema() -> u32 {
        migrations::newest(migrations::ALL)
    }

    /// True if another connection has committed since the last call (or since opening). Commits of this connection do
    /// not count. Costs a few microseconds and no disk.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn changed(&self) -> Result<bool, DbError> {
        let version: i64 = self.read(|connection| {
            connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
        })?;
        Ok(self.seen_version.replace(version) != version)
    }

    /// Makes the next [`Database::changed`] say true: for a caller that could not take the change in.
    pub fn forget_version(&self) {
        // SQLite counts from one.
        self.seen_version.set(0);
    }

    /// Runs `read`, again while another process is in the way, for at most about one second.
    pub(crate) fn read<T>(&self, read: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, DbError> {
        let connection = self.connection.borrow();
        self.backoff.borrow_mut().run(|| read(&connection)).map_err(DbError::from_sqlite)
    }

    /// Runs `write` in one transaction that is on the disk when this returns `Ok`. `write` may run more than once, so
    /// it has no effect but its SQL. `Err` from `write` rolls back.
    pub(crate) fn write<T>(
        &self,
        write: impl Fn(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, DbError> {
        // `write` never answers "roll back", so there is always a value; the error is only for the compiler.
        self.write_or_leave(|transaction| write(transaction).map(Some))?
            .ok_or(DbError::Other(rusqlite::Error::QueryReturnedNoRows))
    }

    /// The same, but `Ok(None)` from `write` rolls back, too.
    pub(crate) fn write_or_leave<T>(
        &self,
        write: impl Fn(&Transaction<'_>) -> rusqlite::Result<Option<T>>,
    ) -> Result<Option<T>, DbError> {
        self.write_or_refuse(|transaction| write(transaction).map(|value| value.ok_or(()))).map(Result::ok)
    }

    /// The same, and says why it rolled back.
    pub(crate) fn write_or_refuse<T, R>(
        &self,
        write: impl Fn(&Transaction<'_>) -> rusqlite::Result<Result<T, R>>,
    ) -> Result<Result<T, R>, DbError> {
        if self.poisoned.get() {
            return Err(DbError::Poisoned);
        }
        let mut connection = self.connection.borrow_mut();
        let committing = Cell::new(false);
        let result = self.backoff.borrow_mut().run(|| {
            committing.set(false);
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = write(&transaction)?;
            committing.set(value.is_ok());
            match value {
                Ok(_) => transaction.commit()?,
                Err(_) => transaction.rollback()?,
            }
            Ok(value)
        });
        result.map_err(|error| {
            if is_io(&error) || (committing.get() && may_have_committed(&error)) {
                self.poisoned.set(true);
                return DbError::Io(error);
            }
            DbError::from_sqlite(error)
        })
    }

    /// True if nobody knows whether the last write is on the disk; this connection writes no more.
    pub(crate) fn is_poisoned(&self) -> bool {
        self.poisoned.get()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // So that the file alone is complete even while other connections keep the log.
        if self.checkpoints {
            let _ = self.checkpoint();
        }
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Database").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Returns true if there is no such file yet.
fn refuse_odd_file(path: &Path) -> Result<bool, OpenError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(false),
        Ok(_) => Err(OpenError::NotADatabase { path: path.to_owned() }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(source) if source.kind() == ErrorKind::PermissionDenied => {
            Err(OpenError::Permission { path: path.to_owned(), source: source.into() })
        }
        Err(source) => Err(OpenError::Io { path: path.to_owned(), source: source.into() }),
    }
}

/// The settings a connection must have, as read back.
struct Settings {
    rows: [(&'static str, String, &'static str); 4],
}

fn configure(connection: &Connection) -> rusqlite::Result<Settings> {
    // Schema text in the file cannot call functions, and no statement can write to SQLite's own tables.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // NORMAL would lose the last commits at a power cut although they had been acknowledged.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    let read = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    Ok(Settings {
        rows: [
            ("journal_mode", mode, "wal"),
            ("synchronous", read("synchronous")?.to_string(), "2"),
            ("foreign_keys", read("foreign_keys")?.to_string(), "1"),
            ("wal_autocheckpoint", read("wal_autocheckpoint")?.to_string(), "0"),
        ],
    })
}

impl Settings {
    fn refuse_unset(self, path: &Path) -> Result<(), OpenError> {
        for (name, found, wanted) in self.rows {
            if found != wanted {
                return Err(OpenError::Setting { path: path.to_owned(), name, found, wanted });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
