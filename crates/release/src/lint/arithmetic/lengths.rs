//! Slots, phases and agendas: are they as long as they say, and do they cover what they should?

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::Length;
use crate::lint::words::{at, minutes, spoken};
use crate::lint::{Case, Found, Level, Rule, Words};
use crate::policy::Task;

pub(super) const SLOT: Rule = Rule {
    code: "A06",
    level: Level::Error,
    title: "a slot or phase is not as long as it says",
    explain: "A \"24-hour\" soak from 12:00 to 09:00 ends after 21 hours and misses the part of the day that it was meant to cover. \
              Change the times, or the length.",
    look: slot,
};

pub(super) const IN_SESSION: Rule = Rule {
    code: "A07",
    level: Level::Error,
    title: "a slot covers less of the session than it needs",
    explain: "Traffic of a trading service is there while the market is open; a night proves little. Move or lengthen the slot until \
              as much of it lies in sessions as the task asks for.",
    look: in_session,
};

pub(super) const AGENDA: Rule = Rule {
    code: "A08",
    level: Level::Error,
    title: "an agenda does not fill the meeting it is for",
    explain: "The last points of an agenda that is too long are those that get no time, and the decision is one of them. Let the \
              points sum to the length of the meeting.",
    look: agenda,
};

/// When a task begins and ends, in seconds from the start of day 0.
struct Slot {
    from: i64,
    to: i64,
}

impl Slot {
    fn length(&self) -> Length {
        Length::seconds(self.to.abs_diff(self.from))
    }
}

fn of_day(text: Option<&str>) -> Option<i64> {
    let time: Time = text?.parse().ok()?;
    Some(i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second()))
}

/// An end before the start, without a day of its own, is on the next day.
fn slot_of(task: &Task) -> Option<Slot> {
    let (from, to) = (of_day(task.from.as_deref())?, of_day(task.to.as_deref())?);
    let first = i64::from(task.day);
    let last = match task.to_day {
        Some(day) => i64::from(day),
        None => first + i64::from(to <= from),
    };
    let slot = Slot { from: first * 86_400 + from, to: last * 86_400 + to };
    (slot.from < slot.to).then_some(slot)
}

/// How much of a slot lies in sessions. While day 0 is unknown: on the first days after the decision that all have a session.
fn session_part(case: &Case<'_>, slot: &Slot) -> Option<Length> {
    let policy = case.policy;
    let calendar = policy.service.sessions.as_ref().or(policy.windows.calendar.as_ref())?;
    let zone = match &policy.service.zone {
        Some(name) => TimeZone::get(name).ok()?,
        None => case.calendars.zone(calendar).ok()?,
    };
    let (first, last) = (slot.from.div_euclid(86_400), slot.to.div_euclid(86_400));
    // A placeholder for day 0 is as good as none.
    let start = match policy.plan.day0.as_ref().and_then(|date| date.parse().ok()) {
        Some(day0) => plus_days(day0, first)?,
        None => {
            let decided: Date = policy.service.decided_on.as_ref()?.parse().ok()?;
            let all_trade = |date: &Date| {
                (0..=last - first).all(|more| {
                    let session = plus_days(*date, more).map(|day| case.calendars.session(calendar, day));
                    matches!(session, Some(Ok(Some(_))))
                })
            };
            (0..31).filter_map(|more| plus_days(decided, more)).find(all_trade)?
        }
    };
    let midnight = start.to_datetime(Time::midnight());
    let moment = |second: i64| {
        let at = midnight.checked_add(SignedDuration::from_secs(second - first * 86_400)).ok()?;
        zone.to_ambiguous_zoned(at).compatible().ok().map(|zoned| zoned.timestamp())
    };
    let (from, to) = (moment(slot.from)?, moment(slot.to)?);
    let mut inside = 0;
    // The market may be a day ahead or behind; a session of each date is counted once.
    for more in -1..=last - first + 1 {
        let session = case.calendars.session(calendar, plus_days(start, more)?).ok()?;
        inside += session.map_or(0, |session| overlap(from, to, session.open, session.close));
    }
    Some(Length::seconds(inside))
}

fn overlap(from: Timestamp, to: Timestamp, open: Timestamp, close: Timestamp) -> u64 {
    let seconds = to.min(close).as_second() - from.max(open).as_second();
    u64::try_from(seconds).unwrap_or(0)
}

/// Longer slots than a year are nobody's soak, and would be a long walk.
fn plus_days(date: Date, days: i64) -> Option<Date> {
    if days.abs() > 4_000 {
        return None;
    }
    date.checked_add(days.days()).ok()
}

