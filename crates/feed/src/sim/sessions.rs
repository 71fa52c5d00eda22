//! When the simulated market trades, and where a moment lies in its grid of days, minutes and steps.
//!
//! Enters: moments. Leaves: day numbers, sessions, places in them. Never here: prices.
//!
//! A day is numbered as days since 1970-01-01 in India; a step is a tenth of a second since 1970-01-01T00:00:00Z.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use market::UnixNanos;
use market::calendar::{self, Group, NotCovered};
use market::time::IST_OFFSET_SECONDS;

use super::contract::Contract;

/// Nanoseconds per step.
pub(crate) const STEP_NANOS: i64 = 100_000_000;
/// Steps per minute.
pub(crate) const STEPS_PER_MINUTE: u32 = 600;
/// Steps per second.
pub(crate) const STEPS_PER_SECOND: i64 = 10;
const STEPS_PER_DAY: i64 = 864_000;
const IST_STEPS: i64 = IST_OFFSET_SECONDS * STEPS_PER_SECOND;
/// Minute of the day at which exchanges open, and at which derivatives expire.
pub(crate) const OPEN_MINUTE: u32 = 9 * 60 + 15;
pub(crate) const EXPIRY_MINUTE: u32 = 15 * 60 + 30;
/// How far a closed market is searched for its neighbouring sessions.
const CLOSED_DAYS_MAX: i64 = 40;

/// The session of a date for [`Group::Equity`] or [`Group::Derivatives`]: `None` when it does not trade, an error when
/// nobody knows.
pub type SessionOf = dyn Fn(Date, Group) -> Result<Option<calendar::Session>, NotCovered> + Send + Sync;

/// When the simulated market is open.
#[derive(Clone)]
pub enum Hours {
    /// Every day from midnight to midnight in India.
    AroundTheClock,
    /// Only in the sessions that a calendar gives: shares and indices in those of equities, futures and options in those
    /// of derivatives. Both open when the later of the two does, each closes by its own. A day on which only one of
    /// them trades counts as closed. Seconds are cut off; a session that crosses midnight in India or is shorter than a
    /// minute counts as closed.
    ///
    /// On a day that the calendar does not know nothing trades, and expiries stay where they nominally are. From the
    /// first day after all that it knows the market has ended.
    MarketHours(Arc<SessionOf>),
}

impl fmt::Debug for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hours::AroundTheClock => "AroundTheClock",
            Hours::MarketHours(_) => "MarketHours(..)",
        })
    }
}

/// One day's trading, in whole minutes of that day in India.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) day: i64,
    /// Minute of the day at which it opens.
    pub(crate) open: u32,
    /// How many minutes it lasts, until the last group closes; at least one.
    pub(crate) minutes: u32,
    /// How many of them shares and indices trade; at least one.
    pub(crate) spot_minutes: u32,
    /// How many of them futures and options trade; at least one.
    pub(crate) derivative_minutes: u32,
}

/// A step within a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Minute of the session.
    pub(crate) minute: u32,
    /// Step of that minute, below [`STEPS_PER_MINUTE`].
    pub(crate) step: u32,
}

impl Session {
    /// One in which everything trades to the end.
    pub(crate) fn of_all(day: i64, open: u32, minutes: u32) -> Session {
        Session { day, open, minutes, spot_minutes: minutes, derivative_minutes: minutes }
    }

    pub(crate) fn first_step(self) -> i64 {
        midnight_step(self.day) + i64::from(self.open) * i64::from(STEPS_PER_MINUTE)
    }

    pub(crate) fn last_step(self) -> i64 {
        self.first_step() + i64::from(self.minutes) * i64::from(STEPS_PER_MINUTE) - 1
    }

    /// Where `step` lies, brought to the first or last step when it lies outside.
    pub(crate) fn place(self, step: i64) -> Place {
        let offset = step.clamp(self.first_step(), self.last_step()) - self.first_step();
        // Below 1440 * 600 by the clamp.
        let offset = offset as u32;
        Place { minute: offset / STEPS_PER_MINUTE, step: offset % STEPS_PER_MINUTE }
    }

