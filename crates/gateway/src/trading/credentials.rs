//! Access tokens and app secrets of accounts: sealed by the vault, kept in the database, opened only where they are used.

use std::sync::{Arc, Mutex, PoisonError};

use journal::{DataDirectory, Database, DbError, OpenError, secrets};
use trade::AccountId;
use vault::key_file::{self, KeyFile, KeyFileError};
use vault::{FormatError, Sealed, Secret, Vault, VaultError};

use crate::clock::machine_now;

/// What is kept of an account: the name of its record and its purpose, which are sealed in with it.
#[derive(Clone, Copy)]
enum Kept {
    AccessToken,
    ApiSecret,
}

impl Kept {
    const fn purpose(self) -> &'static str {
        match self {
            Kept::AccessToken => "broker access token",
            Kept::ApiSecret => "broker app secret",
        }
    }

    fn name(self, account: &AccountId) -> String {
        match self {
            Kept::AccessToken => format!("account:{account}:access_token"),
            Kept::ApiSecret => format!("account:{account}:api_secret"),
        }
    }
}

/// Why a token cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The database.
    #[error("cannot use the database")]
    Database(#[from] DbError),
    /// The file with the vault's key.
    #[error("cannot use the vault's key")]
    KeyFile(#[from] KeyFileError),
    /// What is kept is no sealed record.
    #[error("the sealed token is damaged")]
    Format(#[from] FormatError),
    /// It cannot be opened.
    #[error("the vault does not open the token")]
    Vault(#[from] VaultError),
    /// It is no text.
    #[error("the token is no text")]
    NotText,
}

/// Sealed tokens of one data directory.
#[derive(Clone)]
pub struct AccessTokens {
    directory: DataDirectory,
    database: Arc<Mutex<Database>>,
}

impl AccessTokens {
    /// With a database handle of its own.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(directory: &DataDirectory) -> Result<AccessTokens, OpenError> {
        let database = Arc::new(Mutex::new(Database::open(directory)?));
        Ok(AccessTokens { directory: directory.clone(), database })
    }

    /// Keeps the token of `account`, in place of an older one.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn put(&self, account: &AccountId, token: &str) -> Result<(), TokenError> {
        self.seal(Kept::AccessToken, account, token)
    }

    /// The token of `account`, if it has one.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn get(&self, account: &AccountId) -> Result<Option<String>, TokenError> {
        self.open_kept(Kept::AccessToken, account)
    }

    /// Keeps the app's secret of `account`, which signs the broker's web hooks, in place of an older one.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn put_api_secret(&self, account: &AccountId, secret: &str) -> Result<(), TokenError> {
        self.seal(Kept::ApiSecret, account, secret)
    }

    /// The app's secret of `account`, if it has one.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn api_secret(&self, account: &AccountId) -> Result<Option<String>, TokenError> {
        self.open_kept(Kept::ApiSecret, account)
    }

    fn seal(&self, kept: Kept, account: &AccountId, text: &str) -> Result<(), TokenError> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.directory.file(key_file::FILE);
        // A key that is lost must not be replaced silently while there are records that only it opens.
        let provider = if secrets::list(&database)?.is_empty() {
            KeyFile::load_or_create(&path)?
        } else {
            KeyFile::load(&path)?
        };
        let name = kept.name(account);
        let sealed = Vault::new(provider).seal(&name, kept.purpose(), &Secret::new(text))?;
        Ok(secrets::put(&database, &name, &sealed.to_bytes(), machine_now().0)?)
    }

    fn open_kept(&self, kept: Kept, account: &AccountId) -> Result<Option<String>, TokenError> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let name = kept.name(account);
        let Some(bytes) = secrets::get(&database, &name)? else { return Ok(None) };
        let vault = Vault::new(KeyFile::load(&self.directory.file(key_file::FILE))?);
        let secret = vault.open(&name, kept.purpose(), &Sealed::from_bytes(&bytes)?)?;
        secret.expose_text().map(|text| Some(text.to_owned())).ok_or(TokenError::NotText)
    }
}
