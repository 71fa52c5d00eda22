//! `meridian journal export`.

use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;

use journal::events::{Journal, Stream, line};
use market::UnixNanos;

use super::pages::Pages;
use super::{open, unreadable};
use crate::failure::Failure;

pub fn run(data: &Path, from: u64, to: Option<u64>, stream: Option<&Stream>) -> Result<(), Failure> {
    let mut journal = open(data)?;
    let head = journal.head().map_err(|error| unreadable(&error))?.seq;
    let mut rows = Pages::new(journal, from.saturating_sub(1), to.map_or(head, |to| to.min(head)));
    let mut out = BufWriter::new(std::io::stdout().lock());
    while let Some(row) = rows.next().map_err(|error| unreadable(&error))? {
        if stream.is_some_and(|stream| *stream != row.stream) {
            continue;
        }
        let time = UnixNanos(row.time).to_rfc3339();
        let text = line::write(&row, Some(&time)).map_err(|error| Failure::of(&error))?;
        if is_unwanted(out.write_all(text.as_bytes()))? {
            return Ok(());
        }
    }
    is_unwanted(out.flush()).map(drop)
}

/// True if the reader has gone, which is no failure: it has read what it wanted.
fn is_unwanted(written: std::io::Result<()>) -> Result<bool, Failure> {
    match written {
        Ok(()) => Ok(false),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(true),
        Err(error) => Err(Failure::new("cannot write to standard output").cause(error)),
    }
}
