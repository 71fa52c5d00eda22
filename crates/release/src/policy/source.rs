//! Where each word of a policy stands.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A place in the text; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a text is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {position}: {words}")]
pub struct Fault {
    /// Where.
    pub position: Position,
    /// What is wrong, and what would be right.
    pub words: String,
    /// The line it is in.
    pub quote: String,
}

/// The text of a policy and where its values stand.
#[derive(Clone, Debug)]
pub struct Source {
    text: String,
    spans: Vec<(Vec<String>, Range<usize>)>,
}

impl Source {
    /// Finds the values of a TOML text.
    ///
    /// # Errors
    /// [`Fault`], when it is not TOML.
    pub fn parse(text: &str) -> Result<Source, Fault> {
        let mut source = Source { text: text.to_owned(), spans: Vec::new() };
        let table = DeTable::parse(text).map_err(|error| source.fault(&error))?;
        source.spans.push((Vec::new(), 0..0));
        collect(table.get_ref(), &mut Vec::new(), &mut source.spans);
        source.spans.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(source)
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the value at `path` stands (`["trigger", "2", "for"]`; places in lists count from 0), or the nearest value around
    /// it: what is left out is missing there.
    pub fn at<S: AsRef<str>>(&self, path: &[S]) -> Position {
        let path: Vec<String> = path.iter().map(|part| part.as_ref().to_owned()).collect();
        for length in (0..=path.len()).rev() {
            let known = self.spans.binary_search_by(|(known, _)| known.as_slice().cmp(&path[..length]));
            if let Ok(index) = known {
                return self.position(self.spans[index].1.start);
            }
        }
        Position { line: 1, column: 1 }
    }

    /// The line at `position`, trimmed.
    pub fn quote(&self, position: Position) -> &str {
        self.text.lines().nth(position.line.saturating_sub(1)).unwrap_or_default().trim()
    }

    /// The fault that serde or the TOML parser found.
    pub(super) fn fault(&self, error: &toml::de::Error) -> Fault {
        let position = self.position(error.span().map_or(0, |span| span.start));
        Fault { position, words: error.message().to_owned(), quote: self.quote(position).to_owned() }
    }

    /// A fault of ours about the value at `path`.
    pub(super) fn fault_at(&self, path: &[&str], words: String) -> Fault {
        let position = self.at(path);
        Fault { position, words, quote: self.quote(position).to_owned() }
    }

    fn position(&self, byte: usize) -> Position {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Position { line, column }
    }
}

fn collect(table: &DeTable<'_>, path: &mut Vec<String>, spans: &mut Vec<(Vec<String>, Range<usize>)>) {
    for (name, value) in table {
        path.push(name.get_ref().to_string());
        // The name is what people look for, except where a value of a list has none.
        walk(value, Some(name.span()), path, spans);
        path.pop();
    }
}

fn walk(
    value: &Spanned<DeValue<'_>>,
    name: Option<Range<usize>>,
    path: &mut Vec<String>,
    spans: &mut Vec<(Vec<String>, Range<usize>)>,
) {
    spans.push((path.clone(), name.unwrap_or_else(|| value.span())));
    match value.get_ref() {
        DeValue::Table(table) => collect(table, path, spans),
        DeValue::Array(array) => {
            for (place, item) in array.iter().enumerate() {
                path.push(place.to_string());
                walk(item, None, path, spans);
                path.pop();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "format = 1\n[service]\nname = \"x\"\n\n[[trigger]]\nid = \"a\"\n[[trigger]]\nid = \"b\"\nwhen = { metric = \"m\" }\n";

    #[test]
    fn values_are_found_by_path() {
        let source = Source::parse(TEXT).unwrap();
        assert_eq!(source.at(&["trigger", "1", "when", "metric"]), Position { line: 9, column: 10 });
        assert_eq!(source.at(&["trigger", "1", "for"]), source.at(&["trigger", "1"]));
        assert_eq!(source.at(&["trigger", "1"]).line, 7);
        assert_eq!(source.quote(source.at(&["service", "name"])), "name = \"x\"");
        assert_eq!(source.at(&["nothing"]), Position { line: 1, column: 1 });
    }

    #[test]
    fn what_is_no_toml_is_named() {
        let fault = Source::parse("format = 1\nname = \n").unwrap_err();
        assert_eq!(fault.position.line, 2);
    }
}
