//! The present of one listing: where every instrument stands at a step, and the ticks that say so.
//!
//! Enters: a model, a listing, steps in rising order. Leaves: ticks in full mode. Never here: clocks, randomness with a
//! memory. What is kept between steps (the day's extremes, the current minute) is a cache of pure functions: a board
//! made later agrees with one that was there all day.

use std::sync::Arc;

use market::{Depth, EpochSeconds, InstrumentToken, Mode, Ohlc, Price, Tick, TickKind};

use super::book::{Character, book};
use super::contract::Contract;
use super::course::Course;
use super::flow::{Arrivals, Profile, share_rate, traded};
use super::hash::{Purpose, Stream, below};
use super::model::{Model, Terms};
use super::path::{Bar, on_grid};
use super::range::DayRange;
use super::sessions::{Place, STEP_NANOS, STEPS_PER_SECOND, Session};
use super::universe::Listed;

/// One instrument in the course of the day.
#[derive(Clone, Debug)]
struct Quote {
    token: InstrumentToken,
    root: usize,
    is_index: bool,
    terms: Terms,
    character: Character,
    arrivals: Arrivals,
    arrival: Stream,
    book: Stream,
    /// Opening price and extremes of the day.
    range: DayRange,
    /// Close of the session before.
    previous: i64,
    /// The minute of the two below; `None` until the first tick.
    minute: Option<u32>,
    /// Volume at the start and the end of the minute.
    volume: (u32, u32),
    /// Average price of the minutes before.
    average: i64,
}

/// All that is listed, at one step of one session.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) session: Session,
    pub(crate) listed: Vec<Listed>,
    profile: Arc<Profile>,
    courses: Vec<Course>,
    quotes: Vec<Quote>,
    expiry_today: bool,
}

impl Board {
    /// The listing of `listing_day`, standing at `step` of `session` (which may be an earlier day's).
    pub(crate) fn new(model: &Model, listing_day: i64, session: Session, step: i64, rate: u32) -> Board {
        let closes = model.closes(listing_day.max(session.day));
        let listed = model.listing(listing_day, &closes);
        let profile = Profile::new(session, &model.hours);
        let place = session.place(step);
        let mut bars: Vec<Vec<Bar>> = Vec::with_capacity(model.roots.len());
        let mut courses = Vec::with_capacity(model.roots.len());
        for ((root, streams), closes) in model.roots.iter().zip(&model.streams).zip(&closes) {
            let path = model.day_path(root, streams, session, closes);
            let mut minutes = Vec::new();
            courses.push(Course::new(path, &profile, place, &mut minutes));
            // Only what derivatives are folded from is needed again.
            bars.push(if root.derivatives.is_some() { minutes } else { Vec::new() });
        }
        let mut quotes: Vec<Quote> = Vec::with_capacity(listed.len());
        for row in &listed {
            let (Some((root, streams)), Some(closes), Some(bars)) =
                (model.root(row.root), closes.get(row.root), bars.get(row.root))
            else {
                continue;
            };
            let terms = model.terms(root, row, session, closes);
            let open = courses.get(row.root).map_or(0, |course| course.path.open);
            let tick = match row.contract {
                Contract::Spot => root.tick,
                Contract::Future(_) => root.derivatives.map_or(5, |terms| terms.future_tick),
                Contract::Option(..) => root.derivatives.map_or(5, |terms| terms.option_tick),
            };
            let lots = (terms.volume.of_day() / terms.lot.max(1) / 4_000).clamp(2, 400);
            let near = root.every_second
                && row.contract.expiry().is_some_and(|expiry| expiry.day - session.day <= 35);
            let index_future = root.is_index && near && matches!(row.contract, Contract::Future(_));
            let place = terms.place(step);
            quotes.push(Quote {
                token: InstrumentToken(row.token),
                root: row.root,
                is_index: root.is_index && row.contract == Contract::Spot,
                character: Character { tick, lot: terms.lot, lots, spread_max: spread_max(terms.weight) },
                arrivals: Arrivals {
                    every_second: index_future || (root.every_second && row.contract == Contract::Spot),
                    rate: 0.0,
                },
                arrival: Stream::new(model.seed, Purpose::Arrival, u64::from(row.token)),
                book: Stream::new(model.seed, Purpose::Book, u64::from(row.token)),
                range: DayRange::new(&terms, open, bars, place.minute),
                previous: model.previous_close(root, streams, &row.contract, session.day, closes),
                volume: (0, 0),
                minute: None,
                average: 0,
                terms,
            });
        }
        let weights: Vec<(bool, f64)> =
            quotes.iter().map(|quote| (quote.arrivals.every_second, quote.terms.weight)).collect();
        for (quote, arrivals) in quotes.iter_mut().zip(share_rate(f64::from(rate), &weights)) {
            quote.arrivals = arrivals;
        }
        let expires = |row: &Listed| row.contract.expiry().is_some_and(|expiry| expiry.day == session.day);
        let expiry_today = listed.iter().any(expires);
        Board { session, listed, profile, courses, quotes, expiry_today }
    }

    /// True when a listed contract expires on the session's day.
    pub(crate) fn expiry_today(&self) -> bool {
        self.expiry_today
    }

