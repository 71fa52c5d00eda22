//! Incidents as rows of a table, and how long they took.

use jiff::tz::TimeZone;
use release::incident::{Figures, Incident, Measures, OpenedBy, Status};
use release::runbook::shown as length;

use crate::document::{Cell, Section, Table, Tone};
use crate::shown;

/// One row for each, in the order in which they were opened.
pub(crate) fn list<'a>(
    section: &mut Section,
    incidents: impl Iterator<Item = &'a Incident>,
    zone: &TimeZone,
) {
    let mut incidents: Vec<&Incident> = incidents.collect();
    incidents.sort_by_key(|incident| (incident.opened.at, incident.id().to_owned()));
    let mut table = Table::new(["Incident", "Severity", "Opened", "By", "Stands", "#Clocks broken"]);
    for incident in incidents {
        let status = incident.status();
        let tone = if status == Status::Resolved { Tone::Good } else { Tone::Bad };
        let by = match &incident.opened.by {
            OpenedBy::Person(person) => person.clone(),
            OpenedBy::Trigger(trigger) => format!("trigger {trigger}"),
        };
        table.row([
            Cell::lines([incident.id(), &incident.opened.title]),
            Cell::from(&incident.severity),
            shown::moment(incident.opened.at, zone).into(),
            by.into(),
            Cell::toned(status.as_str(), tone),
            incident.breaches.len().to_string().into(),
        ]);
    }
    section.table(table);
}

/// Times to acknowledge, mitigate and resolve.
pub(crate) fn times(section: &mut Section, figures: &Figures) {
    let mut table = Table::new(["Time", "#Mean", "#Median", "#Longest", "#Of", "#Not yet"]);
    let rows = [
        ("To acknowledge", &figures.acknowledge),
        ("To mitigate", &figures.mitigate),
        ("To resolve (MTTR)", &figures.resolve),
    ];
    for (name, Measures { counted, left_out, mean, median, longest }) in rows {
        let shown = |time: &Option<_>| Cell::from(time.map_or_else(|| "-".to_owned(), length));
        let count = |count: &usize| Cell::from(count.to_string());
        table.row([name.into(), shown(mean), shown(median), shown(longest), count(counted), count(left_out)]);
    }
    section.table(table);
}
