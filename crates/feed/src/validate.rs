//! Is this tick believable? Every tick gets one verdict: good, suspect or rejected, with one reason.
//!
//! Enters: ticks in the order of arrival, each with its receive time; the list of instruments; price bands when known.
//! Leaves: a [`Verdict`] per tick and counts of them. Never here: corrections (a tick is passed or not, never mended),
//! clocks, allocation per tick.
//!
//! *Rejected* ticks are kept in the recording and counted, never published, and leave no trace in what later ticks are
//! compared with. *Suspect* ticks are published with the mark. The checks run in the order of [`Reason`], rejections
//! before suspicions, and the first that speaks decides.
//!
//! What is compared with the past is compared with the last *published* tick of the instrument on the same day in India
//! (by the exchange's clock; by receive time for ticks that carry none). The first tick of a new day has no past.
//!
//! No check can lock an instrument out for good:
//! - A jump is rejected until [`Config::relevel_after`] ticks in a row agree on the new level (each within the limit of
//!   the one before), or ten times as many came in whatever way; that tick passes as suspect and is the new level.
//! - A day volume that ran backwards passes as suspect after [`Config::relevel_after`] in a row.
//! - Exchange time can only run ahead by [`Config::ahead_seconds_max`], so a wrong stamp blocks at most that long.
//! - A band set by the caller is valid for one day; the band we derive ourselves only makes suspect.

use market::{Instrument, InstrumentToken, Mode, Tick, TickKind, UnixNanos};

mod book;
mod config;
mod counts;
mod reason;
mod state;
mod table;

pub use config::{Config, JumpLimit};
pub use counts::Counts;
pub use reason::Reason;
pub use state::Band;

use state::State;
use table::TokenTable;

/// What to do with a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Publish.
    Good,
    /// Publish with the mark.
    Suspect(Reason),
    /// Count and record, do not publish.
    Rejected(Reason),
}

impl Verdict {
    /// Why, unless good.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Verdict::Good => None,
            Verdict::Suspect(reason) | Verdict::Rejected(reason) => Some(reason),
        }
    }
}

/// Judges ticks one by one. One per feed; not shared between threads.
#[derive(Clone, Debug)]
pub struct Validator {
    config: Config,
    table: TokenTable,
    states: Vec<State>,
    counts: Counts,
}

impl Validator {
    /// A validator for these instruments; ticks of any other are rejected.
    pub fn new<'a>(config: Config, instruments: impl IntoIterator<Item = &'a Instrument>) -> Validator {
        let mut validator =
            Validator { config, table: TokenTable::default(), states: Vec::new(), counts: Counts::default() };
        validator.relist(instruments);
        validator
    }

    /// Takes over a new list. An instrument that stays keeps its past; one whose token now names another contract
    /// (tokens of expired contracts are reused) starts afresh. Counts go on.
    pub fn relist<'a>(&mut self, instruments: impl IntoIterator<Item = &'a Instrument>) {
        let mut states: Vec<State> = Vec::new();
        let mut tokens: Vec<InstrumentToken> = Vec::new();
        for instrument in instruments {
            let fresh = State::new(instrument, &self.config);
            let known = self.table.get(instrument.token).and_then(|at| self.states.get(at));
            states.push(known.filter(|state| state.is_same_contract(&fresh)).cloned().unwrap_or(fresh));
            tokens.push(instrument.token);
        }
        self.table = TokenTable::new(&tokens);
        self.states = states;
    }

    /// Sets the exchange's price band of an instrument for one day: prices outside are rejected on that day. False
    /// when the instrument is not listed.
    pub fn set_band(&mut self, token: InstrumentToken, band: Option<Band>) -> bool {
        let state = self.table.get(token).and_then(|at| self.states.get_mut(at));
        state.map(|state| state.set_band(band)).is_some()
    }

    /// How many ticks got which verdict since the start.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Judges one tick that was received at `received`, on the clock of the market that it comes from (for a replay or
    /// a simulation that is market time, not the time of day).
    #[inline]
    pub fn check(&mut self, tick: &Tick, received: UnixNanos) -> Verdict {
        let verdict = match self.table.get(tick.token).and_then(|at| self.states.get_mut(at)) {
            Some(state) => judge(&self.config, state, tick, received),
            None => Verdict::Rejected(Reason::UnknownInstrument),
        };
        self.counts.add(verdict);
        verdict
    }
}

