//! Instruments as clients name them, `EXCHANGE:TRADINGSYMBOL` or a numeric token, and modes.

use std::sync::Arc;

use axum::http::StatusCode;
use market::Mode;
use market::mode::UnknownMode;
use stream::Listed;

use crate::api_error::ApiError;
use crate::listing::Listing;

/// Most instruments that one request may name.
pub const INSTRUMENTS_PER_REQUEST: usize = 5_000;

/// Splits `a,b,c` and refuses an empty or too long list.
pub fn split(list: &str) -> Result<Vec<&str>, ApiError> {
    let names: Vec<&str> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Err(ApiError::bad_field("instruments", "missing_field", "instruments is empty")
            .hint("name them like instruments=NSE:INFY,256265"));
    }
    check_count(names.len())?;
    Ok(names)
}

/// Refuses more than [`INSTRUMENTS_PER_REQUEST`].
pub fn check_count(count: usize) -> Result<(), ApiError> {
    if count > INSTRUMENTS_PER_REQUEST {
        return Err(ApiError::bad_field(
            "instruments",
            "too_many",
            format!("{count} instruments in one request: at most {INSTRUMENTS_PER_REQUEST}"),
        )
        .hint("split the request"));
    }
    Ok(())
}

/// The mode that a request names, if it names one.
pub fn mode(text: Option<&str>) -> Result<Option<Mode>, ApiError> {
    let refusal = |text, error| ApiError::bad_field("mode", "bad_mode", format!("mode {text:?} {error}"));
    text.map(|text| text.parse().map_err(|error: UnknownMode| refusal(text, error))).transpose()
}

/// The instrument or 404.
pub fn resolve<'l>(listing: &'l Listing, name: &str) -> Result<&'l Arc<Listed>, ApiError> {
    listing.resolve(name).ok_or_else(|| unknown(name))
}

/// 404 for a name that is not listed.
pub fn unknown(name: &str) -> ApiError {
    let name: String = name.chars().take(60).collect();
    ApiError::new(StatusCode::NOT_FOUND, "unknown_instrument", format!("no instrument is named {name:?}"))
        .field("instrument")
        .hint("GET /v1/instruments?query=... or `meridian instruments search` finds it")
}
