//! Reading a segment record by record.

use std::io::{self, Read};

use market::dump::{self, Dump};
use market::{Instrument, UnixNanos};

use super::{
    DUMP_BYTES_MAX, HEAD_BYTES, HEADER_BYTES_MAX, MAGIC, MESSAGE_BYTES_MAX, PREAMBLE_BYTES, SegmentHeader,
    VERSION, header,
};

/// Why a segment cannot be read, or not further.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// No bytes at all.
    #[error("the segment is empty: nothing was recorded")]
    Empty,
    /// Other first bytes.
    #[error("this is no recording: it does not begin like a segment")]
    Foreign,
    /// Written by a newer build.
    #[error("the segment has version {version}, this build reads up to {VERSION}")]
    TooNew {
        /// The version it has.
        version: u32,
    },
    /// It ends before the first record could be written.
    #[error("the segment ends within its header after {bytes} bytes: nothing was recorded")]
    HeaderTorn {
        /// How long it is.
        bytes: u64,
    },
    /// Header or instruments do not match their checksum, or make no sense.
    #[error("the header of the segment is damaged: {problem}")]
    HeaderDamaged {
        /// What is wrong.
        problem: String,
    },
    /// A hole: what stands at the start of a record is not what was written.
    #[error("record {record} at byte {offset} is damaged: {problem}")]
    RecordDamaged {
        /// Its number, from 1.
        record: u64,
        /// Where it begins, counted from the first byte of the file.
        offset: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// The operating system refused to read.
    #[error("the segment could not be read at byte {offset}")]
    Io {
        /// Where.
        offset: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl SegmentError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            SegmentError::Empty | SegmentError::HeaderTorn { .. } => Some("delete the file and record again"),
            SegmentError::Foreign => Some("give a file that `meridian up --record` wrote"),
            SegmentError::TooNew { .. } => Some("use the build that recorded it, or a newer one"),
            SegmentError::HeaderDamaged { .. } => Some("take another copy of the file"),
            SegmentError::RecordDamaged { .. } => Some(
                "records before it are good, those after it cannot be trusted: take another copy of the file",
            ),
            SegmentError::Io { .. } => None,
        }
    }
}

/// One recorded message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// Where it begins in the file, in bytes.
    pub offset: u64,
    /// When it was received.
    pub received: UnixNanos,
    /// A binary ticker message.
    pub message: &'a [u8],
}

/// Reads a segment from front to back, holding one record in memory. Give it a buffered reader.
#[derive(Debug)]
pub struct SegmentReader<R> {
    input: Counted<R>,
    header: SegmentHeader,
    dump: Dump,
    message: Vec<u8>,
    records: u64,
    torn: Option<u64>,
    ended: bool,
}

impl<R: Read> SegmentReader<R> {
    /// Reads preamble, header and instruments.
    ///
    /// # Errors
    /// Any [`SegmentError`] but [`SegmentError::RecordDamaged`].
    pub fn new(input: R) -> Result<SegmentReader<R>, SegmentError> {
        let mut input = Counted { input, offset: 0 };
        let mut preamble = [0; PREAMBLE_BYTES];
        let got = input.fill(&mut preamble)?;
        let start = got.min(MAGIC.len());
        if got == 0 {
            return Err(SegmentError::Empty);
        }
        if preamble[..start] != MAGIC[..start] {
            return Err(SegmentError::Foreign);
        }
        let word = |at: usize| u32_at(&preamble, at);
        // The version comes before all else: a newer one may differ in everything after it.
        if got >= 12 && word(8) > VERSION {
            return Err(SegmentError::TooNew { version: word(8) });
        }
        if got < PREAMBLE_BYTES {
            return Err(SegmentError::HeaderTorn { bytes: input.offset });
        }
        let damaged = |problem: String| SegmentError::HeaderDamaged { problem };
        let (header_len, dump_len) = (word(12), word(16));
        if word(8) == 0 || header_len > HEADER_BYTES_MAX || dump_len > DUMP_BYTES_MAX {
            return Err(damaged("an impossible version or length".into()));
        }
        let mut body = Vec::new();
        if !input.take(u64::from(header_len) + u64::from(dump_len), &mut body)? {
            return Err(SegmentError::HeaderTorn { bytes: input.offset });
        }
        let mut crc = crc32fast::Hasher::new();
        crc.update(&preamble[8..20]);
        crc.update(&body);
        if crc.finalize() != word(20) {
            return Err(damaged("its checksum does not match".into()));
        }
        let (line, packed) = body.split_at(usize::try_from(header_len).unwrap_or(usize::MAX).min(body.len()));
        let header = header::from_line(line).map_err(damaged)?;
        let dump = dump::read(packed).map_err(|error| damaged(error.to_string()))?;
        Ok(SegmentReader { input, header, dump, message: Vec::new(), records: 0, torn: None, ended: false })
    }