    /// Ticks of one step of the session; steps must rise. `burst` multiplies the ordinary rates.
    pub(crate) fn ticks(&mut self, step: i64, burst: f64, out: &mut Vec<Tick>) {
        let place = self.session.place(step);
        let whole_second = step.rem_euclid(STEPS_PER_SECOND) == 0;
        for quote in &mut self.quotes {
            if step > quote.terms.last_step {
                continue;
            }
            let count = quote.arrivals.count(quote.arrival.at(step), whole_second, burst);
            if count == 0 {
                continue;
            }
            let Some(course) = self.courses.get_mut(quote.root) else { continue };
            course.seek(&self.profile, place);
            for sub in 0..count {
                out.push(quote.tick(course, &self.profile, step, place, sub, count));
            }
        }
    }

    /// One tick for everything listed, as of `step`, which must not lie behind earlier steps: what has not traded this
    /// late stands at its last trade.
    pub(crate) fn snapshot(&mut self, step: i64, out: &mut Vec<Tick>) {
        let place = self.session.place(step);
        let now = self.session.step_at(place);
        // Contracts that have expired stand where their underlying was then, not where it is now.
        let mut ended: Option<(usize, Place, Course)> = None;
        for quote in &mut self.quotes {
            let Some(course) = self.courses.get_mut(quote.root) else { continue };
            let own = quote.terms.place(step);
            if own == place {
                course.seek(&self.profile, place);
                out.push(quote.tick(course, &self.profile, now, place, 0, 1));
                continue;
            }
            let past = match ended.take() {
                Some((root, at, course)) if root == quote.root && at == own => course,
                _ => Course::new(course.path, &self.profile, own, &mut Vec::new()),
            };
            let at = self.session.step_at(own);
            out.push(quote.tick(&past, &self.profile, at, own, 0, 1));
            ended = Some((quote.root, own, past));
        }
    }

    /// Forward and volatility from which an option is priced now: `None` for anything else.
    pub(crate) fn surface(&self, token: InstrumentToken) -> Option<(i64, f64)> {
        let quote = self.quotes.iter().find(|quote| quote.token == token)?;
        let course = self.courses.get(quote.root)?;
        let valuation = quote.terms.valuation?;
        Some((valuation.forward(course.price), valuation.vol()?))
    }
}

/// Widest book, in price steps: one for what trades all the time.
fn spread_max(weight: f64) -> u32 {
    match weight {
        _ if weight >= 0.5 => 1,
        _ if weight >= 0.15 => 2,
        _ => 3,
    }
}

impl Quote {
    fn tick(
        &mut self,
        course: &Course,
        profile: &Profile,
        step: i64,
        place: Place,
        sub: u32,
        of: u32,
    ) -> Tick {
        let terms = &self.terms;
        self.range.seek(terms, &course.path, place.minute);
        if self.minute != Some(place.minute) {
            self.minute = Some(place.minute);
            let before = |minute| terms.volume.before(profile, minute);
            self.volume = (before(place.minute), before(place.minute + 1));
            self.average = terms.price(on_grid(course.average(), 1), place.minute);
        }
        let last = terms.price(course.price, place.minute);
        let (high, low) = if self.terms.valuation.is_none() {
            (course.high.max(course.minute_high), course.low.min(course.minute_low))
        } else {
            self.range.with(terms, course.minute_low, course.minute_high)
        };
        let open = self.range.open();
        let ohlc = Ohlc {
            open: Price::from_mantissa(open),
            high: Price::from_mantissa(high),
            low: Price::from_mantissa(low),
            close: Price::from_mantissa(self.previous),
        };
        let exchange_time: EpochSeconds = market::UnixNanos(step * STEP_NANOS).epoch_seconds();
        let mut tick = Tick {
            token: self.token,
            kind: if self.is_index { TickKind::Index } else { TickKind::Tradable },
            mode: Mode::Full,
            decimals: self.token.decimals(),
            last: Price::from_mantissa(last),
            last_quantity: 0,
            average: Price::ZERO,
            volume: 0,
            total_buy: 0,
            total_sell: 0,
            ohlc,
            change: Price::ZERO,
            last_trade_time: EpochSeconds(0),
            open_interest: 0,
            open_interest_high: 0,
            open_interest_low: 0,
            exchange_time,
            depth: Depth::default(),
        };
        if self.is_index {
            tick.change = Price::from_mantissa(last - self.previous);
            return tick;
        }
        let index = (step << 12) | (i64::from(sub) << 2);
        let (depth, total_buy, total_sell) = book(self.book, index, last, &self.character);
        let (start, end) = self.volume;
        tick.volume = traded(start, end, terms.lot, place.step, sub, of);
        let lots = 1 + below(self.book.at(index + 3), 8);
        tick.last_quantity = (lots * terms.lot).min(tick.volume.max(terms.lot));
        tick.average = Price::from_mantissa(self.average.clamp(low, high));
        tick.last_trade_time = exchange_time;
        (tick.depth, tick.total_buy, tick.total_sell) = (depth, total_buy, total_sell);
        (tick.open_interest, tick.open_interest_high, tick.open_interest_low) = terms.open_interest.at(place);
        tick
    }
}
