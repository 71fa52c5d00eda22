//! `meridian incident`.

use std::fs::File;
use std::io::Write as _;

use serde_json::{Map, Value, json};

use crate::cli::{
    IncidentCommand, InstanceArguments, ListIncidentsArguments, MttrArguments, OneIncident,
    OpenIncidentArguments, PersonArguments, RetroArguments, ServiceArguments, TestPageArguments,
};
use crate::failure::Failure;
use crate::instance::segment;
use crate::office::Office;
use crate::output;
use crate::release::keep_policy;

pub fn run(command: IncidentCommand) -> Result<(), Failure> {
    match command {
        IncidentCommand::Open(arguments) => open(&arguments),
        IncidentCommand::List(arguments) => list(&arguments),
        IncidentCommand::Show(arguments) => show(&arguments),
        IncidentCommand::Note(note) => {
            change(&note.person, "note", &[("text", json!(note.text)), ("public", json!(note.public))])
        }
        IncidentCommand::Severity(severity) => change(
            &severity.person,
            "severity",
            &[("severity", json!(severity.severity)), ("why", json!(severity.why))],
        ),
        IncidentCommand::Ack(ack) => change(&ack.person, "acknowledge", &[("code", json!(ack.code))]),
        IncidentCommand::Mitigate(how) => change(&how.person, "mitigate", &[("how", json!(how.how))]),
        IncidentCommand::Resolve(how) => change(&how.person, "resolve", &[("how", json!(how.how))]),
        IncidentCommand::Reopen(why) => change(&why.person, "reopen", &[("why", json!(why.why))]),
        IncidentCommand::Retro(arguments) => retro(&arguments),
        IncidentCommand::TestPage(arguments) => test_page(&arguments),
        IncidentCommand::Mttr(arguments) => mttr(&arguments),
        IncidentCommand::Channels { instance } => channels(&instance),
    }
}

fn open(arguments: &OpenIncidentArguments) -> Result<(), Failure> {
    let office = Office::find(&arguments.instance)?;
    let mut body = json!({ "severity": arguments.severity, "title": arguments.title, "by": arguments.by });
    add(&mut body, "service", service(&office, &arguments.of)?);
    add(&mut body, "public", arguments.public.clone());
    let opened: Value = office.post("/v1/incidents", &body)?;
    let called = call(&office, &opened)?;
    if arguments.instance.json {
        return output::json(&merged(&opened, &called));
    }
    output::data(&format!("{}\n", output::cell(&opened["incident"])));
    tell(&called);
    Ok(())
}

/// The service that is meant, its policy kept.
fn service(office: &Office, of: &ServiceArguments) -> Result<Option<String>, Failure> {
    match &of.policy {
        Some(path) => keep_policy(office, path).map(|kept| Some(kept.loaded.policy.service.name)),
        None => Ok(of.service.clone()),
    }
}

/// Waits for the first pages, and answers what became of them.
fn call(office: &Office, opened: &Value) -> Result<Value, Failure> {
    let id = opened["incident"].as_str().unwrap_or_default();
    office.post(&format!("/v1/incidents/{}/pages", segment(id)), &json!({}))
}

fn merged(opened: &Value, called: &Value) -> Value {
    let mut all = Map::new();
    for part in [opened, called] {
        all.extend(part.as_object().cloned().unwrap_or_default());
    }
    Value::Object(all)
}

fn tell(called: &Value) {
    let cell = output::cell;
    let pages = called["pages"].as_array().cloned().unwrap_or_default();
    for page in &pages {
        let missed: Vec<String> = page["missed"].as_array().into_iter().flatten().map(cell).collect();
        let missed =
            if missed.is_empty() { String::new() } else { format!("not taken by {}\n", missed.join("; ")) };
        if page["sent"] == true {
            output::talk(&format!("called {} by {}\n", cell(&page["to"]), cell(&page["channels"])));
        } else {
            output::talk("nobody was called\n");
        }
        output::talk(&missed);
    }
    if pages.is_empty() {
        output::talk("nobody has to be called\n");
    } else if called["is_serving"] != true {
        output::talk(
            "no control runs here: nobody else is called if nobody answers; start it: meridian control\n",
        );
    }
}

