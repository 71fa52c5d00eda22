//! A shipped log: the rows of a journal in files elsewhere, for the case that the disk of the journal is lost.
//!
//! ```text
//! DIR/ship.lock                        held by the one who ships
//! DIR/00000000000000000001.jsonl       rows from that sequence on, one line each (see [`line`])
//! DIR/00000000000000180251.jsonl       the next ones, in a new file after about 64 MiB
//! ```
//!
//! Files only grow. The chain of hashes is their checksum. A last line without a line feed was cut short: it is removed
//! when shipping goes on and passed over by readers. Anything else that does not fit is damage and is named.
//! Never here: clocks, waiting.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::durable;
use crate::events::{Head, Row, hash_row, line};

const LOCK: &str = "ship.lock";
const ENDING: &str = ".jsonl";
/// A file that is longer gets no further rows.
const FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Why a log cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShipError {
    /// Somebody else ships into that directory.
    #[error("another process ships into `{}`", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// The log holds no row at all.
    #[error("`{}` holds no shipped log", path.display())]
    Empty {
        /// The directory.
        path: PathBuf,
    },
    /// A line that cannot have been written like this.
    #[error("line {line} of `{}` is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// From one.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A row does not continue the log.
    #[error("row {seq} does not continue the log, which ends with row {after}")]
    NotNext {
        /// The row.
        seq: u64,
        /// The end of the log.
        after: u64,
    },
    /// Anything that the file system said.
    #[error("cannot {attempt} `{}`", path.display())]
    Io {
        /// What was attempted.
        attempt: &'static str,
        /// Where.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
}

impl ShipError {
    /// What the user can do next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            ShipError::Locked { .. } => Some("let that one go on, or ship into another directory"),
            ShipError::Empty { .. } => Some("name the directory that `meridian journal ship --to` was given"),
            ShipError::Damaged { .. } => {
                Some("keep the directory as it is, and ship the whole journal again into a new one")
            }
            ShipError::NotNext { .. } => Some("ship into a new directory"),
            ShipError::Io { .. } => None,
        }
    }
}

/// The writer's side of a log.
#[derive(Debug)]
pub struct ShippedLog {
    directory: PathBuf,
    head: Head,
    file: Option<(PathBuf, File, u64)>,
    _lock: File,
}

impl ShippedLog {
    /// Opens the log in `directory`, which is created if it is missing, and removes a last line that was cut short.
    ///
    /// # Errors
    /// See [`ShipError`].
    pub fn open(directory: &Path) -> Result<ShippedLog, ShipError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| failed("create", directory, error))?;
        let path = directory.join(LOCK);
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed("write", &path, error))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => ShipError::Locked { path: directory.to_owned() },
            TryLockError::Error(source) => failed("lock", &path, source),
        })?;
        let mut log =
            ShippedLog { directory: directory.to_owned(), head: Head::EMPTY, file: None, _lock: lock };
        // The newest file can be empty, if its first line was cut short: then the one before has the head.
        for (first, path) in files(directory)?.into_iter().rev() {
            let mut head = None;
            let bytes = read_file::<ShipError>(&path, first, &mut |row| {
                head = Some(Head { seq: row.seq, hash: row.hash });
                Ok(())
            })?;
            let file =
                File::options().append(true).open(&path).map_err(|error| failed("write", &path, error))?;
            file.set_len(bytes)
                .and_then(|()| file.sync_all())
                .map_err(|error| failed("cut", &path, error))?;
            if log.file.is_none() {
                log.file = Some((path, file, bytes));
            }
            if let Some(head) = head {
                log.head = head;
                break;
            }
        }
        Ok(log)
    }

    /// The newest row that is in the log; an empty one has [`Head::EMPTY`].
    pub fn head(&self) -> Head {
        self.head
    }

    /// Adds `rows`, which follow the log, and returns when they are on the disk.
    ///
    /// # Errors
    /// [`ShipError::NotNext`], also for a row whose hash is not its own; otherwise see [`ShipError`]. Open the log anew
    /// then.
    pub fn append(&mut self, rows: &[Row]) -> Result<(), ShipError> {
        let mut text = String::new();
        let mut head = self.head;
        for row in rows {
            if !follows(row, head) {
                return Err(ShipError::NotNext { seq: row.seq, after: head.seq });
            }
            let line = line::write(row, None)
                .map_err(|error| failed("write", &self.directory, io::Error::other(error)))?;
            text.push_str(&line);
            head = Head { seq: row.seq, hash: row.hash };
        }
        let Some(first) = rows.first() else { return Ok(()) };
        let (path, mut file, bytes) = match self.file.take() {
            Some(open) if open.2 < FILE_BYTES => open,
            _ => self.begin_file(first.seq)?,
        };
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_data())
            .map_err(|error| failed("write", &path, error))?;
        self.file = Some((path, file, bytes + text.len() as u64));
        self.head = head;
        Ok(())
    }

    fn begin_file(&self, first: u64) -> Result<(PathBuf, File, u64), ShipError> {
        let path = self.directory.join(format!("{first:020}{ENDING}"));
        let file = File::options()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed("create", &path, error))?;
        durable::sync_directory(&self.directory).map_err(|error| failed("sync", &self.directory, error))?;
        Ok((path, file, 0))
    }
}

