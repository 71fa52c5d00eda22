//! `meridian runbook`: runbooks of a policy, run and watched.

mod progress;
mod prompt;
mod run;

use std::path::Path;

use release::policy::{Action, Runbook};
use release::{Length, Loaded};
use serde_json::{Value, json};

use crate::cli::{InstanceArguments, RunbookCommand, StepArguments, WordArguments};
use crate::failure::Failure;
use crate::instance::segment;
use crate::office::Office;
use crate::output;
use crate::release::read;

pub fn run(command: RunbookCommand) -> Result<(), Failure> {
    match command {
        RunbookCommand::List { policy, json } => list(&policy, json),
        RunbookCommand::Show { runbook, policy, json } => show(&runbook, &policy, json),
        RunbookCommand::Run(arguments) => run::begin(&arguments),
        RunbookCommand::Status { run, open, instance } => match run {
            Some(run) => status(&run, &instance),
            None => all(open, &instance),
        },
        RunbookCommand::Confirm(arguments) => about_step("confirm", &arguments),
        RunbookCommand::GoAhead(arguments) => about_step("go-ahead", &arguments),
        RunbookCommand::Skip(arguments) => about_step("skip", &arguments),
        RunbookCommand::Fail(arguments) => about_step("fail", &arguments),
        RunbookCommand::Pause(arguments) => about_run("pause", arguments),
        RunbookCommand::Resume(arguments) => run::resume(&arguments),
        RunbookCommand::Back(arguments) => about_run("back", arguments.into()),
        RunbookCommand::Abandon(arguments) => about_run("abandon", arguments.into()),
        RunbookCommand::Report { run, instance } => report(&run, &instance),
    }
}

fn list(path: &Path, json: bool) -> Result<(), Failure> {
    let runbooks = read(path)?.loaded.policy.runbooks;
    if json {
        let runbooks: Vec<Value> = runbooks.iter().map(document).collect();
        return output::json(&json!({ "runbooks": runbooks }));
    }
    let rows: Vec<Vec<String>> = runbooks
        .iter()
        .map(|runbook| {
            let planned: release::Budget = runbook.steps.iter().filter_map(|step| step.budget).sum();
            let limit = runbook.limit.map_or(String::new(), |limit| limit.to_string());
            let steps = runbook.steps.len().to_string();
            vec![
                runbook.id.clone(),
                purpose(runbook).to_owned(),
                steps,
                planned.to_string(),
                limit,
                runbook.title.clone(),
            ]
        })
        .collect();
    output::table(&["RUNBOOK", "PURPOSE", "STEPS", "PLANNED", "LIMIT", "TITLE"], &rows);
    Ok(())
}

fn show(id: &str, path: &Path, json: bool) -> Result<(), Failure> {
    let runbook = find(&read(path)?.loaded, id)?;
    if json {
        return output::json(&document(&runbook));
    }
    let rows: Vec<Vec<String>> = runbook
        .steps
        .iter()
        .map(|step| {
            let planned = step.budget.map_or("-".to_owned(), |budget| budget.to_string());
            let mut what = describe(step.action.as_ref(), &step.title);
            if let Some(undo) = &step.undo {
                what.push_str(&format!("; undone by {}", describe(Some(undo), "")));
            }
            let optional = if step.optional { "optional" } else { "" };
            vec![step.id.clone(), planned, optional.to_owned(), what]
        })
        .collect();
    output::table(&["STEP", "PLANNED", "", "WHAT"], &rows);
    Ok(())
}

/// A runbook of a policy.
fn find(loaded: &Loaded, id: &str) -> Result<Runbook, Failure> {
    let runbooks = &loaded.policy.runbooks;
    runbooks.iter().find(|runbook| runbook.id == id).cloned().ok_or_else(|| {
        let known: Vec<&str> = runbooks.iter().map(|runbook| runbook.id.as_str()).collect();
        Failure::usage(format!("the policy has no runbook {id:?}"))
            .hint(format!("it has: {}", known.join(", ")))
    })
}

const fn purpose(runbook: &Runbook) -> &'static str {
    use release::policy::Purpose;
    match runbook.purpose {
        Purpose::Deploy => "deploy",
        Purpose::RollBack => "roll-back",
        Purpose::Incident => "incident",
        Purpose::Task => "task",
    }
}

