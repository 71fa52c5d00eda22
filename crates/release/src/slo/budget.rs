//! The error budget of one objective: how much it is, how much is spent, how fast it goes, when it is gone.
//!
//! Enters: an objective, a period, counts of events. Leaves: exact figures. Never here: windows and alerts (see
//! [`super::burn`]).
//!
//! With an objective `o` (percent) over a period `P`, as in "The Site Reliability Workbook", chapter 5:
//!
//! - budget = `(100 - o) / 100 x P` of time, `(100 - o) / 100 x total` of events;
//! - spent = `bad / budget events`, in percent of the budget;
//! - burn rate = `(bad / total) / ((100 - o) / 100)`: at 1 the budget lasts exactly the period;
//! - time to empty = `left / 100 x P / burn rate`.

use std::fmt;

use crate::policy::Slo;
use crate::{Figure, Length};

/// A share of events from nothing to all, in units of 10^-12: finer than any objective needs, and exact for decimal
/// ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u128);

const WHOLE: u128 = 1_000_000_000_000;

impl Share {
    /// All of them.
    pub const ALL: Share = Share(WHOLE);

    /// `above / below`, rounded half up; nothing where `below` is nothing.
    pub(crate) fn of(above: u128, below: u128) -> Share {
        match below {
            0 => Share(0),
            below => Share((above.saturating_mul(WHOLE) + below / 2) / below),
        }
    }

    /// From percent; nothing below zero.
    pub fn percent(percent: Figure) -> Share {
        Share::of(unsigned(percent), 100_000_000)
    }

    /// The nearest double, 0 to 1.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / WHOLE as f64
    }
}

impl fmt::Display for Share {
    /// A decimal as PromQL reads it: `0.0144`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:012}", self.0 / WHOLE, self.0 % WHOLE);
        f.pad(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// An objective that cannot have a budget.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoBudget {
    /// 100 and more leave nothing to spend; less than 0 is no share.
    #[error("`objective` is {0} %: it has to be at least 0 and below 100, or nothing may ever fail")]
    Objective(Figure),
    /// Nothing lasts so long.
    #[error("`period` is empty: write how long the objective looks back, as in `30d`")]
    Period,
}

/// What one objective allows to be bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorBudget {
    objective: Figure,
    period: Length,
}

impl ErrorBudget {
    /// For `objective` percent over a rolling `period`.
    ///
    /// # Errors
    /// [`NoBudget`]: the objective leaves nothing to spend, or the period is empty.
    pub fn new(objective: Figure, period: Length) -> Result<ErrorBudget, NoBudget> {
        if objective < Figure::ZERO || objective >= Figure::HUNDRED {
            return Err(NoBudget::Objective(objective));
        }
        if period == Length::ZERO {
            return Err(NoBudget::Period);
        }
        Ok(ErrorBudget { objective, period })
    }

    /// Of an SLO of a policy.
    ///
    /// # Errors
    /// As [`ErrorBudget::new`].
    pub fn of(slo: &Slo) -> Result<ErrorBudget, NoBudget> {
        ErrorBudget::new(slo.objective, slo.period)
    }

    /// The period.
    pub const fn period(self) -> Length {
        self.period
    }

    /// Percent that may be bad.
    pub fn bad_percent(self) -> Figure {
        crate::budget::bad_percent(self.objective)
    }

    /// Share of events that may be bad.
    pub fn bad_share(self) -> Share {
        Share::percent(self.bad_percent())
    }

    /// Minutes of the period that may be bad, to a millionth of a minute.
    pub fn minutes(self) -> Figure {
        self.part_of(u128::from(self.period.as_seconds()), 60)
    }

    /// Events out of `total` that may be bad, to a millionth of an event.
    pub fn events(self, total: u64) -> Figure {
        self.part_of(u128::from(total), 1)
    }

    /// Percent of the budget that `bad` of `total` events have spent: above 100 when there was more than the budget;
    /// `None` without events.
    pub fn spent_percent(self, bad: u64, total: u64) -> Option<Figure> {
        self.burnt(bad, total, 100)
    }

    /// Percent of the budget that is left, below 0 when it is overdrawn; `None` without events.
    pub fn left_percent(self, bad: u64, total: u64) -> Option<Figure> {
        self.spent_percent(bad, total).map(|spent| Figure::HUNDRED - spent)
    }

