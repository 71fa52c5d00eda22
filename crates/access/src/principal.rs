//! A caller whose token was checked.

use std::fmt;

use market::UnixNanos;

use crate::denied::Denied;
use crate::scope::{Scope, Scopes};

/// With which of its tokens a key came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The key's own access token.
    AccessToken,
    /// The token of a Kite session.
    Session,
}

/// A caller whose token was checked: only [`Keys`](crate::Keys) builds it.
#[derive(Clone)]
pub struct Principal {
    /// Public name of the key.
    pub api_key: String,
    /// What its owner calls it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The only account it may use; none: all.
    pub account: Option<String>,
    /// With which token it came.
    pub kind: PrincipalKind,
    /// When its token ends.
    pub expires: Option<UnixNanos>,
    /// Finds it again after a change of keys.
    pub(crate) token_hash: [u8; 32],
}

impl Principal {
    /// Passes if the key has the scope.
    ///
    /// # Errors
    /// [`Denied::Scope`]
    pub fn require(&self, needed: Scope) -> Result<(), Denied> {
        if self.scopes.contains(needed) { Ok(()) } else { Err(Denied::Scope { needed }) }
    }

    /// True if the key may use `account`.
    pub fn may_use(&self, account: &str) -> bool {
        self.account.as_deref().is_none_or(|only| only == account)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Principal")
            .field("api_key", &self.api_key)
            .field("name", &self.name)
            .field("scopes", &self.scopes)
            .field("account", &self.account)
            .field("kind", &self.kind)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}
