//! `meridian release task`, `condition`, `finding`, `meeting`, `metric`: what people say of the plan.

use serde_json::{Map, Value, json};

use super::chosen::chosen;
use crate::cli::{
    ByArguments, ConditionCommand, FindingCommand, MeetingCommand, MetricArguments, ReleaseArguments,
    TaskCommand,
};
use crate::failure::Failure;
use crate::instance::segment;
use crate::office::Office;
use crate::output::{self, cell};

/// Posts it, and prints what is known then: `name` is the part of the answer that says it.
pub fn say(of: &ReleaseArguments, path: &str, body: &Value, name: &str) -> Result<(), Failure> {
    let office = Office::find(&of.instance)?;
    let id = chosen(&office, of)?;
    let answer: Value = office.post(&format!("/v1/release/releases/{}/{path}", segment(&id)), body)?;
    if of.instance.json {
        return output::json(&answer);
    }
    let found = &answer[name];
    let missing = ["missing", "why"].iter().flat_map(|field| found[*field].as_array().into_iter().flatten());
    let missing: Vec<String> = missing.map(cell).collect();
    let missing = if missing.is_empty() { String::new() } else { format!(": {}", missing.join("; ")) };
    output::data(&format!("{}{missing}\n", cell(&found["state"]).replace('_', " ")));
    Ok(())
}

pub fn task(command: &TaskCommand) -> Result<(), Failure> {
    let TaskCommand::Done { said, role } = command;
    let body = json!({"by": said.by, "role": role});
    say(&said.of, &format!("tasks/{}/done", segment(&said.id)), &body, "task")
}

pub fn condition(command: &ConditionCommand) -> Result<(), Failure> {
    let (said, word) = match command {
        ConditionCommand::Met(said) => (said, "met"),
        ConditionCommand::Missed(said) => (said, "missed"),
    };
    let path = format!("conditions/{}/{word}", segment(&said.id));
    say(&said.of, &path, &json!({"by": said.by}), "condition")
}

pub fn finding(command: &FindingCommand) -> Result<(), Failure> {
    match command {
        FindingCommand::Open { said, title, severity, review, closed_by } => {
            let body = json!({
                "finding": said.id, "title": title, "severity": severity, "review": review,
                "closed_by": closed_by, "by": said.by,
            });
            say(&said.of, "findings", &body, "finding")
        }
        FindingCommand::Close { said, why } => {
            let path = format!("findings/{}/closed", segment(&said.id));
            say(&said.of, &path, &json!({"by": said.by, "why": why}), "finding")
        }
    }
}

pub fn meeting(command: &MeetingCommand) -> Result<(), Failure> {
    let (arguments, held) = match command {
        MeetingCommand::Held(arguments) => (arguments, true),
        MeetingCommand::Skipped(arguments) => (arguments, false),
    };
    let said = &arguments.said;
    let body = json!({"by": said.by, "held": held, "text": arguments.text, "due": arguments.due});
    say(&said.of, &format!("meetings/{}", segment(&said.id)), &body, "occurrence")
}

pub fn metric(arguments: &MetricArguments) -> Result<(), Failure> {
    let ByArguments { id: metric, by, of } = &arguments.said;
    let mut body = Map::new();
    body.insert("by".to_owned(), json!(by));
    body.insert("value".to_owned(), json!(arguments.value));
    body.insert("text".to_owned(), json!(arguments.text));
    let optional = [
        ("quantile", json!(arguments.quantile)),
        ("over", json!(arguments.over)),
        ("events", json!(arguments.events)),
        ("taken", json!(arguments.taken)),
    ];
    body.extend(optional.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let office = Office::find(&of.instance)?;
    let id = chosen(&office, of)?;
    let path = format!("/v1/release/releases/{}/metrics/{}", segment(&id), segment(metric));
    let answer: Value = office.post(&path, &Value::Object(body))?;
    if of.instance.json {
        return output::json(&answer);
    }
    let observed = &answer["evidence"]["observed"];
    output::data(&format!("recorded; it counts until {}\n", cell(&observed["expires"])));
    Ok(())
}
