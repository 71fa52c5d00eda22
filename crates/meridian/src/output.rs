//! The two streams. A reader that has gone (`meridian ... | head`) is no reason to complain.

use std::io::Write;

use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;

/// Data, with its own line breaks.
pub fn data(text: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe means that nobody wants the rest.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Talk, with its own line breaks.
pub fn talk(text: &str) {
    // There is no other place to complain to.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Data as one JSON document.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::of(&error))?;
    data(&format!("{text}\n"));
    Ok(())
}

/// A field of an answer as a cell; absent is empty. What would move the cursor, or end the line, is a blank.
pub fn cell(value: &Value) -> String {
    text(value).replace(char::is_control, " ")
}

/// A field of an answer as a text of several lines; absent is empty.
pub fn text(value: &Value) -> String {
    let blank = |letter: char| if letter.is_control() && letter != '\n' { ' ' } else { letter };
    match value {
        Value::String(text) => text.chars().map(blank).collect(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The rows of the list `name` in `answer`, with these fields as cells.
pub fn rows(answer: &Value, name: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let row = |line: &Value| fields.iter().map(|field| cell(&line[*field])).collect();
    answer[name].as_array().map(|lines| lines.iter().map(row).collect()).unwrap_or_default()
}

/// Rows under their headings, columns as wide as their widest cell.
pub fn table(headings: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(headings.get(column).map(|heading| heading.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(&mut headings.iter().copied());
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    data(&text);
}
