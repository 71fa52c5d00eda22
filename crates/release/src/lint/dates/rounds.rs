//! What recurs, and who is there meanwhile.

use crate::Length;
use crate::lint::{Case, Found, Words};
use crate::policy::{Meeting, Policy};

use super::reading::seconds;

fn rhythm(meeting: &Meeting) -> String {
    let times = match meeting.at.len() {
        0 | 1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    match meeting.every_days {
        1 => format!("{times} a day"),
        days => format!("{times} every {days} days"),
    }
}

pub(super) fn cadence(case: &Case<'_>, found: &mut Found<'_>) {
    let meetings = &case.policy.plan.meetings;
    for (i, second) in meetings.iter().enumerate() {
        for first in &meetings[..i] {
            let overlap = first.from_day.max(second.from_day)..=first.to_day.min(second.to_day);
            let one_topic = first.topic.is_some() && first.topic == second.topic;
            if one_topic && !overlap.is_empty() && rhythm(first) != rhythm(second) {
                let message = format!(
                    "`{}` and `{}` are about the same and recur differently on days {} to {}.",
                    first.id,
                    second.id,
                    overlap.start(),
                    overlap.end()
                );
                let stated = format!("{}; {}", rhythm(first), rhythm(second));
                let right = format!("one cadence until day {}, the other from the day after", first.to_day);
                found.at(&format!("plan.meeting.{i}.from_day"), Words::new(message, stated, right));
            }
        }
    }
}

pub(super) fn coverage(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    let Some(rota) = &policy.rota else { return };
    for (path, text) in promises(policy) {
        if let Some(promise) = promised(text).filter(|promise| *promise > rota.covered) {
            let message = "Somebody is promised around the clock for longer than the rota covers.";
            let words = Words::new(message, format!("{} in rota.covered", rota.covered), promise.to_string());
            found.at(&path, words.because(format!("promised: \"{text}\"")));
        }
    }
    gap(policy, found);
}

/// Texts in which coverage is promised, with their paths.
fn promises(policy: &Policy) -> Vec<(String, &str)> {
    let mut texts = Vec::new();
    for (i, section) in policy.sections.iter().enumerate() {
        for (j, item) in section.items.iter().enumerate() {
            texts.push((format!("section.{i}.item.{j}.text"), item.text.as_str()));
        }
    }
    for (i, condition) in policy.approval.iter().flat_map(|approval| &approval.conditions).enumerate() {
        texts.push((format!("approval.condition.{i}.text"), condition.text.as_str()));
    }
    for (i, task) in policy.plan.tasks.iter().enumerate() {
        texts.push((format!("plan.task.{i}.title"), task.title.as_str()));
    }
    for (i, horizon) in policy.horizons.iter().enumerate() {
        for (j, criterion) in horizon.criteria.iter().enumerate() {
            texts.push((format!("horizon.{i}.criterion.{j}.text"), criterion.text.as_str()));
        }
    }
    texts
}

/// `24/7 coverage for first 2 weeks`: two weeks.
fn promised(text: &str) -> Option<Length> {
    let (_, after) = text.split_once("24/7")?;
    let words: Vec<&str> = after.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    words.windows(2).find_map(|pair| {
        let count: u64 = pair[0].parse().ok().filter(|count| *count < 1_000)?;
        match pair[1].trim_end_matches('s') {
            "day" => Some(Length::days(count)),
            "week" => Some(Length::days(count * 7)),
            _ => None,
        }
    })
}

/// `09:00 on day 2`.
fn moment(seconds: i64) -> String {
    let (day, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    format!("{:02}:{:02} on day {day}", rest / 3_600, rest / 60 % 60)
}

/// Minutes without anybody, from the first shift to the end of the coverage.
fn gap(policy: &Policy, found: &mut Found<'_>) {
    let Some(rota) = policy.rota.as_ref().filter(|rota| !rota.shifts.is_empty()) else { return };
    let mut shifts: Vec<(i64, i64)> = Vec::new();
    for shift in &rota.shifts {
        let Some(clock) = seconds(&shift.from) else { return };
        let from = i64::from(shift.from_day) * 86_400 + clock;
        shifts.push((from, from.saturating_add(shift.lasts.signed_seconds())));
    }
    shifts.sort_unstable();
    let end = rota.covered.signed_seconds();
    // Nobody has to be there before the release begins, and that is some time on day 0.
    let mut until = shifts[0].0.min(86_400);
    for (from, to) in shifts.into_iter().chain([(end, end)]) {
        if from.min(end) > until && from.min(end) > 0 {
            let (gone, back) = (moment(until), moment(from.min(end)));
            let message = format!("Nobody is on call from {gone} to {back}.");
            let words = Words::new(message, format!("{gone} to {back}"), "a shift for that time")
                .because(format!("covered: {} from day 0", rota.covered));
            found.at("rota.shift", words);
        }
        until = until.max(to);
    }
}
