//! Answers on real days.

use super::*;
use crate::Loaded;
use crate::policy::Policy;

mod faults;
mod mumbai;
mod new_york;

/// Evenings after the close and Saturdays, as a desk in Mumbai would have it.
const MUMBAI: &str = r#"
format = 1
service = { name = "ticker", zone = "Asia/Kolkata" }
[windows]
calendar = "nse:derivatives"
outside_sessions = true
prefer = ["wed"]
avoid = ["fri"]
expiry_days = ["tue"]
needs = "2h"
[[windows.allow]]
title = "after the close"
relative.after_close = { after = "20m", lasts = "4h" }
[[windows.allow]]
title = "Saturday"
weekdays = ["sat"]
from = "10:00"
to = "18:00"
[[windows.freeze]]
from = "2026-12-21"
to = "2027-01-03"
why = "end of year"
[[windows.blackout]]
from = "05:50"
to = "06:20"
why = "tokens expire at 06:00"
[windows.hotfix]
severities = ["P0"]
signers = ["cto"]
"#;

fn policy(text: &str) -> Policy {
    Loaded::parse(text).unwrap().policy
}

fn calendars() -> Calendars {
    Calendars::builtin()
}

fn moment(table: &Timetable<'_>, text: &str) -> Timestamp {
    let at: jiff::civil::DateTime = text.parse().unwrap();
    table.zone().to_timestamp(at).unwrap()
}

/// `why until when` of every reason.
fn why(table: &Timetable<'_>, at: &str) -> Vec<String> {
    let show = |reason: &Reason| {
        let until =
            reason.until.map(|at| at.to_zoned(table.zone().clone()).strftime("%m-%d %H:%M").to_string());
        format!("{} {}", reason.why.code(), until.unwrap_or("for ever".into()))
    };
    table.why_not(moment(table, at)).iter().map(show).collect()
}

/// `from to latest` of the next openings, `*` on preferred ones.
fn next(table: &Timetable<'_>, now: &str, n: usize) -> Vec<String> {
    let show = |opening: &Opening| {
        let clock = |at: Timestamp, format| at.to_zoned(table.zone().clone()).strftime(format).to_string();
        let (from, to) = (clock(opening.from, "%a %m-%d %H:%M"), clock(opening.to, "%m-%d %H:%M"));
        let star = if opening.preferred_from.is_some() { " *" } else { "" };
        format!("{from} - {to}, latest {}{star}", clock(opening.latest_start, "%H:%M"))
    };
    table.next(moment(table, now), n).openings.iter().map(show).collect()
}

#[test]
fn nothing_demanded_is_always_open() {
    let (policy, calendars) = (policy("format = 1\nservice = { name = \"x\" }\n"), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    let outlook = table.next(moment(&table, "2026-11-25T12:00"), 3);
    assert_eq!(outlook.openings.len(), 1);
    assert!(outlook.openings[0].goes_on && outlook.unknown.is_empty());
    assert!(outlook.ended_at.is_some());
}
