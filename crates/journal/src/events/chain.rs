//! Is the chain whole: folds rows and names the first break.

use std::collections::HashMap;

use super::{Head, Journal, READ_ROWS_MAX, Row, Stream, hash_row};
use crate::database::DbError;

/// Folds rows in order and stops at the first that does not fit.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    head: Option<Head>,
    streams: HashMap<Stream, u64>,
    events: u64,
}

/// The first row that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    /// Rows are missing, doubled or out of order.
    #[error("after row {after} comes row {found}")]
    Gap {
        /// Sequence of the row before.
        after: u64,
        /// Sequence of this row.
        found: u64,
    },
    /// The row does not follow the one before.
    #[error("row {seq} does not follow the row before it: its prev_hash is another one")]
    PrevHash {
        /// Sequence of the row.
        seq: u64,
    },
    /// The row was changed after it was written.
    #[error("row {seq} was changed: its hash does not fit its content")]
    Hash {
        /// Sequence of the row.
        seq: u64,
    },
    /// Rows of one stream are missing, doubled or out of order.
    #[error("row {seq} is number {found} of `{stream}`, after number {after}")]
    StreamGap {
        /// Sequence of the row.
        seq: u64,
        /// Its stream.
        stream: Stream,
        /// `stream_seq` of the stream's row before.
        after: u64,
        /// `stream_seq` of this row.
        found: u64,
    },
    /// A row that we cannot have written: a number that is too large, a name that is none.
    #[error("the row after row {after} cannot be read: {what}")]
    Unreadable {
        /// Sequence of the last row that could be read.
        after: u64,
        /// What is wrong.
        what: String,
    },
    /// The rows end before the head, or at another hash than it says.
    #[error("the head says row {head}, and the rows end with {last} or with another hash")]
    Head {
        /// Sequence that the head names.
        head: u64,
        /// Sequence of the last row.
        last: u64,
    },
}

/// A journal without a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The row up to which it was checked.
    pub head: Head,
    /// Rows that were checked.
    pub events: u64,
}

/// Why a check did not end well.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The journal is broken there.
    #[error("the journal is broken")]
    Broken(#[source] Break),
    /// It could not be read.
    #[error("the journal cannot be read")]
    Read(#[source] DbError),
}

impl Chain {
    /// Before the first row of a journal.
    pub fn new() -> Chain {
        Chain::default()
    }

    /// Takes in the next row.
    ///
    /// # Errors
    /// The [`Break`], and the chain stays as it was.
    pub fn push(&mut self, row: &Row) -> Result<(), Break> {
        let head = self.head();
        let seq = row.seq;
        if seq != head.seq + 1 {
            return Err(Break::Gap { after: head.seq, found: seq });
        }
        if row.prev_hash != head.hash {
            return Err(Break::PrevHash { seq });
        }
        if row.hash != hash_row(row) {
            return Err(Break::Hash { seq });
        }
        let after = self.streams.get(&row.stream).copied().unwrap_or(0);
        if row.stream_seq != after + 1 {
            return Err(Break::StreamGap { seq, stream: row.stream.clone(), after, found: row.stream_seq });
        }
        self.streams.insert(row.stream.clone(), row.stream_seq);
        self.head = Some(Head { seq, hash: row.hash });
        self.events += 1;
        Ok(())
    }

    /// The last row taken in.
    pub fn head(&self) -> Head {
        self.head.unwrap_or(Head::EMPTY)
    }

    /// How many rows were taken in.
    pub fn events(&self) -> u64 {
        self.events
    }
}

/// Checks the whole journal up to its head at the start, in pages, so it may run beside instances that write.
///
/// # Errors
/// [`CheckError::Broken`] with the first break, or what the database said.
pub fn check(journal: &mut impl Journal) -> Result<Checked, CheckError> {
    check_each(journal, |_, _| {})
}

/// The same, and shows every row that fits, with the head up to which will be checked.
///
/// # Errors
/// As [`check`].
pub fn check_each(
    journal: &mut impl Journal,
    mut each: impl FnMut(&Row, Head),
) -> Result<Checked, CheckError> {
    let head = journal.head().map_err(CheckError::Read)?;
    let mut chain = Chain::new();
    let mut limit = READ_ROWS_MAX;
    while chain.head().seq < head.seq {
        let after = chain.head().seq;
        let rows = match journal.read(after, limit) {
            Ok(rows) => rows,
            // One by one, to name the first that cannot be read.
            Err(DbError::Corrupt(_)) if limit > 1 => {
                limit = 1;
                continue;
            }
            Err(DbError::Corrupt(source)) => {
                return Err(CheckError::Broken(Break::Unreadable { after, what: source.to_string() }));
            }
            Err(error) => return Err(CheckError::Read(error)),
        };
        if rows.is_empty() {
            break;
        }
        for row in rows.iter().take_while(|row| row.seq <= head.seq) {
            chain.push(row).map_err(CheckError::Broken)?;
            each(row, head);
        }
    }
    if chain.head() != head {
        return Err(CheckError::Broken(Break::Head { head: head.seq, last: chain.head().seq }));
    }
    Ok(Checked { head, events: chain.events() })
}
