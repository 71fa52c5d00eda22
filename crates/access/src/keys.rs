//! All keys of a data directory: creating, listing, revoking, and checking tokens.
//!
//! Checking reads a snapshot in memory, takes about a microsecond and may be called from anywhere. Everything else
//! reads or writes the database: call it off the async threads. The owner calls [`Keys::refresh`] a few times per
//! second; that is how keys made or revoked by other processes act here within a second.

mod new_key;
mod snapshot;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use journal::keys::{Inserted, KeyRow, Revoked};
use journal::{Database, DbError};
use market::UnixNanos;

use crate::denied::Denied;
use crate::entropy::{Entropy, EntropyFailed};
use crate::principal::{Principal, PrincipalKind};
use crate::scope::Scopes;
use crate::secret::Secret;
use crate::server_key::ServerKey;
use crate::token;
pub use new_key::{NewKey, NewKeyError};
use snapshot::Snapshot;

/// How many keys may be alive at once.
pub const LIVE_KEYS_MAX: u32 = 10_000;

/// The keys of a data directory. Share it behind an `Arc`.
pub struct Keys {
    // Lock order: database before snapshot. A new snapshot is published while the database is locked, so that an older
    // picture never replaces a newer one.
    database: Mutex<Database>,
    snapshot: RwLock<Arc<Snapshot>>,
    server_key: ServerKey,
    entropy: Box<dyn Entropy>,
}

/// A fresh key. The secrets are shown to its owner now and never again.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Public name.
    pub api_key: String,
    /// Signs Kite logins.
    pub api_secret: Secret,
    /// Serves the native API and the Kite listener.
    pub access_token: Secret,
}

/// A key as it may be shown: no secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySummary {
    /// Public name.
    pub api_key: String,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The only account it may use; none: all.
    pub account: Option<String>,
    /// When it was created.
    pub created: UnixNanos,
    /// When it ends.
    pub expires: Option<UnixNanos>,
    /// Where the login page sends the browser.
    pub redirect: Option<String>,
    /// When it was revoked.
    pub revoked: Option<UnixNanos>,
}

/// What became of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// Its tokens no longer work: here from now on, elsewhere within a second.
    Done,
    /// It had been revoked earlier.
    Before,
    /// There is no such key.
    Unknown,
}

