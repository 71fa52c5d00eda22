//! The fold of a journal by itself, away from any running desk: for replay, backups and restores.

use std::collections::BTreeSet;

use journal::events::{Head, Row};
use trade::event::UnreadableEvent;
use trade::{Event, State, apply, projection};

/// Version of the projection that [`Fold::state_hash`] is of: only hashes of one version can be compared.
pub const PROJECTION: u32 = projection::VERSION;

/// A state that grows row by row.
#[derive(Debug, Default)]
pub struct Fold {
    state: State,
    head: Option<Head>,
    incarnations: BTreeSet<u32>,
}

/// A row that this build does not understand.
#[derive(Debug, thiserror::Error)]
#[error("row {seq} of the journal was written by a newer version")]
pub struct FoldError {
    /// Which row.
    pub seq: u64,
    /// What is in it.
    pub source: UnreadableEvent,
}

impl Fold {
    /// Before the first row.
    pub fn new() -> Fold {
        Fold::default()
    }

    /// Folds the next row.
    ///
    /// # Errors
    /// [`FoldError`], and the state stays as it was.
    pub fn push(&mut self, row: &Row) -> Result<(), FoldError> {
        let event = engine::rows::event(row).map_err(|source| FoldError { seq: row.seq, source })?;
        if let Event::JournalBegan(began) = &event {
            self.incarnations.insert(began.incarnation);
        }
        let folded = apply::Row { seq: row.seq, stream_seq: row.stream_seq, time: row.time, event: &event };
        // What a venue told that no order can do has a row of its own, written by whoever held the account.
        let _ = apply::apply(&mut self.state, folded);
        self.head = Some(Head { seq: row.seq, hash: row.hash });
        Ok(())
    }

    /// The state after the last row.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The last row.
    pub fn head(&self) -> Head {
        self.head.unwrap_or(Head::EMPTY)
    }

    /// Every incarnation that this journal ever had.
    pub fn incarnations(&self) -> &BTreeSet<u32> {
        &self.incarnations
    }

    /// Hash of the state's projection, of version [`PROJECTION`].
    pub fn state_hash(&self) -> [u8; 32] {
        // Present for the version that this build names as its newest.
        self.state_hash_of(PROJECTION).unwrap_or_default()
    }

    /// The same of an older version of the projection; `None` for one that this build does not know.
    pub fn state_hash_of(&self, projection: u32) -> Option<[u8; 32]> {
        projection::hash(&self.state, projection)
    }
}
