//! Logging in: the exchange of a request token for a session.
//!
//! Enters: the form of `POST /session/token` and its answers. Leaves: the reverse. Never here: which secret belongs to
//! which key, how long a token lives, and the comparison of checksums, which must take constant time.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::maybe::Maybe;
use super::user::ProfileMeta;
use crate::form::Form;
use crate::secret::Secret;

/// Answer of `POST /session/token`: who logged in, and the tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Session {
    /// The user's id at the broker.
    pub user_id: String,
    /// Full name.
    pub user_name: String,
    /// First name or similar.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub user_shortname: Maybe<String>,
    /// Mail address.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub email: Maybe<String>,
    /// `individual` and others.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub user_type: Maybe<String>,
    /// Which broker.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub broker: Maybe<String>,
    /// Exchanges the user may trade at.
    #[serde(default)]
    pub exchanges: Vec<String>,
    /// Products the user may use.
    #[serde(default)]
    pub products: Vec<String>,
    /// Order types the user may use.
    #[serde(default)]
    pub order_types: Vec<String>,
    /// Picture.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub avatar_url: Maybe<String>,
    /// Further facts.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub meta: Maybe<ProfileMeta>,
    /// The app's public key.
    pub api_key: String,
    /// What authorises calls until the next morning.
    pub access_token: Secret,
    /// For public sessions; unused.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub public_token: Maybe<Secret>,
    /// Of the broker's own front end; unused.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub enctoken: Maybe<Secret>,
    /// Empty for ordinary apps.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub refresh_token: Maybe<Secret>,
    /// The broker's partition; unused.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub silo: Maybe<String>,
    /// When, as the broker writes moments ([`crate::ist`]). The official Python client fails without it.
    pub login_time: String,
}

/// Answer of `POST /session/refresh_token`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshedSession {
    /// The user's id at the broker.
    pub user_id: String,
    /// The new access token.
    pub access_token: Secret,
    /// The new refresh token.
    pub refresh_token: Secret,
}

/// Form of `POST /session/token`.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// The app's public key.
    pub api_key: String,
    /// From the redirect; works once.
    pub request_token: Secret,
    /// See [`checksum`].
    pub checksum: Secret,
}

/// Query of `DELETE /session/token`.
#[derive(Clone, Debug)]
pub struct LogoutRequest {
    /// The app's public key.
    pub api_key: String,
    /// The token to end: an access token or a refresh token.
    pub token: Secret,
}

/// A field that the form must have and has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Missing or empty field `{0}`")]
pub struct MissingField(pub &'static str);

impl TokenRequest {
    /// From the form.
    ///
    /// # Errors
    /// [`MissingField`] for the first field that is missing or empty.
    pub fn from_form(form: &Form<'_>) -> Result<TokenRequest, MissingField> {
        Ok(TokenRequest {
            api_key: required(form, "api_key")?.to_owned(),
            request_token: Secret::new(required(form, "request_token")?),
            checksum: Secret::new(required(form, "checksum")?),
        })
    }
}

impl LogoutRequest {
    /// From the query.
    ///
    /// # Errors
    /// [`MissingField`] without a key or without either token.
    pub fn from_form(form: &Form<'_>) -> Result<LogoutRequest, MissingField> {
        let token = required(form, "access_token")
            .or_else(|missing| required(form, "refresh_token").map_err(|_| missing))?;
        Ok(LogoutRequest { api_key: required(form, "api_key")?.to_owned(), token: Secret::new(token) })
    }
}

fn required<'f>(form: &'f Form<'_>, name: &'static str) -> Result<&'f str, MissingField> {
    form.get(name).filter(|value| !value.is_empty()).ok_or(MissingField(name))
}

/// What proves knowledge of the app's secret: lower-case hexadecimal SHA-256 of key, request token and secret written
/// one after the other. The same with a refresh token in the place of the request token.
pub fn checksum(api_key: &str, request_token: &str, api_secret: &str) -> String {
    sha256_hex([api_key, request_token, api_secret])
}

/// Lower-case hexadecimal SHA-256 of the parts, one after the other.
pub(crate) fn sha256_hex(parts: [&str; 3]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_sha256_of_the_three_parts() {
        // The empty text and `abc` have well-known digests.
        assert_eq!(checksum("", "", ""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(
            checksum("a", "b", "c"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn forms_name_the_field_they_lack() {
        let read = |text| TokenRequest::from_form(&Form::parse(text).unwrap());
        let request = read("checksum=c&api_key=k&request_token=r&v=3").unwrap();
        assert_eq!((request.request_token.expose(), request.checksum.expose()), ("r", "c"));
        assert_eq!(
            format!("{request:?}"),
            r#"TokenRequest { api_key: "k", request_token: ***, checksum: *** }"#
        );
        assert_eq!(read("api_key=k&request_token=&checksum=c").unwrap_err(), MissingField("request_token"));
        let logout = |text| LogoutRequest::from_form(&Form::parse(text).unwrap());
        assert_eq!(logout("api_key=k&access_token=a").unwrap().token.expose(), "a");
        assert_eq!(logout("api_key=k&refresh_token=b").unwrap().token.expose(), "b");
        assert_eq!(logout("api_key=k").unwrap_err(), MissingField("access_token"));
    }
}
