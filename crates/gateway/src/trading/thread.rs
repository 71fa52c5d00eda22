//! The one thread that decides: it takes what has come, lets the engine make it durable, and releases what the engine allows.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::thread::JoinHandle;
use std::time::Duration;

use broker::paper::{BookLine, BookUpdate};
use engine::reconcile::{Book, BookOrder};
use engine::{Engine, EngineError, Input, Output, Reply, Ticket, Times};
use jiff::civil::Date;
use journal::DataDirectory;
use journal::database::holder::end_instance;
use journal::events::{Journal, SqliteJournal};
use tokio::sync::{broadcast, oneshot, watch};
use trade::event::{Answer, CallAnswered, Intended};
use trade::request::Changes;
use trade::view::Now;
use trade::{AccountId, Event, Order, State};

use super::desk::{Message, Submission};
use super::eye::Eye;
use super::snapshots;
use super::tap::{Bundle, TickDrain};
use super::triggers::Triggers;
use super::venues::Venues;
use crate::clock::{boot_nanos, machine_now};
use crate::metrics::Metrics;
use crate::threads::EndsProcessOnPanic;

/// Longest sleep: how late rows of other instances are folded.
const NAP: Duration = Duration::from_millis(20);
/// Most messages of one batch.
const BATCH: usize = 512;
/// Leases and other instances' locks are looked at so often, in nanoseconds.
const KEEP_EVERY: i64 = 200_000_000;
/// A venue's book is read at most so often because of doubts or a failed first read, in nanoseconds.
const DOUBT_READ_EVERY: i64 = 1_000_000_000;
/// Facts of venues wait so long for a signal or command to share its commit, in nanoseconds.
const FACTS_WAIT: i64 = 2_000_000;
/// At the end calls in flight have so long to be answered, in nanoseconds.
const LAST_CALLS: i64 = 150_000_000;
/// How often that is looked at.
const LAST_LOOK: Duration = Duration::from_millis(5);
/// An instance past its lease that cannot be ended is tried again after so long, in nanoseconds.
const END_AGAIN_AFTER: i64 = 30_000_000_000;
/// Rows between snapshots.
const SNAPSHOT_EVERY: u64 = 200_000;

/// Where the newest state and changed orders are shown.
pub(super) struct Publish {
    pub(super) states: watch::Sender<State>,
    pub(super) updates: broadcast::Sender<Arc<Order>>,
}

/// What the thread works with.
pub(super) struct DeskThread {
    engine: Engine<SqliteJournal>,
    eye: Eye,
    ticks: TickDrain,
    directory: DataDirectory,
    venues: Venues,
    publish: Publish,
    metrics: Arc<Metrics>,
    waiting: HashMap<Ticket, oneshot::Sender<Reply>>,
    next_ticket: u64,
    kept: i64,
    snapshot_at: u64,
    published: u64,
    day: Option<Date>,
    wanted: HashSet<u32>,
    triggers: Triggers,
    facts_since: Option<i64>,
    tried_to_end: HashMap<u32, i64>,
    doubt_reads: HashMap<AccountId, i64>,
}

/// Ends the thread.
pub struct Stopping {
    messages: SyncSender<Message>,
    thread: JoinHandle<()>,
}

impl Stopping {
    /// No new decisions; what is in hand is finished, a snapshot written. Blocks until then.
    pub fn end(self) {
        if self.messages.send(Message::End).is_ok() {
            // Its panic ends the process.
            let _ = self.thread.join();
        }
    }
}

impl DeskThread {
    pub(super) fn new(
        engine: Engine<SqliteJournal>,
        eye: Eye,
        ticks: TickDrain,
        directory: DataDirectory,
        venues: Venues,
        publish: Publish,
        metrics: Arc<Metrics>,
    ) -> DeskThread {
        DeskThread {
            snapshot_at: engine.opened_from(),
            published: engine.state().seq,
            engine,
            eye,
            ticks,
            directory,
            venues,
            publish,
            metrics,
            waiting: HashMap::new(),
            next_ticket: 1,
            kept: i64::MIN,
            day: None,
            wanted: HashSet::new(),
            triggers: Triggers::default(),
            facts_since: None,
            tried_to_end: HashMap::new(),
            doubt_reads: HashMap::new(),
        }
    }