fn between(task: &Task, slot: &Slot) -> String {
    let text = |at: &Option<String>| at.clone().unwrap_or_default();
    format!(
        "{} on day {} to {} on day {} is {}",
        text(&task.from),
        task.day,
        text(&task.to),
        slot.to.div_euclid(86_400),
        spoken(slot.length())
    )
}

fn slot(case: &Case<'_>, found: &mut Found<'_>) {
    for (place, task) in case.policy.plan.tasks.iter().enumerate() {
        let (Some(stated), Some(slot)) = (task.stated_length, slot_of(task)) else { continue };
        if slot.length() == stated {
            continue;
        }
        let right = spoken(slot.length());
        let (part, sessions) = match session_part(case, &slot) {
            Some(part) => {
                (format!(", {} of them in session", spoken(part)), ", sessions of the calendar within it")
            }
            None => (String::new(), ""),
        };
        found.add(
            &in_plan("task", place, "stated_length"),
            Words {
                message: format!("the slot of `{}` is {right} long{part}, not {}", task.id, spoken(stated)),
                stated: spoken(stated),
                right: format!("{right}{part}"),
                arithmetic: format!("{}{sessions}", between(task, &slot)),
            },
        );
    }
    for (place, phase) in case.policy.plan.milestones.iter().enumerate() {
        let days = i64::from(phase.to_day) - i64::from(phase.from_day) + 1;
        let (Some(stated), Ok(days)) = (phase.stated_length, u64::try_from(days)) else { continue };
        let right = Length::days(days);
        if days == 0 || right == stated {
            continue;
        }
        found.add(
            &in_plan("milestone", place, "stated_length"),
            Words {
                message: format!("`{}` takes {}, not {}", phase.id, in_days(right), in_days(stated)),
                stated: in_days(stated),
                right: in_days(right),
                arithmetic: format!(
                    "days {} to {}, both counted: {} - {} + 1 = {days}",
                    phase.from_day,
                    phase.to_day,
                    phase.to_day,
                    signed(phase.from_day)
                ),
            },
        );
    }
}

/// `56 d (8 weeks)`.
fn in_days(length: Length) -> String {
    match (length.as_seconds() / 86_400, length.as_seconds() % 604_800) {
        (days @ 7.., 0) => format!("{days} d ({} weeks)", days / 7),
        _ => spoken(length),
    }
}

fn signed(day: i32) -> String {
    if day < 0 { format!("({day})") } else { day.to_string() }
}

fn in_plan(list: &str, place: usize, field: &str) -> Vec<String> {
    let mut path = vec!["plan".to_owned()];
    path.extend(at(list, place, &[field]));
    path
}

fn in_session(case: &Case<'_>, found: &mut Found<'_>) {
    for (place, task) in case.policy.plan.tasks.iter().enumerate() {
        let (Some(needed), Some(slot)) = (task.session_hours, slot_of(task)) else { continue };
        let Some(part) = session_part(case, &slot) else { continue };
        if part >= needed {
            continue;
        }
        found.add(
            &in_plan("task", place, "session_hours"),
            Words {
                message: format!(
                    "only {} of `{}` lie in sessions, {} are needed",
                    spoken(part),
                    task.id,
                    spoken(needed)
                ),
                stated: spoken(needed),
                right: spoken(part),
                arithmetic: format!(
                    "{}, {} of them between open and close",
                    between(task, &slot),
                    spoken(part)
                ),
            },
        );
    }
}

fn agenda(case: &Case<'_>, found: &mut Found<'_>) {
    for (place, meeting) in case.policy.plan.meetings.iter().enumerate() {
        let Some(stated) = meeting.stated_length else { continue };
        let sum: Length = meeting.agenda.iter().map(|item| item.length).sum();
        // Points without a length take what is left.
        let open_ended = meeting.agenda.iter().any(|item| item.length == Length::ZERO);
        if meeting.agenda.is_empty() || sum == stated || (open_ended && sum < stated) {
            continue;
        }
        let terms: Vec<String> = meeting
            .agenda
            .iter()
            .map(|item| minutes(item.length).trim_end_matches(" min").to_owned())
            .collect();
        found.add(
            &in_plan("meeting", place, "stated_length"),
            Words {
                message: format!(
                    "the agenda of `{}` takes {}, not {}",
                    meeting.id,
                    minutes(sum),
                    minutes(stated)
                ),
                stated: minutes(stated),
                right: minutes(sum),
                arithmetic: format!("{} = {}", terms.join(" + "), minutes(sum)),
            },
        );
    }
}
