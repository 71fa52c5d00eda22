//! How control says no: a code for programs, words for people, the field to blame, what to do.

use std::borrow::Cow;
use std::convert::Infallible;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::book::{BookError, WriteError};

/// A refusal that a caller can act on; on the wire `{"error":{"code","message","field"?,"hint"?}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    #[serde(skip)]
    status: StatusCode,
    /// Stable.
    pub code: Cow<'static, str>,
    /// For people.
    pub message: String,
    /// Which field is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Refused {
        Refused { status, code: code.into(), message: message.into(), field: None, hint: None }
    }

    /// 400: one field is wrong.
    pub fn field(field: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Refused {
        Refused { field: Some(field.into()), ..Refused::new(StatusCode::BAD_REQUEST, "bad_field", message) }
    }

    /// 400: it cannot be read at all.
    pub fn unreadable(message: impl Into<String>) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, "bad_body", message)
    }

    /// 404: there is none.
    pub fn unknown(message: impl Into<String>) -> Refused {
        Refused::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 409: as things stand, it may not be. `code` says which rule is in the way.
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Refused {
        Refused::new(StatusCode::CONFLICT, code, message)
    }

    /// 503: not now.
    pub fn busy(message: impl Into<String>) -> Refused {
        Refused::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
    }

    /// 500: it is not the caller's fault.
    pub fn broken(message: impl Into<String>) -> Refused {
        Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// 405: the route has other methods.
    pub fn wrong_method() -> Refused {
        Refused::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "this method is not served here")
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Refused {
        self.hint = Some(hint.into());
        self
    }

    /// Its status on the wire.
    pub const fn status(&self) -> StatusCode {
        self.status
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<BookError> for Refused {
    fn from(error: BookError) -> Refused {
        let (status, code) = match &error {
            BookError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            BookError::TooLong(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        let mut message = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            message.push_str(&format!(": {cause}"));
            source = cause.source();
        }
        Refused { hint: error.hint(), ..Refused::new(status, code, message) }
    }
}

impl From<WriteError<Refused>> for Refused {
    fn from(error: WriteError<Refused>) -> Refused {
        match error {
            WriteError::Unwanted(refused) => refused,
            WriteError::Book(error) => error.into(),
        }
    }
}

impl From<WriteError<Infallible>> for Refused {
    fn from(error: WriteError<Infallible>) -> Refused {
        BookError::from(error).into()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Envelope {
            error: Refused,
        }
        let status = self.status;
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = %self.message, "request failed");
        }
        (status, Json(Envelope { error: self })).into_response()
    }
}
