//! `/v1/limits`: what each account may do, and changing it.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::Principal;
use axum::extract::{Path, State as Shared};
use axum::{Extension, Json};
use engine::Reply;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trade::event::LimitsSet;
use trade::limits::QUANTITY_MAX;
use trade::{Event, Limits};

use super::fields::{self, Fields, JsonText};
use super::reach;
use crate::Gateway;
use crate::api_error::ApiError;
use crate::query::Query;

/// Attempts at a change while others change limits of the account.
const ATTEMPTS: u32 = 32;
/// Limits in units.
const QUANTITIES: [&str; 3] = ["order_quantity", "position_quantity", "freeze_quantity"];
/// Limits in rupees.
const AMOUNTS: [&str; 5] =
    ["order_notional", "instrument_exposure", "gross_exposure", "daily_loss", "drawdown"];
/// Limits that are counts, milliseconds, percent.
const COUNTS: [&str; 9] = [
    "open_orders",
    "orders_per_second",
    "orders_per_minute",
    "orders_per_day",
    "cancel_reserve_percent",
    "duplicate_window_ms",
    "price_age_ms",
    "price_band_bps",
    "margin_percent",
];
/// Limits that are switches.
const SWITCHES: [&str; 1] = ["suspect_prices"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsQuery {
    account: Option<String>,
}

#[derive(Serialize)]
pub struct LimitsAnswer {
    /// By account.
    limits: BTreeMap<String, Limits>,
}

/// Limits that were set.
#[derive(Serialize)]
pub struct LimitsSetAnswer {
    account: String,
    limits: Limits,
    sequence: u64,
}

/// `GET /v1/limits`
pub async fn read(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Query(query): Query<LimitsQuery>,
) -> Result<Json<LimitsAnswer>, ApiError> {
    let state = gateway.desk.state();
    let accounts = reach::accounts(&principal, &state, query.account.as_deref())?;
    let of = |name: &trade::AccountId| Some((name.to_string(), state.account(name)?.limits.clone()));
    Ok(Json(LimitsAnswer { limits: accounts.iter().filter_map(of).collect() }))
}

/// `PUT /v1/limits/{account}`: what the body names changes, null takes a limit away, the rest stays.
pub async fn set(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(account): Path<String>,
    JsonText(body): JsonText,
) -> Result<Json<LimitsSetAnswer>, ApiError> {
    let fields = fields::object(&body)?;
    for _ in 0..ATTEMPTS {
        let state = gateway.desk.state();
        let account = reach::account(&principal, &state, &account, "account").map_err(ApiError::not_found)?;
        let (present, made_at) = state
            .account(&account)
            .map(|account| (account.limits.clone(), account.limits_seq))
            .unwrap_or_default();
        let limits = merged(&present, &fields)?;
        let by = principal.api_key.clone();
        let set = LimitsSet { account: account.clone(), limits: limits.clone(), by };
        match gateway.desk.control_made_at(made_at, Event::LimitsSet(set)).await {
            Ok(Reply::Recorded { seq: sequence } | Reply::Known { seq: sequence }) => {
                return Ok(Json(LimitsSetAnswer { account: account.to_string(), limits, sequence }));
            }
            // Somebody changed something since: what this one does not name has to stay as that left it.
            Ok(Reply::Conflict { .. }) => {}
            Ok(_) | Err(_) => break,
        }
    }
    Err(ApiError::busy())
}

/// `present` with what `fields` names: null takes a limit away.
///
/// # Errors
/// Names the limit that is unknown or cannot be meant.
pub fn merged(present: &Limits, fields: &Fields<'_>) -> Result<Limits, ApiError> {
    let known: Vec<&str> = [&QUANTITIES[..], &AMOUNTS, &COUNTS, &SWITCHES].concat();
    fields.only(&known)?;
    let mut limits = serde_json::to_value(present).map_err(|error| ApiError::internal(&error))?;
    for name in known {
        let value = if QUANTITIES.contains(&name) {
            fields.integer(name, 0..=QUANTITY_MAX)?.map(Value::from)
        } else if AMOUNTS.contains(&name) {
            fields.money(name)?.map(|amount| Value::from(amount.to_string()))
        } else if COUNTS.contains(&name) {
            let most = if name == "cancel_reserve_percent" { 100 } else { i64::from(u32::MAX) };
            fields.integer(name, 0..=most)?.map(Value::from)
        } else {
            fields.flag(name)?.map(Value::from)
        };
        if let Some(value) = value {
            limits[name] = value;
        } else if fields.is_null(name)
            && let Some(limits) = limits.as_object_mut()
        {
            // Absent: no limit, or the default where there must be one.
            limits.remove(name);
        }
    }
    let limits: Limits = serde_json::from_value(limits).map_err(|error| ApiError::internal(&error))?;
    limits.check().map_err(|error| fields.error(error.field, "bad_field", error.reason))?;
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use trade::Money;

    fn change(body: &str) -> Result<Limits, String> {
        let present = Limits { daily_loss: Some(Money::rupees(5_000)), ..Limits::default() };
        let fields = fields::object(body.as_bytes()).unwrap();
        merged(&present, &fields).map_err(|error| error.to_value().to_string())
    }

    #[test]
    fn every_limit_can_be_named() {
        let all = serde_json::to_value(Limits::default()).unwrap();
        let known: Vec<&str> = [&QUANTITIES[..], &AMOUNTS, &COUNTS, &SWITCHES].concat();
        assert_eq!(all.as_object().unwrap().len(), known.len());
        assert!(known.iter().all(|name| all.get(name).is_some()), "{known:?}");
    }

    #[test]
    fn what_is_named_changes_and_null_takes_away() {
        let limits = change(r#"{"order_quantity":50,"order_notional":1000.5,"price_age_ms":null}"#).unwrap();
        assert_eq!(limits.order_quantity, Some(50));
        assert_eq!(limits.order_notional, "1000.50".parse().ok());
        assert_eq!((limits.daily_loss, limits.price_age_ms), (Some(Money::rupees(5_000)), 10_000));
        assert_eq!(change(r#"{"daily_loss":null}"#).unwrap().daily_loss, None);
    }

    #[test]
    fn wrong_limits_name_their_field() {
        for (body, field) in [
            (r#"{"order_quantity":-1}"#, "order_quantity"),
            (r#"{"order_quantity":1.5}"#, "order_quantity"),
            (r#"{"daily_loss":"-1"}"#, "daily_loss"),
            (r#"{"daily_loss":1e9}"#, "daily_loss"),
            (r#"{"price_age_ms":0}"#, "price_age_ms"),
            (r#"{"cancel_reserve_percent":101}"#, "cancel_reserve_percent"),
            (r#"{"suspect_prices":"yes"}"#, "suspect_prices"),
            (r#"{"daily_los":1}"#, "daily_los"),
        ] {
            let error = change(body).unwrap_err();
            assert!(error.contains(&format!("\"field\":\"{field}\"")), "{body}: {error}");
        }
    }
}
