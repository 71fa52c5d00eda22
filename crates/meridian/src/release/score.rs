//! `meridian release score` and `decide`: the arithmetic, what stands in the way, what came out.

use serde_json::{Value, json};

use super::change::outcome;
use super::chosen::chosen;
use crate::cli::ScoreArguments;
use crate::failure::Failure;
use crate::instance::segment;
use crate::office::Office;
use crate::output::{self, cell};

pub fn score(arguments: &ScoreArguments) -> Result<(), Failure> {
    let office = Office::find(&arguments.of.instance)?;
    let id = chosen(&office, &arguments.of)?;
    let query: Vec<(&str, &str)> = arguments.incident.iter().map(|id| ("incident", id.as_str())).collect();
    let view: Value = office.get(&format!("/v1/release/releases/{}", segment(&id)), &query)?;
    if arguments.of.instance.json {
        return output::json(&view);
    }
    about(&view);
    print(&view["would_be"], "would be");
    Ok(())
}

pub fn decide(arguments: &ScoreArguments) -> Result<(), Failure> {
    let office = Office::find(&arguments.of.instance)?;
    let id = chosen(&office, &arguments.of)?;
    let body = arguments.incident.as_ref().map_or(json!({}), |id| json!({"incident": id}));
    let view: Value = office.post(&format!("/v1/release/releases/{}/decision", segment(&id)), &body)?;
    let decision = &view["recorded"]["decision"];
    if arguments.of.instance.json {
        output::json(&view)?;
    } else {
        about(&view);
        print(decision, "decided");
    }
    if decision["outcome"] == "no_go" {
        let reasons = decision["reasons"].as_array().map_or(0, Vec::len);
        return Err(Failure::new(format!("NO-GO: {reasons} reasons against it, recorded")));
    }
    Ok(())
}

fn about(view: &Value) {
    let text = |name: &str| cell(&view[name]);
    let without = match view["without_promotion"].as_str() {
        Some(why) => format!("goes without the environments before: {why}\n"),
        None => String::new(),
    };
    output::data(&format!(
        "{} {} for {} ({})\nartefact {}\npolicy   {} {}\n{without}\n",
        text("service"),
        text("version"),
        text("environment"),
        text("release"),
        text("artefact"),
        text("policy"),
        text("policy_name"),
    ));
}

fn print(decision: &Value, word: &str) {
    for card in decision["scorecards"].as_array().into_iter().flatten() {
        scorecard(card);
    }
    let list = |name: &str| decision[name].as_array().cloned().unwrap_or_default();
    let signatures: Vec<Vec<String>> = list("signatures")
        .iter()
        .map(|one| ["role", "person", "vote", "at"].iter().map(|name| cell(&one[*name])).collect())
        .collect();
    if !signatures.is_empty() {
        output::table(&["SIGNED AS", "BY", "VOTE", "AT"], &signatures);
        output::data("\n");
    }
    let conditions: Vec<Vec<String>> = list("conditions")
        .iter()
        .map(|one| ["id", "owner", "due", "text"].iter().map(|name| cell(&one[*name])).collect())
        .collect();
    if !conditions.is_empty() {
        output::table(&["CONDITION", "OWNER", "DUE", ""], &conditions);
        output::data("\n");
    }
    let reasons = list("reasons");
    for reason in &reasons {
        output::data(&format!(
            "  - {} {}: {}\n",
            cell(&reason["code"]),
            cell(&reason["of"]),
            cell(&reason["why"])
        ));
    }
    let table = cell(&decision["table"]);
    if !table.is_empty() {
        output::data(&format!("on the table: {table}\n"));
    }
    output::data(&format!("{word}: {}\n", outcome(&decision["outcome"])));
}

fn scorecard(card: &Value) {
    let rows = card["rows"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = rows
        .map(|row| {
            let score = cell(&row["score"]);
            let score = if score.is_empty() { "-".to_owned() } else { score };
            vec![cell(&row["id"]), cell(&row["weight"]), score, cell(&row["from"])]
        })
        .collect();
    output::table(&[&cell(&card["id"]).to_uppercase(), "WEIGHT %", "SCORE", "FROM"], &rows);
    let threshold = cell(&card["threshold"]);
    let needed = if threshold.is_empty() { String::new() } else { format!(" (needs {threshold})") };
    output::data(&format!("{}{needed}\n\n", cell(&card["arithmetic"])));
}
