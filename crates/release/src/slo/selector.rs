//! PromQL selectors: `http_requests_total{job="api",status=~"5.."}`.
//!
//! Enters: text from policies and documents. Leaves: selectors that can be changed, written safely, and asked whether they match.
//! Never here: functions, ranges, offsets: whatever is more than a selector is refused.

use std::fmt;
use std::str::FromStr;

use regex::Regex;

/// How a matcher compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Like,
    /// `!~`
    NotLike,
}

impl Op {
    const fn as_str(self) -> &'static str {
        match self {
            Op::Equal => "=",
            Op::NotEqual => "!=",
            Op::Like => "=~",
            Op::NotLike => "!~",
        }
    }

    /// What matches exactly when this does not.
    pub const fn opposite(self) -> Op {
        match self {
            Op::Equal => Op::NotEqual,
            Op::NotEqual => Op::Equal,
            Op::Like => Op::NotLike,
            Op::NotLike => Op::Like,
        }
    }
}

/// One condition on a label. A label that is not there has an empty value.
#[derive(Clone, Debug)]
pub struct Matcher {
    label: String,
    op: Op,
    value: String,
    pattern: Option<Regex>,
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Matcher) -> bool {
        (&self.label, self.op, &self.value) == (&other.label, other.op, &other.value)
    }
}

impl Eq for Matcher {}

/// A text is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a selector: {why}; write a metric and its labels, as in `requests_total{{job=\"api\"}}`"
)]
pub struct NotASelector {
    text: String,
    why: String,
}

impl Matcher {
    /// A condition.
    ///
    /// # Errors
    /// What is wrong with the name of the label or the pattern.
    pub fn new(label: &str, op: Op, value: &str) -> Result<Matcher, String> {
        if !is_name(label, false) {
            return Err(format!("`{label}` is no name of a label"));
        }
        let pattern = match op {
            // Patterns are anchored, as in PromQL.
            Op::Like | Op::NotLike => {
                Some(Regex::new(&format!("^(?:{value})$")).map_err(|_| format!("`{value}` is no pattern"))?)
            }
            Op::Equal | Op::NotEqual => None,
        };
        Ok(Matcher { label: label.to_owned(), op, value: value.to_owned(), pattern })
    }

    /// Which label.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// How.
    pub const fn op(&self) -> Op {
        self.op
    }

    /// With what.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// True for such a value of the label; empty when it is not there.
    pub fn accepts(&self, value: &str) -> bool {
        match (self.op, &self.pattern) {
            (Op::Equal, _) => value == self.value,
            (Op::NotEqual, _) => value != self.value,
            (Op::Like, Some(pattern)) => pattern.is_match(value),
            (Op::NotLike, Some(pattern)) => !pattern.is_match(value),
            (Op::Like | Op::NotLike, None) => false,
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.label, self.op.as_str(), quoted(&self.value))
    }
}

/// A metric and conditions on its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    metric: String,
    matchers: Vec<Matcher>,
}

impl Selector {
    /// The series of a metric, whatever their labels.
    ///
    /// # Errors
    /// [`NotASelector`]: no name of a metric.
    pub fn of(metric: &str) -> Result<Selector, NotASelector> {
        metric.parse()
    }

    /// Its name.
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// Conditions, in the order in which they were written.
    pub fn matchers(&self) -> &[Matcher] {
        &self.matchers
    }

    /// The same with one more condition, once.
    #[must_use]
    pub fn with(mut self, matcher: Matcher) -> Selector {
        if !self.matchers.contains(&matcher) {
            self.matchers.push(matcher);
        }
        self
    }

    /// The same labels of another metric: this one's name and a suffix.
    #[must_use]
    pub fn suffixed(&self, suffix: &str) -> Selector {
        Selector { metric: format!("{}{suffix}", self.metric), matchers: self.matchers.clone() }
    }

    /// True for a series of this name with these labels.
    pub fn matches(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        let value =
            |label: &str| labels.iter().find(|(name, _)| *name == label).map_or("", |(_, value)| value);
        name == self.metric && self.matchers.iter().all(|matcher| matcher.accepts(value(&matcher.label)))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let matchers: Vec<String> = self.matchers.iter().map(Matcher::to_string).collect();
        match matchers.is_empty() {
            true => f.write_str(&self.metric),
            false => write!(f, "{}{{{}}}", self.metric, matchers.join(",")),
        }
    }
}

/// A string as PromQL reads it, on one line and without characters that YAML refuses.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                out.push('\\');
                out.push(letter);
            }
            '\n' => out.push_str("\\n"),
            letter if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

fn is_name(text: &str, colons: bool) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || (colons && byte == b':');
    let mut bytes = text.bytes();
    bytes.next().is_some_and(letter) && bytes.all(|byte| letter(byte) || byte.is_ascii_digit())
}

impl FromStr for Selector {
    type Err = NotASelector;

