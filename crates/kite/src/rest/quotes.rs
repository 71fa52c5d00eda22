//! Quotes: the full entry, the one with the day's prices, and the bare last price.
//!
//! Enters: query strings and ticks (a server), answers (a client). Leaves: the reverse. Never here: which instrument a
//! name means. An answer is a map keyed by the very text that was asked; unknown names are left out of it.

mod asked;

use std::collections::BTreeMap;

pub use asked::{Named, QueryError, asked, named};

use market::tick::DEPTH_LEVELS;
use market::{Decimals, Depth, DepthLevel, Ohlc, Price, Tick};
use serde::{Deserialize, Serialize};

use super::maybe::Maybe;
use super::number::Number;
use crate::ist;

/// Most instruments in one call of `GET /quote`, by the broker's rule.
pub const FULL_MAX: usize = 500;
/// Most instruments in one call of `GET /quote/ohlc` and `GET /quote/ltp`, by the broker's rule.
pub const OHLC_MAX: usize = 1000;

/// Answer of `GET /quote`.
pub type Quotes = BTreeMap<String, QuoteEntry>;
/// Answer of `GET /quote/ohlc`.
pub type OhlcQuotes = BTreeMap<String, OhlcEntry>;
/// Answer of `GET /quote/ltp`.
pub type LtpQuotes = BTreeMap<String, LtpEntry>;
/// Answer of `GET /instruments/trigger_range/...`.
pub type TriggerRanges = BTreeMap<String, TriggerRange>;

/// What `GET /quote` says about one instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteEntry {
    /// Its token.
    pub instrument_token: u32,
    /// The exchange's clock at this observation ([`crate::ist`]).
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub timestamp: Maybe<String>,
    /// When the last trade happened ([`crate::ist`]).
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub last_trade_time: Maybe<String>,
    /// Last traded price.
    pub last_price: Number,
    /// Quantity of the last trade.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub last_quantity: Maybe<Number>,
    /// Quantity waiting on the buy side.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub buy_quantity: Maybe<Number>,
    /// Quantity waiting on the sell side.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub sell_quantity: Maybe<Number>,
    /// Quantity traded today.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub volume: Maybe<Number>,
    /// Volume-weighted average price of the day.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub average_price: Maybe<Number>,
    /// Open contracts.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub oi: Maybe<Number>,
    /// Most open contracts today.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub oi_day_high: Maybe<Number>,
    /// Fewest open contracts today.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub oi_day_low: Maybe<Number>,
    /// Change against the previous close.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub net_change: Maybe<Number>,
    /// Lowest price allowed today.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub lower_circuit_limit: Maybe<Number>,
    /// Highest price allowed today.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub upper_circuit_limit: Maybe<Number>,
    /// The day so far.
    pub ohlc: OhlcNumbers,
    /// The visible book.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub depth: Maybe<DepthNumbers>,
}

/// What `GET /quote/ohlc` says about one instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OhlcEntry {
    /// Its token.
    pub instrument_token: u32,
    /// Last traded price.
    pub last_price: Number,
    /// The day so far.
    pub ohlc: OhlcNumbers,
}

/// What `GET /quote/ltp` says about one instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LtpEntry {
    /// Its token.
    pub instrument_token: u32,
    /// Last traded price.
    pub last_price: Number,
}

/// Open, high, low of the day and the previous close.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OhlcNumbers {
    /// First price of the day.
    pub open: Number,
    /// Highest so far.
    pub high: Number,
    /// Lowest so far.
    pub low: Number,
    /// The previous day's close.
    pub close: Number,
}

/// The visible book, best level first; the broker fills empty levels with zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepthNumbers {
    /// Bids.
    pub buy: Vec<LevelNumbers>,
    /// Offers.
    pub sell: Vec<LevelNumbers>,
}

/// One level of the book.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelNumbers {
    /// At this price.
    pub price: Number,
    /// This much.
    pub quantity: Number,
    /// In this many orders.
    pub orders: Number,
}

/// Between which prices the trigger of a cover order may lie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerRange {
    /// Its token.
    pub instrument_token: u32,
    /// Lowest.
    pub lower: Number,
    /// Highest.
    pub upper: Number,
    /// The range in percent; only in older answers.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub percentage: Maybe<Number>,
}

