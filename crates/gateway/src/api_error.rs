//! How the native API says no: `{"error":{"code","message","field"?,"hint"?}}` with a fitting status.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A refusal that a caller can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    detail: Detail,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Detail {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct Envelope {
    error: Detail,
}

impl ApiError {
    /// With a stable `code` and a message for a person.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError { status, detail: Detail { code, message: message.into(), field: None, hint: None } }
    }

    /// 400 because of one field.
    pub fn bad_field(
        field: impl Into<Cow<'static, str>>,
        code: &'static str,
        message: impl Into<String>,
    ) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, code, message).field(field)
    }

    /// Names the field to blame.
    pub fn field(mut self, field: impl Into<Cow<'static, str>>) -> ApiError {
        self.detail.field = Some(field.into());
        self
    }

    /// Says what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> ApiError {
        self.detail.hint = Some(hint.into());
        self
    }

    /// The same as 404 instead of 400: what is wrong was named in the path.
    pub fn not_found(mut self) -> ApiError {
        if self.status == StatusCode::BAD_REQUEST {
            self.status = StatusCode::NOT_FOUND;
        }
        self
    }

    /// 503: it was not taken and may be sent again.
    pub fn busy() -> ApiError {
        let words = "the order desk is busy: nothing was recorded";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", words).hint("send it again in a moment")
    }

    /// Says which of several answers to one request this refusal is: `{"error":{...}}` without a status.
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::json!({"error": self.detail})
    }

    /// Our own fault; the cause goes to the log, not to the caller.
    pub fn internal(error: &dyn std::error::Error) -> ApiError {
        tracing::error!(error = %error, "request failed");
        ApiError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "this is our fault: the log has the cause",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Envelope { error: self.detail })).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
