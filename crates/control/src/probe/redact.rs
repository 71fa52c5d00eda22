//! Takes secrets out of texts before anybody keeps them: known values, what stands in headers and addresses that
//! carry credentials, and whatever looks like a secret.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::patterns;

const GONE: &str = "[redacted]";

/// Headers whose values are credentials.
pub(super) fn is_credential(header: &str) -> bool {
    let names = ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token"];
    names.iter().any(|name| header.eq_ignore_ascii_case(name))
}

/// `(what stays)(what goes)`.
#[expect(clippy::expect_used, reason = "constant expressions, and each is used in the tests below")]
static PLACES: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        // A header, as programs print it.
        r#"(?i)(\b(?:proxy-authorization|authorization|set-cookie|cookie|x-api-key|x-auth-token)\b["']?\s*[:=]\s*)([^\r\n]+)"#,
        // User and password in an address.
        r#"(\b[A-Za-z][A-Za-z0-9+.-]*://)([^\s/?#"'@]+)(?:@)"#,
        // A parameter of an address or a form.
        r#"(?i)([?&](?:[a-z_-]*(?:token|secret|password|api_?key|signature)|sig)=)([^&\s"']+)"#,
    ]
    .map(|expression| Regex::new(expression).expect("a valid expression"))
});

/// A private key with its body, or as much of it as there is.
#[expect(clippy::expect_used, reason = "a constant expression, used in the tests below")]
static KEY: LazyLock<Regex> = LazyLock::new(|| {
    let expression =
        r"(?s)-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [^-]*-----|\z)";
    Regex::new(expression).expect("a valid expression")
});

/// Knows what must not be seen.
pub(crate) struct Redactor {
    /// Longest first, since one may be the beginning of another.
    known: Vec<String>,
}

impl Redactor {
    /// With the values of known secrets.
    pub(crate) fn new<'a>(known: impl IntoIterator<Item = &'a str>) -> Redactor {
        // A secret of several lines is also met line by line.
        let mut known: Vec<String> = known
            .into_iter()
            .flat_map(|secret| std::iter::once(secret).chain(secret.lines()))
            .map(|secret| secret.trim().to_owned())
            .filter(|secret| !secret.is_empty())
            .collect();
        known.sort_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
        known.dedup();
        Redactor { known }
    }

    /// A text that was cut ends with a part of a secret at most this long once it is [`clean`](Self::clean), bytes:
    /// what is replaced inside of that part makes it longer.
    pub(super) fn part_bytes_max(&self) -> usize {
        self.known.first().map_or(0, |longest| longest.len() * GONE.len())
    }

    /// Without secrets.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.known {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), GONE);
            }
        }
        if KEY.is_match(&text) {
            text = KEY.replace_all(&text, GONE).into_owned();
        }
        for place in PLACES.iter() {
            text = place
                .replace_all(&text, |found: &Captures<'_>| {
                    let end = if found[0].ends_with('@') { "@" } else { "" };
                    format!("{}{GONE}{end}", &found[1])
                })
                .into_owned();
        }
        patterns::blank(text, GONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_headers_addresses_and_look_alikes_go() {
        let redactor = Redactor::new(["hunter2", "hunter2-longer"]);
        for (text, clean) in [
            ("it is hunter2.", "it is [redacted]."),
            ("it is hunter2-longer.", "it is [redacted]."),
            ("> Authorization: Bearer abc def", "> Authorization: [redacted]"),
            ("\"X-Api-Key\": \"abc\", \"n\": 1", "\"X-Api-Key\": [redacted]"),
            ("postgres://joe:pw@db/stocks", "postgres://[redacted]@db/stocks"),
            ("http://h/p?access_token=abc&x=1", "http://h/p?access_token=[redacted]&x=1"),
            ("mail joe@example.com about http://h/p", "mail joe@example.com about http://h/p"),
            (&["-----BEGIN EC", "PRIVATE KEY-----\nMHcCAQEEIA\n"].join(" "), "[redacted]"),
            ("password = \"Tr0ub4dor&3xyz\"", "password = \"[redacted]\""),
        ] {
            assert_eq!(redactor.clean(text), clean);
        }
    }
}
