//! Objectives with their budgets, recovery, success later on and how it came out.

use release::budget::{bad_percent, downtime_minutes};
use release::evaluate::{self, Outcome, Verdict};
use release::policy::{Indicator, Need};

use super::Case;
use crate::document::{Cell, Section, Table, Tone};
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
        let mut over = vec![slo.period.to_string()];
        over.extend(slo.in_sessions.then(|| "in sessions".to_owned()));
        over.extend(slo.horizon.as_ref().map(|horizon| format!("for {horizon}")));
        table.row([
            Cell::lines([if slo.title.is_empty() { &slo.id } else { &slo.title }, &slo.id]),
            slo.objective.to_string().into(),
            Cell::lines(over),
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
        if recovery.loses_nothing {
            table.row(["Nothing is ever lost".into(), "promised".into()]);
        }
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
        section.text(format!("Is judged: {when}."));
        let now = case.now();
        let recorded = evaluate::recorded(&now, &horizon.id);
        let by_now = evaluate::evaluation(&now, &horizon.id);
        let evaluation = recorded.or(by_now.as_ref());
        if let Some(evaluation) = evaluation {
            section.text(format!(
                "{}: {}; of the musts {} are met, {} are not, of {} nobody knows.",
                match recorded {
                    Some(recorded) => format!("Judged on {}", case.moment(recorded.at)),
                    None => format!("Not judged yet; on {} it would be", case.moment(evaluation.at)),
                },
                outcome(evaluation.outcome),
                evaluation.must.met,
                evaluation.must.not_met,
                evaluation.must.not_known
            ));
        }
        let judged = |id: &str| evaluation.and_then(|all| all.criteria.iter().find(|judged| judged.id == id));
        let mut table = Table::new(["Criterion", "Need", "Measured by", "Stands", "Why"]);
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
            let judged = judged(&criterion.id);
            let stands = judged.map_or_else(|| Cell::from("-"), |judged| verdict(judged.verdict));
            let needs = judged.and_then(|judged| judged.milestone.clone());
            let needs = needs.or_else(|| criterion.milestone.clone()).map(|phase| format!("needs {phase}"));
            let why = judged.map(|judged| judged.why.clone()).into_iter().chain(needs);
            table.row([
                Cell::from(&criterion.text),
                need.into(),
                super::checklist::or_dash(Cell::lines(by)),
                stands,
                super::checklist::or_dash(Cell::lines(why)),
            ]);
        }
        section.table(table);
    }
    section
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::TooEarly => "too early to say",
        Outcome::Succeeded => "succeeded",
        Outcome::NotKnown => "not known",
        Outcome::Failed => "failed",
    }
}

fn verdict(verdict: Verdict) -> Cell {
    match verdict {
        Verdict::Met => Cell::toned("met", Tone::Good),
        Verdict::NotMet => Cell::toned("not met", Tone::Bad),
        Verdict::NotKnown => Cell::toned("not known", Tone::Warn),
    }
}
