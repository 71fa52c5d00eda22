//! Why a release may not begin, in types and in words.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use super::clock::in_full;
use crate::Length;

/// What stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// No window is open then.
    OutsideWindows,
    /// It would not be over when the window ends.
    DoesNotFit {
        /// The end of the window.
        ends: Timestamp,
        /// How long a release takes.
        needs: Length,
    },
    /// The market is in session.
    InSession {
        /// Of which calendar.
        calendar: String,
        /// When it opened.
        open: Timestamp,
    },
    /// It would not be over, or not by the margin that the policy asks for, when the market opens.
    NearOpen {
        /// Of which calendar.
        calendar: String,
        /// When it opens.
        open: Timestamp,
    },
    /// It would lie on a weekday without releases.
    AvoidedWeekday(Weekday),
    /// It would lie on a day on which contracts expire.
    ExpiryDay(Date),
    /// It would lie in a freeze.
    Freeze(String),
    /// It would lie in a blackout.
    Blackout(String),
    /// Nobody can say whether there is a session.
    CalendarUnknown {
        /// The date that is not known.
        date: Date,
        /// Whose calendar, and what to do.
        words: String,
    },
}

impl Why {
    /// A short name for machines, for ever the same.
    pub const fn code(&self) -> &'static str {
        match self {
            Why::OutsideWindows => "outside-windows",
            Why::DoesNotFit { .. } => "does-not-fit",
            Why::InSession { .. } => "in-session",
            Why::NearOpen { .. } => "near-open",
            Why::AvoidedWeekday(_) => "avoided-weekday",
            Why::ExpiryDay(_) => "expiry-day",
            Why::Freeze(_) => "freeze",
            Why::Blackout(_) => "blackout",
            Why::CalendarUnknown { .. } => "calendar-unknown",
        }
    }
}

/// One reason why a release may not begin at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What stands in the way.
    pub why: Why,
    /// When that begins, where it is later: the release would still be going on.
    pub from: Option<Timestamp>,
    /// When that ends; `None`: nobody has said, or not within the time that is looked at.
    pub until: Option<Timestamp>,
}

impl Reason {
    /// A sentence, with times as clocks in `zone` show them.
    pub fn words(&self, zone: &TimeZone) -> String {
        let show = |at: Timestamp| shown(at, zone);
        let while_running = self.from.map(|from| format!(", from {}", show(from))).unwrap_or_default();
        let until = self.until.map(|until| format!(" until {}", show(until))).unwrap_or_default();
        let span = format!("{while_running}{until}");
        match &self.why {
            Why::OutsideWindows => match self.until {
                Some(until) => format!("outside every window; the next begins {}", show(until)),
                None => "outside every window, and none begins soon".into(),
            },
            Why::DoesNotFit { ends, needs } => {
                let next = match self.until {
                    Some(until) => format!("the next that is long enough begins {}", show(until)),
                    None => "none soon is long enough".into(),
                };
                format!("a release takes {needs} and the window ends {}; {next}", show(*ends))
            }
            Why::InSession { calendar, .. } => format!("{calendar} is in session{until}"),
            Why::NearOpen { calendar, open } => {
                format!("it would not be over in time for {calendar}, which opens {}", show(*open))
            }
            Why::AvoidedWeekday(day) => format!("no releases on a {}{span}", in_full(*day)),
            Why::ExpiryDay(date) => format!("contracts expire on {date}: no releases{span}"),
            Why::Freeze(name) => format!("frozen ({name}){span}"),
            Why::Blackout(name) => format!("no releases ({name}){span}"),
            Why::CalendarUnknown { words, .. } => words.clone(),
        }
    }
}

/// `Tue 2026-11-24 16:00`, with seconds where there are any.
pub(super) fn shown(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    let precise = if at.second() == 0 { "%a %Y-%m-%d %H:%M" } else { "%a %Y-%m-%d %H:%M:%S" };
    at.strftime(precise).to_string()
}
