//! The simulated past: candles of any length, made when asked for.
//!
//! Enters: a contract, an interval, moments. Leaves: candles that equal the fold of the ticks of their time. Never
//! here: storage; the past is as much a function of the seed as the present is.

use std::sync::{Arc, Mutex, PoisonError};

use market::{Candle, InstrumentToken, Interval, Price, UnixNanos};

use super::LAST_DAY;
use super::closes::{Closes, FIRST_DAY};
use super::flow::{Profile, traded};
use super::model::{Model, Terms};
use super::path::{Bar, DayPath};
use super::range::fold;
use super::sessions::{Place, STEPS_PER_MINUTE, date_of, day_of_step, midnight_step, step_of};
use super::universe::Listed;
use crate::History;

/// Candles of the simulated market. Each call computes; one listing is remembered between calls.
///
/// A call answers for at most one day more than [`Interval::days_per_request_max`], the newest part of what was asked.
#[derive(Debug)]
pub(crate) struct SimHistory {
    model: Arc<Model>,
    listing: Mutex<Option<(i64, Arc<Vec<Listed>>)>>,
}

impl SimHistory {
    pub(crate) fn new(model: Arc<Model>) -> SimHistory {
        SimHistory { model, listing: Mutex::new(None) }
    }

    /// What is listed on `day`, sorted by token.
    fn listing(&self, day: i64) -> Arc<Vec<Listed>> {
        // A listing is replaced whole, so one left by a panicking thread is still right.
        let mut remembered = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, listing)) = remembered.as_ref()
            && *of == day
        {
            return Arc::clone(listing);
        }
        let mut listing = self.model.listing(day, &self.model.closes(day));
        listing.sort_by_key(|row| row.token);
        let listing = Arc::new(listing);
        *remembered = Some((day, Arc::clone(&listing)));
        listing
    }
}

impl History for SimHistory {
    fn candles(
        &self,
        token: InstrumentToken,
        interval: Interval,
        from: UnixNanos,
        to: UnixNanos,
        now: UnixNanos,
    ) -> Vec<Candle> {
        let mut candles = Vec::new();
        let now_step = step_of(now).min(midnight_step(LAST_DAY) - 1);
        let today = day_of_step(now_step);
        if today <= FIRST_DAY + 1 || from > to {
            return candles;
        }
        let listing = self.listing(today);
        let Some(listed) =
            listing.binary_search_by_key(&token.0, |row| row.token).ok().and_then(|at| listing.get(at))
        else {
            return candles;
        };
        let Some((root, streams)) = self.model.root(listed.root) else { return candles };
        let last = day_of_step(step_of(to)).min(today);
        let span = i64::from(interval.days_per_request_max()) + 1;
        let first = day_of_step(step_of(from)).max(last - span).max(Model::first_day(&listed.contract));
        if first > last {
            return candles;
        }
        let mut day = Folding { interval, from, to, now_step, bars: Vec::new(), out: &mut candles };
        // Far enough back for the close before the first day's, however long the market was closed.
        let closes = Closes::new(root, streams, first - 45, last);
        let mut profile: Option<Arc<Profile>> = None;
        for session in (first..=last).filter_map(|day| self.model.hours.known_session(day)) {
            if session.first_step() > now_step {
                break;
            }
            let profile = match &profile {
                Some(profile) if profile.fits(session) => Arc::clone(profile),
                _ => Arc::clone(profile.insert(Profile::new(session, &self.model.hours))),
            };
            let path = self.model.day_path(root, streams, session, &closes);
            let terms = self.model.terms(root, listed, session, &closes);
            day.add(&path, &terms, &profile, root.is_index && terms.valuation.is_none());
        }
        candles
    }
}

/// Candles being made, day by day.
struct Folding<'a> {
    interval: Interval,
    from: UnixNanos,
    to: UnixNanos,
    now_step: i64,
    /// Scratch: the underlying's minutes.
    bars: Vec<Bar>,
    out: &'a mut Vec<Candle>,
}

