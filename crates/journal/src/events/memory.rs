//! The journal in memory, for tests and simulation: the same rules and answers as on the disk, and faults on demand.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::hash::hash_row;
use super::{Append, Batch, Conflict, Head, Instance, Journal, Lease, READ_ROWS_MAX, Row, Stream};
use crate::database::DbError;

/// A handle to a journal in memory. A clone is another handle to the same one, as another process would have.
#[derive(Debug, Default)]
pub struct MemoryJournal {
    shared: Arc<Mutex<State>>,
    /// Commits through this handle, and those of others that it knows.
    own: u64,
    seen: u64,
    fault: Option<Fault>,
    unsettled: bool,
}

/// What goes wrong with the next append of a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Somebody holds the lock: not written, and the answer says so.
    Busy,
    /// The answer is [`Append::Unknown`], and the batch was lost.
    Lost,
    /// The answer is [`Append::Unknown`], and the batch is durable.
    Unseen,
}

#[derive(Debug, Default)]
struct State {
    rows: Vec<Row>,
    keys: HashMap<String, u64>,
    subjects: HashMap<String, Vec<u64>>,
    /// `stream_seq` and `seq` of the newest row of each.
    streams: HashMap<Stream, (u64, u64)>,
    leases: BTreeMap<Stream, Lease>,
    instances: Vec<Instance>,
    /// Newest schema of any row.
    written: u32,
    commits: u64,
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> MemoryJournal {
        MemoryJournal::default()
    }

    /// Makes the next append of this handle go wrong, if it would have succeeded.
    pub fn inject(&mut self, fault: Fault) {
        self.fault = Some(fault);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves whole rows: each change is made after its checks.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `change`, which says whether it changed anything.
    fn write<T>(
        &mut self,
        change: impl FnOnce(&mut State) -> Result<(T, bool), DbError>,
    ) -> Result<T, DbError> {
        if self.unsettled {
            return Err(DbError::Poisoned);
        }
        let mut state = self.state();
        let (value, changed) = change(&mut state)?;
        state.commits += u64::from(changed);
        drop(state);
        self.own += u64::from(changed);
        Ok(value)
    }
}

impl Clone for MemoryJournal {
    fn clone(&self) -> MemoryJournal {
        let seen = self.state().commits;
        MemoryJournal { shared: Arc::clone(&self.shared), own: 0, seen, fault: None, unsettled: false }
    }
}

impl Journal for MemoryJournal {
    fn append(&mut self, batch: &Batch) -> Append {
        if let Some(mistake) = batch.mistake() {
            return Append::Malformed(mistake);
        }
        if self.unsettled {
            return Append::Failed(DbError::Poisoned);
        }
        let mut state = self.state();
        if let Some(refusal) = state.refusal(batch) {
            return refusal;
        }
        let fault = self.fault;
        if !matches!(fault, Some(Fault::Busy | Fault::Lost)) {
            state.insert(batch);
        }
        let head = state.head();
        drop(state);
        self.fault = None;
        match fault {
            None => {
                self.own += 1;
                Append::Durable { first_seq: head.seq + 1 - batch.rows.len() as u64, head }
            }
            Some(Fault::Busy) => Append::Busy,
            Some(Fault::Lost | Fault::Unseen) => {
                self.unsettled = true;
                Append::Unknown(DbError::Io(rusqlite::Error::SqliteFailure(
                    rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC),
                    None,
                )))
            }
        }
    }

    fn head(&mut self) -> Result<Head, DbError> {
        Ok(self.state().head())
    }

    fn read(&mut self, after: u64, limit: usize) -> Result<Vec<Row>, DbError> {
        let state = self.state();
        let skip = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(state.rows.iter().skip(skip).take(limit.min(READ_ROWS_MAX)).cloned().collect())
    }

    fn find_batch(&mut self, id: u64, after: u64) -> Result<Option<u64>, DbError> {
        if self.unsettled {
            // As after opening anew: what others did meanwhile is not known.
            self.unsettled = false;
            self.seen = u64::MAX;
        }
        let state = self.state();
        Ok(state.rows.iter().find(|row| row.seq > after && row.batch == id).map(|row| row.seq))
    }

