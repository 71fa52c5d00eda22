//! What looks like a secret: a short list of named patterns. Whole words of documentation are no secrets; random
//! letters beside a telling name are.

use std::sync::LazyLock;

use regex::bytes::Regex as Bytes;

/// One kind of secret.
pub(super) struct Pattern {
    /// For findings.
    pub(super) name: &'static str,
    bytes: Bytes,
    /// Least entropy of the part in parentheses, bits per letter.
    entropy: f64,
}

impl Pattern {
    /// No words, neither those that stand in for a secret nor names like `TokenException`.
    fn is_random(&self, secret: &[u8]) -> bool {
        let words = [ASSIGNMENT, VARIABLE].contains(&self.name) && !secret.iter().any(u8::is_ascii_digit);
        let least = if words { WORDS_ENTROPY } else { self.entropy };
        !is_stand_in(secret) && entropy(secret) >= least
    }
}

const ASSIGNMENT: &str = "password or key in an assignment";
const VARIABLE: &str = "password or key in a variable";
/// Letters alone have to look very random: words joined by hyphens have less.
const WORDS_ENTROPY: f64 = 4.0;

/// Name, expression (the secret is in the first parentheses, if there are any), least entropy.
const LIST: [(&str, &str, f64); 11] = [
    ("AWS access key id", r"\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b", 3.0),
    (
        "AWS secret access key",
        r#"(?i)secret_?access_?key["']?\s*(?:[:=]|=>)\s*["']?([A-Za-z0-9/+]{40})\b"#,
        4.0,
    ),
    ("private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----", 0.0),
    ("GitHub token", r"\b((?:gh[pousr]_[A-Za-z0-9]{36,255})|(?:github_pat_[A-Za-z0-9_]{60,255}))\b", 3.0),
    ("Slack token", r"\b(xox[abprs]-[0-9A-Za-z-]{20,250})\b", 3.0),
    ("Google API key", r"\b(AIza[0-9A-Za-z_-]{35})\b", 3.0),
    (
        "JSON web token",
        r"\b(eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{16,4000})",
        3.5,
    ),
    (
        "Kite token or secret",
        r#"(?i)\b(?:access_?token|api_?secret|request_?token|public_?token|enctoken)["']?\s*(?:[:=]|=>)\s*["']?([A-Za-z0-9]{32}|[A-Za-z0-9+/]{86}==)(?:[^A-Za-z0-9+/=]|$)"#,
        3.2,
    ),
    (
        "password in an address",
        r#"(?i)\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@"'<>{}$]{1,64}:([^\s:/@"'<>{}$]{6,128})@[a-z0-9\[]"#,
        2.8,
    ),
    (
        ASSIGNMENT,
        r#"(?i)(?:password|passwd|pwd|secret|token|api_?-?key|access_?-?key)["']?\s*(?::|=|=>|:=)\s*["']([^"'\s]{8,200})["']"#,
        3.0,
    ),
    (
        VARIABLE,
        r#"(?m)^\s*(?:export\s+)?[A-Z0-9_]*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_KEY|ACCESS_KEY)[A-Z0-9_]*=([^\s"']{8,200})\s*$"#,
        3.0,
    ),
];

#[expect(clippy::expect_used, reason = "constant expressions, and each is used in the tests below")]
static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let compile = |(name, expression, entropy): &(&'static str, &str, f64)| Pattern {
        name,
        bytes: Bytes::new(expression).expect("a valid expression"),
        entropy: *entropy,
    };
    LIST.iter().map(compile).collect()
});

/// Where secrets begin in `bytes`, and of which kind. At most one finding of a kind begins at a place.
pub(super) fn find(bytes: &[u8]) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for pattern in PATTERNS.iter() {
        for captures in pattern.bytes.captures_iter(bytes) {
            let Some(whole) = captures.get(0) else { continue };
            let secret = captures.get(1).unwrap_or(whole);
            if pattern.entropy == 0.0 || pattern.is_random(secret.as_bytes()) {
                found.push((secret.start(), pattern.name));
            }
        }
    }
    found.sort_unstable();
    found
}

