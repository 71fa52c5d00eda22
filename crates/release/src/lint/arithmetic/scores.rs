//! Weighted matrices: is the total what the rows give, and how much does it decide?

use crate::Figure;
use crate::lint::words::{all_of, at};
use crate::lint::{Case, Found, Level, Rule, Words};
use crate::marks::{self, Marked, marked};
use crate::policy::{Method, Policy, Scorecard};

pub(super) const TOTAL: Rule = Rule {
    code: "A01",
    level: Level::Error,
    title: "a stated total is not what its rows give",
    explain: "A decision rests on this total, and whoever recomputes it gets another. Write the total that the rows give, or leave \
              it out: it is always computed.",
    look: total,
};

pub(super) const NO_WEIGHTS: Rule = Rule {
    code: "A02",
    level: Level::Error,
    title: "a score is called weighted but no row has a weight",
    explain: "Without weights every row counts the same, which is a plain mean. Give each row its weight, or call the method a mean.",
    look: no_weights,
};

pub(super) const WEIGHTS_OFF: Rule = Rule {
    code: "A03",
    level: Level::Error,
    title: "weights do not sum to 100 %",
    explain: "With other sums the total is not on the scale of the rows, and the threshold means something else than it says. Change \
              the weights until they sum to 100.",
    look: weights_off,
};

pub(super) const FLIPS: Rule = Rule {
    code: "A04",
    level: Level::Warning,
    title: "one point in one row turns the decision over",
    explain: "Scores are judgements, and two careful people easily differ by a point. Where a single point decides, let the \
              decision rest on proofs (blockers, checks) rather than on the total, or have these rows scored by a second person.",
    look: flips,
};

/// The rows, once every score is known before any evidence and the weights sum to 100 (for a mean: are equal).
fn scored<'a>(policy: &'a Policy, card: &'a Scorecard) -> Option<Vec<Marked<'a>>> {
    let off = card.method == Method::Weighted && weights(card) != Figure::HUNDRED;
    marked(policy, card).filter(|rows| !rows.is_empty() && !off)
}

fn weights(card: &Scorecard) -> Figure {
    card.rows.iter().filter_map(|row| row.weight).sum()
}

fn total(case: &Case<'_>, found: &mut Found<'_>) {
    for (place, card) in case.policy.scorecards.iter().enumerate() {
        let Some(stated) = card.stated_total else { continue };
        let Some(rows) = scored(case.policy, card) else { continue };
        let Some((right, arithmetic)) = marks::total(card, &rows) else { continue };
        if right.rounded(stated.decimals()) == stated {
            continue;
        }
        let right = right.rounded(3);
        found.add(
            &at("scorecard", place, &["stated_total"]),
            Words {
                message: format!("the rows of `{}` give {right}, not {stated}", card.id),
                stated: stated.to_string(),
                right: right.to_string(),
                arithmetic,
            },
        );
    }
}

fn no_weights(case: &Case<'_>, found: &mut Found<'_>) {
    for (place, card) in case.policy.scorecards.iter().enumerate() {
        let called = [Some(card.method), card.stated_method].contains(&Some(Method::Weighted));
        if !called || card.rows.is_empty() || card.rows.iter().any(|row| row.weight.is_some()) {
            continue;
        }
        let as_mean = Scorecard { method: Method::Mean, ..card.clone() };
        let mean = scored(case.policy, &as_mean).and_then(|rows| marks::total(&as_mean, &rows));
        let (right, arithmetic) = match mean {
            Some((mean, arithmetic)) => (format!("plain mean {}", mean.rounded(3)), arithmetic),
            None => ("plain mean".to_owned(), String::new()),
        };
        let field = if card.method == Method::Weighted { "method" } else { "stated_method" };
        found.add(
            &at("scorecard", place, &[field]),
            Words {
                message: format!(
                    "`{}` is called weighted, but none of its {} rows has a weight",
                    card.id,
                    card.rows.len()
                ),
                stated: "weighted".to_owned(),
                right,
                arithmetic,
            },
        );
    }
}

fn weights_off(case: &Case<'_>, found: &mut Found<'_>) {
    for (place, card) in case.policy.scorecards.iter().enumerate() {
        let given: Vec<String> =
            card.rows.iter().filter_map(|row| row.weight).map(|weight| weight.to_string()).collect();
        let sum = weights(card);
        if card.method != Method::Weighted || given.is_empty() || sum == Figure::HUNDRED {
            continue;
        }
        let without: Vec<&str> =
            card.rows.iter().filter(|row| row.weight.is_none()).map(|row| row.id.as_str()).collect();
        let lack = match without.as_slice() {
            [] => String::new(),
            rows => format!("; without a weight: {}", all_of(rows)),
        };
        found.add(
            &at("scorecard", place, &["method"]),
            Words {
                message: format!("the weights of `{}` sum to {sum} %, not to 100 %{lack}", card.id),
                stated: format!("{sum} %"),
                right: "100 %".to_owned(),
                arithmetic: format!("{} = {sum}", given.join(" + ")),
            },
        );
    }
}

fn flips(case: &Case<'_>, found: &mut Found<'_>) {
    for (place, card) in case.policy.scorecards.iter().enumerate() {
        let Some(threshold) = card.threshold else { continue };
        let Some(rows) = scored(case.policy, card) else { continue };
        let Some((total, _)) = marks::total(card, &rows) else { continue };
        let go = total >= threshold;
        let (word, other) = if go { ("less", "NO-GO") } else { ("more", "GO") };
        let (mut turning, mut lines) = (Vec::new(), Vec::new());
        for row in &rows {
            let possible = if go { row.score >= Figure::ONE } else { row.score + Figure::ONE <= card.scale };
            let point = row.weight * Figure::from_millionths(10_000);
            let after = if go { total - point } else { total + point };
            if !possible {
                continue;
            }
            let sum =
                format!("{} {} {} = {}", two(total), if go { "-" } else { "+" }, two(point), two(after));
            if (after >= threshold) != go {
                turning.push(format!("in {} ({} %) gives {}", row.title, row.weight.rounded(1), two(after)));
                lines.push(format!("{sum} is {other}"));
            } else if after == threshold {
                lines.push(format!("{sum} is still GO"));
            }
        }
        lines.dedup();
        if turning.is_empty() {
            continue;
        }
        let margin = if go { total - threshold } else { threshold - total };
        found.add(
            &at("scorecard", place, &["threshold"]),
            Words {
                message: format!("one point {word} {}: {other}", all_of(&turning)),
                stated: format!("{} against a threshold of {}", two(total), two(threshold)),
                right: format!("a margin of {} decides", two(margin)),
                arithmetic: lines.join("; "),
            },
        );
    }
}

/// With two decimals, or as many as it has.
fn two(figure: Figure) -> String {
    figure.rounded(3).fixed(figure.rounded(3).decimals().max(2))
}
