//! The error budget of an objective: what may go wrong in a period, and how soon it is used up.
//!
//! Enters: objectives, periods, error shares. Leaves: minutes and lengths. Never here: measured events (that is the SLO's engine).
//!
//! `(1 - objective) x period` is what may be bad; at a steady share of bad events `e` it lasts `(1 - objective) x period / e`
//! (the arithmetic of "The Site Reliability Workbook", chapter 5).

use crate::{Figure, Length};

/// Percent that may be bad; nothing where the objective is above 100.
pub fn bad_percent(objective: Figure) -> Figure {
    (Figure::HUNDRED - objective).max(Figure::ZERO)
}

/// Minutes of `period` that may be bad, exact to a millionth of a minute; `objective` in percent.
pub fn downtime_minutes(objective: Figure, period: Length) -> Figure {
    let millionths =
        i128::from(bad_percent(objective).millionths()) * i128::from(period.as_seconds()) / 6_000;
    Figure::from_millionths(i64::try_from(millionths).unwrap_or(i64::MAX))
}

/// How long the whole budget of `period` lasts while `errors` percent are bad, in whole seconds; `None` where it lasts for ever
/// or longer than can be said.
pub fn empty_after(objective: Figure, period: Length, errors: Figure) -> Option<Length> {
    if errors <= Figure::ZERO {
        return None;
    }
    let budget = i128::from(bad_percent(objective).millionths()) * i128::from(period.as_seconds());
    u64::try_from(budget / i128::from(errors.millionths())).ok().map(Length::seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(text: &str) -> Figure {
        text.parse().unwrap()
    }

    #[test]
    fn downtime_as_on_paper() {
        for (objective, days, minutes) in [
            ("99.5", 7, "50.4"),
            ("99.9", 30, "43.2"),
            ("99.9", 31, "44.64"),
            ("99.95", 30, "21.6"),
            ("100", 30, "0"),
        ] {
            let downtime = downtime_minutes(figure(objective), Length::days(days));
            assert_eq!(downtime, figure(minutes), "{objective} % of {days} d");
        }
        assert_eq!(downtime_minutes(figure("101"), Length::days(30)), Figure::ZERO);
    }

    #[test]
    fn a_budget_empties_faster_at_more_errors() {
        let after = |errors| empty_after(figure("99.9"), Length::days(30), figure(errors)).unwrap();
        assert_eq!(after("0.1"), Length::days(30));
        assert_eq!(after("0.9"), Length::seconds(288_000), "3.3 days");
        assert_eq!(after("4.9"), Length::seconds(52_897), "14.7 hours");
        assert_eq!(empty_after(figure("99.9"), Length::days(30), Figure::ZERO), None);
    }
}