    fn by_key(&mut self, key: &str) -> Result<Option<Row>, DbError> {
        let state = self.state();
        Ok(state.keys.get(key).and_then(|seq| state.row(*seq)))
    }

    fn by_subject(&mut self, subject: &str, limit: usize) -> Result<Vec<Row>, DbError> {
        let state = self.state();
        let rows = state.subjects.get(subject).into_iter().flatten();
        Ok(rows.take(limit.min(READ_ROWS_MAX)).filter_map(|seq| state.row(*seq)).collect())
    }

    fn newest_by_subject(&mut self, subject: &str, limit: usize) -> Result<Vec<Row>, DbError> {
        let state = self.state();
        let all = state.subjects.get(subject).map(Vec::as_slice).unwrap_or_default();
        let newest = &all[all.len().saturating_sub(limit.min(READ_ROWS_MAX))..];
        Ok(newest.iter().filter_map(|seq| state.row(*seq)).collect())
    }

    fn stream_head(&mut self, stream: &Stream) -> Result<u64, DbError> {
        Ok(self.state().newest_of(stream).0)
    }

    fn leases(&mut self) -> Result<Vec<Lease>, DbError> {
        Ok(self.state().leases.values().cloned().collect())
    }

    fn take_lease(&mut self, stream: &Stream, holder: u32, from_epoch: u64) -> Result<Option<u64>, DbError> {
        self.write(|state| state.take(stream, holder, from_epoch, None))
    }

    fn take_expired(&mut self, seen: &Lease, holder: u32) -> Result<Option<u64>, DbError> {
        self.write(|state| state.take(&seen.stream, holder, seen.epoch, Some(seen.renewals)))
    }

    fn renew(&mut self, holder: u32, streams: &[Stream]) -> Result<Vec<Stream>, DbError> {
        self.write(|state| {
            let mut lost = Vec::new();
            for stream in streams {
                match state.leases.get_mut(stream) {
                    Some(lease) if lease.holder == holder => lease.renewals += 1,
                    _ => lost.push(stream.clone()),
                }
            }
            let changed = lost.len() < streams.len();
            Ok((lost, changed))
        })
    }

    fn register(&mut self, name: &str, now: i64, reads_schema: u32) -> Result<u32, DbError> {
        self.write(|state| {
            if reads_schema < state.written {
                return Err(DbError::OldBuild { reads: reads_schema, written: state.written });
            }
            if reads_schema == 0 || state.instances.iter().any(|instance| instance.name == name) {
                return Err(DbError::refused("a new name, and schemas start at 1"));
            }
            let number = u32::try_from(state.instances.len() + 1)
                .map_err(|_| DbError::refused("numbers of instances have 32 bits"))?;
            let name = name.to_owned();
            state.instances.push(Instance { number, name, started: now, reads_schema, ended: false });
            Ok((number, true))
        })
    }

    fn instances(&mut self) -> Result<Vec<Instance>, DbError> {
        Ok(self.state().instances.clone())
    }

    fn mark_ended(&mut self, number: u32) -> Result<(), DbError> {
        self.write(|state| {
            let found = state.instances.iter_mut().find(|instance| instance.number == number);
            let changed = found.is_some_and(|instance| !std::mem::replace(&mut instance.ended, true));
            Ok(((), changed))
        })
    }

    fn write_schema(&mut self) -> Result<u32, DbError> {
        Ok(self.state().gate())
    }

    fn changed(&mut self) -> Result<bool, DbError> {
        let others = self.state().commits - self.own;
        Ok(std::mem::replace(&mut self.seen, others) != others)
    }
}

impl State {
    fn head(&self) -> Head {
        self.rows.last().map_or(Head::EMPTY, |row| Head { seq: row.seq, hash: row.hash })
    }

