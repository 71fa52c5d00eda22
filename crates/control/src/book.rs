//! Control's journal in a data directory, and what it adds up to.
//!
//! Enters: decisions to write rows, each made from everything that is written by then. Leaves: what the rows add up to. Never here: the
//! decisions themselves.
//!
//! Several processes may have the book open. A row is written only if nothing was written since what it was decided
//! from: otherwise it is decided again.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use access::entropy::{Entropy, EntropyFailed, instance_name};
use jiff::Timestamp;
use journal::directory::{CONTROL, DirectoryError, InstanceLock};
use journal::events::{
    Append, BODY_BYTES_MAX, Batch, BatchIds, Journal as _, NewRow, READ_ROWS_MAX, Row, SqliteJournal, Stream,
};
use journal::{DataDirectory, DbError, OpenError};
use release::digest::Digest;
use release::ledger::event::DocumentKept;
use release::ledger::{Entry, Ledger, SCHEMA, Unreadable};
use tokio::sync::watch;

use crate::clock::{Clock, left};

/// So long something else is written first, or the file is locked, before whoever waits gives up.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two attempts at a locked file.
const PAUSE: Duration = Duration::from_millis(20);

/// See the module.
pub struct Book {
    directory: DataDirectory,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    open: Mutex<Open>,
    rows: watch::Sender<u64>,
}

struct Open {
    journal: SqliteJournal,
    /// Shared with those who look at it outside the lock.
    ledger: Arc<Ledger>,
    /// Sequence of the newest row that is folded.
    seen: u64,
    /// From the first row that is written on.
    pen: Option<Pen>,
}

/// The right to write: this process as an instance of the journal.
struct Pen {
    ids: BatchIds,
    number: u32,
    _alive: InstanceLock,
}

