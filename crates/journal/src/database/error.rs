//! Why a database cannot be opened, and why a statement failed: one variant per decision of the caller.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Nothing is there, and the caller only wanted to read.
    #[error("there is no database `{}`", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// It was made before there was a journal, or its first start was cut short.
    #[error("`{}` holds no journal", path.display())]
    NoJournal {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("`{}` is not a database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// An SQLite database with somebody else's tables.
    #[error("`{}` was made by another application (id {id:#010x})", path.display())]
    OtherApplication {
        /// The file.
        path: PathBuf,
        /// Its SQLite application id; zero if it has none.
        id: i32,
    },
    /// A newer build has already changed the schema.
    #[error("`{}` has schema {found}, this build knows schemas up to {known}", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Schema of the file.
        found: i64,
        /// Newest schema of this build.
        known: u32,
    },
    /// A migration that the file went through is not the one this build has under that number.
    #[error("migration {number} of `{}` differs from `{name}` in this build", path.display())]
    ChangedMigration {
        /// The file.
        path: PathBuf,
        /// Number of the migration.
        number: u32,
        /// Its name in this build.
        name: &'static str,
    },
    /// The content contradicts itself.
    #[error("`{}` is damaged", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: Source,
    },
    /// The user may not read or write the file or create files beside it.
    #[error("no permission to read and write `{}`", path.display())]
    Permission {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Source,
    },
    /// Another process held the write lock all the time.
    #[error("`{}` stayed locked by another process for a second", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// SQLite did not take a setting that the safety of the data needs.
    #[error("`{}` has {name} = {found} instead of {wanted}", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// Name of the setting.
        name: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        wanted: &'static str,
    },
    /// Anything else: disk full, failing disk.
    #[error("cannot open `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Source,
    },
}

/// Why a statement failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DbError {
    /// Another process held the write lock all the time; nothing was written, try again later.
    #[error("the database stayed locked by another process for a second")]
    Busy,
    /// No space; nothing was written.
    #[error("the disk with the database is full")]
    DiskFull(#[source] rusqlite::Error),
    /// A row contradicts another one; nothing was written.
    #[error("the database refused the row")]
    Constraint(#[source] rusqlite::Error),
    /// The content contradicts itself.
    #[error("the database is damaged")]
    Corrupt(#[source] rusqlite::Error),
    /// The disk failed, maybe in the middle of a commit: whether it is durable is unknown.
    #[error("the disk with the database failed")]
    Io(#[source] rusqlite::Error),
    /// An earlier write ended with [`DbError::Io`]; open the database anew to see what is there.
    #[error("an earlier write to the database failed half-way")]
    Poisoned,
    /// An instance wants to register that does not understand what is already in the journal.
    #[error("this build reads events up to schema {reads}, the journal holds schema {written}")]
    OldBuild {
        /// Newest schema of events that the instance reads.
        reads: u32,
        /// Newest schema of events in the journal.
        written: u32,
    },
    /// After a failed write the database could not be opened anew, so what is there is still unknown.
    #[error("the database cannot be opened again after a failed write")]
    Reopen(#[source] Box<OpenError>),
    /// Our mistake, or out of memory.
    #[error("the database refused the statement")]
    Other(#[source] rusqlite::Error),
}

impl OpenError {
    /// What the user can do next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            OpenError::Missing { .. } => Some("name the data directory, or a backup of it"),
            OpenError::NoJournal { .. } => Some("`meridian up` makes one at its first start"),
            OpenError::NotADatabase { .. } | OpenError::OtherApplication { .. } => {
                Some("choose another directory with --data; the file was not changed")
            }
            OpenError::NewerSchema { .. } => {
                Some("upgrade meridian to the version that wrote it, or restore a backup made before that")
            }
            OpenError::ChangedMigration { .. } => {
                Some("this is a modified build: use the released one, or another directory with --data")
            }
            OpenError::Corrupt { .. } => {
                Some("keep the file as it is and restore the newest backup beside it")
            }
            OpenError::Permission { .. } => Some("run as the owner of the data directory"),
            OpenError::Locked { .. } => {
                Some("look for a stopped or hanging meridian process that uses this data directory")
            }
            OpenError::Setting { .. } | OpenError::Io { .. } => {
                Some("check that the data directory is on a healthy local disk with free space")
            }
        }
    }

    pub(super) fn from_sqlite(path: &Path, error: rusqlite::Error) -> OpenError {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenError::NotADatabase { path },
            Some(ErrorCode::DatabaseCorrupt) => OpenError::Corrupt { path, source: error.into() },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked { path },
            Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
                OpenError::Permission { path, source: error.into() }
            }
            _ => OpenError::Io { path, source: error.into() },
        }
    }
}

impl DbError {
    pub(super) fn from_sqlite(error: rusqlite::Error) -> DbError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => DbError::Busy,
            Some(ErrorCode::DiskFull) => DbError::DiskFull(error),
            Some(ErrorCode::ConstraintViolation) => DbError::Constraint(error),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => DbError::Corrupt(error),
            Some(ErrorCode::SystemIoFailure) => DbError::Io(error),
            _ => match error {
                // A value of another type than we wrote, or an impossible number in a row.
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..) => DbError::Corrupt(error),
                error => DbError::Other(error),
            },
        }
    }

    /// What SQLite says when one of our triggers refuses: for the journal in memory, which has the same rules.
    pub(crate) fn refused(rule: &str) -> DbError {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CONSTRAINT_TRIGGER);
        DbError::Constraint(rusqlite::Error::SqliteFailure(code, Some(rule.to_owned())))
    }

    pub(super) fn into_open(self, path: &Path) -> OpenError {
        let path = path.to_owned();
        match self {
            DbError::Busy => OpenError::Locked { path },
            DbError::Corrupt(source) => OpenError::Corrupt { path, source: source.into() },
            other => OpenError::Io { path, source: other.into() },
        }
    }
}

pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

pub(super) fn is_io(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure))
}

/// For an error of COMMIT itself. A lock, a full disk and a broken rule come before the last frame is in the log.
pub(super) fn may_have_committed(error: &rusqlite::Error) -> bool {
    !matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::ConstraintViolation
        )
    )
}
