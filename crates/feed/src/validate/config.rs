//! How far a tick may be from what is usual.

use market::{Instrument, InstrumentKind, Price};

/// How far a price may move at once before it counts as a jump. A move is a jump only when it exceeds *all* three:
/// these two and [`Config::jump_range_factor`] times the recent moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JumpLimit {
    /// Hundredths of a percent of the smaller of the two prices.
    pub basis_points: u32,
    /// Multiples of the instrument's tick size, for prices so small that percentages say nothing.
    pub tick_sizes: u32,
}

/// Tolerances. The defaults fit Indian equities and derivatives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Largest price, in the instrument's smallest unit. Default: what a packet can hold.
    pub price_mantissa_max: i64,
    /// Largest quantity, volume or open interest. Default: 2^31 - 1, above which the official clients disagree.
    pub quantity_max: u32,
    /// How far exchange time may go back, in seconds. Default 1: stamps are whole seconds.
    pub back_seconds_max: u32,
    /// How far exchange time may be ahead of receive time, in seconds. Default 60: machines' clocks differ.
    pub ahead_seconds_max: u32,
    /// Jumps of indices. Default 5 % and 100 tick sizes.
    pub jump_index: JumpLimit,
    /// Jumps of shares. Default 10 % and 20 tick sizes.
    pub jump_equity: JumpLimit,
    /// Jumps of futures. Default 10 % and 20 tick sizes.
    pub jump_future: JumpLimit,
    /// Jumps of options. Default 200 % and 400 tick sizes (20 rupees): they multiply within seconds near expiry.
    pub jump_option: JumpLimit,
    /// A jump also exceeds this multiple of the recent range, a running mean of absolute moves. Default 20.
    pub jump_range_factor: u32,
    /// A price whose trade is this much later than the last one is no jump but news, in seconds. Default 60.
    pub jump_gap_seconds: u32,
    /// How many ticks in a row must insist before a jump or a fallen volume is accepted. Default 3.
    pub relevel_after: u8,
    /// Distance from the previous close beyond which a share is suspect, in hundredths of a percent. Default 2,000.
    pub far_from_close_basis_points: u32,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            price_mantissa_max: i64::from(i32::MAX),
            quantity_max: i32::MAX.unsigned_abs(),
            back_seconds_max: 1,
            ahead_seconds_max: 60,
            jump_index: JumpLimit { basis_points: 500, tick_sizes: 100 },
            jump_equity: JumpLimit { basis_points: 1_000, tick_sizes: 20 },
            jump_future: JumpLimit { basis_points: 1_000, tick_sizes: 20 },
            jump_option: JumpLimit { basis_points: 20_000, tick_sizes: 400 },
            jump_range_factor: 20,
            jump_gap_seconds: 60,
            relevel_after: 3,
            far_from_close_basis_points: 2_000,
        }
    }
}

impl Config {
    #[inline]
    pub(super) fn price_possible(&self, price: Price, may_be_negative: bool) -> bool {
        let mantissa = price.mantissa();
        (mantissa > 0 || may_be_negative) && mantissa.unsigned_abs() <= self.price_mantissa_max.unsigned_abs()
    }

    pub(super) fn jump_limit(&self, instrument: &Instrument) -> JumpLimit {
        match instrument.kind {
            InstrumentKind::Equity if instrument.is_index() => self.jump_index,
            InstrumentKind::Equity => self.jump_equity,
            InstrumentKind::Future => self.jump_future,
            InstrumentKind::Call | InstrumentKind::Put => self.jump_option,
        }
    }
}
