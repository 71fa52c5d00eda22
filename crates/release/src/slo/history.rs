//! What is kept of one series, and how it grew over a window: as Prometheus's `increase` and `sum_over_time`.
//!
//! Enters: samples in the order of time. Leaves: growth over windows that were named beforehand. Never here: which
//! series it is.
//!
//! For each window the first sample of each of [`SLOTS`] equal slots is kept, one more from before the window, and
//! the newest sample: a series costs at most `windows x (SLOTS + 2)` points, however often it is scraped. Where
//! samples were left out, the one at the window's start is interpolated; where none were, growth is computed exactly
//! as Prometheus 2 does: the difference, resets added, extrapolated to the window's edges where the samples come
//! within 1.1 times their average distance of them, else by half that distance, and never to before a counter was
//! zero.

use std::collections::VecDeque;

/// Points kept per window.
pub const SLOTS: usize = 240;

/// What the values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Only grows, except that it starts anew from zero.
    Counter,
    /// A level.
    Gauge,
}

#[derive(Clone, Copy, Debug)]
struct Point {
    at_ms: i64,
    value: f64,
    /// Of a counter: growth since the first sample. Of a gauge: the sum of all samples up to this one.
    summed: f64,
    /// Its number among all samples.
    number: u64,
}

/// One series.
#[derive(Clone, Debug)]
pub(super) struct History {
    form: Form,
    newest: Point,
    rings: Vec<Ring>,
}

#[derive(Clone, Debug)]
struct Ring {
    window_ms: i64,
    slot_ms: i64,
    points: VecDeque<Point>,
}

impl Ring {
    /// Full: the oldest point goes; it is not needed any more by then.
    fn push(&mut self, point: Point) {
        let slot = |point: &Point| point.at_ms.div_euclid(self.slot_ms);
        if self.points.back().is_some_and(|last| slot(last) == slot(&point)) {
            return;
        }
        let start = point.at_ms - self.window_ms;
        while self.points.get(1).is_some_and(|second| second.at_ms < start) {
            self.points.pop_front();
        }
        self.points.push_back(point);
    }
}

impl History {
    /// Begins with a first sample; `windows_ms` are all that will ever be asked for.
    pub(super) fn new(form: Form, windows_ms: &[i64], at_ms: i64, value: f64) -> History {
        let summed = if form == Form::Gauge { value } else { 0.0 };
        let newest = Point { at_ms, value, summed, number: 0 };
        let ring = |window_ms: &i64| Ring {
            window_ms: *window_ms,
            slot_ms: (window_ms / SLOTS as i64).max(1),
            points: VecDeque::from([newest]),
        };
        History { form, newest, rings: windows_ms.iter().map(ring).collect() }
    }

    /// Time of the newest sample.
    pub(super) const fn newest_ms(&self) -> i64 {
        self.newest.at_ms
    }

    /// One more sample; one that is not newer than the last is left out.
    pub(super) fn push(&mut self, at_ms: i64, value: f64) {
        if at_ms <= self.newest.at_ms {
            return;
        }
        let more = match self.form {
            Form::Gauge => value,
            Form::Counter if value < self.newest.value => value,
            Form::Counter => value - self.newest.value,
        };
        let (summed, number) = (self.newest.summed + more, self.newest.number + 1);
        self.newest = Point { at_ms, value, summed, number };
        for ring in &mut self.rings {
            ring.push(self.newest);
        }
    }

    /// Growth of a counter over the window that ends at `now_ms`; `None` with fewer than two samples in it.
    pub(super) fn increase(&self, now_ms: i64, window_ms: i64) -> Option<f64> {
        let first = self.first(now_ms, window_ms)?;
        let last = self.newest;
        if last.number <= first.number {
            return None;
        }
        let grown = last.summed - first.summed;
        let sampled = (last.at_ms - first.at_ms) as f64;
        let apart = sampled / (last.number - first.number) as f64;
        let mut to_start = (first.at_ms - (now_ms - window_ms)) as f64;
        if grown > 0.0 && first.value >= 0.0 {
            to_start = to_start.min(sampled * first.value / grown);
        }
        let to_end = (now_ms - last.at_ms) as f64;
        let reach = |edge: f64| if edge < apart * 1.1 { edge } else { apart / 2.0 };
        Some(grown * (sampled + reach(to_start) + reach(to_end)) / sampled)
    }

