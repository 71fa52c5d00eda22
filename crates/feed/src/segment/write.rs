//! Appending to a segment.

use std::io::{self, Write};

use market::dump::{self, LineEnd};
use market::{Instrument, UnixNanos};

use super::{
    DUMP_BYTES_MAX, HEAD_BYTES, HEADER_BYTES_MAX, MAGIC, MESSAGE_BYTES_MAX, SegmentHeader, VERSION, header,
};

/// Writes one segment. It neither buffers nor flushes: give it a buffered writer and call [`SegmentWriter::flush`]
/// as often as the loss of a crash may be long.
#[derive(Debug)]
pub struct SegmentWriter<W> {
    out: W,
    records: u64,
    bytes: u64,
    broken: bool,
}

/// Why a record was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The message is longer than a record may be. The segment is unharmed.
    #[error("a message of {length} bytes is too long for a segment (at most {MESSAGE_BYTES_MAX})")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Writing failed. Half a record may stand at the end, so this writer refuses to go on: start another segment.
    #[error("the segment could not be written; start another one")]
    Io(#[source] io::Error),
    /// An earlier write failed.
    #[error("the segment was given up after an earlier write error; start another one")]
    Broken,
}

impl<W: Write> SegmentWriter<W> {
    /// Begins a segment with the instruments that its tokens mean.
    ///
    /// # Errors
    /// What writing returns, or `InvalidInput` when the list of instruments is too long for a segment or has an entry
    /// that no dump can hold.
    pub fn create<'a>(
        mut out: W,
        header: &SegmentHeader,
        instruments: impl Iterator<Item = &'a Instrument>,
    ) -> io::Result<SegmentWriter<W>> {
        let line = header::to_line(header)?;
        let mut csv = Vec::new();
        dump::write(instruments, LineEnd::Lf, &mut csv);
        // An instrument that a reader of this segment could not read again must stop the recording now, not its replay.
        let unreadable = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
        let again = dump::read(&csv).map_err(|error| unreadable(error.to_string()))?;
        if let Some(bad) = again.bad.first() {
            return Err(unreadable(format!("the list of instruments cannot be written: {bad}")));
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&csv)?;
        let packed = gzip.finish()?;

        let mut body = Vec::with_capacity(12 + line.len() + packed.len());
        body.extend_from_slice(&VERSION.to_le_bytes());
        for (length, max) in [(line.len(), HEADER_BYTES_MAX), (packed.len(), DUMP_BYTES_MAX)] {
            let length = u32::try_from(length).ok().filter(|length| *length <= max);
            let length = length
                .ok_or_else(|| unreadable("the list of instruments is too long for a segment".into()))?;
            body.extend_from_slice(&length.to_le_bytes());
        }
        let mut crc = crc32fast::Hasher::new();
        for part in [&body, &line, &packed] {
            crc.update(part);
        }
        body.extend_from_slice(&crc.finalize().to_le_bytes());
        body.extend_from_slice(&line);
        body.extend_from_slice(&packed);
        out.write_all(&MAGIC)?;
        out.write_all(&body)?;
        let bytes = u64::try_from(MAGIC.len() + body.len()).unwrap_or(u64::MAX);
        Ok(SegmentWriter { out, records: 0, bytes, broken: false })
    }

    /// Appends one binary ticker message.
    ///
    /// # Errors
    /// [`AppendError`]; after [`AppendError::Io`] every further call fails.
    pub fn append(&mut self, received: UnixNanos, message: &[u8]) -> Result<(), AppendError> {
        if self.broken {
            return Err(AppendError::Broken);
        }
        let too_long = AppendError::TooLong { length: message.len() };
        let Some(length) = u32::try_from(message.len()).ok().filter(|length| *length <= MESSAGE_BYTES_MAX)
        else {
            return Err(too_long);
        };
        let head = head(length, received, crc32fast::hash(message));
        self.out.write_all(&head).and_then(|()| self.out.write_all(message)).map_err(|error| {
            self.broken = true;
            AppendError::Io(error)
        })?;
        self.records += 1;
        self.bytes = self.bytes.saturating_add(u64::from(length)).saturating_add(HEAD_BYTES as u64);
        Ok(())
    }

    /// Hands what is buffered to the operating system.
    ///
    /// # Errors
    /// What the writer returns.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// How many records were appended.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// How many bytes the segment has.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The writer underneath, to synchronise or close it.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.out
    }

    /// Ends writing. Nothing needs to be added: a segment has no closing part.
    pub fn into_inner(self) -> W {
        self.out
    }
}

fn head(length: u32, received: UnixNanos, message_crc: u32) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[4..8].copy_from_slice(&length.to_le_bytes());
    head[8..16].copy_from_slice(&received.0.to_le_bytes());
    head[16..20].copy_from_slice(&message_crc.to_le_bytes());
    let crc = crc32fast::hash(&head[4..]);
    head[..4].copy_from_slice(&crc.to_le_bytes());
    head
}
