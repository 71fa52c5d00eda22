//! A recording played again as a market.
//!
//! Enters: a segment ([`crate::segment`]), from a file or any reader; market time. Leaves: its ticks at the market times
//! at which they were received, always the same ones. Never here: speed (the caller's clock decides), validation,
//! wall clocks.
//!
//! This is the one place of the crate that opens a file: it reads it front to back through a buffer, one record in
//! memory at a time. Whatever the recording came from, its ticks say `replay`.
//!
//! A replay ends at the end of the recording. It also ends at the first damaged record: what was before it has been
//! played, [`Replay::failure`] says why it stopped, and nothing is invented for what follows.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use kite::ticker::message::{self, DecodeError, Message};
use kite::ticker::packet;
use market::{Instrument, Source, Tick, UnixNanos};

use crate::Market;
use crate::segment::{SegmentError, SegmentHeader, SegmentReader};

/// Read from the disk at once, in bytes: a few hundred full messages.
const BUFFER_BYTES: usize = 256 * 1024;

/// Why a recording cannot be played, or not further.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be opened.
    #[error("cannot open the recording {}", path.display())]
    Open {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no segment, or a damaged one.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// A whole record whose message is none: it was recorded wrongly.
    #[error("record {record} at byte {offset} is no ticker message")]
    Message {
        /// Its number, from 1.
        record: u64,
        /// Where it begins in the file, in bytes.
        offset: u64,
        /// What is wrong with it.
        #[source]
        source: DecodeError,
    },
}

impl ReplayError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            ReplayError::Open { .. } => Some("check the path given after `replay:`".into()),
            ReplayError::Segment(error) => error.hint().map(str::to_owned),
            ReplayError::Message { .. } => {
                Some("the recording stops being usable there: record again".into())
            }
        }
    }
}

/// A recording as a market that is driven by the caller's clock.
pub struct Replay {
    reader: SegmentReader<Box<dyn Read + Send>>,
    start: UnixNanos,
    /// Ticks of the next record and when they are due; `None` at the end.
    next: Option<Due>,
    failure: Option<ReplayError>,
    ticks: u64,
    unknown_packets: u64,
}

struct Due {
    at: UnixNanos,
    ticks: Vec<Tick>,
}

impl Replay {
    /// Opens a recording.
    ///
    /// # Errors
    /// [`ReplayError`] when there is nothing that could be played at all. Damage further on shows while playing.
    pub fn open(path: impl AsRef<Path>) -> Result<Replay, ReplayError> {
        let path = path.as_ref();
        let file =
            File::open(path).map_err(|source| ReplayError::Open { path: path.to_path_buf(), source })?;
        Replay::from_read(BufReader::with_capacity(BUFFER_BYTES, file))
    }

    /// Plays what `input` gives, which should be buffered.
    ///
    /// # Errors
    /// As [`Replay::open`].
    pub fn from_read(input: impl Read + Send + 'static) -> Result<Replay, ReplayError> {
        let input: Box<dyn Read + Send> = Box::new(input);
        let reader = SegmentReader::new(input)?;
        let start = reader.header().market_start;
        let mut replay = Replay { reader, start, next: None, failure: None, ticks: 0, unknown_packets: 0 };
        replay.read_on(UnixNanos(i64::MIN), Vec::new());
        if let Some(failure) = replay.failure.take() {
            return Err(failure);
        }
        if let Some(first) = &replay.next {
            replay.start = first.at;
        }
        Ok(replay)
    }

    /// The market time at which the first tick is due; where there is none, when the recording began.
    pub fn start(&self) -> UnixNanos {
        self.start
    }

    /// What the recording says about itself.
    pub fn header(&self) -> &SegmentHeader {
        self.reader.header()
    }

    /// Why the replay stopped before the end of the recording, if it did.
    pub fn failure(&self) -> Option<&ReplayError> {
        self.failure.as_ref()
    }

    /// After the end: how many bytes a crash left of a last, incomplete record.
    pub fn torn(&self) -> Option<u64> {
        self.reader.torn()
    }

    /// How many ticks were played so far.
    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    /// How many packets so far had a length that no known packet has, and were passed over.
    pub fn unknown_packets(&self) -> u64 {
        self.unknown_packets
    }

    /// Reads up to the next record that has ticks. `ticks` is an empty vector to be used again. Times that run back
    /// are held at `before`: the machine's clock was set, the order is still the order of arrival.
    fn read_on(&mut self, before: UnixNanos, mut ticks: Vec<Tick>) {
        let mut at = before;
        while self.failure.is_none() {
            let record = match self.reader.next_record() {
                Ok(Some(record)) => record,
                Ok(None) => return,
                Err(error) => {
                    self.failure = Some(error.into());
                    return;
                }
            };
            at = at.max(record.received);
            match message::decode(record.message) {
                Ok(Message::Heartbeat) => {}
                Ok(Message::Packets(packets)) => {
                    for packet in packets {
                        match packet::decode(packet) {
                            Ok(tick) => ticks.push(tick),
                            Err(_) => self.unknown_packets += 1,
                        }
                    }
                }
                Err(source) => {
                    let (record, offset) = (record.number, record.offset);
                    self.failure = Some(ReplayError::Message { record, offset, source });
                    return;
                }
            }
            if !ticks.is_empty() {
                self.next = Some(Due { at, ticks });
                return;
            }
        }
    }
}

impl Market for Replay {
    fn source(&self) -> Source {
        Source::Replay
    }

    fn instruments(&self) -> Vec<Instrument> {
        self.reader.instruments().to_vec()
    }

    fn listing_version(&self) -> u64 {
        0
    }

    fn next_at(&self) -> Option<UnixNanos> {
        self.next.as_ref().map(|due| due.at)
    }

    fn advance(&mut self, until: UnixNanos, out: &mut Vec<Tick>) {
        while let Some(mut due) = self.next.take_if(|due| due.at <= until) {
            self.ticks += due.ticks.len() as u64;
            out.append(&mut due.ticks);
            self.read_on(due.at, due.ticks);
        }
    }

    /// Nothing: a recording has prices only where it has ticks.
    fn snapshot(&mut self, _out: &mut Vec<Tick>) {}

    fn failure(&self) -> Option<String> {
        Replay::failure(self).map(ToString::to_string)
    }

    fn is_open(&self) -> bool {
        self.next.is_some()
    }
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay")
            .field("header", self.header())
            .field("next_at", &self.next_at())
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
