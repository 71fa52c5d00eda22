//! When the simulated market trades, and where a moment lies in its grid of days, minutes and steps.
//!
//! Enters: moments. Leaves: day numbers, sessions, places in them. Never here: prices.
//!
//! A day is numbered as days since 1970-01-01 in India; a step is a tenth of a second since 1970-01-01T00:00:00Z.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use market::UnixNanos;

/// Nanoseconds per step.
pub(crate) const STEP_NANOS: i64 = 100_000_000;
/// Steps per minute.
pub(crate) const STEPS_PER_MINUTE: u32 = 600;
/// Steps per second.
pub(crate) const STEPS_PER_SECOND: i64 = 10;
const STEPS_PER_DAY: i64 = 864_000;
const IST_STEPS: i64 = 19_800 * STEPS_PER_SECOND;
/// Minute of the day at which exchanges open, and at which derivatives expire.
pub(crate) const OPEN_MINUTE: u32 = 9 * 60 + 15;
pub(crate) const EXPIRY_MINUTE: u32 = 15 * 60 + 30;
/// How far a closed market is searched for its neighbouring sessions.
const CLOSED_DAYS_MAX: i64 = 40;

/// The trading hours of a date: opening and closing moment, or `None` when it does not trade.
pub type SessionOf = dyn Fn(Date) -> Option<(UnixNanos, UnixNanos)> + Send + Sync;

/// When the simulated market is open.
#[derive(Clone)]
pub enum Hours {
    /// Every day from midnight to midnight in India.
    AroundTheClock,
    /// Only in the sessions that a calendar gives. Seconds are cut off; a session that crosses midnight in India or is
    /// shorter than a minute counts as closed.
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
    /// How many minutes it lasts; at least one.
    pub(crate) minutes: u32,
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

    /// Last step at which a contract that expires on `expiry` trades in this session, if it does at all: the expiry
    /// moment itself is no longer traded.
    pub(crate) fn last_step_before_expiry(self, expiry: i64) -> i64 {
        let expiry_step = midnight_step(expiry) + i64::from(EXPIRY_MINUTE) * i64::from(STEPS_PER_MINUTE);
        self.last_step().min(expiry_step - 1)
    }
}

impl Hours {
    /// The session of `day`, if it trades.
    pub(crate) fn session(&self, day: i64) -> Option<Session> {
        match self {
            Hours::AroundTheClock => Some(Session { day, open: 0, minutes: 1440 }),
            Hours::MarketHours(of) => {
                let (open, close) = of(date_of(day))?;
                let midnight = midnight_step(day) * STEP_NANOS;
                let minute_of = |at: UnixNanos| at.0.saturating_sub(midnight).div_euclid(60_000_000_000);
                let (open, close) = (minute_of(open), minute_of(close));
                let within = (0..1440).contains(&open) && close > open && close <= 1440;
                // Both lie in 0..=1440 here.
                within.then_some(Session { day, open: open as u32, minutes: (close - open) as u32 })
            }
        }
    }

    /// The last session that opened at or before `step`.
    pub(crate) fn session_at_or_before(&self, step: i64) -> Option<Session> {
        let today = day_of_step(step);
        self.session(today)
            .filter(|session| session.first_step() <= step)
            .or_else(|| self.session_before(today))
    }

    /// The last session on a day before `day`.
    pub(crate) fn session_before(&self, day: i64) -> Option<Session> {
        (1..=CLOSED_DAYS_MAX).find_map(|back| self.session(day - back))
    }

    /// The day on which a contract due on `nominal` expires: the last trading day up to it. A calendar that is closed
    /// for a whole week says nothing, and the nominal day stays.
    pub(crate) fn expiry_day(&self, nominal: i64) -> i64 {
        match self {
            Hours::AroundTheClock => nominal,
            Hours::MarketHours(_) => {
                (0..7).map(|back| nominal - back).find(|&day| self.session(day).is_some()).unwrap_or(nominal)
            }
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
}