/// Why a key was not created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The wish itself is wrong.
    #[error(transparent)]
    Invalid(#[from] NewKeyError),
    /// Too many keys.
    #[error("there are {LIVE_KEYS_MAX} keys already; revoke some first")]
    Full,
    /// The database failed.
    #[error("cannot read or write keys")]
    Database(#[from] DbError),
    /// No randomness.
    #[error("cannot create a key")]
    Entropy(#[from] EntropyFailed),
}

impl Keys {
    pub(crate) fn new(
        database: Database,
        server_key: ServerKey,
        entropy: Box<dyn Entropy>,
    ) -> Result<Keys, DbError> {
        let snapshot = RwLock::new(Arc::new(Snapshot::load(&database)?));
        Ok(Keys { database: Mutex::new(database), snapshot, server_key, entropy })
    }

    /// Who has this access token (native API). Tokens of Kite sessions are unknown here.
    ///
    /// # Errors
    /// See [`Denied`].
    pub fn authenticate(&self, access_token: &str, now: UnixNanos) -> Result<Arc<Principal>, Denied> {
        if access_token.is_empty() {
            return Err(Denied::Missing);
        }
        if !token::is_token(access_token) {
            return Err(Denied::Unknown);
        }
        let hash = self.server_key.access_token_hash(access_token);
        self.snapshot().find(PrincipalKind::AccessToken, &hash, now)
    }

    /// Who calls the Kite listener: `token` is the access token of the key `api_key`, or one of its session tokens.
    ///
    /// # Errors
    /// See [`Denied`].
    pub fn authenticate_kite(
        &self,
        api_key: &str,
        token: &str,
        now: UnixNanos,
    ) -> Result<Arc<Principal>, Denied> {
        let found = match self.authenticate(token, now) {
            Err(Denied::Unknown) if token::is_token(token) => {
                let hash = self.server_key.session_token_hash(token);
                self.snapshot().find(PrincipalKind::Session, &hash, now)
            }
            found => found,
        }?;
        if found.api_key == api_key { Ok(found) } else { Err(Denied::WrongKey) }
    }

    /// Whether a caller who came earlier may stay: for sockets that live long.
    ///
    /// # Errors
    /// See [`Denied`].
    pub fn still_valid(&self, principal: &Principal, now: UnixNanos) -> Result<(), Denied> {
        self.snapshot().find(principal.kind, &principal.token_hash, now).map(drop)
    }

    /// A key by its public name, as this process last saw it.
    pub fn find(&self, api_key: &str) -> Option<KeySummary> {
        self.snapshot().row(api_key).map(KeySummary::from_row)
    }

    /// Creates a key; it works here at once and on other instances within a second. Blocks on the disk.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub fn create(&self, new: NewKey, now: UnixNanos) -> Result<Issued, KeysError> {
        new.validate(now)?;
        let access_token = token::token(&*self.entropy)?;
        let row = KeyRow {
            api_key: token::api_key(&*self.entropy)?,
            name: new.name,
            token_hash: self.server_key.access_token_hash(access_token.expose()),
            scopes: new.scopes.to_string(),
            account: new.account,
            created: now.0,
            expires: new.expires.map(|at| at.0),
            redirect: new.redirect,
            generation: 1,
            revoked: None,
        };
        let database = self.database();
        match journal::keys::insert(&database, &row, LIVE_KEYS_MAX)? {
            Inserted::Yes => {}
            Inserted::Full => return Err(KeysError::Full),
            // 256 random bits came twice: the source of randomness is broken.
            Inserted::Already => return Err(KeysError::Entropy(EntropyFailed)),
        }
        self.reload(&database)?;
        let api_secret = self.server_key.api_secret(&row.api_key, row.generation);
        Ok(Issued { api_key: row.api_key, api_secret, access_token })
    }

    /// All keys, oldest first, also those that are revoked or expired. Blocks on the disk.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn list(&self) -> Result<Vec<KeySummary>, DbError> {
        Ok(journal::keys::all(&self.database())?.iter().map(KeySummary::from_row).collect())
    }

    /// Revokes a key with its sessions and standing subscriptions, for ever. Blocks on the disk.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn revoke(&self, api_key: &str, now: UnixNanos) -> Result<Revocation, DbError> {
        let database = self.database();
        let revoked = journal::keys::revoke(&database, api_key, now.0)?;
        // Also if another process revoked it earlier and this one has not seen it yet.
        self.reload(&database)?;
        Ok(match revoked {
            Revoked::Now => Revocation::Done,
            Revoked::Before => Revocation::Before,
            Revoked::Unknown => Revocation::Unknown,
        })
    }

    /// Takes over what other processes changed; returns whether they did. A few microseconds if not, but it may wait
    /// for the disk: call it off the async threads.
    ///
    /// # Errors
    /// See [`DbError`]; the old picture stays in use then.
    pub fn refresh(&self) -> Result<bool, DbError> {
        let database = self.database();
        if !database.changed()? {
            return Ok(false);
        }
        // If this fails, the change must not count as seen.
        self.reload(&database).inspect_err(|_| database.forget_version())?;
        Ok(true)
    }

    /// Moves the write-ahead log into the database file. The owner calls it every few seconds, off the async threads.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn checkpoint(&self) -> Result<journal::database::Checkpoint, DbError> {
        self.database().checkpoint()
    }

    pub(crate) fn server_key(&self) -> &ServerKey {
        &self.server_key
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    pub(crate) fn row(&self, api_key: &str) -> Option<KeyRow> {
        self.snapshot().row(api_key).cloned()
    }

    // A panic elsewhere leaves no half change behind: the database rolls back and the snapshot is swapped whole.
    pub(crate) fn database(&self) -> MutexGuard<'_, Database> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn reload(&self, database: &MutexGuard<'_, Database>) -> Result<(), DbError> {
        let fresh = Arc::new(Snapshot::load(database)?);
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keys").field("count", &self.snapshot().count()).finish_non_exhaustive()
    }
}

impl KeySummary {
    fn from_row(row: &KeyRow) -> KeySummary {
        KeySummary {
            api_key: row.api_key.clone(),
            name: row.name.clone(),
            scopes: Scopes::parse_known(&row.scopes),
            account: row.account.clone(),
            created: UnixNanos(row.created),
            expires: row.expires.map(UnixNanos),
            redirect: row.redirect.clone(),
            revoked: row.revoked.map(UnixNanos),
        }
    }
}
