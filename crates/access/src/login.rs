//! The login of Kite's clients: a request token from the login page, exchanged once for a session token.
//!
//! Both tokens are stored hashed in the database, so any instance can redeem what another one issued. All functions
//! block on the disk: call them off the async threads.

use journal::DbError;
use journal::sessions::{Exchanged, RequestTokenRow, SessionRow};
use market::UnixNanos;
use market::time::NANOS_PER_SECOND;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::denied::Denied;
use crate::entropy::EntropyFailed;
use crate::keys::Keys;
use crate::secret::Secret;
use crate::token;

/// How long a request token can be exchanged.
pub const REQUEST_TOKEN_NANOS: i64 = 120 * NANOS_PER_SECOND;
/// Per key; an older one stops working when there are more.
const REQUEST_TOKENS_MAX: u32 = 32;
/// Per key; an older one stops working when there are more.
const SESSIONS_MAX: u32 = 32;
/// All sessions end at this hour in India.
const SESSION_END_HOUR: i64 = 6;

/// The result of the login page.
#[derive(Clone, Debug)]
pub struct RequestToken {
    /// Works once, for two minutes.
    pub token: Secret,
    /// Where to send the browser; none: show the token.
    pub redirect: Option<String>,
}

/// A fresh session of a key.
#[derive(Clone, Debug)]
pub struct Session {
    /// Serves the Kite listener.
    pub access_token: Secret,
    /// The next 06:00 in India, or the end of the key if that is sooner.
    pub expires: UnixNanos,
}

/// Why a login did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The key or its access token is no good.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The request token is unknown, of another key, too old, or used.
    #[error("the request token is invalid, has expired or was used before")]
    RequestToken,
    /// The caller does not know the secret of the key.
    #[error("the checksum is not the SHA-256 of API key, request token and API secret")]
    Checksum,
    /// The database failed.
    #[error("cannot read or write sessions")]
    Database(#[from] DbError),
    /// No randomness.
    #[error("cannot create a token")]
    Entropy(#[from] EntropyFailed),
}

impl Keys {
    /// The login page: whoever knows the access token of `api_key` gets a request token.
    ///
    /// # Errors
    /// [`LoginError::Denied`], [`LoginError::Database`], [`LoginError::Entropy`].
    pub fn request_token(
        &self,
        api_key: &str,
        access_token: &str,
        now: UnixNanos,
    ) -> Result<RequestToken, LoginError> {
        let principal = self.authenticate(access_token, now)?;
        if principal.api_key != api_key {
            return Err(Denied::WrongKey.into());
        }
        let token = token::token(self.entropy())?;
        let row = RequestTokenRow {
            token_hash: self.server_key().request_token_hash(token.expose()),
            api_key: api_key.to_owned(),
            created: now.0,
            expires: now.0.saturating_add(REQUEST_TOKEN_NANOS),
        };
        journal::sessions::insert_request_token(&self.database(), &row, REQUEST_TOKENS_MAX)?;
        Ok(RequestToken { token, redirect: self.row(api_key).and_then(|row| row.redirect) })
    }

    /// Exchanges a request token for a session. `checksum` is the hexadecimal SHA-256 of API key, request token and API
    /// secret. The key's own access token and its other sessions keep working.
    ///
    /// # Errors
    /// See [`LoginError`]; only success uses the request token up.
    pub fn exchange(
        &self,
        api_key: &str,
        request_token: &str,
        checksum: &str,
        now: UnixNanos,
    ) -> Result<Session, LoginError> {
        if self.row(api_key).is_none() {
            // It may have been created by another process a moment ago.
            self.refresh()?;
        }
        let row = self.row(api_key).ok_or(Denied::Unknown)?;
        if row.revoked.is_some() {
            return Err(Denied::Revoked.into());
        }
        if row.expires.is_some_and(|expires| expires <= now.0) {
            return Err(Denied::Expired.into());
        }
        if !token::is_token(request_token) {
            return Err(LoginError::RequestToken);
        }
        let secret = self.server_key().api_secret(api_key, row.generation);
        if !is_checksum(checksum, &[api_key, request_token, secret.expose()]) {
            return Err(LoginError::Checksum);
        }
        let access_token = token::token(self.entropy())?;
        let six = next_session_end(now);
        let session = SessionRow {
            token_hash: self.server_key().session_token_hash(access_token.expose()),
            api_key: api_key.to_owned(),
            created: now.0,
            expires: row.expires.map_or(six.0, |expires| expires.min(six.0)),
        };
        let request_hash = self.server_key().request_token_hash(request_token);
        let database = self.database();
        match journal::sessions::exchange(&database, &request_hash, &session, SESSIONS_MAX)? {
            Exchanged::Yes => {}
            Exchanged::Unknown | Exchanged::Used => return Err(LoginError::RequestToken),
        }
        self.reload(&database)?;
        Ok(Session { access_token, expires: UnixNanos(session.expires) })
    }

    /// Ends a session (logout). Returns false if `token` is not a session of `api_key`; the key's own access token
    /// cannot be ended this way.
    ///
    /// # Errors
    /// See [`DbError`].
    pub fn end_session(&self, api_key: &str, token: &str) -> Result<bool, DbError> {
        if !token::is_token(token) {
            return Ok(false);
        }
        let hash = self.server_key().session_token_hash(token);
        let database = self.database();
        let ended = journal::sessions::end(&database, api_key, &hash)?;
        self.reload(&database)?;
        Ok(ended)
    }
}

/// The next moment after `now` at which a clock in India shows 06:00.
fn next_session_end(now: UnixNanos) -> UnixNanos {
    const HOUR: i64 = 3_600 * NANOS_PER_SECOND;
    // India has no daylight saving: days are 24 hours long.
    let six = UnixNanos::ist_midnight(now.ist_date()).0.saturating_add(SESSION_END_HOUR * HOUR);
    UnixNanos(if now.0 < six { six } else { six.saturating_add(24 * HOUR) })
}

fn is_checksum(checksum: &str, parts: &[&str]) -> bool {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    let mut wanted = [0; 64];
    for (pair, byte) in wanted.chunks_exact_mut(2).zip(digest) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    // Kite's documentation says lower case; a client that sends upper case knows the secret just as well.
    checksum.to_ascii_lowercase().as_bytes().ct_eq(&wanted).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    #[test]
    fn sessions_end_at_the_next_six_o_clock() {
        let at = |hour, minute, second| UnixNanos::from_ist(datetime(2026, 11, 20, hour, minute, second, 0));
        let today = at(6, 0, 0);
        let tomorrow = UnixNanos::from_ist(datetime(2026, 11, 21, 6, 0, 0, 0));
        assert_eq!(next_session_end(at(0, 0, 0)), today);
        assert_eq!(next_session_end(at(5, 59, 59)), today);
        assert_eq!(next_session_end(UnixNanos(today.0 - 1)), today);
        assert_eq!(next_session_end(today), tomorrow);
        assert_eq!(next_session_end(at(23, 59, 59)), tomorrow);
        assert!(next_session_end(UnixNanos(i64::MAX)).0 > 0, "the end of time does not wrap");
    }

    #[test]
    fn a_checksum_is_the_documented_one() {
        // printf %s 'abc' | sha256sum
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(is_checksum(known, &["a", "b", "c"]));
        assert!(is_checksum(&known.to_uppercase(), &["a", "b", "c"]));
        assert!(!is_checksum(known, &["a", "b", "d"]));
        assert!(!is_checksum("", &["a", "b", "c"]) && !is_checksum(&known[1..], &["a", "b", "c"]));
    }
}
