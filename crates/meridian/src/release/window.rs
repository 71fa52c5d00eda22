//! `meridian release window`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use release::calendar::Calendars;
use release::window::{Opening, Outlook, Reason, Timetable, faults};
use serde_json::{Value, json};

use super::now;
use super::policy::{content, read};
use crate::cli::{CalendarFile, WindowArguments};
use crate::failure::Failure;
use crate::output;

/// The built-in calendars and those given by hand, which replace built-in ones of the same name.
///
/// # Errors
/// Names the file and what is wrong with it.
pub fn calendars(files: &[CalendarFile]) -> Result<Calendars, Failure> {
    let mut calendars = Calendars::builtin();
    for file in files {
        let text = content(&file.path)?;
        calendars = calendars.with(&file.market, &text).map_err(|error| {
            Failure::new(format!("{} is not a calendar", file.path.display())).chain(&error)
        })?;
    }
    Ok(calendars)
}

pub fn run(arguments: &WindowArguments) -> Result<(), Failure> {
    let calendars = calendars(&arguments.calendar)?;
    let path = &arguments.policy;
    let loaded = read(path)?.loaded;
    let timetable = Timetable::new(&loaded.policy, &calendars).map_err(|_| {
        let mut failure = Failure::new(format!("{}: the windows cannot be read", path.display()));
        for fault in faults(&loaded.policy, &calendars) {
            failure = failure.cause(format!("line {}: {}", loaded.source.at(&fault.path), fault.words));
        }
        failure
    })?;
    let timetable = match &arguments.severity {
        None => timetable,
        Some(severity) => {
            let timetable = timetable.for_incident(severity);
            if timetable.exception().is_none() {
                output::talk(&format!("the policy makes no exception for {severity}: everything counts\n"));
            }
            timetable
        }
    };
    let at = match arguments.at {
        Some(at) => at,
        None => now()?,
    };
    let zone = timetable.zone().clone();
    let against = timetable.why_not(at);
    let outlook = timetable.next(at, usize::from(arguments.next));
    if arguments.json {
        return output::json(&document(at, &timetable, &against, &outlook));
    }
    print(at, &zone, &timetable, &against, &outlook);
    Ok(())
}

fn print(at: Timestamp, zone: &TimeZone, timetable: &Timetable<'_>, against: &[Reason], outlook: &Outlook) {
    let parts: Vec<String> =
        timetable.needs().parts.iter().map(|(what, length)| format!("{what} {length}")).collect();
    let mut text = format!("a release takes {} ({})\n", timetable.needs().length, parts.join(", "));
    for unsaid in &timetable.needs().unsaid {
        text.push_str(&format!("  not counted, nobody has said how long: {unsaid}\n"));
    }
    let now = shown(at, zone);
    if against.is_empty() {
        text.push_str(&format!("{now}: it may begin\n"));
    } else {
        text.push_str(&format!("{now}: it may not begin\n"));
    }
    for reason in against {
        text.push_str(&format!("  - {}\n", reason.words(zone)));
    }
    let waived = timetable.waived(at);
    if let Some(exception) = timetable.exception().filter(|_| !waived.is_empty()) {
        text.push_str(&format!(
            "  set aside for {}, signed by {}:\n",
            exception.severity,
            exception.signers.join(", ")
        ));
        for reason in &waived {
            text.push_str(&format!("  - {}\n", reason.words(zone)));
        }
    }
    text.push('\n');
    output::data(&text);
    let row = |opening: &Opening| {
        let preferred = opening
            .preferred_from
            .map_or(String::new(), |from| format!("preferred from {}", shown(from, zone)));
        vec![
            shown(opening.from, zone),
            shown(opening.latest_start, zone),
            shown(opening.to, zone),
            opening.titles.join(", "),
            preferred,
        ]
    };
    if !outlook.openings.is_empty() {
        let rows: Vec<Vec<String>> = outlook.openings.iter().map(row).collect();
        output::table(&["MAY BEGIN FROM", "UP TO", "OVER BY", "WINDOW", ""], &rows);
    }
    let mut text = String::new();
    if let Some(suggested) = outlook.suggested {
        text.push_str(&format!("\nsuggested: {}\n", shown(suggested, zone)));
    }
    if let Some(ended_at) = outlook.ended_at {
        let longest = outlook.longest;
        text.push_str(&format!(
            "looked up to {}; the longest free stretch is {longest}\n",
            shown(ended_at, zone)
        ));
    }
    for reason in outlook.unknown.iter().take(1) {
        text.push_str(&format!("not known: {}\n", reason.words(zone)));
    }
    output::data(&text);
}

fn shown(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M").to_string()
}

fn document(at: Timestamp, timetable: &Timetable<'_>, against: &[Reason], outlook: &Outlook) -> Value {
    let zone = timetable.zone();
    let reasons = |reasons: &[Reason]| -> Vec<Value> {
        reasons
            .iter()
            .map(|reason| {
                json!({"code": reason.why.code(), "message": reason.words(zone), "from": reason.from, "until": reason.until})
            })
            .collect()
    };
    let openings: Vec<Value> = outlook
        .openings
        .iter()
        .map(|opening| {
            json!({
                "from": opening.from, "latest_start": opening.latest_start, "to": opening.to,
                "preferred_from": opening.preferred_from, "windows": opening.titles, "set_aside": reasons(&opening.waived),
            })
        })
        .collect();
    json!({
        "at": at, "allowed": against.is_empty(), "reasons": reasons(against), "set_aside": reasons(&timetable.waived(at)),
        "signers": timetable.answer(at).signers,
        "needs_seconds": timetable.needs().length.as_seconds(), "openings": openings, "suggested": outlook.suggested,
        "looked_up_to": outlook.ended_at, "zone": zone.iana_name(),
    })
}
