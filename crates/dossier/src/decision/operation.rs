//! Incidents, risks, what people are told.

use release::incident::measures;
use release::ledger::event::Event;
use release::risks::{self, Level};

use super::Case;
use crate::document::{Cell, Section, Table, Tone};
use crate::operation;

/// Incidents of the service, and how long they took.
pub(super) fn incidents(case: &Case<'_>) -> Section {
    let mut section = Section::new("Incidents");
    let incidents = &case.service.incidents;
    operation::list(&mut section, incidents.incidents.values(), &case.zone);
    if !section.is_empty() {
        let figures = measures(incidents, None, jiff::Timestamp::MIN, case.edition.at);
        operation::times(&mut section, &figures);
    }
    section
}

/// The register, the worst first; a check that has not passed raises a risk.
pub(super) fn risks(case: &Case<'_>) -> Section {
    let mut section = Section::new("Risks");
    let mut table = Table::new(["Risk", "Likelihood", "Impact", "Level", "Raised by", "Mitigation", "Owner"]);
    for risk in risks::risks(&case.shown()) {
        let level = if risk.level == risk.inherent {
            word(risk.level).to_owned()
        } else {
            format!("{}, raised from {}", word(risk.level), word(risk.inherent))
        };
        let tone = match risk.level {
            Level::Low => Tone::Good,
            Level::Medium => Tone::Warn,
            Level::High | Level::Critical => Tone::Bad,
        };
        let raised = match (risk.checks.is_empty(), risk.raised.is_empty()) {
            (true, _) => Cell::from("no check watches it"),
            (false, true) => Cell::from("-"),
            (false, false) => Cell::lines(&risk.raised),
        };
        table.row([
            Cell::lines([&risk.title, &risk.id]),
            Cell::from(&risk.likelihood),
            Cell::from(&risk.impact),
            Cell::toned(level, tone),
            raised,
            crate::shown::or_dash(&risk.mitigation).into(),
            risk.owner.map_or_else(|| "-".to_owned(), |owner| owner.title).into(),
        ]);
    }
    section.table(table);
    section
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Low => "low",
        Level::Medium => "medium",
        Level::High => "high",
        Level::Critical => "critical",
    }
}

/// What is announced when, and what was.
pub(super) fn announcements(case: &Case<'_>) -> Section {
    let mut section = Section::new("Announcements");
    let mut table = Table::new(["Announcement", "When", "To", "Text"]);
    for announcement in &case.policy().announcements {
        let mut when: Vec<String> = Vec::new();
        when.extend(announcement.before.map(|before| format!("{before} before the window opens")));
        when.extend(announcement.during.then(|| "when it opens".to_owned()));
        when.extend(announcement.after.map(|after| format!("{after} after the release")));
        table.row([
            Cell::from(&announcement.id),
            super::checklist::or_dash(Cell::lines(when)),
            Cell::lines(&announcement.to),
            Cell::from(&announcement.text),
        ]);
    }
    section.table(table);
    let mut said = Table::new(["Announcement", "When", "By", "Text"]);
    for record in &case.service.records {
        let Event::Announced(announced) = record else { continue };
        if announced.release == case.state.of {
            let by = match (announced.channel.is_empty(), announced.by.is_empty()) {
                (false, _) => announced.channel.clone(),
                (true, false) => case.person(&announced.by),
                (true, true) => "control".to_owned(),
            };
            said.row([
                Cell::from(&announced.announcement),
                case.moment(announced.at).into(),
                by.into(),
                Cell::from(&announced.text),
            ]);
        }
    }
    if !said.rows.is_empty() {
        section.heading("Announced");
        section.table(said);
    }
    section
}
