//! When the exchanges trade: sessions by date and group of instruments.
//!
//! Enters: a calendar file as text; the NSE and BSE one is built in. Leaves: sessions, or the refusal to guess.
//! Never here: files, clocks, the simulated market's own hours.
//!
//! Invariant: a date outside the file's coverage, or one that the file calls uncertain, is [`NotCovered`], an error and
//! never "closed" or "open". Whoever must decide anyway decides to do nothing. A calendar that has run out is replaced
//! by a newer file (`meridian up --calendar FILE`), without a new build.
//!
//! A session runs from its opening up to, but not including, its close. Pre-open and post-close sessions are not part
//! of it; the closing auction is, as its trades still move prices. When orders are collected before the opening is known
//! apart, from [`Calendar::pre_open`].
//!
//! Times in a file are Indian, unless it names another `zone`; such a file is read by [`Calendar::parse_anywhere`] only.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, ToSpan};

use crate::instrument::{Exchange, Instrument, Segment};
use crate::time::{IST_OFFSET_SECONDS, UnixNanos};

mod file;

pub use file::CalendarError;

/// The calendar that is built in: `data/nse-calendar.toml`.
const NSE: &str = include_str!("../data/nse-calendar.toml");

/// The zone of a file that names none.
const INDIA: &str = "Asia/Kolkata";

/// Longest range that [`Calendar::trading_days`] lists, in days.
pub const RANGE_DAYS_MAX: i32 = 3_700;

/// Instruments that share days and hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Shares, funds and indices: of NSE and BSE, or of the market of a file with another zone.
    Equity,
    /// Equity and index derivatives: NFO and BFO.
    Derivatives,
    /// Currency derivatives: CDS and BCD.
    Currency,
    /// Commodity derivatives: MCX and NCO.
    Commodity,
}

impl Group {
    /// All groups.
    pub const ALL: [Group; 4] = [Group::Equity, Group::Derivatives, Group::Currency, Group::Commodity];

