//! Ed25519 signatures, with a key pair that lives in the vault or in a person's own file.
//!
//! The private key is sealed as PKCS#8 (version 1, RFC 8410); a person's file holds the same as PEM text, as other programs
//! write it, too. What is signed should begin with a label of its own kind,
//! so that a signature of one thing can never pass as that of another.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::cipher::CryptoFailed;
use crate::sealed::Sealed;
use crate::secret::Secret;
use crate::vault::{KeyProvider, Vault, VaultError};

/// Purpose of the records that hold a key pair.
pub const PURPOSE: &str = "ed25519 signing key";

/// A key pair that signs. The private key does not leave it except sealed.
#[derive(Debug)]
pub struct Signer {
    pair: Ed25519KeyPair,
    public_key: [u8; 32],
}

impl Signer {
    /// Makes a new key pair and seals it under `name`. The caller stores the record before it uses the signer:
    /// signatures of a key that is lost prove nothing to come.
    ///
    /// # Errors
    /// Those of [`Vault::seal`].
    pub fn create<P: KeyProvider>(vault: &Vault<P>, name: &str) -> Result<(Signer, Sealed), VaultError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| CryptoFailed)?;
        let document = pair.to_pkcs8v1().map_err(|_| CryptoFailed)?;
        let sealed = vault.seal(name, PURPOSE, &Secret::new(document.as_ref()))?;
        Ok((Signer::new(pair)?, sealed))
    }

    /// Opens the key pair that [`Signer::create`] sealed under `name`.
    ///
    /// # Errors
    /// Those of [`Vault::open`], and [`VaultError::NotASigningKey`].
    pub fn open<P: KeyProvider>(vault: &Vault<P>, name: &str, sealed: &Sealed) -> Result<Signer, VaultError> {
        let document = vault.open(name, PURPOSE, sealed)?;
        let pair = Ed25519KeyPair::from_pkcs8(document.expose())
            .map_err(|_| VaultError::NotASigningKey { name: name.to_owned() })?;
        Ok(Signer::new(pair)?)
    }

    /// Makes a new key pair and writes it as PEM text, for a file that only its owner may read.
    ///
    /// # Errors
    /// [`CryptoFailed`]
    pub fn create_pem() -> Result<(Signer, Secret), CryptoFailed> {
        let pair = Ed25519KeyPair::generate().map_err(|_| CryptoFailed)?;
        let document = pair.to_pkcs8v1().map_err(|_| CryptoFailed)?;
        let body = Zeroizing::new(STANDARD.encode(document.as_ref()));
        // RFC 7468: lines of 64.
        let lines = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default());
        let text = lines.fold(format!("{PEM_BEGIN}\n"), |text, line| text + line + "\n") + PEM_END + "\n";
        Ok((Signer::new(pair)?, Secret::new(text)))
    }

    /// Reads the key pair of a PEM text (`PRIVATE KEY`, Ed25519).
    ///
    /// # Errors
    /// [`NotAKey`]
    pub fn from_pem(text: &Secret) -> Result<Signer, NotAKey> {
        let text = text.expose_text().ok_or(NotAKey)?;
        let (_, rest) = text.split_once(PEM_BEGIN).ok_or(NotAKey)?;
        let (body, _) = rest.split_once(PEM_END).ok_or(NotAKey)?;
        let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
        let document = Zeroizing::new(STANDARD.decode(body.as_bytes()).map_err(|_| NotAKey)?);
        let pair = Ed25519KeyPair::from_pkcs8(&document).map_err(|_| NotAKey)?;
        Signer::new(pair).map_err(|_| NotAKey)
    }

    /// Signs `bytes`. The same bytes always give the same signature.
    ///
    /// # Errors
    /// [`CryptoFailed`]
    pub fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], CryptoFailed> {
        self.pair.try_sign(bytes).ok().and_then(|made| made.as_ref().try_into().ok()).ok_or(CryptoFailed)
    }

    /// What others check signatures with. Not secret.
    pub fn public_key(&self) -> [u8; 32] {
        self.public_key
    }

    fn new(pair: Ed25519KeyPair) -> Result<Signer, CryptoFailed> {
        let public_key = pair.public_key().as_ref().try_into().map_err(|_| CryptoFailed)?;
        Ok(Signer { pair, public_key })
    }
}

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// A text holds no key pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no Ed25519 private key in PEM form (`BEGIN PRIVATE KEY`)")]
pub struct NotAKey;

/// The signature was not made of these bytes by the owner of that public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not belong to these bytes and this public key")]
pub struct BadSignature;

/// Checks a signature; needs no vault.
///
/// # Errors
/// [`BadSignature`]
pub fn verify(public_key: &[u8; 32], bytes: &[u8], signature: &[u8; 64]) -> Result<(), BadSignature> {
    ED25519.verify_sig(public_key, bytes, signature).map_err(|_| BadSignature)
}
