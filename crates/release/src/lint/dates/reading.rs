//! Dates, times of day and zones as they are written.

use jiff::ToSpan;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::lint::{Case, Found, Words};
use crate::policy::Policy;

/// Days of a plan that can be a date at all.
const DAYS_MAX: i32 = 36_500;

/// `HH:MM` or `HH:MM:SS`.
pub(super) fn time(text: &str) -> Option<Time> {
    let digits = |part: &str| (part.len() == 2).then(|| part.parse::<i8>().ok()).flatten();
    let mut parts = text.split(':');
    let (hour, minute) = (digits(parts.next()?)?, digits(parts.next()?)?);
    let second = parts.next().map_or(Some(0), digits)?;
    if parts.next().is_some() { None } else { Time::new(hour, minute, second, 0).ok() }
}

/// Seconds since the day began; `24:00` is its end.
pub(super) fn seconds(text: &str) -> Option<i64> {
    if text == "24:00" {
        return Some(86_400);
    }
    let time = time(text)?;
    Some(i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second()))
}

/// `2026-03-10`.
pub(super) fn date(text: &str) -> Option<Date> {
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

/// The date of a day of the plan.
pub(super) fn day(policy: &Policy, day: i32) -> Option<Date> {
    let day0 = date(policy.plan.day0.as_deref()?)?;
    (-DAYS_MAX..=DAYS_MAX).contains(&day).then(|| day0.checked_add(day.days()).ok()).flatten()
}

/// The zone of dates and times of day outside `windows`.
pub(super) fn service_zone(policy: &Policy) -> Option<TimeZone> {
    TimeZone::get(policy.service.zone.as_deref()?).ok()
}

/// Every time of day, with its path.
fn times(policy: &Policy) -> Vec<(String, &str)> {
    let mut all: Vec<(String, Option<&String>)> = Vec::new();
    if let Some(rollout) = &policy.rollout {
        all.push(("rollout.at".into(), rollout.at.as_ref()));
        let steps = rollout.steps.iter().enumerate();
        all.extend(steps.map(|(i, step)| (format!("rollout.step.{i}.at"), step.at.as_ref())));
    }
    for (i, task) in policy.plan.tasks.iter().enumerate() {
        all.push((format!("plan.task.{i}.from"), task.from.as_ref()));
        all.push((format!("plan.task.{i}.to"), task.to.as_ref()));
    }
    for (i, meeting) in policy.plan.meetings.iter().enumerate() {
        let at = meeting.at.iter().enumerate();
        all.extend(at.map(|(j, at)| (format!("plan.meeting.{i}.at.{j}"), Some(at))));
    }
    for (i, shift) in policy.rota.iter().flat_map(|rota| &rota.shifts).enumerate() {
        all.push((format!("rota.shift.{i}.from"), Some(&shift.from)));
    }
    for (i, window) in policy.windows.allow.iter().enumerate() {
        all.push((format!("windows.allow.{i}.from"), window.from.as_ref()));
        all.push((format!("windows.allow.{i}.to"), window.to.as_ref()));
    }
    for (i, blackout) in policy.windows.blackouts.iter().enumerate() {
        all.push((format!("windows.blackout.{i}.from"), Some(&blackout.from)));
        all.push((format!("windows.blackout.{i}.to"), Some(&blackout.to)));
    }
    stated(all)
}

/// Every date, with its path.
fn dates(policy: &Policy) -> Vec<(String, &str)> {
    let mut all = vec![
        ("plan.day0".to_owned(), policy.plan.day0.as_ref()),
        ("service.decided_on".to_owned(), policy.service.decided_on.as_ref()),
    ];
    let reviews = policy.reviews.iter().enumerate();
    all.extend(reviews.map(|(i, review)| (format!("review.{i}.on"), review.on.as_ref())));
    for (i, freeze) in policy.windows.freezes.iter().enumerate() {
        all.push((format!("windows.freeze.{i}.from"), Some(&freeze.from)));
        all.push((format!("windows.freeze.{i}.to"), Some(&freeze.to)));
    }
    stated(all)
}

fn stated(all: Vec<(String, Option<&String>)>) -> Vec<(String, &str)> {
    all.into_iter().filter_map(|(path, text)| Some((path, text?.as_str()))).collect()
}

pub(super) fn zone(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    for (path, name) in [("service.zone", &policy.service.zone), ("windows.zone", &policy.windows.zone)] {
        if let Some(name) = name
            && TimeZone::get(name).is_err()
        {
            let message = format!("There is no time zone `{name}` in the IANA database.");
            found.at(path, Words::new(message, name.as_str(), "a name such as `Asia/Kolkata`"));
        }
    }
    if policy.service.zone.is_some() {
        return;
    }
    let own = policy.windows.zone.is_some();
    let without = times(policy).into_iter().find(|(path, _)| !(own && path.starts_with("windows.")));
    if let Some((path, text)) = without {
        let sessions = policy.service.sessions.as_ref().or(policy.windows.calendar.as_ref());
        let right = match sessions.and_then(|name| case.calendars.zone(name).ok()) {
            Some(zone) => format!("service.zone = \"{}\"", zone.iana_name().unwrap_or("the market's")),
            None => "service.zone".to_owned(),
        };
        let message = format!("`{text}` is a time of day, and the policy names no time zone for it.");
        found.at(&path, Words::new(message, text, right));
    }
}

pub(super) fn unreadable(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    for (path, text) in times(policy) {
        if seconds(text).is_none() && !is_placeholder(text) {
            let message = format!("`{text}` is no time of day.");
            found.at(&path, Words::new(message, text, "hours and minutes, as in `09:15`"));
        }
    }
    for (path, text) in dates(policy) {
        if date(text).is_none() && !is_placeholder(text) {
            let message = format!("`{text}` is no date.");
            found.at(&path, Words::new(message, text, "year, month and day, as in `2026-03-10`"));
        }
    }
    let mut backwards = |path: String, from: String, to: String| {
        let message = format!("It ends ({to}) before it begins ({from}).");
        found.at(&path, Words::new(message, format!("{from} to {to}"), "the earlier one first"));
    };
    for (i, task) in policy.plan.tasks.iter().enumerate() {
        let clock = |text: &Option<String>| text.as_deref().and_then(seconds);
        if let Some(to) = task.to_day.filter(|to| *to < task.day) {
            backwards(format!("plan.task.{i}.to_day"), format!("day {}", task.day), format!("day {to}"));
        } else if let (Some(from), Some(to)) = (clock(&task.from), clock(&task.to))
            && task.to_day.unwrap_or(task.day) == task.day
            && to < from
        {
            let text = |time: &Option<String>| time.clone().unwrap_or_default();
            backwards(format!("plan.task.{i}.to"), text(&task.from), text(&task.to));
        }
    }
    let spans = policy.plan.milestones.iter().map(|milestone| (milestone.from_day, milestone.to_day));
    let spans = spans.enumerate().map(|(i, span)| ("milestone", i, span));
    let meetings = policy.plan.meetings.iter().map(|meeting| (meeting.from_day, meeting.to_day));
    for (kind, i, (from, to)) in spans.chain(meetings.enumerate().map(|(i, span)| ("meeting", i, span))) {
        if to < from {
            backwards(format!("plan.{kind}.{i}.to_day"), format!("day {from}"), format!("day {to}"));
        }
    }
    for (i, freeze) in policy.windows.freezes.iter().enumerate() {
        if let (Some(from), Some(to)) = (date(&freeze.from), date(&freeze.to))
            && to < from
        {
            backwards(format!("windows.freeze.{i}.to"), from.to_string(), to.to_string());
        }
    }
}

/// Left open on purpose: another rule says so.
fn is_placeholder(text: &str) -> bool {
    crate::lint::roles::placeholder(text).is_some()
}
