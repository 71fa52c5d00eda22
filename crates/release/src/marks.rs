//! The total of a matrix from marks that are in the policy itself, before there is any evidence.
//!
//! Enters: a policy and one of its matrices. Leaves: its rows with their marks, their total and how it comes about. Never here: what is
//! scored from evidence (that is the scorecard).

use crate::Figure;
use crate::policy::{Method, Policy, Row, Score, Scorecard};

/// A row whose mark is known.
pub(crate) struct Marked<'a> {
    pub(crate) title: &'a str,
    pub(crate) score: Figure,
    /// Percent.
    pub(crate) weight: Figure,
}

/// The mark of a row: somebody's, or that of a review; `None` for what evidence scores, and where it was not given.
pub(crate) fn mark(policy: &Policy, row: &Row) -> Option<Figure> {
    match &row.score {
        Score::Attested { value, .. } => *value,
        Score::Review { review } => policy.reviews.iter().find(|known| known.id == *review)?.score,
        Score::Share { .. } | Score::Measured { .. } => None,
    }
}

/// The rows, once the mark and the weight of each is known (for a mean the weights are equal).
pub(crate) fn marked<'a>(policy: &'a Policy, card: &'a Scorecard) -> Option<Vec<Marked<'a>>> {
    let count = Figure::whole(i64::try_from(card.rows.len()).ok()?);
    card.rows
        .iter()
        .map(|row| {
            let weight = match card.method {
                Method::Weighted => row.weight?,
                Method::Mean => Figure::HUNDRED.per(count)?,
            };
            Some(Marked { title: &row.title, score: mark(policy, row)?, weight })
        })
        .collect()
}

/// The total of a matrix whose marks are all in the policy.
pub(crate) fn stated(policy: &Policy, card: &Scorecard) -> Option<Figure> {
    total(card, &marked(policy, card)?).map(|(total, _)| total)
}

/// The total, and how it comes about.
pub(crate) fn total(card: &Scorecard, rows: &[Marked<'_>]) -> Option<(Figure, String)> {
    match card.method {
        Method::Weighted => {
            let total: Figure = rows.iter().map(|row| row.score * row.weight).sum();
            let total = total.per(Figure::HUNDRED)?;
            let terms: Vec<String> =
                rows.iter().map(|row| format!("{} x {} %", row.score, row.weight)).collect();
            Some((total, format!("{} = {total}", terms.join(" + "))))
        }
        Method::Mean => {
            let sum: Figure = rows.iter().map(|row| row.score).sum();
            let total = sum.per(Figure::whole(i64::try_from(rows.len()).ok()?))?;
            let terms: Vec<String> = rows.iter().map(|row| row.score.to_string()).collect();
            Some((total, format!("({}) / {} = {}", terms.join(" + "), rows.len(), total.rounded(3))))
        }
    }
}
