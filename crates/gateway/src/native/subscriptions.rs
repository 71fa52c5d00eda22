//! `/v1/subscriptions`: a key's standing subscriptions. They survive restarts; a stream that names no instruments gets
//! them.

use std::sync::Arc;

use access::Principal;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use market::Mode;
use serde::{Deserialize, Serialize};

use super::names;
use crate::Gateway;
use crate::api_error::ApiError;
use crate::json_body::JsonBody;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateBody {
    instruments: Vec<String>,
    mode: Option<String>,
}

#[derive(Serialize)]
pub struct SubscriptionsAnswer {
    subscriptions: Vec<SubscriptionView>,
}

#[derive(Serialize)]
struct SubscriptionView {
    instrument: String,
    instrument_token: u32,
    mode: String,
    created: String,
    /// False when the contract has expired since.
    listed: bool,
}

pub async fn list(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Result<Json<SubscriptionsAnswer>, ApiError> {
    let rows = gateway.standing.of(&principal).await?;
    let listing = gateway.listing.get();
    let subscriptions = rows
        .into_iter()
        .map(|row| SubscriptionView {
            listed: listing.listed(row.token).is_some(),
            instrument: row.instrument,
            instrument_token: row.token.0,
            mode: row.mode.to_string(),
            created: row.created.to_rfc3339(),
        })
        .collect();
    Ok(Json(SubscriptionsAnswer { subscriptions }))
}

pub async fn create(
    state: State<Arc<Gateway>>,
    principal: Extension<Arc<Principal>>,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<(StatusCode, Json<SubscriptionsAnswer>), ApiError> {
    names::check_count(body.instruments.len())?;
    if body.instruments.is_empty() {
        return Err(ApiError::bad_field("instruments", "missing_field", "instruments is empty"));
    }
    let mode = names::mode(body.mode.as_deref())?.unwrap_or(Mode::Quote);
    let listing = state.0.listing.get();
    let instruments = body
        .instruments
        .iter()
        .map(|name| names::resolve(&listing, name).cloned())
        .collect::<Result<Vec<_>, _>>()?;
    state.0.standing.add(&principal.0, instruments, mode).await?;
    Ok((StatusCode::CREATED, list(state, principal).await?))
}

pub async fn remove(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(instrument): Path<String>,
) -> Result<StatusCode, ApiError> {
    if gateway.standing.remove(&principal, instrument).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::new(StatusCode::NOT_FOUND, "not_subscribed", "there is no such standing subscription")
            .field("instrument")
            .hint("GET /v1/subscriptions lists them"))
    }
}
