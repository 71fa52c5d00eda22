//! The `Authorization` header: `token API_KEY:ACCESS_TOKEN`.
//!
//! Enters: the header's value. Leaves: its two parts. Never here: whether they are right, and any copy of them.

use std::fmt;

/// Longest header value that is read, in bytes.
pub const HEADER_BYTES_MAX: usize = 512;

const SCHEME: &str = "token";

/// The two parts of the header; prints the key and stars.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// Which app.
    pub api_key: &'a str,
    /// Its session: a secret.
    pub access_token: &'a str,
}

/// Why a header is no credential. None of the texts repeats any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Longer than [`HEADER_BYTES_MAX`].
    #[error("the Authorization header is longer than {HEADER_BYTES_MAX} bytes")]
    TooLong,
    /// Does not begin with `token` and a space.
    #[error("the Authorization header must be `token api_key:access_token`")]
    NotToken,
    /// No colon, more than one, or nothing on one of its sides.
    #[error("the Authorization header must carry an api_key and an access_token with one colon between them")]
    NotAPair,
    /// A character that neither part can have.
    #[error("the api_key or access_token has a character other than letters, digits, `-` and `_`")]
    BadCharacter,
}

/// Takes the header's value apart.
///
/// # Errors
/// [`AuthError`].
pub fn parse(header: &str) -> Result<Authorization<'_>, AuthError> {
    if header.len() > HEADER_BYTES_MAX {
        return Err(AuthError::TooLong);
    }
    let (scheme, pair) = header.trim().split_once(' ').ok_or(AuthError::NotToken)?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Err(AuthError::NotToken);
    }
    let (api_key, access_token) = pair.trim_start().split_once(':').ok_or(AuthError::NotAPair)?;
    if api_key.is_empty() || access_token.is_empty() || access_token.contains(':') {
        return Err(AuthError::NotAPair);
    }
    if !is_credential(api_key) || !is_credential(access_token) {
        return Err(AuthError::BadCharacter);
    }
    Ok(Authorization { api_key, access_token })
}

/// True when `text` is made of the characters that survive both the header and a ticker address, where the official
/// clients paste it without escaping: letters, digits, `-` and `_`; not empty.
pub fn is_credential(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

impl Authorization<'_> {
    /// The header's value, for a client.
    pub fn to_header(&self) -> String {
        format!("{SCHEME} {}:{}", self.api_key, self.access_token)
    }
}

impl fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("api_key", &self.api_key)
            .field("access_token", &format_args!("***"))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_header_apart() {
        let parts = parse("token key1:AbC-_9").unwrap();
        assert_eq!((parts.api_key, parts.access_token), ("key1", "AbC-_9"));
        assert_eq!(parts.to_header(), "token key1:AbC-_9");
        assert_eq!(parse(" Token  key1:AbC-_9 "), Ok(parts));
        assert_eq!(format!("{parts:?}"), r#"Authorization { api_key: "key1", access_token: *** }"#);
    }

    #[test]
    fn refuses_everything_else() {
        for (header, error) in [
            ("", AuthError::NotToken),
            ("token", AuthError::NotToken),
            ("Bearer a:b", AuthError::NotToken),
            ("tokena:b", AuthError::NotToken),
            ("token ab", AuthError::NotAPair),
            ("token :b", AuthError::NotAPair),
            ("token a:", AuthError::NotAPair),
            ("token a:b:c", AuthError::NotAPair),
            ("token a:b c", AuthError::BadCharacter),
            ("token a:ß", AuthError::BadCharacter),
        ] {
            assert_eq!(parse(header), Err(error), "{header:?}");
        }
        assert_eq!(parse(&"x".repeat(513)), Err(AuthError::TooLong));
    }
}
