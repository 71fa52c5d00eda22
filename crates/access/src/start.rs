//! Opening access to a data directory, and completing the first start: server key, database, first admin key.
//!
//! Each step is repeatable and a later one relies only on earlier ones, so a start that was cut short anywhere is
//! completed by the next, and two processes that start at once agree.

use journal::{DataDirectory, Database, DbError, OpenError};
use market::UnixNanos;

use crate::entropy::{Entropy, EntropyFailed};
use crate::key_file::{self, KeyFileError};
use crate::keys::Keys;
use crate::scope::Scopes;
use crate::secret::Secret;
use crate::server_key::{self, ServerKey};
use crate::token;

/// File with the access token of the first admin key.
pub const ADMIN_KEY_FILE: &str = "admin.key";
const ADMIN_NAME: &str = "admin";

/// What a start gives.
#[derive(Debug)]
pub struct Started {
    /// The keys of the data directory.
    pub keys: Keys,
    /// Access token of the admin key, if this start created it: to be printed once.
    pub new_admin: Option<Secret>,
}

/// Why access could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The database could not be opened.
    #[error("cannot open the database")]
    Open(#[from] OpenError),
    /// The database failed afterwards.
    #[error("cannot read or write keys")]
    Database(#[from] DbError),
    /// `server.key` cannot be used.
    #[error("cannot use the server key")]
    ServerKey(#[source] KeyFileError),
    /// `admin.key` cannot be used.
    #[error("cannot use the admin key")]
    AdminKey(#[source] KeyFileError),
    /// The database has keys, but the key they were hashed with is gone.
    #[error("the file server.key is missing, without it no existing access token can be checked")]
    ServerKeyLost,
    /// There is a server key, so there was a database, and it is gone.
    #[error("the database meridian.db is missing or empty, although server.key shows that there was one")]
    DatabaseLost,
    /// The database was made with another server key.
    #[error("the file server.key is not the one that this database was made with")]
    ServerKeyChanged,
    /// No randomness.
    #[error("cannot create keys")]
    Entropy(#[from] EntropyFailed),
}

impl StartError {
    /// What the user can do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            StartError::Open(error) => error.hint().map(str::to_owned),
            StartError::ServerKey(error) | StartError::AdminKey(error) => Some(error.hint()),
            StartError::ServerKeyLost | StartError::ServerKeyChanged => Some(
                "restore server.key from a backup of the data directory, or choose another directory with --data"
                    .to_owned(),
            ),
            StartError::DatabaseLost => Some(
                "restore meridian.db from a backup of the data directory, or choose another directory with --data"
                    .to_owned(),
            ),
            StartError::Database(_) | StartError::Entropy(_) => None,
        }
    }
}

/// Opens the keys of `directory`; the very first time it creates the server key and an admin key with all scopes.
/// Blocks on the disk.
///
/// # Errors
/// See [`StartError`].
pub fn start(
    directory: &DataDirectory,
    entropy: impl Entropy + 'static,
    now: UnixNanos,
) -> Result<Started, StartError> {
    refuse_a_lost_database(directory)?;
    let database = Database::open(directory)?;
    let server_key = open_server_key(directory, &database, &entropy)?;
    let new_admin = ensure_admin(directory, &database, &server_key, &entropy, now)?;
    let keys = Keys::new(database, server_key, Box::new(entropy))?;
    Ok(Started { keys, new_admin })
}

/// The first start makes the database before the server key. So a server key without a database is no first start that
/// was cut short: a fresh database would silently take the place of one that was lost.
fn refuse_a_lost_database(directory: &DataDirectory) -> Result<(), StartError> {
    let has_key = key_file::exists(&directory.file(server_key::FILE)).map_err(StartError::ServerKey)?;
    let has_database = std::fs::metadata(directory.database()).is_ok_and(|file| file.len() > 0);
    if has_key && !has_database { Err(StartError::DatabaseLost) } else { Ok(()) }
}

fn open_server_key(
    directory: &DataDirectory,
    database: &Database,
    entropy: &dyn Entropy,
) -> Result<ServerKey, StartError> {
    let path = directory.file(server_key::FILE);
    let in_use = journal::server_key::known(database)?.is_some();
    if in_use && !key_file::exists(&path).map_err(StartError::ServerKey)? {
        return Err(StartError::ServerKeyLost);
    }
    let key = ServerKey::load_or_create(&path, entropy)?;
    if journal::server_key::remember(database, &key.fingerprint())? != key.fingerprint() {
        return Err(StartError::ServerKeyChanged);
    }
    Ok(key)
}

/// The file comes first and the row second: a start cut short in between leaves a file whose token the next start makes
/// valid. The other order would leave a key that nobody can use. Once there is any key, a missing file means that its
/// owner has put it elsewhere.
fn ensure_admin(
    directory: &DataDirectory,
    database: &Database,
    server_key: &ServerKey,
    entropy: &dyn Entropy,
    now: UnixNanos,
) -> Result<Option<Secret>, StartError> {
    if journal::keys::any(database)? {
        return Ok(None);
    }
    let path = directory.file(ADMIN_KEY_FILE);
    if !key_file::exists(&path).map_err(StartError::AdminKey)? {
        let fresh = token::token(entropy)?;
        key_file::create(&path, format!("{}\n", fresh.expose()).as_bytes()).map_err(StartError::AdminKey)?;
    }
    let access_token = key_file::read_token(&path).map_err(StartError::AdminKey)?;
    let row = journal::keys::KeyRow {
        api_key: token::api_key(entropy)?,
        name: ADMIN_NAME.to_owned(),
        token_hash: server_key.access_token_hash(access_token.expose()),
        scopes: Scopes::ALL.to_string(),
        account: None,
        created: now.0,
        expires: None,
        redirect: None,
        generation: 1,
        revoked: None,
    };
    match journal::keys::insert(database, &row, u32::MAX)? {
        journal::keys::Inserted::Yes => Ok(Some(access_token)),
        journal::keys::Inserted::Already | journal::keys::Inserted::Full => Ok(None),
    }
}