fn judge(config: &Config, state: &mut State, tick: &Tick, received: UnixNanos) -> Verdict {
    if !config.price_possible(tick.last, state.may_be_negative) || !prices_possible(config, state, tick) {
        return Verdict::Rejected(Reason::ImpossiblePrice);
    }
    if [tick.last_quantity, tick.volume, tick.open_interest].into_iter().any(|q| q > config.quantity_max) {
        return Verdict::Rejected(Reason::ImpossibleQuantity);
    }
    let book = book::look(&tick.depth);
    if book.quantity_max > config.quantity_max {
        return Verdict::Rejected(Reason::ImpossibleQuantity);
    }
    if book.price_missing {
        return Verdict::Rejected(Reason::ImpossiblePrice);
    }

    let now = Now::of(tick, received);
    if !tick.exchange_time.is_absent() {
        let stamp = tick.exchange_time.max(tick.last_trade_time);
        let ahead = i64::from(stamp.0).saturating_sub(received.seconds());
        if ahead > i64::from(config.ahead_seconds_max) {
            return Verdict::Rejected(Reason::TimeAhead);
        }
        if state.runs_backwards(tick.exchange_time, config.back_seconds_max) {
            return Verdict::Rejected(Reason::TimeBackwards);
        }
    }
    if now.day > state.day {
        state.start_day(now.day);
    }
    let fingerprint = state::fingerprint(tick, book.fingerprint);
    // An index has neither trades nor a book: the same value again within a second is as much an observation as before.
    if tick.mode == Mode::Full && tick.kind == TickKind::Tradable && state.is_duplicate(tick, fingerprint) {
        return Verdict::Rejected(Reason::Duplicate);
    }
    if state.outside_band(tick.last, now.day) {
        return Verdict::Rejected(Reason::OutsideBand);
    }
    // From here on the only rejections are those that a run of agreeing ticks overrules.
    let mut suspicion = None;
    if tick.mode > Mode::Ltp && tick.kind == TickKind::Tradable && tick.volume < state.volume {
        if !state.volume_insists(config.relevel_after) {
            return Verdict::Rejected(Reason::VolumeBackwards);
        }
        suspicion = Some(Reason::VolumeBackwards);
    }
    if state.jumps(config, tick, now.trade_second) {
        if !state.level_insists(config, tick.last) {
            return Verdict::Rejected(Reason::Jump);
        }
        suspicion = Some(Reason::Jump);
    }
    let suspicion = suspicion
        .or_else(|| book.crossed.then_some(Reason::CrossedBook))
        .or_else(|| book.disordered.then_some(Reason::LevelsOutOfOrder))
        .or_else(|| outside_day_range(tick).then_some(Reason::OutsideDayRange))
        .or_else(|| state.far_from_close(config, tick).then_some(Reason::FarFromClose));
    state.published(tick, now.trade_second, fingerprint);
    suspicion.map_or(Verdict::Good, Verdict::Suspect)
}

/// The day and the second that a tick belongs to.
struct Now {
    /// As [`UnixNanos::ist_day`].
    day: i64,
    /// When its price was made: the last trade, else the observation. Zero when not told.
    trade_second: u32,
}

impl Now {
    fn of(tick: &Tick, received: UnixNanos) -> Now {
        let told = tick.exchange_time;
        let observed = if told.is_absent() { received } else { told.nanos() };
        let trade_second = if tick.last_trade_time.is_absent() { told.0 } else { tick.last_trade_time.0 };
        Now { day: observed.ist_day(), trade_second }
    }
}

/// The day's prices may be absent (zero), but not negative or absurd.
fn prices_possible(config: &Config, state: &State, tick: &Tick) -> bool {
    let ohlc = &tick.ohlc;
    [tick.average, ohlc.open, ohlc.high, ohlc.low, ohlc.close]
        .into_iter()
        .all(|price| price.mantissa() == 0 || config.price_possible(price, state.may_be_negative))
}

/// The last price is part of the day, so it lies between low and high; and low is not above high.
fn outside_day_range(tick: &Tick) -> bool {
    let ohlc = &tick.ohlc;
    let known = ohlc.high.mantissa() != 0 && ohlc.low.mantissa() != 0;
    known && (tick.last > ohlc.high || tick.last < ohlc.low)
}

#[cfg(test)]
mod tests;
