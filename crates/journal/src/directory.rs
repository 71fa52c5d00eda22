//! The data directory: is this path ours, is it usable, who lives in it.
//!
//! Enters: a path given by the user. Leaves: a [`DataDirectory`] whose existence proves that the path is a directory
//! that carries our marker on a local file system; locks of instances; the addresses of a running system.
//! Never here: opening the database (see [`crate::database`]), keys, processes.
//! Nothing that we did not write is ever changed or removed.

mod filesystem;
mod instances;
mod running;

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::durable;

pub use instances::InstanceLock;
pub use running::{RunInfo, Running, UpLock};

/// Name of the database file inside a data directory.
pub const DATABASE: &str = "meridian.db";
/// Name of the journal of releases, runbooks and incidents, beside it.
pub const CONTROL: &str = "control.db";
/// The first file written into a new data directory, so that an interrupted first start is recognised as ours.
const MARKER: &str = ".meridian";
const MARKER_TEXT: &str = "This directory belongs to Meridian: its database, keys and locks.\n";
const INSTANCES: &str = "instances";
/// How many strange files an error names.
const NAMED: usize = 3;

/// A directory that carries our marker, on a local file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDirectory {
    path: PathBuf,
}

/// Why a data directory cannot be used. `hint` says what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// Nothing is at that path, and the caller did not want it created.
    #[error("there is no data directory at `{}`", path.display())]
    Missing {
        /// The path as given.
        path: PathBuf,
    },
    /// The path, or a part of it, is a file.
    #[error("`{}` is not a directory", path.display())]
    NotADirectory {
        /// The path as given.
        path: PathBuf,
    },
    /// The directory holds files, and none of them says that it is ours.
    #[error("`{}` holds files of something else: {}", path.display(), strange.join(", "))]
    Foreign {
        /// The path as given.
        path: PathBuf,
        /// A few names found there, the last one `...` if there are more.
        strange: Vec<String>,
    },
    /// SQLite's locks and shared memory are not safe on this kind of file system.
    #[error("`{}` is on a network file system ({kind})", path.display())]
    Network {
        /// The path as given.
        path: PathBuf,
        /// The type as the kernel names it: `nfs4`, `cifs`, `fuse.sshfs`.
        kind: String,
    },
    /// The user may not read or write there.
    #[error("no permission to {attempt} `{}`", path.display())]
    Permission {
        /// What was attempted: `read`, `write`, `create`.
        attempt: &'static str,
        /// Where.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Another `meridian up` works in this directory.
    #[error("another `meridian up` is running in `{}`{}", path.display(), address(listen.as_deref()))]
    AlreadyRunning {
        /// The data directory.
        path: PathBuf,
        /// Address of its native API; absent while it is still starting.
        listen: Option<String>,
    },
    /// An instance of that name is alive.
    #[error("an instance named `{instance}` is already running in this data directory")]
    AlreadyLive {
        /// Its name.
        instance: String,
    },
    /// An instance name that could not be a file name.
    #[error("`{instance}` is not an instance name (1 to 64 of a-z, 0-9 and `-`)")]
    InstanceName {
        /// The name as given.
        instance: String,
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

impl DataDirectory {
    /// Opens the data directory at `path`, creating it (mode 0700) or completing an interrupted creation.
    /// Leftovers of crashed writers are removed.
    ///
    /// # Errors
    /// See [`DirectoryError`]; nothing was changed then, apart from directories created on the way.
    pub fn open_or_create(path: &Path) -> Result<DataDirectory, DirectoryError> {
        if path.as_os_str().is_empty() {
            return Err(DirectoryError::Missing { path: path.to_owned() });
        }
        if let Some(ancestor) = path.ancestors().find_map(|part| existing(part).transpose()) {
            refuse_network(path, &ancestor.map_err(|source| failed("read", path, source))?)?;
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| failed("create", path, source))?;
        let directory = match ownership(path)? {
            Ownership::Marked => {
                let directory = DataDirectory { path: path.to_owned() };
                directory.refuse_unwritable()?;
                directory
            }
            Ownership::Empty => {
                // The files inside are 0600 anyway; a mounted volume may not let us change its mode.
                let _ = fs::set_permissions(path, Permissions::from_mode(0o700));
                DataDirectory { path: path.to_owned() }
            }
            Ownership::Database => DataDirectory { path: path.to_owned() },
            Ownership::Foreign(strange) => {
                return Err(DirectoryError::Foreign { path: path.to_owned(), strange });
            }
        };
        let marker = directory.file(MARKER);
        durable::create(&marker, MARKER_TEXT.as_bytes())
            .map_err(|source| failed("write", &marker, source))?;
        let instances = directory.file(INSTANCES);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&instances)
            .map_err(|source| failed("create", &instances, source))?;
        Ok(directory)
    }

    /// Opens the data directory at `path` and creates nothing: for commands that act on an existing system.
    ///
    /// # Errors
    /// [`DirectoryError::Missing`] also for an empty directory, since nothing was ever started in it.
    pub fn open(path: &Path) -> Result<DataDirectory, DirectoryError> {
        match existing(path) {
            Err(source) => return Err(failed("read", path, source)),
            Ok(None) => return Err(DirectoryError::Missing { path: path.to_owned() }),
            Ok(Some(place)) => refuse_network(path, &place)?,
        }
        match ownership(path)? {
            Ownership::Marked | Ownership::Database => Ok(DataDirectory { path: path.to_owned() }),
            Ownership::Empty => Err(DirectoryError::Missing { path: path.to_owned() }),
            Ownership::Foreign(strange) => Err(DirectoryError::Foreign { path: path.to_owned(), strange }),
        }
    }

    /// Where it is, as given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.file(DATABASE)
    }

    /// A file of that name inside.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn refuse_unwritable(&self) -> Result<(), DirectoryError> {
        durable::probe(&self.path).map_err(|source| failed("write", &self.path, source))
    }
}