impl QuoteEntry {
    /// From the last tick. What the tick does not carry is zero, the book always has five levels a side, and a time
    /// that the exchange did not tell is `null`: the clients differ on missing fields, none of them minds a `null`
    /// time. `net_change` is last price less previous close, zero without either.
    pub fn full(tick: &Tick, lower_circuit: Option<Price>, upper_circuit: Option<Price>) -> QuoteEntry {
        let price = |price| Maybe::Set(Number::from_price(price, tick.decimals));
        QuoteEntry {
            instrument_token: tick.token.0,
            timestamp: ist::format_seconds(tick.exchange_time).into(),
            last_trade_time: ist::format_seconds(tick.last_trade_time).into(),
            last_price: Number::from_price(tick.last, tick.decimals),
            last_quantity: Maybe::Set(tick.last_quantity.into()),
            buy_quantity: Maybe::Set(tick.total_buy.into()),
            sell_quantity: Maybe::Set(tick.total_sell.into()),
            volume: Maybe::Set(tick.volume.into()),
            average_price: price(tick.average),
            oi: Maybe::Set(tick.open_interest.into()),
            oi_day_high: Maybe::Set(tick.open_interest_high.into()),
            oi_day_low: Maybe::Set(tick.open_interest_low.into()),
            net_change: price(net_change(tick)),
            lower_circuit_limit: price(lower_circuit.unwrap_or(Price::ZERO)),
            upper_circuit_limit: price(upper_circuit.unwrap_or(Price::ZERO)),
            ohlc: OhlcNumbers::of(&tick.ohlc, tick.decimals),
            depth: Maybe::Set(DepthNumbers::of(&tick.depth, tick.decimals)),
        }
    }
}

impl OhlcEntry {
    /// From the last tick.
    pub fn of(tick: &Tick) -> OhlcEntry {
        OhlcEntry {
            instrument_token: tick.token.0,
            last_price: Number::from_price(tick.last, tick.decimals),
            ohlc: OhlcNumbers::of(&tick.ohlc, tick.decimals),
        }
    }
}

impl LtpEntry {
    /// From the last tick.
    pub fn of(tick: &Tick) -> LtpEntry {
        LtpEntry { instrument_token: tick.token.0, last_price: Number::from_price(tick.last, tick.decimals) }
    }
}

impl OhlcNumbers {
    fn of(ohlc: &Ohlc, decimals: Decimals) -> OhlcNumbers {
        OhlcNumbers {
            open: Number::from_price(ohlc.open, decimals),
            high: Number::from_price(ohlc.high, decimals),
            low: Number::from_price(ohlc.low, decimals),
            close: Number::from_price(ohlc.close, decimals),
        }
    }
}

impl DepthNumbers {
    fn of(depth: &Depth, decimals: Decimals) -> DepthNumbers {
        let side = |levels: &[DepthLevel; DEPTH_LEVELS]| {
            levels
                .iter()
                .map(|level| LevelNumbers {
                    price: Number::from_price(level.price, decimals),
                    quantity: level.quantity.into(),
                    orders: u32::from(level.orders).into(),
                })
                .collect()
        };
        DepthNumbers { buy: side(&depth.buy), sell: side(&depth.sell) }
    }
}

fn net_change(tick: &Tick) -> Price {
    if tick.last == Price::ZERO || tick.ohlc.close == Price::ZERO {
        return Price::ZERO;
    }
    tick.last.checked_sub(tick.ohlc.close).unwrap_or(Price::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::{EpochSeconds, InstrumentToken, Mode};

    fn tick() -> Tick {
        let mut tick = Tick::ltp(InstrumentToken(408_065), Price::from_mantissa(151_050));
        tick.mode = Mode::Full;
        tick.ohlc.close = Price::from_mantissa(151_600);
        tick.volume = 7;
        tick.exchange_time = EpochSeconds(1_795_146_300);
        tick.depth.sell[0] = DepthLevel { quantity: 3, price: Price::from_mantissa(151_055), orders: 2 };
        tick
    }

    #[test]
    fn a_tick_becomes_the_three_entries() {
        let full =
            serde_json::to_value(QuoteEntry::full(&tick(), Some(Price::from_mantissa(100)), None)).unwrap();
        let zero = serde_json::json!({"price":0,"quantity":0,"orders":0});
        assert_eq!(
            full,
            serde_json::json!({
                "instrument_token": 408_065, "timestamp": "2026-11-20 09:15:00", "last_trade_time": null,
                "last_price": 1510.5, "last_quantity": 0, "buy_quantity": 0, "sell_quantity": 0, "volume": 7,
                "average_price": 0, "oi": 0, "oi_day_high": 0, "oi_day_low": 0, "net_change": -5.5,
                "lower_circuit_limit": 1, "upper_circuit_limit": 0,
                "ohlc": {"open": 0, "high": 0, "low": 0, "close": 1516},
                "depth": {
                    "buy": [zero, zero, zero, zero, zero],
                    "sell": [{"price": 1510.55, "quantity": 3, "orders": 2}, zero, zero, zero, zero]
                }
            })
        );
        assert_eq!(
            serde_json::to_string(&OhlcEntry::of(&tick())).unwrap(),
            r#"{"instrument_token":408065,"last_price":1510.5,"ohlc":{"open":0,"high":0,"low":0,"close":1516}}"#
        );
        assert_eq!(
            serde_json::to_string(&LtpEntry::of(&tick())).unwrap(),
            r#"{"instrument_token":408065,"last_price":1510.5}"#
        );
    }
}