impl Folding<'_> {
    /// Candles of one session, as far as it has come.
    fn add(&mut self, path: &DayPath, terms: &Terms, profile: &Profile, is_index: bool) {
        let session = terms.session;
        let minutes = terms.minutes();
        if minutes == 0 {
            return;
        }
        let under_way = self.now_step < terms.last_step;
        let here = terms.place(self.now_step);
        let volume = |minute: u32| if is_index { 0 } else { terms.volume.before(profile, minute) };
        if self.interval == Interval::Day {
            let start = UnixNanos::ist_midnight(date_of(session.day));
            if start < self.from || start > self.to {
                return;
            }
            let candle = if under_way {
                let whole = self.whole_day(path, terms, here.minute);
                let partial = partial_minute(path, terms, here, volume(here.minute), volume(here.minute + 1));
                match whole {
                    Some((open, high, low)) => Candle {
                        open: Price::from_mantissa(open),
                        high: Price::from_mantissa(high).max(partial.high),
                        low: Price::from_mantissa(low).min(partial.low),
                        volume: u64::from(volume(here.minute)) + partial.volume,
                        ..partial
                    },
                    None => partial,
                }
            } else {
                let Some((open, high, low)) = self.whole_day(path, terms, minutes) else { return };
                let end = Place { minute: minutes - 1, step: STEPS_PER_MINUTE - 1 };
                let close = if minutes == session.minutes { path.close } else { path.bar(minutes - 1).close };
                Candle {
                    start,
                    open: Price::from_mantissa(open),
                    high: Price::from_mantissa(high),
                    low: Price::from_mantissa(low),
                    close: Price::from_mantissa(terms.price(close, minutes - 1)),
                    volume: u64::from(volume(minutes)),
                    open_interest: u64::from(terms.open_interest.at(end).0),
                }
            };
            self.out.push(Candle { start, ..candle });
            return;
        }
        let whole = if under_way { here.minute } else { minutes };
        path.bars(whole, &mut self.bars);
        let length = self.interval.minutes();
        let mut current: Option<Candle> = None;
        for minute in 0..whole + u32::from(under_way) {
            let bucket = minute - minute % length;
            let start = session.minute_start(bucket);
            if start < self.from || start > self.to {
                continue;
            }
            let (before, after) = (volume(minute), volume(minute + 1));
            let candle = match self.bars.get(minute as usize) {
                Some(bar) => whole_minute(bar, terms, minute, after - before),
                None => partial_minute(path, terms, here, before, after),
            };
            match &mut current {
                Some(sum) if sum.start == start => {
                    sum.high = sum.high.max(candle.high);
                    sum.low = sum.low.min(candle.low);
                    sum.close = candle.close;
                    sum.volume += candle.volume;
                    sum.open_interest = candle.open_interest;
                }
                _ => self.out.extend(current.replace(Candle { start, ..candle })),
            }
        }
        self.out.extend(current);
    }

    /// Open, high and low of the first `minutes` of a session; `None` when there are none.
    fn whole_day(&mut self, path: &DayPath, terms: &Terms, minutes: u32) -> Option<(i64, i64, i64)> {
        if minutes == 0 {
            return None;
        }
        let open = terms.price(path.open, 0);
        if minutes == path.session.minutes
            && terms.valuation.is_none_or(|valuation| valuation.vol().is_none())
        {
            // The image of the day is the day of the image, as long as the image does not change with the minute.
            let (high, low) = terms.extremes(path.low, path.high, 0);
            return Some((open, high, low));
        }
        path.bars(minutes, &mut self.bars);
        let (high, low) = match fold(terms, &self.bars) {
            Some(extremes) => extremes,
            None => self
                .bars
                .iter()
                .fold((i64::MIN, i64::MAX), |(high, low), bar| (high.max(bar.high), low.min(bar.low))),
        };
        Some((open, high, low))
    }
}

fn whole_minute(bar: &Bar, terms: &Terms, minute: u32, volume: u32) -> Candle {
    let (high, low) = terms.extremes(bar.low, bar.high, minute);
    Candle {
        start: terms.session.minute_start(minute),
        open: Price::from_mantissa(terms.price(bar.open, minute)),
        high: Price::from_mantissa(high),
        low: Price::from_mantissa(low),
        close: Price::from_mantissa(terms.price(bar.close, minute)),
        volume: u64::from(volume),
        open_interest: u64::from(terms.open_interest.at(Place { minute, step: STEPS_PER_MINUTE - 1 }).0),
    }
}

/// The minute under way, up to and including the step `here`.
fn partial_minute(path: &DayPath, terms: &Terms, here: Place, start: u32, end: u32) -> Candle {
    let bar = path.bar(here.minute);
    let prices = (0..=here.step).map(|step| path.price(&bar, here.minute, step));
    let (low, high, last) = prices.fold((bar.open, bar.open, bar.open), |(low, high, _), price| {
        (low.min(price), high.max(price), price)
    });
    let (highest, lowest) = terms.extremes(low, high, here.minute);
    Candle {
        start: terms.session.minute_start(here.minute),
        open: Price::from_mantissa(terms.price(bar.open, here.minute)),
        high: Price::from_mantissa(highest),
        low: Price::from_mantissa(lowest),
        close: Price::from_mantissa(terms.price(last, here.minute)),
        volume: u64::from(traded(start, end, terms.lot, here.step, 0, 1) - start),
        open_interest: u64::from(terms.open_interest.at(here).0),
    }
}
