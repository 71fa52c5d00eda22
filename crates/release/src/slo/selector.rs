//! PromQL selectors: `http_requests_total{job="api",status=~"5.."}`.
//!
//! Enters: text from policies and documents. Leaves: selectors that can be changed, written safely, and asked whether
//! they match. Never here: functions, ranges, offsets: whatever is more than a selector is refused.

mod read;

use std::fmt;

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
