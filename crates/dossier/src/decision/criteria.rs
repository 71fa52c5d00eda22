//! Matrices with their arithmetic, reviews, findings.

use release::Figure;
use release::policy::{Method, Policy, Row, Score, Scorecard};
use release::scorecard::{Scored, ScoredRow};

use super::Case;
use crate::chart::Chart;
use crate::document::{Cell, Section, Table, Tone};
use crate::shown;

/// Every matrix: rows, products, total, threshold, drawing.
pub(super) fn matrix(case: &Case<'_>) -> Section {
    let mut section = Section::new("Go/no-go matrix");
    for scored in &case.decision.scorecards {
        let Some(card) = case.policy().scorecards.iter().find(|card| card.id == scored.id) else { continue };
        section.heading(if card.title.is_empty() { &card.id } else { &card.title });
        section.table(match card.method {
            Method::Weighted => weighted(case.policy(), card, scored),
            Method::Mean => mean(case.policy(), card, scored),
        });
        section.text(format!("Arithmetic: {}", scored.arithmetic));
        section.text(match (scored.threshold, scored.margin) {
            (Some(threshold), Some(margin)) if margin < Figure::ZERO => {
                format!(
                    "Total {}, threshold {threshold}: below it by {}.",
                    scored.total,
                    Figure::ZERO - margin
                )
            }
            (Some(threshold), Some(margin)) => {
                format!("Total {}, threshold {threshold}: above it by {margin}.", scored.total)
            }
            _ => format!("Total {}; it has no threshold and decides nothing.", scored.total),
        });
        if !scored.faults.is_empty() {
            section.blocks.push(crate::document::Block::List(scored.faults.iter().map(Cell::from).collect()));
        }
        section.chart(chart(card, scored));
    }
    section
}

fn figure(figure: Option<Figure>) -> Cell {
    Cell::from(figure.map_or_else(|| "-".to_owned(), |figure| figure.to_string()))
}

/// Where a score comes from, and what kind of criterion it is.
fn from(policy: &Policy, row: &Row, known: &ScoredRow) -> Vec<String> {
    let mut lines = vec![known.from.clone(), row.note.clone()];
    if let Score::Measured { pass, warn, .. } = &row.score {
        lines.push(format!("full with {}", shown::target(policy, pass)));
        lines.extend(warn.iter().map(|warn| format!("half with {}", shown::target(policy, warn))));
    }
    lines.extend(row.yes_or_no.then(|| "a question of yes or no".to_owned()));
    lines.extend(row.measures.as_ref().map(|what| format!("measures {what}")));
    lines
}

fn weighted(policy: &Policy, card: &Scorecard, scored: &Scored) -> Table {
    let mut table = Table::new(["Criterion", "#Weight, %", "#Score", "#Weight x score", "From"]);
    for (row, known) in card.rows.iter().zip(&scored.rows) {
        let product =
            known.score.zip(known.weight).and_then(|(score, weight)| (score * weight).per(Figure::HUNDRED));
        let from = Cell::lines(from(policy, row, known));
        table.row([Cell::from(&row.title), figure(known.weight), figure(known.score), figure(product), from]);
    }
    let weights: Figure = scored.rows.iter().filter_map(|row| row.weight).sum();
    table.row([
        "Total".into(),
        figure(Some(weights)),
        Cell::default(),
        figure(Some(scored.total)),
        Cell::default(),
    ]);
    table.total = true;
    table
}

fn mean(policy: &Policy, card: &Scorecard, scored: &Scored) -> Table {
    let mut table = Table::new(["Criterion", "#Score", "From"]);
    for (row, known) in card.rows.iter().zip(&scored.rows) {
        table.row([Cell::from(&row.title), figure(known.score), Cell::lines(from(policy, row, known))]);
    }
    table.row(["Mean".into(), figure(Some(scored.total)), Cell::default()]);
    table.total = true;
    table
}

fn chart(card: &Scorecard, scored: &Scored) -> Chart {
    let mark = scored.threshold.map(|threshold| (threshold, format!("threshold {threshold}")));
    let title = if card.title.is_empty() { &card.id } else { &card.title };
    let mut chart = Chart::bars(&format!("Scores: {title}"), card.scale, mark);
    for (row, known) in card.rows.iter().zip(&scored.rows) {
        chart.bar(&row.title, known.score, card.scale, Tone::Plain);
    }
    let enough = scored.threshold.map(|_| scored.faults.is_empty());
    let tone = enough.map_or(Tone::Plain, |enough| if enough { Tone::Good } else { Tone::Bad });
    let sum = if card.method == Method::Mean { "Mean" } else { "Total" };
    chart.bar(sum, Some(scored.total), card.scale, tone);
    chart
}

/// By role.
pub(super) fn reviews(case: &Case<'_>) -> Section {
    let mut section = Section::new("Reviews");
    let mut table = Table::new(["Review", "By", "#Score", "Status", "From"]);
    for reviewed in &case.decision.reviews {
        let known = case.policy().reviews.iter().find(|review| review.id == reviewed.id);
        let title = known.map_or(reviewed.id.as_str(), |review| review.title.as_str());
        let title = if title.is_empty() { &reviewed.id } else { title };
        let status = reviewed.status.as_deref().unwrap_or("-");
        table.row([
            title.into(),
            case.person(&reviewed.role).into(),
            figure(reviewed.score),
            status.into(),
            Cell::from(&reviewed.from),
        ]);
    }
    section.table(table);
    section
}

/// The register.
pub(super) fn findings(case: &Case<'_>) -> Section {
    let mut section = Section::new("Findings");
    let mut table =
        Table::new(["Finding", "Severity, review", "Stands", "Due", "What closes it, or why it is open"]);
    for standing in &case.standings.findings {
        let finding = &standing.finding;
        let stands = match (standing.open.is_empty(), standing.blocks) {
            (true, _) => Cell::toned("closed", Tone::Good),
            (false, true) => Cell::toned("open, blocks", Tone::Bad),
            (false, false) => Cell::toned("open", Tone::Warn),
        };
        let why = if standing.open.is_empty() {
            Cell::lines(&finding.closed_by)
        } else {
            Cell::lines(&standing.open)
        };
        let due = finding.due_day.map_or_else(|| "-".to_owned(), |day| case.day(day));
        let title = Cell::lines([&finding.id, &finding.title, &finding.note]);
        let found = Cell::lines([standing.severity.clone(), format!("by {}", finding.review)]);
        table.row([title, found, stands, due.into(), super::checklist::or_dash(why)]);
    }
    section.table(table);
    section
}
