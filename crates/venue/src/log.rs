//! The log: an append-only file of facts, one per line.
//!
//! Enters: facts, in order. Leaves: the same facts after a restart. Never here: what they mean.
//!
//! # Format
//!
//! A line is eight lower-case hexadecimal digits (the CRC-32 of the JSON), one space, the JSON of one [`Fact`], a
//! line feed. The first fact is [`Fact::Began`]. A batch is written at once and synced before anybody hears of it.
//!
//! # Recovery
//!
//! The facts end before the first line that is not whole or has another checksum. Is there no whole line behind it,
//! it is a torn tail, as a crash leaves one: it is cut, nobody was told of it. Is there one, the file was damaged:
//! that is an error, because cutting there would lose facts that somebody was told of.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::fact::{FORMAT, Fact};

/// The log's name in its directory.
pub const FILE: &str = "venue.log";
/// Digits of the checksum and the space behind them.
const PREFIX: usize = 9;

/// Why a log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file system said no.
    #[error("cannot read or write {}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another venue has it.
    #[error("{} is in use: a venue runs on this directory; stop it or name another one", path.display())]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// Whole lines stand behind one that is not.
    #[error("{} is damaged at byte {offset}, and there are facts behind it: restore it from a copy", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where the line begins that cannot be read.
        offset: u64,
    },
    /// Made by a newer version, or not by a venue at all.
    #[error("{} is not a venue's log of format {FORMAT}: use the version that made it, or another directory", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
    },
}

/// An open log, at its end.
#[derive(Debug)]
pub struct Log {
    file: File,
    path: PathBuf,
}

impl Log {
    /// Opens the log in `directory`, which is made if it is missing, cuts a torn tail and returns all facts.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn open(directory: &Path) -> Result<(Log, Vec<Fact>), LogError> {
        let path = directory.join(FILE);
        let io = |source| LogError::Io { path: path.clone(), source };
        std::fs::create_dir_all(directory).map_err(io)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LogError::InUse { path }),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let (facts, length) = read(&bytes, &path)?;
        file.set_len(length).map_err(io)?;
        file.seek(SeekFrom::End(0)).map_err(io)?;
        // A name is only durable once its directory is.
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)?;
        let mut log = Log { file, path: path.clone() };
        if facts.is_empty() {
            log.append(&[Fact::Began { format: FORMAT }])?;
        } else {
            log.file.sync_data().map_err(io)?;
        }
        Ok((log, facts))
    }

    /// The facts in `directory`, without opening it for a venue: one may run there.
    ///
    /// # Errors
    /// [`LogError`], but not [`LogError::InUse`].
    pub fn facts_in(directory: &Path) -> Result<Vec<Fact>, LogError> {
        let path = directory.join(FILE);
        let bytes = std::fs::read(&path).map_err(|source| LogError::Io { path: path.clone(), source })?;
        read(&bytes, &path).map(|(facts, _)| facts)
    }

    /// Writes `facts` and returns when the disk has them. After an error the log must not be used any more: how much
    /// of them it has is not known.
    ///
    /// # Errors
    /// [`LogError::Io`].
    pub fn append(&mut self, facts: &[Fact]) -> Result<(), LogError> {
        let io = |source| LogError::Io { path: self.path.clone(), source };
        let mut bytes = Vec::new();
        for fact in facts {
            write(fact, &mut bytes).map_err(io)?;
        }
        self.file.write_all(&bytes).and_then(|()| self.file.sync_data()).map_err(io)
    }
}

fn write(fact: &Fact, into: &mut Vec<u8>) -> io::Result<()> {
    let json = serde_json::to_vec(fact)?;
    write!(into, "{:08x} ", crc32fast::hash(&json))?;
    into.extend_from_slice(&json);
    into.push(b'\n');
    Ok(())
}

