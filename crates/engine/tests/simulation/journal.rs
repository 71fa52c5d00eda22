//! The journal of one instance: the shared one in memory, and what goes wrong on the way to it.

use std::cell::RefCell;
use std::rc::Rc;

use engine::rows;
use journal::DbError;
use journal::events::{
    Append, Batch, BatchIds, Claim, Conflict, Fault, Head, Instance, Journal, Lease, MemoryJournal, NewRow,
    Row, Stream,
};
use trade::event::{Halted, VenueReported, VenueStatus};
use trade::{AccountId, Event, OrderIds};

use crate::counts::Counts;

/// What goes wrong with the next append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Busy,
    Failed,
    Slow,
    /// Unknown; it was lost.
    Lost,
    /// Unknown; it is durable.
    Unseen,
    /// Unknown, and the database cannot be opened again.
    Blind {
        written: bool,
    },
    /// The process ends in the middle.
    Dies {
        written: bool,
    },
    /// Another process commits first: a halt, a fact that changes nothing, the same fact, the lease.
    HaltFirst,
    OtherFactFirst,
    SameFactFirst,
    LeaseFirst,
}

impl Trouble {
    pub const ALL: [Trouble; 13] = [
        Trouble::Busy,
        Trouble::Failed,
        Trouble::Slow,
        Trouble::Lost,
        Trouble::Unseen,
        Trouble::Blind { written: false },
        Trouble::Blind { written: true },
        Trouble::Dies { written: false },
        Trouble::Dies { written: true },
        Trouble::HaltFirst,
        Trouble::OtherFactFirst,
        Trouble::SameFactFirst,
        Trouble::LeaseFirst,
    ];
}

/// What the world and the journal of an instance tell each other.
#[derive(Debug, Default)]
pub struct Wire {
    pub armed: Option<Trouble>,
    /// The process has ended inside an append.
    pub died: bool,
    /// The append took long.
    pub slow: bool,
    /// No call to the journal works any more.
    blind: bool,
    pub counts: Counts,
}

/// A process that is nobody's: it makes the races. Everybody knows that it is dead.
#[derive(Debug)]
pub struct Ghost {
    journal: MemoryJournal,
    number: u32,
    ids: BatchIds,
    done: u64,
}

impl Ghost {
    pub fn new(journal: &MemoryJournal) -> Ghost {
        let mut journal = journal.clone();
        let number = journal.register("ghost", 0, trade::SCHEMA).unwrap();
        Ghost { journal, number, ids: BatchIds::new(number), done: 0 }
    }

    pub const fn number(&self) -> u32 {
        self.number
    }

    fn write(&mut self, row: NewRow, time: i64) {
        let batch =
            Batch { id: self.ids.next_id(), time, rows: vec![row], claims: Vec::new(), control_seen: None };
        let _ = self.journal.append(&batch);
    }
}

fn account_of(claim: &Claim) -> Option<AccountId> {
    claim.stream.as_str().strip_prefix("account:").and_then(|name| name.parse().ok())
}

/// A handle with faults.
#[derive(Debug)]
pub struct FaultyJournal {
    inner: MemoryJournal,
    wire: Rc<RefCell<Wire>>,
    ghost: Rc<RefCell<Ghost>>,
}

impl FaultyJournal {
    pub fn new(inner: MemoryJournal, wire: Rc<RefCell<Wire>>, ghost: Rc<RefCell<Ghost>>) -> FaultyJournal {
        FaultyJournal { inner, wire, ghost }
    }

    fn sees(&self) -> Result<(), DbError> {
        if self.wire.borrow().blind { Err(DbError::Poisoned) } else { Ok(()) }
    }

    fn hit(&self, name: &'static str) {
        self.wire.borrow_mut().counts.hit(name);
    }

    /// Lets another process commit just before `batch`.
    fn race(&mut self, trouble: Trouble, batch: &Batch) {
        let mut ghost = self.ghost.borrow_mut();
        match trouble {
            Trouble::HaltFirst => {
                let Some(claim) = batch.claims.first() else { return };
                let account = account_of(claim);
                ghost.done += 1;
                let why = format!("race {}", ghost.done);
                let halted = Event::Halted(Halted {
                    account,
                    why: why.clone(),
                    cancel_open: false,
                    by: "ghost".into(),
                });
                ghost.write(rows::row(&halted, &why), batch.time);
                self.wire.borrow_mut().counts.hit("race: halt before the append");
            }
            Trouble::OtherFactFirst => {
                let Some(account) = batch.claims.first().and_then(account_of) else { return };
                ghost.done += 1;
                let report = VenueReported {
                    order: OrderIds::new(0, ghost.number).draw(),
                    account,
                    venue_order_id: "nobody's".into(),
                    status: VenueStatus::Open,
                    filled: 0,
                    terms: None,
                    message: None,
                    revision: ghost.done.to_string(),
                    at: 0,
                };
                ghost.write(rows::row(&Event::VenueReported(report), ""), batch.time);
                self.wire.borrow_mut().counts.hit("race: another fact before the append");
            }
            Trouble::SameFactFirst => {
                let fact = batch.rows.iter().find(|row| row.key.is_some() && row.stream != Stream::control());
                let Some(fact) = fact else { return };
                ghost.write(fact.clone(), batch.time);
                self.wire.borrow_mut().counts.hit("race: the same fact before the append");
            }
            Trouble::LeaseFirst => {
                let Some(claim) = batch.claims.first() else { return };
                let number = ghost.number;
                if let Ok(Some(_)) = ghost.journal.take_lease(&claim.stream, number, claim.epoch) {
                    self.wire.borrow_mut().counts.hit("race: the lease before the append");
                }
            }
            _ => {}
        }
    }
}

