//! When the simulated market trades: around the clock, or as a session calendar says.
//!
//! Enters: what was asked for, the time of the start. Leaves: trading hours, and warnings while there is time to act.
//! Never here: what the market does with them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use feed::sim::Hours;
use jiff::ToSpan;
use market::UnixNanos;
use market::calendar::{Calendar, CalendarError, Group, NotCovered};

use crate::config::TradingHours;

/// What helps when the calendar does not reach.
pub const HINT: &str = "give a newer calendar with --calendar FILE (the built-in one is \
    crates/market/data/nse-calendar.toml), or leave out --market-hours to trade around the clock";

/// So many days ahead of an unknown day the log warns of it.
const WARN_DAYS: i64 = 60;
/// No sensible calendar is longer, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Groups that the simulated market lists.
const GROUPS: [Group; 2] = [Group::Equity, Group::Derivatives];

/// Why a calendar cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SessionsError {
    /// The file cannot be read.
    #[error("cannot read the calendar `{}`", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It is no calendar.
    #[error("cannot use the calendar `{}`", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Line, field and problem.
        source: CalendarError,
    },
    /// The built-in one is wrong, which tests rule out.
    #[error("cannot use the built-in calendar")]
    BuiltIn(#[source] CalendarError),
}

impl SessionsError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            SessionsError::Read { .. } => Some("check the path given after `--calendar`".into()),
            SessionsError::File { .. } => {
                Some("crates/market/data/nse-calendar.toml shows and explains the format".into())
            }
            SessionsError::BuiltIn(_) => Some("leave out --market-hours to trade around the clock".into()),
        }
    }
}

/// The hours asked for. Logs a warning when the calendar does not know a day soon after `now`.
///
/// # Errors
/// [`SessionsError`]. A calendar that has already run out is refused by the market itself.
pub fn hours(choice: &TradingHours, now: UnixNanos) -> Result<Hours, SessionsError> {
    let TradingHours::Exchange { calendar } = choice else { return Ok(Hours::AroundTheClock) };
    let calendar = match calendar {
        Some(path) => read(path)?,
        None => Calendar::nse().map_err(SessionsError::BuiltIn)?,
    };
    for unknown in unknown_soon(&calendar, now) {
        let (date, reason) = (unknown.date.to_string(), unknown.hint.as_str());
        if unknown.is_past_the_end() && unknown.date <= now.ist_date() {
            // The market itself refuses to start.
        } else if unknown.is_past_the_end() {
            tracing::warn!(
                date,
                reason,
                "from this day on nothing trades: restart with a newer --calendar FILE"
            );
        } else {
            tracing::warn!(date, reason, "the calendar does not know this day: nothing trades on it");
        }
    }
    Ok(Hours::MarketHours(Arc::new(move |date, group| calendar.session(date, group))))
}

fn read(path: &Path) -> Result<Calendar, SessionsError> {
    let refused = |source| SessionsError::Read { path: path.to_path_buf(), source };
    let length = fs::metadata(path).map_err(refused)?.len();
    if length > FILE_BYTES_MAX {
        return Err(refused(io::Error::new(io::ErrorKind::FileTooLarge, "it is too long for a calendar")));
    }
    let text = fs::read_to_string(path).map_err(refused)?;
    Calendar::parse(&text).map_err(|source| SessionsError::File { path: path.to_path_buf(), source })
}

/// Unknown days from `now` to [`WARN_DAYS`] later, up to and including the first after the calendar's end.
fn unknown_soon(calendar: &Calendar, now: UnixNanos) -> Vec<NotCovered> {
    let today = now.ist_date();
    let mut unknown = Vec::new();
    for days in 0..=WARN_DAYS {
        let date = today.saturating_add(days.days());
        let Some(first) = GROUPS.into_iter().find_map(|group| calendar.session(date, group).err()) else {
            continue;
        };
        let end = first.is_past_the_end();
        unknown.push(first);
        if end {
            break;
        }
    }
    unknown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::StartError;
    use feed::sim::{Sim, SimConfig};
    use jiff::civil::{Date, date};

    fn warned(from: Date) -> Vec<Date> {
        let calendar = Calendar::nse().unwrap();
        unknown_soon(&calendar, UnixNanos::ist_midnight(from)).iter().map(|unknown| unknown.date).collect()
    }

    #[test]
    fn unknown_days_are_told_sixty_days_ahead() {
        assert_eq!(warned(date(2026, 9, 8)), []);
        assert_eq!(warned(date(2026, 9, 9)), [date(2026, 11, 8)], "uncertain");
        assert_eq!(warned(date(2026, 11, 1)), [date(2026, 11, 8)]);
        assert_eq!(warned(date(2026, 11, 2)), [date(2026, 11, 8), date(2027, 1, 1)]);
        assert_eq!(warned(date(2026, 12, 31)), [date(2027, 1, 1)], "the end once, not every day after it");
    }

    #[test]
    fn a_start_past_the_end_is_refused_with_a_way_out() {
        let now = UnixNanos::ist_midnight(date(2027, 1, 1));
        let hours = hours(&TradingHours::Exchange { calendar: None }, now).unwrap();
        let refused = Sim::new(SimConfig { hours, ..Default::default() }, now).map(drop).unwrap_err();
        let refused = StartError::from(refused);
        assert!(refused.hint().is_some_and(|hint| hint.contains("--calendar FILE")), "{refused}");
    }

    #[test]
    fn a_file_takes_the_place_of_the_built_in_calendar() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calendar.toml");
        let choice = TradingHours::Exchange { calendar: Some(path.clone()) };
        let now = UnixNanos::ist_midnight(date(2027, 3, 1));
        assert!(matches!(hours(&choice, now), Err(SessionsError::Read { .. })));
        fs::write(&path, "format = 2\n").unwrap();
        let refused = hours(&choice, now).unwrap_err();
        assert!(refused.to_string().contains("calendar.toml") && refused.hint().is_some(), "{refused}");
        let longer = include_str!("../../market/data/nse-calendar.toml").replacen(
            "to = \"2026-12-31\"",
            "to = \"2027-12-31\"",
            1,
        );
        fs::write(&path, longer).unwrap();
        let Ok(Hours::MarketHours(of)) = hours(&choice, now) else { panic!("refused") };
        assert!(of(date(2027, 3, 1), Group::Derivatives).unwrap().is_some());
        let Ok(Hours::MarketHours(of)) = hours(&TradingHours::Exchange { calendar: None }, now) else {
            panic!("refused")
        };
        assert!(of(date(2027, 3, 1), Group::Derivatives).is_err());
    }
}
