//! A day and a week of a service, from what the rows hold of it: synthetic checks hour by hour, incidents, alerts.
//!
//! Enters: all rows, a service, a date. Leaves: the document. Never here: figures that only a metrics server has.

mod incidents;
mod watched;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use release::Policy;
use release::incident::{alert_quality, measures};
use release::ledger::{Ledger, Service};

use crate::decision::imprint;
use crate::document::{Cell, Document, Section, Table};
use crate::edition::{CannotWrite, Edition};
use crate::shown;

pub(crate) use incidents::{list, times};

/// One day of a service, midnight to midnight in its zone; that of the edition's moment unless said.
///
/// # Errors
/// [`CannotWrite`]: no such service, or no policy.
pub fn daily(
    ledger: &Ledger,
    service: &str,
    on: Option<Date>,
    edition: &Edition,
) -> Result<Document, CannotWrite> {
    report(ledger, service, "Daily metrics", 1, on, edition)
}

/// The seven days that end with `on`, or with the day of the edition's moment.
///
/// # Errors
/// As [`daily`].
pub fn weekly(
    ledger: &Ledger,
    service: &str,
    on: Option<Date>,
    edition: &Edition,
) -> Result<Document, CannotWrite> {
    report(ledger, service, "Weekly objectives", 7, on, edition)
}

/// The policy that holds for a service: also for one that is only watched, without a release.
pub(crate) fn policy(ledger: &Ledger, service: &str) -> Result<Policy, CannotWrite> {
    let digest = ledger.policy_of(service).ok_or_else(|| CannotWrite::NoService(service.to_owned()))?;
    ledger.policy(&digest).map(|loaded| loaded.policy).ok_or(CannotWrite::NoPolicy(digest))
}

/// The stretch of time that a report is about.
struct Range<'a> {
    from: Timestamp,
    to: Timestamp,
    zone: &'a TimeZone,
}

fn report(
    ledger: &Ledger,
    service: &str,
    kind: &str,
    days: i64,
    on: Option<Date>,
    edition: &Edition,
) -> Result<Document, CannotWrite> {
    let policy = policy(ledger, service)?;
    let known = ledger.services.get(service).ok_or_else(|| CannotWrite::NoService(service.to_owned()))?;
    let zone = shown::zone(&policy);
    let last = on.unwrap_or_else(|| zone.to_datetime(edition.at).date());
    let first = last.saturating_sub((days - 1).days());
    let midnight = |date: Date| date.to_zoned(zone.clone()).map_or(Timestamp::MIN, |at| at.timestamp());
    let to = midnight(last.tomorrow().unwrap_or(last)).min(edition.at);
    let range = Range { from: midnight(first), to, zone: &zone };
    let days = if first == last {
        shown::date(first)
    } else {
        format!("{} to {}", shown::date(first), shown::date(last))
    };
    let name = if policy.service.title.is_empty() { service } else { &policy.service.title };
    let mut sections = vec![
        watched::objectives(&policy, known, &range),
        watched::checks(known, &range, first == last),
        watched::turns(known, &range),
        trouble(known, &range),
        alerts(known, &range),
    ];
    sections.retain(|section| !section.is_empty());
    let lead = vec![format!("What the journal holds of {days}, up to {}.", shown::moment(range.to, &zone))];
    Ok(Document {
        kind: kind.to_owned(),
        title: format!("{name}, {days}"),
        outcome: None,
        lead,
        facts: vec![("Service".to_owned(), Cell::from(service))],
        sections,
        imprint: imprint(edition),
    })
}

/// Incidents that were opened in that time, and how long they took.
fn trouble(known: &Service, range: &Range<'_>) -> Section {
    let mut section = Section::new("Incidents");
    let opened = known.incidents.incidents.values();
    let opened = opened.filter(|incident| (range.from..range.to).contains(&incident.opened.at));
    list(&mut section, opened, range.zone);
    if section.is_empty() {
        section.text("None was opened.");
    } else {
        times(&mut section, &measures(&known.incidents, None, range.from, range.to));
    }
    section
}

/// How good the alerts were in the weeks that the report touches.
fn alerts(known: &Service, range: &Range<'_>) -> Section {
    let mut section = Section::new("Alerts");
    let date = |at: Timestamp| range.zone.to_datetime(at).date();
    // The report ends before `to`, which may be the midnight of the next week.
    let last = date(range.to.checked_sub(1.nanosecond()).unwrap_or(range.to));
    let mut table = Table::new([
        "Week of",
        "Alert",
        "#Fired",
        "#Actionable",
        "#In vain",
        "#Not judged",
        "#Actionable, %",
    ]);
    for week in alert_quality(&known.incidents, range.zone) {
        let end = week.week.saturating_add(7.days());
        if week.week > last || end <= date(range.from) {
            continue;
        }
        table.row([
            Cell::from(week.week.to_string()),
            Cell::from(&week.alert),
            week.fired.to_string().into(),
            week.actionable.to_string().into(),
            week.in_vain.to_string().into(),
            week.unjudged().to_string().into(),
            week.quality().map_or_else(|| "-".to_owned(), |share| share.rounded(1).to_string()).into(),
        ]);
    }
    section.table(table);
    section
}
