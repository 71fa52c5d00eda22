//! Prometheus rules from objectives: ratios per window, burn-rate alerts, the budget, missing data.
//!
//! Enters: objectives. Leaves: one rules file. Never here: deciding thresholds (see [`super::burn`]), reading or
//! writing files.
//!
//! Names are stable: `slo:<id>:error_ratio:rate<window>`, `slo:<id>:events:increase<window>`,
//! `slo:<id>:budget_left:ratio`, `slo:<id>:active:ratio<window>`, alerts `slo_<id>_<which>`; every series has the
//! labels `service` and `slo`.
//!
//! Where traffic is in sessions, a long window at ten in the morning has seen 45 minutes and not six hours; its ratio
//! is therefore weighted by the share of the window in which there was traffic, so that the same bad minutes spend
//! the same budget at any hour.
//!
//! The alert on the budget itself looks at the ratio over the whole period, as far as there is data; it is asked
//! every five minutes, because a query over weeks is dear.

use super::budget::Share;
use super::burn::BurnAlert;
use super::objective::Objective;
use super::selector::quoted;
use crate::{Figure, Length};

/// A ticket is opened when less than this is left of a budget, in percent.
pub const BUDGET_LOW_PERCENT: i64 = 25;

/// The budget is that low for so long.
pub const BUDGET_LOW_FOR: Length = Length::minutes(60);

/// Data are missing for so long before somebody is woken.
pub const ABSENT_FOR: Length = Length::minutes(5);

/// How often the whole period is asked for.
pub const PERIOD_INTERVAL: Length = Length::minutes(5);

/// A file of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesFile {
    /// Evaluated one by one, within a group in order.
    pub groups: Vec<Group>,
    /// What is not watched, and why.
    pub notes: Vec<String>,
}

/// Rules that are evaluated together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Unique in the file.
    pub name: String,
    /// How often, if not as often as the server does by default.
    pub interval: Option<Length>,
    /// In order.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A series that is computed and kept.
    Record {
        /// Its name.
        name: String,
        /// PromQL.
        expr: String,
        /// In order.
        labels: Vec<(String, String)>,
    },
    /// An alert.
    Alert(Alert),
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// Its name.
    pub name: String,
    /// PromQL.
    pub expr: String,
    /// It has to hold for so long.
    pub holds_for: Length,
    /// In order.
    pub labels: Vec<(String, String)>,
    /// In order. They have no templates: what people read at night is what was reviewed.
    pub annotations: Vec<(String, String)>,
}

/// The rules of all objectives, in their order.
pub fn slo_rules(objectives: &[Objective]) -> RulesFile {
    let mut file = RulesFile { groups: Vec::new(), notes: Vec::new() };
    for objective in objectives {
        file.groups.push(burn_group(objective));
        file.groups.push(budget_group(objective));
        for left in &objective.burn.left_out {
            file.notes.push(format!("{}: no {}: {}", objective.slo.id, left.name, left.why));
        }
        for alert in &objective.burn.alerts {
            let one = objective
                .signal
                .pace()
                .map(|every| Share::of(every.as_seconds().into(), alert.long.as_seconds().into()));
            if one.is_some_and(|one| one > alert.threshold) {
                file.notes.push(format!("{}: one failed run is enough for {}", objective.slo.id, alert.name));
            }
        }
        if !is_absence_watched(objective) {
            file.notes.push(format!(
                "{}: no absent: a check that runs in sessions only leaves no series at night",
                objective.slo.id
            ));
        }
    }
    file
}

/// Missing data cannot be told from a closed market where a check runs in sessions only.
pub(super) fn is_absence_watched(objective: &Objective) -> bool {
    objective.sessions.is_none() || objective.signal.pace().is_none()
}

fn burn_group(objective: &Objective) -> Group {
    let labels = labels(objective);
    let record = |name: String, expr: String| Rule::Record { name, expr, labels: labels.clone() };
    let mut rules = Vec::new();
    for window in objective.windows() {
        rules.push(record(objective.error_ratio(window), objective.signal.error_ratio(window)));
    }
    for window in objective.long_windows() {
        if let (Some(_), Some(events)) = (objective.slo.at_least_events, objective.signal.events(window)) {
            rules.push(record(objective.events(window), events));
        }
        if objective.sessions.is_some() {
            let seen = recorded(objective, &objective.error_ratio(Length::minutes(5)));
            let steps = window.as_seconds() / 60;
            let expr = format!("clamp_max(count_over_time({seen}[{window}:1m]) / {steps}, 1)");
            rules.push(record(objective.active(window), expr));
        }
    }
    rules.extend(objective.burn.alerts.iter().map(|alert| Rule::Alert(burn_alert(objective, alert))));
    if is_absence_watched(objective) {
        rules.push(Rule::Alert(absent_alert(objective)));
    }
    Group { name: format!("slo-{}", objective.slo.id), interval: None, rules }
}

