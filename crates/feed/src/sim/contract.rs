//! Derivatives: what is written on an underlying, how it is called and numbered, and what it is worth.
//!
//! Enters: terms of a contract, the price of its underlying. Leaves: tokens, symbols, forwards, premiums in paise.
//! Never here: paths of prices, listings.
//!
//! Within a day every price here is a monotone function of the underlying's price: that is what makes a candle of a
//! derivative the image of its underlying's candle. Two choices serve it: carry accrues by calendar day, as interest
//! does, and an option's volatility belongs to its strike for the whole day. Time to expiry is frozen at the start of
//! each minute.

use jiff::civil::Date;
use market::{InstrumentKind, UnixNanos};
use pricing::{OptionKind, black76_price};

use super::hash::{Purpose, Stream, normal};
use super::path::on_grid;
use super::roots::{Derivatives, Root};
use super::sessions::date_of;

/// Continuously compounded yearly rate of carry and of discounting.
pub const RATE: f64 = 0.065;

const YEAR_NANOS: f64 = 365.0 * 86_400.0 * 1e9;

/// When a derivative ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Expiry {
    /// Its last trading day.
    pub(crate) day: i64,
    /// The Tuesday it is named after; differs from `day` only when that Tuesday is a holiday.
    pub(crate) tuesday: i64,
    /// The last Tuesday of its month.
    pub(crate) monthly: bool,
}

/// Anything that is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contract {
    /// The underlying itself.
    Spot,
    /// A future.
    Future(Expiry),
    /// An option: expiry, strike in paise, kind.
    Option(Expiry, i64, OptionKind),
}

impl Contract {
    pub(crate) fn expiry(&self) -> Option<Expiry> {
        match *self {
            Contract::Spot => None,
            Contract::Future(expiry) | Contract::Option(expiry, ..) => Some(expiry),
        }
    }

    pub(crate) fn kind(&self) -> InstrumentKind {
        match self {
            Contract::Spot => InstrumentKind::Equity,
            Contract::Future(_) => InstrumentKind::Future,
            Contract::Option(_, _, OptionKind::Call) => InstrumentKind::Call,
            Contract::Option(_, _, OptionKind::Put) => InstrumentKind::Put,
        }
    }

    /// The token: a pure function of the contract, so it is the same in every process and on every day.
    ///
    /// Derivatives have 23 bits above the segment number (tokens stay below 2^31):
    /// `0 index:2 week:9 strike:10 put:1`, `10 share:7 month:4 strike:9 put:1`, `11 underlying:12 month:9`. Strikes
    /// count in strike steps, weeks and months from 1970; each wraps around far beyond what is ever listed at once.
    pub(crate) fn token(&self, root: &Root, terms: Option<&Derivatives>) -> u32 {
        let Some(terms) = terms else { return root.token };
        let number = match *self {
            Contract::Spot => return root.token,
            Contract::Future(expiry) => {
                let underlying = if root.is_index { terms.id } else { 64 + terms.id };
                (0b11 << 21) | ((underlying & 0xfff) << 9) | (month_number(expiry) & 0x1ff)
            }
            Contract::Option(expiry, strike, kind) => {
                // Wrapping is meant: the low bits name the strike among those listed together.
                let strike = (strike / terms.strike_step) as u32;
                let put = u32::from(kind == OptionKind::Put);
                if root.is_index {
                    let week = (expiry.tuesday / 7) as u32;
                    ((terms.id & 3) << 20) | ((week & 0x1ff) << 11) | ((strike & 0x3ff) << 1) | put
                } else {
                    let month = month_number(expiry) & 0xf;
                    (0b10 << 21) | ((terms.id & 0x7f) << 14) | (month << 10) | ((strike & 0x1ff) << 1) | put
                }
            }
        };
        number * 256 + 2
    }

    /// The trading symbol, in the broker's style.
    pub(crate) fn symbol(&self, root: &Root, terms: Option<&Derivatives>) -> String {
        let Some(terms) = terms else { return root.symbol.clone() };
        match *self {
            Contract::Spot => root.symbol.clone(),
            Contract::Future(expiry) => format!("{}{}FUT", terms.symbol, expiry_code(expiry)),
            Contract::Option(expiry, strike, kind) => {
                let (whole, part) = (strike / 100, strike % 100);
                let strike = match part {
                    0 => format!("{whole}"),
                    _ if part % 10 == 0 => format!("{whole}.{}", part / 10),
                    _ => format!("{whole}.{part:02}"),
                };
                let kind = if kind == OptionKind::Call { "CE" } else { "PE" };
                format!("{}{}{strike}{kind}", terms.symbol, expiry_code(expiry))
            }
        }
    }
}

fn month_number(expiry: Expiry) -> u32 {
    let date = date_of(expiry.tuesday);
    // Years of this market are positive.
    u32::try_from(i32::from(date.year()) * 12 + i32::from(date.month())).unwrap_or(0)
}

/// `26NOV` for the last expiry of a month, `26N17` for the weeks before: year, month as 1..9, O, N, D, day.
fn expiry_code(expiry: Expiry) -> String {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    const LETTERS: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "O", "N", "D"];
    let date: Date = date_of(if expiry.monthly { expiry.tuesday } else { expiry.day });
    let month = usize::try_from(date.month() - 1).unwrap_or(0).min(11);
    let year = date.year().rem_euclid(100);
    if expiry.monthly {
        format!("{year:02}{}", MONTHS[month])
    } else {
        format!("{year:02}{}{:02}", LETTERS[month], date.day())
    }
}

