//! Names of streams.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

const NAME_BYTES_MAX: usize = 64;

/// The name of a stream, checked. `intake`, `control` and `venue:<account>` are facts; `account:<A>`, `feed:<shard>` and
/// `singleton:<name>` are decisions. Cloning it is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stream(Arc<str>);

/// A text that names no stream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a stream (intake, control, or venue, account, feed, singleton with `:` and 1 to 64 of \
     A-Z a-z 0-9 . _ -)"
)]
pub struct StreamError(String);

impl Stream {
    /// Checks the name of a stream.
    ///
    /// # Errors
    /// [`StreamError`] with the text.
    pub fn parse(text: &str) -> Result<Stream, StreamError> {
        let valid = match text.split_once(':') {
            None => matches!(text, "intake" | "control"),
            Some((kind, name)) => {
                matches!(kind, "venue" | "account" | "feed" | "singleton")
                    && (1..=NAME_BYTES_MAX).contains(&name.len())
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            }
        };
        if valid { Ok(Stream(text.into())) } else { Err(StreamError(text.to_owned())) }
    }

    /// Facts from clients: signals, orders of people.
    pub fn intake() -> Stream {
        Stream("intake".into())
    }

    /// Facts from operators: halts, limits, flags.
    pub fn control() -> Stream {
        Stream("control".into())
    }

    /// Facts from the venue about `account`.
    ///
    /// # Panics
    /// As [`Stream::account`].
    pub fn venue(account: &str) -> Stream {
        Stream::checked("venue", account)
    }

    /// Decisions for `account`.
    ///
    /// # Panics
    /// If `account` is not 1 to 64 of `A-Z a-z 0-9 . _ -`. A name from outside was checked at the door; use
    /// [`Stream::parse`] for one that was not.
    pub fn account(account: &str) -> Stream {
        Stream::checked("account", account)
    }

    /// Decisions of the feed `shard`.
    ///
    /// # Panics
    /// As [`Stream::account`].
    pub fn feed(shard: &str) -> Stream {
        Stream::checked("feed", shard)
    }

    /// Decisions of the one instance that does the task `name`.
    ///
    /// # Panics
    /// As [`Stream::account`].
    pub fn singleton(name: &str) -> Stream {
        Stream::checked("singleton", name)
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if any instance may append to it; false if that needs the lease.
    pub fn is_fact(&self) -> bool {
        matches!(self.as_str(), "intake" | "control") || self.0.starts_with("venue:")
    }

    fn checked(kind: &str, name: &str) -> Stream {
        match Stream::parse(&format!("{kind}:{name}")) {
            Ok(stream) => stream,
            Err(error) => panic!("a name that nobody checked: {error}"),
        }
    }
}

impl FromStr for Stream {
    type Err = StreamError;

    fn from_str(text: &str) -> Result<Stream, StreamError> {
        Stream::parse(text)
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_kinds_with_a_plain_name() {
        for text in ["intake", "control", "venue:paper"] {
            assert!(Stream::parse(text).unwrap().is_fact(), "{text}");
        }
        for text in ["account:A_1", "feed:nse-0", "singleton:reports.day"] {
            assert!(!Stream::parse(text).unwrap().is_fact(), "{text}");
        }
        let long = format!("account:{}", "a".repeat(65));
        for text in [
            "",
            "Intake",
            "intake:",
            "intake:x",
            "account",
            "account:",
            "account:a:b",
            "account:a b",
            "x:y",
            &long,
        ] {
            assert!(text.parse::<Stream>().is_err(), "{text}");
        }
        assert_eq!(Stream::venue("paper"), Stream::parse("venue:paper").unwrap());
    }

    #[test]
    #[should_panic(expected = "nobody checked")]
    fn a_name_that_nobody_checked_is_our_mistake() {
        let _ = Stream::account("a b");
    }
}
