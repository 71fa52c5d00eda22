//! Raw segments: what a feed sent, message by message, in a file that survives a crash.
//!
//! Enters: binary ticker messages with their receive times; on the way back, the bytes of a file. Leaves: the reverse.
//! Never here: file names, when to flush, what a message means ([`crate::replay`] decodes), clocks.
//!
//! # The format, version 1
//!
//! Constraints: appending never touches what was written; a segment explains itself (it carries the instruments its
//! tokens mean); reading needs memory for one record, whatever the file's size; damage is told apart from a crash.
//! Integers are little-endian. CRC is CRC-32 (IEEE), as in gzip.
//!
//! ```text
//! file    = preamble, header, dump, records
//! preamble: 8 bytes  magic, "MRDNSEG\n"
//!           u32      version, 1
//!           u32      length of the header, at most 64 KiB
//!           u32      length of the dump, at most 64 MiB
//!           u32      CRC of the twelve bytes before, the header and the dump
//! header  = one line of JSON ending in "\n": source, day, created_ns, market_start_ns; unknown keys are ignored
//! dump    = the instruments as a gzip CSV (`market::dump`)
//! record  : u32      CRC of the sixteen bytes that follow
//!           u32      length of the message, at most 16 MiB
//!           i64      receive time, nanoseconds since 1970-01-01T00:00:00Z
//!           u32      CRC of the message
//!           bytes    one binary ticker message of the Kite protocol (`kite::ticker::message`)
//! ```
//!
//! The head of a record has a CRC of its own, because its length decides where the next record is looked for: one CRC
//! over everything could not tell a changed length from a file that simply ends early.
//!
//! # Recovery
//!
//! - The file ends inside a record: a *torn tail*, what a crash leaves. It is the normal end, and the number of bytes
//!   ignored is told. So is a tail of nothing but zeros, which some file systems leave after a power cut.
//! - Any wrong CRC or impossible length elsewhere: a *hole*. Reading stops with the record's number and offset, since
//!   what follows cannot be trusted to be what was recorded.
//! - The file ends before its first record could be written: no segment; start the recording again.
//!
//! Receive times may go back when the machine's clock was set; whoever plays a segment treats such a record as received
//! together with the one before.

use jiff::civil::Date;
use market::{Source, UnixNanos};

mod header;
mod read;
mod write;

pub use read::{Record, SegmentError, SegmentReader, Summary, check};
pub use write::{AppendError, SegmentWriter};

/// First bytes of every segment.
pub const MAGIC: [u8; 8] = *b"MRDNSEG\n";
/// The version that this build writes, and the newest that it reads.
pub const VERSION: u32 = 1;
/// Longest message of a record, in bytes. The largest possible ticker message, 65,535 full packets, has 12 MB.
pub const MESSAGE_BYTES_MAX: u32 = 16 * 1024 * 1024;

const PREAMBLE_BYTES: usize = 24;
const HEAD_BYTES: usize = 20;
const HEADER_BYTES_MAX: u32 = 64 * 1024;
const DUMP_BYTES_MAX: u32 = 64 * 1024 * 1024;
const _: () = assert!(kite::ticker::message::PACKETS_MAX * 186 + 2 <= MESSAGE_BYTES_MAX as usize);

/// What a segment says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Where the ticks came from when they were recorded.
    pub source: Source,
    /// Trading day in India.
    pub day: Date,
    /// Wall time at which the recording began.
    pub created: UnixNanos,
    /// Market time at which the recording began; differs from `created` for a simulated market with its own clock.
    pub market_start: UnixNanos,
}

#[cfg(test)]
mod tests;
