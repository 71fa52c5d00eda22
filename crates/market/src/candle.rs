//! Candles: open, high, low, close and volume over an interval.

use std::fmt;
use std::str::FromStr;

use crate::price::Price;
use crate::time::UnixNanos;

/// One candle. Prices are in the instrument's decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candle {
    /// Start of the interval.
    pub start: UnixNanos,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Quantity traded within the interval.
    pub volume: u64,
    /// Open interest at its end; zero where there is none.
    pub open_interest: u64,
}

/// Candle lengths that the broker serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Interval {
    /// 1 minute.
    Minute,
    /// 3 minutes.
    Minute3,
    /// 5 minutes.
    Minute5,
    /// 10 minutes.
    Minute10,
    /// 15 minutes.
    Minute15,
    /// 30 minutes.
    Minute30,
    /// 60 minutes.
    Minute60,
    /// One trading day.
    Day,
}

impl Interval {
    /// All, shortest first.
    pub const ALL: [Interval; 8] = [
        Interval::Minute,
        Interval::Minute3,
        Interval::Minute5,
        Interval::Minute10,
        Interval::Minute15,
        Interval::Minute30,
        Interval::Minute60,
        Interval::Day,
    ];

    /// The broker's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Interval::Minute => "minute",
            Interval::Minute3 => "3minute",
            Interval::Minute5 => "5minute",
            Interval::Minute10 => "10minute",
            Interval::Minute15 => "15minute",
            Interval::Minute30 => "30minute",
            Interval::Minute60 => "60minute",
            Interval::Day => "day",
        }
    }

    /// Length in minutes; 1440 for a day.
    pub const fn minutes(self) -> u32 {
        match self {
            Interval::Minute => 1,
            Interval::Minute3 => 3,
            Interval::Minute5 => 5,
            Interval::Minute10 => 10,
            Interval::Minute15 => 15,
            Interval::Minute30 => 30,
            Interval::Minute60 => 60,
            Interval::Day => 1440,
        }
    }

    /// Most days that one request may span (the broker's rule, kept for its sake and for ours).
    pub const fn days_per_request_max(self) -> u32 {
        match self {
            Interval::Minute => 60,
            Interval::Minute3 | Interval::Minute5 | Interval::Minute10 => 100,
            Interval::Minute15 | Interval::Minute30 => 200,
            Interval::Minute60 => 400,
            Interval::Day => 2000,
        }
    }
}

/// The word is none of the broker's intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an interval: use minute, 3minute, 5minute, 10minute, 15minute, 30minute, 60minute or day")]
pub struct UnknownInterval;

impl FromStr for Interval {
    type Err = UnknownInterval;

    fn from_str(text: &str) -> Result<Interval, UnknownInterval> {
        Interval::ALL.into_iter().find(|interval| interval.as_str() == text).ok_or(UnknownInterval)
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
