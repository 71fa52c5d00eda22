//! What `secret:NAME` stands for.
//!
//! Enters: names, as policies and `channels.toml` write them. Leaves: values that the operator gave, or why there is none and how to
//! give it. Never here: where they are sent.

use std::collections::BTreeMap;
use std::env;
use std::io::ErrorKind;

use access::Secret;
use access::key_file::{KeyFileError, read_secret};
use journal::DataDirectory;

/// Folder of secrets inside a data directory.
pub const FOLDER: &str = "secrets";
/// Before the name of a variable.
pub const VARIABLE: &str = "MERIDIAN_SECRET_";
/// Before the name of a secret.
const MARK: &str = "secret:";

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
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(NoSecret::Name(name.to_owned()));
    }
    let variable = format!("{VARIABLE}{}", name.to_ascii_uppercase().replace('-', "_"));
    if let Ok(text) = env::var(&variable) {
        return Ok(Secret::new(text));
    }
    let name = name.to_owned();
    read_secret(&directory.file(FOLDER).join(&name)).map_err(|source| match source {
        KeyFileError::Io { source, .. } if source.kind() == ErrorKind::NotFound => {
            NoSecret::Missing { name, variable }
        }
        source => NoSecret::File { name, source },
    })
}

/// All secrets that a text names, each with its value or why there is none.
pub(crate) fn named_in(text: &str, directory: &DataDirectory) -> BTreeMap<String, Result<Secret, NoSecret>> {
    let names = text.split(MARK).skip(1).filter_map(|rest| rest.split(|letter| !is_plain(letter)).next());
    names.filter(|name| !name.is_empty()).map(|name| (name.to_owned(), secret(directory, name))).collect()
}

const fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_')
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_missing_or_open_to_others_is_said_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(folder.path()).unwrap();
        let secrets = directory.file(FOLDER);
        fs::create_dir_all(&secrets).unwrap();
        let keep = |name: &str, mode| {
            fs::write(secrets.join(name), "open-sesame-4711\n").unwrap();
            fs::set_permissions(secrets.join(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        keep("door-key", 0o600);
        keep("window", 0o640);
        let text = "a = \"secret:door-key\" # `secret:` and a name\nb = \"Bearer {secret:window}\"\nc = 'secret:cellar'";
        let found = named_in(text, &directory);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["cellar", "door-key", "window"]);
        assert_eq!(found["door-key"].as_ref().unwrap().expose(), "open-sesame-4711");
        let why = |name: &str| found[name].as_ref().unwrap_err().to_string();
        assert!(
            why("cellar").contains("MERIDIAN_SECRET_CELLAR") && why("cellar").contains("DATA/secrets/cellar")
        );
        assert!(why("window").contains("chmod 600") && why("window").contains("secrets/window"));
        assert!(!why("window").contains("sesame"));
        assert!(matches!(secret(&directory, "../door-key"), Err(NoSecret::Name(_))));
    }
}
