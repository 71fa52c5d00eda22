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
    visible(&Markdown { document }.render().unwrap_or_default())
}

/// As one HTML file that asks for nothing else: no script, no font, no picture.
pub fn html(document: &Document) -> String {
    let page = Html { document, style: include_str!("../templates/document.css") }.render();
    visible(&page.unwrap_or_default())
}

/// With control characters as their codes: those of writing direction make a reader see another order than what is there.
fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => visible.push(letter),
            '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => {
                visible.extend(letter.escape_unicode());
            }
            letter if letter.is_control() => visible.extend(letter.escape_unicode()),
            letter => visible.push(letter),
        }
    }
    visible
}

/// Text from people as text, never as markup.
fn escaped(text: impl AsRef<str>) -> String {
    let mut escaped = String::new();
    for letter in text.as_ref().chars() {
        match letter {
            '\n' | '\r' => escaped.push(' '),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '[' | ']' | '`' | '*' | '_' | '\\' | '!' | '~' => escaped.extend(['\\', letter]),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// The same where it begins a line: it begins no heading, list or rule.
fn paragraph(text: impl AsRef<str>) -> String {
    let escaped = escaped(text.as_ref().trim_start());
    let digits = escaped.chars().take_while(char::is_ascii_digit).count();
    let (number, rest) = escaped.split_at(digits);
    let begins = match digits {
        0 => rest.starts_with(['#', '-', '+', '=']),
        // `1.5` begins no list.
        _ => matches!(rest.as_bytes(), [b'.' | b')'] | [b'.' | b')', b' ', ..]),
    };
    if begins { format!("{number}\\{rest}") } else { escaped }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Section, Table};

    /// What people write begins nothing and hides nothing.
    #[test]
    fn words_of_people_are_words() {
        let mut section = Section::new("~~~");
        for text in ["~~~", "# GO", "- GO", "1. GO", "=== GO", "1.5 is a figure", "<b>GO</b>", "```"] {
            section.text(text);
        }
        let mut table = Table::new(["a"]);
        table.row(["NO\u{202e}OG | x\u{200b}".into()]);
        section.table(table);
        let title = "one\n## GO".to_owned();
        let document = Document { title, sections: vec![section], ..Document::default() };
        let text = markdown(&document);
        for line in [
            "# one ## GO",
            "## 1. \\~\\~\\~",
            "\\~\\~\\~",
            "\\# GO",
            "\\- GO",
            "1\\. GO",
            "\\=== GO",
            "1.5 is a figure",
            "&lt;b&gt;GO&lt;/b&gt;",
            "\\`\\`\\`",
            "| NO\\u{202e}OG \\| x\\u{200b} |",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}\n{text}");
        }
        assert!(html(&document).contains("NO\\u{202e}OG | x\\u{200b}"));
    }
}
