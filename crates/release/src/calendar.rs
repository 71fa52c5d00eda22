//! When the markets that a service depends on are in session.
//!
//! Enters: calendar files as text; those of NSE and NYSE are built in. Leaves: the session of a date, or the refusal to guess.
//! Never here: files, clocks.
//!
//! A policy names a calendar by market and group: `nse:equity`. Dates are those where the market is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use market::calendar::{Calendar, CalendarError, Group};

/// The calendar of the New York Stock Exchange.
const NYSE: &str = include_str!("../data/nyse-calendar.toml");

/// One day's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// When orders for the opening begin to be collected, where that is so: 09:00 in India.
    pub pre_open: Option<Timestamp>,
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

/// The calendars that policies name: `nse:equity`, `nse:derivatives`, `nyse:equity`, and what was added.
#[derive(Clone, Debug)]
pub struct Calendars {
    markets: BTreeMap<String, Calendar>,
}

impl Calendars {
    /// The built-in ones.
    pub fn builtin() -> Calendars {
        let markets = [("nse", Calendar::nse()), ("nyse", Calendar::parse_anywhere(NYSE))];
        // That both can be read is tested; a calendar that is not there is an error to whoever asks for it.
        let read = markets.into_iter().filter_map(|(name, calendar)| Some((name.to_owned(), calendar.ok()?)));
        Calendars { markets: read.collect() }
    }

    /// With the calendar file `text` of the market `name` (`nse`, `lse`: no colon), in the place of the one of that name.
    ///
    /// # Errors
    /// [`CalendarError`] with line and field.
    pub fn with(mut self, name: &str, text: &str) -> Result<Calendars, CalendarError> {
        self.markets.insert(name.to_owned(), Calendar::parse_anywhere(text)?);
        Ok(self)
    }

    /// The names that a policy can use.
    pub fn names(&self) -> Vec<String> {
        let of = |(market, calendar): (&String, &Calendar)| {
            let groups = Group::ALL.into_iter().filter(|group| calendar.coverage(*group).is_some());
            groups.map(|group| format!("{market}:{group}")).collect::<Vec<_>>()
        };
        self.markets.iter().flat_map(of).collect()
    }

    /// The session of `date` (a date where the market is) by the calendar `name`; `None` when there is none that day.
    ///
    /// # Errors
    /// [`NotKnown`]: no such calendar, or it does not cover that date.
    pub fn session(&self, name: &str, date: Date) -> Result<Option<Session>, NotKnown> {
        let (calendar, group) = self.find(name)?;
        let wrong = |error: market::calendar::NotCovered| NotKnown(error.to_string());
        let Some(session) = calendar.session(date, group).map_err(wrong)? else { return Ok(None) };
        let pre_open = calendar.pre_open(date, group).map_err(wrong)?;
        let (open, close) = (moment(session.open)?, moment(session.close)?);
        Ok(Some(Session { pre_open: pre_open.map(moment).transpose()?, open, close }))
    }

    /// Where the market of the calendar `name` is.
    ///
    /// # Errors
    /// [`NotKnown`]: no such calendar.
    pub fn zone(&self, name: &str) -> Result<TimeZone, NotKnown> {
        Ok(self.find(name)?.0.zone())
    }

    fn find(&self, name: &str) -> Result<(&Calendar, Group), NotKnown> {
        let found = name.split_once(':').and_then(|(market, group)| {
            let (calendar, group) = (self.markets.get(market)?, group.parse().ok()?);
            calendar.coverage(group).map(|_| (calendar, group))
        });
        found.ok_or_else(|| {
            NotKnown(format!("there is no calendar `{name}`: use one of {}", self.names().join(", ")))
        })
    }
}

