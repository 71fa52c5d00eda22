//! What the journal holds: rows, leases, instances.

use super::Stream;

/// The newest row of a journal. An empty one has sequence 0 and a hash of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its sequence.
    pub seq: u64,
    /// Its hash, which covers everything before it.
    pub hash: [u8; 32],
}

impl Head {
    /// The head of an empty journal.
    pub const EMPTY: Head = Head { seq: 0, hash: [0; 32] };
}

/// One event as it is in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Place in the journal, from 1, without gaps.
    pub seq: u64,
    /// Its stream.
    pub stream: Stream,
    /// Place in the stream, from 1, without gaps.
    pub stream_seq: u64,
    /// Epoch of the lease under which it was decided; 0 for facts.
    pub epoch: u64,
    /// The batch that it came with.
    pub batch: u64,
    /// Machine time of the batch, Unix nanoseconds.
    pub time: i64,
    /// What kind of event it is.
    pub kind: String,
    /// Schema of the body, from 1.
    pub schema: u32,
    /// Unique for ever; facts have one, decisions none.
    pub key: Option<String>,
    /// What it is about: a signal, an order.
    pub subject: Option<String>,
    /// The event itself; the journal does not look inside.
    pub body: Vec<u8>,
    /// Hash of the row before, zeros for the first.
    pub prev_hash: [u8; 32],
    /// Hash of this row: see [`super::hash_row`].
    pub hash: [u8; 32],
}

/// Who may append decisions to a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The stream.
    pub stream: Stream,
    /// Number of the instance that holds it.
    pub holder: u32,
    /// Rises by one with each new holder, from 1.
    pub epoch: u64,
    /// Rises while the holder lives; starts again with each epoch.
    pub renewals: u64,
}

/// An instance that was started at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Unique for ever, from 1.
    pub number: u32,
    /// Name of its lock file in the data directory's `instances`, unique for ever.
    pub name: String,
    /// Machine time of its registration, Unix nanoseconds.
    pub started: i64,
    /// Newest schema of events that it understands.
    pub reads_schema: u32,
    /// True if it is known to be dead.
    pub ended: bool,
}
