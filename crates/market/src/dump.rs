//! Kite instrument dumps: what is listed today, as CSV, plain or gzip.
//!
//! Enters: the bytes of a dump (`GET /instruments`, a file, the part embedded in a recording). Leaves: instruments in
//! the order of the dump and, beside them, the lines that could not be read, each with its number and field. One bad
//! line never hides the good ones: a broker that adds an exchange must not stop the market.
//! Never here: files, downloads, a clock.
//!
//! Columns are found by their header names, so their order may change; unknown extra columns are skipped. A missing
//! column is an error of the whole dump, because then nothing in it can be trusted to mean what we think.
//! Lines end with LF or CRLF, blank lines are skipped, and a quoted field ends on its own line: the broker has no
//! multi-line names, and an unclosed quote must not swallow the rest of the list.

use std::fmt;
use std::io::Read;

use crate::instrument::Instrument;

mod line;
mod row;
mod write;

pub use write::{LineEnd, write};

/// Largest dump accepted, in bytes after inflation. The broker's whole list has about 8 MB.
pub const DUMP_BYTES_MAX: usize = 96 * 1024 * 1024;

/// How many bad lines are described; more are only counted.
pub const BAD_LINES_MAX: usize = 1000;

/// The twelve columns, in the order in which [`write()`] puts them.
pub const COLUMNS: [&str; 12] = [
    "instrument_token",
    "exchange_token",
    "tradingsymbol",
    "name",
    "last_price",
    "expiry",
    "strike",
    "tick_size",
    "lot_size",
    "instrument_type",
    "segment",
    "exchange",
];

/// What a dump holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dump {
    /// Readable rows, in the order of the dump.
    pub instruments: Vec<Instrument>,
    /// Line number of each entry of `instruments`, counted from 1 (the header).
    pub lines: Vec<u32>,
    /// Lines left out, at most [`BAD_LINES_MAX`] of them.
    pub bad: Vec<BadLine>,
    /// How many lines were left out, described or not.
    pub bad_total: usize,
}

/// A line that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Line number, counted from 1 (the header).
    pub line: u32,
    /// The column at fault, or `line` when the line as a whole cannot be split.
    pub field: &'static str,
    /// What stood there, shortened and printable.
    pub value: String,
    /// What is wrong with it, to be read after the value: `is not a decimal number`.
    pub problem: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {} `{}` {}", self.line, self.field, self.value, self.problem)
    }
}

/// Why bytes are no dump at all.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// Not even a header.
    #[error("the instrument dump is empty")]
    Empty,
    /// A column that must be there is not: renamed, or this is another kind of file.
    #[error("the instrument dump has no column `{column}`; its first line is `{header}`")]
    MissingColumn {
        /// Name of the first missing column.
        column: &'static str,
        /// The first line, shortened.
        header: String,
    },
    /// Two columns claim the same name.
    #[error("the instrument dump has the column `{column}` twice")]
    DuplicateColumn {
        /// Its name.
        column: &'static str,
    },
    /// More than [`DUMP_BYTES_MAX`] bytes.
    #[error("the instrument dump is larger than {limit} bytes")]
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// Damaged compression: cut short, or changed on the way.
    #[error("the instrument dump is damaged gzip; fetch it again")]
    Gzip(#[source] std::io::Error),
}

/// Reads a dump from plain CSV or from gzip, told apart by their first bytes.
///
/// # Errors
/// [`DumpError`] when this is no dump at all. Single bad lines are not errors: they are listed in [`Dump::bad`].
pub fn read(bytes: &[u8]) -> Result<Dump, DumpError> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        read_csv(&inflate(bytes, DUMP_BYTES_MAX)?)
    } else if bytes.len() > DUMP_BYTES_MAX {
        Err(DumpError::TooLarge { limit: DUMP_BYTES_MAX })
    } else {
        read_csv(bytes)
    }
}

/// Inflates at most `limit` bytes, so that a small file cannot fill the memory.
fn inflate(bytes: &[u8], limit: usize) -> Result<Vec<u8>, DumpError> {
    let mut plain = Vec::with_capacity(bytes.len().saturating_mul(4).min(limit));
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    flate2::read::MultiGzDecoder::new(bytes).take(bound).read_to_end(&mut plain).map_err(DumpError::Gzip)?;
    if plain.len() > limit { Err(DumpError::TooLarge { limit }) } else { Ok(plain) }
}

fn read_csv(bytes: &[u8]) -> Result<Dump, DumpError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = line::lines(bytes);
    let header = lines.next().map(|(_, header)| header).filter(|h| !h.is_empty()).ok_or(DumpError::Empty)?;
    let columns = Columns::find(header)?;

    let mut dump = Dump::default();
    // Rows of real dumps have about 90 bytes; a guess that is too low only costs a second allocation.
    dump.instruments.reserve(bytes.len() / 90);
    dump.lines.reserve(bytes.len() / 90);
    let mut fields = line::Fields::default();
    for (number, text) in lines {
        if text.is_empty() {
            continue;
        }
        let row = fields.split(text).and_then(|()| row::parse(&columns, &fields));
        match row {
            Ok(instrument) => {
                dump.instruments.push(instrument);
                dump.lines.push(number);
            }
            Err(problem) => dump.add_bad(|| problem.at(number)),
        }
    }
    Ok(dump)
}

impl Dump {
    /// Counts a bad line, and keeps its description while there is room.
    pub(crate) fn add_bad(&mut self, describe: impl FnOnce() -> BadLine) {
        self.bad_total += 1;
        if self.bad.len() < BAD_LINES_MAX {
            self.bad.push(describe());
        }
    }
}

/// Where each of [`COLUMNS`] stands in this dump.
struct Columns {
    at: [usize; COLUMNS.len()],
    count: usize,
}

impl Columns {
    fn find(header: &[u8]) -> Result<Columns, DumpError> {
        let mut fields = line::Fields::default();
        let missing = |column| DumpError::MissingColumn { column, header: row::shorten(header) };
        if fields.split(header).is_err() {
            return Err(missing(COLUMNS[0]));
        }
        let mut at = [0; COLUMNS.len()];
        for (slot, column) in at.iter_mut().zip(COLUMNS) {
            let mut places = (0..fields.len()).filter(|&i| fields.get(i).trim_ascii() == column.as_bytes());
            *slot = places.next().ok_or_else(|| missing(column))?;
            if places.next().is_some() {
                return Err(DumpError::DuplicateColumn { column });
            }
        }
        Ok(Columns { at, count: fields.len() })
    }
}

#[cfg(test)]
mod tests;