/// The facts and how many bytes of the file they take.
fn read(bytes: &[u8], path: &Path) -> Result<(Vec<Fact>, u64), LogError> {
    let mut facts = Vec::new();
    let mut offset = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(json) = checked(line) else { break };
        // The bytes are those that were written, so a fact that cannot be read is one of another version.
        let fact = serde_json::from_slice(json).map_err(|_| LogError::Format { path: path.to_owned() })?;
        facts.push(fact);
        offset += line.len();
    }
    let rest = bytes.get(offset..).unwrap_or_default();
    if rest.split_inclusive(|byte| *byte == b'\n').any(|line| checked(line).is_some()) {
        return Err(LogError::Damaged { path: path.to_owned(), offset: offset as u64 });
    }
    match facts.first() {
        Some(Fact::Began { format: FORMAT }) => Ok((facts, offset as u64)),
        // Nothing whole in it: a crash while it was begun, unless it is some other file.
        None if bytes.iter().all(|byte| *byte != b'\n') && bytes.len() < 2 * PREFIX + 64 => Ok((facts, 0)),
        _ => Err(LogError::Format { path: path.to_owned() }),
    }
}

/// The JSON of a whole line.
fn checked(line: &[u8]) -> Option<&[u8]> {
    let (sum, json) = line.strip_suffix(b"\n")?.split_at_checked(PREFIX)?;
    let sum = std::str::from_utf8(sum).ok()?.strip_suffix(' ')?;
    (u32::from_str_radix(sum, 16).ok()? == crc32fast::hash(json)).then_some(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(number: u64) -> Fact {
        Fact::Refused { number, why: "no\nsuch \"thing\"".into() }
    }

    #[test]
    fn a_tail_torn_at_any_byte_loses_only_what_nobody_was_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, facts) = Log::open(folder.path()).unwrap();
        assert!(facts.is_empty());
        log.append(&[refused(1)]).unwrap();
        let path = folder.path().join(FILE);
        let told = std::fs::metadata(&path).unwrap().len() as usize;
        log.append(&[refused(2), refused(3)]).unwrap();
        drop(log);
        let whole = std::fs::read(&path).unwrap();
        let mut counts = std::collections::BTreeSet::new();
        for length in told..=whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let (mut log, facts) = Log::open(folder.path()).unwrap();
            let mut expected = vec![Fact::Began { format: FORMAT }];
            expected.extend((1..facts.len() as u64).map(refused));
            assert_eq!(facts, expected, "cut at {length}");
            counts.insert(facts.len());
            log.append(&[refused(99)]).unwrap();
            drop(log);
            expected.push(refused(99));
            assert_eq!(
                Log::facts_in(folder.path()).unwrap(),
                expected,
                "it goes on after the cut at {length}"
            );
        }
        assert_eq!(counts, [2, 3, 4].into());
    }

    #[test]
    fn a_log_torn_while_it_was_begun_begins_again() {
        let folder = tempfile::tempdir().unwrap();
        drop(Log::open(folder.path()).unwrap());
        let path = folder.path().join(FILE);
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(Log::open(folder.path()).unwrap().1.is_empty(), "{length}");
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
    }

    #[test]
    fn damage_before_the_end_is_refused_naming_the_byte() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = Log::open(folder.path()).unwrap();
        let path = folder.path().join(FILE);
        let first = std::fs::metadata(&path).unwrap().len();
        log.append(&[refused(1), refused(2)]).unwrap();
        drop(log);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[first as usize + 12] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let error = Log::open(folder.path()).unwrap_err();
        assert!(matches!(error, LogError::Damaged { offset, .. } if offset == first), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "it is left as it is");
        std::fs::write(&path, "a shopping list\n").unwrap();
        assert!(matches!(Log::open(folder.path()), Err(LogError::Format { .. })));
    }

    #[test]
    fn two_venues_never_share_a_directory() {
        let folder = tempfile::tempdir().unwrap();
        let _log = Log::open(folder.path()).unwrap();
        assert!(matches!(Log::open(folder.path()), Err(LogError::InUse { .. })));
        assert_eq!(Log::facts_in(folder.path()).unwrap().len(), 1, "reading is possible all the while");
    }
}
