//! Files that hold a secret: readable by their owner only, or not used at all.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::secret::Secret;
use crate::token;

/// No key file of ours is longer; a longer one is something else.
const BYTES_MAX: u64 = 4_096;

/// Why a key file is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Its group or everybody may read or write it.
    #[error("`{}` can be read by others (mode {mode:04o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds something else than a key of the expected kind.
    #[error("`{}` does not hold {wanted}", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
    },
    /// It cannot be read or written.
    #[error("cannot {attempt} `{}`", path.display())]
    Io {
        /// What was attempted.
        attempt: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

impl KeyFileError {
    /// What the user can do next.
    pub fn hint(&self) -> String {
        match self {
            KeyFileError::Exposed { path, .. } => {
                format!("run `chmod 600 {}`; if somebody may have read it, create new keys", path.display())
            }
            KeyFileError::NotAKey { .. } => "restore the file from a backup of the data directory".to_owned(),
            KeyFileError::Io { .. } => "run as the owner of the data directory".to_owned(),
        }
    }
}

/// Reads an access token from a file: the token and a newline, as in `DATA/admin.key`.
///
/// # Errors
/// See [`KeyFileError`].
pub fn read_token(path: &Path) -> Result<Secret, KeyFileError> {
    let not_a_key = || KeyFileError::NotAKey { path: path.to_owned(), wanted: "an access token" };
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| not_a_key())?.trim();
    if token::is_token(text) { Ok(Secret::new(text)) } else { Err(not_a_key()) }
}

/// Reads a secret of any shape from a file: its text, without the line break at its end.
///
/// # Errors
/// See [`KeyFileError`].
pub fn read_secret(path: &Path) -> Result<Secret, KeyFileError> {
    let not_text = || KeyFileError::NotAKey { path: path.to_owned(), wanted: "a secret: it is no text" };
    let text = String::from_utf8(read(path)?).map_err(|_| not_text())?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

/// Reads the file if nobody but its owner can.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, KeyFileError> {
    let wrap = |source| KeyFileError::Io { attempt: "read", path: path.to_owned(), source };
    // A pipe would make the open wait for a writer.
    if !std::fs::metadata(path).map_err(wrap)?.is_file() {
        return Err(KeyFileError::NotAKey { path: path.to_owned(), wanted: "a key: it is not a file" });
    }
    let file = File::open(path).map_err(wrap)?;
    let metadata = file.metadata().map_err(wrap)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
    }
    if metadata.size() > BYTES_MAX {
        return Err(KeyFileError::NotAKey { path: path.to_owned(), wanted: "a key: it is too long" });
    }
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes).map_err(wrap)?;
    Ok(bytes)
}

/// Creates the file unless it exists, and returns whether it did.
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<bool, KeyFileError> {
    journal::durable::create(path, bytes).map_err(|source| KeyFileError::Io {
        attempt: "write",
        path: path.to_owned(),
        source,
    })
}

pub(crate) fn exists(path: &Path) -> Result<bool, KeyFileError> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(KeyFileError::Io { attempt: "read", path: path.to_owned(), source }),
    }
}
