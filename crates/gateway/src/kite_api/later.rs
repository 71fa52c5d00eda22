//! What this version has nothing to say about yet: it says so instead of inventing.

use axum::http::StatusCode;
use axum::response::Response;
use kite::rest::words::ErrorType;
use serde_json::{Value, json};

use super::reply::{self, Refusal};

/// No order can have been placed through this version: the true answer is an empty list.
pub async fn empty_list() -> Response {
    reply::success(&Vec::<Value>::new())
}

/// No position can exist either.
pub async fn empty_positions() -> Response {
    reply::success(&json!({"net": [], "day": []}))
}

/// Orders are refused as a whole.
pub async fn not_yet() -> Refusal {
    Refusal::new(ErrorType::General, "Orders are not served by this version of the gateway.")
        .status(StatusCode::NOT_IMPLEMENTED)
}
