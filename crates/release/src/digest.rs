//! What is hashed and signed, byte by byte, so that any other program can compute the same.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A SHA-256, written as `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// A text is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a digest: write `sha256:` and 64 lower-case hexadecimal digits")]
pub struct NotADigest(String);

impl Digest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }
}

impl Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Digest, NotADigest> {
        let wrong = || NotADigest(text.to_owned());
        let digits = text.strip_prefix("sha256:").ok_or_else(wrong)?.as_bytes();
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let mut bytes = [0; 32];
        if digits.len() != 64 {
            return Err(wrong());
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = [value(pair[0]), value(pair[1])];
            *byte = high.ok_or_else(wrong)? * 16 + low.ok_or_else(wrong)?;
        }
        Ok(Digest(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;
    fn try_from(text: String) -> Result<Digest, NotADigest> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

/// A canonical form: one line with what it is, then, for each field in its documented order, the field's name, a space, the number of
/// bytes of its value, a space, the value in UTF-8, a line feed. The count keeps a value from pretending to be the next field.
#[derive(Clone, Debug)]
pub(crate) struct Canonical(String);

impl Canonical {
    /// Of a `kind` of thing, as in `meridian release evidence 1`.
    pub(crate) fn new(kind: &str) -> Canonical {
        Canonical(format!("{kind}\n"))
    }

    /// The next field.
    pub(crate) fn field(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        self.0.push_str(&format!("{name} {} {value}\n", value.len()));
    }

    /// The next field, where there is one.
    pub(crate) fn optional(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.field(name, value);
        }
    }

    /// All of it.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }

    /// Its hash.
    pub(crate) fn digest(self) -> Digest {
        Digest::of(&self.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_others_write_it() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), empty);
        assert_eq!(empty.parse(), Ok(Digest::of(b"")));
        for text in ["", "sha256:", &empty[7..], &empty.to_uppercase(), &empty[..70], "sha256:zz"] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }

    #[test]
    fn no_value_passes_for_a_field() {
        let mut one = Canonical::new("x");
        one.field("a", "1\nb 1 2");
        let mut two = Canonical::new("x");
        two.field("a", "1");
        two.field("b", "2");
        assert_ne!(one.digest(), two.digest());
    }
}
