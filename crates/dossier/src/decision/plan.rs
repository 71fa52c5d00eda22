//! The dated plan and what recurs.

use jiff::civil::Date;
use release::Length;
use release::policy::{AgendaItem, Task};

use super::Case;
use crate::chart::Chart;
use crate::document::{Cell, Section, Table, Tone};
use crate::shown;

/// Milestones and tasks with their dates.
pub(super) fn plan(case: &Case<'_>) -> Section {
    let mut section = Section::new("Plan");
    let plan = &case.policy().plan;
    let mut stretches: Vec<(String, Date, Date, Tone)> = Vec::new();
    let mut milestones = Table::new(["Phase", "From", "To"]);
    for phase in &plan.milestones {
        milestones.row([
            Cell::from(&phase.title),
            case.day(phase.from_day).into(),
            case.day(phase.to_day).into(),
        ]);
        if let (Some(from), Some(to)) = (case.days.date(phase.from_day), case.days.date(phase.to_day)) {
            stretches.push((phase.title.clone(), from, to, Tone::Plain));
        }
    }
    section.table(milestones);
    let mut tasks = Table::new(["Task", "When", "Owner", "Needs and gives", "Stands"]);
    for (task, standing) in plan.tasks.iter().zip(&case.standings.tasks) {
        let last = task.to_day.unwrap_or(task.day);
        let time = match (&task.from, &task.to) {
            (Some(from), Some(to)) => format!("{from} to {to}"),
            (from, to) => from.iter().chain(to).cloned().collect::<Vec<_>>().join(" "),
        };
        let days = if last == task.day {
            case.day(task.day)
        } else {
            format!("{} to {}", case.day(task.day), case.day(last))
        };
        let stands = match (standing.undone.is_empty(), &standing.late) {
            (true, _) => Cell::toned("done", Tone::Good),
            (false, Some(_)) if task.must => Cell::toned("late", Tone::Bad),
            (false, Some(_)) => Cell::toned("late", Tone::Warn),
            (false, None) => Cell::from("to come"),
        };
        if let (Some(from), Some(to)) = (case.days.date(task.day), case.days.date(last)) {
            stretches.push((task.title.clone(), from, to, stands.tone));
        }
        let mut title = vec![task.title.clone()];
        title.extend(task.milestone.as_ref().map(|phase| format!("part of {phase}")));
        title.extend(task.must.then(|| "must be done".to_owned()));
        let owner = task.owner.as_deref().map_or_else(|| "-".to_owned(), |owner| case.person(owner));
        tasks.row([Cell::lines(title), Cell::lines([days, time]), owner.into(), links(task), stands]);
    }
    section.table(tasks);
    let mark = case.days.date(0).map(|day0| (day0, "day 0".to_owned()));
    section.chart(Chart::days("Phases and tasks", &stretches, mark));
    section
}

/// A point, how long it takes, what is looked at.
fn agenda(item: &AgendaItem) -> String {
    let shows = if item.shows.is_empty() { String::new() } else { format!(": {}", item.shows.join(", ")) };
    let length = if item.length == Length::ZERO { String::new() } else { format!(", {}", item.length) };
    format!("{}{length}{shows}", item.text)
}

/// What comes before and after a task.
fn links(task: &Task) -> Cell {
    let lists = [
        ("needs", &task.needs),
        ("delivers", &task.delivers),
        ("ends blocker", &task.fixes),
        ("proves", &task.proves),
    ];
    let mut lines: Vec<String> = Vec::new();
    for (word, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
        lines.push(format!("{word} {}", names.join(", ")));
    }
    lines.extend(task.runbook.as_ref().map(|runbook| format!("runbook {runbook}")));
    lines.extend(task.session_hours.map(|hours| format!("{hours} of it in sessions")));
    super::checklist::or_dash(Cell::lines(lines))
}

/// What recurs, and what was noted of it.
pub(super) fn meetings(case: &Case<'_>) -> Section {
    let mut section = Section::new("Meetings");
    let mut table = Table::new(["Meeting", "From", "To", "Every", "At", "Who comes", "Agenda"]);
    for meeting in &case.policy().plan.meetings {
        let every = match meeting.every_days {
            1 => "day".to_owned(),
            days => format!("{days} days"),
        };
        let people = meeting.attendees.iter().map(|role| case.person(role));
        table.row([
            Cell::lines(std::iter::once(&meeting.title).chain(&meeting.topic)),
            case.day(meeting.from_day).into(),
            case.day(meeting.to_day).into(),
            every.into(),
            shown::or_dash(&meeting.at.join(", ")).into(),
            super::checklist::or_dash(Cell::lines(people)),
            super::checklist::or_dash(Cell::lines(meeting.agenda.iter().map(agenda))),
        ]);
    }
    section.table(table);
    let mut held = Table::new(["Meeting", "Due", "Held", "Noted"]);
    for record in &case.service.records {
        let release::ledger::event::Event::MeetingNoted(noted) = record else { continue };
        if noted.release != case.state.of {
            continue;
        }
        let yes = if noted.held { Cell::toned("yes", Tone::Good) } else { Cell::toned("no", Tone::Bad) };
        held.row([
            Cell::from(&noted.meeting),
            case.moment(noted.due).into(),
            yes,
            shown::or_dash(&noted.text).into(),
        ]);
    }
    if !held.rows.is_empty() {
        section.heading("Held and skipped");
        section.table(held);
    }
    section
}
