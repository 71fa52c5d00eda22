//! Objectives with their budgets, recovery, success later on.

use release::budget::{bad_percent, downtime_minutes};
use release::policy::{Indicator, Need};

use super::Case;
use crate::document::{Cell, Section, Table};
use crate::shown;

/// Objectives and what may go wrong by them.
pub(super) fn objectives(case: &Case<'_>) -> Section {
    let mut section = Section::new("Objectives and error budgets");
    let policy = case.policy();
    let mut table =
        Table::new(["Objective", "#Good, %", "Over", "Measured by", "#May be bad, %", "#Budget, minutes"]);
    for slo in &policy.slos {
        let by = match &slo.indicator {
            Indicator::Events { .. } => "share of good events".to_owned(),
            Indicator::Latency { within, .. } => format!("answers within {within} s"),
            Indicator::Probe { check, every } => format!("check {check} every {every}"),
        };
        table.row([
            Cell::from(if slo.title.is_empty() { &slo.id } else { &slo.title }),
            slo.objective.to_string().into(),
            slo.period.to_string().into(),
            by.into(),
            bad_percent(slo.objective).to_string().into(),
            downtime_minutes(slo.objective, slo.period).to_string().into(),
        ]);
    }
    section.table(table);
    if let Some(recovery) = &policy.recovery {
        section.heading("Recovery");
        let mut table = Table::new(["Promise", "By the policy"]);
        table.row(["Service is back within (RTO)".into(), recovery.time.to_string().into()]);
        table.row(["Data that may be lost is younger than (RPO)".into(), recovery.point.to_string().into()]);
        if let Some(headroom) = recovery.headroom {
            table.row(["Share of each limit that stays free, %".into(), headroom.to_string().into()]);
        }
        for backup in &recovery.backups {
            let log = if backup.continuous { ", with a continuous log in between" } else { "" };
            table.row([
                format!("Backup of {}", backup.of).into(),
                format!("every {}{log}", backup.every).into(),
            ]);
        }
        section.table(table);
    }
    section
}

/// What success means, and when it is judged.
pub(super) fn horizons(case: &Case<'_>) -> Section {
    let mut section = Section::new("Success criteria");
    for horizon in &case.policy().horizons {
        section.heading(&horizon.title);
        let days = i32::try_from(horizon.after.as_seconds() / 86_400).unwrap_or(i32::MAX);
        let when = if horizon.after.as_seconds().is_multiple_of(86_400) && days > 0 {
            case.day(days)
        } else {
            format!("{} after the release", horizon.after)
        };
        section.text(format!("Judged: {when}."));
        let mut table = Table::new(["Criterion", "Need", "Measured by"]);
        for criterion in &horizon.criteria {
            let need = match criterion.need {
                Need::Must => "must",
                Need::Should => "should",
                Need::Nice => "nice to have",
            };
            let mut by: Vec<String> = Vec::new();
            by.extend(criterion.target.as_ref().map(|target| shown::target(case.policy(), target)));
            by.extend(criterion.slo.as_ref().map(|slo| format!("objective {slo}")));
            by.extend(criterion.checks.iter().map(|check| format!("check {check}")));
            table.row([Cell::from(&criterion.text), need.into(), super::checklist::or_dash(Cell::lines(by))]);
        }
        section.table(table);
    }
    section
}
