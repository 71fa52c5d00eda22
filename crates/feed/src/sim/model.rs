//! The simulated world without its present: everything that a seed, a size and a calendar determine.
//!
//! Enters: underlyings, days. Leaves: their paths, and the terms under which contracts trade on a day. Never here: a
//! current moment, caches.

use pricing::OptionKind;

use super::closes::{Closes, FIRST_DAY};
use super::contract::{Contract, Valuation};
use super::flow::{OpenInterest, Volume};
use super::path::{DayPath, Streams};
use super::roots::{Root, roots};
use super::sessions::{Hours, Place, Session};
use super::universe::{Listed, listing, made_up_shares};

/// How many days of closes are kept before the day in question: more than any run of closed days that is looked
/// across, and the day before.
const CLOSES_BACK: i64 = 45;

/// Days before its expiry from which a weekly or monthly contract has a past.
const WEEKLY_LIFE: i64 = 42;
const MONTHLY_LIFE: i64 = 100;

/// Underlyings with their random streams, and when they trade.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) seed: u64,
    pub(crate) hours: Hours,
    pub(crate) instruments: usize,
    pub(crate) roots: Vec<Root>,
    pub(crate) streams: Vec<Streams>,
}

impl Model {
    pub(crate) fn new(seed: u64, hours: Hours, instruments: usize) -> Model {
        let roots = roots(made_up_shares(instruments));
        let streams = roots.iter().map(|root| Streams::new(seed, root.token)).collect();
        Model { seed, hours, instruments, roots, streams }
    }

    /// The underlying of a listed contract with its streams.
    pub(crate) fn root(&self, number: usize) -> Option<(&Root, &Streams)> {
        Some((self.roots.get(number)?, self.streams.get(number)?))
    }

    /// Closes of every underlying, up to `day`.
    pub(crate) fn closes(&self, day: i64) -> Vec<Closes> {
        let streams = self.streams.iter();
        self.roots.iter().zip(streams).map(|(root, s)| Closes::new(root, s, day - CLOSES_BACK, day)).collect()
    }

    /// What is listed on `day`; `closes` must reach the day before it.
    pub(crate) fn listing(&self, day: i64, closes: &[Closes]) -> Vec<Listed> {
        let close = |root: usize| closes.get(root).map_or(0, |closes: &Closes| closes.at(day - 1));
        listing(&self.hours, &self.roots, day, self.instruments, close)
    }

    /// The path of one underlying through a session.
    pub(crate) fn day_path(
        &self,
        root: &Root,
        streams: &Streams,
        session: Session,
        closes: &Closes,
    ) -> DayPath {
        let with_gap = matches!(self.hours, Hours::MarketHours(_));
        DayPath::new(root, streams, session, closes, self.previous_day(session.day), with_gap)
    }

    /// The day of the session before `day`.
    pub(crate) fn previous_day(&self, day: i64) -> i64 {
        self.hours.session_before(day).map_or(day - 1, |session| session.day)
    }

    /// How `listed` trades in `session`.
    pub(crate) fn terms(&self, root: &Root, listed: &Listed, session: Session, closes: &Closes) -> Terms {
        let contract = &listed.contract;
        let day = session.day;
        let valuation = Valuation::new(self.seed, root, contract, day, closes.at(day - 1));
        let lot = match contract {
            Contract::Spot => 1,
            _ => root.derivatives.map_or(1, |terms| terms.lot),
        };
        let activity = Activity::new(root, contract, day, closes.at(day - 1));
        let volume = Volume::new(self.seed, listed.token, session, lot, activity.daily_volume);
        let previous_day = self.previous_day(day);
        let open_interest = match contract {
            Contract::Spot => OpenInterest::default(),
            _ => {
                OpenInterest::new(self.seed, listed.token, session, previous_day, lot, activity.open_interest)
            }
        };
        let last_step = session.last_step_of(contract);
        Terms { valuation, session, lot, volume, open_interest, weight: activity.weight, last_step }
    }

    /// Close of a contract in the session before `day`: what it was worth in its last minute of that session.
    pub(crate) fn previous_close(
        &self,
        root: &Root,
        streams: &Streams,
        contract: &Contract,
        day: i64,
        closes: &Closes,
    ) -> i64 {
        let previous_day = self.previous_day(day);
        let Some(session) = self.hours.known_session(previous_day) else {
            return closes.at(previous_day);
        };
        let minutes = session.minutes_of(contract);
        let spot = if minutes == session.minutes {
            closes.at(previous_day)
        } else {
            // It closed before the underlying's path ends.
            self.day_path(root, streams, session, closes).bar(minutes - 1).close
        };
        match Valuation::new(self.seed, root, contract, previous_day, closes.at(previous_day - 1)) {
            Some(valuation) => valuation.price(spot, session.minute_start(minutes - 1)),
            None => spot,
        }
    }

