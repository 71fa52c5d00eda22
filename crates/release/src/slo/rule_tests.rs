//! Tests of the rules, for `promtool test rules`: written together with the rules, computed from the same objectives.
//!
//! Enters: objectives. Leaves: test files. Never here: running them.
//!
//! For every burn-rate alert: errors at ten times its threshold after a healthy long window raise it when they should
//! (and not before), it ends a short window after they do, errors just below its threshold never raise it, and too
//! little traffic does not either. Where traffic is in sessions: errors right after the open raise it no sooner. For
//! every objective: missing data, and a low budget.
//!
//! Each case evaluates all rules at each of its steps. Windows up to an hour are therefore tested in steps of a
//! minute, up to six hours in steps of five, longer ones in steps of twenty; and with many objectives it pays to test
//! them one by one.

use super::burn::BurnAlert;
use super::objective::Objective;
use super::rules::{
    ABSENT_FOR, Alert, BUDGET_LOW_FOR, BUDGET_LOW_PERCENT, Rule, RulesFile, is_absence_watched,
};
use super::supply::{Phase, Supply};
use super::yaml;
use crate::Length;

/// A file for promtool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFile {
    /// `hour`, `session` or `days`: for windows of this order.
    pub name: &'static str,
    /// YAML.
    pub text: String,
}

/// Test files, and which objectives cannot be tested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleTests {
    /// To be run.
    pub files: Vec<TestFile>,
    /// What is not tested, and why.
    pub notes: Vec<String>,
}

/// Errors are so many times the threshold.
const TIMES: f64 = 10.0;

/// Tests for [`super::slo_rules`] of the same objectives; `rules_path` is what the test files call the rules file.
pub fn rule_tests(objectives: &[Objective], file: &RulesFile, rules_path: &str) -> RuleTests {
    let [mut hour, mut session, mut days] = [1, 5, 20].map(Writer::new);
    let mut notes = Vec::new();
    for objective in objectives {
        let Some(supply) = Supply::of(&objective.signal) else {
            notes.push(format!(
                "{}: not tested: no series is both bad and counted, or none is good",
                objective.slo.id
            ));
            continue;
        };
        for alert in &objective.burn.alerts {
            let writer = match alert.long.as_seconds() {
                ..=3_600 => &mut hour,
                3_601..=21_600 => &mut session,
                _ => &mut days,
            };
            burn_cases(writer, objective, &supply, alert, file);
        }
        absent_cases(&mut hour, objective, &supply, file);
        budget_cases(&mut days, objective, &supply, file);
    }
    let written = [("hour", hour), ("session", session), ("days", days)];
    let files = written
        .into_iter()
        .filter(|(_, writer)| !writer.cases.is_empty())
        .map(|(name, writer)| TestFile { name, text: writer.file(rules_path, file) })
        .collect();
    RuleTests { files, notes }
}

fn burn_cases(
    writer: &mut Writer,
    objective: &Objective,
    supply: &Supply,
    alert: &BurnAlert,
    file: &RulesFile,
) {
    let step = writer.step;
    let steps = |length: Length| length.as_seconds().div_ceil(60 * step);
    let name = objective.alert(alert.name);
    let errors = (TIMES * alert.threshold.as_f64()).min(1.0);
    // Enough traffic for the floor, four times over.
    let floor = objective.slo.at_least_events.unwrap_or(0) as f64;
    let long = steps(alert.long);
    let pace = (100.0 * step as f64).max(4.0 * floor / long as f64);
    let until = alert.raised_after(errors).unwrap_or(Length::ZERO);
    let (before, after) = ((until.as_seconds() / (60 * step)).saturating_sub(2), steps(until) + 2);
    let ended = long + after + 2 + steps(alert.short) + 2;

    let mut phases = vec![Phase::new(long, pace, 0.0), Phase::new(after + 2, pace, errors)];
    phases.push(Phase::new(steps(alert.short) + 4, pace, 0.0));
    let looks = vec![(long, false), (long + before, false), (long + after, true), (ended, false)];
    writer.case(&format!("{name}: is raised in time and ends"), supply.series(&phases), &name, looks, file);

    let end = long + steps(alert.holds_for) + 2;
    let below = [Phase::new(end, pace, 0.8 * alert.threshold.as_f64())];
    let looks = vec![(long / 2, false), (end, false)];
    writer.case(&format!("{name}: less is not enough"), supply.series(&below), &name, looks, file);

    if floor > 0.0 && objective.signal.pace().is_none() {
        let few = [Phase::new(end, 0.5 * floor / long as f64, 1.0)];
        let looks = vec![(long, false), (end, false)];
        writer.case(&format!("{name}: too little traffic"), supply.series(&few), &name, looks, file);
    }
    if objective.sessions.is_some() {
        let closed = match objective.signal.pace() {
            None => Phase::new(long, 0.0, 0.0),
            Some(_) => Phase::nothing(long),
        };
        let phases = [closed, Phase::new(after + 2, pace, errors)];
        let looks = vec![(long + before, false), (long + after + 1, true)];
        writer.case(
            &format!("{name}: not sooner after the open"),
            supply.series(&phases),
            &name,
            looks,
            file,
        );
    }
}

