//! The price of an underlying at any moment, from the seed alone.
//!
//! Enters: an underlying, a session. Leaves: daily closes, the shape of a day, minute bars, the price at a step, all
//! in paise on the price grid. Never here: memory of earlier calls.
//!
//! Three levels, each inside the one above, so that a candle of any length is known without its parts and still equals
//! their fold:
//! - days: the logarithm of the close is a mean-reverting random walk from [`super::closes::FIRST_DAY`];
//! - minutes: open, high, low and close of the day are fixed first, the extremes at two minute boundaries; a Brownian
//!   bridge by midpoints joins the four, reflected at the extremes;
//! - steps: open, high, low and close of the minute are fixed first, the extremes at two whole seconds; the steps
//!   between wander inside.

use super::closes::{Closes, day_deviation};
use super::hash::{Purpose, Stream, below, normal, uniform};
use super::roots::Root;
use super::sessions::{STEPS_PER_MINUTE, Session};

/// Step from which a minute keeps its close: its last whole second.
pub(crate) const SETTLED_STEP: u32 = STEPS_PER_MINUTE - 10;

/// The random streams of one underlying.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streams {
    pub(crate) market: Stream,
    pub(crate) own: Stream,
    shape: Stream,
    grid: Stream,
    bar: Stream,
    step: Stream,
}

impl Streams {
    pub(crate) fn new(seed: u64, token: u32) -> Streams {
        let of = |purpose| Stream::new(seed, purpose, u64::from(token));
        Streams {
            market: Stream::new(seed, Purpose::MarketDay, 0),
            own: of(Purpose::OwnDay),
            shape: of(Purpose::DayShape),
            grid: of(Purpose::Grid),
            bar: of(Purpose::Bar),
            step: of(Purpose::Step),
        }
    }
}

/// `price` on the price grid, to the nearest step.
pub(crate) fn on_grid(price: f64, tick: i64) -> i64 {
    // Prices are far below 2^53 paise.
    (price / tick as f64).round() as i64 * tick
}

/// `price` within `low..=high`: turned back at the bound rather than stopped there, where it would stick.
fn reflected(price: f64, low: f64, high: f64) -> f64 {
    let turned = if price > high {
        2.0 * high - price
    } else if price < low {
        2.0 * low - price
    } else {
        price
    };
    turned.clamp(low, high)
}

/// One minute of one underlying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) open: i64,
    pub(crate) high: i64,
    pub(crate) low: i64,
    pub(crate) close: i64,
    /// Steps of the minute at which the extremes are reached: whole seconds.
    high_step: u32,
    low_step: u32,
}

/// One day of one underlying.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DayPath {
    pub(crate) session: Session,
    pub(crate) open: i64,
    pub(crate) high: i64,
    pub(crate) low: i64,
    pub(crate) close: i64,
    tick: i64,
    /// Boundaries and prices that the bridge passes through, ascending.
    knots: [(u32, f64); 4],
    /// Deviation of a minute's move, in paise.
    minute_deviation: f64,
    streams: Streams,
}

impl DayPath {
    /// `previous_day` is the day of the session before this one; `with_gap` when the market was closed between them.
    pub(crate) fn new(
        root: &Root,
        streams: &Streams,
        session: Session,
        closes: &Closes,
        previous_day: i64,
        with_gap: bool,
    ) -> DayPath {
        let Session { day, minutes, .. } = session;
        let draw = |field: u32| streams.shape.within(day, field);
        let close = closes.at(day);
        let deviation = close as f64 * day_deviation(root, day);
        let open = if with_gap {
            // What happened on days without a session is in the close of the day before this one.
            let gap = 0.3 * deviation * normal(draw(0));
            on_grid(closes.at(day - 1) as f64 + gap, root.tick).max(root.tick)
        } else {
            closes.at(previous_day)
        };
        let (mut high, mut low) = (open.max(close), open.min(close));
        let (mut first, mut second) = ((0, open as f64), (minutes, close as f64));
        if minutes >= 3 {
            let beyond = |bits: u64| deviation * (0.05 + 1.4 * uniform(bits) * uniform(bits.rotate_left(32)));
            high = on_grid(high as f64 + beyond(draw(1)), root.tick);
            low = on_grid(low as f64 - beyond(draw(2)), root.tick).max(root.tick).min(low);
            // Two different inner boundaries: the second skips over the first.
            let high_at = 1 + below(draw(3), minutes - 1);
            let mut low_at = 1 + below(draw(4), minutes - 2);
            if low_at >= high_at {
                low_at += 1;
            }
            first = (high_at, high as f64);
            second = (low_at, low as f64);
            if low_at < high_at {
                std::mem::swap(&mut first, &mut second);
            }
        }
        DayPath {
            session,
            open,
            high,
            low,
            close,
            tick: root.tick,
            knots: [(0, open as f64), first, second, (minutes, close as f64)],
            minute_deviation: 0.8 * deviation / f64::from(minutes).sqrt(),
            streams: *streams,
        }
    }