/// Why the book cannot be read or written. `hint` says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// The data directory.
    #[error("cannot use the data directory")]
    Directory(#[from] DirectoryError),
    /// The file.
    #[error("cannot open control's journal")]
    Open(#[from] OpenError),
    /// The database.
    #[error("control's journal cannot be read or written")]
    Database(#[source] DbError),
    /// A row of another build.
    #[error("row {seq} of control's journal cannot be read")]
    Unreadable {
        /// Which.
        seq: u64,
        /// Why.
        source: Unreadable,
    },
    /// Others write all the time.
    #[error("control's journal is busy: others kept writing")]
    Busy,
    /// A rule of the journal, which is our mistake.
    #[error("control's journal refused a row: {0}")]
    Refused(String),
    /// Too long to be kept.
    #[error("a text of {0} bytes is too long to be kept: a row has room for {BODY_BYTES_MAX}")]
    TooLong(usize),
    /// No name for this process.
    #[error(transparent)]
    Entropy(#[from] EntropyFailed),
}

impl From<DbError> for BookError {
    fn from(error: DbError) -> BookError {
        match error {
            DbError::Busy => BookError::Busy,
            other => BookError::Database(other),
        }
    }
}

impl BookError {
    /// What the user can do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            BookError::Directory(error) => error.hint(),
            BookError::Open(error) => error.hint().map(str::to_owned),
            BookError::Unreadable { .. } => Some("use the newest version that has written to it".to_owned()),
            BookError::Busy => Some("try again".to_owned()),
            _ => None,
        }
    }
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError<E> {
    /// Whoever decides did not want it.
    #[error("{0}")]
    Unwanted(E),
    /// See [`BookError`].
    #[error(transparent)]
    Book(#[from] BookError),
}

impl From<WriteError<Infallible>> for BookError {
    fn from(error: WriteError<Infallible>) -> BookError {
        match error {
            WriteError::Unwanted(never) => match never {},
            WriteError::Book(error) => error,
        }
    }
}

impl Book {
    /// Opens the book of a data directory, creating it.
    ///
    /// # Errors
    /// [`BookError`]
    pub fn open(
        directory: DataDirectory,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Book, BookError> {
        let journal = SqliteJournal::open_beside(&directory, CONTROL)?;
        let open = Mutex::new(Open { journal, ledger: Arc::default(), seen: 0, pen: None });
        let book = Book { directory, clock, entropy, open, rows: watch::Sender::new(0) };
        book.refresh()?;
        Ok(book)
    }

    /// Where it is.
    pub fn directory(&self) -> &DataDirectory {
        &self.directory
    }

    /// The clock of everything that is written.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Randomness for ids.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// Now, as rows are dated.
    pub fn now(&self) -> Timestamp {
        // Years that no clock shows.
        Timestamp::from_nanosecond(i128::from(self.clock.wall().0)).unwrap_or_default()
    }

    /// Changes whenever a row was folded; its value is the number of rows.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.rows.subscribe()
    }

    /// Looks at what is written, also by other processes.
    ///
    /// # Errors
    /// [`BookError`]
    pub fn read<T>(&self, look: impl FnOnce(&Ledger) -> T) -> Result<T, BookError> {
        let mut look = Some(look);
        // Once it has begun, it ends.
        let looked = self.looking(|open| Ok(look.take().map(|look| look(&open.ledger))))?;
        looked.ok_or(BookError::Busy)
    }

    /// The same, to be looked at while others read and write. Let it go before writing: a row that is written meanwhile costs a copy
    /// of all that is known.
    ///
    /// # Errors
    /// [`BookError`]
    pub fn snapshot(&self) -> Result<Arc<Ledger>, BookError> {
        Ok(Arc::clone(&self.fresh()?.ledger))
    }

    /// Folds what other processes have written, so that [`Book::watch`] tells of it.
    ///
    /// # Errors
    /// [`BookError`]
    pub fn refresh(&self) -> Result<(), BookError> {
        self.looking(|_| Ok(()))
    }

    /// Writes the rows that `decide` wants, all or none, and answers what it answers. It is asked again when somebody else
    /// has written meanwhile, so it has no effect but its answer, and it does not touch the book. No row: nothing is
    /// written. Waits for the disk.
    ///
    /// # Errors
    /// [`WriteError`]; nothing was written then.
    pub fn write<T, E>(
        &self,
        mut decide: impl FnMut(&Ledger, Timestamp) -> Result<(Vec<Entry>, T), E>,
    ) -> Result<T, WriteError<E>> {
        self.patiently(|| {
            let mut open = self.fresh()?;
            let (entries, answer) = decide(&open.ledger, self.now()).map_err(WriteError::Unwanted)?;
            if entries.is_empty() {
                return Ok(Some(answer));
            }
            if open.pen.is_none() {
                open.pen = Some(self.pen(&mut open.journal)?);
            }
            if !open.append(&entries, self.clock.wall().0)? {
                return Ok(None);
            }
            // It is written: whoever looks next folds it, if it cannot be folded now.
            if open.fold().is_ok() {
                self.tell(&open);
            }
            Ok(Some(answer))
        })
    }

    /// Tries until there is an answer. What is locked is tried again, as long as patience lasts.
    fn patiently<T, E>(
        &self,
        mut attempt: impl FnMut() -> Result<Option<T>, WriteError<E>>,
    ) -> Result<T, WriteError<E>> {
        let began = self.clock.mono();
        loop {
            match attempt() {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) | Err(WriteError::Book(BookError::Busy)) => {}
                Err(error) => return Err(error),
            }
            if left(&*self.clock, began, PATIENCE).is_zero() {
                return Err(WriteError::Book(BookError::Busy));
            }
            sleep(PAUSE);
        }
    }

    /// Keeps a text, once, and answers its digest; a policy once for each folder that it is kept with.
    ///
    /// # Errors
    /// [`BookError::TooLong`] and others.
    pub fn keep(&self, service: &str, document: DocumentKept) -> Result<Digest, BookError> {
        let (digest, folder, is_policy) =
            (document.digest(), document.folder.clone(), document.what == "policy");
        let row = Entry::Record(service.to_owned(), document.into());
        let length = row.body().len();
        if length > BODY_BYTES_MAX {
            return Err(BookError::TooLong(length));
        }
        let kept = self.write(|ledger, _| {
            let known = match is_policy {
                true => ledger
                    .folders
                    .get(&digest)
                    .is_some_and(|known| folder.as_ref().is_none_or(|folder| known.contains(folder))),
                false => ledger.documents.contains_key(&digest),
            };
            let rows = if known { Vec::new() } else { vec![row.clone()] };
            Ok::<_, Infallible>((rows, digest))
        });
        kept.map_err(BookError::from)
    }

    /// All rows, as they stand in the journal, oldest first.
    ///
    /// # Errors
    /// [`BookError`]
    pub fn rows(&self) -> Result<Vec<Row>, BookError> {
        let mut rows: Vec<Row> = Vec::new();
        loop {
            let more = self.page(rows.last().map_or(0, |row| row.seq), READ_ROWS_MAX)?;
            if more.is_empty() {
                return Ok(rows);
            }
            rows.extend(more);
        }
    }

    /// Looks at what is written by now, and waits as [`Book::write`] does while it is locked.
    fn looking<T>(&self, mut look: impl FnMut(&mut Open) -> Result<T, BookError>) -> Result<T, BookError> {
        let looked = self.patiently(|| {
            let mut open = self.fresh()?;
            Ok::<_, WriteError<Infallible>>(Some(look(&mut open)?))
        });
        looked.map_err(BookError::from)
    }

    /// The rows after the one with sequence `after`, oldest first: at most `limit`, and at most [`READ_ROWS_MAX`]. Others may
    /// write between two pages.
    ///
    /// # Errors
    /// [`BookError`]
    pub fn page(&self, after: u64, limit: usize) -> Result<Vec<Row>, BookError> {
        self.looking(|open| Ok(open.journal.read(after, limit)?))
    }

    /// An id for something new: the word and 12 of a-z and 0-9.
    ///
    /// # Errors
    /// [`BookError::Entropy`]
    pub fn new_id(&self, word: &str) -> Result<String, BookError> {
        Ok(format!("{word}-{}", instance_name(self.entropy())?))
    }

    fn fresh(&self) -> Result<MutexGuard<'_, Open>, BookError> {
        // What is folded is whole even if somebody who looked at it broke.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.fold()?;
        self.tell(&open);
        Ok(open)
    }

    fn tell(&self, open: &Open) {
        self.rows.send_if_modified(|rows| {
            let changed = *rows != open.ledger.rows;
            *rows = open.ledger.rows;
            changed
        });
    }

    /// Registers this process, and strikes out those that are proven dead.
    fn pen(&self, journal: &mut SqliteJournal) -> Result<Pen, BookError> {
        let name = format!("control-{}", instance_name(self.entropy())?);
        let alive = self.directory.register(&name)?;
        let living = self.directory.live_instances()?;
        for instance in journal.instances()?.iter().filter(|instance| !instance.ended) {
            if !living.contains(&instance.name) {
                journal.mark_ended(instance.number)?;
            }
        }
        let number = journal.register(&name, self.clock.wall().0, SCHEMA)?;
        Ok(Pen { ids: BatchIds::new(number), number, _alive: alive })
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        let open = self.open.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(pen) = open.pen.take() {
            // Whoever opens it next finds the lock free and does the same.
            let _ = open.journal.mark_ended(pen.number);
        }
    }
}

impl Open {
    /// Folds rows that are not folded yet.
    fn fold(&mut self) -> Result<(), BookError> {
        loop {
            let rows = self.journal.read(self.seen, READ_ROWS_MAX)?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let subject = row.subject.as_deref().unwrap_or_default();
                let entry = Entry::read(subject, &row.kind, &row.body)
                    .map_err(|source| BookError::Unreadable { seq: row.seq, source })?;
                // Copied only while somebody holds a snapshot of it.
                Arc::make_mut(&mut self.ledger).apply(entry);
                self.seen = row.seq;
            }
        }
    }

    /// True once the rows are on the disk; false when it has to be decided again.
    fn append(&mut self, entries: &[Entry], time: i64) -> Result<bool, BookError> {
        let Some(pen) = &mut self.pen else { return Ok(false) };
        let id = pen.ids.next_id();
        let row = |(place, entry): (usize, &Entry)| NewRow {
            stream: Stream::control(),
            kind: entry.kind().into(),
            schema: entry.schema(),
            key: Some(format!("{id:x}.{place}")),
            subject: Some(entry.subject().to_string()),
            body: entry.body(),
        };
        let rows = entries.iter().enumerate().map(row).collect();
        // All rows are of one stream: the newest of the journal is the newest of it.
        let batch = Batch { id, time, rows, claims: Vec::new(), control_seen: Some(self.seen) };
        match self.journal.append(&batch) {
            Append::Durable { .. } => Ok(true),
            Append::Conflict(_) | Append::Busy => Ok(false),
            Append::Unknown(_) => Ok(self.journal.find_batch(id, self.seen)?.is_some()),
            Append::Failed(error) => Err(error.into()),
            Append::Refused { schema, gate } => Err(BookError::Refused(format!(
                "schema {schema}, and a running instance understands {gate} at most: end it first"
            ))),
            Append::Malformed(why) => Err(BookError::Refused(why.to_owned())),
            Append::Fenced { .. } => Err(BookError::Refused("it needs a lease".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests;