    pub(crate) fn step_at(self, place: Place) -> i64 {
        self.first_step() + i64::from(place.minute) * i64::from(STEPS_PER_MINUTE) + i64::from(place.step)
    }

    /// The moment at which a minute of the session starts.
    pub(crate) fn minute_start(self, minute: u32) -> UnixNanos {
        UnixNanos(self.step_at(Place { minute, step: 0 }) * STEP_NANOS)
    }

    /// How many minutes of the session `contract` trades, its expiry left aside.
    pub(crate) fn minutes_of(self, contract: &Contract) -> u32 {
        match contract {
            Contract::Spot => self.spot_minutes,
            Contract::Future(_) | Contract::Option(..) => self.derivative_minutes,
        }
    }

    /// Last step at which `contract` trades in this session, if it does at all: the expiry moment itself is no longer
    /// traded.
    pub(crate) fn last_step_of(self, contract: &Contract) -> i64 {
        let minutes = i64::from(self.minutes_of(contract));
        let last = self.first_step() + minutes * i64::from(STEPS_PER_MINUTE) - 1;
        match contract.expiry() {
            None => last,
            Some(expiry) => {
                let ends = midnight_step(expiry.day) + i64::from(EXPIRY_MINUTE) * i64::from(STEPS_PER_MINUTE);
                last.min(ends - 1)
            }
        }
    }
}

impl Hours {
    /// The session of `day`; `None` when it does not trade.
    pub(crate) fn session(&self, day: i64) -> Result<Option<Session>, NotCovered> {
        let of = match self {
            Hours::AroundTheClock => return Ok(Some(Session::of_all(day, 0, 1440))),
            Hours::MarketHours(of) => of,
        };
        let midnight = midnight_step(day) * STEP_NANOS;
        let minute_of = |at: UnixNanos| at.0.saturating_sub(midnight).div_euclid(60_000_000_000);
        let known =
            |group| Ok(of(date_of(day), group)?.map(|told| (minute_of(told.open), minute_of(told.close))));
        let (Some(equity), Some(derivatives)) = (known(Group::Equity)?, known(Group::Derivatives)?) else {
            return Ok(None);
        };
        let open = equity.0.max(derivatives.0);
        let (equity, derivatives) = (equity.1, derivatives.1);
        let within = open >= 0 && open < equity.min(derivatives) && equity.max(derivatives) <= 1440;
        // All lie in 0..=1440 here.
        Ok(within.then_some(Session {
            day,
            open: open as u32,
            minutes: (equity.max(derivatives) - open) as u32,
            spot_minutes: (equity - open) as u32,
            derivative_minutes: (derivatives - open) as u32,
        }))
    }

    /// The session of `day`, if it is known to trade: on a day that nobody knows this market does nothing.
    pub(crate) fn known_session(&self, day: i64) -> Option<Session> {
        self.session(day).ok().flatten()
    }

    /// Why nothing can be said about `day` and every day after it, if so.
    pub(crate) fn ended(&self, day: i64) -> Option<NotCovered> {
        self.session(day).err().filter(NotCovered::is_past_the_end)
    }

    /// The last known session that opened at or before `step`.
    pub(crate) fn session_at_or_before(&self, step: i64) -> Option<Session> {
        let today = day_of_step(step);
        self.known_session(today)
            .filter(|session| session.first_step() <= step)
            .or_else(|| self.session_before(today))
    }

    /// The last known session on a day before `day`.
    pub(crate) fn session_before(&self, day: i64) -> Option<Session> {
        (1..=CLOSED_DAYS_MAX).find_map(|back| self.known_session(day - back))
    }

    /// The day on which a contract due on `nominal` expires: the last trading day up to it. The nominal day stays when
    /// the calendar does not know it, or knows no trading day within a week: to guess would rename the contract.
    pub(crate) fn expiry_day(&self, nominal: i64) -> i64 {
        match self.session(nominal) {
            Ok(Some(_)) | Err(_) => nominal,
            Ok(None) => (1..7)
                .map(|back| nominal - back)
                .find(|&day| self.known_session(day).is_some())
                .unwrap_or(nominal),
        }
    }
}

