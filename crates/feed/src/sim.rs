//! The simulated market: an exchange in miniature that needs nothing but a seed.
//!
//! Enters: a seed, a size, a rate, trading hours, moments. Leaves: a listing, ticks, candles of the past, all marked
//! `sim`. Never here: clocks, sockets, memory of what was said before.
//!
//! Prices are a pure function of (seed, instrument, step time): two processes agree tick for tick, whenever they were
//! started. From the outside in:
//! - `hash`: randomness by position instead of by order;
//! - `sessions`, `roots`, `universe`: when it trades, the underlyings, what is listed on a day;
//! - `closes`, `path`: an underlying's days, minutes and steps; `contract`: futures by carry, options by Black-76 on a volatility
//!   surface;
//! - `flow`, `book`: volume, open interest, bursts, depth;
//! - `course`, `range`, `board`, `history`: the day so far, the ticks of a step, the candles of the past.

use std::sync::Arc;

use market::calendar::NotCovered;
use market::{Instrument, InstrumentToken, Source, Tick, UnixNanos};

use crate::{History, Market};

mod board;
mod book;
mod closes;
mod contract;
mod course;
mod flow;
mod hash;
mod history;
mod model;
mod path;
mod range;
mod roots;
mod sessions;
mod universe;

pub use contract::RATE;
pub use flow::RATE_MAX;
pub use sessions::{Hours, SessionOf};
pub use universe::{INSTRUMENTS_MAX, INSTRUMENTS_MIN};

use board::Board;
use model::Model;
use sessions::{STEP_NANOS, Session, day_of_step, midnight_step, step_of};

/// Most market time for which [`Market::advance`] makes ticks in one call, in steps of a tenth of a second: ten
/// seconds. After a longer pause the ticks before that are never made, as after a lost connection.
const CATCH_UP_STEPS: i64 = 100;

/// 2100-01-01: the wire's seconds end a little later.
const LAST_DAY: i64 = 47_482;

/// What kind of market to simulate.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// Different seeds are different markets.
    pub seed: u64,
    /// How many instruments are listed, [`INSTRUMENTS_MIN`] to [`INSTRUMENTS_MAX`].
    pub instruments: usize,
    /// Mean ticks per second over all instruments in an ordinary minute, up to [`RATE_MAX`]. Instruments that tick
    /// every second do so at any rate. Bursts come on top, up to [`RATE_MAX`] in all.
    pub rate: u32,
    /// When it trades.
    pub hours: Hours,
}

impl Default for SimConfig {
    /// Seed 1, 1,000 instruments, 2,000 ticks a second, around the clock.
    fn default() -> SimConfig {
        SimConfig { seed: 1, instruments: 1_000, rate: 2_000, hours: Hours::AroundTheClock }
    }
}

/// Why a market cannot be simulated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SimError {
    /// Too few or too many instruments.
    #[error("instruments: {given} is outside {INSTRUMENTS_MIN}..={INSTRUMENTS_MAX}: choose a number within")]
    Instruments {
        /// What was asked for.
        given: usize,
    },
    /// No ticks at all, or too many.
    #[error("rate: {given} ticks per second is outside 1..={RATE_MAX}: choose a number within")]
    Rate {
        /// What was asked for.
        given: u32,
    },
    /// The clock is far off.
    #[error("now: the simulated market lives from 2005-04-01 to 2099-12-31: set the clock right")]
    Now,
    /// The calendar gives no session for more than a month before now.
    #[error("hours: no session within 40 days before now: give a calendar that covers the current date")]
    NoSession,
    /// The calendar has run out.
    #[error(transparent)]
    NotCovered(#[from] NotCovered),
}

/// A simulated market at a moment. See the module's own words.
#[derive(Debug)]
pub struct Sim {
    model: Arc<Model>,
    rate: u32,
    /// Last step whose ticks were made, or at which it was started.
    step: i64,
    listing_day: i64,
    board: Board,
    /// First step at which listing or session differ.
    valid_until: i64,
    /// Why nothing comes any more: the calendar has run out.
    ended: Option<NotCovered>,
}

impl Sim {
    /// The market as it stands at `now`. Its first ticks come from the step after `now`: call [`Sim::snapshot`] for
    /// the prices until then.
    ///
    /// # Errors
    /// [`SimError`] names the field and what would be right.
    pub fn new(config: SimConfig, now: UnixNanos) -> Result<Sim, SimError> {
        let SimConfig { seed, instruments, rate, hours } = config;
        if !(INSTRUMENTS_MIN..=INSTRUMENTS_MAX).contains(&instruments) {
            return Err(SimError::Instruments { given: instruments });
        }
        if !(1..=RATE_MAX).contains(&rate) {
            return Err(SimError::Rate { given: rate });
        }
        let step = step_of(now);
        let day = day_of_step(step);
        if !(closes::FIRST_DAY + 90..LAST_DAY).contains(&day) {
            return Err(SimError::Now);
        }
        if let Some(unknown) = hours.ended(day) {
            return Err(SimError::NotCovered(unknown));
        }
        let session = hours.session_at_or_before(step).ok_or(SimError::NoSession)?;
        let model = Arc::new(Model::new(seed, hours, instruments));
        let board = Board::new(&model, day, session, step, rate);
        let valid_until = valid_until(&model.hours, step);
        Ok(Sim { model, rate, step, listing_day: day, board, valid_until, ended: None })
    }