    pub(super) fn spawn(
        mut self,
        messages: SyncSender<Message>,
        inbox: Receiver<Message>,
    ) -> io::Result<Stopping> {
        let thread = std::thread::Builder::new().name("desk".into()).spawn(move || {
            let _fatal = EndsProcessOnPanic;
            if let Err(error) = self.run(&inbox) {
                // The successor folds what is durable; going on from here could only make it worse.
                tracing::error!(error = ?error, "the desk cannot go on: the process ends");
                std::process::exit(1);
            }
        })?;
        Ok(Stopping { messages, thread })
    }

    fn run(&mut self, inbox: &Receiver<Message>) -> Result<(), EngineError> {
        let mut inputs = Vec::new();
        loop {
            self.keep(&mut inputs)?;
            let nap = if inputs.is_empty() { self.nap() } else { self.patience(&inputs) };
            match inbox.recv_timeout(nap) {
                Ok(Message::End) => break,
                Ok(message) => self.take(message, &mut inputs),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let mut ending = false;
            while inputs.len() < BATCH
                && let Ok(message) = inbox.try_recv()
            {
                match message {
                    Message::End => ending = true,
                    message => self.take(message, &mut inputs),
                }
            }
            self.match_ticks(&mut inputs);
            if !ending && !self.patience(&inputs).is_zero() {
                continue;
            }
            self.step(&mut inputs)?;
            if ending {
                break;
            }
        }
        self.end(inbox, inputs)
    }

    fn times(&self) -> Times {
        Times { now: self.eye.now(), mono: boot_nanos() }
    }

    /// Until the next paper order is due, at most [`NAP`].
    fn nap(&mut self) -> Duration {
        let now = self.eye.now().market;
        let due = self.venues.papers().filter_map(|(_, venue)| venue.next_due()).min();
        due.map_or(NAP, |due| self.eye.machine_time_until(due, now).min(NAP))
    }

    /// How long these may wait for others to share a commit with: nobody waits for what a paper book says.
    fn patience(&mut self, inputs: &[Input]) -> Duration {
        let all_facts = inputs.iter().all(|input| matches!(input, Input::Venue(_)));
        if inputs.is_empty() || !all_facts || inputs.len() >= BATCH {
            self.facts_since = None;
            return Duration::ZERO;
        }
        let now = boot_nanos();
        let waited = now - *self.facts_since.get_or_insert(now);
        Duration::from_nanos(u64::try_from(FACTS_WAIT - waited).unwrap_or(0))
    }

    fn take(&mut self, message: Message, inputs: &mut Vec<Input>) {
        match message {
            Message::Submit(submission, reply) => {
                let ticket = self.ticket(reply);
                inputs.push(match submission {
                    Submission::Signal(signal) => Input::Signal { signal, ticket },
                    Submission::Command(command) => Input::Command { command, ticket },
                    Submission::Conversion(conversion) => Input::Conversion { conversion, ticket },
                    Submission::Gtt(command) => Input::Gtt { command, ticket },
                    Submission::Control(event, made_at) => Input::Control { event, made_at, ticket },
                    Submission::Judgement(resolved) => Input::Judgement { resolved, ticket },
                });
            }
            Message::Facts(events) => {
                inputs.extend(events.into_iter().map(|event| Input::Venue(Box::new(event))))
            }
            Message::Sent(account, intent) => inputs.push(Input::Sent(account, intent)),
            Message::Book(book, cause, reply) => {
                let ticket = reply.map(|reply| self.ticket(reply));
                inputs.push(Input::Book { book, cause, ticket });
            }
            Message::Reconcile(account, reply) => self.read_book(&account, "demand", Some(reply), inputs),
            Message::Reconnect(account) => {
                let now = self.eye.now();
                if self.engine.holds(&account, self.times()) {
                    self.venues.lose(&account);
                    self.venues.gain(&account, self.engine.state(), now.market);
                    self.show_books(&account, now.market);
                    self.read_book(&account, "connected", None, inputs);
                }
            }
            Message::End => {}
        }
    }

    fn ticket(&mut self, reply: oneshot::Sender<Reply>) -> Ticket {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.waiting.insert(ticket, reply);
        ticket
    }

    fn answer(&mut self, ticket: Ticket, reply: Reply) {
        if let Some(waiting) = self.waiting.remove(&ticket) {
            // A caller that has gone away does not need it.
            let _ = waiting.send(reply);
        }
    }

    /// Leases, deaths of other instances, doubts, the end of the day: several times a second.
    fn keep(&mut self, inputs: &mut Vec<Input>) -> Result<(), EngineError> {
        let times = self.times();
        if times.mono.saturating_sub(self.kept) < KEEP_EVERY {
            return Ok(());
        }
        self.kept = times.mono;
        self.note_dead()?;
        self.end_the_overdue(times)?;
        let outputs = self.engine.keep_leases(times)?;
        self.handle(outputs, inputs);
        let held: Vec<AccountId> = self.engine.held().map(|(account, _)| account.clone()).collect();
        let unknown = held.iter().map(|account| self.engine.unknown_calls(account)).sum();
        self.metrics.desk(self.engine.state().seq, held.len(), unknown, self.ticks.dropped());
        for account in held {
            // The first read after a take-over may have found the venue away.
            let wanted = self.engine.has_doubts(&account) || self.engine.awaits_book(&account);
            if wanted && self.may_read_again(&account, times.mono) {
                self.read_book(&account, "doubt", None, inputs);
            }
        }
        self.end_of_day();
        self.snapshot(false);
        Ok(())
    }

    /// Books of venues elsewhere have a budget: in doubt they are read every second, not in every round.
    fn may_read_again(&mut self, account: &AccountId, mono: i64) -> bool {
        if self.venues.paper(account).is_some() {
            return true;
        }
        let last = self.doubt_reads.get(account).copied();
        let due = last.is_none_or(|last| mono - last >= DOUBT_READ_EVERY);
        if due {
            self.doubt_reads.insert(account.clone(), mono);
        }
        due
    }

    fn note_dead(&mut self) -> Result<(), EngineError> {
        let Ok(live) = self.directory.live_instances() else { return Ok(()) };
        let instances = self.engine.journal().instances()?;
        let dead: Vec<u32> = instances
            .into_iter()
            .filter(|instance| !live.contains(&instance.name))
            .map(|instance| instance.number)
            .collect();
        self.engine.note_dead(dead, boot_nanos());
        Ok(())
    }

    /// An instance on this machine that was silent past its lease is ended, so that nothing it had begun leaves later.
    fn end_the_overdue(&mut self, times: Times) -> Result<(), EngineError> {
        let overdue = self.engine.overdue(times);
        if overdue.is_empty() {
            return Ok(());
        }
        for instance in self.engine.journal().instances()? {
            let tried = self.tried_to_end.get(&instance.number).copied();
            let again = tried.is_none_or(|tried| times.mono - tried >= END_AGAIN_AFTER);
            if !overdue.contains(&instance.number) || !again {
                continue;
            }
            self.tried_to_end.insert(instance.number, times.mono);
            match end_instance(&self.directory, &instance.name) {
                Ok(ended) => {
                    tracing::warn!(
                        instance = instance.name,
                        pid = ended,
                        "an instance past its lease was ended"
                    );
                    self.engine.note_dead([instance.number], boot_nanos());
                }
                Err(error) => {
                    tracing::error!(instance = instance.name, %error, "what it had begun stays unknown while it lives");
                }
            }
        }
        Ok(())
    }

    fn step(&mut self, inputs: &mut Vec<Input>) -> Result<(), EngineError> {
        let times = self.times();
        let outputs = self.engine.step(std::mem::take(inputs), &self.eye, times)?;
        if self.engine.state().seq != self.published {
            self.published = self.engine.state().seq;
            // Before the replies: who has one finds its row in the state.
            self.publish.states.send_replace(self.engine.state().clone());
            let touched = self.engine.take_touched();
            let orders = &self.engine.state().orders;
            let mut changed: Vec<_> = touched.iter().filter_map(|id| orders.get(id)).collect();
            changed.sort_by_key(|order| order.seq);
            for order in changed {
                // Nobody may be listening.
                let _ = self.publish.updates.send(Arc::clone(order));
            }
        }
        self.handle(outputs, inputs);
        Ok(())
    }

    fn handle(&mut self, outputs: Vec<Output>, inputs: &mut Vec<Input>) {
        for output in outputs {
            match output {
                Output::Reply(ticket, reply) => self.answer(ticket, reply),
                Output::Send { intended, order, send_by } => self.send(&intended, &order, send_by, inputs),
                Output::Gained(account) => {
                    let now = self.eye.now();
                    self.venues.gain(&account, self.engine.state(), now.market);
                    self.show_books(&account, now.market);
                    self.doubt_reads.insert(account.clone(), boot_nanos());
                    self.end_earlier_days(&account, now);
                    self.read_book(&account, "take_over", None, inputs);
                }
                Output::Lost(account) => self.venues.lose(&account),
            }
        }
    }

    /// Hands a call to its venue, unless it is too late or trading was halted meanwhile.
    fn send(&mut self, intended: &Intended, order: &Arc<Order>, send_by: i64, inputs: &mut Vec<Input>) {
        let halted = self.publish.states.borrow().halt(&intended.account).is_some();
        let risky = !matches!(intended.call, trade::event::Call::Cancel);
        let why = if boot_nanos() >= send_by {
            Some("its time to be sent had passed")
        } else if halted && risky {
            Some("trading was halted before it was sent")
        } else {
            None
        };
        if let Some(why) = why {
            inputs.push(never_left(intended, why));
            return;
        }
        if let Some(remote) = self.venues.remote(&intended.account) {
            if let Err(why) = remote.send(intended.clone(), Arc::clone(order), send_by) {
                inputs.push(never_left(intended, why));
            }
            return;
        }
        let now = self.eye.now().market;
        let token = order.request.contract.token;
        let newest = newest_book(&self.eye, token, now);
        if let Some(venue) = self.venues.paper(&intended.account) {
            // From now on every tick of it; the newest one tells where the book stands.
            if self.wanted.insert(token) {
                self.ticks.want(&self.wanted);
                if let Some(newest) = newest {
                    venue.on_book(&newest);
                }
            }
            venue.send(intended.intent, &intended.call, order, now);
        } else {
            inputs.push(never_left(intended, "the account is not connected"));
        }
    }

    /// Tells a paper book that has just begun where the books stand of what others wanted before it came.
    fn show_books(&mut self, account: &AccountId, now: i64) {
        let Some(venue) = self.venues.paper(account) else { return };
        for token in &self.wanted {
            if let Some(newest) = newest_book(&self.eye, *token, now) {
                venue.on_book(&newest);
            }
        }
    }

    /// Ticks to the paper books and to what waits for a price, and what both say to the engine.
    fn match_ticks(&mut self, inputs: &mut Vec<Input>) {
        let now = self.eye.now().market;
        self.triggers.follow(self.engine.state());
        let bundles: Vec<Bundle> = self.ticks.drain().collect();
        let ticks = bundles.iter().flat_map(|bundle| &bundle.ticks);
        let updates: Vec<BookUpdate> = ticks.map(|tick| BookUpdate::from_tick(tick, now)).collect();
        let mut wanted: HashSet<u32> = self.triggers.tokens().collect();
        for (_, venue) in self.venues.papers() {
            for update in &updates {
                venue.on_book(update);
            }
            inputs.extend(venue.drain(now).into_iter().map(|event| Input::Venue(Box::new(event))));
            wanted.extend(venue.wanted());
        }
        inputs.extend(self.triggers.touched(&bundles, |received| self.eye.age_ms(received)));
        if wanted != self.wanted {
            self.ticks.want(&wanted);
            for token in self.triggers.tokens().filter(|token| !self.wanted.contains(token)) {
                // An order in it that comes later finds it wanted already: this is where its book stands.
                if let Some(newest) = newest_book(&self.eye, token, now) {
                    self.venues.papers().for_each(|(_, venue)| venue.on_book(&newest));
                }
            }
            self.wanted = wanted;
        }
    }

    fn read_book(
        &mut self,
        account: &AccountId,
        cause: &'static str,
        reply: Option<oneshot::Sender<Reply>>,
        inputs: &mut Vec<Input>,
    ) {
        if let Some(remote) = self.venues.remote(account) {
            return remote.read_book(cause, reply);
        }
        let (started, started_at) = (boot_nanos(), machine_now().0);
        let Some(lines) = self.venues.paper(account).map(|venue| venue.book()) else {
            if let Some(reply) = reply {
                let _ = reply.send(Reply::NotHolder { account: account.clone() });
            }
            return;
        };
        let state = self.engine.state();
        let book = Book {
            account: account.clone(),
            started,
            finished: boot_nanos(),
            started_at,
            orders: lines.into_iter().map(|line| book_order(state, line)).collect(),
            trades: Vec::new(),
            positions: None,
        };
        let ticket = reply.map(|reply| self.ticket(reply));
        inputs.push(Input::Book { book: Box::new(book), cause, ticket });
    }

    /// DAY orders end with their market's session, around the clock at midnight IST.
    fn end_of_day(&mut self) {
        let now = self.eye.now();
        let today = now.market_time().ist_date();
        let new_day = self.day.replace(today).is_some_and(|day| day != today);
        let eye = self.eye.clone();
        for (_, venue) in self.venues.papers() {
            venue.end_of_day(now.market, |token| new_day || !eye.is_trading(token));
        }
    }

    /// DAY orders of an earlier day that nobody has ended: nothing ran at midnight.
    fn end_earlier_days(&mut self, account: &AccountId, now: Now) {
        let today = now.market_time().ist_date();
        let state = self.engine.state();
        let old = state.account(account).is_some_and(|account| {
            account.open.iter().filter_map(|order| state.orders.get(order)).any(|order| order.day < today)
        });
        if old && let Some(venue) = self.venues.paper(account) {
            venue.end_of_day(now.market, |_| true);
        }
    }

    fn snapshot(&mut self, now: bool) {
        let seq = self.engine.state().seq;
        // A snapshot would lose alarms that no row names yet.
        if self.engine.has_open_alarms()
            || seq == self.snapshot_at
            || (!now && seq - self.snapshot_at < SNAPSHOT_EVERY)
        {
            return;
        }
        self.snapshot_at = seq;
        let (directory, state) = (self.directory.clone(), self.engine.state().clone());
        let hash = self.engine.head_hash();
        let write = move || snapshots::write(&directory, &state, hash);
        if now {
            write();
        } else if let Err(error) = std::thread::Builder::new().name("snapshot".into()).spawn(write) {
            tracing::warn!(%error, "no snapshot was written");
        }
    }

    /// What is in hand is durable; leases are left to whoever comes, with the proof that this instance has ended.
    fn end(&mut self, inbox: &Receiver<Message>, mut inputs: Vec<Input>) -> Result<(), EngineError> {
        let deadline = boot_nanos() + LAST_CALLS;
        self.engine.fire_no_more();
        loop {
            self.match_ticks(&mut inputs);
            self.step(&mut inputs)?;
            let held: Vec<AccountId> = self.engine.held().map(|(account, _)| account.clone()).collect();
            let in_flight = held.iter().any(|account| self.engine.has_calls_in_flight(account));
            if (inputs.is_empty() && !in_flight) || boot_nanos() >= deadline {
                break;
            }
            // Answers to calls count; who brings something new is told to bring it elsewhere.
            match inbox.recv_timeout(self.nap().min(LAST_LOOK)) {
                Ok(Message::Submit(..)) | Err(_) => {}
                Ok(message) => self.take(message, &mut inputs),
            }
        }
        let number = self.engine.instance();
        self.engine.journal().mark_ended(number)?;
        self.snapshot(true);
        Ok(())
    }
}

/// Where the book of an instrument stands, for a venue that has not followed it so far; `now` is market time.
fn newest_book(eye: &Eye, token: u32, now: i64) -> Option<BookUpdate> {
    eye.tick(token).map(|newest| BookUpdate::from_tick(&newest.tick, now))
}

fn never_left(intended: &Intended, why: &str) -> Input {
    let answer = Answer::NeverLeft { why: why.to_owned() };
    let answered = CallAnswered { intent: intended.intent, account: intended.account.clone(), answer };
    Input::Venue(Box::new(Event::CallAnswered(answered)))
}

/// A line of the paper book: its terms are the journal's, since there is no other party.
fn book_order(state: &State, line: BookLine) -> BookOrder {
    BookOrder {
        order: Some(line.order),
        venue_order_id: line.venue_order_id,
        status: line.status,
        filled: line.filled,
        terms: Changes {
            quantity: Some(line.terms.quantity),
            order_type: Some(line.terms.order_type),
            price: line.terms.price,
            trigger_price: line.terms.trigger,
            validity: Some(line.terms.validity),
        },
        message: None,
        revision: state.orders.get(&line.order).map_or_else(String::new, |order| order.revision.clone()),
        at: 0,
    }
}
