//! `meridian slo`.

use std::fs;
use std::path::Path;

use journal::directory::Running;
use release::policy::Policy;
use release::slo::dashboard::{Arms, gateway_dashboard, releases_dashboard, slo_dashboard};
use release::slo::openslo::{import, policy_text};
use release::slo::{Objective, objectives, rule_tests, rules_for, slo_rules};
use serde_json::{Value, json};

use crate::cli::{CalendarFile, InstanceArguments, SloCommand};
use crate::failure::Failure;
use crate::instance::Instance;
use crate::output;
use crate::release::{calendars, content, now, read};

pub fn run(command: SloCommand) -> Result<(), Failure> {
    match command {
        SloCommand::Show { policy: Some(policy), calendar, instance, .. } => {
            show(&policy, &calendar, &instance)
        }
        SloCommand::Show { policy: None, service, instance, .. } => show_live(service.as_deref(), &instance),
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

fn show(path: &Path, calendar: &[CalendarFile], instance: &InstanceArguments) -> Result<(), Failure> {
    let (policy, all) = objectives_of(path, calendar)?;
    let live = live_beside(&policy.service.name, instance);
    let of = |objective: &Objective| live.iter().find(|one| one["slo"] == *objective.slo.id);
    if instance.json {
        let all: Vec<Value> = all
            .iter()
            .map(|objective| {
                let mut document = document(objective);
                if let Some(live) = of(objective) {
                    document["live"] = live.clone();
                }
                document
            })
            .collect();
        return output::json(&all);
    }
    let mut rows = Vec::new();
    for objective in &all {
        let budget = objective.budget;
        let mut row = vec![
            objective.slo.id.clone(),
            format!("{} % of {}", objective.slo.objective, objective.slo.period),
            format!("{} min", budget.minutes().rounded(2)),
            objective.burn.alerts.iter().map(|alert| alert.name.to_string()).collect::<Vec<_>>().join(", "),
        ];
        if !live.is_empty() {
            row.extend(of(objective).map_or_else(Vec::new, standing));
        }
        rows.push(row);
    }
    let headings = ["OBJECTIVE", "GOOD", "BUDGET", "ALERTS", "LEFT", "RAISED", "DATA", "OBSERVED SINCE"];
    output::table(if live.is_empty() { &headings[..4] } else { &headings }, &rows);
    Ok(())
}

/// How the objectives of a service stand in an instance; none where no instance can be reached, which is no fault here.
fn live_beside(service: &str, instance: &InstanceArguments) -> Vec<Value> {
    if instance.url.is_none() && Running::find(&instance.data).is_none() {
        return Vec::new();
    }
    let seen = Instance::find(instance)
        .and_then(|instance| instance.get::<Value>("/v1/slos", &[("service", service)]));
    judged(&seen.unwrap_or_default())
}

/// Those that are judged, with their services.
fn judged(seen: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for service in seen["services"].as_array().into_iter().flatten() {
        for slo in service["slos"].as_array().into_iter().flatten() {
            if slo["observed_since"].is_string() {
                let mut slo = slo.clone();
                slo["service"] = service["service"].clone();
                all.push(slo);
            }
        }
    }
    all
}

/// What is left of the budget, which alerts are raised, whether there are data, since when.
fn standing(live: &Value) -> Vec<String> {
    let left = live["budget_left"].as_f64().map_or("".to_owned(), |left| format!("{:.2} %", 100.0 * left));
    let alerts = live["alerts"].as_array().into_iter().flatten();
    let raised: Vec<&str> = alerts
        .filter(|alert| alert["state"] == "firing")
        .filter_map(|alert| alert["alert"].as_str())
        .collect();
    vec![left, raised.join(", "), output::cell(&live["data"]), output::cell(&live["observed_since"])]
}

fn show_live(service: Option<&str>, instance: &InstanceArguments) -> Result<(), Failure> {
    let query: Vec<(&str, &str)> = service.map(|name| ("service", name)).into_iter().collect();
    let seen: Value = Instance::find(instance)?.get("/v1/slos", &query)?;
    let all = judged(&seen);
    if instance.json {
        return output::json(&seen["services"]);
    }
    if all.is_empty() {
        return Err(Failure::new("no objective is judged here")
            .hint("open a release of a service whose policy has `[[slo]]` tables and a target environment"));
    }
    let row = |one: &Value| {
        let mut row =
            vec![output::cell(&one["service"]), output::cell(&one["slo"]), output::cell(&one["environment"])];
        row.extend(standing(one));
        row
    };
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    output::table(&["SERVICE", "OBJECTIVE", "WHERE", "LEFT", "RAISED", "DATA", "OBSERVED SINCE"], &rows);
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
