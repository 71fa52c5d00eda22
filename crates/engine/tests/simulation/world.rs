//! The world of one run: instances, venues, clients and everything that goes wrong between them, on one clock.

mod calls;
mod instances;
mod people;
mod shell;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use engine::reconcile::{Book, BookOrder};
use engine::snapshot::Snapshot;
use engine::{Config, Engine, Input, Output, Reply, Ticket, Times};
use journal::events::{Journal, MemoryJournal};
use trade::event::{
    AccountAdded, Answer, Call, CallAnswered, Class, CommandedAct, FateResolved, Found, Intended,
    JournalBegan,
};
use trade::order::{Fate, Order, Stage};
use trade::{AccountId, Event, IntentId, Limits, Money, Now, OrderId};

use crate::clients::{self, Asked, Post};
use crate::counts::Counts;
use crate::journal::{FaultyJournal, Ghost, Trouble, Wire};
use crate::market::Market;
use crate::oracle::{
    ABSENT, ANSWERED, BOOK, Checked, LIMBO, LIVES, ONCE, Oracle, RECORDED, Violation, violated,
};
use crate::random::Random;
use crate::venue::Venue;

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MS;
/// How long things go wrong, and how long they may take to settle afterwards.
const STORM: i64 = 16 * SECOND;
/// Some runs are long enough for a process that hangs until its calls could be taken for absent.
const LONG_STORM: i64 = 45 * SECOND;
const SETTLING: i64 = 90 * SECOND;
/// When nothing that was sent before the calm can arrive any more.
const PERSON: i64 = 30 * SECOND;
/// 2026-08-03 10:00 IST, and 15 s before the next midnight there.
const MORNING: i64 = 1_785_731_400 * SECOND;
const BEFORE_MIDNIGHT: i64 = MORNING + 14 * 3_600 * SECOND - 15 * SECOND;

/// What happens at a moment. The first number is that of the instance concerned.
#[derive(Debug)]
enum Happening {
    Wake(u32),
    Step(u32, Times),
    Emit(u32),
    Lease(u32),
    Poll(u32),
    Dead(u32, u32),
    Write(u32, Box<Intended>, i64),
    Answer(u32, usize, Answer),
    BookOrders(u32, Box<Read>),
    BookTrades(u32, Box<Read>),
    Tell(u32, Box<Event>),
    Post(u32, usize),
    Arrive(usize),
    Fill(usize, usize),
    Client,
    Patience(usize),
    Market,
    Fault,
    Start(usize),
    Thaw(u32),
}

/// A book that is being read.
#[derive(Debug)]
struct Read {
    account: AccountId,
    started: i64,
    started_at: i64,
    orders: Vec<BookOrder>,
    cause: &'static str,
}

/// A call on its way.
#[derive(Debug)]
struct Flight {
    number: u32,
    intended: Intended,
    arrived: bool,
    cut: bool,
    answered: bool,
    answer_dropped: bool,
}

struct Instance {
    number: u32,
    engine: Engine<FaultyJournal>,
    wire: Rc<RefCell<Wire>>,
    mono_ahead: i64,
    wall_ahead: i64,
    inbox: Vec<Input>,
    woken: bool,
    outbox: VecDeque<Output>,
    /// What happens to it while it is frozen happens when it thaws.
    frozen: Option<Vec<Happening>>,
    lost: BTreeSet<AccountId>,
    /// It lost a lease while it lived: without proof of its death nobody can say what it still sends.
    has_lost: bool,
    read_at: BTreeMap<AccountId, i64>,
    steps: u64,
}

pub struct World {
    pub now: i64,
    pub step: u64,
    pub counts: Counts,
    seed: u64,
    verbose: bool,
    random: Random,
    market_ahead: i64,
    journal: MemoryJournal,
    ghost: Rc<RefCell<Ghost>>,
    oracle: Oracle,
    market: Market,
    accounts: Vec<AccountId>,
    venues: Vec<Venue>,
    slots: Vec<Option<Instance>>,
    dead: Vec<u32>,
    flights: Vec<Flight>,
    posts: Vec<Post>,
    asked: BTreeMap<Ticket, Asked>,
    /// Names of signals and orders that were ever asked for.
    names: BTreeSet<String>,
    tickets: u64,
    snapshot: Option<(u64, Vec<u8>)>,
    queue: BinaryHeap<Reverse<(i64, u64, usize)>>,
    happenings: Vec<Option<Happening>>,
    calm: bool,
    storm: i64,
    changed_at: i64,
}

