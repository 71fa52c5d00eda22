//! Proof of life: each instance holds an operating-system lock that the kernel frees when the process dies.
//!
//! A lock file gets its name only after it is locked, so a free lock under a name always means a dead instance.
//! Names are never used twice: callers draw them at random for each start.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::{DataDirectory, DirectoryError, INSTANCES, failed, open_lock};

const ENDING: &str = ".lock";

/// The lock of a living instance; dropping it, or dying, frees it.
#[derive(Debug)]
pub struct InstanceLock {
    instance: String,
    path: PathBuf,
    // Held for its lock. The descriptor is closed on exec, so a child process does not keep us alive.
    _file: File,
}

impl InstanceLock {
    /// The name it was registered under.
    pub fn instance(&self) -> &str {
        &self.instance
    }
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        // While the lock is still held, so nobody can have taken the name over.
        let _ = fs::remove_file(&self.path);
    }
}

impl DataDirectory {
    /// Declares this process to be the living instance `instance`.
    ///
    /// # Errors
    /// [`DirectoryError::AlreadyLive`], [`DirectoryError::InstanceName`], or what the file system said.
    pub fn register(&self, instance: &str) -> Result<InstanceLock, DirectoryError> {
        if !is_name(instance) {
            return Err(DirectoryError::InstanceName { instance: instance.to_owned() });
        }
        let path = lock_path(&self.path, instance);
        let unnamed = self.file(INSTANCES).join(format!(".{instance}-{}", std::process::id()));
        let wrap = |source| failed("write", &path, source);
        let file = open_lock(&unnamed).map_err(wrap)?;
        match file.try_lock() {
            Ok(()) => {}
            // Two threads of one process use the same name at once.
            Err(TryLockError::WouldBlock) => {
                return Err(DirectoryError::AlreadyLive { instance: instance.to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(wrap(source)),
        }
        let linked = link(&unnamed, &path, instance);
        let _ = fs::remove_file(&unnamed);
        linked.map(|()| InstanceLock { instance: instance.to_owned(), path, _file: file })
    }

    /// Names of the instances that are alive, sorted. Lock files of dead ones are removed.
    ///
    /// # Errors
    /// What the file system said.
    pub fn live_instances(&self) -> Result<Vec<String>, DirectoryError> {
        let directory = self.file(INSTANCES);
        let wrap = |source| failed("read", &directory, source);
        let mut live = Vec::new();
        let entries = match fs::read_dir(&directory) {
            // A database that was restored by hand: nothing was ever started there.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(live),
            entries => entries.map_err(wrap)?,
        };
        for entry in entries {
            let name = entry.map_err(wrap)?.file_name();
            let Some(instance) = name.to_str().and_then(|name| name.strip_suffix(ENDING)) else { continue };
            if !is_name(instance) {
                continue;
            }
            if is_live(&self.path, instance).map_err(wrap)? {
                live.push(instance.to_owned());
            } else {
                let _ = fs::remove_file(lock_path(&self.path, instance));
            }
        }
        live.sort();
        Ok(live)
    }
}

impl DataDirectory {
    /// The lock files of all instances that did not end well or are alive.
    pub(crate) fn instance_locks(&self) -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(self.file(INSTANCES))? {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == &ENDING[1..]) {
                paths.push(path);
            }
        }
        Ok(paths)
    }
}

/// True if some process holds the lock of `instance` in the data directory `data`.
pub(super) fn is_live(data: &Path, instance: &str) -> io::Result<bool> {
    if !is_name(instance) {
        return Ok(false);
    }
    let file = match File::open(lock_path(data, instance)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // Shared, so that two processes which look at the same moment do not take each other for the instance.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn link(unnamed: &Path, path: &Path, instance: &str) -> Result<(), DirectoryError> {
    let wrap = |source| failed("write", path, source);
    let already = || DirectoryError::AlreadyLive { instance: instance.to_owned() };
    match fs::hard_link(unnamed, path) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(wrap(error)),
    }
    let data = path.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    if is_live(data, instance).map_err(wrap)? {
        return Err(already());
    }
    let _ = fs::remove_file(path);
    fs::hard_link(unnamed, path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => already(),
        _ => wrap(error),
    })
}

fn lock_path(data: &Path, instance: &str) -> PathBuf {
    data.join(INSTANCES).join(format!("{instance}{ENDING}"))
}

fn is_name(instance: &str) -> bool {
    (1..=64).contains(&instance.len())
        && instance.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> (tempfile::TempDir, DataDirectory) {
        let parent = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(&parent.path().join("data")).unwrap();
        (parent, directory)
    }

    #[test]
    fn an_instance_lives_as_long_as_its_lock() {
        let (_parent, directory) = data();
        let one = directory.register("one").unwrap();
        let two = directory.register("two").unwrap();
        assert_eq!(directory.live_instances().unwrap(), ["one", "two"]);
        assert!(matches!(directory.register("one"), Err(DirectoryError::AlreadyLive { .. })));
        drop(one);
        assert_eq!(directory.live_instances().unwrap(), ["two"]);
        assert_eq!(two.instance(), "two");
        assert!(directory.register("one").is_ok());
    }

    #[test]
    fn the_lock_file_of_a_dead_instance_is_removed() {
        let (_parent, directory) = data();
        let stale = lock_path(directory.path(), "dead");
        fs::write(&stale, "").unwrap();
        assert_eq!(directory.live_instances().unwrap(), [""; 0]);
        assert!(!stale.exists());
        fs::write(&stale, "").unwrap();
        assert!(directory.register("dead").is_ok(), "a dead one does not block its name");
    }

    #[test]
    fn names_stay_inside_the_directory() {
        let (_parent, directory) = data();
        for name in ["", "../x", "a/b", "A", "a.b", &"a".repeat(65)] {
            assert!(matches!(directory.register(name), Err(DirectoryError::InstanceName { .. })), "{name}");
            assert!(!is_live(directory.path(), name).unwrap());
        }
    }
}