fn budget_group(objective: &Objective) -> Group {
    let period = objective.budget.period();
    let ratio = objective.error_ratio(period);
    let left = format!("1 - {} / {}", recorded(objective, &ratio), objective.budget.bad_share());
    let low = Share::percent(Figure::whole(BUDGET_LOW_PERCENT));
    let alert = Alert {
        name: objective.alert("budget_low"),
        expr: format!("{} < {low}", recorded(objective, &objective.budget_left())),
        holds_for: BUDGET_LOW_FOR,
        labels: with_severity(objective, "ticket"),
        annotations: annotations(
            objective,
            format!("{}: less than {BUDGET_LOW_PERCENT} % of the error budget is left", objective.title()),
            format!(
                "{} % of {period} may be bad. Hold releases that are not repairs until it has recovered.",
                objective.budget.bad_percent()
            ),
        ),
    };
    let record = |name, expr| Rule::Record { name, expr, labels: labels(objective) };
    let rules = vec![
        record(ratio, objective.signal.error_ratio(period)),
        record(objective.budget_left(), left),
        Rule::Alert(alert),
    ];
    Group { name: format!("slo-{}-budget", objective.slo.id), interval: Some(PERIOD_INTERVAL), rules }
}

fn burn_alert(objective: &Objective, alert: &BurnAlert) -> Alert {
    let weight = match objective.sessions {
        Some(_) => format!(" * {}", recorded(objective, &objective.active(alert.long))),
        None => String::new(),
    };
    let above = |window| recorded(objective, &objective.error_ratio(window));
    let mut expr = format!(
        "{}{weight} > {}\nand\n{} > {}",
        above(alert.long),
        alert.threshold,
        above(alert.short),
        alert.threshold
    );
    if let (Some(floor), None) = (objective.slo.at_least_events, objective.signal.pace()) {
        expr.push_str(&format!("\nand\n{} >= {floor}", recorded(objective, &objective.events(alert.long))));
    }
    let hours = if objective.sessions.is_some() { "session hours in " } else { "" };
    Alert {
        name: objective.alert(alert.name),
        expr,
        holds_for: alert.holds_for,
        labels: with_severity(objective, alert.urgency.as_str()),
        annotations: annotations(
            objective,
            format!("{}: the error budget burns {} times too fast", objective.title(), alert.factor.fixed(1)),
            format!(
                "At this rate {} % of the budget of {hours}{} go in {}. The alert ends when the last {} \
                 are below {} % bad.",
                alert.budget_percent,
                objective.budget.period(),
                alert.long,
                alert.short,
                percent(alert),
            ),
        ),
    }
}

fn absent_alert(objective: &Objective) -> Alert {
    Alert {
        name: objective.alert("absent"),
        expr: objective.signal.absent(),
        holds_for: ABSENT_FOR,
        labels: with_severity(objective, "page"),
        annotations: annotations(
            objective,
            format!("{}: there are no data", objective.title()),
            "Nothing can be said about this objective. Look whether the service is up and is scraped."
                .to_owned(),
        ),
    }
}

fn percent(alert: &BurnAlert) -> String {
    let millionths = (alert.threshold.as_f64() * 1e8).round() as i64;
    Figure::from_millionths(millionths).rounded(3).to_string()
}

/// A recorded series of this service alone.
fn recorded(objective: &Objective, name: &str) -> String {
    format!("{name}{{service={}}}", quoted(&objective.service))
}

fn labels(objective: &Objective) -> Vec<(String, String)> {
    vec![("service".to_owned(), objective.service.clone()), ("slo".to_owned(), objective.slo.id.clone())]
}

fn with_severity(objective: &Objective, severity: &str) -> Vec<(String, String)> {
    let mut labels = labels(objective);
    labels.push(("severity".to_owned(), severity.to_owned()));
    labels
}

fn annotations(objective: &Objective, summary: String, description: String) -> Vec<(String, String)> {
    let mut all =
        vec![("summary".to_owned(), plain(&summary)), ("description".to_owned(), plain(&description))];
    if let Some(runbook) = &objective.runbook {
        all.push(("runbook".to_owned(), plain(runbook)));
    }
    all
}

/// Braces of titles would be templates.
pub(super) fn plain(text: &str) -> String {
    text.replace("{{", "{ {")
}
