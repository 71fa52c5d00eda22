//! `/quote`, `/quote/ohlc`, `/quote/ltp`. Unknown instruments are left out of the answer rather than failing the call.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use kite::form::Form;
use kite::rest::quotes::{FULL_MAX, LtpEntry, OHLC_MAX, OhlcEntry, QuoteEntry, asked};
use market::Tick;
use serde::Serialize;

use super::reply::{self, Refusal};
use crate::Gateway;

pub async fn full(
    State(gateway): State<Arc<Gateway>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    answer(&gateway, query, FULL_MAX, |tick| QuoteEntry::full(tick, None, None))
}

pub async fn ohlc(
    State(gateway): State<Arc<Gateway>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    answer(&gateway, query, OHLC_MAX, OhlcEntry::of)
}

pub async fn ltp(
    State(gateway): State<Arc<Gateway>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    answer(&gateway, query, OHLC_MAX, LtpEntry::of)
}

fn answer<T: Serialize>(
    gateway: &Gateway,
    query: Option<String>,
    max: usize,
    entry: impl Fn(&Tick) -> T,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let form = Form::parse(&query).map_err(|error| Refusal::input(error.to_string()))?;
    let names = asked(&form, max).map_err(|error| Refusal::input(error.to_string()))?;
    let listing = gateway.listing.get();
    let entries: BTreeMap<&str, T> = names
        .into_iter()
        .filter_map(|name| {
            let newest = gateway.latest.get(listing.resolve(name)?.token)?;
            Some((name, entry(&newest.tick)))
        })
        .collect();
    Ok(reply::success(&entries))
}
