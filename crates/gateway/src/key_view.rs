//! Keys as people and programs see them: the same from the API and from the command line.

use access::{Issued, KeySummary};
use market::UnixNanos;
use serde::Serialize;

/// A fresh key with its secrets, shown once.
#[derive(Serialize)]
pub struct IssuedView<'a> {
    api_key: &'a str,
    api_secret: &'a str,
    access_token: &'a str,
}

impl<'a> IssuedView<'a> {
    /// The one place where a fresh key's secrets are formatted: its owner asked for them.
    pub fn new(issued: &'a Issued) -> IssuedView<'a> {
        IssuedView {
            api_key: &issued.api_key,
            api_secret: issued.api_secret.expose(),
            access_token: issued.access_token.expose(),
        }
    }
}

/// A key without its secrets.
#[derive(Serialize)]
pub struct KeyView {
    api_key: String,
    name: String,
    scopes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
}

impl KeyView {
    /// What may be shown of a key.
    pub fn new(key: &KeySummary) -> KeyView {
        KeyView {
            api_key: key.api_key.clone(),
            name: key.name.clone(),
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            account: key.account.clone(),
            created: key.created.to_rfc3339(),
            expires: key.expires.map(UnixNanos::to_rfc3339),
            redirect: key.redirect.clone(),
            revoked: key.revoked.map(UnixNanos::to_rfc3339),
        }
    }
}