    /// Sum and number of the samples of a gauge in the window that ends at `now_ms`.
    pub(super) fn sum_and_count(&self, now_ms: i64, window_ms: i64) -> Option<(f64, f64)> {
        let first = self.first(now_ms, window_ms)?;
        let count = self.newest.number - first.number + 1;
        Some((self.newest.summed - first.summed + first.value, count as f64))
    }

    /// The first sample of a window, or what it must have been.
    fn first(&self, now_ms: i64, window_ms: i64) -> Option<Point> {
        let start = now_ms - window_ms;
        let ring = self.rings.iter().find(|ring| ring.window_ms == window_ms)?;
        if self.newest.at_ms < start {
            return None;
        }
        let place = ring.points.partition_point(|point| point.at_ms < start);
        let inside = ring.points.get(place).copied().unwrap_or(self.newest);
        let Some(before) = place.checked_sub(1).and_then(|place| ring.points.get(place)) else {
            return Some(inside);
        };
        let between = inside.number - before.number;
        let apart = (inside.at_ms - before.at_ms) / i64::try_from(between).ok().filter(|count| *count > 0)?;
        let back = u64::try_from((inside.at_ms - start) / apart.max(1)).unwrap_or(0).min(between - 1);
        if back == 0 {
            return Some(inside);
        }
        let step = (inside.summed - before.summed) / between as f64;
        let value = match self.form {
            Form::Gauge => step,
            Form::Counter => (inside.value - step * back as f64).max(0.0),
        };
        Some(Point {
            at_ms: inside.at_ms - apart * back as i64,
            value,
            summed: inside.summed - step * back as f64,
            number: inside.number - back,
        })
    }

    /// Points that are kept.
    #[cfg(test)]
    fn points(&self) -> usize {
        self.rings.iter().map(|ring| ring.points.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000;

    fn counter(samples: &[(i64, f64)], window_ms: i64) -> History {
        let mut history = History::new(Form::Counter, &[window_ms], samples[0].0, samples[0].1);
        for (at, value) in &samples[1..] {
            history.push(*at, *value);
        }
        history
    }

    #[test]
    fn resets_and_edges() {
        // From Prometheus itself: 10, 20, 5, 15 every minute, asked over five minutes at the last sample.
        let history = counter(&[(0, 10.0), (60_000, 20.0), (120_000, 5.0), (180_000, 15.0)], 300_000);
        let increase = history.increase(180_000, 300_000).unwrap();
        assert!((increase - 25.0 * 210.0 / 180.0).abs() < 1e-9, "{increase}");
        assert_eq!(counter(&[(0, 1.0)], HOUR).increase(0, HOUR), None, "one sample says nothing");
        assert_eq!(history.increase(180_000 + HOUR, 300_000), None, "all samples are too old");
        let fresh = counter(&[(0, 0.0), (60_000, 60.0)], HOUR);
        assert_eq!(fresh.increase(60_000, HOUR), Some(60.0), "a counter was never below zero");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Memory is bounded, and what was thinned out does not matter for steady growth.
        #[test]
        fn steady_growth_is_exact(every in 1_i64..60, pace in 1_u32..100) {
            let (every, pace) = (every * 1_000, f64::from(pace));
            let end = 3 * HOUR / every;
            let samples: Vec<(i64, f64)> = (0..=end).map(|n| (n * every, pace * n as f64)).collect();
            let history = counter(&samples, HOUR);
            prop_assert!(history.points() <= SLOTS + 2, "{}", history.points());
            let expected = pace * HOUR as f64 / every as f64;
            let found = history.increase(end * every, HOUR).unwrap();
            prop_assert!((found / expected - 1.0).abs() < 0.005, "{found} {expected}");
        }
    }
}
