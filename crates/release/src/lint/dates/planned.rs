//! The release as it is planned, against the windows of its own policy.

use super::reading::service_zone;
use super::sessions;
use crate::day::Days;
use crate::lint::{Case, Found, Words};
use crate::timing::{self, KnownBy};
use crate::window::{Timetable, Why};

pub(super) fn closed(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    // Sessions have a rule of their own, which says more.
    if service_zone(policy).is_none() || sessions::reaches_in(case) {
        return;
    }
    let (Some(at), by) = timing::planned(policy, &Days::of(policy, None), case.calendars) else { return };
    let deploys = |id: &String| {
        policy.runbooks.iter().any(|book| book.id == *id && book.purpose == crate::policy::Purpose::Deploy)
    };
    let path = match by {
        KnownBy::Rollout => "rollout.at".to_owned(),
        KnownBy::Task => {
            let mut tasks = policy.plan.tasks.iter();
            let task = tasks.position(|task| task.day == 0 && task.runbook.as_ref().is_some_and(deploys));
            format!("plan.task.{}.from", task.unwrap_or_default())
        }
        // Only the day is planned.
        KnownBy::Run | KnownBy::Window | KnownBy::Day | KnownBy::Nothing => return,
    };
    // What cannot be read is said elsewhere.
    let Ok(timetable) = Timetable::new(policy, case.calendars) else { return };
    let mut against = timetable.why_not(at);
    against.retain(|reason| !matches!(reason.why, Why::CalendarUnknown { .. }));
    if against.is_empty() {
        return;
    }
    let zone = timetable.zone();
    let show = |at: jiff::Timestamp| at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M").to_string();
    let reasons: Vec<String> = against.iter().map(|reason| reason.words(zone)).collect();
    let message = format!("The release may not begin when it is planned: {}.", reasons.join("; "));
    let needs = timetable.needs();
    let right = match timetable.next(at, 1).suggested {
        Some(next) => format!("a shorter release, or {}", show(next)),
        None => "a shorter release: none of the next windows is long enough".to_owned(),
    };
    let parts: Vec<String> = needs.parts.iter().map(|(what, length)| format!("{what} {length}")).collect();
    let arithmetic = format!("{} = {}", parts.join(" + "), needs.length);
    found.at(&path, Words::new(message, show(at), right).because(arithmetic));
}
