//! A matrix, computed: each row's score with where it comes from, the total with its arithmetic.
//!
//! Enters: a scorecard of the policy, evidence. Leaves: scores, total, margin, what is missing. Never here: totals that somebody typed,
//! doubles.

mod measured;

use serde::{Deserialize, Serialize};

use crate::Figure;
use crate::evidence::Question;
use crate::policy::{Method, Policy, Row, Score, Scorecard};
use crate::proof::{Case, Known, Lack};

pub(crate) use measured::{Asked, compared, newest};
pub use measured::{NoLimit, figure_name, limit};

/// One matrix, computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scored {
    /// Of the scorecard.
    pub id: String,
    /// In order.
    pub rows: Vec<ScoredRow>,
    /// Rounded half away from zero to six decimals; rows without a score count nothing.
    pub total: Figure,
    /// `6 x 25 % + 9 x 20 % = 3.3`.
    pub arithmetic: String,
    /// GO needs at least this much; absent: it decides nothing.
    pub threshold: Option<Figure>,
    /// What the total is above the threshold.
    pub margin: Option<Figure>,
    /// What keeps it from being enough; empty when it is, or when it decides nothing.
    pub faults: Vec<String>,
}

/// One row, scored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoredRow {
    /// Of the row.
    pub id: String,
    /// Percent.
    pub weight: Option<Figure>,
    /// From 0 to the scale; absent: nobody knows.
    pub score: Option<Figure>,
    /// Where it comes from, or why there is none.
    pub from: String,
}

impl Scored {
    /// Computes one scorecard.
    pub(crate) fn of(case: &Case<'_>, card: &Scorecard) -> Scored {
        let rows: Vec<ScoredRow> = card.rows.iter().map(|row| scored(case, card, row)).collect();
        let sum = Sum::of(card.method, &rows);
        let mut faults = Vec::new();
        if let Some(threshold) = card.threshold {
            faults = rows.iter().filter(|row| row.score.is_none()).map(missing).collect();
            faults.extend(sum.fault());
            if !sum.reaches(threshold) {
                let total = sum.total();
                faults.push(format!("{total} is below the threshold {threshold} by {}", threshold - total));
            }
        }
        Scored {
            id: card.id.clone(),
            total: sum.total(),
            arithmetic: sum.arithmetic(&rows),
            threshold: card.threshold,
            margin: card.threshold.map(|threshold| sum.total() - threshold),
            faults,
            rows,
        }
    }
}

fn missing(row: &ScoredRow) -> String {
    format!("row `{}` has no score: {}", row.id, row.from)
}

fn scored(case: &Case<'_>, card: &Scorecard, row: &Row) -> ScoredRow {
    let (score, from) = match score(case, card, row) {
        Ok((score, from)) if Figure::ZERO <= score && score <= card.scale => (Some(score), from),
        Ok((score, from)) => (None, format!("{score} is not from 0 to {} ({from})", card.scale)),
        Err(why) => (None, why),
    };
    ScoredRow { id: row.id.clone(), weight: row.weight, score, from }
}

fn score(case: &Case<'_>, card: &Scorecard, row: &Row) -> Result<(Figure, String), String> {
    let question = Question::Row { scorecard: card.id.clone(), row: row.id.clone() };
    match &row.score {
        Score::Attested { value, by } => match (case.mark(&question, by), value) {
            (Ok((mark, person)), _) => Ok((mark, format!("attested by {person} as {by}"))),
            (Err(Lack::Missing | Lack::Elsewhere(_)), Some(value)) => {
                Ok((*value, format!("attested by {by}, in the policy")))
            }
            (Err(lack), _) => Err(format!("{by} has to attest it: {lack}")),
        },
        Score::Share { checks } => share(case, card.scale, checks),
        Score::Measured { pass, warn, by } => {
            let asked = measured::Asked { question: &question, role: by.as_deref() };
            measured::score(case, asked, card.scale, pass, warn.as_deref())
        }
        Score::Review { review } => reviewed(case, review),
    }
}

/// A failed check lowers the score; one that nobody can tell leaves none. Rounded down.
fn share(case: &Case<'_>, scale: Figure, checks: &[String]) -> Result<(Figure, String), String> {
    let mut passed = 0;
    for id in checks {
        match case.ask(id) {
            Ok(Known::Passed) => passed += 1,
            Ok(Known::Failed(_)) => {}
            Err(lack) => return Err(format!("check `{id}`: {lack}")),
        }
    }
    let all = i64::try_from(checks.len()).unwrap_or(i64::MAX);
    let millionths = i128::from(scale.millionths()) * i128::from(passed);
    let score = millionths.checked_div_euclid(i128::from(all)).and_then(|score| i64::try_from(score).ok());
    let score = score.ok_or_else(|| "it names no checks".to_owned())?;
    Ok((Figure::from_millionths(score), format!("{passed} of {all} checks passed")))
}

