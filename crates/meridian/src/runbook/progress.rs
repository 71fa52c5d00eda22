//! A run as it goes on, for people: a line for each row, a table of all steps.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::output;

/// What is known of the steps that are going on.
pub struct Progress {
    began: Option<Timestamp>,
    planned: BTreeMap<String, String>,
    started: BTreeMap<String, Timestamp>,
}

impl Progress {
    /// For the run that this is the view of.
    pub fn new(view: &Value) -> Progress {
        let steps = view["steps"].as_array().into_iter().flatten();
        let planned = steps.filter(|step| !step["planned"].is_null());
        Progress {
            began: moment(&view["began_at"]),
            planned: planned
                .map(|step| (output::cell(&step["step"]), output::cell(&step["planned"])))
                .collect(),
            started: BTreeMap::new(),
        }
    }

    /// One row.
    pub fn row(&mut self, piece: &Value) {
        let (kind, body) = (output::cell(&piece["kind"]), &piece["body"]);
        let step = output::cell(&body["step"]);
        let Some(at) = moment(&body["at"]) else { return };
        let by = output::cell(&body["by"]);
        let words = match kind.as_str() {
            "run_step_started" | "run_undo_started" => {
                self.started.insert(step.clone(), at);
                let undo = if kind == "run_undo_started" { "undone now" } else { "begun" };
                let attempt = body["attempt"].as_u64().filter(|attempt| *attempt > 1);
                let again = attempt.map_or(String::new(), |attempt| format!(", attempt {attempt}"));
                format!("{step} is {undo}{again}{}", self.budget(&step))
            }
            "run_step_ended" | "run_undo_ended" => {
                let took = self.started.get(&step).map(|from| shown(at.duration_since(*from)));
                let took = took.map_or(String::new(), |took| format!(" after {took}"));
                let undo = if kind == "run_undo_ended" { "undo of " } else { "" };
                format!("{undo}{step} {}{took}{}", outcome(&body["outcome"]), self.budget(&step))
            }
            "run_step_confirmed" => format!("{step} is done, says {by}"),
            "run_go_ahead_given" => format!("{step} may begin, says {by}"),
            "run_paused" => format!("paused: {}", output::cell(&body["why"])),
            "run_resumed" => format!("resumed by {by}"),
            "run_taken_over" => format!("another process goes on: {by}"),
            "run_turned_back" => format!("turned back by {by}: {}", output::cell(&body["why"])),
            "run_ended" => format!("ended: {}", outcome(&body["outcome"])),
            _ => return,
        };
        let elapsed = self.began.map_or(String::new(), |began| shown(at.duration_since(began)));
        output::talk(&format!("{elapsed:>9}  {words}\n"));
    }

    fn budget(&self, step: &str) -> String {
        self.planned.get(step).map_or(String::new(), |planned| format!(" (planned {planned})"))
    }
}

/// All steps, with their times beside their budgets.
pub fn table(view: &Value) {
    let steps = view["steps"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> = steps
        .map(|step| {
            let took =
                step["took_ms"].as_i64().map_or(String::new(), |ms| shown(SignedDuration::from_millis(ms)));
            let cell = |name: &str| output::cell(&step[name]);
            vec![
                cell("step"),
                cell("planned"),
                took,
                cell("against").replace('_', " "),
                cell("standing"),
                cell("why"),
            ]
        })
        .collect();
    output::table(&["STEP", "PLANNED", "TOOK", "", "STANDS", "WHY"], &rows);
}

fn outcome(value: &Value) -> String {
    let text = |value: &Value| output::cell(value).replace('_', " ");
    match value.as_object().and_then(|outcomes| outcomes.iter().next()) {
        Some((word, body)) => format!("{word}: {}", text(&body["why"])),
        None => text(value),
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// `2m 3.5s`
fn shown(length: SignedDuration) -> String {
    let (minutes, rest) = (length.as_millis() / 60_000, length.as_millis() % 60_000);
    let seconds = format!("{}.{}s", rest / 1_000, rest % 1_000 / 100);
    if minutes > 0 { format!("{minutes}m {seconds}") } else { seconds }
}
