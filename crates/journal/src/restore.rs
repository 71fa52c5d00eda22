//! A restored journal: the rows of a backup, then those of a shipped log, then a beginning of its own.
//!
//! Enters: an empty place for a data directory, a backup, rows in the order of their chain, machine time. Leaves: a
//! data directory in which every instance and every lease of before is over.
//! Never here: what a beginning says (the caller writes that row), randomness, clocks.
//!
//! Everything is made in a directory of its own inside the target. The database gets its name last, so whatever cuts
//! this short leaves nothing that could be started.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::backup::{BackupError, Manifest, control_head, manifest};
use crate::database::{Database, DbError, OpenError};
use crate::directory::{CONTROL, DATABASE, DataDirectory, DirectoryError};
use crate::durable;
use crate::events::{Append, Batch, BatchIds, Journal, NewRow, Row, SqliteJournal};

/// Epochs go up by so much, so that none is used again that a lost machine may have given out after the backup.
pub const EPOCH_JUMP: u64 = 1 << 32;

const PLACE: &str = ".restore.unfinished";

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The target has files.
    #[error("`{}` is not empty", path.display())]
    NotEmpty {
        /// The target.
        path: PathBuf,
    },
    /// The backup cannot be used.
    #[error("cannot use the backup")]
    Backup(#[from] BackupError),
    /// The copied database cannot be opened.
    #[error("cannot open the copied database")]
    Open(#[from] OpenError),
    /// It cannot be read or written.
    #[error("cannot write the restored journal")]
    Database(#[from] DbError),
    /// It took no row.
    #[error("the restored journal refused its first row: {0}")]
    Refused(String),
    /// The new data directory.
    #[error("cannot make the data directory")]
    Directory(#[from] DirectoryError),
    /// Anything else that the file system said.
    #[error("cannot {attempt} `{}`", path.display())]
    Io {
        /// What was attempted.
        attempt: &'static str,
        /// Where.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

impl RestoreError {
    /// What the user can do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            RestoreError::NotEmpty { .. } => {
                Some("restore into a new or empty directory with --data DIR; nothing was changed here".into())
            }
            RestoreError::Backup(error) => error.hint(),
            RestoreError::Open(error) => error.hint().map(str::to_owned),
            RestoreError::Database(DbError::OldBuild { .. }) => {
                Some("restore with the version that wrote these rows, or a newer one".into())
            }
            RestoreError::Directory(error) => error.hint(),
            RestoreError::Database(_) | RestoreError::Refused(_) | RestoreError::Io { .. } => None,
        }
    }
}

/// A restore that is under way. Dropping it removes what was made.
#[derive(Debug)]
pub struct Restoring {
    target: PathBuf,
    /// A directory that this restore has made goes with it.
    made_target: bool,
    manifest: Manifest,
    journal: Option<SqliteJournal>,
    instance: u32,
    done: bool,
}

/// Copies the backup `from` into `target`, a directory that is empty or not there.
///
/// # Errors
/// See [`RestoreError`]; nothing is left then.
pub fn begin(from: &Path, target: &Path) -> Result<Restoring, RestoreError> {
    let manifest = manifest(from)?;
    let made_target = refuse_used(target)?;
    let place = target.join(PLACE);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&place)
        .map_err(|error| failed("create", &place, error))?;
    let mut restoring = Restoring {
        target: target.to_owned(),
        made_target,
        manifest,
        journal: None,
        instance: 0,
        done: false,
    };
    Database::open_to_read(&from.join(DATABASE))?.copy_into(&place.join(DATABASE))?;
    if let Some(control) = restoring.manifest.control.clone() {
        let copy = place.join(CONTROL);
        Database::open_to_read(&from.join(CONTROL)).map_err(BackupError::Open)?.copy_into(&copy)?;
        if control_head(&copy)? != control {
            return Err(BackupError::OtherControl { path: from.to_owned() }.into());
        }
    }
    for name in restoring.manifest.keys.clone() {
        // A name from a file: never a path.
        if !matches!(&*name, "server.key" | "vault.key") {
            continue;
        }
        let (source, copy) = (from.join(&name), place.join(&name));
        let bytes = fs::read(&source).map_err(|error| failed("read", &source, error))?;
        durable::create(&copy, &bytes).map_err(|error| failed("write", &copy, error))?;
    }
    restoring.journal = Some(SqliteJournal::of(Database::open_file(&place.join(DATABASE))?));
    Ok(restoring)
}

impl Restoring {
    /// What the backup says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The journal as it is so far: to be checked before anything is added.
    pub fn journal(&mut self) -> &mut SqliteJournal {
        // Present from `begin` to `finish`, which consumes this.
        match &mut self.journal {
            Some(journal) => journal,
            None => unreachable!("the journal is open until the end of the restore"),
        }
    }

    /// Ends every instance of before and registers this restore, above their numbers and above `number`, the highest
    /// that rows to come were written by. `now` is machine time in Unix nanoseconds, `reads_schema` the newest schema
    /// of events that the caller understands.
    ///
    /// # Errors
    /// [`RestoreError::Database`], of it [`DbError::OldBuild`] if the journal has newer rows.
    pub fn take_over(&mut self, number: u32, now: i64, reads_schema: u32) -> Result<u32, RestoreError> {
        let name = format!("restore-{now}");
        let instance = self.journal().register_alone(&name, now, reads_schema, number)?;
        self.instance = instance;
        Ok(instance)
    }

    /// Appends rows of a shipped log as they are, after [`Restoring::take_over`]. At most
    /// [`BATCH_ROWS_MAX`](crate::events::BATCH_ROWS_MAX) are a good portion.
    ///
    /// # Errors
    /// [`RestoreError::Database`] also for rows that do not continue the chain.
    pub fn put(&mut self, rows: &[Row]) -> Result<(), RestoreError> {
        let instance = self.instance;
        Ok(self.journal().put_rows(rows, instance)?)
    }

    /// Appends `began`, the first row of the restored journal, raises all epochs, ends this restore's instance, and
    /// gives the database its name. `now` is machine time in Unix nanoseconds.
    ///
    /// # Errors
    /// See [`RestoreError`]; nothing that could be started is left then.
    pub fn finish(mut self, began: NewRow, now: i64) -> Result<DataDirectory, RestoreError> {
        let instance = self.instance;
        let batch = Batch {
            id: BatchIds::new(instance).next_id(),
            time: now,
            rows: vec![began],
            claims: Vec::new(),
            control_seen: None,
        };
        let journal = self.journal();
        match journal.append(&batch) {
            Append::Durable { .. } => {}
            other => return Err(RestoreError::Refused(format!("{other:?}"))),
        }
        journal.jump_epochs(instance, EPOCH_JUMP)?;
        journal.mark_ended(instance)?;
        // The last connection that closes moves the log into the file.
        self.journal = None;
        let place = self.target.join(PLACE);
        let names = self.manifest.keys.iter().map(String::as_str).chain([CONTROL, DATABASE]);
        for name in names {
            let (from, to) = (place.join(name), self.target.join(name));
            if from.exists() {
                fs::rename(&from, &to).map_err(|error| failed("create", &to, error))?;
                durable::sync_directory(&self.target).map_err(|error| failed("sync", &to, error))?;
            }
        }
        self.done = true;
        let _ = fs::remove_dir_all(&place);
        Ok(DataDirectory::open_or_create(&self.target)?)
    }
}

impl Drop for Restoring {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        self.journal = None;
        let _ = fs::remove_dir_all(self.target.join(PLACE));
        if self.made_target {
            // Fails if somebody has put something there meanwhile, as it should.
            let _ = fs::remove_dir(&self.target);
        }
    }
}

/// True if there is no such directory yet. What an interrupted restore left is removed.
fn refuse_used(target: &Path) -> Result<bool, RestoreError> {
    let entries = match fs::read_dir(target) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(failed("read", target, error)),
    };
    let mut left = false;
    for entry in entries {
        match entry.map_err(|error| failed("read", target, error))?.file_name().to_str() {
            Some(PLACE) => left = true,
            Some("lost+found") => {}
            _ => return Err(RestoreError::NotEmpty { path: target.to_owned() }),
        }
    }
    if left {
        let place = target.join(PLACE);
        fs::remove_dir_all(&place).map_err(|error| failed("remove", &place, error))?;
    }
    Ok(false)
}

fn failed(attempt: &'static str, path: &Path, source: io::Error) -> RestoreError {
    RestoreError::Io { attempt, path: path.to_owned(), source }
}
