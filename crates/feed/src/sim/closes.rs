//! Where the days of an underlying end.
//!
//! Enters: an underlying, days. Leaves: closing prices. Never here: what happens within a day.
//!
//! The logarithm of the close is a mean-reverting random walk, driven partly by the whole market and partly by the
//! underlying itself. It moves on every calendar day, whether or not that day has a session: a market that was closed
//! opens with a gap.

use super::hash::normal;
use super::path::{Streams, on_grid};
use super::roots::Root;
use super::sessions::is_weekend;

/// 2005-01-01: where all random walks start. Nothing exists before.
pub(crate) const FIRST_DAY: i64 = 12_784;
/// How much of its distance from its level a price keeps from day to day: half of it is gone after ten weeks, and an
/// index stays within about 15 % of its level, a share within 40 %.
const PERSISTENCE: f64 = 0.99;
/// Saturdays and Sundays move this much of a weekday.
const WEEKEND: f64 = 0.35;
/// Closes of consecutive days.
#[derive(Clone, Debug)]
pub(crate) struct Closes {
    first: i64,
    paise: Vec<i64>,
}

impl Closes {
    /// Closes of `first..=last`; days before [`FIRST_DAY`] close where that day starts.
    pub(crate) fn new(root: &Root, streams: &Streams, first: i64, last: i64) -> Closes {
        let mut paise = Vec::with_capacity(usize::try_from(last - first + 1).unwrap_or(0));
        let level = |x: f64| on_grid(root.level * x.exp(), root.tick).max(root.tick);
        paise.extend((first..FIRST_DAY.min(last + 1)).map(|_| level(0.0)));
        let mut x = 0.0;
        let own_share = (1.0 - root.correlation * root.correlation).sqrt();
        for day in FIRST_DAY..=last {
            let shock =
                root.correlation * normal(streams.market.at(day)) + own_share * normal(streams.own.at(day));
            x = PERSISTENCE * x + day_deviation(root, day) * shock;
            if day >= first {
                paise.push(level(x));
            }
        }
        Closes { first, paise }
    }

    /// The close of `day`; the nearest known one outside the span.
    pub(crate) fn at(&self, day: i64) -> i64 {
        let last = self.paise.len().saturating_sub(1);
        let index = usize::try_from(day - self.first).unwrap_or(0).min(last);
        self.paise.get(index).copied().unwrap_or(0)
    }
}

/// Standard deviation of a day's move, as a fraction of the price.
pub(crate) fn day_deviation(root: &Root, day: i64) -> f64 {
    let weekday = root.vol / 365.0_f64.sqrt();
    if is_weekend(day) { weekday * WEEKEND } else { weekday }
}

#[cfg(test)]
mod tests {
    use super::super::roots::roots;
    use super::*;

    #[test]
    fn prices_stay_plausible_for_decades() {
        let roots = roots(0);
        for root in &roots {
            let closes = Closes::new(root, &Streams::new(7, root.token), FIRST_DAY, FIRST_DAY + 55 * 366);
            let bound = if root.is_index { 1.35 } else { 2.2 };
            for &close in &closes.paise {
                let ratio = close as f64 / root.level;
                assert!(ratio < bound && ratio > 1.0 / bound, "{} at {ratio} of its level", root.symbol);
            }
        }
    }
}