fn list(arguments: &ListIncidentsArguments) -> Result<(), Failure> {
    let mut query = Vec::new();
    query.extend(arguments.service.as_ref().map(|service| ("service", service.as_str())));
    query.extend(arguments.open.then_some(("open", "true")));
    let answer: Value = Office::find(&arguments.instance)?.get("/v1/incidents", &query)?;
    if arguments.instance.json {
        return output::json(&answer);
    }
    let fields = ["incident", "service", "severity", "status", "opened", "title"];
    let rows = output::rows(&answer, "incidents", &fields);
    output::table(&["INCIDENT", "SERVICE", "SEVERITY", "STATUS", "OPENED", "TITLE"], &rows);
    Ok(())
}

fn show(arguments: &OneIncident) -> Result<(), Failure> {
    let path = format!("/v1/incidents/{}", segment(&arguments.id));
    let answer: Value = Office::find(&arguments.instance)?.get(&path, &[])?;
    if arguments.instance.json {
        return output::json(&answer);
    }
    stands(&answer);
    for clock in answer["clocks"].as_array().into_iter().flatten() {
        let cell = |name: &str| output::cell(&clock[name]);
        let how = match (clock["breached"] == true, clock["stopped"].is_null()) {
            (true, _) => "broken",
            (false, true) => "runs",
            (false, false) => "kept",
        };
        output::data(&format!(
            "{} within {}, until {}: {how}\n",
            cell("clock"),
            cell("within"),
            cell("until")
        ));
    }
    for line in answer["timeline"].as_array().into_iter().flatten() {
        output::data(&format!("{}\n", output::cell(line)));
    }
    Ok(())
}

/// `INC-1 P1 acknowledged: orders are refused`
fn stands(incident: &Value) {
    let cell = |name: &str| output::cell(&incident[name]);
    let (id, severity, status, title) = (cell("incident"), cell("severity"), cell("status"), cell("title"));
    output::data(&format!("{id} {severity} {status}: {title}\n"));
}

fn change(person: &PersonArguments, what: &str, fields: &[(&str, Value)]) -> Result<(), Failure> {
    let OneIncident { id, instance } = &person.incident;
    let mut body = json!({ "by": person.by });
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_null()) {
        body[*name] = value.clone();
    }
    let office = Office::find(instance)?;
    let answer: Value = office.post(&format!("/v1/incidents/{}/{what}", segment(id)), &body)?;
    // Where nothing runs that would do it: people who are called now, receivers that hold a page.
    if !office.is_served() {
        let _: Value = call(&office, &answer)?;
    }
    if instance.json {
        return output::json(&answer);
    }
    stands(&answer);
    Ok(())
}

fn retro(arguments: &RetroArguments) -> Result<(), Failure> {
    let OneIncident { id, instance } = &arguments.person.incident;
    let path = format!("/v1/incidents/{}/retro", segment(id));
    let answer: Value = Office::find(instance)?.post(&path, &json!({ "by": arguments.person.by }))?;
    if instance.json {
        return output::json(&answer);
    }
    let text = answer["text"].as_str().unwrap_or_default();
    let Some(out) = &arguments.out else {
        output::data(text);
        return Ok(());
    };
    let written = File::create_new(out).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::new(format!("cannot write {}", out.display())).cause(error))?;
    output::data(&format!("{}\n", out.display()));
    Ok(())
}

fn test_page(arguments: &TestPageArguments) -> Result<(), Failure> {
    let office = Office::find(&arguments.instance)?;
    let mut body = json!({ "by": arguments.by });
    add(&mut body, "service", service(&office, &arguments.of)?);
    add(&mut body, "role", arguments.role.clone());
    add(&mut body, "alert", arguments.alert.clone());
    let opened: Value = office.post("/v1/incidents/test-page", &body)?;
    let called = call(&office, &opened)?;
    if arguments.instance.json {
        output::json(&merged(&opened, &called))?;
    } else {
        let id = output::cell(&opened["incident"]);
        output::data(&format!("{id}\n"));
        tell(&called);
        output::talk(&format!("whoever was called: meridian incident ack {id} --by PERSON --code CODE\n"));
    }
    let pages = called["pages"].as_array();
    if pages.is_some_and(|pages| pages.iter().any(|page| page["sent"] == true)) {
        return Ok(());
    }
    Err(Failure::new("no channel took the page")
        .hint("`meridian incident channels` says why; they are in DATA/channels.toml"))
}

