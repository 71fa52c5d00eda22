//! `/v1/keys`: what `meridian key` does, for administrators elsewhere.

use std::sync::Arc;

use access::{KeysError, NewKey, Revocation, Scopes};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::Timestamp;
use market::UnixNanos;
use serde::{Deserialize, Serialize};

use super::fields::shorten;
use crate::Gateway;
use crate::api_error::ApiError;
use crate::clock::machine_now;
use crate::json_body::JsonBody;
use crate::key_view::{IssuedView, KeyView};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateBody {
    name: String,
    scopes: Vec<String>,
    account: Option<String>,
    expires: Option<String>,
    redirect: Option<String>,
}

#[derive(Serialize)]
pub struct KeysAnswer {
    keys: Vec<KeyView>,
}

pub async fn list(State(gateway): State<Arc<Gateway>>) -> Result<Json<KeysAnswer>, ApiError> {
    let keys = gateway
        .with_keys(|keys| keys.list())
        .await
        .map_err(|error| ApiError::internal(&error))?
        .map_err(|error| ApiError::internal(&error))?;
    Ok(Json(KeysAnswer { keys: keys.iter().map(KeyView::new).collect() }))
}

pub async fn create(
    State(gateway): State<Arc<Gateway>>,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<impl IntoResponse, ApiError> {
    let scopes: Scopes = body.scopes.join(",").parse().map_err(|error: access::UnknownScope| {
        ApiError::bad_field("scopes", "bad_scopes", error.to_string())
    })?;
    if let Some(account) = &body.account {
        let state = gateway.desk.state();
        if !state.accounts.keys().any(|known| known.as_str() == account) {
            let words = format!("no account is named {:?}", shorten(account));
            return Err(
                ApiError::bad_field("account", "unknown_account", words).hint("GET /v1/accounts lists them")
            );
        }
    }
    let expires = body
        .expires
        .map(|text| {
            let at = text.parse::<Timestamp>().ok().and_then(|at| i64::try_from(at.as_nanosecond()).ok());
            at.map(UnixNanos).ok_or_else(|| {
                ApiError::bad_field("expires", "bad_time", "expires is not a time")
                    .hint("write 2027-01-31T18:00:00+05:30")
            })
        })
        .transpose()?;
    let new = NewKey { name: body.name, scopes, account: body.account, expires, redirect: body.redirect };
    let issued = gateway
        .with_keys(move |keys| keys.create(new, machine_now()))
        .await
        .map_err(|error| ApiError::internal(&error))?
        .map_err(|error| match error {
            KeysError::Invalid(wish) => ApiError::bad_field(wish.field(), "bad_field", wish.to_string()),
            other => ApiError::internal(&other),
        })?;
    Ok((StatusCode::CREATED, Json(IssuedView::new(&issued))).into_response())
}

pub async fn revoke(
    State(gateway): State<Arc<Gateway>>,
    Path(api_key): Path<String>,
) -> Result<StatusCode, ApiError> {
    let revocation = gateway
        .with_keys(move |keys| keys.revoke(&api_key, machine_now()))
        .await
        .map_err(|error| ApiError::internal(&error))?
        .map_err(|error| ApiError::internal(&error))?;
    match revocation {
        Revocation::Unknown => {
            Err(ApiError::new(StatusCode::NOT_FOUND, "unknown_key", "there is no such key")
                .field("api_key")
                .hint("GET /v1/keys lists them"))
        }
        _ => {
            gateway.keys_changed();
            Ok(StatusCode::NO_CONTENT)
        }
    }
}
