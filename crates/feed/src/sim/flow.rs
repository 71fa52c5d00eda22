//! How much trades, and when: volume, open interest, and how often an instrument ticks.
//!
//! Enters: a session, an instrument, a place in the session. Leaves: quantities so far, rates. Never here: prices.
//!
//! Volume so far is a function of the place alone, never a sum of earlier ticks: it rises through the day and two
//! processes agree on it.

use std::sync::Arc;

use super::hash::{Purpose, Stream, uniform};
use super::path::SETTLED_STEP;
use super::sessions::{EXPIRY_MINUTE, Hours, OPEN_MINUTE, Place, STEPS_PER_MINUTE, Session};

/// Most ticks per second, bursts included.
pub const RATE_MAX: u32 = 200_000;

/// Height of the burst at the open, and of the one that ends an expiry day; both halve every 20 seconds.
const OPEN_BURST: f64 = 29.0;
const EXPIRY_BURST: f64 = 24.0;
const CLOSE_BURST: f64 = 5.0;
const BURST_SECONDS: f64 = 30.0;

/// Largest quantity on the wire.
const QUANTITY_MAX: f64 = 2_000_000_000.0;

/// Opening and closing second of the day for bursts: those of the session; around the clock, those of the exchange.
fn busy_hours(session: Session, hours: &Hours) -> (i64, i64) {
    match hours {
        Hours::AroundTheClock => (i64::from(OPEN_MINUTE) * 60, i64::from(EXPIRY_MINUTE) * 60),
        Hours::MarketHours(_) => {
            (i64::from(session.open) * 60, i64::from(session.open + session.minutes) * 60)
        }
    }
}

/// How much busier than its ordinary self the market is in a second of the day.
pub(crate) fn burst(session: Session, hours: &Hours, second_of_day: i64, expiry_today: bool) -> f64 {
    let (open, close) = busy_hours(session, hours);
    let mut factor = 1.0;
    if second_of_day >= open {
        factor += OPEN_BURST * (-((second_of_day - open) as f64) / BURST_SECONDS).exp();
    }
    let height = if expiry_today { EXPIRY_BURST } else { CLOSE_BURST };
    if second_of_day < close {
        factor += height * (-((close - 1 - second_of_day) as f64) / BURST_SECONDS).exp();
    }
    factor
}

/// How a session's volume spreads over its minutes.
#[derive(Debug)]
pub(crate) struct Profile {
    session: Session,
    /// Share of the day's volume before each minute; one more entry than minutes, from 0 to 1.
    before: Vec<f64>,
}

impl Profile {
    pub(crate) fn new(session: Session, hours: &Hours) -> Arc<Profile> {
        let (open, close) = busy_hours(session, hours);
        let (open, close) = (open as f64 / 60.0, close as f64 / 60.0);
        let weight = |minute: u32| {
            let at = f64::from(session.open + minute);
            let opening = if at >= open { 9.0 * (-(at - open) / 12.0).exp() } else { 0.0 };
            let closing = if at < close { 5.0 * (-(close - at) / 12.0).exp() } else { 0.0 };
            1.0 + opening + closing
        };
        let total: f64 = (0..session.minutes).map(weight).sum();
        let mut sum = 0.0;
        let mut before = vec![0.0];
        before.extend((0..session.minutes).map(|minute| {
            sum += weight(minute);
            sum / total
        }));
        Arc::new(Profile { session, before })
    }

    /// True when this is the profile of a session like `session`: same hours, any day.
    pub(crate) fn fits(&self, session: Session) -> bool {
        self.session.open == session.open && self.session.minutes == session.minutes
    }

    /// Share of the day's volume before `minute`.
    pub(crate) fn before(&self, minute: u32) -> f64 {
        self.before.get(minute as usize).copied().unwrap_or(1.0)
    }

    /// Share of the day's volume in `minute`.
    pub(crate) fn share(&self, minute: u32) -> f64 {
        (self.before(minute + 1) - self.before(minute)).max(0.0)
    }
}

