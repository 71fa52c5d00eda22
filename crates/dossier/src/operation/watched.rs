//! Synthetic checks, hour by hour, and the objectives that they measure.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use release::ledger::Service;
use release::ledger::event::{Event, WatchHour};
use release::policy::Indicator;
use release::slo::ErrorBudget;
use release::{Figure, Policy};

use super::Range;
use crate::document::{Cell, Section, Table, Tone};
use crate::shown;

/// Runs of a check, added up.
#[derive(Clone, Copy, Default)]
struct Sum {
    passed: u64,
    failed: u64,
    unknown: u64,
    slowest_ms: u64,
    total_ms: u64,
}

impl Sum {
    fn add(&mut self, hour: &WatchHour) {
        self.passed += u64::from(hour.passed);
        self.failed += u64::from(hour.failed);
        self.unknown += u64::from(hour.unknown);
        self.slowest_ms = self.slowest_ms.max(hour.slowest_ms);
        self.total_ms = self.total_ms.saturating_add(hour.total_ms);
    }

    const fn known(self) -> u64 {
        self.passed + self.failed
    }

    /// Percent of what is known, rounded half away from zero.
    fn good(self) -> Option<Figure> {
        (whole(self.passed) * Figure::HUNDRED).per(whole(self.known()))
    }

    /// Of all answers, milliseconds, rounded down.
    fn mean_ms(self) -> Option<u64> {
        self.total_ms.checked_div(self.known() + self.unknown)
    }
}

fn whole(count: u64) -> Figure {
    Figure::whole(i64::try_from(count).unwrap_or(i64::MAX))
}

fn hours(known: &Service) -> impl Iterator<Item = &WatchHour> {
    known.records.iter().filter_map(|record| match record {
        Event::WatchHour(hour) => Some(hour),
        _ => None,
    })
}

/// Objectives that a synthetic check measures, over the report and over their own period up to its end.
pub(super) fn objectives(policy: &Policy, known: &Service, range: &Range<'_>) -> Section {
    let mut section = Section::new("Objectives");
    let mut table = Table::new([
        "Objective",
        "#Good, %",
        "#In this report, %",
        "Over",
        "#In that time, %",
        "#Budget left, %",
        "Kept",
    ]);
    for slo in &policy.slos {
        let Indicator::Probe { check, .. } = &slo.indicator else { continue };
        let period = SignedDuration::from_secs(slo.period.signed_seconds());
        let since = range.to.checked_sub(period).unwrap_or(jiff::Timestamp::MIN);
        let sum = |from| {
            let mut sum = Sum::default();
            let within =
                |hour: &&WatchHour| hour.check == *check && from <= hour.from && hour.from < range.to;
            hours(known).filter(within).for_each(|hour| sum.add(hour));
            sum
        };
        let (here, whole) = (sum(range.from), sum(since));
        let left =
            ErrorBudget::of(slo).ok().and_then(|budget| budget.left_percent(whole.failed, whole.known()));
        let kept = match whole.good() {
            None => Cell::toned("nobody knows", Tone::Warn),
            Some(good) if good >= slo.objective => Cell::toned("yes", Tone::Good),
            Some(_) => Cell::toned("no", Tone::Bad),
        };
        table.row([
            Cell::from(if slo.title.is_empty() { &slo.id } else { &slo.title }),
            slo.objective.to_string().into(),
            percent(here.good()),
            slo.period.to_string().into(),
            percent(whole.good()),
            percent(left),
            kept,
        ]);
    }
    section.table(table);
    section
}

fn percent(figure: Option<Figure>) -> Cell {
    Cell::from(figure.map_or_else(|| "-".to_owned(), |figure| figure.rounded(3).to_string()))
}

/// All checks: by hour for a day, by day for a week.
pub(super) fn checks(known: &Service, range: &Range<'_>, by_hour: bool) -> Section {
    let mut section = Section::new("Synthetic checks");
    let mut sums: BTreeMap<(&str, &str, String), Sum> = BTreeMap::new();
    for hour in hours(known).filter(|hour| (range.from..range.to).contains(&hour.from)) {
        let at = hour.from.to_zoned(range.zone.clone());
        let when = if by_hour { at.strftime("%H:%M").to_string() } else { shown_day(at.date()) };
        sums.entry((&hour.check, &hour.environment, when)).or_default().add(hour);
    }
    let mut table = Table::new([
        "Check",
        "Where",
        "When",
        "#Passed",
        "#Failed",
        "#Not known",
        "#Good, %",
        "#Mean, ms",
        "#Slowest, ms",
    ]);
    for ((check, environment, when), sum) in sums {
        table.row([
            check.into(),
            environment.into(),
            when.into(),
            sum.passed.to_string().into(),
            sum.failed.to_string().into(),
            sum.unknown.to_string().into(),
            percent(sum.good()),
            sum.mean_ms().map_or_else(|| "-".to_owned(), |mean| mean.to_string()).into(),
            sum.slowest_ms.to_string().into(),
        ]);
    }
    section.table(table);
    section
}

/// In the order of the calendar also where it is sorted as text.
fn shown_day(date: jiff::civil::Date) -> String {
    date.strftime("%Y-%m-%d %a").to_string()
}

/// When checks turned up or down.
pub(super) fn turns(known: &Service, range: &Range<'_>) -> Section {
    let mut section = Section::new("Turns");
    let mut table = Table::new(["When", "Check", "Where", "Turned", "Why"]);
    for record in &known.records {
        let Event::WatchTurned(turned) = record else { continue };
        if !(range.from..range.to).contains(&turned.at) {
            continue;
        }
        let to = match turned.up {
            Some(true) => Cell::toned("up", Tone::Good),
            Some(false) => Cell::toned("down", Tone::Bad),
            None => Cell::toned("not known", Tone::Warn),
        };
        let at = shown::moment(turned.at, range.zone);
        table.row([
            at.into(),
            Cell::from(&turned.check),
            Cell::from(&turned.environment),
            to,
            shown::or_dash(&turned.why).into(),
        ]);
    }
    section.table(table);
    section
}
