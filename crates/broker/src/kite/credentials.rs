//! Who we are to the broker.

use kite::auth::{Authorization, is_credential};
use kite::secret::Secret;

/// The app's key and the day's access token.
#[derive(Clone, Debug)]
pub struct Credentials {
    api_key: String,
    access_token: Secret,
}

/// Key or token has a character that would not survive a header or an address. Says nothing of either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the api_key and the access_token may have letters, digits, `-` and `_` only; log in again")]
pub struct BadCredentials;

impl Credentials {
    /// A key and a token.
    ///
    /// # Errors
    /// [`BadCredentials`].
    pub fn new(api_key: &str, access_token: Secret) -> Result<Credentials, BadCredentials> {
        if !is_credential(api_key) || !is_credential(access_token.expose()) {
            return Err(BadCredentials);
        }
        Ok(Credentials { api_key: api_key.to_owned(), access_token })
    }

    /// The app's public key.
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The `Authorization` header.
    pub(crate) fn header(&self) -> String {
        Authorization { api_key: &self.api_key, access_token: self.access_token.expose() }.to_header()
    }

    /// The address of the ticker socket.
    pub(crate) fn ticker_query(&self) -> String {
        format!("/?api_key={}&access_token={}", self.api_key, self.access_token.expose())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_the_token_and_nothing_can_break_a_header() {
        let credentials = Credentials::new("key1", Secret::new("tok-EN_1")).unwrap();
        assert_eq!(format!("{credentials:?}"), r#"Credentials { api_key: "key1", access_token: *** }"#);
        assert_eq!(credentials.header(), "token key1:tok-EN_1");
        for token in ["", "a\r\nX: y", "a:b", "a&b"] {
            assert_eq!(Credentials::new("key1", Secret::new(token)).unwrap_err(), BadCredentials);
        }
    }
}
