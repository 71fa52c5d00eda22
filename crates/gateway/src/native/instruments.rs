//! `GET /v1/instruments`: search.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use market::{Exchange, Instrument};
use serde::{Deserialize, Serialize};

use crate::Gateway;
use crate::api_error::ApiError;
use crate::query::Query;

/// Most rows that one search answers.
const LIMIT_MAX: usize = 1_000;
const LIMIT_DEFAULT: usize = 20;
/// Longest query, in bytes.
const QUERY_MAX: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    #[serde(default)]
    query: String,
    limit: Option<usize>,
    exchange: Option<String>,
}

#[derive(Serialize)]
pub struct SearchAnswer {
    instruments: Vec<InstrumentView>,
    total: usize,
}

/// One instrument as the native API shows it.
#[derive(Serialize)]
pub struct InstrumentView {
    instrument: String,
    instrument_token: u32,
    tradingsymbol: String,
    name: String,
    exchange: &'static str,
    segment: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strike: Option<String>,
    tick_size: String,
    lot_size: u32,
    decimals: u8,
}

impl InstrumentView {
    fn new(instrument: &Instrument) -> InstrumentView {
        InstrumentView {
            instrument: instrument.key(),
            instrument_token: instrument.token.0,
            tradingsymbol: instrument.tradingsymbol.clone(),
            name: instrument.name.clone(),
            exchange: instrument.exchange.as_str(),
            segment: instrument.segment.as_str(),
            kind: instrument.kind.as_str(),
            expiry: instrument.expiry.map(|date| date.to_string()),
            strike: instrument.kind.is_option().then(|| instrument.strike.to_string()),
            tick_size: instrument.tick_size.to_string(),
            lot_size: instrument.lot_size,
            decimals: instrument.decimals().digits(),
        }
    }
}

pub async fn search(
    State(gateway): State<Arc<Gateway>>,
    Query(query): Query<SearchQuery>,
) -> Result<Json<SearchAnswer>, ApiError> {
    if query.query.len() > QUERY_MAX {
        return Err(ApiError::bad_field(
            "query",
            "too_long",
            format!("query has more than {QUERY_MAX} bytes"),
        ));
    }
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if limit == 0 || limit > LIMIT_MAX {
        return Err(ApiError::bad_field("limit", "out_of_range", format!("limit must be 1 to {LIMIT_MAX}")));
    }
    let exchange = match &query.exchange {
        None => None,
        Some(text) => Some(text.to_uppercase().parse::<Exchange>().map_err(|error| {
            ApiError::bad_field("exchange", "unknown_exchange", format!("exchange {error}"))
                .hint("one of NSE, BSE, NFO, BFO, CDS, BCD, MCX")
        })?),
    };
    let listing = gateway.listing.get();
    let found = listing.registry.find(&query.query, exchange, limit);
    Ok(Json(SearchAnswer {
        instruments: found.instruments.iter().map(|instrument| InstrumentView::new(instrument)).collect(),
        total: found.total,
    }))
}