impl World {
    pub fn new(seed: u64, verbose: bool) -> World {
        let mut random = Random::new(seed);
        let journal = MemoryJournal::new();
        let ghost = Ghost::new(&journal);
        let market = Market::new(&mut random);
        let count = random.index(3) + 1;
        let accounts: Vec<AccountId> =
            ["alpha", "beta", "gamma"][..count].iter().map(|n| n.parse().unwrap()).collect();
        let venues = accounts.iter().enumerate().map(|(index, account)| {
            let class = if index == 1 { Class::Kite } else { Class::Venue };
            Venue::new(account.clone(), class, Money::rupees(10_000_000))
        });
        let venues = venues.collect();
        let start = if random.chance(150) { BEFORE_MIDNIGHT } else { MORNING };
        let slots = (0..=random.index(3)).map(|_| None).collect();
        let dead = vec![ghost.number()];
        World {
            now: 0,
            step: 0,
            counts: Counts::default(),
            seed,
            verbose,
            market_ahead: start,
            oracle: Oracle::new(journal.clone()),
            ghost: Rc::new(RefCell::new(ghost)),
            journal,
            market,
            accounts,
            venues,
            slots,
            dead,
            flights: Vec::new(),
            posts: Vec::new(),
            asked: BTreeMap::new(),
            names: BTreeSet::new(),
            tickets: 0,
            snapshot: None,
            queue: BinaryHeap::new(),
            happenings: Vec::new(),
            calm: false,
            storm: if random.chance(60) { LONG_STORM } else { STORM },
            changed_at: 0,
            random,
        }
    }

    /// The whole run.
    pub fn run(&mut self) -> Checked {
        for slot in 0..self.slots.len() {
            self.start(slot)?;
        }
        self.found_journal();
        for at in 1..=self.random.between(25, 55) {
            let jitter = self.random.between(0, 600);
            self.after(at * 300 * MS + jitter * MS, Happening::Client);
        }
        self.after(200 * MS, Happening::Market);
        self.after(SECOND, Happening::Fault);
        self.until(self.storm)?;
        self.calm_down()?;
        let end = self.now + SETTLING;
        while !self.is_quiet() {
            if self.now >= end {
                self.oracle.unsettled()?;
                return violated(
                    LIMBO,
                    format!("after {} s journal and venue still differ", SETTLING / SECOND),
                );
            }
            self.ask_a_person();
            let next = self.now + SECOND;
            self.until(next)?;
        }
        self.judge_the_end()
    }

    fn is_quiet(&self) -> bool {
        let busy = self
            .slots
            .iter()
            .flatten()
            .any(|instance| !instance.inbox.is_empty() || !instance.outbox.is_empty());
        if busy || self.now < self.changed_at + 12 * SECOND || !self.oracle.is_settled() {
            return false;
        }
        self.accounts.iter().all(|account| {
            self.slots
                .iter()
                .flatten()
                .any(|one| one.read_at.get(account).is_some_and(|at| *at > self.changed_at + 3 * SECOND))
        })
    }

    fn judge_the_end(&mut self) -> Checked {
        let head = self.oracle.head();
        let middle = self.random.between(1, i64::try_from(head).unwrap());
        self.oracle.fold_in_halves(middle.unsigned_abs(), &mut self.counts)?;
        self.oracle.unsettled()?;
        for venue in &self.venues {
            self.oracle.money(venue)?;
            self.oracle.agree(venue)?;
            if let Some((intent, count)) = venue.received.iter().find(|(_, count)| **count > 1) {
                return violated(ONCE, format!("{intent} was received {count} times"));
            }
        }
        for instance in self.slots.iter_mut().flatten() {
            self.oracle.compare(&instance.engine, &mut self.counts)?;
            self.counts.add(&std::mem::take(&mut instance.wire.borrow_mut().counts));
        }
        for _ in &self.asked {
            self.counts.hit("reply never came");
        }
        self.oracle.chain()
    }

