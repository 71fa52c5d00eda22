//! AES-256-GCM with a random 96-bit nonce; every use of it in this crate goes through here.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 32;
/// Bytes that a ciphertext has more than its plaintext: the nonce in front, the tag behind.
pub(crate) const OVERHEAD_BYTES: usize = NONCE_LEN + 16;

/// The cryptographic library could not do its work: no memory or no random bytes. Nothing is wrong with the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library failed: no memory or no random bytes")]
pub struct CryptoFailed;

/// A key ready for use. The library draws the nonce of each encryption itself, so no caller can repeat one, and wipes
/// its own copy of the key when it is dropped.
pub(crate) struct Cipher(RandomizedNonceKey);

impl Cipher {
    /// `key` has [`KEY_BYTES`] bytes.
    pub(crate) fn new(key: &[u8]) -> Result<Cipher, CryptoFailed> {
        RandomizedNonceKey::new(&AES_256_GCM, key).map(Cipher).map_err(|_| CryptoFailed)
    }

    /// Returns nonce, ciphertext and tag in a row.
    pub(crate) fn encrypt(&self, aad: &[u8], plaintext: &Secret) -> Result<Vec<u8>, CryptoFailed> {
        // It holds the plaintext until the library has encrypted it in place, hence wiped if that fails, and never
        // reallocated.
        let length = plaintext.expose().len();
        let mut buffer = Zeroizing::new(vec![0; length + OVERHEAD_BYTES]);
        let (nonce_place, rest) = buffer.split_at_mut(NONCE_LEN);
        let (content, tag_place) = rest.split_at_mut(length);
        content.copy_from_slice(plaintext.expose());
        let (nonce, tag) =
            self.0.seal_in_place_separate_tag(Aad::from(aad), content).map_err(|_| CryptoFailed)?;
        nonce_place.copy_from_slice(nonce.as_ref());
        tag_place.copy_from_slice(tag.as_ref());
        Ok(std::mem::take(&mut *buffer))
    }

    /// Reverses [`Cipher::encrypt`]. `None` if the key, `aad` or a bit of `encrypted` is not the one of then.
    pub(crate) fn decrypt(&self, aad: &[u8], encrypted: &[u8]) -> Option<Secret> {
        let (nonce, rest) = encrypted.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut buffer = Zeroizing::new(rest.to_vec());
        let length = self.0.open_in_place(nonce, Aad::from(aad), &mut buffer).ok()?.len();
        buffer.truncate(length);
        Some(Secret::new(std::mem::take(&mut *buffer)))
    }
}
