//! `POST /postback/{account}`: order updates that the broker posts to us.
//!
//! Enters: the body of a web hook, from anybody: its checksum, made with the app's secret, is what lets it in. Leaves: a fact of
//! the account's venue. Never here: whether it is news: the same report twice is one row.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State as Shared};
use axum::http::StatusCode;
use broker::kite::postback::{PostbackError, check_postback};
use kite::rest::orders::Order as KiteOrder;
use kite::secret::Secret;
use serde::Serialize;
use trade::{AccountId, Event};

use super::fields;
use crate::Gateway;
use crate::api_error::ApiError;
use crate::trading::remote::words;

/// What became of a web hook that the broker signed.
#[derive(Serialize)]
pub struct PostbackAnswer {
    /// False for an order that is not ours.
    taken: bool,
}

/// `POST /postback/{account}`
pub async fn postback(
    Shared(gateway): Shared<Arc<Gateway>>,
    Path(account): Path<String>,
    request: Request,
) -> Result<Json<PostbackAnswer>, ApiError> {
    let body = fields::body(request, &()).await?;
    // An account that does not exist, or has no secret, answers as a forged web hook does.
    let name: AccountId = account.parse().map_err(|_| refusal(PostbackError::Forged))?;
    let secret = secret(&gateway, &name).await?.ok_or_else(|| refusal(PostbackError::Forged))?;
    let told = check_postback(&body, &secret).map_err(refusal)?;
    let facts = report(&gateway, &name, &told);
    let taken = facts.is_some();
    if let Some(fact) = facts {
        gateway.desk.facts(vec![fact]).map_err(|_| ApiError::busy())?;
    }
    Ok(Json(PostbackAnswer { taken }))
}

async fn secret(gateway: &Gateway, name: &AccountId) -> Result<Option<Secret>, ApiError> {
    if gateway.desk.state().account(name).is_none() {
        return Ok(None);
    }
    let (tokens, name) = (gateway.desk.tokens().clone(), name.clone());
    let read = tokio::task::spawn_blocking(move || tokens.api_secret(&name)).await;
    let read =
        read.map_err(|error| ApiError::internal(&error))?.map_err(|error| ApiError::internal(&error))?;
    Ok(read.map(Secret::new))
}

/// The fact that it is, if it is about an order of this account.
fn report(gateway: &Gateway, account: &AccountId, told: &KiteOrder) -> Option<Event> {
    let state = gateway.desk.state();
    let order = words::ours(told, &state, account)?;
    state.orders.get(&order).filter(|order| order.account == *account)?;
    let report = words::book_order(told, Some(order))?;
    Some(Event::VenueReported(words::report(report, order, account)))
}

fn refusal(error: PostbackError) -> ApiError {
    let (status, code) = match error {
        PostbackError::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        PostbackError::Malformed => (StatusCode::BAD_REQUEST, "bad_body"),
        PostbackError::Forged => (StatusCode::FORBIDDEN, "not_verified"),
    };
    ApiError::new(status, code, error.to_string()).field("body")
}
