//! `/instruments/historical/{token}/{interval}`.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use kite::form::Form;
use kite::rest::history::{self, Query};
use market::time::NANOS_PER_SECOND;
use market::{InstrumentToken, Interval};

use super::reply::{self, Refusal};
use crate::Gateway;

pub async fn candles(
    State(gateway): State<Arc<Gateway>>,
    Path((token, interval)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let token: u32 = token.parse().map_err(|_| Refusal::input("Invalid `instrument_token`."))?;
    let interval: Interval =
        interval.parse().map_err(|error| Refusal::input(format!("`interval` {error}.")))?;
    let query = query.unwrap_or_default();
    let form = Form::parse(&query).map_err(|error| Refusal::input(error.to_string()))?;
    let query = Query::from_form(&form).map_err(|error| Refusal::input(error.to_string()))?;
    let days = interval.days_per_request_max();
    if query.to.0.saturating_sub(query.from.0) / (86_400 * NANOS_PER_SECOND) > i64::from(days) {
        return Err(Refusal::input(format!("Interval exceeds max limit: {days} days for {interval}.")));
    }
    let token = InstrumentToken(token);
    if gateway.listing.get().registry.by_token(token).is_none() {
        return Err(Refusal::input("Invalid `instrument_token`: it is not listed."));
    }
    let now = gateway.clock.now();
    let history = Arc::clone(&gateway.history);
    let body = tokio::task::spawn_blocking(move || {
        let candles = history.candles(token, interval, query.from, query.to, now);
        history::reply(&candles, token.decimals(), query.oi)
    });
    let body = body.await.map_err(|error| Refusal::internal(&error))?;
    Ok(reply::json(body))
}
