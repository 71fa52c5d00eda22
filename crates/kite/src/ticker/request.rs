//! What a client asks of the ticker: subscribe, unsubscribe, change the mode.
//!
//! Enters: one text message of a client, of any content. Leaves: a [`Request`], or an error whose text can be sent back
//! as the ticker's `error` message. Never here: who may subscribe to what, and what a mode does to a token that was
//! never subscribed.

use std::borrow::Cow;
use std::fmt;

use market::mode::UnknownMode;
use market::{InstrumentToken, Mode};
use serde::de::{Deserialize, Deserializer, Unexpected, Visitor};
use serde_json::value::RawValue;

/// Longest request text that [`parse`] reads, in bytes: room for [`TOKENS_MAX`] tokens with blanks between them.
pub const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Most tokens in one request that [`parse`] reads. The broker allows 3,000 per connection; our own listener more.
pub const TOKENS_MAX: usize = 20_000;

/// How much of an unknown word an error repeats, in characters.
const ECHO_CHARS_MAX: usize = 32;
/// How much of the JSON reader's complaint an error repeats: it quotes what it found, however long that is.
const PROBLEM_CHARS_MAX: usize = 160;

/// Bounds on one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest text, in bytes.
    pub text_bytes_max: usize,
    /// Most tokens.
    pub tokens_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { text_bytes_max: TEXT_BYTES_MAX, tokens_max: TOKENS_MAX }
    }
}

/// One request, its tokens in the order they were sent; repeated tokens are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Add instruments; their mode becomes `quote`.
    Subscribe(Vec<InstrumentToken>),
    /// Drop instruments.
    Unsubscribe(Vec<InstrumentToken>),
    /// Set the mode of instruments.
    Mode(Mode, Vec<InstrumentToken>),
}

/// Why a text is not a request. Its words are fit for the ticker's `error` message, and short whatever was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Too long to be read at all.
    #[error("the message has {bytes} bytes; at most {max} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// What is allowed.
        max: usize,
    },
    /// No JSON object with `a` and `v`.
    #[error("the message is not a request: {problem}")]
    Malformed {
        /// What is wrong with it, shortened.
        problem: String,
    },
    /// `a` is no word we know.
    #[error("unknown action `{action}`: use subscribe, unsubscribe or mode")]
    UnknownAction {
        /// Its first characters.
        action: String,
    },
    /// `v` does not have the form that the action wants.
    #[error("`v` of {action} must be {expected}: {problem}")]
    Value {
        /// The action.
        action: &'static str,
        /// The form in words.
        expected: &'static str,
        /// What is wrong with it, shortened.
        problem: String,
    },
    /// No mode of ours.
    #[error("mode `{mode}` {source}")]
    UnknownMode {
        /// Its first characters.
        mode: String,
        /// What would be right.
        source: UnknownMode,
    },
    /// More tokens than one request may carry.
    #[error("{tokens} instruments in one message; at most {max} are read")]
    TooManyTokens {
        /// How many.
        tokens: usize,
        /// What is allowed.
        max: usize,
    },
}

#[derive(serde::Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    a: Cow<'a, str>,
    #[serde(borrow)]
    v: &'a RawValue,
}

/// A token as a number, or as the string that JavaScript's types also allow.
struct Token(InstrumentToken);

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Token, D::Error> {
        deserializer.deserialize_any(TokenVisitor)
    }
}

struct TokenVisitor;

impl Visitor<'_> for TokenVisitor {
    type Value = Token;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an instrument token")
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Token, E> {
        let token = u32::try_from(value).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))?;
        Ok(Token(InstrumentToken(token)))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Token, E> {
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        match value.parse() {
            Ok(token) if digits => Ok(Token(InstrumentToken(token))),
            _ => Err(E::invalid_value(Unexpected::Other("that string"), &self)),
        }
    }
}

/// `["full",[408065]]`: a mode and the tokens it is for.
#[derive(serde::Deserialize)]
struct ModeAndTokens(String, Vec<Token>);

/// Reads a request within [`TEXT_BYTES_MAX`] and [`TOKENS_MAX`].
///
/// # Errors
/// [`RequestError`].
pub fn parse(text: &str) -> Result<Request, RequestError> {
    parse_within(text, Limits::default())
}

/// Reads a request within `limits`.
///
/// # Errors
/// [`RequestError`].
pub fn parse_within(text: &str, limits: Limits) -> Result<Request, RequestError> {
    if text.len() > limits.text_bytes_max {
        return Err(RequestError::TooLong { bytes: text.len(), max: limits.text_bytes_max });
    }
    let wire: Wire<'_> =
        serde_json::from_str(text).map_err(|error| RequestError::Malformed { problem: problem(&error) })?;
    match wire.a.as_ref() {
        "subscribe" => Ok(Request::Subscribe(tokens("subscribe", wire.v, limits)?)),
        "unsubscribe" => Ok(Request::Unsubscribe(tokens("unsubscribe", wire.v, limits)?)),
        "mode" => {
            let expected = "a mode and an array of tokens";
            let ModeAndTokens(word, list) = serde_json::from_str(wire.v.get()).map_err(|error| {
                RequestError::Value { action: "mode", expected, problem: problem(&error) }
            })?;
            let mode =
                word.parse().map_err(|source| RequestError::UnknownMode { mode: start_of(&word), source })?;
            Ok(Request::Mode(mode, checked(list, limits)?))
        }
        other => Err(RequestError::UnknownAction { action: start_of(other) }),
    }
}

