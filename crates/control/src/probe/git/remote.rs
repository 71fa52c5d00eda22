//! Where a repository is, and with which credentials it is read.
//!
//! Enters: the repository as the policy names it. Leaves: an address without credentials, and these as a header in
//! git's environment. Never here: a secret in an argument, which every user of the machine can read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::process::Command;

use super::super::case::{Case, Miss, error};

pub(super) struct Remote {
    /// Without user and password.
    pub(super) address: String,
    /// Value of the header `Authorization`.
    authorization: Option<String>,
}

impl Remote {
    /// Takes user and password out of an address of `http` or `https`.
    pub(super) fn of(repository: &str, case: &Case) -> Result<Remote, Miss> {
        let (address, credentials) = split(repository);
        if address.starts_with("secret:") || address.contains("{secret:") {
            return error(
                "`repository` may have a secret only as user or password of an http or https address, as in \
                 `https://{secret:NAME}@host/path`: every user of the machine can read git's arguments",
            );
        }
        let authorization = credentials.map(|credentials| {
            let mut plain = decoded(&case.fill_with_secrets(credentials)?);
            if !plain.contains(&b':') {
                plain.push(b':');
            }
            Ok(format!("Basic {}", STANDARD.encode(plain)))
        });
        Ok(Remote { address: case.fill(&address)?, authorization: authorization.transpose()? })
    }

    /// For this address alone.
    pub(super) fn give_credentials(&self, command: &mut Command) {
        if let Some(authorization) = &self.authorization {
            command
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", format!("http.{}.extraHeader", self.address))
                .env("GIT_CONFIG_VALUE_0", format!("Authorization: {authorization}"));
        }
    }
}

/// The address without what stands before its host, and that.
fn split(repository: &str) -> (String, Option<&str>) {
    let whole = || (repository.to_owned(), None);
    let Some((scheme, rest)) = repository.split_once("://") else { return whole() };
    if !["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web)) {
        return whole();
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((credentials, host)) => (format!("{scheme}://{host}{path}"), Some(credentials)),
        None => whole(),
    }
}

/// Without the percent signs that addresses need: `%40` is `@`.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match (first, code.and_then(|code| u8::from_str_radix(code, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_what_stands_before_the_host() {
        for (repository, address, credentials) in [
            ("https://joe:pw@host/a.git", "https://host/a.git", Some("joe:pw")),
            ("HTTP://{secret:token}@host:81", "HTTP://host:81", Some("{secret:token}")),
            ("https://host/a@b", "https://host/a@b", None),
            ("ssh://git@host/a", "ssh://git@host/a", None),
            ("../a@b", "../a@b", None),
        ] {
            assert_eq!(split(repository), (address.to_owned(), credentials), "{repository}");
        }
        assert_eq!(decoded("a%40b:50%+%2"), b"a@b:50%+%2");
    }
}
