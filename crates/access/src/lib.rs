//! Who is calling and what they may do: keys, scopes, Kite logins.
//!
//! Enters: tokens from the wire, `now`, randomness. Leaves: a [`Principal`] or a [`Denied`] that says why.
//! Never here: HTTP, SQL, clocks. Secrets exist only inside [`Secret`], which prints stars; what is stored is a keyed
//! hash of them.

pub mod denied;
pub mod entropy;
pub mod key_file;
pub mod keys;
pub mod login;
pub mod principal;
pub mod scope;
pub mod secret;
pub mod server_key;
pub mod start;
mod token;

pub use denied::Denied;
pub use entropy::{Entropy, EntropyFailed};
pub use key_file::KeyFileError;
pub use keys::{Issued, KeySummary, Keys, KeysError, NewKey, NewKeyError, Revocation};
pub use login::{LoginError, RequestToken, Session};
pub use principal::{Principal, PrincipalKind};
pub use scope::{Scope, Scopes, UnknownScope};
pub use secret::Secret;
pub use server_key::ServerKey;
pub use start::{StartError, Started, start};
