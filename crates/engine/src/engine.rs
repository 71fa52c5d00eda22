//! The state of one instance and its journal, and what one step of it does.

use std::collections::{BTreeMap, BTreeSet};

use journal::DbError;
use journal::events::{Append, Batch, BatchIds, Conflict, Journal, LeaseWatch, READ_ROWS_MAX};
use trade::apply::{Row, apply};
use trade::event::{Answer, CallAnswered, Class, IllegalTransition, UnreadableEvent};
use trade::{AccountId, IntentId, MarketView, Now, OrderId, OrderIds, State};

use crate::hold::Held;
use crate::input::{Input, Output, Reply};
use crate::reconcile::Doubts;
use crate::rows;
use crate::snapshot::Snapshot;
use crate::writing::{Plan, ROWS_MAX, same_content, ticket_of};

/// Attempts at one batch while other instances append what it had not seen.
const ATTEMPTS: u32 = 16;

/// The clocks of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Machine and market time.
    pub now: Now,
    /// Monotonic nanoseconds of this machine since it was started.
    pub mono: i64,
}

/// Durations, in nanoseconds of machine time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// The number under which this start was registered in the journal.
    pub instance: u32,
    /// A lease that was not renewed for so long may be taken.
    pub lease_ttl: i64,
    /// A call is not sent later than this after its decision.
    pub send_within: i64,
    /// No call is answered later than this after it was sent.
    pub request_timeout: i64,
    /// A venue's book shows an order at most so long after it took it.
    pub visibility: i64,
    /// Classes of accounts that this instance can reach: it takes no lease of others.
    pub classes: &'static [Class],
}

impl Config {
    /// The design's times: 3 s, 1 s, 7 s, 2 s.
    pub const fn new(instance: u32) -> Config {
        const SECOND: i64 = 1_000_000_000;
        Config {
            instance,
            lease_ttl: 3 * SECOND,
            send_within: SECOND,
            request_timeout: 7 * SECOND,
            visibility: 2 * SECOND,
            classes: &[Class::Paper, Class::Venue, Class::Kite],
        }
    }
}

/// Why the engine cannot go on. The process ends: its successor folds the journal again.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The journal cannot be read or written.
    #[error("the journal cannot be used")]
    Journal(#[from] DbError),
    /// A row of a newer build.
    #[error("row {seq} of the journal was written by a newer version")]
    Unreadable {
        /// Which row.
        seq: u64,
        /// What is in it.
        source: UnreadableEvent,
    },
    /// A running instance is older than this build's events.
    #[error(
        "a running instance does not understand events of schema {schema} (it reads up to {gate}): end it first"
    )]
    Gate {
        /// What this build writes.
        schema: u32,
        /// What all running instances read.
        gate: u32,
    },
    /// A batch that breaks the journal's rules: our mistake.
    #[error("the engine made a batch that the journal refuses: {0}")]
    Malformed(&'static str),
}

/// One instance's engine.
#[derive(Debug)]
pub struct Engine<J> {
    pub(crate) journal: J,
    pub(crate) config: Config,
    pub(crate) state: State,
    /// Hash of the row `state.seq`.
    hash: [u8; 32],
    pub(crate) held: BTreeMap<AccountId, Held>,
    pub(crate) watch: LeaseWatch,
    /// Instances that are proven dead, and when the proof came, in monotonic nanoseconds.
    pub(crate) dead: BTreeMap<u32, i64>,
    pub(crate) doubts: Doubts,
    /// Calls whose fate a row of another instance, or one found again, says to be unknown: in doubt with the next step.
    told_unknown: Vec<(AccountId, IntentId)>,
    /// Ends of calls that the journal did not take: nobody will tell them again, so they come first in the next step. Not
    /// more than calls under way, since no call is made while the journal takes no rows.
    owed: Vec<Input>,
    /// Illegal reports that no row names yet, by the row that told them.
    pub(crate) illegal: BTreeMap<u64, IllegalTransition>,
    touched: BTreeSet<OrderId>,
    opened_from: u64,
    batches: BatchIds,
    pub(crate) ids: OrderIds,
    pub(crate) is_ending: bool,
    unique: u64,
}