/// Shows every row of the log in `directory` above `after` in order, and checks that each follows the one before, across
/// files too. Rows up to `after` are looked at only where they share a file with later ones. Answers the last row.
///
/// # Errors
/// See [`ShipError`], and whatever `each` says.
pub fn read<E: From<ShipError>>(
    directory: &Path,
    after: u64,
    mut each: impl FnMut(Row) -> Result<(), E>,
) -> Result<Head, E> {
    let files = files(directory)?;
    let from = files.partition_point(|(first, _)| *first <= after + 1).saturating_sub(1);
    let mut head: Option<Head> = None;
    for (first, path) in &files[from..] {
        read_file(path, *first, &mut |row| {
            if let Some(head) = head.filter(|head| !follows(&row, *head)) {
                return Err(ShipError::NotNext { seq: row.seq, after: head.seq }.into());
            }
            head = Some(Head { seq: row.seq, hash: row.hash });
            if row.seq > after { each(row) } else { Ok(()) }
        })?;
    }
    head.ok_or_else(|| ShipError::Empty { path: directory.to_owned() }.into())
}

/// Shows the rows of one file and answers how many of its bytes are whole lines.
fn read_file<E: From<ShipError>>(
    path: &Path,
    first: u64,
    each: &mut dyn FnMut(Row) -> Result<(), E>,
) -> Result<u64, E> {
    let file = File::open(path).map_err(|error| failed("read", path, error))?;
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let (mut bytes, mut number, mut text) = (0, 0, Vec::new());
    let mut before: Option<Head> = None;
    loop {
        text.clear();
        let length = reader.read_until(b'\n', &mut text).map_err(|error| failed("read", path, error))?;
        let Some(whole) = text.strip_suffix(b"\n") else { return Ok(bytes) };
        number += 1;
        let damaged = |what: String| ShipError::Damaged { path: path.to_owned(), line: number, what };
        let whole = std::str::from_utf8(whole).map_err(|_| damaged("it is not text".to_owned()))?;
        let row = line::read(whole).map_err(|error| damaged(error.to_string()))?;
        let fits = match before {
            None => row.seq == first && row.hash == hash_row(&row),
            Some(head) => follows(&row, head),
        };
        if !fits {
            return Err(damaged("its hash or its place in the chain is wrong".to_owned()).into());
        }
        before = Some(Head { seq: row.seq, hash: row.hash });
        each(row)?;
        bytes += length as u64;
    }
}

fn follows(row: &Row, head: Head) -> bool {
    row.seq == head.seq + 1 && row.prev_hash == head.hash && row.hash == hash_row(row)
}

/// The files of the log by their first sequence.
fn files(directory: &Path) -> Result<Vec<(u64, PathBuf)>, ShipError> {
    let read = |error| failed("read", directory, error);
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(read)? {
        let entry = entry.map_err(read)?;
        let name = entry.file_name();
        let first =
            name.to_str().and_then(|name| name.strip_suffix(ENDING)).and_then(|digits| digits.parse().ok());
        if let Some(first) = first {
            found.push((first, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

fn failed(attempt: &'static str, path: &Path, source: io::Error) -> ShipError {
    ShipError::Io { attempt, path: path.to_owned(), source }
}
