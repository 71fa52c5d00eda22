//! `GET /v1/quotes`: the newest tick of each instrument with its age.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use market::Mode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stream::Published;
use stream::native::Format;

use super::names;
use crate::Gateway;
use crate::api_error::ApiError;
use crate::clock::machine_now;
use crate::query::Query;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotesQuery {
    instruments: String,
    mode: Option<String>,
}

#[derive(Serialize)]
pub struct QuotesAnswer {
    quotes: BTreeMap<String, Box<RawValue>>,
    missing: Vec<String>,
}

pub async fn quotes(
    State(gateway): State<Arc<Gateway>>,
    Query(query): Query<QuotesQuery>,
) -> Result<Json<QuotesAnswer>, ApiError> {
    let names = names::split(&query.instruments)?;
    let mode = names::mode(query.mode.as_deref())?.unwrap_or(Mode::Full);
    let listing = gateway.listing.get();
    let now = machine_now();
    let mut answer = QuotesAnswer { quotes: BTreeMap::new(), missing: Vec::new() };
    for name in names {
        let newest = listing.resolve(name).and_then(|listed| gateway.latest.get(listed.token));
        let Some(tick) = newest else {
            answer.missing.push(name.to_string());
            continue;
        };
        let age_ms = now.0.saturating_sub(tick.received.0).max(0) / 1_000_000;
        answer.quotes.insert(name.to_string(), with_age(&tick, mode, age_ms)?);
    }
    Ok(Json(answer))
}

/// The shared encoding of the tick, and first what only this moment knows.
fn with_age(tick: &Published, mode: Mode, age_ms: i64) -> Result<Box<RawValue>, ApiError> {
    let encoded = tick.native(mode, Format::Json);
    let fields = std::str::from_utf8(&encoded).ok().and_then(|text| text.strip_prefix('{')).unwrap_or("}");
    RawValue::from_string(format!("{{\"age_ms\":{age_ms},{fields}"))
        .map_err(|error| ApiError::internal(&error))
}