impl<J: Journal> Engine<J> {
    /// Folds the journal up to its head: from `snapshot` if it belongs to this journal, else from the first row.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn open(journal: J, config: Config, snapshot: Option<Snapshot>) -> Result<Engine<J>, EngineError> {
        let mut engine = Engine {
            journal,
            config,
            state: State::default(),
            hash: [0; 32],
            held: BTreeMap::new(),
            watch: LeaseWatch::new(),
            dead: BTreeMap::new(),
            doubts: Doubts::default(),
            told_unknown: Vec::new(),
            owed: Vec::new(),
            illegal: BTreeMap::new(),
            touched: BTreeSet::new(),
            opened_from: 0,
            batches: BatchIds::new(config.instance),
            ids: OrderIds::new(0, config.instance),
            is_ending: false,
            unique: 0,
        };
        if let Some(snapshot) = snapshot {
            let row = match snapshot.state.seq.checked_sub(1) {
                Some(before) => engine.journal.read(before, 1)?.pop(),
                None => None,
            };
            if row.is_some_and(|row| row.hash == snapshot.hash) {
                engine.state = snapshot.state;
                engine.opened_from = engine.state.seq;
                engine.hash = snapshot.hash;
            } else {
                tracing::warn!(seq = snapshot.state.seq, "a snapshot of another journal is left aside");
            }
        }
        engine.follow()?;
        engine.ids = OrderIds::new(engine.state.incarnation, config.instance);
        engine.touched.clear();
        Ok(engine)
    }

    /// The fold of every row up to `state().seq`. A copy is cheap.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Hash of the row `state().seq`.
    pub const fn head_hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The row whose snapshot this engine was opened from; 0: it folded everything.
    pub const fn opened_from(&self) -> u64 {
        self.opened_from
    }

    /// The number under which this instance is registered.
    pub const fn instance(&self) -> u32 {
        self.config.instance
    }

    /// True while a row tells what no order can do and no row names it as an alarm yet. A snapshot of such a state would lose the
    /// alarm: write none meanwhile.
    pub fn has_open_alarms(&self) -> bool {
        !self.illegal.is_empty()
    }

    /// From now on nothing that waits for a price fires: this instance is about to end, and its successor does it.
    pub const fn fire_no_more(&mut self) {
        self.is_ending = true;
    }

    /// The journal handle.
    pub const fn journal(&mut self) -> &mut J {
        &mut self.journal
    }

    /// A new order id, for a command at intake.
    pub fn draw_order_id(&mut self) -> OrderId {
        self.ids.draw()
    }

    /// Orders that rows folded since the last call are about: who shows orders has to look at these again.
    pub fn take_touched(&mut self) -> BTreeSet<OrderId> {
        std::mem::take(&mut self.touched)
    }

    /// Folds what other instances have appended.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn follow(&mut self) -> Result<(), EngineError> {
        loop {
            let rows = self.journal.read(self.state.seq, READ_ROWS_MAX)?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let event =
                    rows::event(&row).map_err(|source| EngineError::Unreadable { seq: row.seq, source })?;
                if let trade::Event::IllegalTransition(recorded) = &event {
                    self.illegal.remove(&recorded.at_seq);
                }
                self.touched.extend(rows::order_of(&event));
                if let trade::Event::CallAnswered(CallAnswered {
                    intent,
                    account,
                    answer: Answer::Unknown { .. },
                }) = &event
                    && self.held.contains_key(account)
                {
                    self.told_unknown.push((account.clone(), *intent));
                }
                let folded = Row { seq: row.seq, stream_seq: row.stream_seq, time: row.time, event: &event };
                if let Some(illegal) = apply(&mut self.state, folded) {
                    self.illegal.insert(row.seq, illegal);
                }
                self.hash = row.hash;
            }
            // An incarnation that was drawn after this engine was opened.
            if self.state.incarnation != 0 && self.state.seq <= READ_ROWS_MAX as u64 {
                self.ids.set_incarnation(self.state.incarnation);
            }
        }
    }

    /// Takes `inputs` in, decides what this instance holds, and makes all of it durable in one append. What is returned
    /// may be released.
    ///
    /// # Errors
    /// [`EngineError`]: nothing may be released then, and the process has to end.
    pub fn step(
        &mut self,
        mut inputs: Vec<Input>,
        market: &dyn MarketView,
        times: Times,
    ) -> Result<Vec<Output>, EngineError> {
        let mut out = Vec::new();
        if !self.owed.is_empty() {
            inputs.splice(..0, std::mem::take(&mut self.owed));
        }
        if self.journal.changed()? {
            self.follow()?;
        }
        for _ in 0..ATTEMPTS {
            self.doubt_what_was_told(times);
            let mut plan = Plan::new(self.state.clone());
            plan.begin(self, times);
            let mut taken = inputs.len();
            for (index, input) in inputs.iter().enumerate() {
                if plan.rows.len() >= ROWS_MAX {
                    taken = index;
                    break;
                }
                plan.take_in(self, input, times);
            }
            plan.decide(self, market, times);
            if plan.rows.is_empty() {
                plan.answer(&mut out);
                return Ok(out);
            }
            let batch = Batch {
                id: self.batches.next_id(),
                time: times.now.machine,
                rows: std::mem::take(&mut plan.rows),
                claims: plan.claims(self),
                control_seen: Some(self.state.control_seq),
            };
            match self.journal.append(&batch) {
                Append::Durable { first_seq, head } => {
                    // What did not fit comes first in the next step.
                    self.owed.extend(inputs.drain(taken..));
                    self.settle(&mut plan, first_seq, head.hash, times)?;
                    plan.release(self, first_seq, times, &mut out);
                    return Ok(out);
                }
                Append::Unknown(error) => {
                    tracing::error!(%error, "nobody knows whether a batch was written: looking for it");
                    let base = self.state.seq;
                    if let Some(first_seq) = self.journal.find_batch(batch.id, base)? {
                        self.owed.extend(inputs.drain(taken..));
                        self.follow()?;
                        plan.release(self, first_seq, times, &mut out);
                        return Ok(out);
                    }
                }
                Append::Fenced { stream, .. } => {
                    let name = stream.as_str().strip_prefix("account:").unwrap_or_default().to_owned();
                    self.lose(|account| account.as_str() == name, &mut out);
                }
                Append::Conflict(Conflict::Key { .. }) => {
                    self.follow()?;
                    // All at once: one conflict shows one key, and a batch may repeat many.
                    let facts = inputs.iter().filter_map(crate::writing::fact_of);
                    let keys: BTreeSet<String> = facts.filter_map(|fact| rows::row(&fact, "").key).collect();
                    for key in keys {
                        self.drop_known(&key, &mut inputs, &mut out)?;
                    }
                }
                Append::Conflict(_) => {}
                Append::Busy => continue,
                Append::Failed(error) => {
                    tracing::error!(%error, "the journal does not take rows");
                    self.give_up(inputs, &error.to_string(), &mut out);
                    return Ok(out);
                }
                Append::Refused { schema, gate } => {
                    if !self.refuse_above(gate, &mut inputs, &mut out) {
                        return Err(EngineError::Gate { schema, gate });
                    }
                }
                Append::Malformed(rule) => return Err(EngineError::Malformed(rule)),
            }
            self.follow()?;
        }
        self.give_up(inputs, "the journal was busy for too long", &mut out);
        Ok(out)
    }

    /// Takes up the doubts that came with the rows of others. (When a lease is taken, all unknown calls are doubted anyway.)
    pub(crate) fn doubt_what_was_told(&mut self, times: Times) {
        for (account, intent) in std::mem::take(&mut self.told_unknown) {
            if self.held.contains_key(&account) {
                self.doubt(intent, false, times);
            }
        }
    }

    /// A unique text for a fact that nothing else makes unique.
    pub(crate) fn unique(&mut self) -> String {
        self.unique += 1;
        format!("{}-{}", self.config.instance, self.unique)
    }

    /// The rows of `plan` are durable from `first_seq` on.
    fn settle(
        &mut self,
        plan: &mut Plan,
        first_seq: u64,
        hash: [u8; 32],
        times: Times,
    ) -> Result<(), EngineError> {
        for account in plan.decided_for() {
            if let Some(held) = self.held.get_mut(account) {
                held.renewed = times.mono;
            }
        }
        if first_seq == self.state.seq + 1 {
            self.state = std::mem::take(&mut plan.state);
            self.touched.append(&mut plan.touched);
            self.hash = hash;
            for recorded in &plan.recorded_illegal {
                self.illegal.remove(recorded);
            }
            self.illegal.append(&mut plan.illegal);
            if self.state.incarnation != 0 {
                self.ids.set_incarnation(self.state.incarnation);
            }
            return Ok(());
        }
        // Others came in between: their rows first, then ours, as the journal has them.
        self.follow()
    }

    /// Nothing of `inputs` was written: who waits is told so.
    fn give_up(&mut self, inputs: Vec<Input>, why: &str, out: &mut Vec<Output>) {
        for input in inputs {
            if let Some(ticket) = ticket_of(&input) {
                out.push(Output::Reply(ticket, Reply::Unavailable { why: why.to_owned() }));
            } else if self.is_told_once(&input) {
                self.owed.push(input);
            }
        }
    }

    /// Refuses what clients ask for that a running instance of an older version could not read. False when there is none: then
    /// it is a decision that cannot be written down, and this instance has to end.
    fn refuse_above(&mut self, gate: u32, inputs: &mut Vec<Input>, out: &mut Vec<Output>) -> bool {
        let before = inputs.len();
        inputs.retain(|input| {
            let too_new = crate::writing::fact_of(input).is_some_and(|fact| fact.schema() > gate);
            match ticket_of(input).filter(|_| too_new) {
                Some(ticket) => {
                    out.push(Output::Reply(ticket, Reply::OlderInstance));
                    false
                }
                None => true,
            }
        });
        inputs.len() < before
    }

    /// What nobody would tell again: how a call ended, and everything that a paper book says. No call is made while the journal
    /// takes nothing, so there is no more of it than is in flight and working.
    fn is_told_once(&self, input: &Input) -> bool {
        let Input::Venue(event) = input else { return false };
        let account = match event.as_ref() {
            trade::Event::CallAnswered(_) => return true,
            trade::Event::TradeReported(body) => &body.account,
            trade::Event::VenueReported(body) => &body.account,
            _ => return false,
        };
        self.state.account(account).is_some_and(|account| account.added.class == Class::Paper)
    }

    /// An input whose key is taken is answered from the row that has it.
    fn drop_known(
        &mut self,
        key: &str,
        inputs: &mut Vec<Input>,
        out: &mut Vec<Output>,
    ) -> Result<(), EngineError> {
        let Some(row) = self.journal.by_key(key)? else { return Ok(()) };
        let known = rows::event(&row).map_err(|source| EngineError::Unreadable { seq: row.seq, source })?;
        inputs.retain(|input| {
            let Some(event) = crate::writing::fact_of(input) else { return true };
            if rows::row(&event, "").key.as_deref() != Some(key) {
                return true;
            }
            if let Some(ticket) = ticket_of(input) {
                let seq = row.seq;
                let reply =
                    if same_content(&event, &known) { Reply::Known { seq } } else { Reply::Conflict { seq } };
                out.push(Output::Reply(ticket, reply));
            }
            false
        });
        Ok(())
    }
}
