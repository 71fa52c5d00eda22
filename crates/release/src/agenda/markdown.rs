//! An agenda as Markdown, for whoever leads the meeting.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Agenda, Shown};
use crate::incident::plain;
use crate::moment::Who;
use crate::schedule::DueState;

/// Times are shown in `zone`. The same agenda gives the same text.
pub fn markdown(agenda: &Agenda, zone: &TimeZone) -> String {
    let clock = |at: Timestamp, format: &str| at.to_zoned(zone.clone()).strftime(format).to_string();
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = writeln!(text, "# {}\n", plain(&agenda.title));
    match &agenda.occurrence {
        Some(one) if one.whole_day => {
            let _ = writeln!(text, "{} (day {})", clock(one.due, "%a %Y-%m-%d"), one.day);
        }
        Some(one) => {
            let (from, to) = (clock(one.due, "%a %Y-%m-%d %H:%M"), clock(one.over, "%H:%M %Z"));
            let _ = writeln!(text, "{from}-{to} (day {})", one.day);
        }
        None => text.push_str("Its date is not known: day 0 has none.\n"),
    }
    if !agenda.attendees.is_empty() {
        let who: Vec<String> = agenda.attendees.iter().map(name).collect();
        let _ = writeln!(text, "With: {}", who.join(", "));
    }
    for item in &agenda.items {
        let when = item.from.map_or(String::new(), |from| format!("{} ", clock(from, "%H:%M")));
        let _ = writeln!(text, "\n## {when}{} ({})\n", plain(&item.text), item.length);
        for shown in &item.shows {
            let _ = writeln!(text, "- {}", line(shown));
        }
    }
    list(&mut text, "Open findings", &agenda.findings, |finding| {
        let blocks = if finding.blocks { ", blocks the release" } else { "" };
        let what = format!("{} {}", finding.id, finding.title);
        format!("{} ({}{blocks}): {}", plain(&what), plain(&finding.severity), plain(&finding.why.join("; ")))
    });
    list(&mut text, "Late tasks", &agenda.late, |task| {
        let owner = task.owner.as_ref().map_or("nobody".to_owned(), name);
        let late = task.late_by.unwrap_or_default();
        format!("{} ({owner}): late by {late}{}", plain(&task.title), if task.must { ", must" } else { "" })
    });
    list(&mut text, "Open conditions", &agenda.conditions, |due| {
        let date = due.date.map_or("before the release".to_owned(), |date| date.to_string());
        let missed = if due.state == DueState::Late { ", missed" } else { "" };
        let owner = due.owner.as_ref().map_or("nobody".to_owned(), name);
        format!("{} ({owner}, {date}{missed})", plain(&due.title))
    });
    list(&mut text, "Incidents", &agenda.incidents, |one| {
        let what = format!("{} {} {}", one.severity, one.id, one.title);
        format!("{}: {}, since {}", plain(&what), one.status, clock(one.opened, "%Y-%m-%d %H:%M"))
    });
    list(&mut text, "Skipped", &agenda.skipped, |one| {
        let why = if one.text.is_empty() { String::new() } else { format!(": {}", plain(&one.text)) };
        format!("{}{why}", clock(one.due, "%a %Y-%m-%d %H:%M"))
    });
    if let Some(last) = agenda.last.as_ref().filter(|last| !last.text.is_empty()) {
        let _ = writeln!(text, "\n## Last time ({})\n\n{}", clock(last.due, "%Y-%m-%d"), plain(&last.text));
    }
    text
}

fn list<T>(text: &mut String, heading: &str, all: &[T], line: impl Fn(&T) -> String) {
    if all.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## {heading}\n");
    for one in all {
        let _ = writeln!(text, "- {}", line(one));
    }
}

fn name(who: &Who) -> String {
    let people: Vec<String> = who.people.iter().filter(|id| **id != who.id).map(|id| plain(id)).collect();
    if people.is_empty() {
        plain(&who.title)
    } else {
        format!("{} ({})", plain(&who.title), people.join(", "))
    }
}

fn line(shown: &Shown) -> String {
    match shown {
        Shown::Check { id, title, answer, why, age } => {
            let title = if title.is_empty() { id } else { title };
            let age = age.map_or(String::new(), |age| format!(", {age} ago"));
            let why = if why.is_empty() { String::new() } else { format!(": {}", plain(why)) };
            format!("{}: **{answer}**{age}{why}", plain(title))
        }
        Shown::Metric { id, title, unit, figures } => {
            let title = if title.is_empty() { id } else { title };
            let figure = |shot: &super::Shot| {
                let name = if shot.name == *id { String::new() } else { format!("{} ", plain(&shot.name)) };
                format!("{name}{} {}, {} ago", shot.value, plain(unit), shot.age)
            };
            let figures: Vec<String> = figures.iter().map(figure).collect();
            let figures = if figures.is_empty() { "not measured".to_owned() } else { figures.join("; ") };
            format!("{}: {figures}", plain(title))
        }
        Shown::Unknown { id } => {
            format!("{}: the policy has neither a check nor a metric of this name", plain(id))
        }
    }
}