    /// How many times as fast as the objective allows, to a millionth; `None` without events.
    pub fn burn_rate(self, bad: u64, total: u64) -> Option<Figure> {
        self.burnt(bad, total, 1)
    }

    /// `times x bad / total / (bad percent / 100)`.
    fn burnt(self, bad: u64, total: u64, times: u128) -> Option<Figure> {
        let above = u128::from(bad) * times * 100 * 1_000_000 * 1_000_000;
        let below = u128::from(total) * unsigned(self.bad_percent());
        (below > 0).then(|| figure((above + below / 2) / below))
    }

    /// How long `left_percent` of the budget lasts at a burn rate, in whole seconds; `None` when it lasts for ever,
    /// `0s` when nothing is left.
    pub fn empty_after(self, left_percent: Figure, burn_rate: Figure) -> Option<Length> {
        if burn_rate <= Figure::ZERO {
            return None;
        }
        let seconds = unsigned(left_percent) * u128::from(self.period.as_seconds());
        u64::try_from(seconds / (100 * unsigned(burn_rate))).ok().map(Length::seconds)
    }

    fn part_of(self, whole: u128, below: u128) -> Figure {
        let below = below * 100;
        figure((unsigned(self.bad_percent()) * whole + below / 2) / below)
    }
}

fn unsigned(figure: Figure) -> u128 {
    u128::try_from(figure.millionths()).unwrap_or(0)
}

fn figure(millionths: u128) -> Figure {
    Figure::from_millionths(i64::try_from(millionths).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn budget(objective: &str, days: u64) -> ErrorBudget {
        ErrorBudget::new(objective.parse().unwrap(), Length::days(days)).unwrap()
    }

    #[test]
    fn budgets_as_on_paper() {
        for (objective, days, minutes, of_a_million) in [
            ("99.9", 30, "43.2", "1000"),
            ("99.5", 7, "50.4", "5000"),
            ("99.95", 30, "21.6", "500"),
            ("99.999", 30, "0.432", "10"),
            ("0", 1, "1440", "1000000"),
        ] {
            let budget = budget(objective, days);
            assert_eq!(budget.minutes().to_string(), minutes, "{objective}");
            assert_eq!(budget.events(1_000_000).to_string(), of_a_million, "{objective}");
        }
        assert_eq!(budget("99.95", 30).bad_share().to_string(), "0.0005");
    }

    #[test]
    fn spent_left_and_gone() {
        let budget = budget("99.9", 30);
        assert_eq!(budget.spent_percent(250, 1_000_000).unwrap().to_string(), "25");
        assert_eq!(budget.left_percent(250, 1_000_000).unwrap().to_string(), "75");
        assert_eq!(budget.left_percent(3_000, 1_000_000).unwrap().to_string(), "-200");
        assert_eq!(budget.spent_percent(0, 0), None, "no events say nothing");
        let burn = budget.burn_rate(144, 10_000).unwrap();
        assert_eq!(burn.to_string(), "14.4");
        assert_eq!(budget.empty_after(Figure::HUNDRED, burn).unwrap().to_string(), "2d2h");
        assert_eq!(budget.empty_after(Figure::whole(-5), burn), Some(Length::ZERO));
        assert_eq!(budget.empty_after(Figure::HUNDRED, Figure::ZERO), None);
    }

    #[test]
    fn what_leaves_no_budget_is_refused() {
        for objective in ["100", "100.1", "-1"] {
            assert!(ErrorBudget::new(objective.parse().unwrap(), Length::days(30)).is_err(), "{objective}");
        }
        assert_eq!(ErrorBudget::new(Figure::ZERO, Length::ZERO), Err(NoBudget::Period));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// At burn rate 1 the whole budget lasts the whole period, and at rate `n` an `n`-th of it.
        #[test]
        fn a_budget_lasts_its_period(bad in 1_i64..90_000_000, days in 1_u64..400, times in 1_i64..1_000) {
            let objective = Figure::HUNDRED - Figure::from_millionths(bad);
            let budget = ErrorBudget::new(objective, Length::days(days)).unwrap();
            prop_assert_eq!(budget.empty_after(Figure::HUNDRED, Figure::ONE), Some(Length::days(days)));
            let faster = budget.empty_after(Figure::HUNDRED, Figure::whole(times)).unwrap();
            prop_assert_eq!(faster.as_seconds(), days * 86_400 / times as u64);
        }
    }
}
