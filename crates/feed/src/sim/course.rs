//! An underlying at a moment of its day, and the day so far.
//!
//! Enters: its path, places in rising order. Leaves: price, extremes and average so far. Never here: instruments.

use super::flow::Profile;
use super::path::{Bar, DayPath};
use super::sessions::Place;

/// An underlying in the course of its day.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    pub(crate) path: DayPath,
    /// The minute under way; all before it are in the sums.
    minute: u32,
    bar: Bar,
    /// Extremes of the minutes before.
    pub(crate) high: i64,
    pub(crate) low: i64,
    /// Sums over the minutes before, for the day's average price.
    weights: f64,
    weighted: f64,
    /// Within the minute: step, price and extremes so far.
    step: u32,
    pub(crate) price: i64,
    pub(crate) minute_high: i64,
    pub(crate) minute_low: i64,
}

impl Course {
    /// At `place`; `bars` receives the minutes before it.
    pub(crate) fn new(path: DayPath, profile: &Profile, place: Place, bars: &mut Vec<Bar>) -> Course {
        path.bars(place.minute, bars);
        let bar = path.bar(place.minute);
        let mut course = Course {
            path,
            minute: 0,
            bar,
            high: path.open,
            low: path.open,
            weights: 0.0,
            weighted: 0.0,
            step: 0,
            price: bar.open,
            minute_high: bar.open,
            minute_low: bar.open,
        };
        for bar in bars.iter() {
            course.bar = *bar;
            course.finish_minute(profile);
        }
        course.bar = bar;
        course.start_minute();
        course.seek(profile, place);
        course
    }

    /// Moves on to `place`, which must not lie behind.
    pub(crate) fn seek(&mut self, profile: &Profile, place: Place) {
        while self.minute < place.minute {
            self.finish_minute(profile);
            self.bar = self.path.bar(self.minute);
            self.start_minute();
        }
        while self.step < place.step {
            self.step += 1;
            self.price = self.path.price(&self.bar, self.minute, self.step);
            self.minute_high = self.minute_high.max(self.price);
            self.minute_low = self.minute_low.min(self.price);
        }
    }

    fn finish_minute(&mut self, profile: &Profile) {
        let Bar { open, high, low, close, .. } = self.bar;
        self.high = self.high.max(high);
        self.low = self.low.min(low);
        let weight = profile.share(self.minute);
        self.weights += weight;
        self.weighted += weight * (open + high + low + close) as f64 / 4.0;
        self.minute += 1;
    }

    fn start_minute(&mut self) {
        self.step = 0;
        self.price = self.bar.open;
        self.minute_high = self.bar.open;
        self.minute_low = self.bar.open;
    }

    /// Average price of the minutes before this one, weighted by volume; the opening price in the first.
    pub(crate) fn average(&self) -> f64 {
        if self.weights > 0.0 { self.weighted / self.weights } else { self.path.open as f64 }
    }
}