impl DirectoryError {
    /// What the user can do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            DirectoryError::Missing { .. } => {
                Some("start one with `meridian up --data DIR`, or name another one with --data".to_owned())
            }
            DirectoryError::NotADirectory { .. } => Some("choose another directory with --data".to_owned()),
            DirectoryError::Foreign { .. } => {
                Some("choose an empty or a new directory with --data; nothing was changed here".to_owned())
            }
            DirectoryError::Network { .. } => Some(
                "choose a directory on a local disk with --data: file locks do not hold over a network"
                    .to_owned(),
            ),
            DirectoryError::Permission { .. } => {
                Some("run as the owner of the directory, or choose another one with --data".to_owned())
            }
            DirectoryError::AlreadyRunning { listen: Some(listen), .. } => {
                Some(format!("use the one at {listen}, stop it, or choose another directory with --data"))
            }
            DirectoryError::AlreadyRunning { listen: None, .. } => {
                Some("wait until it is ready, stop it, or choose another directory with --data".to_owned())
            }
            DirectoryError::AlreadyLive { .. }
            | DirectoryError::InstanceName { .. }
            | DirectoryError::Io { .. } => None,
        }
    }
}

enum Ownership {
    Empty,
    Marked,
    /// No marker but our database: restored or copied by hand.
    Database,
    Foreign(Vec<String>),
}

/// Reads the names inside `path`; content is judged when the database is opened.
fn ownership(path: &Path) -> Result<Ownership, DirectoryError> {
    let read = |source| failed("read", path, source);
    let mut strange: Vec<OsString> = Vec::new();
    let mut database = false;
    for entry in fs::read_dir(path).map_err(read)? {
        let name = entry.map_err(read)?.file_name();
        let Some(text) = name.to_str() else {
            strange.push(name);
            continue;
        };
        match text {
            MARKER => return Ok(Ownership::Marked),
            DATABASE => database = true,
            // Made by the file system itself at the root of a fresh volume.
            "lost+found" => {}
            // The marker was being written when the first start was cut short.
            unfinished if unfinished.starts_with('.') && unfinished.ends_with(durable::UNFINISHED) => {}
            _ => strange.push(name),
        }
    }
    if database {
        return Ok(Ownership::Database);
    }
    if strange.is_empty() {
        return Ok(Ownership::Empty);
    }
    strange.sort();
    let more = strange.len() > NAMED;
    let mut names: Vec<String> =
        strange.iter().take(NAMED).map(|name| name.to_string_lossy().escape_debug().to_string()).collect();
    if more {
        names.push("...".to_owned());
    }
    Ok(Ownership::Foreign(names))
}

