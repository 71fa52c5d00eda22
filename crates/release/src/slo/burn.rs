//! Which burn of an error budget raises which alert: pairs of windows, factors, thresholds.
//!
//! Enters: an objective, its period, session time, the floor of traffic. Leaves: alerts, and why some of the usual
//! ones are left out. Never here: queries, samples.
//!
//! The table is that of "The Site Reliability Workbook", chapter 5: an alert is raised when, at the present rate, a
//! share of the period's budget goes within the long window, and the short window says that it still goes on.
//!
//! - factor = `share x period / long window` (14.4 for 2 % of 30 days in 1 h); error ratio = `factor x (1 -
//!   objective)`.
//! - Time until an alert at an error ratio `e`: `threshold x long window / e`, then `for`.
//! - Traffic in sessions: "period" is the session time in it, so that 2 % of 131 h in 1 h is a factor of 2.6.
//! - A factor below 1 would alert on a burn that never empties the budget (short periods): the long window then
//!   shrinks to the time in which that share goes at a burn rate of 1, in steps of five minutes, and the short one to
//!   a twelfth of it.
//! - No window is longer than a usual session where traffic is in sessions: it would mix two days.

use super::budget::{ErrorBudget, Share};
use super::sessions::SessionTime;
use crate::{Figure, Length};

/// Who is disturbed by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Urgency {
    /// Somebody is woken.
    Page,
    /// Somebody looks at it in working hours.
    Ticket,
}

impl Urgency {
    /// The value of the `severity` label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Urgency::Page => "page",
            Urgency::Ticket => "ticket",
        }
    }
}

/// One multi-window burn-rate alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurnAlert {
    /// `page_fast`, `page_slow`, `ticket_fast`, `ticket_slow`.
    pub name: &'static str,
    /// Who is disturbed.
    pub urgency: Urgency,
    /// Percent of the period's budget that goes within the long window.
    pub budget_percent: Figure,
    /// The long window.
    pub long: Length,
    /// The short window: ends the alert soon after the errors end.
    pub short: Length,
    /// It has to hold for so long.
    pub holds_for: Length,
    /// Burn rate from which on it is raised, to a millionth.
    pub factor: Figure,
    /// Error ratio from which on it is raised.
    pub threshold: Share,
}

/// An alert of the table that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Which.
    pub name: &'static str,
    /// Why.
    pub why: String,
}

/// The alerts of one objective, in the order of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burn {
    /// What is watched.
    pub alerts: Vec<BurnAlert>,
    /// What of the table is not.
    pub left_out: Vec<LeftOut>,
}

struct Rung {
    name: &'static str,
    urgency: Urgency,
    percent: i64,
    long: Length,
    short: Length,
    holds_for: Length,
}

const HOUR: Length = Length::minutes(60);

const TABLE: [Rung; 4] = [
    Rung {
        name: "page_fast",
        urgency: Urgency::Page,
        percent: 2,
        long: HOUR,
        short: Length::minutes(5),
        holds_for: Length::minutes(2),
    },
    Rung {
        name: "page_slow",
        urgency: Urgency::Page,
        percent: 5,
        long: Length::minutes(360),
        short: Length::minutes(30),
        holds_for: Length::minutes(10),
    },
    Rung {
        name: "ticket_fast",
        urgency: Urgency::Ticket,
        percent: 10,
        long: Length::days(1),
        short: Length::minutes(120),
        holds_for: Length::minutes(30),
    },
    Rung {
        name: "ticket_slow",
        urgency: Urgency::Ticket,
        percent: 10,
        long: Length::days(3),
        short: Length::minutes(360),
        holds_for: HOUR,
    },
];

/// Seconds between two lengths that a shrunk window may have, and the shortest one.
const GRAIN: u64 = 300;

/// The alerts for a budget. `sessions`: traffic is in sessions, and there is so much session time in the period.
/// `runs`: where events come at a fixed pace, how far apart; then a floor of `at_least` events can be decided
/// beforehand.
pub fn burn_alerts(
    budget: ErrorBudget,
    sessions: Option<SessionTime>,
    runs: Option<Length>,
    at_least: Option<u64>,
) -> Burn {
    let period = sessions.map_or(budget.period(), |sessions| sessions.total).as_seconds();
    let mut burn = Burn { alerts: Vec::new(), left_out: Vec::new() };
    for rung in &TABLE {
        match fitted(rung, budget, period, sessions, &burn.alerts) {
            Ok(alert) => {
                let seen = runs.map(|every| alert.long.as_seconds() / every.as_seconds().max(1));
                match (seen, at_least) {
                    (Some(seen), Some(floor)) if seen < floor => burn.left_out.push(LeftOut {
                        name: rung.name,
                        why: format!("{} has {seen} runs, fewer than at_least_events = {floor}", alert.long),
                    }),
                    _ => burn.alerts.push(alert),
                }
            }
            Err(why) => burn.left_out.push(LeftOut { name: rung.name, why }),
        }
    }
    burn
}

