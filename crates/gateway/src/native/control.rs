//! Halts and feature flags: facts about control, which every instance honours once they are durable.

use std::sync::Arc;

use access::Principal;
use axum::extract::{Path, State as Shared};
use axum::{Extension, Json};
use engine::Reply;
use serde::Serialize;
use trade::event::{FlagSet, Halted, Resumed};
use trade::{AccountId, Event};

use super::fields::{self, Fields, JsonText};
use super::reach;
use crate::Gateway;
use crate::api_error::ApiError;

/// Characters of a reason.
const WHY_MAX: usize = 500;
/// Characters of a flag's name.
const FLAG_MAX: usize = 64;

/// After a halt or its end.
#[derive(Serialize)]
pub struct HaltAnswer {
    sequence: u64,
    /// Accounts that are halted now, by themselves or with all.
    halted: Vec<String>,
}

/// `POST /v1/halt`
pub async fn halt(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    JsonText(body): JsonText,
) -> Result<Json<HaltAnswer>, ApiError> {
    let fields = fields::object(&body)?;
    fields.only(&["account", "why", "cancel_open"])?;
    let account = account(&fields, &gateway, &principal)?;
    let cancel_open = fields.flag("cancel_open")?.unwrap_or(false);
    let event = Halted { account, why: why(&fields)?, cancel_open, by: principal.api_key.clone() };
    let sequence = record(&gateway, Event::Halted(event)).await?;
    Ok(Json(halted(&gateway, &principal, sequence)))
}

/// `POST /v1/resume`
pub async fn resume(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    JsonText(body): JsonText,
) -> Result<Json<HaltAnswer>, ApiError> {
    let fields = fields::object(&body)?;
    fields.only(&["account", "why"])?;
    let account = account(&fields, &gateway, &principal)?;
    let event = Resumed { account, why: why(&fields)?, by: principal.api_key.clone() };
    let sequence = record(&gateway, Event::Resumed(event)).await?;
    Ok(Json(halted(&gateway, &principal, sequence)))
}

/// Null or nothing means all accounts, which a key that is bound to one cannot mean.
fn account(
    fields: &Fields<'_>,
    gateway: &Gateway,
    principal: &Principal,
) -> Result<Option<AccountId>, ApiError> {
    match fields.text("account")? {
        Some(name) => reach::account(principal, &gateway.desk.state(), &name, "account").map(Some),
        None => reach::all(principal, "account").map(|()| None),
    }
}

fn why(fields: &Fields<'_>) -> Result<String, ApiError> {
    fields.required("why", fields.words("why", 1..=WHY_MAX)?)
}

fn halted(gateway: &Gateway, principal: &Principal, sequence: u64) -> HaltAnswer {
    let state = gateway.desk.state();
    let names = state.accounts.keys().filter(|name| principal.may_use(name.as_str()));
    let halted = names.filter(|name| state.halt(name).is_some()).map(ToString::to_string).collect();
    HaltAnswer { sequence, halted }
}

/// Makes a control fact durable; answers its row.
///
/// # Errors
/// 503 when it was not taken.
pub async fn record(gateway: &Gateway, event: Event) -> Result<u64, ApiError> {
    match gateway.desk.control(event).await {
        Ok(Reply::Recorded { seq } | Reply::Known { seq }) => Ok(seq),
        Ok(_) | Err(_) => Err(ApiError::busy()),
    }
}

#[derive(Serialize)]
pub struct FlagsAnswer {
    flags: Vec<FlagView>,
}

#[derive(Serialize)]
pub struct FlagView {
    name: String,
    on: bool,
}

/// A flag that was set.
#[derive(Serialize)]
pub struct FlagAnswer {
    name: String,
    on: bool,
    sequence: u64,
}

/// `GET /v1/flags`
pub async fn flags(Shared(gateway): Shared<Arc<Gateway>>) -> Json<FlagsAnswer> {
    let state = gateway.desk.state();
    let flags = state.flags.iter().map(|(name, on)| FlagView { name: name.clone(), on: *on });
    Json(FlagsAnswer { flags: flags.collect() })
}

/// `PUT /v1/flags/{name}`
pub async fn set_flag(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(name): Path<String>,
    JsonText(body): JsonText,
) -> Result<Json<FlagAnswer>, ApiError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    if name.is_empty() || name.len() > FLAG_MAX || !name.bytes().all(allowed) {
        let words = format!("name must be 1-{FLAG_MAX} characters of a-z 0-9 . _ -");
        return Err(ApiError::bad_field("name", "bad_field", words));
    }
    reach::all(&principal, "name")?;
    let fields = fields::object(&body)?;
    fields.only(&["on", "why"])?;
    let on = fields.required("on", fields.flag("on")?)?;
    let why = fields.words("why", 0..=WHY_MAX)?.unwrap_or_default();
    let event = FlagSet { name: name.clone(), on, why, by: principal.api_key.clone() };
    let sequence = record(&gateway, Event::FlagSet(event)).await?;
    Ok(Json(FlagAnswer { name, on, sequence }))
}
