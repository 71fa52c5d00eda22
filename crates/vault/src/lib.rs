//! Where secrets live and how they are wrapped.
//!
//! Enters: secrets with a name and a purpose, sealed records, the path of the key file. Leaves: sealed records, opened
//! secrets, signatures. Never here: the storage of sealed records (whoever owns the database keeps them as opaque
//! bytes), trading, logs, clocks.
//!
//! Each record has its own random data key, which encrypts once and is wrapped by the key of a [`KeyProvider`]. Both
//! layers are AES-256-GCM and authenticate the record's format version, key id, name and purpose, so a record that is
//! moved under another name, relabelled or damaged does not open. Nonces and data keys come from the cryptographic
//! library's own random generator. The layout of a record is described in [`sealed`].
//!
//! Not protected against: an older record put back under its own name. Whoever stores the records and cares must
//! make that visible (a journal does).
//!
//! To move to another key, open each record whose [`Sealed::key_id`] is not [`Vault::key_id`] with a vault of the old
//! key and seal it with the new one.
//!
//! Invariant I-8: no secret is ever formatted. Secrets exist only inside [`Secret`], [`Signer`] and [`KeyFile`]; their
//! memory is wiped when they are dropped.

mod cipher;
pub mod key_file;
pub mod sealed;
pub mod secret;
pub mod signer;
mod vault;

pub use cipher::CryptoFailed;
pub use key_file::{KeyFile, KeyFileError};
pub use sealed::{FormatError, Sealed};
pub use secret::Secret;
pub use signer::{BadSignature, NotAKey, Signer, verify};
pub use vault::{KeyProvider, ProviderError, Vault, VaultError};
