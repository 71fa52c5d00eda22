//! Documents as Markdown and as HTML, by the templates of this crate.

use askama::Template;

use crate::chart::{Chart, WIDTH};
use crate::document::{Block, Cell, Document, Tone};

#[derive(Template)]
#[template(path = "document.md", escape = "none")]
struct Markdown<'a> {
    document: &'a Document,
}

#[derive(Template)]
#[template(path = "document.html")]
struct Html<'a> {
    document: &'a Document,
    style: &'static str,
}

/// As Markdown: readable as it stands, tables and drawings included.
pub fn markdown(document: &Document) -> String {
    // Writing to a text cannot fail.
    Markdown { document }.render().unwrap_or_default()
}

/// As one HTML file that asks for nothing else: no script, no font, no picture.
pub fn html(document: &Document) -> String {
    Html { document, style: include_str!("../templates/document.css") }.render().unwrap_or_default()
}

/// Text from people as text, never as markup.
fn escaped(text: impl AsRef<str>) -> String {
    let mut escaped = String::new();
    for letter in text.as_ref().chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '[' | ']' | '`' | '*' | '_' | '\\' | '!' => escaped.extend(['\\', letter]),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// A cell as Markdown: one line.
fn in_line(cell: &Cell) -> String {
    let lines: Vec<String> = cell.lines.iter().map(escaped).collect();
    let text = lines.join("<br>");
    match (cell.tone, text.is_empty()) {
        (_, true) => String::new(),
        (Tone::Plain, false) => text,
        (_, false) => format!("**{text}**"),
    }
}

/// The rows of a drawing, each with its label as wide as the widest.
fn drawn(chart: &Chart) -> Vec<String> {
    let width = chart.rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
    let row = |row: &crate::chart::Row| format!("{:width$} |{}| {}", row.label, row.letters(), row.shown);
    // Backticks would end the block.
    chart.rows.iter().map(row).map(|line| line.replace('`', "'")).collect()
}