/// Volume of one instrument on one day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Volume {
    stream: Stream,
    day: i64,
    minutes: u32,
    lot: u32,
    total: f64,
}

impl Volume {
    /// `mean` is the quantity of an average day.
    pub(crate) fn new(seed: u64, token: u32, session: Session, lot: u32, mean: f64) -> Volume {
        let stream = Stream::new(seed, Purpose::Volume, u64::from(token));
        let total = mean * (0.6 + 0.8 * uniform(stream.within(session.day, 2047)));
        Volume {
            stream,
            day: session.day,
            minutes: session.minutes,
            lot: lot.max(1),
            total: total.min(QUANTITY_MAX),
        }
    }

    /// Quantity of the whole session.
    pub(crate) fn of_day(&self) -> u32 {
        self.in_lots(self.total)
    }

    /// Quantity traded before `minute`.
    pub(crate) fn before(&self, profile: &Profile, minute: u32) -> u32 {
        if minute >= self.minutes {
            return self.of_day();
        }
        if minute == 0 {
            return 0;
        }
        // The smooth share, moved by less than half of the smaller neighbour: it cannot overtake the next boundary.
        let room = profile.share(minute - 1).min(profile.share(minute));
        let moved = 0.9 * (uniform(self.stream.within(self.day, minute)) - 0.5) * room;
        self.in_lots(self.total * (profile.before(minute) + moved))
    }

    fn in_lots(&self, quantity: f64) -> u32 {
        // Between zero and QUANTITY_MAX by construction.
        (quantity / f64::from(self.lot)) as u32 * self.lot
    }
}

/// Quantity traded when tick `sub` of `of` in a step is made, in a minute that takes it from `start` to `end`. All of
/// the minute is done at its last whole second, so that the volume of a candle equals what its ticks say.
pub(crate) fn traded(start: u32, end: u32, lot: u32, step: u32, sub: u32, of: u32) -> u32 {
    if step >= SETTLED_STEP {
        return end;
    }
    let lots = u64::from(end.saturating_sub(start) / lot.max(1));
    let of = u64::from(of.max(1));
    let done = u64::from(step) * of + u64::from(sub) + 1;
    let lots_done = lots * done / (u64::from(SETTLED_STEP + 1) * of);
    // No more than `end - start`, which fits.
    start + u32::try_from(lots_done).unwrap_or(0) * lot.max(1)
}

/// Open interest of one contract on one day: from where the session before left it, evenly to where this one ends.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpenInterest {
    start: u32,
    end: u32,
    lot: u32,
    minutes: u32,
}

impl OpenInterest {
    pub(crate) fn new(
        seed: u64,
        token: u32,
        session: Session,
        previous_day: i64,
        lot: u32,
        mean: f64,
    ) -> OpenInterest {
        let stream = Stream::new(seed, Purpose::OpenInterest, u64::from(token));
        let lot = lot.max(1);
        let end_of = |day: i64| {
            let quantity = (mean * (0.8 + 0.4 * uniform(stream.at(day)))).min(QUANTITY_MAX);
            (quantity / f64::from(lot)) as u32 * lot
        };
        OpenInterest { start: end_of(previous_day), end: end_of(session.day), lot, minutes: session.minutes }
    }

    /// Open interest at a place of the session, the highest and the lowest so far.
    pub(crate) fn at(&self, place: Place) -> (u32, u32, u32) {
        if self.lot == 0 {
            return (0, 0, 0);
        }
        let steps = i64::from(self.minutes.max(1)) * i64::from(STEPS_PER_MINUTE);
        let done =
            i64::from(place.minute) * i64::from(STEPS_PER_MINUTE) + i64::from(place.step.min(SETTLED_STEP));
        let change = (i64::from(self.end) - i64::from(self.start)) / i64::from(self.lot) * done / steps;
        let now = i64::from(self.start) + change * i64::from(self.lot);
        // Between start and end.
        let now = u32::try_from(now).unwrap_or(self.start);
        (now, now.max(self.start), now.min(self.start))
    }
}

