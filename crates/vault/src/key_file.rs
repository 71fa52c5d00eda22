//! The key in a file: 32 random bytes in `DATA/vault.key`, readable by their owner only.
//!
//! From these bytes HKDF-SHA256 (no salt) derives the wrapping key and, under another label, the public key id. A
//! data key is wrapped with AES-256-GCM and a random nonce; that is safe for 2^32 records, more than a gateway ever
//! seals.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::AES_256_GCM;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use zeroize::Zeroizing;

use crate::cipher::{Cipher, CryptoFailed, KEY_BYTES};
use crate::secret::Secret;
use crate::vault::{KeyProvider, ProviderError};

/// Name of the file in the data directory.
pub const FILE: &str = "vault.key";

const WRAPPING_KEY_LABEL: &[u8] = b"meridian vault 1: wrapping key";
const KEY_ID_LABEL: &[u8] = b"meridian vault 1: key id";
const KEY_ID_BYTES: usize = 8;
const _: () = assert!(KEY_ID_BYTES <= KEY_BYTES);

/// A key provider whose key is a local file. Its id is `file:` and 16 hexadecimal digits derived from the key.
pub struct KeyFile {
    id: String,
    wrapping_key: Cipher,
}

impl KeyFile {
    /// Reads the key from `path`, which is created if nothing is there; of several processes that do so at once, all
    /// get the same key. Where sealed records exist already, use [`KeyFile::load`]: a new key would open none of them.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn load_or_create(path: &Path) -> Result<KeyFile, KeyFileError> {
        match KeyFile::load(path) {
            Err(KeyFileError::Missing { .. }) => {
                let wrap = |source| KeyFileError::Io { attempt: "create", path: path.to_owned(), source };
                create(path, &Secret::random(KEY_BYTES)?).map_err(wrap)?;
                KeyFile::load(path)
            }
            loaded => loaded,
        }
    }

    /// Reads the key from `path`.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn load(path: &Path) -> Result<KeyFile, KeyFileError> {
        let key = read(path)?;
        let random = Salt::none(HKDF_SHA256).extract(&*key);
        let mut wrapping_key = Zeroizing::new([0; KEY_BYTES]);
        let mut id = [0; KEY_BYTES];
        for (label, derived) in [(WRAPPING_KEY_LABEL, &mut *wrapping_key), (KEY_ID_LABEL, &mut id)] {
            random
                .expand(&[label], &AES_256_GCM)
                .and_then(|material| material.fill(derived))
                .map_err(|_| CryptoFailed)?;
        }
        let id = id[..KEY_ID_BYTES].iter().fold("file:".to_owned(), |id, byte| format!("{id}{byte:02x}"));
        Ok(KeyFile { id, wrapping_key: Cipher::new(&*wrapping_key)? })
    }
}

impl KeyProvider for KeyFile {
    fn id(&self) -> &str {
        &self.id
    }

    fn wrap(&self, data_key: &Secret, aad: &[u8]) -> Result<Vec<u8>, ProviderError> {
        self.wrapping_key
            .encrypt(aad, data_key)
            .map_err(|error| ProviderError::Unavailable { source: Box::new(error) })
    }

    fn unwrap(&self, wrapped: &[u8], aad: &[u8]) -> Result<Secret, ProviderError> {
        self.wrapping_key.decrypt(aad, wrapped).ok_or(ProviderError::Refused)
    }
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KeyFile").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a key file is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Nothing is there.
    #[error("there is no key file `{}`", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// It is a symbolic link, a directory or another thing that is not a file of its own.
    #[error("`{}` is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Its group or everybody may read or write it.
    #[error("`{}` can be read or written by others (mode {mode:04o})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds something else.
    #[error("`{}` has {bytes} bytes; a key has {KEY_BYTES}", path.display())]
    WrongLength {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        bytes: u64,
    },
    /// It cannot be read or created.
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
    /// See [`CryptoFailed`].
    #[error(transparent)]
    Crypto(#[from] CryptoFailed),
}

impl KeyFileError {
    /// What the user can do next.
    pub fn hint(&self) -> String {
        match self {
            KeyFileError::Missing { .. } => {
                "restore the file from a backup; without it the sealed secrets are lost and must be stored again"
                    .to_owned()
            }
            KeyFileError::NotAFile { .. } => {
                "put the file itself there: a link can be turned to another key by whoever owns its target".to_owned()
            }
            KeyFileError::Exposed { path, .. } => format!(
                "run `chmod 600 {}`; if somebody may have read it, revoke the secrets and store new ones under a new key",
                path.display()
            ),
            KeyFileError::WrongLength { .. } => "restore the file from a backup".to_owned(),
            KeyFileError::Io { .. } => {
                "run as the owner of the data directory, and keep it on a local file system".to_owned()
            }
            KeyFileError::Crypto(_) => "free some memory, then try again".to_owned(),
        }
    }
}

fn read(path: &Path) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyFileError> {
    let wrap = |source: io::Error| match source.kind() {
        ErrorKind::NotFound => KeyFileError::Missing { path: path.to_owned() },
        _ => KeyFileError::Io { attempt: "read", path: path.to_owned(), source },
    };
    // Before the open, because that of a pipe would wait for a writer.
    let named = fs::symlink_metadata(path).map_err(wrap)?;
    if !named.is_file() {
        return Err(KeyFileError::NotAFile { path: path.to_owned() });
    }
    let mut file = File::open(path).map_err(wrap)?;
    let opened = file.metadata().map_err(wrap)?;
    // The name may have become a link in between.
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        return Err(KeyFileError::NotAFile { path: path.to_owned() });
    }
    let mode = opened.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
    }
    if opened.len() != KEY_BYTES as u64 {
        return Err(KeyFileError::WrongLength { path: path.to_owned(), bytes: opened.len() });
    }
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    file.read_exact(&mut *key).map_err(wrap)?;
    Ok(key)
}

/// Creates `path` with `key`, complete and synced, unless somebody else was quicker.
fn create(path: &Path, key: &Secret) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut tries_left = 3;
    loop {
        let unfinished = write_unfinished(directory, key)?;
        // A hard link, because it fails when the name is taken, where a rename would replace another process' key.
        let named = fs::hard_link(&unfinished, path);
        // If this fails, the file stays until the next start of a gateway removes what is unfinished.
        let _ = fs::remove_file(&unfinished);
        match named {
            // Another process that starts at this moment may have cleaned our unfinished file away.
            Err(error) if error.kind() == ErrorKind::NotFound && tries_left > 0 => tries_left -= 1,
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            // Also for the key of another process: a secret must not be sealed under a key that a power cut removes.
            _ => return File::open(directory)?.sync_all(),
        }
    }
}

fn write_unfinished(directory: &Path, key: &Secret) -> io::Result<PathBuf> {
    // Random, so that no other process, host or container that shares the directory has the same name.
    let random = Secret::random(8).map_err(io::Error::other)?;
    let name =
        random.expose().iter().fold(".vault-key-".to_owned(), |name, byte| format!("{name}{byte:02x}"));
    // The ending is that of all unfinished files in a data directory.
    let path = directory.join(name + ".unfinished");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    match file.write_all(key.expose()).and_then(|()| file.sync_all()) {
        Ok(()) => Ok(path),
        Err(error) => {
            let _ = fs::remove_file(&path);
            Err(error)
        }
    }
}
