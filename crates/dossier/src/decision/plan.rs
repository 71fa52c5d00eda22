//! The dated plan and what recurs.

use jiff::civil::Date;

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
    let mut tasks = Table::new(["Task", "When", "Owner", "Stands"]);
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
        title.extend(task.must.then(|| "must be done".to_owned()));
        let owner = task.owner.as_deref().map_or_else(|| "-".to_owned(), |owner| case.person(owner));
        tasks.row([Cell::lines(title), Cell::lines([days, time]), owner.into(), stands]);
    }
    section.table(tasks);
    let mark = case.days.date(0).map(|day0| (day0, "day 0".to_owned()));
    section.chart(Chart::days("Phases and tasks", &stretches, mark));
    section
}

/// What recurs, and what was noted of it.
pub(super) fn meetings(case: &Case<'_>) -> Section {
    let mut section = Section::new("Meetings");
    let mut table = Table::new(["Meeting", "From", "To", "Every", "At", "Who comes"]);
    for meeting in &case.policy().plan.meetings {
        let every = match meeting.every_days {
            1 => "day".to_owned(),
            days => format!("{days} days"),
        };
        let people = meeting.attendees.iter().map(|role| case.person(role));
        table.row([
            Cell::from(&meeting.title),
            case.day(meeting.from_day).into(),
            case.day(meeting.to_day).into(),
            every.into(),
            shown::or_dash(&meeting.at.join(", ")).into(),
            super::checklist::or_dash(Cell::lines(people)),
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
