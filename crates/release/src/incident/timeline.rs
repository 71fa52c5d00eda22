//! What happened in an incident, line by line.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::event::{Event, OpenedBy};

/// One line per row about the incident, with the clock of `zone`, in the order of the rows:
/// `2026-03-02 10:04:00 +05:30  acknowledged by asha`.
pub fn timeline(events: &[Event], incident: &str, zone: &TimeZone) -> Vec<String> {
    events
        .iter()
        .filter_map(|event| line(event, incident))
        .map(|(at, words)| format!("{}  {words}", shown(at, zone)))
        .collect()
}

/// When the newest row about the incident was written; `None`: there is none.
pub fn newest(events: &[Event], incident: &str) -> Option<Timestamp> {
    events.iter().filter_map(|event| line(event, incident)).map(|(at, _)| at).max()
}

pub(super) fn shown(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    at.strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// When, and what, if the row is about the incident.
fn line(event: &Event, wanted: &str) -> Option<(Timestamp, String)> {
    let why = |why: &str| if why.is_empty() { String::new() } else { format!(": {}", one_line(why)) };
    let (incident, at, words) = match event {
        Event::IncidentOpened(body) => {
            let by = match &body.by {
                OpenedBy::Person(person) => person.clone(),
                OpenedBy::Trigger(trigger) => format!("trigger {trigger}"),
            };
            let words = format!("opened as {} by {by}: {}", body.severity, one_line(&body.title));
            (&body.incident, body.at, words)
        }
        Event::Noted(body) => {
            let users = if body.public { " to users" } else { "" };
            (&body.incident, body.at, format!("{}{users}: {}", body.by, one_line(&body.text)))
        }
        Event::SeverityChanged(body) => {
            let words = format!("severity {} from {}{}", body.severity, body.by, why(&body.why));
            (&body.incident, body.at, words)
        }
        Event::Acknowledged(body) => (&body.incident, body.at, format!("acknowledged by {}", body.by)),
        Event::Mitigated(body) => {
            (&body.incident, body.at, format!("service back, by {}{}", body.by, why(&body.how)))
        }
        Event::Resolved(body) => {
            (&body.incident, body.at, format!("resolved by {}{}", body.by, why(&body.how)))
        }
        Event::Reopened(body) => {
            (&body.incident, body.at, format!("reopened by {}{}", body.by, why(&body.why)))
        }
        Event::ClockBreached(body) => {
            (&body.incident, body.at, format!("the {} clock ran out", body.clock.as_str()))
        }
        Event::RetroDrafted(body) => {
            (&body.incident, body.at, format!("retrospective drafted for {}", body.by))
        }
        Event::TestOpened(body) => (&body.incident, body.at, format!("test page wanted by {}", body.by)),
        Event::ReceiverTold(body) => {
            let words = format!("{} told to {}, rung {}", body.word.as_str(), body.channel, body.key.rung);
            (&body.key.incident, body.at, words)
        }
        Event::PageSent(body) => {
            let missed = if body.missed.is_empty() { "" } else { "; not by " };
            let missed = format!("{missed}{}", one_line(&body.missed.join(", ")));
            let to = one_line(&body.to);
            let words = format!("page to {to} by {}, rung {}{missed}", body.channel, body.key.rung);
            (&body.key.incident, body.at, words)
        }
        Event::PageFailed(body) => {
            let words = format!("page by {} failed, rung {}{}", body.channel, body.key.rung, why(&body.why));
            (&body.key.incident, body.at, words)
        }
        Event::PageAcknowledged(body) => {
            (&body.key.incident, body.at, format!("page answered by {}", body.by))
        }
        Event::AlertFired(body) => {
            (body.incident.as_ref()?, body.at, format!("alert {} fired", one_line(&body.alert)))
        }
        // How it ended is a row of its own.
        Event::PageTried(_) | Event::AlertJudged(_) => return None,
    };
    (incident == wanted).then_some((at, words))
}

/// Line breaks and other control characters as blanks: a line stays one.
pub(crate) fn one_line(text: &str) -> String {
    let blank = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().map(blank).collect::<String>().trim().to_owned()
}
