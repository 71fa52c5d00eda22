//! When the markets that a service depends on are in session.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use market::calendar::{Calendar, Group};

/// One day's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// First moment.
    pub open: Timestamp,
    /// First moment after it.
    pub close: Timestamp,
}

/// Nobody can say whether there is a session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotKnown(String);

impl NotKnown {
    pub(crate) fn new(words: String) -> NotKnown {
        NotKnown(words)
    }
}

/// The calendars that policies name: `nse:equity`, `nse:derivatives`.
#[derive(Clone, Debug)]
pub struct Calendars {
    nse: Option<Calendar>,
}

impl Calendars {
    /// The built-in ones.
    pub fn builtin() -> Calendars {
        Calendars { nse: Calendar::nse().ok() }
    }

    /// The session of `date` (a date where the market is) by the calendar `name`; `None` when there is none that day.
    ///
    /// # Errors
    /// [`NotKnown`]: no such calendar, or it does not cover that date.
    pub fn session(&self, name: &str, date: Date) -> Result<Option<Session>, NotKnown> {
        let (calendar, group) = self.find(name)?;
        let session = calendar.session(date, group).map_err(|error| NotKnown(error.to_string()))?;
        let at = |at: market::UnixNanos| {
            Timestamp::from_nanosecond(i128::from(at.0)).map_err(|error| NotKnown(error.to_string()))
        };
        session.map(|day| Ok(Session { open: at(day.open)?, close: at(day.close)? })).transpose()
    }

    /// Where the market of the calendar `name` is.
    ///
    /// # Errors
    /// [`NotKnown`]: no such calendar.
    pub fn zone(&self, name: &str) -> Result<TimeZone, NotKnown> {
        self.find(name)?;
        TimeZone::get("Asia/Kolkata").map_err(|error| NotKnown(error.to_string()))
    }

    fn find(&self, name: &str) -> Result<(&Calendar, Group), NotKnown> {
        let unknown =
            || NotKnown(format!("there is no calendar `{name}`: use nse:equity or nse:derivatives"));
        let (market, group) = name.split_once(':').ok_or_else(unknown)?;
        let group: Group = group.parse().map_err(|_| unknown())?;
        match (market, &self.nse) {
            ("nse", Some(calendar)) => Ok((calendar, group)),
            _ => Err(unknown()),
        }
    }
}