fn tokens(
    action: &'static str,
    value: &RawValue,
    limits: Limits,
) -> Result<Vec<InstrumentToken>, RequestError> {
    let expected = "an array of tokens";
    let list = serde_json::from_str(value.get()).map_err(|error| RequestError::Value {
        action,
        expected,
        problem: problem(&error),
    })?;
    checked(list, limits)
}

// The list is read before it is counted: the bound on the text bounds it too, at four bytes for every two of text.
fn checked(list: Vec<Token>, limits: Limits) -> Result<Vec<InstrumentToken>, RequestError> {
    if list.len() > limits.tokens_max {
        return Err(RequestError::TooManyTokens { tokens: list.len(), max: limits.tokens_max });
    }
    Ok(list.into_iter().map(|Token(token)| token).collect())
}

fn start_of(word: &str) -> String {
    word.chars().take(ECHO_CHARS_MAX).collect()
}

fn problem(error: &serde_json::Error) -> String {
    error.to_string().chars().take(PROBLEM_CHARS_MAX).collect()
}

impl Request {
    /// The instruments it names.
    pub fn tokens(&self) -> &[InstrumentToken] {
        match self {
            Request::Subscribe(tokens) | Request::Unsubscribe(tokens) | Request::Mode(_, tokens) => tokens,
        }
    }

    /// The text as the official clients write it.
    pub fn to_json(&self) -> String {
        let list = self.tokens().iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        match self {
            Request::Subscribe(_) => format!(r#"{{"a":"subscribe","v":[{list}]}}"#),
            Request::Unsubscribe(_) => format!(r#"{{"a":"unsubscribe","v":[{list}]}}"#),
            Request::Mode(mode, _) => format!(r#"{{"a":"mode","v":["{mode}",[{list}]]}}"#),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(tokens: &[u32]) -> Vec<InstrumentToken> {
        tokens.iter().copied().map(InstrumentToken).collect()
    }

    #[test]
    fn reads_the_three_actions_and_writes_them_again() {
        for (text, request) in [
            (r#"{"a":"subscribe","v":[408065,884737]}"#, Request::Subscribe(list(&[408_065, 884_737]))),
            (r#"{"a":"unsubscribe","v":[]}"#, Request::Unsubscribe(Vec::new())),
            (r#"{"a":"mode","v":["full",[408065]]}"#, Request::Mode(Mode::Full, list(&[408_065]))),
        ] {
            assert_eq!(parse(text).unwrap(), request);
            assert_eq!(request.to_json(), text);
        }
    }

    #[test]
    fn is_tolerant_where_clients_differ() {
        let spaced = " { \"v\" : [ \"ltp\" , [ 1 , \"2\" ] ] , \"extra\" : {} , \"a\" : \"m\\u006fde\" } ";
        assert_eq!(parse(spaced).unwrap(), Request::Mode(Mode::Ltp, list(&[1, 2])));
        assert_eq!(parse(r#"{"a":"subscribe","v":["4294967295"]}"#).unwrap().tokens(), list(&[u32::MAX]));
        assert_eq!(parse(r#"{"a":"mode","v":["f\u0075ll",[]]}"#).unwrap(), Request::Mode(Mode::Full, vec![]));
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, part) in [
            ("", "not a request"),
            ("[]", "not a request"),
            ("{\"a\":\"subscribe\"}", "missing field `v`"),
            (r#"{"a":1,"v":[]}"#, "not a request"),
            (r#"{"a":"buy","v":[]}"#, "unknown action `buy`: use subscribe"),
            (r#"{"a":"subscribe","v":408065}"#, "`v` of subscribe must be an array of tokens"),
            (r#"{"a":"subscribe","v":[-1]}"#, "an instrument token"),
            (r#"{"a":"subscribe","v":[1.5]}"#, "an instrument token"),
            (r#"{"a":"subscribe","v":[4294967296]}"#, "an instrument token"),
            (r#"{"a":"subscribe","v":["+1"]}"#, "an instrument token"),
            (r#"{"a":"subscribe","v":[null]}"#, "an instrument token"),
            (r#"{"a":"mode","v":["fast",[1]]}"#, "mode `fast` is not a mode: use ltp, quote or full"),
            (r#"{"a":"mode","v":["full"]}"#, "`v` of mode must be a mode and an array of tokens"),
            (r#"{"a":"mode","v":["full",[1],2]}"#, "`v` of mode must be"),
            (r#"{"a":"mode","v":[]}"#, "`v` of mode must be"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        let long = format!(r#"{{"a":"{}","v":[]}}"#, "é".repeat(1000));
        assert!(
            parse(&long).unwrap_err().to_string().len() < 200,
            "an error repeats only the start of a word"
        );
    }

    #[test]
    fn text_and_tokens_are_bounded() {
        let limits = Limits { text_bytes_max: 40, tokens_max: 2 };
        assert!(parse_within(r#"{"a":"subscribe","v":[1,2]}"#, limits).is_ok());
        assert!(matches!(
            parse_within(r#"{"a":"subscribe","v":[1,2,3]}"#, limits),
            Err(RequestError::TooManyTokens { tokens: 3, max: 2 })
        ));
        assert!(matches!(
            parse_within(r#"{"a":"subscribe","v":[1,2,3,4,5,6,7,8,9]}"#, limits),
            Err(RequestError::TooLong { bytes: 41, max: 40 })
        ));
        let nested = format!(r#"{{"a":"subscribe","v":{}}}"#, "[".repeat(100_000));
        assert!(parse(&nested).is_err(), "deep nesting is an error, not a stack overflow");
    }
}
