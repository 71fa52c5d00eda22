//! Which `meridian up` works in a data directory, and at which addresses.
//!
//! `run.json` tells the addresses; whether it is true is told by the lock of the instance that it names.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::instances::is_live;
use super::{DataDirectory, DirectoryError, failed, open_lock};
use crate::durable;

const RUN: &str = "run.json";
const UP_LOCK: &str = "up.lock";
/// A larger file was not written by us.
const RUN_BYTES_MAX: u64 = 64 * 1024;

/// Content of `run.json`. Stored format: fields may be added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Process id of `up`.
    pub pid: u32,
    /// Name under which it is registered as an instance.
    pub instance: String,
    /// Native API: `http://127.0.0.1:7400`.
    pub listen: String,
    /// Kite-compatible listener: `http://127.0.0.1:7401`.
    pub kite_listen: String,
}

/// The running system of a data directory, seen from outside.
#[derive(Debug)]
pub struct Running;

impl Running {
    /// Addresses of the system that runs in `data`; nothing if none does, or if the file is stale or unreadable.
    pub fn find(data: &Path) -> Option<RunInfo> {
        let info = read(&data.join(RUN))?;
        is_live(data, &info.instance).ok()?.then_some(info)
    }
}

/// The right to be the one `up` of a data directory; dropping it, or dying, frees it.
#[derive(Debug)]
pub struct UpLock {
    directory: DataDirectory,
    _file: File,
}

impl UpLock {
    /// Publishes the addresses. Call it after the sockets are bound and the instance is registered.
    ///
    /// # Errors
    /// What the file system said; the old file is intact then.
    pub fn publish(&self, info: &RunInfo) -> Result<(), DirectoryError> {
        let path = self.directory.file(RUN);
        let mut text = serde_json::to_vec(info).map_err(|error| failed("write", &path, error.into()))?;
        text.push(b'\n');
        durable::replace(&path, &text).map_err(|source| failed("write", &path, source))
    }
}

impl Drop for UpLock {
    fn drop(&mut self) {
        // Only tidiness: a file that stays is recognised as stale by the free lock of its instance.
        let _ = fs::remove_file(self.directory.file(RUN));
    }
}

impl DataDirectory {
    /// Claims the directory for one `up`, and cleans up after crashed writers.
    ///
    /// # Errors
    /// [`DirectoryError::AlreadyRunning`] with the address of the first, or what the file system said.
    pub fn claim_up(&self) -> Result<UpLock, DirectoryError> {
        // This file is never removed: a lock on a removed file would guard nothing.
        let path = self.file(UP_LOCK);
        let file = open_lock(&path).map_err(|source| failed("write", &path, source))?;
        match file.try_lock() {
            Ok(()) => {
                durable::remove_unfinished(&self.path);
                // Dropping the lock of a previous life did not happen if it was killed.
                match fs::remove_file(self.file(RUN)) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        Err(failed("remove", &self.file(RUN), error))
                    }
                    _ => Ok(UpLock { directory: self.clone(), _file: file }),
                }
            }
            Err(TryLockError::WouldBlock) => {
                let listen = Running::find(&self.path).map(|info| info.listen);
                Err(DirectoryError::AlreadyRunning { path: self.path.clone(), listen })
            }
            Err(TryLockError::Error(source)) => Err(failed("lock", &path, source)),
        }
    }
}

fn read(path: &Path) -> Option<RunInfo> {
    if fs::metadata(path).ok()?.len() > RUN_BYTES_MAX {
        return None;
    }
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info() -> RunInfo {
        RunInfo {
            pid: 7,
            instance: "one".to_owned(),
            listen: "http://127.0.0.1:7400".to_owned(),
            kite_listen: "http://127.0.0.1:7401".to_owned(),
        }
    }

    #[test]
    fn a_second_up_learns_the_address_of_the_first() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(parent.path()).unwrap();
        let up = directory.claim_up().unwrap();
        let error = directory.claim_up().unwrap_err();
        assert!(matches!(error, DirectoryError::AlreadyRunning { listen: None, .. }));

        let instance = directory.register("one").unwrap();
        up.publish(&info()).unwrap();
        assert_eq!(Running::find(parent.path()), Some(info()));
        let error = directory.claim_up().unwrap_err();
        assert!(error.to_string().ends_with("at http://127.0.0.1:7400"), "{error}");

        drop((up, instance));
        assert_eq!(Running::find(parent.path()), None);
        assert!(directory.claim_up().is_ok());
    }

    #[test]
    fn a_stale_or_broken_file_is_nobody() {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(parent.path()).unwrap();
        let run = directory.file(RUN);
        let good = serde_json::to_string(&info()).unwrap();
        let evil = good.replace("\"one\"", "\"../../etc/x\"");
        for text in [&good, &evil, "", "{", "[]", &"x".repeat(100_000)] {
            fs::write(&run, text).unwrap();
            assert_eq!(Running::find(parent.path()), None);
        }
        // What a killed `up` leaves does not stop the next one, and is gone then.
        let up = directory.claim_up().unwrap();
        assert!(!run.exists());
        drop(up);
    }
}
