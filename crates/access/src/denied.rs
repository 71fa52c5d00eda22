//! Why a caller was turned away.

use crate::scope::Scope;

/// The refusal of a token. `code` is stable; the text is for people and holds no part of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No token was sent.
    #[error("no access token was sent")]
    Missing,
    /// Nobody has that token.
    #[error("the access token is not known")]
    Unknown,
    /// The key, or the session, has ended.
    #[error("the access token has expired")]
    Expired,
    /// The key was revoked.
    #[error("the key was revoked")]
    Revoked,
    /// The token belongs to another API key than the one named.
    #[error("the access token belongs to another API key")]
    WrongKey,
    /// The key may not do that.
    #[error("the key lacks the scope {needed}")]
    Scope {
        /// What it would need.
        needed: Scope,
    },
}

impl Denied {
    /// For programs.
    pub const fn code(self) -> &'static str {
        match self {
            Denied::Missing => "token_missing",
            Denied::Unknown => "token_unknown",
            Denied::Expired => "token_expired",
            Denied::Revoked => "key_revoked",
            Denied::WrongKey => "key_mismatch",
            Denied::Scope { .. } => "scope_missing",
        }
    }

    /// True if another token could help (401), false if this caller is known and may not (403).
    pub const fn is_unauthenticated(self) -> bool {
        !matches!(self, Denied::Scope { .. })
    }

    /// What the caller can do next.
    pub fn hint(self) -> String {
        match self {
            Denied::Missing => "send `Authorization: Bearer <access token>`".to_owned(),
            Denied::Unknown => {
                "create a key with `meridian key create`; check that the token is whole".to_owned()
            }
            Denied::Expired => "log in again, or create a key with `meridian key create`".to_owned(),
            Denied::Revoked => "create a new key with `meridian key create`".to_owned(),
            Denied::WrongKey => "send the API key and the access token that were issued together".to_owned(),
            Denied::Scope { needed } => format!("use a key created with `--scope {needed}`"),
        }
    }
}
