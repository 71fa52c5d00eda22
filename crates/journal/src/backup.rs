//! A backup: a directory with a copy of the database and a manifest that says what must be in it.
//!
//! Enters: a database file, running or not; where the backup goes; what the caller found in the copy. Leaves: a directory
//! that appears under its name only when it is whole and on the disk.
//! Never here: what a state is: its hash comes from the caller.
//!
//! ```text
//! TO/meridian.db     a plain SQLite file without a log beside it
//! TO/control.db      the same, where there is one
//! TO/manifest.json   see [`Manifest`]
//! TO/server.key      only on demand, as TO/vault.key
//! ```

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::database::{Database, DbError, OpenError};
use crate::directory::{CONTROL, DATABASE};
use crate::durable;
use crate::events::{CheckError, Head, SqliteJournal, check};

/// Name of the manifest inside a backup.
pub const MANIFEST: &str = "manifest.json";
/// No manifest of ours is longer.
const MANIFEST_BYTES_MAX: usize = 64 * 1024;

/// What is in a backup. Stored format: fields may be added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Sequence of the newest row.
    pub seq: u64,
    /// Its hash, hexadecimal.
    pub head_hash: String,
    /// Version of the projection that `state_hash` is of.
    pub projection: u32,
    /// Hash of the state after that row, hexadecimal.
    pub state_hash: String,
    /// Version of the program that made the backup.
    pub version: String,
    /// When it was made: machine time, Unix nanoseconds.
    pub time_ns: i64,
    /// Names of the key files that are in it.
    #[serde(default)]
    pub keys: Vec<String>,
    /// The newest row of control's journal, where that is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<ControlHead>,
}

/// The newest row of control's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlHead {
    /// Its sequence.
    pub seq: u64,
    /// Its hash, hexadecimal.
    pub head_hash: String,
}

/// Why there is no backup, or why it cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// Something has that name.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The name.
        path: PathBuf,
    },
    /// Another backup to the same place is under way, or was interrupted.
    #[error("`{}` is a backup that is being made or was interrupted", path.display())]
    Unfinished {
        /// Its directory.
        path: PathBuf,
    },
    /// Not a backup.
    #[error("`{}` is not a backup: it has no readable {MANIFEST}", path.display())]
    NoManifest {
        /// The directory.
        path: PathBuf,
    },
    /// The database cannot be opened.
    #[error("cannot open the database")]
    Open(#[from] OpenError),
    /// The database cannot be read or the copy not written.
    #[error("cannot copy the database")]
    Copy(#[from] DbError),
    /// The copy is not whole.
    #[error("the copy does not hold together")]
    Check(#[from] CheckError),
    /// Its copy of control's journal is not what the manifest says.
    #[error("`{}` holds another journal of control than its {MANIFEST} says", path.display())]
    OtherControl {
        /// The directory.
        path: PathBuf,
    },
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

impl BackupError {
    /// What the user can do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            BackupError::Exists { .. } => Some("backups are never overwritten: choose another name".into()),
            BackupError::Unfinished { path } => {
                Some(format!("if no backup is running, remove {} and try again", path.display()))
            }
            BackupError::NoManifest { .. } => {
                Some("name a directory that `meridian journal backup` has made".into())
            }
            BackupError::Open(error) => error.hint().map(str::to_owned),
            BackupError::Check(_) => {
                Some("`meridian journal verify` on the original tells whether the damage is there".into())
            }
            BackupError::OtherControl { .. } => {
                Some("files of two backups were mixed, or one was changed: use another backup".into())
            }
            BackupError::Copy(_) | BackupError::Io { .. } => None,
        }
    }
}

/// A copy that has not got its name yet. Dropping it removes it.
#[derive(Debug)]
pub struct Unfinished {
    place: PathBuf,
    to: PathBuf,
    keys: Vec<String>,
    control: Option<ControlHead>,
    published: bool,
}

/// Copies the database `from` beside where the backup `to` will be.
///
/// # Errors
/// See [`BackupError`]; nothing is left then.
pub fn begin(from: &Path, to: &Path) -> Result<Unfinished, BackupError> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists { path: to.to_owned() });
    }
    let source = Database::open_to_read(from)?;
    let place = place_of(to);
    DirBuilder::new().mode(0o700).create(&place).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => BackupError::Unfinished { path: place.clone() },
        _ => failed("create", &place, error),
    })?;
    let mut unfinished =
        Unfinished { place, to: to.to_owned(), keys: Vec::new(), control: None, published: false };
    source.copy_into(&unfinished.database())?;
    let control = from.with_file_name(CONTROL);
    if control.exists() {
        let copy = unfinished.place.join(CONTROL);
        Database::open_to_read(&control)?.copy_into(&copy)?;
        unfinished.control = Some(control_head(&copy)?);
    }
    Ok(unfinished)
}

