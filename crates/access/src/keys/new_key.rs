//! The wish for a key, and what is wrong with it.

use market::UnixNanos;

use crate::scope::Scopes;

const NAME_CHARS_MAX: usize = 64;
const REDIRECT_BYTES_MAX: usize = 2_048;

/// What a new key shall be. Two keys may have the same name.
#[derive(Clone, Debug, Default)]
pub struct NewKey {
    /// What its owner calls it: 1 to 64 printable characters.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The only account it may use; none: all.
    pub account: Option<String>,
    /// When it ends; none: never.
    pub expires: Option<UnixNanos>,
    /// Where the Kite login page sends the browser: an http or https address.
    pub redirect: Option<String>,
}

/// What is wrong with a wish for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NewKeyError {
    /// The name is empty, too long, not printable, or starts or ends with a space.
    #[error("the name must have 1 to 64 printable characters")]
    Name,
    /// Nothing would be allowed.
    #[error("a key needs at least one scope")]
    Scopes,
    /// Not the name of an account.
    #[error("the account must have 1 to 64 of A-Z, a-z, 0-9, `.`, `_` and `-`")]
    Account,
    /// It would be dead at once.
    #[error("the expiry is in the past")]
    Expires,
    /// Not an address for a browser.
    #[error("the redirect must be an http:// or https:// address without spaces, user name or fragment")]
    Redirect,
}

impl NewKeyError {
    /// The field at fault.
    pub const fn field(self) -> &'static str {
        match self {
            NewKeyError::Name => "name",
            NewKeyError::Scopes => "scopes",
            NewKeyError::Account => "account",
            NewKeyError::Expires => "expires",
            NewKeyError::Redirect => "redirect",
        }
    }
}

impl NewKey {
    pub(super) fn validate(&self, now: UnixNanos) -> Result<(), NewKeyError> {
        let checks = [
            (is_name(&self.name), NewKeyError::Name),
            (!self.scopes.is_empty(), NewKeyError::Scopes),
            (self.account.as_deref().is_none_or(is_account), NewKeyError::Account),
            (self.expires.is_none_or(|expires| expires > now), NewKeyError::Expires),
            (self.redirect.as_deref().is_none_or(is_redirect), NewKeyError::Redirect),
        ];
        checks.into_iter().find(|(good, _)| !good).map_or(Ok(()), |(_, error)| Err(error))
    }
}

fn is_name(name: &str) -> bool {
    // Besides control characters, those that turn the direction of text or have no width would let one name look
    // like another one in a list. `escape_debug` knows what is not printable.
    let printable = |letter: char| {
        letter == ' ' || matches!(letter, '\'' | '"' | '\\') || letter.escape_debug().count() == 1
    };
    (1..=NAME_CHARS_MAX).contains(&name.chars().count()) && name.trim() == name && name.chars().all(printable)
}

fn is_account(account: &str) -> bool {
    (1..=64).contains(&account.len())
        && account.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// No full parser of addresses: it only has to be certain that the browser goes to the host that a reader sees, and
/// that nothing in it can break out of a header or an attribute.
fn is_redirect(address: &str) -> bool {
    if address.len() > REDIRECT_BYTES_MAX {
        return false;
    }
    let Some((scheme, rest)) = address.split_once("://") else { return false };
    let known = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let safe = address.bytes().all(|byte| {
        byte.is_ascii_graphic()
            && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | b'#')
    });
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    known && safe && is_authority(authority)
}

fn is_authority(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, rest)) => {
            let address: Result<std::net::Ipv6Addr, _> = inside.parse();
            let port = if rest.is_empty() { None } else { rest.strip_prefix(':').or(Some("?")) };
            (address.is_ok(), port)
        }
        None => {
            let (name, port) =
                authority.split_once(':').map_or((authority, None), |(name, port)| (name, Some(port)));
            let good =
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
            (good && !name.is_empty(), port)
        }
    };
    host && port
        .is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixNanos = UnixNanos(1_000);

    fn good() -> NewKey {
        NewKey { name: "desk".to_owned(), scopes: Scopes::ALL, ..NewKey::default() }
    }

    #[test]
    fn names() {
        let longest = "ü".repeat(64);
        for name in ["a", "desk 7", "O'Neil \"x\" \\", "दलाल", longest.as_str()] {
            assert_eq!(NewKey { name: name.to_owned(), ..good() }.validate(NOW), Ok(()), "{name}");
        }
        let long = "a".repeat(65);
        for name in ["", " ", " a", "a ", "a\nb", "a\u{7f}", "a\u{202e}b", "a\u{200b}b", "\0", &long] {
            assert_eq!(
                NewKey { name: name.to_owned(), ..good() }.validate(NOW),
                Err(NewKeyError::Name),
                "{name:?}"
            );
        }
    }

    #[test]
    fn redirects() {
        let check = |address: &str| NewKey { redirect: Some(address.to_owned()), ..good() }.validate(NOW);
        for address in [
            "http://127.0.0.1:5000/callback?x=1&y=%20",
            "https://example.com",
            "HTTPS://a.b-c.in/~me",
            "http://[::1]:80/",
            "http://localhost?x",
        ] {
            assert_eq!(check(address), Ok(()), "{address}");
        }
        let long = format!("http://a/{}", "x".repeat(2_048));
        for address in [
            "",
            "http",
            "http://",
            "http:///x",
            "ftp://a",
            "javascript://a/%0aalert(1)",
            "//a",
            "http://a b",
            "http://a\r\nX: y",
            "http://me@evil",
            "http://a\"",
            "http://a/<x>",
            "http://a/#x",
            "http://a:99999",
            "http://a:",
            "http://a:+80",
            "http://[::1",
            "http://[x]",
            "http://[::1]80",
            "http://ü",
            "http:\\\\a",
            &long,
        ] {
            assert_eq!(check(address), Err(NewKeyError::Redirect), "{address:?}");
        }
    }

    #[test]
    fn the_other_fields() {
        assert_eq!(NewKey { scopes: Scopes::NONE, ..good() }.validate(NOW), Err(NewKeyError::Scopes));
        for (expires, wanted) in
            [(999, Err(NewKeyError::Expires)), (1_000, Err(NewKeyError::Expires)), (1_001, Ok(()))]
        {
            assert_eq!(NewKey { expires: Some(UnixNanos(expires)), ..good() }.validate(NOW), wanted);
        }
        for (account, wanted) in
            [("paper", Ok(())), ("", Err(NewKeyError::Account)), ("a b", Err(NewKeyError::Account))]
        {
            assert_eq!(NewKey { account: Some(account.to_owned()), ..good() }.validate(NOW), wanted);
        }
        assert_eq!(NewKeyError::Redirect.field(), "redirect");
    }
}
