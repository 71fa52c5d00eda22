//! Candles made from the ticks that were published: the history of a replayed or live market.
//!
//! Enters: published ticks in their order, from one thread. Leaves: candles, asked from any thread. Never here: ticks
//! that were rejected, clocks, the broker's own history.
//!
//! - Minutes are kept, everything longer is folded from them. A minute without a trade has no candle.
//! - A tick belongs to the minute of the exchange's clock, or of its receive time when it carries none. A candle that was
//!   followed by another never changes again: a tick that comes late counts in the newest one.
//! - Traded quantity is the growth of the day's volume between two ticks. What was traded before the first tick of an
//!   instrument is not known and not in any candle.
//! - Longer intervals are aligned with the opening of the exchange, as the broker's are: the hours of NSE begin at 09:15,
//!   those of currencies and commodities at 09:00. A day begins at midnight in India.
//! - Memory is bounded by [`Bounds`]: old days go, and instruments beyond the bound have no candles (they are counted).

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use market::time::IST_OFFSET_SECONDS;
use market::{Candle, InstrumentToken, Interval, Tick, UnixNanos};

use crate::History;

mod fold;
mod series;

use series::Series;

const NANOS_PER_MINUTE: i64 = 60 * market::time::NANOS_PER_SECOND;
const MINUTES_PER_DAY: i64 = 1440;
/// India is this many minutes ahead.
const IST_MINUTES: i64 = IST_OFFSET_SECONDS / 60;

/// How much is kept. A candle takes 28 bytes: 3,000 instruments with 2 days of 385 minutes take 65 MB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Days in India, the current one included; at least 1.
    pub days: u16,
    /// Instruments with candles.
    pub instruments: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { days: 2, instruments: 4_000 }
    }
}

/// Candles of everything published lately.
#[derive(Debug)]
pub struct LiveCandles {
    bounds: Bounds,
    inner: RwLock<Inner>,
}

impl Default for LiveCandles {
    fn default() -> LiveCandles {
        LiveCandles::new(Bounds::default())
    }
}

#[derive(Debug, Default)]
struct Inner {
    series: HashMap<InstrumentToken, Series>,
    /// Newest day in India seen, since 1970-01-01.
    day: i64,
    left_out: u64,
}

impl LiveCandles {
    /// No candles yet.
    pub fn new(bounds: Bounds) -> LiveCandles {
        LiveCandles { bounds, inner: RwLock::default() }
    }

    /// Takes in one published tick, received at `received`.
    pub fn observe(&self, tick: &Tick, received: UnixNanos) {
        self.observe_all([(tick, received)]);
    }

    /// Takes in published ticks with their receive times, in order, under one lock.
    pub fn observe_all<'t>(&self, ticks: impl IntoIterator<Item = (&'t Tick, UnixNanos)>) {
        // A panic elsewhere cannot leave a candle half written: every step below writes whole values.
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        for (tick, received) in ticks {
            inner.fold(self.bounds, tick, received);
        }
    }

    /// How many ticks had no candle because there were too many instruments, or because their price is larger than any
    /// packet can carry.
    pub fn left_out(&self) -> u64 {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).left_out
    }
}

impl Inner {
    fn fold(&mut self, bounds: Bounds, tick: &Tick, received: UnixNanos) {
        let at = if tick.exchange_time.is_absent() { received } else { tick.exchange_time.nanos() };
        let minute = at.0.div_euclid(NANOS_PER_MINUTE);
        let day = (minute + IST_MINUTES).div_euclid(MINUTES_PER_DAY);
        if day > self.day {
            self.day = day;
            let oldest_day = day - i64::from(bounds.days.max(1)) + 1;
            let oldest = oldest_day * MINUTES_PER_DAY - IST_MINUTES;
            let oldest = u32::try_from(oldest).unwrap_or(0);
            self.series.retain(|_, series| series.forget_before(oldest));
        }
        if !self.series.contains_key(&tick.token) && self.series.len() >= bounds.instruments {
            self.left_out += 1;
            return;
        }
        // Beyond 32 bits lie moments after the year 10000 and prices that no packet carries.
        let (Ok(minute), Ok(price)) = (u32::try_from(minute), i32::try_from(tick.last.mantissa())) else {
            self.left_out += 1;
            return;
        };
        self.series.entry(tick.token).or_default().fold(tick, price, minute, day);
    }
}

impl History for LiveCandles {
    fn candles(
        &self,
        token: InstrumentToken,
        interval: Interval,
        from: UnixNanos,
        to: UnixNanos,
        now: UnixNanos,
    ) -> Vec<Candle> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let Some(series) = inner.series.get(&token) else { return Vec::new() };
        fold::fold(series.minutes(), fold::Grid::of(token, interval), from, to, now)
    }
}

#[cfg(test)]
mod tests;
