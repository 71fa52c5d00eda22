//! Rows of a journal one after the other, read in pages.

use std::collections::VecDeque;

use journal::DbError;
use journal::events::{Journal, READ_ROWS_MAX, Row, SqliteJournal};

/// The rows above one and up to another, in order.
pub struct Pages {
    journal: SqliteJournal,
    at: u64,
    to: u64,
    page: VecDeque<Row>,
}

impl Pages {
    /// Rows above `after`, up to `to`.
    pub fn new(journal: SqliteJournal, after: u64, to: u64) -> Pages {
        Pages { journal, at: after, to, page: VecDeque::new() }
    }

    /// The next row; none after the last.
    pub fn next(&mut self) -> Result<Option<Row>, DbError> {
        if self.page.is_empty() && self.at < self.to {
            self.page = self.journal.read(self.at, READ_ROWS_MAX)?.into();
        }
        let next = self.page.pop_front().filter(|row| row.seq <= self.to);
        self.at = next.as_ref().map_or(self.to, |row| row.seq);
        Ok(next)
    }
}