/// How often one instrument ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Arrivals {
    pub(crate) every_second: bool,
    /// Mean ticks per second, apart from bursts and including those of every second.
    pub(crate) rate: f64,
}

/// Shares `total` ticks per second among instruments by weight; those with a tick each second get no less than that.
pub(crate) fn share_rate(total: f64, weights: &[(bool, f64)]) -> Vec<Arrivals> {
    let mut fixed = vec![false; weights.len()];
    loop {
        let floor = fixed.iter().filter(|fixed| **fixed).count() as f64;
        let free: f64 =
            weights.iter().zip(&fixed).filter(|(_, fixed)| !**fixed).map(|((_, weight), _)| weight).sum();
        let per_weight = if free > 0.0 { (total - floor).max(0.0) / free } else { 0.0 };
        let mut settled = true;
        for ((every_second, weight), fixed) in weights.iter().zip(&mut fixed) {
            if *every_second && !*fixed && weight * per_weight < 1.0 {
                *fixed = true;
                settled = false;
            }
        }
        // Each round fixes at least one more instrument, so this ends.
        if settled {
            let rate = |weight: f64, fixed: bool| if fixed { 1.0 } else { weight * per_weight };
            return weights
                .iter()
                .zip(&fixed)
                .map(|((every_second, weight), fixed)| Arrivals {
                    every_second: *every_second,
                    rate: rate(*weight, *fixed),
                })
                .collect();
        }
    }
}

/// Most ticks of one instrument in one step.
const PER_STEP_MAX: f64 = 1_000.0;

impl Arrivals {
    /// How many ticks fall into a step, by the bits drawn for it.
    pub(crate) fn count(&self, bits: u64, whole_second: bool, burst: f64) -> u32 {
        let certain = if self.every_second { 1.0 } else { 0.0 };
        let mean = ((self.rate * burst - certain) * 0.1).clamp(0.0, PER_STEP_MAX);
        let whole = mean as u32;
        whole
            + u32::from(uniform(bits) < mean - f64::from(whole))
            + u32::from(self.every_second && whole_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn volume_rises_and_ends_where_the_day_ends(
            seed: u64, token: u32, minutes in 1u32..1441, lot in 1u32..5_000, mean in 0.0..3e9
        ) {
            let session = Session::of_all(20_000, 0, minutes);
            let profile = Profile::new(session, &Hours::AroundTheClock);
            let volume = Volume::new(seed, token, session, lot, mean);
            let boundaries: Vec<u32> = (0..=minutes).map(|minute| volume.before(&profile, minute)).collect();
            prop_assert!(boundaries.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert_eq!(boundaries[0], 0);
            prop_assert_eq!(boundaries[minutes as usize], volume.of_day());
            let (start, end) = (boundaries[0], boundaries[1]);
            let mut last = start;
            for (step, sub) in (0..600).flat_map(|step| [(step, 0), (step, 1)]) {
                let now = traded(start, end, lot, step, sub, 2);
                prop_assert!(now >= last && now <= end);
                last = now;
            }
            prop_assert_eq!(last, end);
        }

        #[test]
        fn rates_add_up_and_respect_the_floor(
            total in 0.0..200_000.0, weights in prop::collection::vec((any::<bool>(), 0.01..10.0), 1..200)
        ) {
            let shares = share_rate(total, &weights);
            let floor = weights.iter().filter(|(every_second, _)| *every_second).count() as f64;
            let sum: f64 = shares.iter().map(|share| share.rate).sum();
            prop_assert!(shares.iter().all(|share| !share.every_second || share.rate >= 0.999_999));
            if floor < weights.len() as f64 {
                prop_assert!((sum - total.max(floor)).abs() < 1e-6 * total.max(1.0), "{sum} for {total}");
            }
        }
    }
}
