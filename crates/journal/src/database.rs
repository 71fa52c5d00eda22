//! One SQLite file, opened the one safe way.
//!
//! Enters: the path of a database. Leaves: a [`Database`] whose existence proves that the file is ours, its schema is
//! this build's, and every commit reaches the disk before it returns (WAL, `synchronous=FULL`).
//! Never here: clocks (times are arguments), and opening the file by any way but SQLite: closing a plain descriptor
//! would drop the POSIX locks that SQLite holds on it.
//! A `Database` is for one thread at a time; its owner puts it behind a mutex and keeps it off async threads.

mod error;
mod migrations;
mod retry;

use std::cell::{Cell, RefCell};
use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::directory::DataDirectory;
pub use error::{DbError, OpenError};
use error::{is_busy, is_io};
use retry::Backoff;

/// Marks the file as ours: `Mrdn` in ASCII.
pub const APPLICATION_ID: i32 = 0x4d72_646e;

/// A connection to the database of a data directory.
pub struct Database {
    connection: RefCell<Connection>,
    path: PathBuf,
    backoff: RefCell<Backoff>,
    seen_version: Cell<i64>,
    /// After a failed write to the disk nobody knows what is there: the next open has to find out.
    poisoned: Cell<bool>,
}

/// What a checkpoint did; counts are pages of the write-ahead log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Pages in the log.
    pub logged: u64,
    /// Of those, pages that are now also in the database file.
    pub moved: u64,
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
        };
        database.changed().map_err(|error| error.into_open(path))?;
        Ok(database)
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

    /// Moves what the write-ahead log holds into the database file as far as no reader needs it (PASSIVE): waits for
    /// nobody. The owner calls it now and then, since SQLite's own checkpoints are off.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn checkpoint(&self) -> Result<Checkpoint, DbError> {
        let (logged, moved): (i64, i64) = self.read(|connection| {
            connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok((row.get(1)?, row.get(2)?)))
        })?;
        Ok(Checkpoint {
            logged: u64::try_from(logged).unwrap_or(0),
            moved: u64::try_from(moved).unwrap_or(0),
        })
    }

    /// Size of the write-ahead log in bytes.
    pub fn log_bytes(&self) -> u64 {
        let mut name = self.path.clone().into_os_string();
        name.push("-wal");
        fs::metadata(name).map_or(0, |metadata| metadata.len())
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
        if self.poisoned.get() {
            return Err(DbError::Poisoned);
        }
        let mut connection = self.connection.borrow_mut();
        let result = self.backoff.borrow_mut().run(|| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = write(&transaction)?;
            match value {
                Some(_) => transaction.commit()?,
                None => transaction.rollback()?,
            }
            Ok(value)
        });
        if result.as_ref().is_err_and(is_io) {
            self.poisoned.set(true);
        }
        result.map_err(DbError::from_sqlite)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // So that the file alone is complete even while other connections keep the log.
        let _ = self.checkpoint();
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
