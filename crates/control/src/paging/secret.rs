//! What `secret:NAME` stands for.

use std::env;

use access::Secret;
use access::key_file::{KeyFileError, read_secret};
use journal::DataDirectory;

/// Folder of secrets inside a data directory.
pub const FOLDER: &str = "secrets";
/// Before the name of a variable.
pub const VARIABLE: &str = "MERIDIAN_SECRET_";

/// Why a secret cannot be used. Never holds any of it.
#[derive(Debug, thiserror::Error)]
pub enum NoSecret {
    /// A name is part of a path.
    #[error("`{0}` is no name of a secret: letters, digits, `-` and `_`")]
    Name(String),
    /// Neither here nor there.
    #[error(
        "there is no secret `{name}`: set {variable}, or write it to DATA/{FOLDER}/{name} with mode 0600"
    )]
    Missing {
        /// Which.
        name: String,
        /// The variable that would hold it.
        variable: String,
    },
    /// Its file.
    #[error("secret `{name}`: {source}; {}", source.hint())]
    File {
        /// Which.
        name: String,
        /// Why not.
        source: KeyFileError,
    },
}

/// The secret of this name: from the variable `MERIDIAN_SECRET_NAME`, in capitals and with `_` for `-`, else from
/// `DATA/secrets/NAME`, which nobody but its owner may read.
///
/// # Errors
/// [`NoSecret`]
pub fn secret(directory: &DataDirectory, name: &str) -> Result<Secret, NoSecret> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || !name.bytes().all(plain) {
        return Err(NoSecret::Name(name.to_owned()));
    }
    let variable = format!("{VARIABLE}{}", name.to_ascii_uppercase().replace('-', "_"));
    if let Ok(text) = env::var(&variable) {
        return Ok(Secret::new(text));
    }
    let path = directory.file(FOLDER).join(name);
    if !path.exists() {
        return Err(NoSecret::Missing { name: name.to_owned(), variable });
    }
    read_secret(&path).map_err(|source| NoSecret::File { name: name.to_owned(), source })
}
