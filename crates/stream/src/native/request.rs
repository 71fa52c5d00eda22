//! What a native client may ask for.

use std::str::FromStr;

use market::Mode;
use serde::Deserialize;

use crate::inbox::Delivery;
use crate::position::{self, Position};

/// Longest message that a client may send, in bytes.
pub const REQUEST_BYTES_MAX: usize = 256 * 1024;

/// The mode in which orders are told; it has no instruments.
const ORDERS: &str = "orders";

/// One message of a client. Instruments are still names: only the caller's registry knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Deliver these from now on.
    Subscribe {
        /// `EXCHANGE:TRADINGSYMBOL` or a numeric token, as text; with `standing`, none.
        instruments: Vec<String>,
        /// Subscribe the key's standing subscriptions.
        standing: bool,
        /// How much of each tick; `None` keeps the standing one's own mode (default `quote`).
        mode: Option<Mode>,
        /// How ticks are delivered.
        delivery: Delivery,
    },
    /// Stop delivering these.
    Unsubscribe {
        /// Names or tokens.
        instruments: Vec<String>,
    },
    /// Tell about orders from now on, or no longer.
    Orders {
        /// Whether to tell.
        on: bool,
    },
    /// Go on after these positions, at least one of which is there.
    Resume {
        /// Of the ticks: from the client's last message.
        position: Option<Position>,
        /// Of the orders: the row of the journal that its last message about an order told.
        orders: Option<u64>,
    },
    /// Answer with `pong`.
    Ping,
}

/// Why a message was not understood: goes to the client as an error message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequestError {
    /// Stable word for programs.
    pub code: &'static str,
    /// Which field, when one is to blame.
    pub field: Option<&'static str>,
    /// What is wrong and what to send instead.
    pub message: String,
}

impl RequestError {
    fn new(code: &'static str, field: Option<&'static str>, message: impl Into<String>) -> RequestError {
        RequestError { code, field, message: start_of(&message.into()) }
    }
}

/// Longest message of a refusal, in characters: a client's own words in it are not sent back at any length.
const MESSAGE_MAX: usize = 300;

/// The beginning of a refusal's text.
pub(crate) fn start_of(message: &str) -> String {
    message.chars().take(MESSAGE_MAX).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    op: String,
    #[serde(default)]
    instruments: Option<Vec<Name>>,
    #[serde(default)]
    standing: bool,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default)]
    delivery: Option<String>,
    #[serde(default)]
    position: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Token(u32),
    Text(String),
}

impl FromStr for Request {
    type Err = RequestError;

    fn from_str(text: &str) -> Result<Request, RequestError> {
        if text.len() > REQUEST_BYTES_MAX {
            return Err(RequestError::new(
                "too_large",
                None,
                format!("a message may have {REQUEST_BYTES_MAX} bytes: split it"),
            ));
        }
        let wire: Wire = serde_json::from_str(text)
            .map_err(|error| RequestError::new("bad_message", None, format!("not a request: {error}")))?;
        match wire.op.as_str() {
            "subscribe" if wire.mode.as_deref() == Some(ORDERS) => Ok(Request::Orders { on: true }),
            "unsubscribe" if wire.mode.as_deref() == Some(ORDERS) => Ok(Request::Orders { on: false }),
            "subscribe" => subscribe(wire),
            "unsubscribe" => Ok(Request::Unsubscribe { instruments: names(wire.instruments)? }),
            "resume" => {
                let text = wire.position.ok_or_else(|| {
                    RequestError::new("missing_field", Some("position"), "resume needs a position")
                })?;
                let (position, orders) = position::read_joined(&text).map_err(|error| {
                    RequestError::new("bad_position", Some("position"), format!("position {error}"))
                })?;
                Ok(Request::Resume { position, orders })
            }
            "ping" => Ok(Request::Ping),
            other => Err(RequestError::new(
                "unknown_op",
                Some("op"),
                format!("op {other:?} is not known: use subscribe, unsubscribe, resume or ping"),
            )),
        }
    }
}

