//! What a decision sees of the market and of the clocks. Both come in as arguments and are recorded.

use market::{Source, UnixNanos};
use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::money::Money;

/// The two times of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Wall time of this machine, unix nanoseconds: `ttl_ms`, rate budgets, journal times.
    pub machine: i64,
    /// Market time, unix nanoseconds: sessions, expiry, DAY validity, the trading day.
    pub market: i64,
}

impl Now {
    /// Market time.
    pub const fn market_time(self) -> UnixNanos {
        UnixNanos(self.market)
    }
}

/// What the market says about one instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Last traded price.
    pub last: Money,
    /// Best bid; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bid: Option<Money>,
    /// Best offer; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<Money>,
    /// Machine time since it was received, times the speed of the market, in milliseconds.
    pub age_ms: u64,
    /// Where it came from: `sim`, `replay`, `kite`.
    pub source: PriceSource,
    /// Why the validator doubts it, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspect: Option<String>,
    /// The day's price band, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<(Money, Money)>,
}

/// Where a price came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceSource {
    /// The simulated market.
    Sim,
    /// A recording.
    Replay,
    /// Live from the broker.
    Kite,
}

impl From<Source> for PriceSource {
    fn from(source: Source) -> PriceSource {
        match source {
            Source::Sim => PriceSource::Sim,
            Source::Replay => PriceSource::Replay,
            Source::Kite => PriceSource::Kite,
        }
    }
}

/// Whether an instrument can be traded now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trading {
    /// In session.
    Open,
    /// Listed, but its market is closed.
    Closed,
    /// Not in today's listing: expired, or never heard of.
    NotListed,
}

/// The market as a decision sees it. Answers are taken once per decision and written down with it.
pub trait MarketView {
    /// The newest believable price; `None` when there is none.
    fn quote(&self, contract: &Contract) -> Option<Quote>;

    /// Whether it can be traded now.
    fn trading(&self, contract: &Contract) -> Trading;
}
