//! From minutes to longer intervals.

use market::{Candle, InstrumentToken, Interval, Price, UnixNanos};

use super::series::Minute;
use super::{IST_MINUTES, MINUTES_PER_DAY, NANOS_PER_MINUTE};

/// Where candles of an interval begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    /// Length in minutes.
    length: i64,
    /// Minutes after midnight in India at which some candle begins.
    anchor: i64,
}

impl Grid {
    pub(super) fn of(token: InstrumentToken, interval: Interval) -> Grid {
        const NINE: i64 = 9 * 60;
        let anchor = match (interval, token.segment_number()) {
            (Interval::Day, _) => 0,
            // Currencies (CDS, BCD) and commodities (MCX, NCO) open a quarter of an hour earlier.
            (_, 3 | 6 | 7 | 8 | 12) => NINE,
            _ => NINE + 15,
        };
        Grid { length: i64::from(interval.minutes()), anchor }
    }

    /// Start of the candle that `minute` belongs to, both in minutes since 1970 in UTC. No candle spans two days.
    fn start(self, minute: i64) -> i64 {
        let local = minute + IST_MINUTES;
        let midnight = local - local.rem_euclid(MINUTES_PER_DAY);
        let anchored = local - midnight - self.anchor;
        let start = midnight + self.anchor + anchored.div_euclid(self.length) * self.length;
        start.max(midnight) - IST_MINUTES
    }
}

/// Candles that start in `[from, to]`, made from minutes up to the one that contains `now`.
pub(super) fn fold<'m>(
    minutes: impl Iterator<Item = &'m Minute>,
    grid: Grid,
    from: UnixNanos,
    to: UnixNanos,
    now: UnixNanos,
) -> Vec<Candle> {
    let mut candles: Vec<Candle> = Vec::new();
    for minute in minutes {
        let start = UnixNanos(grid.start(i64::from(minute.at)).saturating_mul(NANOS_PER_MINUTE));
        if start < from {
            continue;
        }
        if start > to || i64::from(minute.at) > now.0.div_euclid(NANOS_PER_MINUTE) {
            break;
        }
        let price = |raw: i32| Price::from_mantissa(i64::from(raw));
        match candles.last_mut().filter(|last| last.start == start) {
            Some(last) => {
                last.high = last.high.max(price(minute.high));
                last.low = last.low.min(price(minute.low));
                last.close = price(minute.close);
                last.volume = last.volume.saturating_add(u64::from(minute.volume));
                last.open_interest = u64::from(minute.open_interest);
            }
            None => candles.push(Candle {
                start,
                open: price(minute.open),
                high: price(minute.high),
                low: price(minute.low),
                close: price(minute.close),
                volume: u64::from(minute.volume),
                open_interest: u64::from(minute.open_interest),
            }),
        }
    }
    candles
}
