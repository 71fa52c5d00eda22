//! The event journal: what happened, in which order, and who may decide now.
//!
//! Enters: batches of rows with opaque bodies, machine time and numbers of instances as arguments. Leaves: rows in one
//! hash chain, and for every append an answer that says what is certain.
//! Never here: the meaning of a body, trading, clocks, randomness.
//!
//! Facts (`intake`, `control`, `venue:<account>`) come from any instance, once, by a unique key. Decisions
//! (`account:<A>`, `feed:<shard>`, `singleton:<name>`) come only from the holder of the stream's lease, who names the
//! newest row that it has folded. [`SqliteJournal`] keeps them on the disk, [`MemoryJournal`] has the same rules for
//! tests and simulation; one suite of tests runs against both.

mod batch;
mod chain;
mod hash;
pub mod line;
mod memory;
mod row;
mod sqlite;
mod stream;
mod watch;

pub use batch::{
    Append, BATCH_ROWS_MAX, BODY_BYTES_MAX, Batch, BatchIds, Claim, Conflict, NewRow, TEXT_BYTES_MAX,
};
pub use chain::{Break, Chain, CheckError, Checked, check, check_each};
pub use hash::hash_row;
pub use memory::{Fault, MemoryJournal};
pub use row::{Head, Instance, Lease, Row};
pub use sqlite::SqliteJournal;
pub use stream::{Stream, StreamError};
pub use watch::LeaseWatch;

use crate::database::DbError;

/// Most rows that one [`Journal::read`] answers, so that no read holds the write-ahead log for long.
pub const READ_ROWS_MAX: usize = 4_096;

/// One handle to a journal. Several handles, of several processes too, may be open on the same one.
///
/// After [`Append::Unknown`] a handle refuses every write with [`DbError::Poisoned`] until [`Journal::find_batch`] has
/// answered.
pub trait Journal {
    /// Appends all rows of `batch`, or none. The answer is given after the disk has confirmed.
    ///
    /// The checks come in this order: the batch itself, the lease of each claim, what each claim has folded,
    /// `control_seen`, keys, schema. A batch that is already there is refused as a conflict, since its facts have
    /// unique keys and its decisions follow a certain row.
    fn append(&mut self, batch: &Batch) -> Append;

    /// The newest row.
    ///
    /// # Errors
    /// See [`DbError`].
    fn head(&mut self) -> Result<Head, DbError>;

    /// Rows above `after`, in order, at most `limit` and at most [`READ_ROWS_MAX`]. An empty answer is the end; a short
    /// one need not be.
    ///
    /// # Errors
    /// See [`DbError`].
    fn read(&mut self, after: u64, limit: usize) -> Result<Vec<Row>, DbError>;

    /// First sequence of the batch `id`, looking only above `after`. After [`Append::Unknown`] this settles the
    /// question for ever: `None` then means that the batch will never appear by itself.
    ///
    /// # Errors
    /// See [`DbError`]; an unknown batch is still unknown then.
    fn find_batch(&mut self, id: u64, after: u64) -> Result<Option<u64>, DbError>;

    /// The fact with that key.
    ///
    /// # Errors
    /// See [`DbError`].
    fn by_key(&mut self, key: &str) -> Result<Option<Row>, DbError>;

    /// The newest rows about `subject`, oldest of them first, at most `limit` and at most [`READ_ROWS_MAX`].
    ///
    /// # Errors
    /// See [`DbError`].
    fn newest_by_subject(&mut self, subject: &str, limit: usize) -> Result<Vec<Row>, DbError>;

    /// Rows about `subject` from the first on, in order, at most `limit` and at most [`READ_ROWS_MAX`].
    ///
    /// # Errors
    /// See [`DbError`].
    fn by_subject(&mut self, subject: &str, limit: usize) -> Result<Vec<Row>, DbError>;

    /// `stream_seq` of the newest row of `stream`, 0 without any.
    ///
    /// # Errors
    /// See [`DbError`].
    fn stream_head(&mut self, stream: &Stream) -> Result<u64, DbError>;

    /// All leases, by the name of the stream.
    ///
    /// # Errors
    /// See [`DbError`].
    fn leases(&mut self) -> Result<Vec<Lease>, DbError>;

    /// Takes the lease of `stream` if its epoch is still `from_epoch` (0: there was none), and answers the new epoch;
    /// `None` if somebody else was faster. For a lease that was released, or whose holder is proven dead.
    ///
    /// # Errors
    /// [`DbError::Constraint`] if the stream is of facts, or `holder` is not a registered instance that has not ended;
    /// otherwise see [`DbError`].
    fn take_lease(&mut self, stream: &Stream, holder: u32, from_epoch: u64) -> Result<Option<u64>, DbError>;

    /// The same for a lease that [`LeaseWatch`] has seen unchanged: `None` also if the holder has renewed it meanwhile.
    ///
    /// # Errors
    /// As [`Journal::take_lease`].
    fn take_expired(&mut self, seen: &Lease, holder: u32) -> Result<Option<u64>, DbError>;

    /// Renews the leases that `holder` has on `streams`, and answers those that it no longer has. An append renews the
    /// leases of its claims by itself.
    ///
    /// # Errors
    /// See [`DbError`].
    fn renew(&mut self, holder: u32, streams: &[Stream]) -> Result<Vec<Stream>, DbError>;

    /// Registers an instance and answers its number, which is unique for ever and starts at 1. `now` is machine time in
    /// Unix nanoseconds; `reads_schema` the newest schema of events that it understands. Rows of a newer one are
    /// refused until it has ended.
    ///
    /// # Errors
    /// [`DbError::OldBuild`] if the journal holds newer rows already; [`DbError::Constraint`] if the name was used
    /// before or `reads_schema` is 0; otherwise see [`DbError`].
    fn register(&mut self, name: &str, now: i64, reads_schema: u32) -> Result<u32, DbError>;

    /// All instances that were ever registered, by number.
    ///
    /// # Errors
    /// See [`DbError`].
    fn instances(&mut self) -> Result<Vec<Instance>, DbError>;

    /// Records that an instance is dead. It can take no lease any more, and its `reads_schema` no longer counts. An
    /// unknown number is left alone.
    ///
    /// # Errors
    /// See [`DbError`].
    fn mark_ended(&mut self, number: u32) -> Result<(), DbError>;

    /// Newest schema that all instances understand which have not ended; 0 without any, and then nothing can be
    /// appended.
    ///
    /// # Errors
    /// See [`DbError`].
    fn write_schema(&mut self) -> Result<u32, DbError>;

    /// True if another handle has committed since this was last asked, or since the journal was opened. Cheap.
    ///
    /// # Errors
    /// See [`DbError`].
    fn changed(&mut self) -> Result<bool, DbError>;
}
