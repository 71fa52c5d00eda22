//! One observation of one instrument, as every feed delivers it and every dialect encodes it.

use crate::mode::Mode;
use crate::price::{Decimals, Price};
use crate::time::EpochSeconds;
use crate::token::InstrumentToken;

/// Levels of depth on each side.
pub const DEPTH_LEVELS: usize = 5;

/// What kind of thing ticks: an index has no volume, book or open interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TickKind {
    /// Can be bought and sold.
    Tradable,
    /// Only a number.
    Index,
}

/// Open, high, low of the day and the previous day's close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Ohlc {
    /// First price of the day.
    pub open: Price,
    /// Highest so far.
    pub high: Price,
    /// Lowest so far.
    pub low: Price,
    /// The previous day's close.
    pub close: Price,
}

/// One level of the book; all zero when there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct DepthLevel {
    /// Shares or contracts waiting.
    pub quantity: u32,
    /// At this price.
    pub price: Price,
    /// In this many orders.
    pub orders: u16,
}

/// Five levels a side, best first, unused ones zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Depth {
    /// Bids, highest first.
    pub buy: [DepthLevel; DEPTH_LEVELS],
    /// Offers, lowest first.
    pub sell: [DepthLevel; DEPTH_LEVELS],
}

/// A tick. Fields that `mode` or `kind` does not carry are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Which instrument.
    pub token: InstrumentToken,
    /// Tradable or index.
    pub kind: TickKind,
    /// How much of the tick the source sent.
    pub mode: Mode,
    /// Digits after the point of every price here.
    pub decimals: Decimals,
    /// Last traded price or index value.
    pub last: Price,
    /// Quantity of the last trade.
    pub last_quantity: u32,
    /// Volume-weighted average price of the day.
    pub average: Price,
    /// Quantity traded today.
    pub volume: u32,
    /// Quantity waiting on the buy side of the whole book.
    pub total_buy: u32,
    /// Quantity waiting on the sell side of the whole book.
    pub total_sell: u32,
    /// The day so far.
    pub ohlc: Ohlc,
    /// Index only: change against the previous close as the source states it.
    pub change: Price,
    /// When the last trade happened; absent for indices.
    pub last_trade_time: EpochSeconds,
    /// Open contracts.
    pub open_interest: u32,
    /// Most open contracts today.
    pub open_interest_high: u32,
    /// Fewest open contracts today.
    pub open_interest_low: u32,
    /// The exchange's own clock at this observation.
    pub exchange_time: EpochSeconds,
    /// The visible book.
    pub depth: Depth,
}

impl Tick {
    /// A tick with only a last price, everything else zero.
    pub fn ltp(token: InstrumentToken, last: Price) -> Tick {
        Tick {
            token,
            kind: if token.is_index() { TickKind::Index } else { TickKind::Tradable },
            mode: Mode::Ltp,
            decimals: token.decimals(),
            last,
            last_quantity: 0,
            average: Price::ZERO,
            volume: 0,
            total_buy: 0,
            total_sell: 0,
            ohlc: Ohlc::default(),
            change: Price::ZERO,
            last_trade_time: EpochSeconds(0),
            open_interest: 0,
            open_interest_high: 0,
            open_interest_low: 0,
            exchange_time: EpochSeconds(0),
            depth: Depth::default(),
        }
    }
}
