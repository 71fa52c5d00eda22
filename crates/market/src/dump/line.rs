//! Cuts bytes into lines and a line into fields, without copying unless a field is quoted.

use super::row::Problem;

/// Lines with their numbers from 1, without LF or CRLF.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = bytes;
    let mut number: u32 = 0;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        number = number.saturating_add(1);
        let (line, after) = match rest.iter().position(|&b| b == b'\n') {
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, &[][..]),
        };
        rest = after;
        Some((number, line.strip_suffix(b"\r").unwrap_or(line)))
    })
}

/// Most fields that a line may have; more are a bad line, not more memory.
const FIELDS_MAX: usize = 64;

/// The fields of one line; reused from line to line.
#[derive(Default)]
pub(super) struct Fields<'a> {
    text: Vec<Text<'a>>,
    unquoted: Vec<u8>,
}

enum Text<'a> {
    Plain(&'a [u8]),
    /// Was quoted: a range of `unquoted`.
    Quoted(std::ops::Range<usize>),
}

impl<'a> Fields<'a> {
    /// Replaces the fields by those of `line`.
    pub(super) fn split(&mut self, line: &'a [u8]) -> Result<(), Problem> {
        self.text.clear();
        self.unquoted.clear();
        if line.contains(&b'"') {
            return self.split_quoted(line);
        }
        for field in line.split(|&b| b == b',') {
            self.push(Text::Plain(field), line)?;
        }
        Ok(())
    }

    /// RFC 4180: a field that starts with a quote ends with one, and a doubled quote inside stands for one. A quote in
    /// the middle of an unquoted field is an ordinary character.
    fn split_quoted(&mut self, line: &'a [u8]) -> Result<(), Problem> {
        let mut rest = line;
        loop {
            let after = match rest.strip_prefix(b"\"") {
                None => {
                    let end = rest.iter().position(|&b| b == b',').unwrap_or(rest.len());
                    self.push(Text::Plain(&rest[..end]), line)?;
                    &rest[end..]
                }
                Some(mut inside) => {
                    let start = self.unquoted.len();
                    loop {
                        let Some(quote) = inside.iter().position(|&b| b == b'"') else {
                            return Err(Problem::line(line, "has a quote that is not closed"));
                        };
                        self.unquoted.extend_from_slice(&inside[..quote]);
                        inside = &inside[quote + 1..];
                        match inside.strip_prefix(b"\"") {
                            Some(more) => {
                                self.unquoted.push(b'"');
                                inside = more;
                            }
                            None => break,
                        }
                    }
                    self.push(Text::Quoted(start..self.unquoted.len()), line)?;
                    inside
                }
            };
            match after {
                [] => return Ok(()),
                [b',', more @ ..] => rest = more,
                _ => return Err(Problem::line(line, "has text after a closing quote")),
            }
        }
    }

    fn push(&mut self, text: Text<'a>, line: &[u8]) -> Result<(), Problem> {
        if self.text.len() == FIELDS_MAX {
            return Err(Problem::line(line, "has too many fields"));
        }
        self.text.push(text);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// The field at `index`; empty beyond the last.
    pub(super) fn get(&self, index: usize) -> &[u8] {
        match self.text.get(index) {
            Some(Text::Plain(text)) => text,
            Some(Text::Quoted(range)) => &self.unquoted[range.clone()],
            None => &[],
        }
    }
}
