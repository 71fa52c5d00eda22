//! What is appended, and what became of it.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Head, Stream};
use crate::database::DbError;

/// Most rows of one batch.
pub const BATCH_ROWS_MAX: usize = 4_096;
/// Longest body of one row, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Longest kind, key and subject of a row, in bytes.
pub const TEXT_BYTES_MAX: usize = 512;

/// One event to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRow {
    /// Its stream.
    pub stream: Stream,
    /// What kind of event it is; not empty. This, key and subject have at most [`TEXT_BYTES_MAX`].
    pub kind: Cow<'static, str>,
    /// Schema of the body, from 1.
    pub schema: u32,
    /// Unique in the whole journal for ever. Facts must have one, decisions none.
    pub key: Option<String>,
    /// What it is about (a signal, an order), to be found by it later.
    pub subject: Option<String>,
    /// The event itself, at most [`BODY_BYTES_MAX`].
    pub body: Vec<u8>,
}

/// The right to append to one stream of decisions, and what the decider knew of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The stream.
    pub stream: Stream,
    /// Epoch of the decider's lease.
    pub epoch: u64,
    /// `stream_seq` of the newest row that the decider had folded; 0: none.
    pub expected: u64,
}

/// Rows that become durable together, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Unique in the journal for ever; from [`BatchIds`].
    pub id: u64,
    /// Machine time, Unix nanoseconds.
    pub time: i64,
    /// The rows in their order: 1 to [`BATCH_ROWS_MAX`].
    pub rows: Vec<NewRow>,
    /// One for each stream of decisions in `rows`. Claims of other streams are checked and renewed, too.
    pub claims: Vec<Claim>,
    /// Sequence of the newest row of the stream `control` that the decider had folded (0: none); absent if the rows do
    /// not depend on it.
    pub control_seen: Option<u64>,
}

/// What became of a batch.
#[derive(Debug)]
#[must_use = "nothing may be released before the answer is `Durable`"]
pub enum Append {
    /// All rows are on the disk, with sequences that follow each other.
    Durable {
        /// Sequence of the first row.
        first_seq: u64,
        /// The last row.
        head: Head,
    },
    /// A lease belongs to somebody else. Nothing was written: stop deciding for this stream.
    Fenced {
        /// The first such claim's stream.
        stream: Stream,
        /// The lease's epoch now; 0 if there is none.
        epoch: u64,
    },
    /// A running instance does not understand these rows. Nothing was written.
    Refused {
        /// Schema of the first such row.
        schema: u32,
        /// Newest schema that all running instances understand; 0: none is registered.
        gate: u32,
    },
    /// Somebody else has appended what the decider had not seen. Nothing was written: fold again.
    Conflict(Conflict),
    /// The batch breaks a rule that the caller knows. Nothing was written; it is our mistake.
    Malformed(&'static str),
    /// The database stayed locked. Nothing was written: try again.
    Busy,
    /// Nothing was written, and trying again will not help before somebody has looked: full or damaged disk.
    Failed(DbError),
    /// Nobody knows whether it was written. Ask [`super::Journal::find_batch`] before anything else.
    Unknown(DbError),
}

/// What the decider had not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// A newer row of a claimed stream.
    Stream {
        /// The stream.
        stream: Stream,
        /// `stream_seq` of its newest row.
        at: u64,
    },
    /// The key is taken.
    Key {
        /// The key.
        key: String,
        /// Sequence of the row that has it; 0 if the batch itself has it twice.
        seq: u64,
    },
    /// A newer row of the stream `control`.
    Control {
        /// Its sequence.
        at: u64,
    },
}

impl Batch {
    /// The rules that need no look into the journal.
    pub(super) fn mistake(&self) -> Option<&'static str> {
        if self.rows.is_empty() || self.rows.len() > BATCH_ROWS_MAX {
            return Some("a batch has 1 to 4096 rows");
        }
        for (index, claim) in self.claims.iter().enumerate() {
            if claim.stream.is_fact() {
                return Some("a stream of facts cannot be claimed");
            }
            if self.claims[..index].iter().any(|other| other.stream == claim.stream) {
                return Some("a stream can be claimed once");
            }
        }
        self.rows.iter().find_map(|row| self.mistake_of(row))
    }

    fn mistake_of(&self, row: &NewRow) -> Option<&'static str> {
        let texts = [Some(&*row.kind), row.key.as_deref(), row.subject.as_deref()];
        let long = texts.into_iter().flatten().any(|text| text.len() > TEXT_BYTES_MAX);
        let rules = [
            (long, "kind, key and subject have at most 512 bytes"),
            (row.kind.is_empty(), "a row has a kind"),
            (row.schema == 0, "schemas start at 1"),
            (row.body.len() > BODY_BYTES_MAX, "a body has at most 1 MiB"),
            (row.stream.is_fact() && row.key.is_none(), "a fact has a key"),
            (!row.stream.is_fact() && row.key.is_some(), "a decision has no key"),
            (
                !row.stream.is_fact() && self.claim(&row.stream).is_none(),
                "a decision needs a claim of its stream",
            ),
        ];
        rules.into_iter().find_map(|(broken, rule)| broken.then_some(rule))
    }

    pub(super) fn claim(&self, stream: &Stream) -> Option<&Claim> {
        self.claims.iter().find(|claim| claim.stream == *stream)
    }

    /// Index of the first row whose key an earlier row of this batch has.
    pub(super) fn key_twice(&self) -> Option<usize> {
        let mut keys = HashSet::new();
        self.rows.iter().position(|row| row.key.as_ref().is_some_and(|key| !keys.insert(key)))
    }

    pub(super) fn schema_above(&self, gate: u32) -> Option<u32> {
        self.rows.iter().map(|row| row.schema).find(|schema| *schema > gate)
    }
}

/// Numbers of batches: the instance's number in the upper half, a counter below.
#[derive(Debug)]
pub struct BatchIds {
    instance: u32,
    used: u32,
}

impl BatchIds {
    /// For the instance of that number, once per registration.
    pub fn new(instance: u32) -> BatchIds {
        BatchIds { instance, used: 0 }
    }

    /// The next one.
    ///
    /// # Panics
    /// After 2^32 - 1 batches: a number used twice would hide a lost batch. A new start has a new number.
    pub fn next_id(&mut self) -> u64 {
        assert!(self.used < u32::MAX, "this instance has used all its batch numbers: start it anew");
        self.used += 1;
        u64::from(self.instance) << 32 | u64::from(self.used)
    }
}
