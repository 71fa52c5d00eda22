//! Incidents, risks, what people are told.

use release::incident::measures;
use release::ledger::event::Event;

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

/// The register; a red check raises a risk.
pub(super) fn risks(case: &Case<'_>) -> Section {
    let mut section = Section::new("Risks");
    let mut table = Table::new(["Risk", "Likelihood", "Impact", "Stands", "Mitigation", "Owner"]);
    for risk in &case.policy().risks {
        let red: Vec<&str> = risk
            .checks
            .iter()
            .filter(|id| case.check(id).is_none_or(|check| check.open.is_some()))
            .map(String::as_str)
            .collect();
        let stands = match (risk.checks.is_empty(), red.is_empty()) {
            (true, _) => Cell::from("no check watches it"),
            (false, true) => Cell::toned("mitigated", Tone::Good),
            (false, false) => Cell::toned(format!("raised by {}", red.join(", ")), Tone::Bad),
        };
        table.row([
            Cell::from(&risk.title),
            Cell::from(&risk.likelihood),
            Cell::from(&risk.impact),
            stands,
            crate::shown::or_dash(&risk.mitigation).into(),
            risk.owner.as_deref().map_or_else(|| "-".to_owned(), |owner| case.person(owner)).into(),
        ]);
    }
    section.table(table);
    section
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
