//! Asks the person at the terminal.

use std::io::BufRead as _;

use serde_json::Value;
use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::output;

/// What they say.
pub enum Reply {
    /// This word, and why.
    Say { word: &'static str, why: String },
    /// They leave the run as it is.
    Leave,
}

const WORDS: [(&str, &str, &str); 4] =
    [("y", "confirm", "done"), ("g", "go-ahead", "go ahead"), ("s", "skip", "skip"), ("f", "fail", "failed")];

/// What is asked of whom, and how they answer.
pub fn asked(run: &str, asked: &Value) -> String {
    let cell = |name: &str| output::cell(&asked[name]);
    let mut text = question(asked);
    for word in asked["answers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let why = if matches!(word, "skip" | "fail") { " --why TEXT" } else { "" };
        text.push_str(&format!("  meridian runbook {word} {run} {} --by PERSON{why}\n", cell("step")));
    }
    text
}

fn question(asked: &Value) -> String {
    let cell = |name: &str| output::cell(&asked[name]);
    let undo = if asked["undo"] == true { "undo of " } else { "" };
    let role = if asked["role"].is_null() { String::new() } else { format!(" ({})", cell("role")) };
    format!("asked{role}: {undo}{}: {}\n", cell("step"), cell("text"))
}

/// Asks until there is an answer. Ctrl-C and the end of the input leave.
pub fn ask(asked: &Value) -> Result<Reply, Failure> {
    let allowed: Vec<&str> =
        asked["answers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let words = || WORDS.iter().filter(|(_, word, _)| allowed.contains(word));
    let keys: Vec<String> = words().map(|(key, _, says)| format!("{key} = {says}")).collect();
    output::talk(&question(asked));
    loop {
        output::talk(&format!("{}, q = leave it for now: ", keys.join(", ")));
        let Some(reply) = line()? else { return Ok(Reply::Leave) };
        let reply = reply.trim();
        if reply == "q" {
            return Ok(Reply::Leave);
        }
        let Some((_, word, _)) = words().find(|(key, _, _)| *key == reply) else { continue };
        if !matches!(*word, "skip" | "fail") {
            return Ok(Reply::Say { word, why: String::new() });
        }
        output::talk("why: ");
        let Some(why) = line()? else { return Ok(Reply::Leave) };
        if !why.trim().is_empty() {
            return Ok(Reply::Say { word, why: why.trim().to_owned() });
        }
    }
}

/// A line; nothing at the end of the input, and when Ctrl-C is pressed.
fn line() -> Result<Option<String>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start").cause(error))?;
    let (sender, mut receiver) = mpsc::channel(1);
    // Reading cannot be stopped: the thread ends with its line, or with the process.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line).unwrap_or(0);
        let _ = sender.blocking_send((read > 0).then_some(line));
    });
    Ok(runtime.block_on(async {
        tokio::select! {
            line = receiver.recv() => line.flatten(),
            _ = tokio::signal::ctrl_c() => None,
        }
    }))
}