fn mttr(arguments: &MttrArguments) -> Result<(), Failure> {
    let (from, to) = (arguments.from.map(|at| at.to_string()), arguments.to.map(|at| at.to_string()));
    let mut query = Vec::new();
    for (name, value) in [("service", &arguments.service), ("from", &from), ("to", &to)] {
        query.extend(value.as_ref().map(|value| (name, value.as_str())));
    }
    let answer: Value = Office::find(&arguments.instance)?.get("/v1/incidents/measures", &query)?;
    if arguments.instance.json {
        return output::json(&answer);
    }
    let mut rows = Vec::new();
    let severities = answer["severities"].as_array().into_iter().flatten();
    for figures in severities.chain([&answer["all"]]) {
        let severity = figures["severity"].as_str().unwrap_or("all").to_owned();
        let mut row = vec![severity, output::cell(&figures["incidents"])];
        row.extend(["acknowledge", "mitigate", "resolve"].map(|time| mean(&figures[time])));
        rows.push(row);
    }
    output::table(&["SEVERITY", "INCIDENTS", "TO ACKNOWLEDGE", "TO MITIGATE", "TO RESOLVE"], &rows);
    output::talk("means; +N: so many have not come so far and are not in it\n");
    Ok(())
}

/// `10m`, with those that are left out.
fn mean(times: &Value) -> String {
    let mean = times["mean_seconds"].as_u64().map(|seconds| release::Length::seconds(seconds).to_string());
    let left_out = times["left_out"].as_u64().filter(|left_out| *left_out > 0);
    let left_out = left_out.map_or(String::new(), |left_out| format!(" +{left_out}"));
    format!("{}{left_out}", mean.unwrap_or_else(|| "-".to_owned()))
}

fn channels(instance: &InstanceArguments) -> Result<(), Failure> {
    let answer: Value = Office::find(instance)?.get("/v1/incidents/channels", &[])?;
    if instance.json {
        return output::json(&answer);
    }
    let all = answer["channels"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = all
        .map(|channel| {
            let roles: Vec<String> =
                channel["roles"].as_array().into_iter().flatten().map(output::cell).collect();
            let roles = if roles.is_empty() { "all".to_owned() } else { roles.join(", ") };
            let trouble =
                if channel["fault"].is_null() { &channel["missed"]["why"] } else { &channel["fault"] };
            vec![
                output::cell(&channel["id"]),
                output::cell(&channel["kind"]),
                roles,
                output::cell(&channel["taken"]),
                output::cell(trouble),
            ]
        })
        .collect();
    output::table(&["CHANNEL", "KIND", "ROLES", "LAST TAKEN", "TROUBLE"], &rows);
    match answer["fault"].as_str() {
        Some(fault) => Err(Failure::new(fault)),
        None if answer["unheard_alerts"]["count"].as_u64().is_some_and(|count| count > 0) => {
            let unheard = &answer["unheard_alerts"];
            let (count, last) = (output::cell(&unheard["count"]), &unheard["last"]);
            let (alert, why) = (output::cell(&last["alert"]), output::cell(&last["why"]));
            output::talk(&format!("{count} alerts reached nobody; the last one, {alert}: {why}\n"));
            Ok(())
        }
        None if rows.is_empty() => {
            output::talk("no channels: write DATA/channels.toml\n");
            Ok(())
        }
        None => Ok(()),
    }
}

fn add(body: &mut Value, name: &str, value: Option<String>) {
    if let Some(value) = value {
        body[name] = json!(value);
    }
}