/// With `instead` in place of everything that may be a secret. Here a word too many does no harm: stand-ins go, too.
pub(super) fn blank(text: String, instead: &str) -> String {
    let mut text = text.into_bytes();
    for pattern in PATTERNS.iter() {
        let mut places: Vec<_> = Vec::new();
        for captures in pattern.bytes.captures_iter(&text) {
            let part = captures.get(1).or_else(|| captures.get(0));
            places.extend(part.map(|part| part.range()));
        }
        for place in places.into_iter().rev() {
            // The name of a secret is none.
            let part = &text[place.clone()];
            if part != instead.as_bytes() && !part.starts_with(b"secret:") {
                text.splice(place, instead.bytes());
            }
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The line opens a private key.
pub(super) fn begins_key(line: &[u8]) -> bool {
    // Asked of every line of a flood: most are far too short.
    line.len() > "-----BEGIN".len()
        && PATTERNS.iter().any(|pattern| pattern.name == "private key" && pattern.bytes.is_match(line))
}

/// The line closes one.
pub(super) fn ends_key(line: &[u8]) -> bool {
    let end = b"-----END ";
    line.windows(end.len()).any(|window| window == end)
}

/// Written where a secret would stand.
fn is_stand_in(secret: &[u8]) -> bool {
    let text = String::from_utf8_lossy(secret).to_ascii_lowercase();
    let words =
        ["example", "changeme", "placeholder", "redacted", "your", "xxxx", "****", "secret:", "dummy"];
    let marks = ['$', '<', '{', '%'];
    text.starts_with(marks) || words.iter().any(|word| text.contains(word))
}

/// Shannon entropy of the bytes, bits per byte.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let all = bytes.len() as f64;
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all);
    shares.map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Put together here, so that this file holds nothing that looks like a secret.
    fn random(length: usize) -> String {
        let letters = b"Zq7Rw2LxKt9BvN4mHs8DpYc3GfJ6aE5u";
        (0..length).map(|place| char::from(letters[(place * 7 + place / 32) % 32])).collect()
    }

    #[test]
    fn every_kind_is_found_and_blanked() {
        let upper = random(64).to_ascii_uppercase().replace(['8', '9'], "7");
        let cases = [
            ("AWS access key id", format!("id AKIA{} ", &upper[..16])),
            ("AWS secret access key", format!("aws_secret_access_key = {}\n", random(40))),
            ("private key", ["-----BEGIN RSA", "PRIVATE KEY-----"].join(" ")),
            ("GitHub token", format!("ghp_{}", random(36))),
            ("Slack token", format!("xoxb-{}", random(24))),
            ("Google API key", format!("AIza{}", random(35))),
            ("JSON web token", format!("eyJ{}.eyJ{}.{}", random(20), random(30), random(20))),
            ("Kite token or secret", format!("access_token: {}\n", random(32))),
            ("password in an address", format!("postgres://joe:{}@db/stocks", random(12))),
            ("password or key in an assignment", format!("DB_PASSWORD = '{}'", random(16))),
            ("password or key in a variable", format!("A=1\nexport DB_PASSWORD={}\nB=2\n", random(16))),
        ];
        assert_eq!(cases.len(), LIST.len());
        for (name, text) in cases {
            let found = find(text.as_bytes());
            assert!(found.iter().any(|(_, kind)| *kind == name), "{name}: {found:?}");
            let clean = blank(text.clone(), "[redacted]");
            assert!(find(clean.as_bytes()).is_empty() && clean.contains("[redacted]"), "{clean}");
        }
    }

    #[test]
    fn words_of_documentation_are_no_secrets() {
        for text in [
            "password = \"changeme-please\"",
            "password: '${DB_PASSWORD}'",
            "token = \"<your token here>\"",
            "secret = \"aaaaaaaaaaaa\"",
            "postgres://user:<password>@db/stocks",
            "AKIAIOSFODNN7EXAMPLE",
            "api_secret = get_secret('ticker-service/kite')",
            "Token = \"TokenException\"",
            "access_token=\"ACCESS_TOKEN\"",
            "token = \"token-that-nobody-may-see\"",
            "DB_PASSWORD=$(cat /run/secrets/db)",
            "API_KEY=get_it_from_the_vault",
            "the password is asked for",
        ] {
            assert!(find(text.as_bytes()).is_empty(), "{text}");
        }
    }
}