    /// The past of this market. It is the past of the seed, not of this process.
    pub fn history(&self) -> Arc<dyn History> {
        Arc::new(history::SimHistory::new(Arc::clone(&self.model)))
    }

    /// What an option is priced from at the moment: the forward of its expiry in paise, and the volatility of the
    /// surface at its strike. `None` for anything but a listed option. Discounting is at [`RATE`], time to expiry is
    /// that of the start of the minute.
    pub fn surface(&self, token: InstrumentToken) -> Option<(i64, f64)> {
        self.board.surface(token)
    }

    /// Brings listing and session up to `step`.
    fn renew(&mut self, step: i64) {
        let day = day_of_step(step);
        self.valid_until = valid_until(&self.model.hours, step);
        self.ended = self.model.hours.ended(day);
        if self.ended.is_some() {
            // Prices stand where the last known session left them.
            return;
        }
        // A long run of unknown days leaves the market in its last session.
        let session = self.model.hours.session_at_or_before(step).unwrap_or(self.board.session);
        if day != self.listing_day || session != self.board.session {
            self.board = Board::new(&self.model, day, session, step, self.rate);
            self.listing_day = day;
        }
    }
}

/// First step after `step` at which the day changes or a session opens.
fn valid_until(hours: &Hours, step: i64) -> i64 {
    let midnight = midnight_step(day_of_step(step) + 1);
    let opens = |session: Session| session.first_step();
    hours
        .known_session(day_of_step(step))
        .map(opens)
        .filter(|&open| open > step)
        .map_or(midnight, |open| open.min(midnight))
}

impl Market for Sim {
    fn source(&self) -> Source {
        Source::Sim
    }

    fn instruments(&self) -> Vec<Instrument> {
        let rows = self.board.listed.iter();
        rows.filter_map(|listed| universe::instrument(&self.model.roots, listed)).collect()
    }

    fn listing_version(&self) -> u64 {
        self.listing_day.unsigned_abs()
    }

    fn next_at(&self) -> Option<UnixNanos> {
        let next = self.step + 1;
        let due = if next <= self.board.session.last_step() { next } else { next.max(self.valid_until) };
        // Past the last day the wire can tell, nothing comes; nor past the last day of the calendar.
        (self.ended.is_none() && day_of_step(due) < LAST_DAY).then_some(UnixNanos(due * STEP_NANOS))
    }

    /// Steps that lie more than ten seconds before `until` are skipped: nobody wants the ticks of a night that the
    /// machine slept through, and making them would keep the present waiting.
    fn advance(&mut self, until: UnixNanos, out: &mut Vec<Tick>) {
        let last = step_of(until).min(midnight_step(LAST_DAY) - 1);
        let mut step = (self.step + 1).max(last - CATCH_UP_STEPS + 1);
        let mut burst: Option<(i64, f64)> = None;
        while step <= last {
            if step >= self.valid_until {
                self.renew(step);
                burst = None;
            }
            if self.ended.is_some() {
                break;
            }
            let session = self.board.session;
            if step > session.last_step() {
                step = self.valid_until;
                continue;
            }
            let second = step.div_euclid(sessions::STEPS_PER_SECOND);
            let factor = match burst {
                Some((of, factor)) if of == second => factor,
                _ => {
                    let second_of_day = second - midnight_step(session.day) / sessions::STEPS_PER_SECOND;
                    let wanted =
                        flow::burst(session, &self.model.hours, second_of_day, self.board.expiry_today());
                    wanted.min(f64::from(RATE_MAX) / f64::from(self.rate)).max(1.0)
                }
            };
            burst = Some((second, factor));
            self.board.ticks(step, factor, out);
            step += 1;
        }
        self.step = self.step.max(last);
        if self.step >= self.valid_until {
            self.renew(self.step);
        }
    }

    /// Where every instrument stands now, or stood at its last trade.
    fn snapshot(&mut self, out: &mut Vec<Tick>) {
        self.board.snapshot(self.step, out);
    }

    fn failure(&self) -> Option<String> {
        self.ended.as_ref().map(ToString::to_string)
    }

    fn is_open(&self) -> bool {
        (self.board.session.first_step()..=self.board.session.last_step()).contains(&self.step)
    }
}
