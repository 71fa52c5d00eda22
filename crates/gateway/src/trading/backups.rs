//! Backups that are checked: made on demand, and once a day into the data directory.
//!
//! A backup appears under its name only after its copy was read from the first row to the last: the chain holds and every
//! row folds. The manifest has the hash of the state that came out.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use journal::backup::{self, BackupError, Manifest};
use journal::events::{CheckError, check_each};
use journal::{DataDirectory, hex};
use market::UnixNanos;
use trade::projection;

use super::replay::{Fold, FoldError};

/// Folder of the daily ones inside the data directory.
pub const FOLDER: &str = "backups";
/// Daily ones that are kept.
const KEPT: usize = 7;
const LOCK: &str = "lock";

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupFailed {
    /// Files and database.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The copy holds rows of a newer build.
    #[error("cannot fold the copy")]
    Fold(#[from] FoldError),
    /// The folder of the daily ones.
    #[error("cannot use the folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl BackupFailed {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            BackupFailed::Backup(error) => error.hint(),
            BackupFailed::Fold(_) => Some("make the backup with the version that runs".into()),
            BackupFailed::Folder { .. } => None,
        }
    }
}

/// Who makes a backup, and when.
#[derive(Clone, Copy, Debug)]
pub struct Maker {
    /// Version of this program.
    pub version: &'static str,
    /// Machine time.
    pub now: UnixNanos,
}

/// Makes the backup `to` of the database file `from`, with the key files `keys` as far as they are there. `progress` is
/// told how many rows of how many were checked.
///
/// # Errors
/// [`BackupFailed`]; nothing is left then.
pub fn take(
    from: &Path,
    to: &Path,
    keys: &[PathBuf],
    maker: Maker,
    mut progress: impl FnMut(u64, u64),
) -> Result<Manifest, BackupFailed> {
    let mut unfinished = backup::begin(from, to)?;
    for key in keys {
        unfinished.add_key(key)?;
    }
    let mut journal = unfinished.journal().map_err(BackupError::Open)?;
    let (fold, checked) = fold_all(&mut journal, &mut progress);
    // Before the manifest: nothing may have the copy open when it gets its name.
    drop(journal);
    checked.map_err(BackupError::Check)?;
    let fold = fold?;
    Ok(unfinished.publish(Manifest {
        seq: fold.head().seq,
        head_hash: hex::encode(&fold.head().hash),
        projection: projection::VERSION,
        state_hash: hex::encode(&fold.state_hash()),
        version: maker.version.to_owned(),
        time_ns: maker.now.0,
        keys: Vec::new(),
        control: None,
    })?)
}

/// Checks a whole journal and folds it on the way.
pub(super) fn fold_all(
    journal: &mut journal::events::SqliteJournal,
    progress: &mut impl FnMut(u64, u64),
) -> (Result<Fold, FoldError>, Result<(), CheckError>) {
    let mut fold = Ok(Fold::new());
    let checked = check_each(journal, |row, head| {
        if let Ok(state) = &mut fold
            && let Err(error) = state.push(row)
        {
            fold = Err(error);
        }
        progress(row.seq, head.seq);
    });
    (fold, checked.map(drop))
}

/// Makes today's backup (by the date in India) in the data directory, unless it is there or another process makes it, and
/// removes all but the newest seven.
///
/// # Errors
/// [`BackupFailed`].
pub fn daily(directory: &DataDirectory, maker: Maker) -> Result<Option<Manifest>, BackupFailed> {
    let folder = directory.file(FOLDER);
    let to = folder.join(maker.now.ist_date().to_string());
    if to.exists() {
        return Ok(None);
    }
    let wrap = |source| BackupFailed::Folder { path: folder.clone(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(wrap)?;
    let lock = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(folder.join(LOCK))
        .map_err(wrap)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(source)) => return Err(wrap(source)),
    }
    if to.exists() {
        return Ok(None);
    }
    remove_unfinished(&folder);
    let made = take(&directory.database(), &to, &[], maker, |_, _| {})?;
    prune(&folder);
    Ok(Some(made))
}

/// What processes left that were ended in the middle; the lock says that none is at work.
fn remove_unfinished(folder: &Path) {
    for name in names(folder) {
        if name.starts_with('.') {
            // The next one tries again.
            let _ = fs::remove_dir_all(folder.join(name));
        }
    }
}

fn prune(folder: &Path) {
    let mut days: Vec<String> =
        names(folder).into_iter().filter(|name| name.parse::<jiff::civil::Date>().is_ok()).collect();
    days.sort();
    for name in days.iter().take(days.len().saturating_sub(KEPT)) {
        if let Err(error) = fs::remove_dir_all(folder.join(name)) {
            tracing::warn!(backup = name, %error, "an old backup was not removed");
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use journal::Database;

    const DAY: i64 = 86_400_000_000_000;

    fn maker(day: i64) -> Maker {
        Maker { version: "1.0", now: UnixNanos(1_795_000_000_000_000_000 + day * DAY) }
    }

    #[test]
    fn one_backup_a_day_and_seven_are_kept() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(&parent.path().join("data")).unwrap();
        drop(Database::open(&directory).unwrap());
        let folder = directory.file(FOLDER);
        for day in 0..9 {
            assert!(daily(&directory, maker(day)).unwrap().is_some());
            assert!(daily(&directory, maker(day)).unwrap().is_none(), "made today");
            let left = folder.join(".2026-01-01.unfinished");
            fs::create_dir(&left).unwrap();
        }
        let mut days = names(&folder);
        days.sort();
        let last = maker(8).now.ist_date().to_string();
        assert_eq!(days.len(), 1 + KEPT + 1, "one was left unfinished after the last: {days:?}");
        assert!(days.contains(&last) && !days.contains(&maker(0).now.ist_date().to_string()), "{days:?}");
    }

    #[test]
    fn a_process_that_is_at_work_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(&parent.path().join("data")).unwrap();
        drop(Database::open(&directory).unwrap());
        let folder = directory.file(FOLDER);
        fs::create_dir(&folder).unwrap();
        let lock = File::create(folder.join(LOCK)).unwrap();
        lock.lock().unwrap();
        assert!(daily(&directory, maker(0)).unwrap().is_none());
        drop(lock);
        assert!(daily(&directory, maker(0)).unwrap().is_some());
    }
}