fn reviewed(case: &Case<'_>, id: &str) -> Result<(Figure, String), String> {
    let review = case.policy.reviews.iter().find(|review| review.id == id);
    let review = review.ok_or_else(|| format!("the policy has no review `{id}`"))?;
    let (score, by) = crate::decision::review_score(case, review)?;
    let status = band(case.policy, score).map_or(String::new(), |status| format!(" ({status})"));
    Ok((score, format!("review `{id}`: {score}{status}, by {by}")))
}

/// The status of a score by the policy's bands: that of the highest one it reaches.
pub fn band(policy: &Policy, score: Figure) -> Option<&str> {
    let reached = policy.bands.iter().filter(|band| score >= band.from);
    reached.max_by_key(|band| band.from).map(|band| band.status.as_str())
}

/// A total before it is rounded: `above / below`, in millionths.
struct Sum {
    method: Method,
    above: i128,
    below: i128,
    weights: Figure,
}

impl Sum {
    fn of(method: Method, rows: &[ScoredRow]) -> Sum {
        let score = |row: &ScoredRow| i128::from(row.score.unwrap_or_default().millionths());
        let weight = |row: &ScoredRow| i128::from(row.weight.unwrap_or_default().millionths());
        let weights = rows.iter().filter_map(|row| row.weight).sum();
        match method {
            Method::Weighted => {
                let above = rows.iter().map(|row| score(row).saturating_mul(weight(row)));
                let below = i128::from(Figure::HUNDRED.millionths());
                Sum { method, above: above.fold(0, i128::saturating_add), below, weights }
            }
            Method::Mean => {
                let below = rows.len().max(1) as i128;
                Sum { method, above: rows.iter().map(score).sum(), below, weights }
            }
        }
    }

    /// Compared exactly: rounding never lifts a total over the threshold.
    fn reaches(&self, threshold: Figure) -> bool {
        self.above >= i128::from(threshold.millionths()).saturating_mul(self.below)
    }

    fn total(&self) -> Figure {
        let half = if self.above < 0 { -(self.below / 2) } else { self.below / 2 };
        let limit = (i128::from(i64::MIN), i128::from(i64::MAX));
        let rounded = (self.above.saturating_add(half) / self.below).clamp(limit.0, limit.1);
        Figure::from_millionths(rounded as i64)
    }

    /// More than the whole would make a total that nothing can fail.
    fn fault(&self) -> Option<String> {
        let odd = matches!(self.method, Method::Weighted) && self.weights != Figure::HUNDRED;
        odd.then(|| format!("the weights sum to {} %, not 100 %", self.weights))
    }

    fn arithmetic(&self, rows: &[ScoredRow]) -> String {
        let figure = |row: &ScoredRow| match row.score {
            Some(score) => score.to_string(),
            None => format!("0 ({}: none)", row.id),
        };
        let total = self.total();
        let equals = if i128::from(total.millionths()) * self.below == self.above { "=" } else { "≈" };
        let terms = |term: &dyn Fn(&ScoredRow) -> String| {
            if rows.is_empty() {
                "0".to_owned()
            } else {
                rows.iter().map(term).collect::<Vec<_>>().join(" + ")
            }
        };
        match self.method {
            Method::Weighted => {
                let term =
                    |row: &ScoredRow| format!("{} x {} %", figure(row), row.weight.unwrap_or_default());
                format!("{} {equals} {total}", terms(&term))
            }
            Method::Mean => format!("({}) / {} {equals} {total}", terms(&figure), rows.len().max(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(&str, &str)]) -> Vec<ScoredRow> {
        let row = |(score, weight): &(&str, &str)| ScoredRow {
            id: "x".to_owned(),
            weight: weight.parse().ok(),
            score: score.parse().ok(),
            from: String::new(),
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn the_arithmetic_is_shown() {
        let rows = rows(&[("6", "25"), ("-", "50"), ("8", "25")]);
        let sum = Sum::of(Method::Weighted, &rows);
        assert_eq!(sum.arithmetic(&rows), "6 x 25 % + 0 (x: none) x 50 % + 8 x 25 % = 3.5");
        let sum = Sum::of(Method::Mean, &rows[..1]);
        assert_eq!(sum.arithmetic(&rows[..1]), "(6) / 1 = 6");
    }

    #[test]
    fn rounding_lifts_nothing_over_the_threshold() {
        let rows = rows(&[("7", ""), ("7", ""), ("6.999999", "")]);
        let sum = Sum::of(Method::Mean, &rows);
        assert_eq!(sum.arithmetic(&rows), "(7 + 7 + 6.999999) / 3 ≈ 7");
        assert!(!sum.reaches(Figure::whole(7)));
    }

    #[test]
    fn weights_have_to_be_a_whole() {
        assert!(Sum::of(Method::Weighted, &rows(&[("6", "60"), ("6", "60")])).fault().is_some());
        assert!(Sum::of(Method::Weighted, &rows(&[("6", "60"), ("6", "40")])).fault().is_none());
    }
}
