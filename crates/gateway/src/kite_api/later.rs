//! What this version does not serve: it says so instead of inventing.

use axum::http::StatusCode;
use axum::response::Response;
use kite::rest::words::ErrorType;
use serde_json::Value;

use super::reply::{self, Refusal};

/// None can have been made through this version: the true answer is an empty list.
pub async fn empty_list() -> Response {
    reply::success(&Vec::<Value>::new())
}

/// What an order would cost at the broker: its margins and charges are not known here.
pub async fn calculator() -> Refusal {
    not_served("Margins and charges are not calculated by this version of the gateway.")
}

fn not_served(message: &str) -> Refusal {
    Refusal::new(ErrorType::General, message).status(StatusCode::NOT_IMPLEMENTED)
}
