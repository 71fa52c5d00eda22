//! The key under which everything secret is hashed: 32 random bytes in `DATA/server.key`.

use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::entropy::Entropy;
use crate::key_file::{self, KeyFileError};
use crate::secret::Secret;
use crate::start::StartError;
use crate::token::base64url;

/// Name of the file in the data directory.
pub const FILE: &str = "server.key";
const LENGTH: usize = 32;

/// The key of this installation. It never leaves this type; only hashes made with it do.
#[derive(Clone)]
pub struct ServerKey {
    /// The hash function after it has taken in the key, which saves half of the work per token.
    keyed: Hmac<Sha256>,
}

impl ServerKey {
    /// Reads the key from `path`, creating it if there is none.
    ///
    /// # Errors
    /// [`StartError::ServerKey`] if the file is readable by others, has a wrong length or cannot be read or written;
    /// [`StartError::Entropy`].
    pub fn load_or_create(path: &Path, entropy: &dyn Entropy) -> Result<ServerKey, StartError> {
        if !key_file::exists(path).map_err(StartError::ServerKey)? {
            let mut bytes = [0; LENGTH];
            entropy.fill(&mut bytes)?;
            // If another process was quicker, its key is read below.
            key_file::create(path, &bytes).map_err(StartError::ServerKey)?;
        }
        ServerKey::load(path).map_err(StartError::ServerKey)
    }

    /// Reads the key from `path`.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn load(path: &Path) -> Result<ServerKey, KeyFileError> {
        let not_a_key = || KeyFileError::NotAKey { path: path.to_owned(), wanted: "32 bytes of key" };
        let bytes: [u8; LENGTH] = key_file::read(path)?.try_into().map_err(|_| not_a_key())?;
        // Any length would do for this hash function, so this error cannot happen.
        Ok(ServerKey { keyed: Hmac::new_from_slice(&bytes).map_err(|_| not_a_key())? })
    }

    pub(crate) fn access_token_hash(&self, token: &str) -> [u8; 32] {
        self.hash(&["access-token", token])
    }

    pub(crate) fn session_token_hash(&self, token: &str) -> [u8; 32] {
        self.hash(&["session-token", token])
    }

    pub(crate) fn request_token_hash(&self, token: &str) -> [u8; 32] {
        self.hash(&["request-token", token])
    }

    /// Recognises the key without telling it.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        self.hash(&["fingerprint"])
    }

    /// Recomputed on demand, so it is stored nowhere.
    pub(crate) fn api_secret(&self, api_key: &str, generation: u32) -> Secret {
        Secret::new(base64url(&self.hash(&["kite-secret", api_key, &generation.to_string()])))
    }

    // Labels are no prefixes of one another and only the last part varies in length, so no two inputs coincide.
    fn hash(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        for part in parts {
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for ServerKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ServerKey(***)")
    }
}
