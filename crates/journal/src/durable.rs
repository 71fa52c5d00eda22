//! Small files that are either there completely or not at all, also after a power cut.
//!
//! Enters: a path and bytes. Leaves: a file with mode 0600, synced together with its directory entry.
//! Never here: the database file, which is opened only through SQLite.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Ending of files that are being written; a start removes those that a crash left behind.
pub(crate) const UNFINISHED: &str = ".unfinished";

/// Creates `path` with `bytes`, unless it exists: then it is left alone and `false` is returned.
///
/// # Errors
/// Any error of the file system; nothing is left under `path` then.
pub fn create(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    // A hard link, because it fails when the name is taken, where a rename would replace another process' file.
    publish(path, bytes, |unfinished| match fs::hard_link(unfinished, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    })
}

/// Replaces `path` by a file with `bytes`; readers see the old content or the new, never a mixture.
///
/// # Errors
/// Any error of the file system; the old content is still there then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    publish(path, bytes, |unfinished| fs::rename(unfinished, path))
}

/// Makes names created or removed in `directory` survive a power cut.
///
/// # Errors
/// Any error of the file system.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Fails unless files can be created in `directory`.
pub(crate) fn probe(directory: &Path) -> io::Result<()> {
    fs::remove_file(write_unfinished(directory, &[])?)
}

fn publish<T>(path: &Path, bytes: &[u8], give_name: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut tries_left = 3;
    loop {
        let unfinished = write_unfinished(directory, bytes)?;
        let named = give_name(&unfinished);
        // After a rename there is nothing to remove; a failure here would only leave a file for the next start.
        let _ = fs::remove_file(&unfinished);
        match named {
            // Another process that starts at this moment may have cleaned our unfinished file away.
            Err(error) if error.kind() == ErrorKind::NotFound && tries_left > 0 => tries_left -= 1,
            Err(error) => return Err(error),
            Ok(value) => {
                sync_directory(directory)?;
                return Ok(value);
            }
        }
    }
}

fn write_unfinished(directory: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Another host or container may share the directory and use our process id: go on to the next free name.
    for _ in 0..1_000 {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!(".{}-{number}{UNFINISHED}", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
            Ok(mut file) => {
                return match file.write_all(bytes).and_then(|()| file.sync_all()) {
                    Ok(()) => Ok(path),
                    Err(error) => {
                        let _ = fs::remove_file(&path);
                        Err(error)
                    }
                };
            }
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, "too many unfinished files in the directory"))
}

/// Removes what crashed writers left in `directory`. Never fails: the next start tries again.
pub(crate) fn remove_unfinished(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(UNFINISHED)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn create_keeps_the_first_content_and_replace_the_last() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        assert!(create(&path, b"one").unwrap());
        assert!(!create(&path, b"two").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        replace(&path, b"three").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing unfinished stays");
    }

    #[test]
    fn of_many_creators_exactly_one_wins() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let wins: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8_u8)
                .map(|number| {
                    let path = &path;
                    scope.spawn(move || usize::from(create(path, &[number; 100]).unwrap()))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(wins, 1);
        let content = fs::read(&path).unwrap();
        assert_eq!(content, [content[0]; 100]);
    }

    #[test]
    fn leftovers_of_a_crash_are_removed_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        for name in [".1-0.unfinished", "notes.unfinished", ".hidden"] {
            fs::write(directory.path().join(name), "x").unwrap();
        }
        remove_unfinished(directory.path());
        let mut left: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".hidden", "notes.unfinished"]);
    }
}