/// The real place behind `path`, or nothing if there is none.
fn existing(path: &Path) -> io::Result<Option<PathBuf>> {
    let path = if path == Path::new("") { Path::new(".") } else { path };
    match fs::canonicalize(path) {
        Ok(place) => Ok(Some(place)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn refuse_network(path: &Path, place: &Path) -> Result<(), DirectoryError> {
    // Where the kernel does not tell (not Linux, no /proc) the user has to know.
    let Ok(mounts) = fs::read_to_string("/proc/self/mountinfo") else { return Ok(()) };
    match filesystem::kind_of(&mounts, place) {
        Some(kind) if filesystem::is_network(&kind) => {
            Err(DirectoryError::Network { path: path.to_owned(), kind })
        }
        _ => Ok(()),
    }
}

fn failed(attempt: &'static str, path: &Path, source: io::Error) -> DirectoryError {
    let path = path.to_owned();
    match source.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            DirectoryError::Permission { attempt, path, source }
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => DirectoryError::NotADirectory { path },
        _ => DirectoryError::Io { attempt, path, source },
    }
}

fn address(listen: Option<&str>) -> String {
    listen.map(|listen| format!(" at {listen}")).unwrap_or_default()
}

/// Opens a lock file without ever truncating it.
fn open_lock(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_directory_is_private_and_opens_again() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        assert!(matches!(DataDirectory::open(&path), Err(DirectoryError::Missing { .. })));
        let first = DataDirectory::open_or_create(&path).unwrap();
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join(MARKER)), 0o600);
        assert_eq!(DataDirectory::open_or_create(&path).unwrap(), first);
        assert_eq!(DataDirectory::open(&path).unwrap(), first);
    }

    #[test]
    fn a_foreign_directory_is_named_and_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["server.key", "b", "c", "d"] {
            fs::write(parent.path().join(name), "x").unwrap();
        }
        let error = DataDirectory::open_or_create(parent.path()).unwrap_err();
        assert!(error.to_string().ends_with("holds files of something else: b, c, d, ..."), "{error}");
        assert!(error.hint().unwrap().contains("--data"));
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 4);
        assert!(matches!(DataDirectory::open(parent.path()), Err(DirectoryError::Foreign { .. })));
    }

    #[test]
    fn a_first_start_cut_short_is_completed() {
        for leftovers in
            [&[][..], &[".7-0.unfinished"], &["lost+found"], &[MARKER], &[MARKER, "server.key"], &[DATABASE]]
        {
            let parent = tempfile::tempdir().unwrap();
            for name in leftovers {
                fs::write(parent.path().join(name), "").unwrap();
            }
            let directory = DataDirectory::open_or_create(parent.path()).unwrap();
            assert!(directory.file(INSTANCES).is_dir());
            assert!(directory.file(MARKER).is_file());
            for name in leftovers.iter().filter(|name| !name.starts_with(".7")) {
                assert!(directory.file(name).exists(), "{name} was removed");
            }
        }
    }

    #[test]
    fn a_file_is_not_a_directory() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "precious").unwrap();
        for path in [file.clone(), file.join("below")] {
            for result in [DataDirectory::open_or_create(&path), DataDirectory::open(&path)] {
                assert!(matches!(result, Err(DirectoryError::NotADirectory { .. })), "{result:?}");
            }
        }
        assert_eq!(fs::read(&file).unwrap(), b"precious");
        assert!(matches!(DataDirectory::open_or_create(Path::new("")), Err(DirectoryError::Missing { .. })));
    }

    #[test]
    fn an_unwritable_directory_is_refused() {
        use std::os::unix::fs::MetadataExt;
        let parent = tempfile::tempdir().unwrap();
        if fs::metadata(parent.path()).unwrap().uid() == 0 {
            eprintln!("skipped: root may write anywhere");
            return;
        }
        let directory = DataDirectory::open_or_create(parent.path()).unwrap();
        for bits in [0o500, 0o000] {
            fs::set_permissions(directory.path(), Permissions::from_mode(bits)).unwrap();
            let result = DataDirectory::open_or_create(parent.path());
            fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
            assert!(matches!(result, Err(DirectoryError::Permission { .. })), "{bits:o} {result:?}");
        }
    }
}