/// The step that contains a moment.
pub(crate) fn step_of(at: UnixNanos) -> i64 {
    at.0.div_euclid(STEP_NANOS)
}

/// First step of a day in India.
pub(crate) fn midnight_step(day: i64) -> i64 {
    day * STEPS_PER_DAY - IST_STEPS
}

/// Day in India that contains a step.
pub(crate) fn day_of_step(step: i64) -> i64 {
    (step + IST_STEPS).div_euclid(STEPS_PER_DAY)
}

/// Calendar date of a day number.
pub(crate) fn date_of(day: i64) -> Date {
    let days = jiff::Span::new().try_days(day).unwrap_or_default();
    Date::constant(1970, 1, 1).saturating_add(days)
}

/// Days since Tuesday: 0 on a Tuesday, 6 on a Monday. 1970-01-01 was a Thursday.
pub(crate) fn days_since_tuesday(day: i64) -> i64 {
    (day + 2).rem_euclid(7)
}

/// True on Saturdays and Sundays.
pub(crate) fn is_weekend(day: i64) -> bool {
    matches!(days_since_tuesday(day), 4 | 5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_steps_and_weekdays_agree_with_the_calendar() {
        let at = UnixNanos::ist_midnight(date(2026, 11, 24));
        let day = day_of_step(step_of(at));
        assert_eq!(date_of(day), date(2026, 11, 24));
        assert_eq!(midnight_step(day) * STEP_NANOS, at.0);
        assert_eq!(day_of_step(step_of(UnixNanos(at.0 - 1))), day - 1);
        assert_eq!(days_since_tuesday(day), 0);
        assert!(is_weekend(day - 3) && is_weekend(day - 2) && !is_weekend(day - 1) && !is_weekend(day - 4));
    }

    #[test]
    fn an_unknown_day_is_neither_closed_nor_open() {
        let calendar = calendar::Calendar::nse().unwrap();
        let hours = Hours::MarketHours(Arc::new(move |date, group| calendar.session(date, group)));
        let day = |date: Date| UnixNanos::ist_midnight(date).ist_day();
        let expiry = |nominal: Date| date_of(hours.expiry_day(day(nominal)));
        assert_eq!(expiry(date(2026, 11, 24)), date(2026, 11, 23), "a known holiday");
        assert_eq!(expiry(date(2026, 12, 29)), date(2026, 12, 29));
        assert_eq!(expiry(date(2027, 1, 5)), date(2027, 1, 5), "beyond the calendar");
        assert_eq!(expiry(date(2027, 6, 29)), date(2027, 6, 29));
        let ended = |at: Date| hours.ended(day(at)).map(|unknown| unknown.date);
        assert_eq!(ended(date(2026, 12, 31)), None);
        assert_eq!(ended(date(2027, 1, 1)), Some(date(2027, 1, 1)));
        assert_eq!(ended(date(2026, 11, 8)), None, "uncertain, but not the end");
        assert_eq!(ended(date(2024, 12, 31)), None, "too early, but not the end");
        assert!(
            hours.session(day(date(2026, 11, 8))).is_err()
                && hours.known_session(day(date(2026, 11, 8))).is_none()
        );
    }

    #[test]
    fn each_group_closes_by_its_own() {
        let calendar = calendar::Calendar::nse().unwrap();
        let hours = Hours::MarketHours(Arc::new(move |date, group| calendar.session(date, group)));
        let session = |date: Date| hours.known_session(UnixNanos::ist_midnight(date).ist_day()).unwrap();
        let minutes = |s: Session| (s.open, s.minutes, s.spot_minutes, s.derivative_minutes);
        assert_eq!(minutes(session(date(2026, 7, 31))), (OPEN_MINUTE, 375, 375, 375));
        assert_eq!(minutes(session(date(2026, 8, 3))), (OPEN_MINUTE, 385, 380, 385));
    }
}
