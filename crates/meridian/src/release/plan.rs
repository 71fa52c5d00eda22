//! `meridian release plan`, `agenda`, `evaluate`, `risks`, `reviews`, `promotion`, `notes`, `announce`: how things stand.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::chosen::chosen;
use super::said;
use crate::cli::{PlanCommand, ReleaseArguments};
use crate::failure::Failure;
use crate::instance::segment;
use crate::office::Office;
use crate::output::{self, cell};

pub fn run(command: PlanCommand) -> Result<(), Failure> {
    match command {
        PlanCommand::Plan(of) => shown(&of, "schedule", &[], schedule),
        PlanCommand::Agenda { of, meeting } => {
            let query: Vec<(&str, &str)> = meeting.iter().map(|id| ("meeting", id.as_str())).collect();
            shown(&of, "agenda", &query, |answer| output::data(&output::text(&answer["markdown"])))
        }
        PlanCommand::Evaluate { of, horizon } => evaluate(&of, horizon.as_deref()),
        PlanCommand::Risks(of) => shown(&of, "risks", &[], risks),
        PlanCommand::Reviews(of) => shown(&of, "reviews", &[], reviews),
        PlanCommand::Promotion(of) => shown(&of, "promotion", &[], promotion),
        PlanCommand::Notes { of, from, to } => {
            let query = [("from", from.as_str()), ("to", to.as_str())];
            shown(&of, "notes", &query, |answer| output::data(&output::text(&answer["markdown"])))
        }
        PlanCommand::Announce { of, announcement: Some(id), by, channel, text } => {
            let body = json!({"by": by, "channel": channel, "text": text});
            said::say(&of, &format!("announcements/{}", segment(&id)), &body, "announcement")
        }
        PlanCommand::Announce { of, .. } => shown(&of, "announcements", &[], announcements),
        PlanCommand::Task(command) => said::task(&command),
        PlanCommand::Condition(command) => said::condition(&command),
        PlanCommand::Finding(command) => said::finding(&command),
        PlanCommand::Meeting(command) => said::meeting(&command),
        PlanCommand::Metric(arguments) => said::metric(&arguments),
    }
}

fn ask(of: &ReleaseArguments, what: &str, query: &[(&str, &str)]) -> Result<Value, Failure> {
    let office = Office::find(&of.instance)?;
    let id = chosen(&office, of)?;
    office.get(&format!("/v1/release/releases/{}/{what}", segment(&id)), query)
}

fn shown(
    of: &ReleaseArguments,
    what: &str,
    query: &[(&str, &str)],
    print: impl FnOnce(&Value),
) -> Result<(), Failure> {
    let answer = ask(of, what, query)?;
    if of.instance.json {
        return output::json(&answer);
    }
    print(&answer);
    Ok(())
}