    fn row(&self, seq: u64) -> Option<Row> {
        self.rows.get(usize::try_from(seq).ok()?.checked_sub(1)?).cloned()
    }

    fn newest_of(&self, stream: &Stream) -> (u64, u64) {
        self.streams.get(stream).copied().unwrap_or_default()
    }

    fn epoch(&self, stream: &Stream) -> u64 {
        self.leases.get(stream).map_or(0, |lease| lease.epoch)
    }

    fn gate(&self) -> u32 {
        let running = self.instances.iter().filter(|instance| !instance.ended);
        running.map(|instance| instance.reads_schema).min().unwrap_or(0)
    }

    fn refusal(&self, batch: &Batch) -> Option<Append> {
        for claim in &batch.claims {
            let epoch = self.epoch(&claim.stream);
            if epoch == 0 || epoch != claim.epoch {
                return Some(Append::Fenced { stream: claim.stream.clone(), epoch });
            }
        }
        for claim in &batch.claims {
            let (at, _) = self.newest_of(&claim.stream);
            if at != claim.expected {
                let stream = claim.stream.clone();
                return Some(Append::Conflict(Conflict::Stream { stream, at }));
            }
        }
        if let Some(seen) = batch.control_seen {
            let (_, at) = self.newest_of(&Stream::control());
            if at > seen {
                return Some(Append::Conflict(Conflict::Control { at }));
            }
        }
        let twice = batch.key_twice();
        for (index, row) in batch.rows.iter().enumerate() {
            let Some(key) = &row.key else { continue };
            let found = self.keys.get(key).copied().or((twice == Some(index)).then_some(0));
            if let Some(seq) = found {
                return Some(Append::Conflict(Conflict::Key { key: key.clone(), seq }));
            }
        }
        let gate = self.gate();
        batch.schema_above(gate).map(|schema| Append::Refused { schema, gate })
    }

    fn insert(&mut self, batch: &Batch) {
        for claim in &batch.claims {
            if let Some(lease) = self.leases.get_mut(&claim.stream) {
                lease.renewals += 1;
            }
        }
        for new in &batch.rows {
            let head = self.head();
            let mut row = Row {
                seq: head.seq + 1,
                stream: new.stream.clone(),
                stream_seq: self.newest_of(&new.stream).0 + 1,
                epoch: batch.claim(&new.stream).map_or(0, |claim| claim.epoch),
                batch: batch.id,
                time: batch.time,
                kind: new.kind.clone().into_owned(),
                schema: new.schema,
                key: new.key.clone(),
                subject: new.subject.clone(),
                body: new.body.clone(),
                prev_hash: head.hash,
                hash: [0; 32],
            };
            row.hash = hash_row(&row);
            self.streams.insert(row.stream.clone(), (row.stream_seq, row.seq));
            if let Some(key) = &row.key {
                self.keys.insert(key.clone(), row.seq);
            }
            if let Some(subject) = &row.subject {
                self.subjects.entry(subject.clone()).or_default().push(row.seq);
            }
            self.written = self.written.max(row.schema);
            self.rows.push(row);
        }
        self.commits += 1;
    }

    fn take(
        &mut self,
        stream: &Stream,
        holder: u32,
        from_epoch: u64,
        renewals: Option<u64>,
    ) -> Result<(Option<u64>, bool), DbError> {
        let found = self.leases.get(stream);
        let unchanged = match (found, renewals) {
            (Some(lease), Some(renewals)) => lease.renewals == renewals,
            _ => true,
        };
        if self.epoch(stream) != from_epoch || !unchanged {
            return Ok((None, false));
        }
        let running = self.instances.iter().any(|instance| instance.number == holder && !instance.ended);
        if stream.is_fact() || !running {
            return Err(DbError::refused("a lease is for decisions, and its holder is a running instance"));
        }
        let epoch = from_epoch + 1;
        self.leases.insert(stream.clone(), Lease { stream: stream.clone(), holder, epoch, renewals: 0 });
        Ok((Some(epoch), true))
    }
}