    /// The bar of one minute of the session.
    pub(crate) fn bar(&self, minute: u32) -> Bar {
        self.bar_between(minute, self.boundary(minute), self.boundary(minute + 1))
    }

    /// The bars of the first `count` minutes, cheaper than one by one.
    pub(crate) fn bars(&self, count: u32, out: &mut Vec<Bar>) {
        out.clear();
        let minutes = self.session.minutes;
        let mut grid = vec![0.0; minutes as usize + 1];
        for pair in self.knots.windows(2) {
            if let [from, to] = *pair {
                self.fill(from, to, &mut grid);
            }
        }
        let boundaries = grid.windows(2).take(count.min(minutes) as usize);
        out.extend((0u32..).zip(boundaries).map(|(minute, pair)| match *pair {
            [from, to] => self.bar_between(minute, from, to),
            _ => self.bar(minute),
        }));
    }

    /// The price at a minute boundary, `0..=minutes`, in paise and not yet on the price grid.
    fn boundary(&self, at: u32) -> f64 {
        let at = at.min(self.session.minutes);
        let (mut from, mut to) = (self.knots[0], self.knots[3]);
        for pair in self.knots.windows(2) {
            if let [left, right] = *pair
                && left.0 <= at
                && at <= right.0
            {
                (from, to) = (left, right);
                break;
            }
        }
        loop {
            if at == from.0 {
                return from.1;
            }
            if at == to.0 {
                return to.1;
            }
            let middle = self.middle(from, to);
            if at < middle.0 { to = middle } else { from = middle }
        }
    }

    /// Fills `grid[from..=to]`: the same midpoints as [`DayPath::boundary`], each once.
    fn fill(&self, from: (u32, f64), to: (u32, f64), grid: &mut [f64]) {
        for (at, price) in [from, to] {
            if let Some(slot) = grid.get_mut(at as usize) {
                *slot = price;
            }
        }
        if to.0 > from.0 + 1 {
            let middle = self.middle(from, to);
            self.fill(from, middle, grid);
            self.fill(middle, to, grid);
        }
    }

    /// A point between two others of the bridge that are at least two minutes apart.
    fn middle(&self, from: (u32, f64), to: (u32, f64)) -> (u32, f64) {
        let at = (from.0 + to.0) / 2;
        let (left, right) = (f64::from(at - from.0), f64::from(to.0 - at));
        let mean = (from.1 * right + to.1 * left) / (left + right);
        let deviation = self.minute_deviation * (left * right / (left + right)).sqrt();
        let price = mean + deviation * normal(self.streams.grid.within(self.session.day, at));
        (at, reflected(price, self.low as f64, self.high as f64))
    }

