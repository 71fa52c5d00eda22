//! What is remembered of one instrument: its last published tick in brief, and its own limits.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::civil::Date;
use market::{EpochSeconds, Exchange, Instrument, InstrumentKind, Price, Tick, TickKind, UnixNanos};

use super::Config;

/// An exchange's price band of one instrument for one day, bounds included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// The day it is valid for; on other days it is ignored.
    pub day: Date,
    /// Lowest price.
    pub low: Price,
    /// Highest price.
    pub high: Price,
}

#[derive(Clone, Debug)]
pub(super) struct State {
    /// Day of the last published tick, as [`UnixNanos::ist_day`]; `i64::MIN` before the first.
    pub(super) day: i64,
    /// Day's volume so far.
    pub(super) volume: u32,
    pub(super) may_be_negative: bool,
    is_share: bool,
    /// Ticks in a row whose volume was below `volume`.
    volume_run: u8,
    /// Ticks in a row that jumped, those among them that agree with `candidate`, and the last such price.
    jump_run: u8,
    agreeing: u8,
    candidate: i64,
    /// Last published price; meaningless while `has_last` is false.
    last: i64,
    has_last: bool,
    /// Second of the last published trade, and of the last published observation; zero when not told.
    trade_second: u32,
    exchange_second: u32,
    /// Running mean of absolute moves, in 1/16 of the smallest unit.
    range_16: i64,
    /// Everything about the last published tick, mixed.
    fingerprint: u64,
    /// In the smallest unit, at least 1.
    tick_size: i64,
    limit_basis_points: i64,
    limit_least: i64,
    band_day: i64,
    band_low: i64,
    band_high: i64,
    contract: u64,
}

impl State {
    pub(super) fn new(instrument: &Instrument, config: &Config) -> State {
        let tick_size =
            instrument.tick_size.to_price(instrument.decimals()).map_or(1, Price::mantissa).max(1);
        let limit = config.jump_limit(instrument);
        let mut contract = DefaultHasher::new();
        (instrument.exchange, &instrument.tradingsymbol, instrument.expiry).hash(&mut contract);
        State {
            day: i64::MIN,
            volume: 0,
            // Crude oil futures settled below zero in April 2020; nothing else on these exchanges can.
            may_be_negative: instrument.kind == InstrumentKind::Future
                && instrument.exchange == Exchange::Mcx,
            is_share: instrument.kind == InstrumentKind::Equity && !instrument.is_index(),
            volume_run: 0,
            jump_run: 0,
            agreeing: 0,
            candidate: 0,
            last: 0,
            has_last: false,
            trade_second: 0,
            exchange_second: 0,
            range_16: 0,
            fingerprint: 0,
            tick_size,
            limit_basis_points: i64::from(limit.basis_points),
            limit_least: tick_size.saturating_mul(i64::from(limit.tick_sizes)),
            band_day: i64::MIN,
            band_low: 0,
            band_high: 0,
            contract: contract.finish(),
        }
    }

    pub(super) fn is_same_contract(&self, other: &State) -> bool {
        self.contract == other.contract && self.tick_size == other.tick_size
    }

    pub(super) fn set_band(&mut self, band: Option<Band>) {
        self.band_day = i64::MIN;
        if let Some(band) = band {
            self.band_day = UnixNanos::ist_midnight(band.day).ist_day();
            (self.band_low, self.band_high) = (band.low.mantissa(), band.high.mantissa());
        }
    }

    #[inline]
    pub(super) fn outside_band(&self, last: Price, day: i64) -> bool {
        self.band_day == day && !(self.band_low..=self.band_high).contains(&last.mantissa())
    }

    /// Forgets what belongs to the day before. Exchange time goes on: it never runs backwards over midnight either.
    #[cold]
    pub(super) fn start_day(&mut self, day: i64) {
        self.day = day;
        self.volume = 0;
        self.volume_run = 0;
        self.jump_run = 0;
        self.agreeing = 0;
        self.has_last = false;
        self.trade_second = 0;
        self.range_16 = 0;
    }

    #[inline]
    pub(super) fn runs_backwards(&self, now: EpochSeconds, tolerance: u32) -> bool {
        now.0.saturating_add(tolerance) < self.exchange_second
    }

    #[inline]
    pub(super) fn is_duplicate(&self, tick: &Tick, fingerprint: u64) -> bool {
        !tick.exchange_time.is_absent() && self.has_last && self.fingerprint == fingerprint
    }

    #[inline]
    fn limit(&self, config: &Config, a: i64, b: i64) -> u64 {
        let percentage = smaller(a, b).saturating_mul(self.limit_basis_points.unsigned_abs()) / 10_000;
        let usual = (self.range_16 / 16).unsigned_abs().saturating_mul(u64::from(config.jump_range_factor));
        percentage.max(usual).max(self.limit_least.unsigned_abs())
    }