fn absent_cases(writer: &mut Writer, objective: &Objective, supply: &Supply, file: &RulesFile) {
    if !is_absence_watched(objective) {
        return;
    }
    let name = objective.alert("absent");
    let wait = ABSENT_FOR.as_seconds() / 60;
    let present = 30;
    let phases = [Phase::new(present, 100.0, 0.0), Phase::nothing(wait + 5)];
    let looks = vec![(present, false), (present + wait - 1, false), (present + wait + 3, true)];
    writer.case(&format!("{name}: the series end"), supply.series(&phases), &name, looks, file);
    writer.case(&format!("{name}: there never were any"), Vec::new(), &name, vec![(wait + 2, true)], file);
    if let Some(alone) = supply.without_bucket(present) {
        let looks = vec![(present, true)];
        writer.case(&format!("{name}: no bucket has this edge"), vec![alone], &name, looks, file);
    }
}

fn budget_cases(writer: &mut Writer, objective: &Objective, supply: &Supply, file: &RulesFile) {
    let step = writer.step;
    let name = objective.alert("budget_low");
    let bad = objective.budget.bad_share().as_f64();
    let errors = (TIMES * bad).min(1.0);
    let low = bad * (100 - BUDGET_LOW_PERCENT) as f64 / 100.0;
    let healthy = (objective.budget.period().as_seconds() / 4).min(86_400) / (60 * step);
    // errors x k / (healthy + k) > low
    let until = healthy as f64 * low / (errors - low);
    let wait = BUDGET_LOW_FOR.as_seconds() / (60 * step);
    let (before, after) = ((until as u64 + wait).saturating_sub(2), until.ceil() as u64 + wait + 2);
    let phases = [Phase::new(healthy, 1_000.0, 0.0), Phase::new(after, 1_000.0, errors)];
    let looks = vec![(healthy, false), (healthy + before, false), (healthy + after, true)];
    writer.case(&format!("{name}: is raised in time"), supply.series(&phases), &name, looks, file);
    let half = [Phase::new(healthy, 1_000.0, 0.5 * bad)];
    writer.case(&format!("{name}: half is left"), supply.series(&half), &name, vec![(healthy, false)], file);
}

struct Writer {
    /// Minutes between two samples and two evaluations.
    step: u64,
    cases: String,
}

impl Writer {
    const fn new(step: u64) -> Writer {
        Writer { step, cases: String::new() }
    }

    /// `looks`: after so many steps, is the alert raised?
    fn case(
        &mut self,
        title: &str,
        series: Vec<(String, String)>,
        alert: &str,
        looks: Vec<(u64, bool)>,
        file: &RulesFile,
    ) {
        let out = &mut self.cases;
        out.push_str(&format!("  - name: {}\n    interval: {}m\n", yaml::text(title), self.step));
        if series.is_empty() {
            out.push_str("    input_series: []\n");
        } else {
            out.push_str("    input_series:\n");
        }
        for (name, values) in series {
            out.push_str(&format!("      - series: {}\n        values: '{values}'\n", yaml::text(&name)));
        }
        out.push_str("    alert_rule_test:\n");
        for (at, raised) in looks {
            let at = Length::minutes(at * self.step);
            out.push_str(&format!("      - eval_time: {at}\n        alertname: {}\n", yaml::text(alert)));
            match find(file, alert).filter(|_| raised) {
                None => out.push_str("        exp_alerts: []\n"),
                Some(alert) => {
                    out.push_str("        exp_alerts:\n          -\n");
                    yaml::map(out, 12, "exp_labels", &alert.labels);
                    yaml::map(out, 12, "exp_annotations", &alert.annotations);
                }
            }
        }
    }

    fn file(self, rules_path: &str, file: &RulesFile) -> String {
        let mut out = String::from("# Written together with the rules: change the policy's objectives.\n");
        out.push_str(&format!("rule_files:\n  - {}\n", yaml::text(rules_path)));
        out.push_str(&format!("evaluation_interval: {}m\ngroup_eval_order:\n", self.step));
        for group in &file.groups {
            out.push_str(&format!("  - {}\n", yaml::text(&group.name)));
        }
        out.push_str("tests:\n");
        out.push_str(&self.cases);
        out
    }
}

fn find<'a>(file: &'a RulesFile, name: &str) -> Option<&'a Alert> {
    file.groups.iter().flat_map(|group| &group.rules).find_map(|rule| match rule {
        Rule::Alert(alert) if alert.name == name => Some(alert),
        _ => None,
    })
}
