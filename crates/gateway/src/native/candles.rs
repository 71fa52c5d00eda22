//! `GET /v1/candles`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use kite::ist::{self, Moment};
use market::{Candle, Decimals, Interval, UnixNanos};
use serde::{Deserialize, Serialize};

use super::names;
use crate::Gateway;
use crate::api_error::ApiError;
use crate::query::Query;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandlesQuery {
    pub instrument: String,
    pub interval: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

#[derive(Serialize)]
pub struct CandlesAnswer {
    instrument: String,
    instrument_token: u32,
    interval: &'static str,
    source: &'static str,
    candles: Vec<CandleView>,
}

#[derive(Serialize)]
struct CandleView {
    start: String,
    open: String,
    high: String,
    low: String,
    close: String,
    volume: u64,
    open_interest: u64,
}

impl CandleView {
    fn new(candle: &Candle, decimals: Decimals) -> CandleView {
        let text = |price: market::Price| price.display(decimals).to_string();
        CandleView {
            start: candle.start.to_rfc3339(),
            open: text(candle.open),
            high: text(candle.high),
            low: text(candle.low),
            close: text(candle.close),
            volume: candle.volume,
            open_interest: candle.open_interest,
        }
    }
}

pub async fn candles(
    State(gateway): State<Arc<Gateway>>,
    Query(query): Query<CandlesQuery>,
) -> Result<Json<CandlesAnswer>, ApiError> {
    let interval: Interval = query.interval.parse().map_err(|error| {
        ApiError::bad_field("interval", "bad_interval", format!("interval {:?} {error}", query.interval))
    })?;
    let now = gateway.clock.now();
    let to = moment("to", query.to.as_deref())?.map_or(now, Moment::last);
    let from = match moment("from", query.from.as_deref())? {
        Some(from) => from.first(),
        None => UnixNanos::ist_midnight(to.ist_date()),
    };
    let days = interval.days_per_request_max();
    if from > to {
        return Err(ApiError::bad_field("from", "out_of_range", "from is after to"));
    }
    if to.0.saturating_sub(from.0) / (86_400 * market::time::NANOS_PER_SECOND) > i64::from(days) {
        return Err(ApiError::bad_field(
            "from",
            "out_of_range",
            format!("{interval} spans at most {days} days"),
        )
        .hint("ask for a shorter span or a longer interval"));
    }
    let listing = gateway.listing.get();
    let listed = names::resolve(&listing, &query.instrument)?;
    let token = listed.token;
    let history = Arc::clone(&gateway.history);
    let candles = tokio::task::spawn_blocking(move || history.candles(token, interval, from, to, now))
        .await
        .map_err(|error| ApiError::internal(&error))?;
    Ok(Json(CandlesAnswer {
        instrument: listed.key.clone(),
        instrument_token: token.0,
        interval: interval.as_str(),
        source: gateway.source.as_str(),
        candles: candles.iter().map(|candle| CandleView::new(candle, token.decimals())).collect(),
    }))
}

fn moment(field: &'static str, text: Option<&str>) -> Result<Option<Moment>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    read(text).map(Some).ok_or_else(|| {
        ApiError::bad_field(
            field,
            "bad_time",
            format!("{field} is not a time with its offset, or not a date"),
        )
        .hint("write 2026-11-20T09:15:00+05:30, or 2026-11-20 for the whole day in India")
    })
}

/// A time without an offset is nobody's time: it is refused, never cut down to its date.
fn read(text: &str) -> Option<Moment> {
    if let Ok(day @ Moment::Day(_)) = ist::parse(text) {
        return Some(day);
    }
    // A `+` that was not percent-encoded arrives as a space before the offset.
    let text = match text.rsplit_once(' ') {
        Some((time, offset)) if offset.len() == 5 && time.len() > 10 => format!("{time}+{offset}"),
        _ => text.to_string(),
    };
    let at: Timestamp = text.parse().ok()?;
    i64::try_from(at.as_nanosecond()).ok().map(|nanos| Moment::At(UnixNanos(nanos)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_an_offset_and_a_date_is_a_whole_day() {
        let start = |text: &str| read(text).map(|moment| moment.first().to_rfc3339());
        let quarter_past = Some("2026-11-20T09:15:00.000+05:30".to_string());
        for text in [
            "2026-11-20T09:15:00+05:30",
            "2026-11-20T09:15:00 05:30",
            "2026-11-20 09:15:00+05:30",
            "2026-11-20 09:15:00 05:30",
            "2026-11-20T03:45:00Z",
        ] {
            assert_eq!(start(text), quarter_past, "{text}");
        }
        assert_eq!(start("2026-11-20"), Some("2026-11-20T00:00:00.000+05:30".into()));
        assert_eq!(read("2026-11-20").map(|day| day.last().ist_date()), "2026-11-20".parse().ok());
        for text in [
            "",
            "2026-11-20T09:15:00",
            "2026-11-20 09:15:00",
            "2026-11-20T09:15",
            "tomorrow",
            "2026-13-01",
            "2300-01-01T00:00:00+05:30",
            "9999-12-31",
            "2611-05-01",
        ] {
            assert_eq!(start(text), None, "{text}");
        }
    }
}
