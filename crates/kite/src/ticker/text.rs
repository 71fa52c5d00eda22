//! What the ticker says in text: order updates, errors and notices.
//!
//! Enters: one text message of a server. Leaves: a [`Text`], and the reverse. Never here: the meaning of an order
//! update: its JSON is handed over as it stands ([`crate::rest::orders::Order`] reads it).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One text message.
#[derive(Clone, Debug)]
pub enum Text {
    /// An order changed: the same object as in the web hook, unread.
    Order(Box<RawValue>),
    /// Something the client asked was refused.
    Error(String),
    /// A notice for people.
    Message(String),
    /// A kind that a newer server has; clients ignore it.
    Other {
        /// Its `type`.
        kind: String,
        /// Its `data`, `null` when there is none.
        data: Box<RawValue>,
    },
}

/// Why a text is none of the ticker's messages. The official clients drop such text in silence.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// No JSON object with a `type`.
    #[error("the text is not a ticker message")]
    Malformed(#[source] serde_json::Error),
    /// `data` of an error or a notice is not a string.
    #[error("`data` of {kind} is not a string")]
    DataNotText {
        /// The message's `type`.
        kind: &'static str,
        /// What stands there.
        source: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct Incoming {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Outgoing<'a, T: ?Sized> {
    #[serde(rename = "type")]
    kind: &'a str,
    data: &'a T,
}

/// Reads one text message of a server. Its length is bounded by the socket's own limit.
///
/// # Errors
/// [`TextError`].
pub fn parse(text: &str) -> Result<Text, TextError> {
    let Incoming { kind, data } = serde_json::from_str(text).map_err(TextError::Malformed)?;
    let data = data.unwrap_or_else(|| RawValue::NULL.to_owned());
    let words =
        |kind| serde_json::from_str(data.get()).map_err(|source| TextError::DataNotText { kind, source });
    match kind.as_str() {
        "order" => Ok(Text::Order(data)),
        "error" => words("error").map(Text::Error),
        "message" => words("message").map(Text::Message),
        _ => Ok(Text::Other { kind, data }),
    }
}

impl Text {
    /// The message as it goes on the wire.
    pub fn to_json(&self) -> String {
        match self {
            Text::Order(data) => write("order", data),
            Text::Error(words) => write("error", words),
            Text::Message(words) => write("message", words),
            Text::Other { kind, data } => write(kind, data),
        }
    }
}

fn write<T: Serialize + ?Sized>(kind: &str, data: &T) -> String {
    // Strings and raw JSON always serialise; the empty object would only ever mean a bug in the JSON library.
    serde_json::to_string(&Outgoing { kind, data }).unwrap_or_else(|_| "{}".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_comes_back_unchanged() {
        for text in [
            r#"{"type":"order","data":{"order_id":"1","price":1.50,"meta":{}}}"#,
            r#"{"type":"error","data":"Can't subscribe to more than 3000 instruments."}"#,
            r#"{"type":"message","data":"hello \"you\""}"#,
            r#"{"type":"instruments_meta","data":{"count":1}}"#,
            r#"{"type":"other","data":null}"#,
        ] {
            assert_eq!(parse(text).unwrap().to_json(), text);
        }
    }

    #[test]
    fn a_message_without_data_is_of_another_kind_or_refused() {
        assert!(matches!(parse(r#"{"type":"ping"}"#), Ok(Text::Other { .. })));
        assert!(matches!(parse(r#"{"type":"error"}"#), Err(TextError::DataNotText { kind: "error", .. })));
        for text in ["", "hello", "[]", r#"{"data":1}"#, r#"{"type":1,"data":1}"#] {
            assert!(matches!(parse(text), Err(TextError::Malformed(_))), "{text}");
        }
    }
}
