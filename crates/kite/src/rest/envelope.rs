//! The envelope around every answer: `{"status":"success","data":...}` or `{"status":"error",...}`.
//!
//! Enters: the body of an answer. Leaves: its `data`, or the refusal. Never here: the HTTP status, which the official
//! Python client does not look at either: the body alone says whether a call worked.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::words::ErrorType;

/// The broker said no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}: {message}")]
pub struct Failure {
    /// In words, for people.
    pub message: String,
    /// What kind.
    pub error_type: ErrorType,
}

/// Why an answer has no `data` for us.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// A well-formed refusal.
    #[error(transparent)]
    Refused(#[from] Failure),
    /// Not JSON, no envelope, or `data` of another shape. Nothing is known about the outcome of the call.
    #[error("the answer could not be read")]
    Malformed(#[from] serde_json::Error),
    /// An object whose `status` is neither word, or without `status` and `data`.
    #[error("the answer has status `{0}`")]
    UnknownStatus(String),
}

#[derive(Deserialize)]
struct Incoming<'a> {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    error_type: Option<ErrorType>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Success<'a, T: ?Sized> {
    status: &'static str,
    data: &'a T,
}

#[derive(Serialize)]
struct Refusal<'a> {
    status: &'static str,
    message: &'a str,
    error_type: &'a ErrorType,
    data: (),
}

/// Takes the envelope off and reads `data`. Missing `data` counts as `null`; `data` without a `status` counts as a
/// success, because one of the broker's own samples has no `status`.
///
/// # Errors
/// [`ReplyError`]; a refusal without a message or type gets an empty one and [`ErrorType::General`].
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, ReplyError> {
    let incoming: Incoming<'_> = serde_json::from_slice(body)?;
    match (incoming.status.as_deref(), incoming.data) {
        (Some("success"), _) | (None, Some(_)) => {
            Ok(serde_json::from_str(incoming.data.unwrap_or(RawValue::NULL).get())?)
        }
        (Some("error"), _) => Err(ReplyError::Refused(Failure {
            message: incoming.message.unwrap_or_default(),
            error_type: incoming.error_type.unwrap_or(ErrorType::General),
        })),
        (other, _) => Err(ReplyError::UnknownStatus(other.unwrap_or_default().chars().take(32).collect())),
    }
}

/// The body of an answer that worked. Every type of this crate can be written; should one of the caller's own not be,
/// the body is a `GeneralException`, so that no client takes a torn answer for a good one.
pub fn success<T: Serialize + ?Sized>(data: &T) -> Vec<u8> {
    serde_json::to_vec(&Success { status: "success", data })
        .unwrap_or_else(|_| failure(ErrorType::General, "the answer could not be written"))
}

/// The body of a refusal, with `data` `null` as the broker sends it. Send it with
/// [`ErrorType::http_status`] or a closer one, never with a 2xx.
pub fn failure(error_type: ErrorType, message: &str) -> Vec<u8> {
    let refusal = Refusal { status: "error", message, error_type: &error_type, data: () };
    // Four strings and a null always serialise; an empty body would only ever mean a bug in the JSON library.
    serde_json::to_vec(&refusal).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_any_shape() {
        assert!(decode::<bool>(br#"{"status":"success","data":true}"#).unwrap());
        assert_eq!(decode::<Vec<u8>>(br#"{"data":[1,2],"status":"success","new":{}}"#).unwrap(), [1, 2]);
        assert_eq!(decode::<Option<u8>>(br#"{"status":"success"}"#).unwrap(), None);
        decode::<()>(br#"{"status":"success","data":null}"#).unwrap();
        assert_eq!(success(&[1, 2]), br#"{"status":"success","data":[1,2]}"#);
    }

    #[test]
    fn refusals_come_back_and_may_lack_parts() {
        let body = failure(ErrorType::Input, "Missing `i`");
        assert_eq!(
            String::from_utf8_lossy(&body),
            r#"{"status":"error","message":"Missing `i`","error_type":"InputException","data":null}"#
        );
        let refusal = |body: &[u8]| match decode::<()>(body).unwrap_err() {
            ReplyError::Refused(failure) => failure.to_string(),
            other => panic!("{other}"),
        };
        assert_eq!(refusal(&body), "InputException: Missing `i`");
        assert_eq!(
            refusal(br#"{"status":"error","message":"Too many requests","error_type":"NetworkException"}"#),
            "NetworkException: Too many requests"
        );
        assert_eq!(refusal(br#"{"status":"error"}"#), "GeneralException: ");
        assert_eq!(
            refusal(br#"{"status":"error","error_type":"NewException","message":null}"#),
            "NewException: "
        );
    }

    #[test]
    fn anything_else_is_malformed() {
        for body in
            [&b""[..], b"<html>", b"[1]", b"{\"status\":1}", b"\xff", b"{\"status\":\"success\",\"data\":3}"]
        {
            assert!(matches!(decode::<()>(body), Err(ReplyError::Malformed(_))), "{body:?}");
        }
        for body in [&b"{}"[..], b"[]", br#"{"status":"ok","data":1}"#, br#"{"error_type":"InputException"}"#]
        {
            assert!(matches!(decode::<()>(body), Err(ReplyError::UnknownStatus(_))), "{body:?}");
        }
    }
}
