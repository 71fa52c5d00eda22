//! Anchors: signed heads of the journal, in a file of their own.
//!
//! A chain of hashes without a key proves only that it agrees with itself: whoever can write the database can compute it
//! anew. An anchor says "at this time the journal ended with this row", signed. What it covers cannot be rewritten
//! without the signing key; what comes after the newest one can.
//!
//! Enters: heads, machine time, a function that signs. Leaves: lines of JSON, and heads whose signature is right.
//! Never here: keys, and how one signs.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::durable;
use crate::events::Head;
use crate::hex;

/// Name of the file inside a data directory.
pub const FILE: &str = "anchors.jsonl";
/// A line of ours is shorter; the last one lies within so many bytes of the end.
const LINE_BYTES_MAX: u64 = 4_096;
/// What is signed begins with this, so that the signature of something else never passes as an anchor.
const LABEL: &[u8] = b"meridian journal anchor 1\n";

/// A signed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The head.
    pub head: Head,
    /// When it was signed: machine time, Unix nanoseconds.
    pub time: i64,
    /// Ed25519 public key of who signed.
    pub public_key: [u8; 32],
    /// Ed25519 signature of [`Anchor::signed_bytes`].
    pub signature: [u8; 64],
}

/// Format of a line: fields may be added, never renamed.
#[derive(Serialize, Deserialize)]
struct Line {
    seq: u64,
    hash: String,
    time_ns: i64,
    public_key: String,
    signature: String,
}

/// Why anchors cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    /// A whole line that is no anchor.
    #[error("line {line} of `{}` is not an anchor", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// From one.
        line: usize,
    },
    /// The signer did not sign.
    #[error("the head cannot be signed: {0}")]
    Sign(String),
    /// What the file system said.
    #[error("cannot {attempt} `{}`", path.display())]
    Io {
        /// What was attempted.
        attempt: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

impl Anchor {
    /// What is signed: a label, sequence and time in 8 bytes each, big-endian, and the hash.
    pub fn signed_bytes(head: Head, time: i64) -> Vec<u8> {
        let mut bytes = LABEL.to_vec();
        bytes.extend_from_slice(&head.seq.to_be_bytes());
        bytes.extend_from_slice(&time.to_be_bytes());
        bytes.extend_from_slice(&head.hash);
        bytes
    }

    fn line(&self) -> Line {
        Line {
            seq: self.head.seq,
            hash: hex::encode(&self.head.hash),
            time_ns: self.time,
            public_key: hex::encode(&self.public_key),
            signature: hex::encode(&self.signature),
        }
    }

    fn read(text: &str) -> Option<Anchor> {
        let line: Line = serde_json::from_str(text).ok()?;
        Some(Anchor {
            head: Head { seq: line.seq, hash: hex::decode_array(&line.hash)? },
            time: line.time_ns,
            public_key: hex::decode_array(&line.public_key)?,
            signature: hex::decode_array(&line.signature)?,
        })
    }
}

/// Signs `head` at `now` (machine time, Unix nanoseconds) and adds it to the anchors `file`, synced. A last line that was
/// cut short is removed. `None`, and nothing is written, if the newest anchor has the same head.
///
/// # Errors
/// See [`AnchorError`].
pub fn anchor<E: std::fmt::Display>(
    file: &Path,
    public_key: [u8; 32],
    sign: impl FnOnce(&[u8]) -> Result<[u8; 64], E>,
    head: Head,
    now: i64,
) -> Result<Option<Anchor>, AnchorError> {
    let wrap = |attempt| move |source| AnchorError::Io { attempt, path: file.to_owned(), source };
    let fresh = fs::symlink_metadata(file).is_err();
    let mut open =
        File::options().read(true).append(true).create(true).mode(0o600).open(file).map_err(wrap("write"))?;
    // Instances that share the directory write one after the other.
    open.lock().map_err(wrap("lock"))?;
    let (whole_bytes, last) = tail(&mut open).map_err(wrap("read"))?;
    if last.is_some_and(|last| last.head == head) {
        return Ok(None);
    }
    open.set_len(whole_bytes).map_err(wrap("cut"))?;
    let signature =
        sign(&Anchor::signed_bytes(head, now)).map_err(|error| AnchorError::Sign(error.to_string()))?;
    let anchor = Anchor { head, time: now, public_key, signature };
    let mut text = serde_json::to_vec(&anchor.line()).map_err(|error| wrap("write")(error.into()))?;
    text.push(b'\n');
    open.write_all(&text).and_then(|()| open.sync_all()).map_err(wrap("write"))?;
    if fresh && let Some(directory) = file.parent() {
        durable::sync_directory(directory).map_err(wrap("sync"))?;
    }
    Ok(Some(anchor))
}

/// The newest anchor in `file`; none if there is no file, or none in it.
///
/// # Errors
/// [`AnchorError::Io`].
pub fn newest(file: &Path) -> Result<Option<Anchor>, AnchorError> {
    let wrap = |source| AnchorError::Io { attempt: "read", path: file.to_owned(), source };
    match File::open(file) {
        Ok(mut open) => tail(&mut open).map(|(_, last)| last).map_err(wrap),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(wrap(error)),
    }
}

/// All anchors in `file`, oldest first. A last line without its line feed was cut short and is passed over.
///
/// # Errors
/// See [`AnchorError`].
pub fn all(file: &Path) -> Result<Vec<Anchor>, AnchorError> {
    let text = fs::read_to_string(file).map_err(|source| AnchorError::Io {
        attempt: "read",
        path: file.to_owned(),
        source,
    })?;
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.split('\n').enumerate().filter(|(_, line)| !line.is_empty());
    lines
        .map(|(index, line)| {
            Anchor::read(line).ok_or_else(|| AnchorError::Damaged { path: file.to_owned(), line: index + 1 })
        })
        .collect()
}

/// Up to where the file has whole lines, and the last of them.
fn tail(file: &mut File) -> io::Result<(u64, Option<Anchor>)> {
    let length = file.seek(SeekFrom::End(0))?;
    let from = length.saturating_sub(LINE_BYTES_MAX);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
        // Longer than any line of ours, so not cut short by us.
        return Ok((if from == 0 { 0 } else { length }, None));
    };
    let start = bytes[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let last = std::str::from_utf8(&bytes[start..end]).ok().and_then(Anchor::read);
    Ok((from + end as u64 + 1, last))
}
