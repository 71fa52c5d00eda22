//! `meridian slo`.

use std::fs;
use std::path::Path;

use release::policy::Policy;
use release::slo::dashboard::{Arms, gateway_dashboard, releases_dashboard, slo_dashboard};
use release::slo::openslo::{import, policy_text};
use release::slo::{Objective, objectives, rule_tests, rules_for, slo_rules};
use serde_json::{Value, json};

use crate::cli::{CalendarFile, SloCommand};
use crate::failure::Failure;
use crate::output;
use crate::release::{calendars, content, now, read};

pub fn run(command: SloCommand) -> Result<(), Failure> {
    match command {
        SloCommand::Show { policy, calendar, json } => show(&policy, &calendar, json),
        SloCommand::Rules { policy, out, calendar } => rules(&policy, &out, &calendar),
        SloCommand::Import { file } => from_openslo(&file),
    }
}

fn objectives_of(path: &Path, calendar: &[CalendarFile]) -> Result<(Policy, Vec<Objective>), Failure> {
    let calendars = calendars(calendar)?;
    let policy = read(path)?.loaded.policy;
    let today = now()?.to_zoned(jiff::tz::TimeZone::UTC).date();
    let all = objectives(&policy, &calendars, today).map_err(|faults| {
        faults.iter().fold(
            Failure::new(format!("{}: not every objective can be watched", path.display())),
            Failure::cause,
        )
    })?;
    if all.is_empty() {
        return Err(Failure::new(format!("{} has no objective", path.display()))
            .hint("add `[[slo]]` tables, or import them: `meridian slo import openslo.yaml`"));
    }
    Ok((policy, all))
}

fn show(path: &Path, calendar: &[CalendarFile], json: bool) -> Result<(), Failure> {
    let (_, all) = objectives_of(path, calendar)?;
    if json {
        let all: Vec<Value> = all.iter().map(document).collect();
        return output::json(&all);
    }
    let mut rows = Vec::new();
    for objective in &all {
        let budget = objective.budget;
        rows.push(vec![
            objective.slo.id.clone(),
            format!("{} % of {}", objective.slo.objective, objective.slo.period),
            format!("{} min", budget.minutes().rounded(2)),
            objective.burn.alerts.iter().map(|alert| alert.name.to_string()).collect::<Vec<_>>().join(", "),
        ]);
    }
    output::table(&["OBJECTIVE", "GOOD", "BUDGET", "ALERTS"], &rows);
    Ok(())
}

fn document(objective: &Objective) -> Value {
    json!({
        "id": objective.slo.id, "title": objective.title(), "objective": objective.slo.objective,
        "period_seconds": objective.slo.period.as_seconds(), "budget_minutes": objective.budget.minutes(),
        "alerts": objective.burn.alerts.iter().map(|alert| alert.name.to_string()).collect::<Vec<_>>(),
    })
}

fn rules(path: &Path, out: &Path, calendar: &[CalendarFile]) -> Result<(), Failure> {
    let (policy, all) = objectives_of(path, calendar)?;
    let service = &policy.service.name;
    let failed =
        |error: std::io::Error| Failure::new(format!("cannot write to {}", out.display())).cause(error);
    fs::create_dir_all(out).map_err(failed)?;
    let write = |name: String, text: &str| -> Result<(), Failure> {
        let file = out.join(name);
        fs::write(&file, text).map_err(failed)?;
        output::data(&format!("{}\n", file.display()));
        Ok(())
    };
    let rules_name = format!("{service}.rules.yaml");
    let rules = slo_rules(&all);
    write(rules_name.clone(), &rules.yaml())?;
    let triggers = rules_for(&policy);
    write(format!("{service}.triggers.rules.yaml"), &triggers.yaml())?;
    let tests = rule_tests(&all, &rules, &rules_name);
    for file in &tests.files {
        write(format!("{service}.{}.test.yaml", file.name), &file.text)?;
    }
    write(format!("{service}.slos.dashboard.json"), &slo_dashboard(service, &all).json())?;
    let releases = releases_dashboard(service, &all, Arms::default()).map_err(Failure::new)?;
    write(format!("{service}.releases.dashboard.json"), &releases.json())?;
    write("meridian-gateway.dashboard.json".to_owned(), &gateway_dashboard().json())?;
    for note in rules.notes.iter().chain(&triggers.notes).chain(&tests.notes) {
        output::talk(&format!("note: {note}\n"));
    }
    Ok(())
}

fn from_openslo(path: &Path) -> Result<(), Failure> {
    let text = content(path)?;
    let wrong = |words: &dyn std::fmt::Display| Failure::new(format!("{}: {words}", path.display()));
    let imported = import(&text).map_err(|left| wrong(&left))?;
    for left in &imported.left_out {
        output::talk(&format!("left out: {}: {left}\n", path.display()));
    }
    if imported.slos.is_empty() {
        return Err(wrong(&"no objective that a policy can have"));
    }
    output::data(&policy_text(&imported.slos));
    Ok(())
}
