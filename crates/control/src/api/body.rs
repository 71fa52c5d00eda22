//! Bodies of requests: JSON, strictly.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

use crate::refused::Refused;

/// A request's body as JSON. An error names the field.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Refused> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|error| Refused::unreadable(error.to_string()))?;
        // Nothing is the same as an empty object.
        let bytes = if bytes.is_empty() { &b"{}"[..] } else { &bytes };
        serde_json::from_slice(bytes)
            .map(Body)
            .map_err(|error| Refused::unreadable(format!("the body: {error}")))
    }
}
