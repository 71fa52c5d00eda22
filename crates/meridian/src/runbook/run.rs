//! `meridian runbook run` and `resume`: begins, follows to the end, asks people in between.

use std::io::IsTerminal as _;

use serde_json::{Map, Value, json};

use super::path;
use super::progress::Progress;
use super::prompt::{self, Reply};
use crate::cli::{RunArguments, WordArguments};
use crate::failure::Failure;
use crate::instance::segment;
use crate::office::Office;
use crate::output;
use crate::release::{KeptPolicy, keep_policy, newest};

pub fn begin(arguments: &RunArguments) -> Result<(), Failure> {
    let office = Office::find(&arguments.instance)?;
    let mut choices = Map::new();
    choices.extend(arguments.without.iter().map(|step| (step.clone(), json!(false))));
    choices.extend(arguments.with.iter().map(|step| (step.clone(), json!(true))));
    let mut body = json!({
        "runbook": arguments.runbook, "rehearsal": arguments.rehearse, "choices": choices, "by": arguments.by,
    });
    if let Some(environment) = &arguments.env {
        body["environment"] = json!(environment);
    }
    if let Some(incident) = &arguments.incident {
        body["incident"] = json!(incident);
    }
    let kept = arguments.policy.as_deref().map(|file| keep_policy(&office, file)).transpose()?;
    match (kept, &arguments.release) {
        (Some(kept), release) => {
            let newest = newest(&office, Some(&kept.loaded.policy.service.name))?;
            let bound = match release.as_ref().or(newest.as_ref()) {
                Some(id) if is_bound(&office, id, &kept)? => Some(id),
                Some(_) | None => None,
            };
            match (bound, release) {
                (Some(id), _) => body["release"] = json!(id),
                (None, None) => {
                    body["policy"] = json!(kept.digest);
                    body["folder"] = json!(kept.folder);
                }
                (None, Some(id)) => {
                    return Err(Failure::new(format!("{id} is bound to another policy than this file"))
                        .hint("leave --policy out, or change the policy of the release first"));
                }
            }
        }
        (None, release) => body["release"] = json!(release),
    }
    let answer: Value = office.post("/v1/runs", &body)?;
    let run = output::cell(&answer["run"]);
    output::talk(&format!("{run}: {} in {}\n", arguments.runbook, output::cell(&answer["environment"])));
    follow(&office, &run, &arguments.by, arguments.instance.json)
}

fn is_bound(office: &Office, release: &str, kept: &KeptPolicy) -> Result<bool, Failure> {
    let view: Value = office.get(&format!("/v1/release/releases/{}", segment(release)), &[])?;
    Ok(view["policy"] == json!(kept.digest) && view["folder"] == json!(kept.folder))
}

pub fn resume(arguments: &WordArguments) -> Result<(), Failure> {
    let WordArguments { run, by, why, instance } = arguments;
    let office = Office::find(instance)?;
    let _: Value = office.post(&path(run, "resume"), &json!({"by": by, "why": why}))?;
    follow(&office, run, by, instance.json)
}

/// To the end of the run, or until this process has to leave it.
fn follow(office: &Office, run: &str, by: &str, json: bool) -> Result<(), Failure> {
    let view: Value = office.get(&path(run, ""), &[])?;
    let mut progress = Progress::new(&view);
    let mut after = 0;
    loop {
        let events = format!("{}?after={after}&until=asked", path(run, "events"));
        let answer = office.follow(&events, None, |name, piece| {
            if name == "row" && !json {
                progress.row(piece);
            }
        })?;
        let rows = answer["rows"].as_u64().unwrap_or(after);
        // Nothing new was asked: whoever performs it was told to end.
        let leaves = rows == after;
        after = rows;
        match answer["standing"].as_str() {
            Some("ended") => return end(office, run, json),
            Some("asks") if std::io::stdin().is_terminal() && !json => {
                match prompt::ask(&answer["asked"])? {
                    Reply::Leave => break,
                    Reply::Say { word, why } => {
                        let body = json!({"step": answer["asked"]["step"], "by": by, "why": why});
                        // Somebody else may have said it, or has to: then it goes on with their word.
                        if let Err(refused) = office.post::<Value>(&path(run, word), &body) {
                            let _ = refused.report();
                        }
                    }
                }
            }
            Some("asks") => {
                output::talk(&prompt::asked(run, &answer["asked"]));
                if leaves {
                    break;
                }
            }
            _ => break,
        }
    }
    Err(Failure::new(format!("{run} has not ended"))
        .hint(format!("go on with `meridian runbook resume {run} --by {by}`")))
}

fn end(office: &Office, run: &str, json: bool) -> Result<(), Failure> {
    let view: Value = office.get(&path(run, ""), &[])?;
    if json {
        output::json(&view)?;
    } else {
        output::data(&output::text(&view["report"]));
        let proofs = view["proofs"].as_array().into_iter().flatten();
        for proof in proofs.filter(|proof| proof["proven"] == true) {
            output::talk(&format!("evidence for check {}\n", output::cell(&proof["check"])));
        }
    }
    let outcome = output::cell(&view["outcome"]);
    let late = view["total"]["slack_ms"].as_i64().is_some_and(|slack| slack < 0);
    match outcome.as_str() {
        "done" if late && view["rehearsal"] == true => {
            Err(Failure::new(format!("{run} took longer than its limit")))
        }
        "done" => Ok(()),
        other => {
            let left: Vec<String> =
                view["left_behind"].as_array().into_iter().flatten().map(output::cell).collect();
            let failure = Failure::new(format!("{run} ended: {}", other.replace('_', " ")));
            Err(if left.is_empty() {
                failure
            } else {
                failure.hint(format!("not undone: {}", left.join(", ")))
            })
        }
    }
}
