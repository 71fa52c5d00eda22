//! Sealing and opening of records, and what a provider of keys has to do.

use crate::cipher::{Cipher, CryptoFailed, KEY_BYTES};
use crate::sealed::{self, FormatError, LengthError, SECRET_BYTES_MAX, Sealed};
use crate::secret::Secret;

/// The holder of a key-encryption key: a file, or a remote key service. Calls may block on a network; an async caller
/// makes them where blocking is allowed.
pub trait KeyProvider {
    /// Names the key, 1 to 2048 bytes. It is stored in clear in each record; another key has another id.
    fn id(&self) -> &str;

    /// Encrypts `data_key` (32 bytes) so that only [`KeyProvider::unwrap`] with the same `aad` gives it back. The
    /// result has 1 to 65535 bytes.
    ///
    /// # Errors
    /// See [`ProviderError`].
    fn wrap(&self, data_key: &Secret, aad: &[u8]) -> Result<Vec<u8>, ProviderError>;

    /// Reverses [`KeyProvider::wrap`].
    ///
    /// # Errors
    /// [`ProviderError::Refused`] if `wrapped` or `aad` is not what it was then, or the key is another one.
    fn unwrap(&self, wrapped: &[u8], aad: &[u8]) -> Result<Secret, ProviderError>;
}

/// Why a provider gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// It will never do this: a retry is useless.
    #[error("the key provider refuses the data key")]
    Refused,
    /// It could not be asked, or not now: a retry may help.
    #[error("the key provider is not available")]
    Unavailable {
        /// What stopped it. Must hold no secret.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Seals and opens records with the key of one provider.
#[derive(Debug)]
pub struct Vault<P> {
    provider: P,
}

impl<P: KeyProvider> Vault<P> {
    /// A vault that uses the key of `provider`.
    pub fn new(provider: P) -> Vault<P> {
        Vault { provider }
    }

    /// Id of the key that new records are sealed with.
    pub fn key_id(&self) -> &str {
        self.provider.id()
    }

    /// Encrypts `secret` (1 to 65536 bytes) so that it opens only with the same `name` and `purpose` (1 to 255 bytes
    /// each, not secret).
    ///
    /// # Errors
    /// [`VaultError::Length`], [`VaultError::Unavailable`], [`VaultError::Crypto`].
    pub fn seal(&self, name: &str, purpose: &str, secret: &Secret) -> Result<Sealed, VaultError> {
        sealed::check_length("secret", secret.expose().len(), SECRET_BYTES_MAX)?;
        let mut bytes = sealed::head(self.provider.id(), name, purpose)?;
        let data_key = Secret::random(KEY_BYTES)?;
        let wrapped_key = self.provider.wrap(&data_key, &bytes).map_err(VaultError::Unavailable)?;
        sealed::put_wrapped_key(&mut bytes, &wrapped_key)?;
        let body = Cipher::new(data_key.expose())?.encrypt(&bytes, secret)?;
        Ok(sealed::put_body(bytes, &body)?)
    }

    /// Decrypts `sealed`, which was sealed with the same `name` and `purpose`.
    ///
    /// # Errors
    /// See [`VaultError`]; it says whether the record, the name or the key is the wrong one.
    pub fn open(&self, name: &str, purpose: &str, sealed: &Sealed) -> Result<Secret, VaultError> {
        // What the record says of itself is only believed to tell the mistakes of honest callers apart; a record whose
        // labels were changed fails the authentication below.
        if sealed.name() != name {
            return Err(VaultError::WrongName { wanted: name.to_owned(), found: sealed.name().to_owned() });
        }
        if sealed.purpose() != purpose {
            return Err(VaultError::WrongPurpose {
                name: name.to_owned(),
                wanted: purpose.to_owned(),
                found: sealed.purpose().to_owned(),
            });
        }
        if sealed.key_id() != self.provider.id() {
            return Err(VaultError::WrongKey {
                name: name.to_owned(),
                wanted: sealed.key_id().to_owned(),
                have: self.provider.id().to_owned(),
            });
        }
        let tampered = || VaultError::Tampered { name: name.to_owned() };
        let data_key = match self.provider.unwrap(sealed.wrapped_key(), sealed.head()) {
            Err(ProviderError::Refused) => return Err(tampered()),
            Err(error) => return Err(VaultError::Unavailable(error)),
            Ok(data_key) if data_key.expose().len() != KEY_BYTES => return Err(tampered()),
            Ok(data_key) => data_key,
        };
        Cipher::new(data_key.expose())?.decrypt(sealed.before_body(), sealed.body()).ok_or_else(tampered)
    }
}

/// Why a record was not sealed or not opened. Holds names and key ids, no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// It belongs to another name.
    #[error("the sealed record belongs to {found:?}, not to {wanted:?}")]
    WrongName {
        /// What the caller asked for.
        wanted: String,
        /// What the record says.
        found: String,
    },
    /// It has another purpose.
    #[error("the sealed record {name:?} is a {found:?}, not a {wanted:?}")]
    WrongPurpose {
        /// The record.
        name: String,
        /// What the caller asked for.
        wanted: String,
        /// What the record says.
        found: String,
    },
    /// It was sealed with another key.
    #[error("the sealed record {name:?} needs the key {wanted:?}; this vault has {have:?}")]
    WrongKey {
        /// The record.
        name: String,
        /// Id of the key that it was sealed with.
        wanted: String,
        /// Id of the key of this vault.
        have: String,
    },
    /// It is not what the vault once made.
    #[error("the sealed record {name:?} was changed since it was sealed, by damage or by somebody")]
    Tampered {
        /// The record.
        name: String,
    },
    /// Its bytes cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The secret or a label is empty or too long.
    #[error(transparent)]
    Length(#[from] LengthError),
    /// It holds a secret, but not an Ed25519 key pair.
    #[error("the sealed record {name:?} does not hold a signing key")]
    NotASigningKey {
        /// The record.
        name: String,
    },
    /// The key provider did not do its part.
    #[error("the key of the vault cannot be used")]
    Unavailable(#[source] ProviderError),
    /// See [`CryptoFailed`].
    #[error(transparent)]
    Crypto(#[from] CryptoFailed),
}

impl VaultError {
    /// What the user can do next.
    pub fn hint(&self) -> &'static str {
        match self {
            VaultError::WrongName { .. } | VaultError::WrongPurpose { .. } => {
                "look whether the database was edited by hand; if so, restore it or store the secret again"
            }
            VaultError::WrongKey { .. } => "restore that key from a backup, or store the secret again",
            VaultError::Tampered { .. } => {
                "restore the record from a backup, or store the secret again; if nobody knows of a damage, revoke it"
            }
            VaultError::Format(error) => error.hint(),
            VaultError::Length(_) => "check what was given",
            VaultError::NotASigningKey { .. } => "name the record of a signing key",
            VaultError::Unavailable(_) => "check that the key provider can be reached, then try again",
            VaultError::Crypto(_) => "free some memory, then try again",
        }
    }
}
