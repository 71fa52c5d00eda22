//! A report's bytes: so many at most, counted for the digest, and none once nobody waits for them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use market::UnixNanos;
use sha2::{Digest as _, Sha256};

/// Largest report, bytes.
pub(super) const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Largest report that is held in memory as a whole, bytes.
pub(super) const JSON_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most memory that a report may take once it is read as JSON, bytes.
const JSON_MEMORY_MAX: usize = 128 * 1024 * 1024;
/// So far the clock of whoever wrote a report may be ahead.
const AHEAD_MAX: Duration = Duration::from_secs(300);
/// Longest line, bytes.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024;

pub(super) struct Source {
    reader: BufReader<Counted>,
    length: u64,
    written: SystemTime,
}

struct Counted {
    file: File,
    left: u64,
    digest: Sha256,
    stopped: Arc<AtomicBool>,
}

impl Source {
    /// Opens a file that is one, and not too large.
    pub(super) fn open(path: &Path, stopped: Arc<AtomicBool>) -> Result<Source, String> {
        // Opening a pipe would wait for somebody who writes to it.
        let known = std::fs::metadata(path).map_err(|failure| failure.to_string())?;
        if !known.is_file() {
            return Err("it is no file".to_owned());
        }
        if known.len() > FILE_BYTES_MAX {
            return Err(format!("its {} bytes are more than {FILE_BYTES_MAX}", known.len()));
        }
        let file = File::open(path).map_err(|failure| failure.to_string())?;
        let written = known.modified().map_err(|failure| failure.to_string())?;
        let counted = Counted { file, left: FILE_BYTES_MAX, digest: Sha256::new(), stopped };
        Ok(Source { reader: BufReader::with_capacity(LINE_BYTES_MAX, counted), length: known.len(), written })
    }

    /// It was written at most so long ago: an older one is about something else.
    pub(super) fn is_fresh(&self, now: UnixNanos, expires: Duration) -> Result<(), String> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(now.0).unwrap_or_default());
        match now.duration_since(self.written) {
            Ok(age) if age > expires => Err(format!(
                "it was written {} s ago, and what is older than {} s does not count: see `expires`",
                age.as_secs(),
                expires.as_secs()
            )),
            Err(ahead) if ahead.duration() > AHEAD_MAX => {
                Err(format!("it was written {} s in the future", ahead.duration().as_secs()))
            }
            _ => Ok(()),
        }
    }

    /// Of what was read so far.
    pub(super) fn digest(self) -> Sha256 {
        self.reader.into_inner().digest
    }

    /// The next line, without its end; false when there is none.
    pub(super) fn line(&mut self, line: &mut Vec<u8>) -> Result<bool, String> {
        line.clear();
        let mut limited = self.reader.by_ref().take(LINE_BYTES_MAX as u64);
        let count = limited.read_until(b'\n', line).map_err(|failure| failure.to_string())?;
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if count == LINE_BYTES_MAX {
            return Err(format!("a line is longer than {LINE_BYTES_MAX} bytes"));
        }
        Ok(count > 0)
    }

    /// All of it, as JSON.
    pub(super) fn json(&mut self) -> Result<serde_json::Value, String> {
        if self.length > JSON_BYTES_MAX {
            return Err(format!("its {} bytes are more than {JSON_BYTES_MAX}", self.length));
        }
        let mut bytes = Vec::new();
        self.reader
            .by_ref()
            .take(JSON_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|failure| failure.to_string())?;
        if memory(&bytes) > JSON_MEMORY_MAX {
            return Err(format!("as JSON it would take more than {JSON_MEMORY_MAX} bytes of memory"));
        }
        serde_json::from_slice(&bytes).map_err(|failure| format!("it is no JSON: {failure}"))
    }

    /// For readers of XML.
    pub(super) fn reader(&mut self) -> &mut impl BufRead {
        &mut self.reader
    }
}

/// About what JSON takes in memory beside its texts, bytes: a file of empty objects takes a hundred times its size.
fn memory(json: &[u8]) -> usize {
    let (mut bytes, mut text, mut escaped) = (0_usize, false, false);
    for byte in json {
        bytes += match (text, byte) {
            // A map has room for eleven from the beginning, a list for four.
            (false, b'{') => 640,
            (false, b'[') => 128,
            (false, b',') => 100,
            _ => 0,
        };
        if *byte == b'"' && !escaped {
            text = !text;
        }
        escaped = text && *byte == b'\\' && !escaped;
    }
    bytes
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(io::Error::other("stopped"));
        }
        let count = self.file.read(buffer)?;
        self.digest.update(&buffer[..count]);
        // It may grow while it is read.
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| io::Error::other("it is too large"))?;
        Ok(count)
    }
}