    fn bar_between(&self, minute: u32, from: f64, to: f64) -> Bar {
        let bits = self.streams.bar.within(self.session.day, minute);
        let lane = |shift: u32| ((bits >> shift) & 0xffff) as f64 / 65_536.0;
        let beyond = |u: f64| self.minute_deviation * (0.15 + 0.9 * u * u);
        // Never all the way to the day's extremes: those are reached where the day puts them, not by every minute that
        // comes near.
        let (top, bottom) = (from.max(to), from.min(to));
        let high = top + beyond(lane(0)).min(0.8 * (self.high as f64 - top));
        let low = bottom - beyond(lane(16)).min(0.8 * (bottom - self.low as f64));
        // 58 whole seconds lie between the first and the last; the second draw skips over the first.
        let high_second = 1 + below(bits >> 32, 58);
        let mut low_second = 1 + below(bits.rotate_left(13), 57);
        if low_second >= high_second {
            low_second += 1;
        }
        Bar {
            open: on_grid(from, self.tick),
            high: on_grid(high, self.tick),
            low: on_grid(low, self.tick),
            close: on_grid(to, self.tick),
            high_step: high_second * 10,
            low_step: low_second * 10,
        }
    }

    /// The price at a step of `minute`, whose bar is `bar`.
    pub(crate) fn price(&self, bar: &Bar, minute: u32, step: u32) -> i64 {
        if step >= SETTLED_STEP {
            return bar.close;
        }
        let mut turns = [(bar.high_step, bar.high), (bar.low_step, bar.low)];
        if bar.low_step < bar.high_step {
            turns.swap(0, 1);
        }
        let [first, second] = turns;
        let (from, to) = if step < first.0 {
            ((0, bar.open), first)
        } else if step < second.0 {
            (first, second)
        } else {
            (second, (SETTLED_STEP, bar.close))
        };
        if step == from.0 {
            return from.1;
        }
        let along = f64::from(step - from.0) / f64::from(to.0 - from.0);
        let line = from.1 as f64 + (to.1 - from.1) as f64 * along;
        let index = i64::from(minute) * i64::from(STEPS_PER_MINUTE) + i64::from(step);
        let noise = uniform(self.streams.step.at((self.session.day << 20) | index)) - 0.5;
        let price = line + 0.3 * noise * (bar.high - bar.low) as f64;
        let price = reflected(price, bar.low as f64, bar.high as f64);
        on_grid(price, self.tick).clamp(bar.low, bar.high)
    }
}

#[cfg(test)]
mod tests {
    use super::super::roots::roots;
    use super::*;
    use proptest::prelude::*;

    fn path(seed: u64, root: usize, day: i64, open: u32, minutes: u32) -> DayPath {
        let roots = roots(1);
        let root = &roots[root % roots.len()];
        let streams = Streams::new(seed, root.token);
        let closes = Closes::new(root, &streams, day - 3, day);
        DayPath::new(root, &streams, Session::of_all(day, open, minutes), &closes, day - 1, minutes != 1440)
    }

    proptest! {
        #[test]
        fn every_level_folds_into_the_one_above(
            seed: u64, root in 0usize..60, day in 16_800i64..33_000, minutes in prop_oneof![1u32..10, Just(375), Just(1440)]
        ) {
            let path = path(seed, root, day, 0, minutes);
            let mut bars = Vec::new();
            path.bars(minutes, &mut bars);
            prop_assert_eq!(bars.len(), minutes as usize);
            prop_assert_eq!(bars[0].open, path.open);
            prop_assert_eq!(bars[bars.len() - 1].close, path.close);
            prop_assert_eq!(bars.iter().map(|bar| bar.high).max(), Some(path.high));
            prop_assert_eq!(bars.iter().map(|bar| bar.low).min(), Some(path.low));
            prop_assert!(path.low > 0 && path.low <= path.open.min(path.close) && path.high >= path.open.max(path.close));
            let minute = (seed % u64::from(minutes)) as u32;
            let bar = path.bar(minute);
            prop_assert_eq!(bar, bars[minute as usize]);
            let whole_seconds: Vec<i64> = (0..600).step_by(10).map(|step| path.price(&bar, minute, step)).collect();
            prop_assert_eq!(whole_seconds[0], bar.open);
            prop_assert_eq!(whole_seconds[59], bar.close);
            prop_assert_eq!(whole_seconds.iter().copied().max(), Some(bar.high));
            prop_assert_eq!(whole_seconds.iter().copied().min(), Some(bar.low));
            for step in 0..600 {
                let price = path.price(&bar, minute, step);
                prop_assert!(bar.low <= price && price <= bar.high && price % path.tick == 0);
            }
        }
    }
}