impl Journal for FaultyJournal {
    fn append(&mut self, batch: &Batch) -> Append {
        if self.wire.borrow().blind {
            return Append::Failed(DbError::Poisoned);
        }
        let trouble = self.wire.borrow_mut().armed.take();
        match trouble {
            None => {}
            Some(Trouble::Busy) => {
                self.hit("append busy");
                self.inner.inject(Fault::Busy);
            }
            Some(Trouble::Failed) => {
                self.hit("append failed");
                return Append::Failed(DbError::Busy);
            }
            Some(Trouble::Slow) => {
                self.hit("append slow");
                self.wire.borrow_mut().slow = true;
            }
            Some(Trouble::Lost) => self.inner.inject(Fault::Lost),
            Some(Trouble::Unseen) => self.inner.inject(Fault::Unseen),
            Some(Trouble::Blind { written }) => {
                self.hit("append unknown, cannot look");
                if written {
                    let _ = self.inner.append(batch);
                }
                self.wire.borrow_mut().blind = true;
                return Append::Unknown(DbError::Poisoned);
            }
            Some(Trouble::Dies { written }) => {
                if written {
                    let _ = self.inner.append(batch);
                }
                let mut wire = self.wire.borrow_mut();
                (wire.died, wire.blind) = (true, true);
                return Append::Unknown(DbError::Poisoned);
            }
            Some(race) => self.race(race, batch),
        }
        let answer = self.inner.append(batch);
        match &answer {
            Append::Fenced { .. } => self.hit("append fenced"),
            Append::Conflict(Conflict::Control { .. }) => self.hit("append conflict: control"),
            Append::Conflict(Conflict::Key { .. }) => self.hit("append conflict: key"),
            Append::Conflict(Conflict::Stream { .. }) => self.hit("append conflict: stream"),
            Append::Unknown(_) if trouble == Some(Trouble::Lost) => self.hit("append unknown, lost"),
            Append::Unknown(_) => self.hit("append unknown, durable"),
            _ => {}
        }
        answer
    }

    fn head(&mut self) -> Result<Head, DbError> {
        self.sees()?;
        self.inner.head()
    }

    fn read(&mut self, after: u64, limit: usize) -> Result<Vec<Row>, DbError> {
        self.sees()?;
        self.inner.read(after, limit)
    }

    fn find_batch(&mut self, id: u64, after: u64) -> Result<Option<u64>, DbError> {
        self.sees()?;
        self.inner.find_batch(id, after)
    }

    fn by_key(&mut self, key: &str) -> Result<Option<Row>, DbError> {
        self.sees()?;
        self.inner.by_key(key)
    }

    fn by_subject(&mut self, subject: &str, limit: usize) -> Result<Vec<Row>, DbError> {
        self.sees()?;
        self.inner.by_subject(subject, limit)
    }

    fn newest_by_subject(&mut self, subject: &str, limit: usize) -> Result<Vec<Row>, DbError> {
        self.sees()?;
        self.inner.newest_by_subject(subject, limit)
    }

    fn stream_head(&mut self, stream: &Stream) -> Result<u64, DbError> {
        self.sees()?;
        self.inner.stream_head(stream)
    }

    fn leases(&mut self) -> Result<Vec<Lease>, DbError> {
        self.sees()?;
        self.inner.leases()
    }

    fn take_lease(&mut self, stream: &Stream, holder: u32, from_epoch: u64) -> Result<Option<u64>, DbError> {
        self.sees()?;
        self.inner.take_lease(stream, holder, from_epoch)
    }

    fn take_expired(&mut self, seen: &Lease, holder: u32) -> Result<Option<u64>, DbError> {
        self.sees()?;
        self.inner.take_expired(seen, holder)
    }

    fn renew(&mut self, holder: u32, streams: &[Stream]) -> Result<Vec<Stream>, DbError> {
        self.sees()?;
        self.inner.renew(holder, streams)
    }

    fn register(&mut self, name: &str, now: i64, reads_schema: u32) -> Result<u32, DbError> {
        self.sees()?;
        self.inner.register(name, now, reads_schema)
    }

    fn instances(&mut self) -> Result<Vec<Instance>, DbError> {
        self.sees()?;
        self.inner.instances()
    }

    fn mark_ended(&mut self, number: u32) -> Result<(), DbError> {
        self.sees()?;
        self.inner.mark_ended(number)
    }

    fn write_schema(&mut self) -> Result<u32, DbError> {
        self.sees()?;
        self.inner.write_schema()
    }

    fn changed(&mut self) -> Result<bool, DbError> {
        self.sees()?;
        self.inner.changed()
    }
}
