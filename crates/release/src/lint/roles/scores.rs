//! Scores, what they are called, and what they cannot decide.

use std::collections::BTreeMap;

use crate::Figure;
use crate::lint::{Case, Found, Words};
use crate::marks;
use crate::policy::{Policy, Score};

pub(super) fn outvoted(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    let open: Vec<&str> = policy
        .blockers
        .iter()
        .filter(|blocker| blocker.stated.as_deref().is_some_and(|stated| stated != "fixed"))
        .map(|blocker| blocker.id.as_str())
        .collect();
    if open.is_empty() {
        return;
    }
    for (i, card) in policy.scorecards.iter().enumerate() {
        let Some(threshold) = card.threshold else { continue };
        let Some(total) = card.stated_total.into_iter().chain(marks::stated(policy, card)).max() else {
            continue;
        };
        if total >= threshold {
            let message = format!(
                "The total reaches its threshold while {} open: the score does not decide.",
                if open.len() == 1 {
                    "a blocker is".to_owned()
                } else {
                    format!("{} blockers are", open.len())
                }
            );
            let path = if card.stated_total.is_some() { "stated_total" } else { "threshold" };
            let words =
                Words::new(message, format!("{total} of at least {threshold}"), "NO-GO until they are gone")
                    .because(format!("open: {}", open.join(", ")));
            found.at(&format!("scorecard.{i}.{path}"), words);
        }
    }
}

/// How good a status is; `None` for words that are not known.
fn rank(status: &str) -> Option<u8> {
    let status = status.trim().to_lowercase();
    let is = |names: &[&str]| names.contains(&status.as_str());
    if is(&["blocked", "blocker", "blockers", "fail", "failed", "rejected", "no-go"]) {
        Some(0)
    } else if is(&["conditional", "conditionally approved", "warn", "warning"]) {
        Some(1)
    } else if is(&["acceptable", "accepted"]) {
        Some(2)
    } else if is(&["pass", "passed", "approved", "ok", "go"]) {
        Some(3)
    } else {
        None
    }
}

/// What was scored and called something.
struct Marked<'a> {
    path: String,
    name: &'a str,
    score: Figure,
    status: &'a str,
}

fn marked(policy: &Policy) -> Vec<Vec<Marked<'_>>> {
    let reviews = policy.reviews.iter().enumerate().filter_map(|(i, review)| {
        let status = review.stated_status.as_deref()?;
        Some(Marked {
            path: format!("review.{i}.stated_status"),
            name: &review.id,
            score: review.score?,
            status,
        })
    });
    let mut lists = vec![reviews.collect()];
    for (i, card) in policy.scorecards.iter().enumerate() {
        let rows = card.rows.iter().enumerate().filter_map(|(j, row)| {
            let path = format!("scorecard.{i}.row.{j}.stated_status");
            let (score, status) = (marks::mark(policy, row)?, row.stated_status.as_deref()?);
            Some(Marked { path, name: &row.id, score, status })
        });
        lists.push(rows.collect());
    }
    lists
}

pub(super) fn monotone(case: &Case<'_>, found: &mut Found<'_>) {
    for list in marked(case.policy) {
        for lower in &list {
            let better = |other: &&Marked<'_>| {
                let ranks = (rank(lower.status), rank(other.status));
                lower.score < other.score && matches!(ranks, (Some(mine), Some(theirs)) if mine > theirs)
            };
            let Some(higher) = list.iter().filter(better).max_by_key(|other| other.score) else { continue };
            let message =
                format!("`{}` has fewer points than `{}` and the better status.", lower.name, higher.name);
            let stated = format!("{} {}, {} {}", lower.score, lower.status, higher.score, higher.status);
            let right = format!("`{}` no better than {}", lower.name, higher.status);
            found.at(&lower.path, Words::new(message, stated, right));
        }
    }
}

pub(super) fn bands(case: &Case<'_>, found: &mut Found<'_>) {
    let policy = case.policy;
    for (i, review) in policy.reviews.iter().enumerate() {
        let (Some(score), Some(status)) = (review.score, &review.stated_status) else { continue };
        let fits = policy.bands.iter().filter(|band| band.from <= score);
        let Some(band) = fits.max_by_key(|band| band.from) else { continue };
        let same_rank = rank(status).is_some() && rank(status) == rank(&band.status);
        if !same_rank && !band.status.eq_ignore_ascii_case(status.trim()) {
            let message =
                format!("Review `{}` is called {status}, and its score is {}.", review.id, band.status);
            let arithmetic = format!("{score} is in the band from {} up: {}", band.from, band.status);
            let words = Words::new(message, status.as_str(), band.status.as_str()).because(arithmetic);
            found.at(&format!("review.{i}.stated_status"), words);
        }
    }
}

/// What a row rises and falls with.
fn measures(row: &crate::policy::Row) -> Vec<String> {
    let from_score = match &row.score {
        Score::Attested { .. } => Vec::new(),
        Score::Share { checks } => checks.iter().map(|check| format!("check `{check}`")).collect(),
        Score::Measured { pass, .. } => {
            let quantile = pass.quantile.map_or_else(String::new, |quantile| format!(" at {quantile}"));
            vec![format!("metric `{}`{quantile}", pass.metric)]
        }
        Score::Review { review } => vec![format!("review `{review}`")],
    };
    row.measures.iter().map(|measure| format!("`{measure}`")).chain(from_score).collect()
}

pub(super) fn twice(case: &Case<'_>, found: &mut Found<'_>) {
    for (i, card) in case.policy.scorecards.iter().enumerate() {
        let mut first: BTreeMap<String, usize> = BTreeMap::new();
        for (j, row) in card.rows.iter().enumerate() {
            let mut told = false;
            for measure in measures(row) {
                let Some(other) = first.get(&measure).map(|place| &card.rows[*place]) else {
                    first.insert(measure, j);
                    continue;
                };
                if told || other.id == row.id {
                    continue;
                }
                told = true;
                let message = format!("`{}` and `{}` both count {measure}.", other.id, row.id);
                let arithmetic = match (other.weight, row.weight) {
                    (Some(one), Some(more)) => format!("{one} % + {more} % = {} % of the total", one + more),
                    _ => String::new(),
                };
                let words = Words::new(message, measure, "one row for it").because(arithmetic);
                found.at(&format!("scorecard.{i}.row.{j}.id"), words);
            }
        }
    }
}

pub(super) fn yes_or_no(case: &Case<'_>, found: &mut Found<'_>) {
    for (i, card) in case.policy.scorecards.iter().enumerate() {
        for (j, row) in card.rows.iter().enumerate().filter(|(_, row)| row.yes_or_no) {
            let Some(score) = marks::mark(case.policy, row) else { continue };
            if score != Figure::ZERO && score != card.scale {
                let message =
                    format!("`{}` is either so or not, and has {score} of {}.", row.title, card.scale);
                let words = Words::new(message, score.to_string(), format!("0 or {}", card.scale));
                found.at(&format!("scorecard.{i}.row.{j}.score"), words);
            }
        }
    }
}