    /// True when the price is further from the last published one than the limit, and no long silence explains it.
    #[inline]
    pub(super) fn jumps(&mut self, config: &Config, tick: &Tick, trade_second: u32) -> bool {
        let price = tick.last.mantissa();
        let news =
            trade_second.saturating_sub(self.trade_second) > config.jump_gap_seconds && trade_second != 0;
        if !self.has_last || news || price.abs_diff(self.last) <= self.limit(config, price, self.last) {
            self.jump_run = 0;
            self.agreeing = 0;
            return false;
        }
        true
    }

    /// Counts one more jumping tick; true when there were enough to believe the new level.
    #[cold]
    pub(super) fn level_insists(&mut self, config: &Config, price: Price) -> bool {
        let price = price.mantissa();
        let agrees =
            self.agreeing > 0 && price.abs_diff(self.candidate) <= self.limit(config, price, self.candidate);
        self.agreeing = if agrees { self.agreeing.saturating_add(1) } else { 1 };
        self.jump_run = self.jump_run.saturating_add(1);
        self.candidate = price;
        if self.agreeing <= config.relevel_after && self.jump_run < config.relevel_after.saturating_mul(10) {
            return false;
        }
        self.jump_run = 0;
        self.agreeing = 0;
        self.range_16 = 0;
        self.has_last = false;
        true
    }

    /// Counts one more tick whose volume fell; true when there were enough to believe it.
    #[cold]
    pub(super) fn volume_insists(&mut self, relevel_after: u8) -> bool {
        self.volume_run = self.volume_run.saturating_add(1);
        self.volume_run > relevel_after
    }

    #[inline]
    pub(super) fn far_from_close(&self, config: &Config, tick: &Tick) -> bool {
        let close = tick.ohlc.close.mantissa();
        let allowed =
            close.unsigned_abs().saturating_mul(u64::from(config.far_from_close_basis_points)) / 10_000;
        self.is_share && close > 0 && tick.last.mantissa().abs_diff(close) > allowed
    }

    /// Remembers a tick that is published.
    #[inline]
    pub(super) fn published(&mut self, tick: &Tick, trade_second: u32, fingerprint: u64) {
        let price = tick.last.mantissa();
        if self.has_last {
            // An exponential mean over about 16 moves; unchanged prices do not count, or a quiet minute would make
            // every next move a jump. Prices fit 32 bits by the checks before, so nothing here overflows by far.
            let moved = i64::try_from(price.abs_diff(self.last)).unwrap_or(i64::MAX / 64);
            if moved != 0 {
                self.range_16 = self.range_16.saturating_add(moved.saturating_sub(self.range_16 / 16));
            }
        }
        self.last = price;
        self.has_last = true;
        self.volume_run = 0;
        if tick.kind == TickKind::Tradable && tick.mode > market::Mode::Ltp {
            self.volume = tick.volume;
        }
        self.trade_second = self.trade_second.max(trade_second);
        self.exchange_second = self.exchange_second.max(tick.exchange_time.0);
        self.fingerprint = fingerprint;
    }
}

#[inline]
fn smaller(a: i64, b: i64) -> u64 {
    a.unsigned_abs().min(b.unsigned_abs())
}

/// Mixes every field that can differ between two observations of one instrument.
#[inline]
pub(super) fn fingerprint(tick: &Tick, book: u64) -> u64 {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let pair = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
    let ohlc = &tick.ohlc;
    let words = [
        pair(tick.exchange_time.0, tick.last_trade_time.0),
        pair(tick.volume, tick.last_quantity),
        pair(tick.total_buy, tick.total_sell),
        pair(tick.open_interest, tick.open_interest_high),
        u64::from(tick.open_interest_low) << 2 | tick.mode as u64,
        tick.last.mantissa().cast_unsigned(),
        tick.average.mantissa().cast_unsigned(),
        ohlc.open.mantissa().cast_unsigned(),
        ohlc.high.mantissa().cast_unsigned(),
        ohlc.low.mantissa().cast_unsigned(),
        ohlc.close.mantissa().cast_unsigned(),
        tick.change.mantissa().cast_unsigned(),
    ];
    // Two chains, so that the processor can work on both at once.
    let (left, right) = words.split_at(6);
    let chain =
        |words: &[u64]| words.iter().fold(1, |mix: u64, w| (mix ^ w).wrapping_mul(SPREAD).rotate_left(29));
    chain(left).rotate_left(7) ^ chain(right).wrapping_mul(SPREAD) ^ book
}