fn moment(at: market::UnixNanos) -> Result<Timestamp, NotKnown> {
    Timestamp::from_nanosecond(i128::from(at.0)).map_err(|error| NotKnown(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;
    use jiff::civil::date;

    /// As clocks at the market show it: `09:15-15:30`, with `09:00/` before it for a pre-open; `closed`, `unknown`.
    fn hours(name: &str, date: Date) -> String {
        let calendars = Calendars::builtin();
        let zone = calendars.zone(name).unwrap();
        let clock = |at: Timestamp| {
            let at = at.to_zoned(zone.clone());
            assert_eq!(at.date(), date);
            at.strftime("%H:%M").to_string()
        };
        match calendars.session(name, date) {
            Err(_) => "unknown".into(),
            Ok(None) => "closed".into(),
            Ok(Some(Session { pre_open, open, close })) => {
                let before = pre_open.map(|at| format!("{}/", clock(at))).unwrap_or_default();
                format!("{before}{}-{}", clock(open), clock(close))
            }
        }
    }

    #[test]
    fn days_in_mumbai() {
        for (day, equity, derivatives) in [
            (date(2026, 1, 26), "closed", "closed"),
            (date(2026, 1, 27), "09:00/09:15-15:30", "09:00/09:15-15:30"),
            (date(2026, 2, 1), "09:00/09:15-15:30", "09:00/09:15-15:30"),
            (date(2026, 8, 3), "09:00/09:15-15:35", "09:00/09:15-15:40"),
            (date(2026, 11, 8), "unknown", "unknown"),
            (date(2027, 1, 1), "unknown", "unknown"),
        ] {
            assert_eq!(hours("nse:equity", day), equity, "{day}");
            assert_eq!(hours("nse:derivatives", day), derivatives, "{day}");
        }
    }

    #[test]
    fn days_in_new_york() {
        for (day, expected) in [
            (date(2025, 1, 9), "closed"),
            (date(2025, 7, 3), "09:30-13:00"),
            (date(2026, 3, 6), "09:30-16:00"),
            (date(2026, 3, 9), "09:30-16:00"),
            (date(2026, 7, 2), "09:30-16:00"),
            (date(2026, 7, 3), "closed"),
            (date(2026, 11, 26), "closed"),
            (date(2026, 11, 27), "09:30-13:00"),
            (date(2026, 11, 28), "closed"),
            (date(2026, 12, 24), "09:30-13:00"),
            (date(2027, 6, 18), "closed"),
            (date(2027, 12, 31), "09:30-16:00"),
            (date(2028, 1, 3), "unknown"),
            (date(2024, 12, 31), "unknown"),
        ] {
            assert_eq!(hours("nyse:equity", day), expected, "{day}");
        }
        let open = |day| Calendars::builtin().session("nyse:equity", day).unwrap().unwrap().open.to_string();
        assert_eq!(open(date(2026, 3, 6)), "2026-03-06T14:30:00Z", "before the clocks go forward");
        assert_eq!(open(date(2026, 3, 9)), "2026-03-09T13:30:00Z", "and after");
    }

    #[test]
    fn as_many_sessions_as_the_exchange_lists() {
        let calendars = Calendars::builtin();
        let days = date(2025, 1, 1).series(1.day()).take_while(|day| *day <= date(2027, 12, 31));
        assert_eq!(days.filter(|day| calendars.session("nyse:equity", *day).unwrap().is_some()).count(), 752);
    }

    #[test]
    fn a_file_adds_a_market_or_replaces_one() {
        let text = "format = 1\nname = \"x\"\nzone = \"Europe/London\"\ncoverage = [{ groups = [\"equity\"], \
                    from = \"2027-01-01\", to = \"2027-12-31\" }]\nsources = { here = \"a test\" }\nhours = [{ \
                    groups = [\"equity\"], from = \"2027-01-01\", open = \"08:00\", close = \"16:30\", \
                    source = \"here\", entered = \"2026-11-22\" }]\n";
        let more = Calendars::builtin().with("lse", text).unwrap().with("nyse", text).unwrap();
        let open = |name, day| more.session(name, day).map(|day| day.map(|session| session.open.to_string()));
        assert_eq!(open("lse:equity", date(2027, 6, 1)), Ok(Some("2027-06-01T07:00:00Z".into())));
        assert_eq!(open("nyse:equity", date(2027, 6, 1)), Ok(Some("2027-06-01T07:00:00Z".into())));
        assert!(open("nyse:equity", date(2026, 6, 1)).is_err(), "the built-in one is gone");
        assert!(Calendars::builtin().with("lse", &text.replace("zone", "znoe")).is_err());
    }

    #[test]
    fn a_name_that_is_none_is_answered_with_the_names() {
        for name in ["nyse", "nyse:derivatives", "nse:commodity", "lse:equity", "nse:shares", ""] {
            let words = Calendars::builtin().zone(name).unwrap_err().to_string();
            let names = "nse:equity, nse:derivatives, nse:currency, nyse:equity";
            assert_eq!(words, format!("there is no calendar `{name}`: use one of {names}"));
        }
    }
}