/// A future or option on one day: everything that turns the underlying's price into its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Valuation {
    carry: f64,
    future_tick: i64,
    option: Option<OptionTerms>,
}

#[derive(Clone, Copy, Debug)]
struct OptionTerms {
    kind: OptionKind,
    strike: f64,
    vol: f64,
    tick: i64,
    expires: UnixNanos,
}

impl Valuation {
    /// `None` for the underlying itself. `previous_close` is that of the calendar day before, in paise.
    pub(crate) fn new(
        seed: u64,
        root: &Root,
        contract: &Contract,
        day: i64,
        previous_close: i64,
    ) -> Option<Valuation> {
        let terms = root.derivatives.as_ref()?;
        let expiry = contract.expiry()?;
        let option = match *contract {
            Contract::Option(_, strike, kind) => Some(OptionTerms {
                kind,
                strike: strike as f64 / 100.0,
                vol: surface_vol(seed, root, day, expiry.day, strike, previous_close),
                tick: terms.option_tick,
                expires: pricing::expiry_moment(date_of(expiry.day)),
            }),
            Contract::Spot | Contract::Future(_) => None,
        };
        Some(Valuation { carry: carry(day, expiry.day), future_tick: terms.future_tick, option })
    }

    /// The price of the future of this expiry, on its price grid, whether or not one is listed. Options are priced
    /// from it, so that parity and implied volatilities agree with the listed future to the last tick.
    pub(crate) fn forward(&self, spot: i64) -> i64 {
        on_grid(spot as f64 * self.carry, self.future_tick).max(self.future_tick)
    }

    /// Volatility of the surface at this strike today.
    pub(crate) fn vol(&self) -> Option<f64> {
        self.option.map(|option| option.vol)
    }

    /// Price in paise, when the underlying stands at `spot` and the current minute began at `minute_start`.
    pub(crate) fn price(&self, spot: i64, minute_start: UnixNanos) -> i64 {
        let forward = self.forward(spot);
        let Some(option) = &self.option else { return forward };
        option.on_grid(option.premium(forward, option.years(minute_start), option.years(minute_start)))
    }

    /// Bounds, above and below, on [`Valuation::price`] while the underlying stays within `low..=high` and minutes
    /// begin within `first..=last`.
    pub(crate) fn bounds(&self, low: i64, high: i64, first: UnixNanos, last: UnixNanos) -> (i64, i64) {
        let (low, high) = (self.forward(low), self.forward(high));
        let Some(option) = &self.option else { return (low, high) };
        let (cheapest, dearest) = match option.kind {
            OptionKind::Call => (low, high),
            OptionKind::Put => (high, low),
        };
        // The undiscounted premium falls and the discount factor rises as time passes: each taken at its worse end.
        let (long, short) = (option.years(first), option.years(last));
        let floor = option.premium(cheapest, short, long) * (1.0 - 1e-9);
        let ceiling = option.premium(dearest, long, short) * (1.0 + 1e-9);
        (option.on_grid(floor), option.on_grid(ceiling))
    }

    /// True when the price falls as the underlying rises.
    pub(crate) fn is_put(&self) -> bool {
        self.option.is_some_and(|option| option.kind == OptionKind::Put)
    }
}

impl OptionTerms {
    fn years(&self, at: UnixNanos) -> f64 {
        (self.expires.0 - at.0).max(0) as f64 / YEAR_NANOS
    }

    /// Rupees; time for the spread of outcomes and time for discounting given apart.
    fn premium(&self, forward: i64, years: f64, discount_years: f64) -> f64 {
        let undiscounted =
            black76_price(self.kind, forward as f64 / 100.0, self.strike, years, 0.0, self.vol);
        undiscounted * (-RATE * discount_years).exp()
    }

    fn on_grid(&self, rupees: f64) -> i64 {
        on_grid(rupees * 100.0, self.tick).max(self.tick)
    }
}

/// Growth from a spot price to the forward of `expiry`, by calendar days.
fn carry(day: i64, expiry: i64) -> f64 {
    (RATE * (expiry - day).max(0) as f64 / 365.0).exp()
}

/// The volatility surface: level and term structure that wander slowly, a skew and a smile in standardised moneyness.
/// Smooth in the strike and constant through the day.
fn surface_vol(seed: u64, root: &Root, day: i64, expiry: i64, strike: i64, previous_close: i64) -> f64 {
    // The expiry day itself counts as a day, so that moneyness is never divided by nothing.
    let years = ((expiry - day).max(0) + 1) as f64 / 365.0;
    let stream = Stream::new(seed, Purpose::Surface, u64::from(root.token));
    let long = 0.12 * wander(stream, day, 30, 0);
    let short = 0.16 * wander(stream, day, 8, 1);
    let level = root.vol * (long + short * (-years / 0.12).exp()).exp();
    let moneyness = (strike as f64 / (previous_close as f64 * carry(day, expiry))).ln();
    let z = (moneyness / (level * years.sqrt())).clamp(-4.0, 4.0);
    let skew = if root.is_index { 0.05 } else { 0.03 };
    level * (1.0 - skew * z + 0.02 * z * z)
}

/// A smooth random function of the day with about the given time scale; `lane` tells several of a stream apart.
fn wander(stream: Stream, day: i64, scale_days: i64, lane: u32) -> f64 {
    let (left, along) = (day.div_euclid(scale_days), day.rem_euclid(scale_days) as f64 / scale_days as f64);
    let weight = along * along * (3.0 - 2.0 * along);
    normal(stream.within(left, lane)) * (1.0 - weight) + normal(stream.within(left + 1, lane)) * weight
}
