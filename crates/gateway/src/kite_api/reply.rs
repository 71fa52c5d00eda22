//! Answers in the broker's envelope. Every one is JSON with a content type, refusals too: both official clients read
//! the body before anything else.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kite::rest::envelope;
use kite::rest::words::ErrorType;
use serde::Serialize;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    error_type: ErrorType,
    message: String,
}

impl Refusal {
    /// With the usual status of `error_type`.
    pub fn new(error_type: ErrorType, message: impl Into<String>) -> Refusal {
        let status =
            StatusCode::from_u16(error_type.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Refusal { status, error_type, message: message.into() }
    }

    /// 400 because of a parameter.
    pub fn input(message: impl Into<String>) -> Refusal {
        Refusal::new(ErrorType::Input, message)
    }

    /// 403: log in again.
    pub fn token(message: impl Into<String>) -> Refusal {
        Refusal::new(ErrorType::Token, message)
    }

    /// 503: what was asked cannot be read by a running instance of an older version.
    pub fn older_instance() -> Refusal {
        let words = "A running instance of an older version does not understand this: nothing was recorded. End it first.";
        Refusal::new(ErrorType::General, words).status(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// Our own fault; the cause goes to the log.
    pub fn internal(error: &dyn std::error::Error) -> Refusal {
        tracing::error!(error = %error, "request failed");
        Refusal::new(ErrorType::General, "Something went wrong in the gateway: its log has the cause")
    }

    /// With another status than usual.
    pub fn status(mut self, status: StatusCode) -> Refusal {
        self.status = status;
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json(envelope::failure(self.error_type, &self.message));
        *response.status_mut() = self.status;
        response
    }
}

/// `{"status":"success","data":...}`.
pub fn success<T: Serialize + ?Sized>(data: &T) -> Response {
    json(envelope::success(data))
}

/// A body that is JSON already.
pub fn json(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
