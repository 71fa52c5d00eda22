//! Form-encoded parameters: query strings and request bodies, `i=NSE%3AINFY&i=NSE:TCS`.
//!
//! Enters: the text behind the `?`, or a body of type `application/x-www-form-urlencoded`. Leaves: names and values in
//! the order they were sent. Never here: what a name means. Unknown names are for the reader to ignore: clients of
//! different ages send different sets, and some repeat path variables.

use std::borrow::Cow;

/// Bounds on one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest text, in bytes.
    pub bytes_max: usize,
    /// Most name-value pairs.
    pub pairs_max: usize,
}

impl Default for Limits {
    /// Room for a request of 1,000 quotes with the longest symbols.
    fn default() -> Limits {
        Limits { bytes_max: 64 * 1024, pairs_max: 2048 }
    }
}

/// Why a text is no form. The texts do not repeat any of it: a form may carry tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Too long to be read at all.
    #[error("the parameters have {bytes} bytes; at most {max} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// What is allowed.
        max: usize,
    },
    /// Too many pairs.
    #[error("more than {max} parameters")]
    TooMany {
        /// What is allowed.
        max: usize,
    },
    /// A `%` without two hexadecimal digits behind it.
    #[error("the `%` at byte {offset} of the parameters is not followed by two hexadecimal digits")]
    BadEscape {
        /// Where the `%` stands.
        offset: usize,
    },
    /// The escaped bytes of a name or value are no text.
    #[error("the parameter at byte {offset} is not UTF-8")]
    NotUtf8 {
        /// Where the name or value begins.
        offset: usize,
    },
}

/// A form taken apart.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Form<'a> {
    /// Reads a form within the default [`Limits`].
    ///
    /// # Errors
    /// [`FormError`].
    pub fn parse(text: &'a str) -> Result<Form<'a>, FormError> {
        Form::parse_within(text, Limits::default())
    }

    /// Reads a form within `limits`. A name without `=` has an empty value; empty pairs (`a=1&&b=2`) are skipped.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn parse_within(text: &'a str, limits: Limits) -> Result<Form<'a>, FormError> {
        if text.len() > limits.bytes_max {
            return Err(FormError::TooLong { bytes: text.len(), max: limits.bytes_max });
        }
        let mut pairs = Vec::new();
        let mut offset = 0;
        for pair in text.split('&') {
            let at = offset;
            offset += pair.len() + 1;
            if pair.is_empty() {
                continue;
            }
            if pairs.len() == limits.pairs_max {
                return Err(FormError::TooMany { max: limits.pairs_max });
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push((unescape(name, at)?, unescape(value, at + name.len() + 1)?));
        }
        Ok(Form { pairs })
    }

    /// The first value of `name`: where a client repeats a parameter, the first is the one it was asked to send.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Every value of `name`, in order.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_ref())
    }

    /// Every pair, in order.
    pub fn pairs(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// True for the words clients use for "yes": `1`, `true`, `True`. Absent and everything else is "no".
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }
}

impl std::fmt::Debug for Form<'_> {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.pairs.iter().map(|(name, _)| name)).finish()
    }
}

fn unescape(text: &str, offset: usize) -> Result<Cow<'_, str>, FormError> {
    if !text.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let at = offset + text.len() - rest.len();
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let ([high, low], after) =
                    after.split_first_chunk().ok_or(FormError::BadEscape { offset: at })?;
                let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low)) else {
                    return Err(FormError::BadEscape { offset: at });
                };
                bytes.push(high << 4 | low);
                rest = after;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| FormError::NotUtf8 { offset })
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Writes a form, for a client.
#[derive(Clone, Default)]
pub struct Writer {
    text: String,
}

impl Writer {
    /// An empty form.
    pub fn new() -> Writer {
        Writer::default()
    }

    /// Adds a pair, escaping everything but letters, digits and `-._~`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Writer {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        escape(name, &mut self.text);
        self.text.push('=');
        escape(value, &mut self.text);
        self
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }
}

fn escape(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                for nibble in [byte >> 4, byte & 15] {
                    out.push(char::from(HEX[usize::from(nibble)]));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let form = Form::parse(text).unwrap();
        form.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn repeated_keys_keep_their_order() {
        let form = Form::parse("i=NSE%3AM%26M&i=NSE:NIFTY+50&x&=y&&oi=1").unwrap();
        assert_eq!(form.all("i").collect::<Vec<_>>(), ["NSE:M&M", "NSE:NIFTY 50"]);
        assert_eq!((form.get("i"), form.get("x"), form.get("none")), (Some("NSE:M&M"), Some(""), None));
        assert_eq!(form.get(""), Some("y"));
        assert!(form.flag("oi") && !form.flag("x") && !form.flag("none"));
        assert_eq!(pairs("a=b=c"), [("a".to_owned(), "b=c".to_owned())]);
        assert!(pairs("").is_empty());
    }

    #[test]
    fn errors_name_the_byte_and_no_value() {
        for (text, error) in [
            ("a=%", FormError::BadEscape { offset: 2 }),
            ("a=1&b=x%4", FormError::BadEscape { offset: 7 }),
            ("%zz=1", FormError::BadEscape { offset: 0 }),
            ("a=%é", FormError::BadEscape { offset: 2 }),
            ("a=1&b=%ff", FormError::NotUtf8 { offset: 6 }),
        ] {
            assert_eq!(Form::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(
            format!("{:?}", Form::parse("api_key=a&checksum=b").unwrap()),
            r#"["api_key", "checksum"]"#
        );
    }

    #[test]
    fn size_is_bounded() {
        let limits = Limits { bytes_max: 9, pairs_max: 2 };
        assert!(Form::parse_within("a=1&b=2&", limits).is_ok());
        assert_eq!(Form::parse_within("a=1&b=2&c", limits), Err(FormError::TooMany { max: 2 }));
        assert_eq!(Form::parse_within("a=1&b=2&c=", limits), Err(FormError::TooLong { bytes: 10, max: 9 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_is_written_is_read_again(wanted in proptest::collection::vec((".{1,8}", ".{0,12}"), 0..8)) {
            let writer = wanted.iter().fold(Writer::new(), |writer, (name, value)| writer.with(name, value));
            prop_assert_eq!(pairs(&writer.finish()), wanted);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = Form::parse(&text);
        }
    }
}