    // ---- time

    fn after(&mut self, delay: i64, happening: Happening) {
        let id = self.happenings.len();
        self.happenings.push(Some(happening));
        self.queue.push(Reverse((self.now + delay.max(0), id as u64, id)));
    }

    fn until(&mut self, end: i64) -> Checked {
        while let Some(Reverse((at, _, id))) = self.queue.peek().copied() {
            if at > end {
                break;
            }
            self.queue.pop();
            self.now = at;
            if let Some(happening) = self.happenings[id].take() {
                self.step += 1;
                self.happen(happening)?;
                self.oracle.follow(&self.venues, &mut self.counts)?;
            }
        }
        self.now = end;
        Ok(())
    }

    fn say(&self, what: impl FnOnce() -> String) {
        if self.verbose {
            println!("{:>5} {:>8.3}s {}", self.step, self.now as f64 / SECOND as f64, what());
        }
    }

    fn happen(&mut self, happening: Happening) -> Checked {
        use Happening::*;
        let number = match &happening {
            Wake(number)
            | Step(number, _)
            | Emit(number)
            | Lease(number)
            | Poll(number)
            | Dead(number, _)
            | Write(number, ..)
            | Answer(number, ..)
            | BookOrders(number, _)
            | BookTrades(number, _)
            | Tell(number, _)
            | Post(number, _) => *number,
            Arrive(flight) => return self.arrive(*flight),
            Fill(venue, order) => {
                self.fill(*venue, *order);
                return Ok(());
            }
            Client => {
                self.client();
                return Ok(());
            }
            Patience(post) => {
                self.patience(*post);
                return Ok(());
            }
            Market => {
                self.market.walk(&mut self.random, self.calm);
                self.after(300 * MS, Market);
                return Ok(());
            }
            Fault => return self.fault(),
            Start(slot) => return self.start(*slot),
            Thaw(number) => {
                self.thaw(*number);
                return Ok(());
            }
        };
        let Some(slot) = self.slot_of(number) else { return Ok(()) };
        if let Some(frozen) = self.slots[slot].as_mut().and_then(|instance| instance.frozen.as_mut()) {
            frozen.push(happening);
            return Ok(());
        }
        match happening {
            Wake(_) => self.wake(slot),
            Step(_, times) => self.engine_step(slot, times),
            Emit(_) => self.emit(slot),
            Lease(_) => self.keep_leases(slot),
            Poll(_) => {
                self.poll(slot);
                Ok(())
            }
            Dead(_, dead) => {
                let mono = self.times(slot).mono;
                self.at(slot).engine.note_dead([dead], mono);
                Ok(())
            }
            Write(_, intended, send_by) => self.write(slot, *intended, send_by),
            Answer(_, flight, answer) => {
                self.answer(slot, flight, answer);
                Ok(())
            }
            BookOrders(_, read) => {
                self.read_orders(slot, *read);
                Ok(())
            }
            BookTrades(_, read) => {
                self.read_trades(slot, *read);
                Ok(())
            }
            Tell(_, event) => {
                self.give(slot, Input::Venue(event));
                Ok(())
            }
            Post(_, post) => {
                self.ask(slot, post);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The newest rows, without the books in which nothing was found.
    pub fn journal_tail(&self) -> Vec<String> {
        let rows = self.oracle.rows.iter().zip(&self.oracle.events).rev();
        let telling = rows.filter(|(_, event)| !matches!(event, Event::Reconciled(_))).take(25);
        let mut tail: Vec<String> = telling
            .map(|(row, event)| {
                format!("{} {} b{:x} e{} {event:?}", row.seq, row.stream, row.batch, row.epoch)
            })
            .collect();
        tail.reverse();
        tail
    }

    pub const fn seed(&self) -> u64 {
        self.seed
    }
}
