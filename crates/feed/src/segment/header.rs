//! The JSON line at the top of a segment. Its shape is part of the format, so it is kept apart from the type in use.

use market::{Source, UnixNanos};
use serde::{Deserialize, Serialize};

use super::SegmentHeader;

#[derive(Serialize, Deserialize)]
struct Line {
    source: String,
    day: String,
    created_ns: i64,
    market_start_ns: i64,
}

pub(super) fn to_line(header: &SegmentHeader) -> Result<Vec<u8>, serde_json::Error> {
    let line = Line {
        source: header.source.to_string(),
        day: header.day.to_string(),
        created_ns: header.created.0,
        market_start_ns: header.market_start.0,
    };
    let mut text = serde_json::to_vec(&line)?;
    text.push(b'\n');
    Ok(text)
}

/// The error says what is wrong with the header.
pub(super) fn from_line(text: &[u8]) -> Result<SegmentHeader, String> {
    let line: Line = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let sources = [Source::Sim, Source::Replay, Source::Kite];
    let source = sources.into_iter().find(|source| source.as_str() == line.source);
    Ok(SegmentHeader {
        source: source.ok_or("`source` is none of sim, replay, kite")?,
        day: line.day.parse().map_err(|_| "`day` is not a date like 2026-11-20")?,
        created: UnixNanos(line.created_ns),
        market_start: UnixNanos(line.market_start_ns),
    })
}