/// The newest row of a copy of control's journal, whose whole chain is checked.
pub(crate) fn control_head(copy: &Path) -> Result<ControlHead, BackupError> {
    let head = check(&mut SqliteJournal::open_to_read(copy)?)?.head;
    Ok(ControlHead { seq: head.seq, head_hash: crate::hex::encode(&head.hash) })
}

/// Where the backup `to` is made, under a name that says that it is not finished.
pub fn place_of(to: &Path) -> PathBuf {
    let name = to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    to.with_file_name(format!(".{name}{}", durable::UNFINISHED))
}

impl Unfinished {
    /// The copy.
    pub fn database(&self) -> PathBuf {
        self.place.join(DATABASE)
    }

    /// The journal in the copy.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn journal(&self) -> Result<SqliteJournal, OpenError> {
        SqliteJournal::open_to_read(&self.database())
    }

    /// Adds the key file `from`, if it is there.
    ///
    /// # Errors
    /// [`BackupError::Io`].
    pub fn add_key(&mut self, from: &Path) -> Result<(), BackupError> {
        let Some(name) = from.file_name().and_then(|name| name.to_str()) else { return Ok(()) };
        match fs::read(from) {
            Ok(bytes) => {
                let path = self.place.join(name);
                durable::create(&path, &bytes).map_err(|error| failed("write", &path, error))?;
                self.keys.push(name.to_owned());
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed("read", from, error)),
        }
    }

    /// Writes the manifest, syncs everything and gives the backup its name. `manifest.keys` and
    /// `manifest.control` are filled in here.
    ///
    /// # Errors
    /// [`BackupError::Exists`] if something has taken the name meanwhile, or [`BackupError::Io`].
    pub fn publish(mut self, manifest: Manifest) -> Result<Manifest, BackupError> {
        let (keys, control) = (std::mem::take(&mut self.keys), self.control.take());
        let manifest = Manifest { keys, control, ..manifest };
        let path = self.place.join(MANIFEST);
        let text =
            serde_json::to_string_pretty(&manifest).map_err(|error| failed("write", &path, error.into()))?;
        durable::create(&path, format!("{text}\n").as_bytes())
            .map_err(|error| failed("write", &path, error))?;
        if fs::symlink_metadata(&self.to).is_ok() {
            return Err(BackupError::Exists { path: self.to.clone() });
        }
        fs::rename(&self.place, &self.to).map_err(|error| failed("create", &self.to, error))?;
        self.published = true;
        durable::sync_directory(parent(&self.to)).map_err(|error| failed("sync", &self.to, error))?;
        Ok(manifest)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.published {
            // What stays is named by the next attempt.
            let _ = fs::remove_dir_all(&self.place);
        }
    }
}

/// Reads the manifest of the backup `from`.
///
/// # Errors
/// [`BackupError::NoManifest`].
pub fn manifest(from: &Path) -> Result<Manifest, BackupError> {
    let none = || BackupError::NoManifest { path: from.to_owned() };
    let bytes = fs::read(from.join(MANIFEST)).map_err(|_| none())?;
    if bytes.len() > MANIFEST_BYTES_MAX {
        return Err(none());
    }
    serde_json::from_slice(&bytes).map_err(|_| none())
}

impl Manifest {
    /// True if this is the head that it names.
    pub fn is_at(&self, head: Head) -> bool {
        self.seq == head.seq && self.head_hash == crate::hex::encode(&head.hash)
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn failed(attempt: &'static str, path: &Path, source: io::Error) -> BackupError {
    BackupError::Io { attempt, path: path.to_owned(), source }
}
