//! What is measured, and what it was before.

use release::policy::{FromIncidents, Kind, Metric};

use super::Case;
use super::checklist::or_dash;
use crate::document::{Cell, Section, Table};
use crate::shown;

/// Metrics and baselines.
pub(super) fn measures(case: &Case<'_>) -> Section {
    let mut section = Section::new("Metrics and baselines");
    let policy = case.policy();
    let mut table = Table::new(["Metric", "Kind", "Better", "Comes from", "Limits"]);
    for metric in &policy.metrics {
        table.row([
            Cell::lines([&metric.title, &metric.id]),
            Cell::lines([kind(metric.kind), metric.unit.as_str()]),
            if metric.more_is_better { "more" } else { "less" }.into(),
            source(case, metric),
            or_dash(Cell::lines(limits(metric))),
        ]);
    }
    section.table(table);
    for baseline in &policy.baselines {
        let over = baseline.over.map(|over| format!(" over {over}")).unwrap_or_default();
        section.heading(&format!("Baseline {}, in {}{over}", baseline.id, baseline.environment));
        let mut table = Table::new(["Metric", "When", "#Value", "Unit"]);
        for value in &baseline.values {
            let metric = policy.metrics.iter().find(|metric| metric.id == value.metric);
            let title = metric.map(|metric| metric.title.as_str()).filter(|title| !title.is_empty());
            let quantile =
                value.quantile.map(|quantile| format!("p{} of ", quantile * release::Figure::HUNDRED));
            let title = title.unwrap_or(&value.metric);
            table.row([
                format!("{}{title}", quantile.unwrap_or_default()).into(),
                shown::or_dash(value.when.as_deref().unwrap_or_default()).into(),
                value.value.to_string().into(),
                shown::or_dash(metric.map_or("", |metric| metric.unit.as_str())).into(),
            ]);
        }
        section.table(table);
    }
    section
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Ratio => "ratio",
        Kind::Latency => "latency",
        Kind::Count => "count",
        Kind::Rate => "rate",
        Kind::Gauge => "level",
        Kind::Score => "score",
        Kind::Duration => "duration",
    }
}

fn source(case: &Case<'_>, metric: &Metric) -> Cell {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(metric.query.clone());
    lines.extend(metric.series.as_ref().map(|series| format!("series {series}")));
    lines.extend(metric.from_incidents.map(|from| match from {
        FromIncidents::Count => "number of incidents".to_owned(),
        FromIncidents::TimeToRestore => "mean time to restore of incidents".to_owned(),
    }));
    lines.extend(metric.attested_by.as_deref().map(|by| format!("word of {}", case.person(by))));
    or_dash(Cell::lines(lines))
}

fn limits(metric: &Metric) -> Vec<String> {
    let lines = [
        metric.min.map(|min| format!("at least {min}")),
        metric.max.map(|max| format!("at most {max}")),
        metric.every.map(|every| format!("changes every {every} at most")),
        metric.shows_after.map(|after| format!("shows nothing before {after}")),
        metric.of.as_ref().map(|of| format!("of {of}")),
    ];
    lines.into_iter().flatten().collect()
}