    fn from_str(text: &str) -> Result<Selector, NotASelector> {
        let mut reader = Reader { rest: text.trim() };
        reader.selector().map_err(|why| NotASelector { text: text.to_owned(), why })
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn selector(&mut self) -> Result<Selector, String> {
        let metric = self.name();
        if !is_name(&metric, true) {
            return Err("it does not begin with the name of a metric".to_owned());
        }
        let mut matchers = Vec::new();
        if self.take("{") {
            while !self.take("}") {
                matchers.push(self.matcher()?);
                if !self.take(",") && !self.rest.starts_with('}') {
                    return Err("a comma or a closing brace is missing".to_owned());
                }
            }
        }
        match self.rest.trim() {
            "" => Ok(Selector { metric, matchers }),
            more => Err(format!("`{more}` follows it")),
        }
    }

    fn matcher(&mut self) -> Result<Matcher, String> {
        let label = self.name();
        let op = [("=~", Op::Like), ("!~", Op::NotLike), ("!=", Op::NotEqual), ("=", Op::Equal)]
            .into_iter()
            .find_map(|(text, op)| self.take(text).then_some(op))
            .ok_or_else(|| format!("`{label}` is compared with nothing"))?;
        let value = self.string()?;
        Matcher::new(&label, op, &value)
    }

    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        match rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn name(&mut self) -> String {
        let rest = self.rest.trim_start();
        let inside = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':';
        let end = rest.find(|letter| !inside(letter)).unwrap_or(rest.len());
        self.rest = rest[end..].trim_start();
        rest[..end].to_owned()
    }

    fn string(&mut self) -> Result<String, String> {
        let open = || "a value is not in quotes".to_owned();
        let quote = self.rest.chars().next().filter(|quote| "\"'`".contains(*quote)).ok_or_else(open)?;
        let mut letters = self.rest[1..].chars();
        let mut value = String::new();
        loop {
            match letters.next().ok_or_else(|| "a value has no closing quote".to_owned())? {
                end if end == quote => break,
                '\\' if quote != '`' => value.push(escaped(&mut letters)?),
                letter => value.push(letter),
            }
        }
        self.rest = letters.as_str().trim_start();
        Ok(value)
    }
}

fn escaped(letters: &mut std::str::Chars<'_>) -> Result<char, String> {
    let wrong = || "a value has an escape that is not understood".to_owned();
    let digits = match letters.next().ok_or_else(wrong)? {
        letter @ ('\\' | '"' | '\'') => return Ok(letter),
        'n' => return Ok('\n'),
        't' => return Ok('\t'),
        'r' => return Ok('\r'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return Err(wrong()),
    };
    let text: String = letters.take(digits).collect();
    let code = u32::from_str_radix(&text, 16).map_err(|_| wrong())?;
    // `\x80` and above are bytes, not characters.
    if text.len() != digits || (digits == 2 && code > 0x7f) {
        return Err(wrong());
    }
    char::from_u32(code).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn read_and_written() {
        for (text, written) in [
            ("up", "up"),
            (" job:x_total { } ", "job:x_total"),
            ("m{a='1', b=~\"5..\",}", "m{a=\"1\",b=~\"5..\"}"),
            ("m{a!=`x\\y`}", "m{a!=\"x\\\\y\"}"),
            ("m{a!~\"\\u00e9|\\\"\"}", "m{a!~\"é|\\\"\"}"),
        ] {
            let selector: Selector = text.parse().unwrap();
            assert_eq!(selector.to_string(), written);
        }
        for text in [
            "",
            "{a=\"1\"}",
            "m[5m]",
            "sum(m)",
            "m{a=1}",
            "m{a=\"1\"",
            "m{a=\"1\" b=\"2\"}",
            "m{a=~\"(\"}",
            "m{a}",
            "m{a:b=\"1\"}",
            "m offset 5m",
            "5m",
        ] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }

    #[test]
    fn matches_as_prometheus_does() {
        let selector: Selector = "m{job=\"api\",code=~\"5..|4..\",path!~\"/health.*\"}".parse().unwrap();
        assert!(selector.matches("m", &[("job", "api"), ("code", "500")]), "an absent label is empty");
        assert!(!selector.matches("m", &[("job", "api"), ("code", "5000")]), "patterns are anchored");
        assert!(!selector.matches("m", &[("job", "api"), ("code", "500"), ("path", "/healthz")]));
        assert!(!selector.matches("n", &[("job", "api"), ("code", "500")]));
    }

    #[test]
    fn labels_are_merged_once() {
        let le = Matcher::new("le", Op::Equal, "0.5").unwrap();
        let selector: Selector = "h{job=\"api\"}".parse().unwrap();
        let merged = selector.suffixed("_bucket").with(le.clone()).with(le);
        assert_eq!(merged.to_string(), "h_bucket{job=\"api\",le=\"0.5\"}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_value_survives(value in "\\PC*|[\\x00-\\x20\"'`\\\\]*") {
            let selector = Selector::of("m").unwrap().with(Matcher::new("a", Op::Equal, &value).unwrap());
            let text = selector.to_string();
            prop_assert!(!text.contains('\n'));
            prop_assert_eq!(text.parse::<Selector>().unwrap(), selector);
        }
    }
}