    /// What the segment says about itself.
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// What its tokens mean.
    pub fn instruments(&self) -> &[Instrument] {
        &self.dump.instruments
    }

    /// How many records were read so far.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// After the end: how many bytes of a record that a crash cut off follow the last whole one.
    pub fn torn(&self) -> Option<u64> {
        self.torn
    }

    /// The next record; `None` at the end, also when the end is a torn one (see [`SegmentReader::torn`]). After an
    /// error there is nothing more.
    ///
    /// # Errors
    /// [`SegmentError::RecordDamaged`], [`SegmentError::Io`].
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, SegmentError> {
        if self.ended {
            return Ok(None);
        }
        self.ended = true;
        let offset = self.input.offset;
        let Some(received) = self.read_record(offset)? else { return Ok(None) };
        self.ended = false;
        self.records += 1;
        Ok(Some(Record { number: self.records, offset, received, message: &self.message }))
    }

    /// Fills `message` and returns the receive time; `None` at the end.
    fn read_record(&mut self, offset: u64) -> Result<Option<UnixNanos>, SegmentError> {
        let mut head = [0; HEAD_BYTES];
        let got = self.input.fill(&mut head)?;
        if got < HEAD_BYTES {
            self.torn = (got > 0).then_some(self.input.offset - offset);
            return Ok(None);
        }
        let damaged = |problem| SegmentError::RecordDamaged { record: self.records + 1, offset, problem };
        if head == [0; HEAD_BYTES] && self.input.only_zeros_left()? {
            self.torn = Some(self.input.offset - offset);
            return Ok(None);
        }
        if crc32fast::hash(&head[4..]) != u32_at(&head, 0) {
            return Err(damaged("the checksum of its length and time does not match"));
        }
        let length = u32_at(&head, 4);
        if length > MESSAGE_BYTES_MAX {
            return Err(damaged("its length is impossible"));
        }
        if !self.input.take(u64::from(length), &mut self.message)? {
            self.torn = Some(self.input.offset - offset);
            return Ok(None);
        }
        if crc32fast::hash(&self.message) != u32_at(&head, 16) {
            return Err(damaged("the checksum of its message does not match"));
        }
        let mut nanos = [0; 8];
        nanos.copy_from_slice(&head[8..16]);
        Ok(Some(UnixNanos(i64::from_le_bytes(nanos))))
    }
}

/// What a whole segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What it says about itself.
    pub header: SegmentHeader,
    /// How many instruments it carries.
    pub instruments: usize,
    /// How many records.
    pub records: u64,
    /// Receive times of the first and the last record.
    pub span: Option<(UnixNanos, UnixNanos)>,
    /// Bytes of a torn tail.
    pub torn: Option<u64>,
}

/// Reads a segment from its first to its last byte and says what it holds.
///
/// # Errors
/// [`SegmentError`], as [`SegmentReader`].
pub fn check(input: impl Read) -> Result<Summary, SegmentError> {
    let mut reader = SegmentReader::new(input)?;
    let mut span: Option<(UnixNanos, UnixNanos)> = None;
    while let Some(record) = reader.next_record()? {
        span = Some((span.map_or(record.received, |(first, _)| first), record.received));
    }
    Ok(Summary {
        header: reader.header,
        instruments: reader.dump.instruments.len(),
        records: reader.records,
        span,
        torn: reader.torn,
    })
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// A reader that knows how far it came.
#[derive(Debug)]
struct Counted<R> {
    input: R,
    offset: u64,
}

impl<R: Read> Counted<R> {
    /// Fills `buffer` as far as the input goes.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, SegmentError> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.input.read(rest) {
                Ok(0) => break,
                Ok(got) => {
                    filled += got;
                    self.offset += got as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(SegmentError::Io { offset: self.offset, source }),
            }
        }
        Ok(filled)
    }

    /// Replaces `buffer` by `length` bytes; false when the input ends before. Memory grows with what is really there,
    /// so a length that lies costs nothing.
    fn take(&mut self, length: u64, buffer: &mut Vec<u8>) -> Result<bool, SegmentError> {
        buffer.clear();
        let result = Read::by_ref(&mut self.input).take(length).read_to_end(buffer);
        self.offset += buffer.len() as u64;
        match result {
            Ok(_) => Ok(buffer.len() as u64 == length),
            Err(source) => Err(SegmentError::Io { offset: self.offset, source }),
        }
    }

    fn only_zeros_left(&mut self) -> Result<bool, SegmentError> {
        let mut block = [0; 4096];
        loop {
            let got = self.fill(&mut block)?;
            if block[..got].iter().any(|b| *b != 0) {
                return Ok(false);
            }
            if got < block.len() {
                return Ok(true);
            }
        }
    }
}