fn describe(action: Option<&Action>, title: &str) -> String {
    match action {
        None => format!("a person: {title}"),
        Some(Action::Manual { text, role }) => {
            format!("{}: {text}", role.as_deref().unwrap_or("a person"))
        }
        Some(Action::Command { run, .. }) => run.join(" "),
        Some(Action::Shell { text }) => format!("sh: {}", text.lines().next().unwrap_or_default()),
        Some(Action::Http(probe)) => format!("{} {}", probe.method.as_deref().unwrap_or("GET"), probe.url),
        Some(Action::WaitFor { check, .. }) => format!("wait for check {check}"),
        Some(Action::Check { check }) => format!("check {check}"),
        Some(Action::Hook { name }) => format!("hook {name}"),
    }
}

fn document(runbook: &Runbook) -> Value {
    let length = |length: Option<Length>| length.map(|length| length.to_string());
    let steps: Vec<Value> = runbook
        .steps
        .iter()
        .map(|step| {
            json!({
                "step": step.id, "title": step.title, "planned": step.budget, "optional": step.optional,
                "retries": step.retries, "timeout": length(step.timeout), "repeatable": release::runbook::repeatable(step),
                "what": describe(step.action.as_ref(), &step.title),
                "undo": step.undo.as_ref().map(|undo| describe(Some(undo), "")),
            })
        })
        .collect();
    json!({
        "runbook": runbook.id, "title": runbook.title, "purpose": purpose(runbook), "environment": runbook.environment,
        "limit": length(runbook.limit), "steps": steps,
    })
}

fn all(open: bool, instance: &InstanceArguments) -> Result<(), Failure> {
    let query: &[(&str, &str)] = if open { &[("open", "true")] } else { &[] };
    let answer: Value = Office::find(instance)?.get("/v1/runs", query)?;
    if instance.json {
        return output::json(&answer);
    }
    let fields = ["run", "service", "runbook", "environment", "began_at", "standing", "outcome"];
    let rows = output::rows(&answer, "runs", &fields);
    output::table(&["RUN", "SERVICE", "RUNBOOK", "ENVIRONMENT", "BEGAN", "STANDS", "OUTCOME"], &rows);
    Ok(())
}

fn status(run: &str, instance: &InstanceArguments) -> Result<(), Failure> {
    let view: Value = Office::find(instance)?.get(&path(run, ""), &[])?;
    if instance.json {
        return output::json(&view);
    }
    let cell = |name: &str| output::cell(&view[name]);
    let rehearsal = if view["rehearsal"] == true { ", a rehearsal" } else { "" };
    output::data(&format!(
        "{run}: {} of {} in {}{rehearsal}, begun at {} by {}\n",
        cell("runbook"),
        cell("service"),
        cell("environment"),
        cell("began_at"),
        cell("began_by")
    ));
    progress::table(&view);
    let standing = match cell("standing").as_str() {
        "ended" => format!("ended: {}\n", cell("outcome")),
        "asks" => prompt::asked(run, &view["asked"]),
        "paused" => format!("paused: {}\n", output::cell(&view["paused"]["why"])),
        _ => "goes on\n".to_owned(),
    };
    output::data(&standing);
    Ok(())
}

fn report(run: &str, instance: &InstanceArguments) -> Result<(), Failure> {
    let view: Value = Office::find(instance)?.get(&path(run, ""), &[])?;
    if instance.json {
        return output::json(&view);
    }
    output::data(&output::text(&view["report"]));
    Ok(())
}

fn about_step(word: &str, arguments: &StepArguments) -> Result<(), Failure> {
    let StepArguments { run, step, by, note, why, instance } = arguments;
    let office = Office::find(instance)?;
    let body = json!({"step": step, "by": by, "note": note, "why": why});
    tell(&office, run, &office.post(&path(run, word), &body)?, instance)
}

fn about_run(word: &str, arguments: WordArguments) -> Result<(), Failure> {
    let WordArguments { run, by, why, instance } = arguments;
    let office = Office::find(&instance)?;
    tell(&office, &run, &office.post(&path(&run, word), &json!({"by": by, "why": why}))?, &instance)
}

fn tell(office: &Office, run: &str, answer: &Value, instance: &InstanceArguments) -> Result<(), Failure> {
    if instance.json {
        return output::json(answer);
    }
    let standing = output::cell(&answer["standing"]);
    output::data(&format!("{run}: {}\n", standing.replace('_', " ")));
    if standing == "goes_on" && !office.is_served() {
        output::talk(&format!(
            "no server runs here: unless a command follows it, go on with `meridian runbook resume {run}`\n"
        ));
    }
    Ok(())
}

/// Of a run, or of a word about it.
fn path(run: &str, word: &str) -> String {
    let slash = if word.is_empty() { "" } else { "/" };
    format!("/v1/runs/{}{slash}{word}", segment(run))
}