    /// First day on which a contract has a past.
    pub(crate) fn first_day(contract: &Contract) -> i64 {
        match contract.expiry() {
            None => FIRST_DAY + 1,
            Some(expiry) if expiry.monthly => (expiry.tuesday - MONTHLY_LIFE).max(FIRST_DAY + 1),
            Some(expiry) => (expiry.tuesday - WEEKLY_LIFE).max(FIRST_DAY + 1),
        }
    }
}

/// How one contract trades on one day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// `None` for an underlying.
    pub(crate) valuation: Option<Valuation>,
    pub(crate) session: Session,
    pub(crate) lot: u32,
    pub(crate) volume: Volume,
    pub(crate) open_interest: OpenInterest,
    /// Share of the market's ticks, relative to others.
    pub(crate) weight: f64,
    /// Last step at which it trades today; before the session's first one when it expired earlier.
    pub(crate) last_step: i64,
}

impl Terms {
    /// Its price, in paise, while the underlying stands at `spot` in a minute of the session.
    pub(crate) fn price(&self, spot: i64, minute: u32) -> i64 {
        match &self.valuation {
            Some(valuation) => valuation.price(spot, self.session.minute_start(minute)),
            None => spot,
        }
    }

    /// Highest and lowest price in a minute in which the underlying was within `low..=high`.
    pub(crate) fn extremes(&self, low: i64, high: i64, minute: u32) -> (i64, i64) {
        let (at_low, at_high) = (self.price(low, minute), self.price(high, minute));
        if self.valuation.is_some_and(|valuation| valuation.is_put()) {
            (at_low, at_high)
        } else {
            (at_high, at_low)
        }
    }

    /// How many minutes of the session it trades.
    pub(crate) fn minutes(&self) -> u32 {
        if self.last_step < self.session.first_step() {
            0
        } else {
            self.session.place(self.last_step).minute + 1
        }
    }

    /// Where it stands at `step`: at its last step once it has expired.
    pub(crate) fn place(&self, step: i64) -> Place {
        self.session.place(step.min(self.last_step))
    }
}

/// How lively a contract is.
struct Activity {
    daily_volume: f64,
    open_interest: f64,
    weight: f64,
}

impl Activity {
    fn new(root: &Root, contract: &Contract, day: i64, previous_close: i64) -> Activity {
        let days = contract.expiry().map_or(0, |expiry| (expiry.day - day).max(0)) as f64;
        let (index_volume, index_interest) = if root.symbol == "NIFTY 50" { (6e7, 8e6) } else { (1e7, 2e6) };
        match *contract {
            Contract::Spot => Activity {
                daily_volume: root.daily_volume,
                open_interest: 0.0,
                weight: match (root.is_index, root.every_second, root.derivatives.is_some()) {
                    (true, ..) => 2.0,
                    (false, true, _) => 5.0,
                    (false, false, true) => 2.5,
                    (false, false, false) => 0.5,
                },
            },
            Contract::Future(_) if root.is_index => Activity {
                daily_volume: 0.1 * index_volume / (1.0 + days / 20.0),
                open_interest: 1.5 * index_interest,
                weight: 5.0 / (1.0 + days / 20.0),
            },
            Contract::Future(_) => Activity {
                daily_volume: 0.6 * root.daily_volume / (1.0 + days / 20.0),
                open_interest: 2.0 * root.daily_volume,
                weight: 1.0 / (1.0 + days / 20.0),
            },
            Contract::Option(_, strike, kind) => {
                let step = root.derivatives.map_or(1, |terms| terms.strike_step) as f64;
                let away = (strike - previous_close).abs() as f64 / step;
                // Of the underlying's level rather than its price, so that open interest does not jump overnight.
                let side = if kind == OptionKind::Call { 1.0 } else { -1.0 };
                let out_of_the_money = side * (strike as f64 - root.level) / step;
                let (volume, interest, width) = if root.is_index {
                    (index_volume, index_interest, 8.0)
                } else {
                    (root.daily_volume, root.daily_volume, 4.0)
                };
                let held = (-(out_of_the_money - 0.5 * width).abs() / (2.0 * width)).exp();
                let liveliness = if root.is_index { 3.0 } else { 0.6 };
                Activity {
                    daily_volume: volume * (-away / width).exp() / (1.0 + days / 8.0),
                    open_interest: interest * held,
                    weight: 0.05 + liveliness * (-away / width).exp() / (1.0 + days / 14.0),
                }
            }
        }
    }
}
