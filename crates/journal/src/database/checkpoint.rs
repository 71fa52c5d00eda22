//! Moving the write-ahead log into the database file.
//!
//! SQLite's own checkpoints are off: they would run inside a commit, and a client would wait for them. The owner
//! calls these from a thread and with a [`Database`] of its own.

use std::fs;

use super::{Database, DbError};

/// A log longer than this is started again from its beginning, which holds writers up for a moment.
pub const LOG_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What a checkpoint did; counts are pages of the write-ahead log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Pages in the log.
    pub logged: u64,
    /// Of those, pages that are now also in the database file.
    pub moved: u64,
}

/// What became of a long log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    /// Length of the log before, in bytes.
    pub log_bytes: u64,
    /// True if the next commit starts the log anew; false if a reader or a writer was in the way: call again.
    pub restarted: bool,
    /// For how long writers may have been held up, in nanoseconds.
    pub pause_nanos: u64,
}

impl Database {
    /// Moves what the write-ahead log holds into the database file as far as no reader needs it (PASSIVE): waits for
    /// nobody. The owner calls it now and then, since SQLite's own checkpoints are off.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn checkpoint(&self) -> Result<Checkpoint, DbError> {
        let (_, done) = self.run_checkpoint("PRAGMA wal_checkpoint(PASSIVE)")?;
        Ok(done)
    }

    /// The same, and if the log is longer than `bytes_max` (use [`LOG_BYTES_MAX`]) a RESTART directly after it, so
    /// that little is left to do while writers wait. `mono_nanos` reads a monotonic clock.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn checkpoint_long_log(
        &self,
        bytes_max: u64,
        mut mono_nanos: impl FnMut() -> u64,
    ) -> Result<Option<Restart>, DbError> {
        let passive = self.checkpoint()?;
        // Not the length of the file, which stays when the log starts again.
        let log_bytes = passive.logged * self.page_bytes()?;
        if log_bytes <= bytes_max {
            return Ok(None);
        }
        let before = mono_nanos();
        let (in_the_way, _) = self.run_checkpoint("PRAGMA wal_checkpoint(RESTART)")?;
        let pause_nanos = mono_nanos().saturating_sub(before);
        Ok(Some(Restart { log_bytes, restarted: !in_the_way, pause_nanos }))
    }

    /// Size of the write-ahead log's file in bytes.
    pub fn log_bytes(&self) -> u64 {
        let mut name = self.path.clone().into_os_string();
        name.push("-wal");
        fs::metadata(name).map_or(0, |metadata| metadata.len())
    }

    fn run_checkpoint(&self, sql: &str) -> Result<(bool, Checkpoint), DbError> {
        self.read(|connection| {
            connection.query_row(sql, [], |row| {
                // Minus one means that there is no log.
                let pages = |column| row.get(column).map(|pages: i64| u64::try_from(pages).unwrap_or(0));
                Ok((row.get(0)?, Checkpoint { logged: pages(1)?, moved: pages(2)? }))
            })
        })
    }

    fn page_bytes(&self) -> Result<u64, DbError> {
        self.read(|connection| connection.pragma_query_value(None, "page_size", |row| row.get(0)))
            .map(|bytes: i64| u64::try_from(bytes).unwrap_or(0))
    }
}