fn subscribe(wire: Wire) -> Result<Request, RequestError> {
    let mode = wire.mode.as_deref().map(parse_mode).transpose()?;
    let delivery = match wire.delivery {
        None => Delivery::Latest,
        Some(text) => text.parse().map_err(|error| {
            RequestError::new("bad_delivery", Some("delivery"), format!("delivery {text:?} {error}"))
        })?,
    };
    let instruments =
        if wire.standing && wire.instruments.is_none() { Vec::new() } else { names(wire.instruments)? };
    Ok(Request::Subscribe { instruments, standing: wire.standing, mode, delivery })
}

fn parse_mode(text: &str) -> Result<Mode, RequestError> {
    match text {
        "greeks" | "chain" => Err(RequestError::new(
            "mode_not_available",
            Some("mode"),
            format!("mode {text:?} is not served by this version: use ltp, quote, full or orders"),
        )),
        _ => text
            .parse()
            .map_err(|error| RequestError::new("bad_mode", Some("mode"), format!("mode {text:?} {error}"))),
    }
}

fn names(given: Option<Vec<Name>>) -> Result<Vec<String>, RequestError> {
    let names: Vec<String> = given
        .unwrap_or_default()
        .into_iter()
        .map(|name| match name {
            Name::Token(token) => token.to_string(),
            Name::Text(text) => text,
        })
        .collect();
    if names.is_empty() {
        return Err(RequestError::new(
            "missing_field",
            Some("instruments"),
            "name at least one instrument, such as [\"NSE:INFY\"]",
        ));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_what_the_documentation_shows() {
        let subscribe: Request =
            r#"{"op":"subscribe","instruments":["NSE:INFY",256265],"mode":"full","delivery":"every"}"#
                .parse()
                .unwrap();
        assert_eq!(
            subscribe,
            Request::Subscribe {
                instruments: vec!["NSE:INFY".into(), "256265".into()],
                standing: false,
                mode: Some(Mode::Full),
                delivery: Delivery::Every
            }
        );
        assert_eq!(r#"{"op":"ping"}"#.parse(), Ok(Request::Ping));
        for (text, on) in [
            (r#"{"op":"subscribe","mode":"orders"}"#, true),
            (r#"{"op":"unsubscribe","mode":"orders"}"#, false),
        ] {
            assert_eq!(text.parse(), Ok(Request::Orders { on }));
        }
        let resume = r#"{"op":"resume","position":"m1-000000000000feed-371+o1-2a"}"#;
        let position = "m1-000000000000feed-371".parse().ok();
        assert_eq!(resume.parse(), Ok(Request::Resume { position, orders: Some(42) }));
    }

    #[test]
    fn a_refusal_names_the_field_and_the_fix() {
        let refused = |text: &str| text.parse::<Request>().unwrap_err();
        assert_eq!(refused(r#"{"op":"subscribe"}"#).field, Some("instruments"));
        assert_eq!(refused(r#"{"op":"subscribe","instruments":["A"],"mode":"tbt"}"#).field, Some("mode"));
        assert_eq!(
            refused(r#"{"op":"subscribe","instruments":["A"],"mode":"greeks"}"#).code,
            "mode_not_available"
        );
        assert_eq!(
            refused(r#"{"op":"subscribe","instruments":["A"],"delivery":"fast"}"#).field,
            Some("delivery")
        );
        assert_eq!(refused(r#"{"op":"resume"}"#).field, Some("position"));
        assert_eq!(refused(r#"{"op":"resume","position":"x"}"#).code, "bad_position");
        assert_eq!(refused(r#"{"op":"fly"}"#).field, Some("op"));
        assert_eq!(refused(r#"{"op":"ping","colour":1}"#).code, "bad_message");
        assert_eq!(refused("[").code, "bad_message");
        let long = "x".repeat(100_000);
        assert!(refused(&format!(r#"{{"op":"{long}"}}"#)).message.len() <= MESSAGE_MAX);
        assert!(refused(&format!(r#"{{"op":"ping","{long}":1}}"#)).message.len() <= MESSAGE_MAX);
        assert_eq!(refused(&format!("\"{}\"", "x".repeat(REQUEST_BYTES_MAX))).code, "too_large");
    }
}