    /// The word in calendar files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Group::Equity => "equity",
            Group::Derivatives => "derivatives",
            Group::Currency => "currency",
            Group::Commodity => "commodity",
        }
    }

    /// Whose hours an instrument keeps; `None` for indices quoted from outside India.
    pub const fn of(instrument: &Instrument) -> Option<Group> {
        match instrument.segment {
            Segment::Nse | Segment::Bse => Some(Group::Equity),
            Segment::NfoFut | Segment::NfoOpt | Segment::BfoFut | Segment::BfoOpt => Some(Group::Derivatives),
            Segment::CdsFut | Segment::CdsOpt | Segment::BcdFut | Segment::BcdOpt => Some(Group::Currency),
            Segment::McxFut | Segment::McxOpt | Segment::NcoFut | Segment::NcoOpt | Segment::Nco => {
                Some(Group::Commodity)
            }
            Segment::Indices => match instrument.exchange {
                Exchange::Nse | Exchange::Bse => Some(Group::Equity),
                Exchange::Nfo | Exchange::Bfo => Some(Group::Derivatives),
                Exchange::Cds | Exchange::Bcd => Some(Group::Currency),
                Exchange::Mcx | Exchange::Nco => Some(Group::Commodity),
                Exchange::Nseix | Exchange::Global => None,
            },
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is none of `equity`, `derivatives`, `currency`, `commodity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a group: use equity, derivatives, currency or commodity")]
pub struct UnknownGroup;

impl FromStr for Group {
    type Err = UnknownGroup;

    fn from_str(text: &str) -> Result<Group, UnknownGroup> {
        Group::ALL.into_iter().find(|group| group.as_str() == text).ok_or(UnknownGroup)
    }
}

/// One day's trading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// First moment.
    pub open: UnixNanos,
    /// First moment after it.
    pub close: UnixNanos,
}

impl Session {
    /// True while this session trades.
    pub fn contains(self, at: UnixNanos) -> bool {
        self.open <= at && at < self.close
    }
}

/// The calendar does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the calendar does not know the {group} session of {date}: {hint}")]
pub struct NotCovered {
    /// The date asked for.
    pub date: Date,
    /// The group asked for.
    pub group: Group,
    /// Last date that the calendar knows for this group; `None` when it knows none.
    pub covered_until: Option<Date>,
    /// What is missing, and what to do.
    pub hint: String,
}

impl NotCovered {
    /// True when no later date is known either: the calendar has run out, or never knew this group.
    pub fn is_past_the_end(&self) -> bool {
        self.covered_until.is_none_or(|until| self.date > until)
    }
}

/// Days and hours of trading.
#[derive(Clone, Debug)]
pub struct Calendar {
    name: String,
    /// `None`: India, which needs no rules of daylight saving.
    zone: Option<TimeZone>,
    coverage: BTreeMap<Group, (Date, Date)>,
    /// Regular hours by the first day on which they hold.
    hours: BTreeMap<(Group, Date), Hours>,
    exceptions: BTreeMap<(Group, Date), Exception>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hours {
    pre_open: Option<Time>,
    open: Time,
    close: Time,
}

/// A day that is not what its weekday says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Exception {
    name: String,
    /// Where this was found.
    source: String,
    day: Day,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    Holiday,
    Special(Hours),
    Uncertain,
}

impl Calendar {
    /// The built-in calendar of NSE and BSE.
    ///
    /// # Errors
    /// [`CalendarError`] if the file that was built in is wrong, which a test of this crate rules out.
    pub fn nse() -> Result<Calendar, CalendarError> {
        Calendar::parse(NSE)
    }

    /// Reads a calendar file of a market in India.
    ///
    /// # Errors
    /// [`CalendarError`] with line and field; unknown keys and other zones are errors.
    pub fn parse(text: &str) -> Result<Calendar, CalendarError> {
        file::parse(text, false)
    }

    /// Reads a calendar file of a market anywhere: one that names its `zone`, or an Indian one.
    ///
    /// # Errors
    /// [`CalendarError`] with line and field; unknown keys and zones are errors.
    pub fn parse_anywhere(text: &str) -> Result<Calendar, CalendarError> {
        file::parse(text, true)
    }

    /// What the file calls itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the market is: the zone of the file's dates and times.
    pub fn zone(&self) -> TimeZone {
        let offset = || Offset::UTC.saturating_add(SignedDuration::from_secs(IST_OFFSET_SECONDS));
        let india = || TimeZone::get(INDIA).unwrap_or_else(|_| TimeZone::fixed(offset()));
        self.zone.clone().unwrap_or_else(india)
    }

    /// First and last date that are known for `group`.
    pub fn coverage(&self, group: Group) -> Option<(Date, Date)> {
        self.coverage.get(&group).copied()
    }

    /// Why a date is a holiday, special or uncertain, and where that was found; `None` for an ordinary day.
    pub fn remark(&self, date: Date, group: Group) -> Option<(&str, &str)> {
        self.exceptions.get(&(group, date)).map(|day| (day.name.as_str(), day.source.as_str()))
    }

    /// The session of a date; `None` when there is no trading.
    ///
    /// # Errors
    /// [`NotCovered`].
    pub fn session(&self, date: Date, group: Group) -> Result<Option<Session>, NotCovered> {
        let hours = self.hours_of(date, group)?;
        Ok(hours.map(|hours| Session { open: self.at(date, hours.open), close: self.at(date, hours.close) }))
    }

    /// When orders for the opening of a date begin to be collected; `None` when there is no trading, or no such time.
    ///
    /// # Errors
    /// [`NotCovered`].
    pub fn pre_open(&self, date: Date, group: Group) -> Result<Option<UnixNanos>, NotCovered> {
        let pre_open = self.hours_of(date, group)?.and_then(|hours| hours.pre_open);
        Ok(pre_open.map(|time| self.at(date, time)))
    }

    /// True while `group` trades at `now`.
    ///
    /// # Errors
    /// [`NotCovered`].
    pub fn is_open(&self, now: UnixNanos, group: Group) -> Result<bool, NotCovered> {
        Ok(self.session(self.date_of(now), group)?.is_some_and(|session| session.contains(now)))
    }

    /// The next opening after `now`, also when it is open now.
    ///
    /// # Errors
    /// [`NotCovered`] when a date that must be looked at is not known.
    pub fn next_open(&self, now: UnixNanos, group: Group) -> Result<UnixNanos, NotCovered> {
        let mut date = self.date_of(now);
        loop {
            // The coverage ends somewhere, so this loop does too.
            if let Some(session) = self.session(date, group)?
                && session.open > now
            {
                return Ok(session.open);
            }
            date = date.saturating_add(1.day());
        }
    }

    /// Every date from `from` to `to`, both included, on which `group` trades, special sessions included. Ranges beyond
    /// [`RANGE_DAYS_MAX`] are cut there.
    ///
    /// # Errors
    /// [`NotCovered`] when a date in between is not known.
    pub fn trading_days(&self, from: Date, to: Date, group: Group) -> Result<Vec<Date>, NotCovered> {
        let mut days = Vec::new();
        let last = to.min(from.saturating_add(RANGE_DAYS_MAX.days()));
        let mut date = from;
        while date <= last {
            if self.session(date, group)?.is_some() {
                days.push(date);
            }
            date = date.saturating_add(1.day());
            if date == Date::MAX {
                break;
            }
        }
        Ok(days)
    }

    /// What the clocks of the market show that day.
    fn hours_of(&self, date: Date, group: Group) -> Result<Option<Hours>, NotCovered> {
        let unknown = |hint: String| {
            let covered_until = self.coverage(group).map(|(_, to)| to);
            NotCovered { date, group, covered_until, hint }
        };
        let Some((from, to)) = self.coverage(group) else {
            return Err(unknown(format!("it has no {group} sessions at all; give a calendar file that has")));
        };
        if date < from || date > to {
            return Err(unknown(format!("it covers {from} to {to}; give a newer calendar file")));
        }
        let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
        let hours = match self.exceptions.get(&(group, date)) {
            Some(exception) => match exception.day {
                Day::Holiday => return Ok(None),
                Day::Special(hours) => hours,
                Day::Uncertain => {
                    return Err(unknown(format!("{}; give a calendar file that knows", exception.name)));
                }
            },
            None if weekend => return Ok(None),
            None => {
                let regular = self.hours.range((group, Date::MIN)..=(group, date)).next_back();
                *regular
                    .ok_or_else(|| unknown("it has no hours for that date; mend the calendar file".into()))?
                    .1
            }
        };
        Ok(Some(hours))
    }

    fn at(&self, date: Date, time: Time) -> UnixNanos {
        let Some(zone) = &self.zone else { return UnixNanos::from_ist(date.to_datetime(time)) };
        let at = zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible();
        // As in India: the nearest moment that 64 bits hold.
        UnixNanos(at.ok().and_then(|at| at.as_nanosecond().try_into().ok()).unwrap_or(i64::MAX))
    }

    fn date_of(&self, now: UnixNanos) -> Date {
        let Some(zone) = &self.zone else { return now.ist_date() };
        // 64 bits of nanoseconds always fit a timestamp.
        let at = jiff::Timestamp::from_nanosecond(i128::from(now.0)).unwrap_or_default();
        zone.to_datetime(at).date()
    }
}

#[cfg(test)]
mod tests;