fn fitted(
    rung: &Rung,
    budget: ErrorBudget,
    period: u64,
    sessions: Option<SessionTime>,
    before: &[BurnAlert],
) -> Result<BurnAlert, String> {
    let lasts = period * rung.percent.unsigned_abs() / 100;
    let (long, short) = if lasts < rung.long.as_seconds() {
        let long = lasts / GRAIN * GRAIN;
        (Length::seconds(long), Length::seconds((long / 12 / GRAIN * GRAIN).max(GRAIN)))
    } else {
        (rung.long, rung.short)
    };
    if long <= short {
        return Err(format!(
            "{} % of the budget go in {} at a burn rate of 1",
            rung.percent,
            Length::seconds(lasts)
        ));
    }
    if let Some(sessions) = sessions.filter(|sessions| long > sessions.usual) {
        return Err(format!("a window of {long} reaches over the end of a session of {}", sessions.usual));
    }
    if let Some(same) = before.iter().find(|alert| alert.long == long && alert.urgency == rung.urgency) {
        return Err(format!("over so short a period it is the same as {}", same.name));
    }
    // share / 100 x period / long, then x bad / 100; numerators in millionths where they are figures.
    let above = u128::from(rung.percent.unsigned_abs()) * u128::from(period);
    let below = 100 * u128::from(long.as_seconds());
    let bad = u128::try_from(budget.bad_percent().millionths()).unwrap_or(0);
    let threshold = Share::of(above * bad, below * 100_000_000);
    let factor = i64::try_from((above * 1_000_000 + below / 2) / below).unwrap_or(i64::MAX);
    let factor = Figure::from_millionths(factor);
    if threshold >= Share::ALL {
        return Err(format!("{factor} x {} % is not below 100 %: it could never fire", budget.bad_percent()));
    }
    Ok(BurnAlert {
        name: rung.name,
        urgency: rung.urgency,
        budget_percent: Figure::whole(rung.percent),
        long,
        short,
        holds_for: rung.holds_for,
        factor,
        threshold,
    })
}

impl BurnAlert {
    /// How long a steady `error_ratio` (0 to 1) lasts until the alert is raised, `for` included, from healthy traffic
    /// on; `None` when it never is.
    pub fn raised_after(&self, error_ratio: f64) -> Option<Length> {
        let threshold = self.threshold.as_f64();
        if error_ratio.is_nan() || error_ratio <= threshold {
            return None;
        }
        let seconds = (threshold * self.long.as_seconds() as f64 / error_ratio).ceil();
        Some(Length::seconds(seconds as u64) + self.holds_for)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(objective: &str, days: u64) -> ErrorBudget {
        ErrorBudget::new(objective.parse().unwrap(), Length::days(days)).unwrap()
    }

    fn rows(burn: &Burn) -> Vec<String> {
        let row = |alert: &BurnAlert| {
            format!("{} {}/{} {} {}", alert.name, alert.long, alert.short, alert.factor, alert.threshold)
        };
        burn.alerts.iter().map(row).collect()
    }

    #[test]
    fn the_table_of_a_month() {
        assert_eq!(
            rows(&burn_alerts(budget("99.9", 30), None, None, None)),
            [
                "page_fast 1h/5m 14.4 0.0144",
                "page_slow 6h/30m 6 0.006",
                "ticket_fast 1d/2h 3 0.003",
                "ticket_slow 3d/6h 1 0.001"
            ]
        );
    }

    #[test]
    fn a_week_shrinks_what_would_alert_on_nothing() {
        let burn = burn_alerts(budget("99.5", 7), None, None, None);
        assert_eq!(
            rows(&burn),
            [
                "page_fast 1h/5m 3.36 0.0168",
                "page_slow 6h/30m 1.4 0.007",
                "ticket_fast 16h45m/1h20m 1.002985 0.005014925373"
            ]
        );
        assert_eq!(burn.left_out[0].name, "ticket_slow");
    }

    #[test]
    fn session_hours_not_wall_hours() {
        // 21 sessions of 6 h 15 m.
        let sessions = SessionTime { total: Length::minutes(21 * 375), usual: Length::minutes(375) };
        let burn = burn_alerts(budget("99.9", 30), Some(sessions), None, None);
        assert_eq!(rows(&burn), ["page_fast 1h/5m 2.625 0.002625", "page_slow 6h/30m 1.09375 0.00109375"]);
        let names: Vec<&str> = burn.left_out.iter().map(|left| left.name).collect();
        assert_eq!(names, ["ticket_fast", "ticket_slow"]);
        assert!(burn.left_out[0].why.contains("reaches over the end of a session"), "{burn:?}");
    }

    #[test]
    fn what_cannot_fire_is_left_out() {
        let burn = burn_alerts(budget("90", 30), None, None, None);
        assert_eq!(burn.left_out[0].why, "14.4 x 10 % is not below 100 %: it could never fire");
        let burn = burn_alerts(budget("99.9", 30), None, Some(Length::minutes(1)), Some(100));
        assert_eq!(burn.left_out[0].why, "1h has 60 runs, fewer than at_least_events = 100");
        assert_eq!(burn.alerts.len(), 3);
        assert!(burn_alerts(budget("99.9", 30), None, None, None).alerts[0].raised_after(0.0144).is_none());
    }

    #[test]
    fn time_to_an_alert() {
        let alert = burn_alerts(budget("99.9", 30), None, None, None).alerts[0];
        assert_eq!(alert.raised_after(1.0).unwrap().to_string(), "2m52s");
        assert_eq!(alert.raised_after(0.144).unwrap().to_string(), "8m");
    }

    #[test]
    fn every_alert_stands_for_a_burn_that_empties_the_budget() {
        for days in [1, 2, 7, 14, 28, 30, 90, 365] {
            for alert in burn_alerts(budget("99.9", days), None, None, None).alerts {
                assert!(alert.factor >= Figure::ONE, "{days} d: {alert:?}");
                assert!(alert.short < alert.long, "{days} d: {alert:?}");
            }
        }
    }
}
