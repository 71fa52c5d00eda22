//! The native shape of one tick. Prices are strings with the instrument's decimals, times are RFC 3339 with offset
//! beside integers of nanoseconds.

use market::tick::DEPTH_LEVELS;
use market::{DepthLevel, EpochSeconds, Mode, Price, TickKind};
use serde::Serialize;

use super::Format;
use crate::published::Published;

/// What is sent of one tick in a mode. Fields that the mode, the instrument's kind or the source does not carry are
/// left out.
#[derive(Debug, Serialize)]
pub struct TickView<'a> {
    instrument: &'a str,
    instrument_token: u32,
    n: u64,
    mode: &'static str,
    last: String,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspect: Option<&'static str>,
    received_ns: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_ns: Option<i64>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    quote: Option<QuoteView>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    traded: Option<TradedView>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    full: Option<FullView>,
}

#[derive(Debug, Serialize)]
struct QuoteView {
    ohlc: OhlcView,
}

#[derive(Debug, Serialize)]
struct OhlcView {
    open: String,
    high: String,
    low: String,
    close: String,
}

#[derive(Debug, Serialize)]
struct TradedView {
    last_quantity: u32,
    average: String,
    volume: u32,
    total_buy: u32,
    total_sell: u32,
}

#[derive(Debug, Serialize)]
struct FullView {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_trade_time: Option<String>,
    open_interest: u32,
    open_interest_high: u32,
    open_interest_low: u32,
    depth: DepthView,
}

#[derive(Debug, Serialize)]
struct DepthView {
    buy: Vec<LevelView>,
    sell: Vec<LevelView>,
}

#[derive(Debug, Serialize)]
struct LevelView {
    price: String,
    quantity: u32,
    orders: u16,
}

fn time(at: EpochSeconds) -> Option<String> {
    (!at.is_absent()).then(|| at.nanos().to_rfc3339())
}

impl<'a> TickView<'a> {
    /// The view of `published` in `mode`.
    pub fn new(published: &'a Published, mode: Mode) -> TickView<'a> {
        let tick = &published.tick;
        let mode = mode.min(tick.mode);
        let text = |price: Price| price.display(tick.decimals).to_string();
        let tradable = tick.kind == TickKind::Tradable;
        let levels = |side: &[DepthLevel; DEPTH_LEVELS]| {
            side.iter()
                .filter(|level| level.quantity > 0)
                .map(|level| LevelView {
                    price: text(level.price),
                    quantity: level.quantity,
                    orders: level.orders,
                })
                .collect()
        };
        TickView {
            instrument: &published.listed.key,
            instrument_token: tick.token.0,
            n: published.n,
            mode: mode.as_str(),
            last: text(tick.last),
            source: published.source.as_str(),
            suspect: published.suspect,
            received_ns: published.received.0,
            time: time(tick.exchange_time),
            time_ns: (!tick.exchange_time.is_absent()).then(|| tick.exchange_time.nanos().0),
            quote: (mode >= Mode::Quote).then(|| QuoteView {
                ohlc: OhlcView {
                    open: text(tick.ohlc.open),
                    high: text(tick.ohlc.high),
                    low: text(tick.ohlc.low),
                    close: text(tick.ohlc.close),
                },
            }),
            traded: (mode >= Mode::Quote && tradable).then(|| TradedView {
                last_quantity: tick.last_quantity,
                average: text(tick.average),
                volume: tick.volume,
                total_buy: tick.total_buy,
                total_sell: tick.total_sell,
            }),
            full: (mode == Mode::Full && tradable).then(|| FullView {
                last_trade_time: time(tick.last_trade_time),
                open_interest: tick.open_interest,
                open_interest_high: tick.open_interest_high,
                open_interest_low: tick.open_interest_low,
                depth: DepthView { buy: levels(&tick.depth.buy), sell: levels(&tick.depth.sell) },
            }),
        }
    }
}

/// The bytes of one tick object.
pub fn encode_tick(published: &Published, mode: Mode, format: Format) -> Vec<u8> {
    let view = TickView::new(published, mode);
    let encoded = match format {
        Format::Json => serde_json::to_vec(&view).map_err(drop),
        Format::MessagePack => rmp_serde::to_vec_named(&view).map_err(drop),
    };
    // Strings and integers into memory: neither encoder has a way to fail on them.
    encoded.unwrap_or_default()
}
