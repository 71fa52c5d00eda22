//! How much of a period is session time: what a budget of traffic that follows a market is made of.
//!
//! Enters: a calendar's name, a day, a period. Leaves: lengths. Never here: which moment is in session (see
//! [`crate::calendar`]).

use jiff::Span;
use jiff::civil::Date;

use crate::Length;
use crate::calendar::{Calendars, NotKnown};

/// Session time in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTime {
    /// All sessions together.
    pub total: Length,
    /// The length that most sessions have: alerts' windows fit in it.
    pub usual: Length,
}

/// The sessions of the calendar `name` in the whole days of `period` that end before `until` (a date where the market
/// is).
///
/// # Errors
/// [`NotKnown`]: no such calendar, it does not cover these days, or none of them has a session.
pub fn session_time(
    calendars: &Calendars,
    name: &str,
    until: Date,
    period: Length,
) -> Result<SessionTime, NotKnown> {
    let days = i64::try_from(period.as_seconds().div_ceil(86_400)).unwrap_or(i64::MAX);
    let mut lengths = Vec::new();
    for back in 1..=days {
        let none = || NotKnown::new(format!("{name}: there are no {days} days before {until}"));
        let date = until.checked_sub(Span::new().try_days(back).map_err(|_| none())?).map_err(|_| none())?;
        if let Some(session) = calendars.session(name, date)? {
            let seconds = session.close.as_second() - session.open.as_second();
            lengths.push(Length::seconds(u64::try_from(seconds).unwrap_or(0)));
        }
    }
    lengths.sort_unstable();
    match lengths.get(lengths.len() / 2) {
        Some(&usual) => Ok(SessionTime { total: lengths.into_iter().sum(), usual }),
        None => Err(NotKnown::new(format!("{name} has no session in the {days} days before {until}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_month_of_sessions_is_not_a_month() {
        let calendars = Calendars::builtin();
        let time = session_time(&calendars, "nse:equity", date(2026, 8, 1), Length::days(30)).unwrap();
        assert_eq!(time.usual.to_string(), "6h15m");
        assert_eq!(time.total.as_seconds() % time.usual.as_seconds(), 0);
        let sessions = time.total.as_seconds() / time.usual.as_seconds();
        assert!((19..=23).contains(&sessions), "{sessions}");
        assert!(session_time(&calendars, "nse:equity", date(1990, 8, 1), Length::days(30)).is_err());
        assert!(session_time(&calendars, "moon:cheese", date(2026, 8, 1), Length::days(30)).is_err());
        // A Sunday alone.
        assert!(session_time(&calendars, "nse:equity", date(2026, 8, 3), Length::days(1)).is_err());
    }
}