/// In the zone of the answer, to the minute; `-` where there is none.
fn time(answer: &Value, at: &Value) -> String {
    let zone = answer["zone"].as_str().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let at = at.as_str().and_then(|at| at.parse::<Timestamp>().ok());
    at.map_or_else(|| "-".to_owned(), |at| at.to_zoned(zone).strftime("%a %Y-%m-%d %H:%M").to_string())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A person or a role with the people behind it.
fn who(value: &Value) -> String {
    let people: Vec<&str> = list(&value["people"]).filter_map(Value::as_str).collect();
    let id = cell(&value["id"]);
    if people.is_empty() || people == [id.as_str()] { id } else { format!("{id} ({})", people.join(", ")) }
}

fn schedule(answer: &Value) {
    let plan = &answer["schedule"];
    let today = plan["today"].as_i64().map_or("not known".to_owned(), |day| day.to_string());
    output::data(&format!(
        "{}: day 0 is {}, today is day {today}; begins {}\n\n",
        cell(&answer["release"]),
        plan["day0"].as_str().unwrap_or("not known"),
        time(answer, &plan["timing"]["begins"]),
    ));
    let row = |task: &Value| {
        let state = match task["late_by"].as_str() {
            Some(late) => format!("late by {late}"),
            None => cell(&task["state"]),
        };
        let needs = list(&task["needs"]).filter(|need| need["met"] == false).map(|need| cell(&need["what"]));
        let needs = needs.collect::<Vec<_>>().join(", ");
        let open: Vec<String> =
            list(&task["signers"]).filter(|one| one["said"] == false).map(|one| cell(&one["id"])).collect();
        let notes = [("needs", needs), ("signs", open.join(", "))];
        let notes = notes.iter().filter(|(_, what)| !what.is_empty() && task["state"] != "done");
        let notes: Vec<String> = notes.map(|(word, what)| format!("{word} {what}")).collect();
        vec![
            cell(&task["day"]),
            cell(&task["id"]),
            state,
            time(answer, &task["begins"]),
            time(answer, &task["ends"]),
            who(&task["owner"]),
            if task["must"] == true { "must".to_owned() } else { String::new() },
            notes.join("; "),
        ]
    };
    let rows: Vec<Vec<String>> = list(&plan["tasks"]).map(row).collect();
    output::table(&["DAY", "TASK", "STATE", "FROM", "UNTIL", "OWNER", "", ""], &rows);
    let rows: Vec<Vec<String>> = list(&plan["milestones"])
        .map(|one| {
            let done = format!("{} of {}", one["done"], one["tasks"]);
            vec![cell(&one["id"]), cell(&one["from"]), cell(&one["to"]), done, cell(&one["late"])]
        })
        .collect();
    part(&["MILESTONE", "FROM", "TO", "DONE", "LATE"], &rows);
    let open = list(&plan["dues"]).filter(|due| due["state"] != "done");
    let rows: Vec<Vec<String>> = open
        .map(|due| {
            vec![
                cell(&due["kind"]),
                cell(&due["id"]),
                cell(&due["state"]),
                cell(&due["date"]),
                who(&due["owner"]),
                cell(&due["title"]),
            ]
        })
        .collect();
    part(&["DUE", "", "STATE", "ON", "OWNER", ""], &rows);
    let rows: Vec<Vec<String>> = list(&plan["meetings"])
        .map(|one| {
            vec![
                cell(&one["id"]),
                time(answer, &one["next"]["due"]),
                cell(&one["held"]),
                cell(&one["skipped"]),
                cell(&one["title"]),
            ]
        })
        .collect();
    part(&["MEETING", "NEXT", "HELD", "SKIPPED", ""], &rows);
}

/// A table after another, if there is anything in it.
fn part(headings: &[&str], rows: &[Vec<String>]) {
    if !rows.is_empty() {
        output::data("\n");
        output::table(headings, rows);
    }
}

fn evaluate(of: &ReleaseArguments, horizon: Option<&str>) -> Result<(), Failure> {
    let query: Vec<(&str, &str)> = horizon.iter().map(|horizon| ("horizon", *horizon)).collect();
    let answer = ask(of, "evaluation", &query)?;
    if of.instance.json {
        output::json(&answer)?;
    }
    let mut bad = Vec::new();
    for one in list(&answer["horizons"]) {
        let found = &one["evaluation"];
        let outcome = cell(&found["outcome"]);
        if outcome == "failed" || outcome == "not_known" {
            bad.push(format!("{}: {}", cell(&found["horizon"]), outcome.replace('_', " ")));
        }
        if !of.instance.json {
            horizon_text(&answer, found, &one["recorded"]);
        }
    }
    if bad.is_empty() { Ok(()) } else { Err(Failure::new(bad.join(", "))) }
}

fn horizon_text(answer: &Value, found: &Value, recorded: &Value) {
    let counts = ["must", "should", "nice"].map(|need| {
        let count = &found[need];
        let of = |name: &str| count[name].as_u64().unwrap_or(0);
        let all = of("met") + of("not_met") + of("not_known");
        format!("{need} {} of {all}", of("met"))
    });
    output::data(&format!(
        "{} ({}): {}, due {}; met: {}\n",
        cell(&found["horizon"]),
        cell(&found["title"]),
        cell(&found["outcome"]).replace('_', " "),
        time(answer, &found["due"]),
        counts.join(", "),
    ));
    if let Some(outcome) = recorded["outcome"].as_str() {
        output::data(&format!("recorded {}: {}\n", time(answer, &recorded["at"]), outcome.replace('_', " ")));
    }
    let rows: Vec<Vec<String>> = list(&found["criteria"])
        .map(|one| {
            let why = match one["milestone"].as_str() {
                Some(milestone) => format!("{} ({milestone})", cell(&one["why"])),
                None => cell(&one["why"]),
            };
            vec![cell(&one["need"]), cell(&one["verdict"]).replace('_', " "), cell(&one["id"]), why]
        })
        .collect();
    output::table(&["NEED", "VERDICT", "CRITERION", "WHY"], &rows);
    output::data("\n");
}

fn risks(answer: &Value) {
    let row = |risk: &Value| {
        let raised: Vec<String> = list(&risk["raised"]).map(cell).collect();
        vec![
            cell(&risk["level"]),
            cell(&risk["id"]),
            format!(
                "{} x {} = {}",
                cell(&risk["likelihood"]),
                cell(&risk["impact"]),
                cell(&risk["inherent"])
            ),
            cell(&risk["stated"]),
            who(&risk["owner"]),
            raised.join("; "),
        ]
    };
    let rows: Vec<Vec<String>> = list(&answer["risks"]).map(row).collect();
    output::table(&["LEVEL", "RISK", "LIKELIHOOD X IMPACT", "STATED", "OWNER", "RAISED BY"], &rows);
}

fn reviews(answer: &Value) {
    let row = |review: &Value| {
        let counts = review["findings"].as_object().into_iter().flatten();
        let counts: Vec<String> = counts
            .map(|(severity, count)| format!("{severity} {} open, {} closed", count["open"], count["closed"]))
            .collect();
        let overdue = if review["overdue"] == true { " (over)" } else { "" };
        vec![
            cell(&review["id"]),
            cell(&review["score"]),
            cell(&review["status"]),
            who(&review["reviewer"]),
            counts.join("; "),
            format!("{}{overdue}", cell(&review["again_on"])),
            cell(&review["signature"]).replace('_', " "),
        ]
    };
    let rows: Vec<Vec<String>> = list(&answer["reviews"]).map(row).collect();
    output::table(&["REVIEW", "SCORE", "STATUS", "BY", "FINDINGS", "DUE AGAIN", "SIGNATURE"], &rows);
    let open = list(&answer["reviews"]).flat_map(|review| list(&review["open"]));
    let rows: Vec<Vec<String>> = open
        .map(|finding| {
            let why: Vec<String> = list(&finding["why"]).map(cell).collect();
            vec![cell(&finding["id"]), cell(&finding["severity"]), cell(&finding["title"]), why.join("; ")]
        })
        .collect();
    part(&["OPEN FINDING", "SEVERITY", "", "WHY"], &rows);
}

fn promotion(answer: &Value) {
    let way = &answer["promotion"];
    output::data(&format!("artefact {}\n\n", cell(&way["artefact"])));
    let row = |stop: &Value| {
        let releases: Vec<String> = list(&stop["releases"])
            .map(|one| {
                let decided =
                    one["decided"].as_str().map_or("not decided".to_owned(), |word| word.replace('_', " "));
                format!("{} ({decided})", cell(&one["release"]))
            })
            .collect();
        let runs: Vec<String> = list(&stop["deployments"])
            .map(|run| {
                format!("{} ({})", cell(&run["run"]), if run["done"] == true { "done" } else { "not done" })
            })
            .collect();
        vec![
            cell(&stop["environment"]),
            if stop["done"] == true { "done".to_owned() } else { String::new() },
            releases.join(", "),
            runs.join(", "),
            cell(&stop["evidence"]),
        ]
    };
    let rows: Vec<Vec<String>> = list(&way["environments"]).map(row).collect();
    output::table(&["ENVIRONMENT", "", "RELEASES", "DEPLOYED BY", "EVIDENCE"], &rows);
    match way["next"].as_str() {
        Some(next) => output::data(&format!("\nnext is {next}: {}\n", cell(&way["missing"]))),
        None => output::data("\nit is everywhere\n"),
    }
}

fn announcements(answer: &Value) {
    let row = |one: &Value| {
        let to: Vec<String> = list(&one["to"]).map(cell).collect();
        vec![
            cell(&one["id"]),
            cell(&one["state"]),
            time(answer, &one["at"]),
            cell(&one["when"]),
            to.join(", "),
            cell(&one["text"]),
        ]
    };
    let rows: Vec<Vec<String>> = list(&answer["announcements"]).map(row).collect();
    output::table(&["ANNOUNCEMENT", "STATE", "AT", "", "TO", "TEXT"], &rows);
}
