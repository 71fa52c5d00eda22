//! What must always be true, judged from outside: from the journal's rows and from the venue's book.

use std::collections::{BTreeMap, BTreeSet};

use engine::snapshot::Snapshot;
use engine::{Engine, rows};
use journal::events::{Journal, MemoryJournal, Row, Stream};
use trade::apply::apply;
use trade::decide::{Comparison, again, trigger_again};
use trade::event::{Answer, Call, Cause, Decided, Found, GttAct, GttTriggered, VenueStatus, Verdict};
use trade::gtt::GttStage;
use trade::order::{Fate, Stage};
use trade::state::{Pending, State};
use trade::{AccountId, Event, GttId, IntentId, projection};

use crate::counts::Counts;
use crate::journal::FaultyJournal;
use crate::venue::Venue;

/// An invariant that does not hold.
#[derive(Clone, Debug)]
pub struct Violation {
    pub invariant: &'static str,
    pub what: String,
}

pub type Checked = Result<(), Violation>;

pub fn violated(invariant: &'static str, what: impl Into<String>) -> Checked {
    Err(Violation { invariant, what: what.into() })
}

pub const RECORDED: &str = "I-1 what is acknowledged or sent is in the journal";
pub const ONCE: &str = "I-2 at most one request per intent";
pub const ABSENT: &str = "I-2 what is taken for absent is absent";
pub const HOLDER: &str = "I-3 only the holder of the newest epoch decides";
pub const REPLAY: &str = "I-4 the same rows give the same state";
pub const MONEY: &str = "I-5 positions and cash are the sum of the fills";
pub const AGAIN: &str = "I-10 a decision comes out the same again";
pub const CHAIN: &str = "the chain of rows is whole";
pub const FIRED: &str = "what waits for a price fires once, while it is active, and is decided at once";
pub const HALT: &str = "no order is intended during a halt";
pub const VERDICT: &str = "every acknowledged signal and command gets its verdict";
pub const LIMBO: &str = "no order ends in limbo";
pub const BOOK: &str = "the journal's orders are the venue's";
pub const ALARM: &str = "what no order can do is recorded as an alarm";
pub const ANSWERED: &str = "every caller is answered once";
pub const LIVES: &str = "the engine takes what the journal has";

/// Follows the journal row by row and keeps the state after each: copies share what did not change.
pub struct Oracle {
    journal: MemoryJournal,
    pub rows: Vec<Row>,
    pub events: Vec<Event>,
    states: Vec<State>,
    epochs: BTreeMap<Stream, u64>,
    /// Who was seen to hold which epoch.
    holders: BTreeMap<(Stream, u64), u32>,
    pub intended: BTreeMap<IntentId, u64>,
    pub absent: BTreeSet<IntentId>,
    never_left: BTreeSet<IntentId>,
    alarms: BTreeSet<u64>,
    fired: BTreeSet<GttId>,
    /// The batch of the newest row, and the state as its maker had it.
    batch: u64,
    batch_first: u64,
    batch_state: Option<State>,
}

impl Oracle {
    pub fn new(journal: MemoryJournal) -> Oracle {
        Oracle {
            journal,
            rows: Vec::new(),
            events: Vec::new(),
            states: vec![State::default()],
            epochs: BTreeMap::new(),
            holders: BTreeMap::new(),
            intended: BTreeMap::new(),
            absent: BTreeSet::new(),
            never_left: BTreeSet::new(),
            alarms: BTreeSet::new(),
            fired: BTreeSet::new(),
            batch: 0,
            batch_first: 0,
            batch_state: None,
        }
    }

    pub fn head(&self) -> u64 {
        self.rows.len() as u64
    }

    pub fn state(&self) -> &State {
        self.after(self.head())
    }

    fn after(&self, seq: u64) -> &State {
        &self.states[usize::try_from(seq).unwrap()]
    }

    /// Who held the lease of `account` before its present holder.
    pub fn former_holder(&self, account: &AccountId) -> Option<u32> {
        let stream = Stream::account(account.as_str());
        let epochs = self.holders.range((stream.clone(), 0)..=(stream, u64::MAX));
        epochs.rev().nth(1).map(|(_, holder)| *holder)
    }

    /// The event in row `seq`.
    pub fn event(&self, seq: u64) -> Option<&Event> {
        self.events.get(usize::try_from(seq).ok()?.checked_sub(1)?)
    }

    /// Takes in what is new in the journal and judges each row.
    pub fn follow(&mut self, venues: &[Venue], counts: &mut Counts) -> Checked {
        if !self.journal.changed().unwrap() {
            return Ok(());
        }
        for lease in self.journal.leases().unwrap() {
            let holder = *self.holders.entry((lease.stream.clone(), lease.epoch)).or_insert(lease.holder);
            if holder != lease.holder {
                return violated(HOLDER, format!("two holders of {} in epoch {}", lease.stream, lease.epoch));
            }
        }
        let first = self.rows.len();
        loop {
            let rows = self.journal.read(self.head(), usize::MAX).unwrap();
            if rows.is_empty() {
                break;
            }
            for row in rows {
                self.events.push(rows::event(&row).unwrap());
                self.rows.push(row);
            }
        }
        for index in first..self.rows.len() {
            self.judge(index, venues, counts)?;
            let row = folded(&self.rows[index], &self.events[index]);
            let mut state = self.states[index].clone();
            if apply(&mut state, row).is_some() {
                self.alarms.insert(row.seq);
            }
            if let Some(state) = &mut self.batch_state {
                apply(state, row);
            }
            if let Event::GttTriggered(fired) = &self.events[index] {
                has_fired(&state, fired, self.events.get(index + 1))?;
            }
            self.states.push(state);
        }
        Ok(())
    }

    fn judge(&mut self, index: usize, venues: &[Venue], counts: &mut Counts) -> Checked {
        let row = &self.rows[index];
        if row.batch != self.batch {
            (self.batch, self.batch_first, self.batch_state) = (row.batch, row.seq, None);
        }
        if row.stream.is_fact() {
            if row.epoch != 0 {
                return violated(HOLDER, format!("row {} is a fact with an epoch", row.seq));
            }
        } else {
            let newest = self.epochs.entry(row.stream.clone()).or_default();
            let holder = self.holders.get(&(row.stream.clone(), row.epoch)).copied();
            let writer = u32::try_from(row.batch >> 32).unwrap();
            if row.epoch < *newest || holder.is_some_and(|holder| holder != writer) {
                let what = format!(
                    "row {} ({}) of {} was written by {writer} in epoch {}; that is {holder:?}'s, and the newest was {newest}",
                    row.seq, row.kind, row.stream, row.epoch
                );
                return violated(HOLDER, what);
            }
            *newest = row.epoch;
        }
        let state = &self.states[index];
        match &self.events[index] {
            Event::Intended(intended) => {
                if self.intended.insert(intended.intent, row.seq).is_some() {
                    return violated(ONCE, format!("row {} intends {} again", row.seq, intended.intent));
                }
                if matches!(intended.call, Call::Place(_)) && state.halt(&intended.account).is_some() {
                    return violated(HALT, format!("row {} intends {}", row.seq, intended.intent));
                }
            }
            Event::Decided(decided) => {
                count_verdict(decided, counts);
                return self.decide_again(index, counts);
            }
            Event::GttTriggered(fired) => {
                counts.hit(if fired.tick.is_some() { "gtt fired by an earlier tick" } else { "gtt fired" });
                if state.halt(&fired.account).is_some() || !self.fired.insert(fired.gtt) {
                    return violated(FIRED, format!("row {} fires {} again or halted", row.seq, fired.gtt));
                }
                let (fired, seq) = (fired.clone(), row.seq);
                if !trigger_again(self.before(index, fired.inputs.seen, counts)?, &fired) {
                    return violated(AGAIN, format!("row {seq} does not fire again: {fired:?}"));
                }
            }
            Event::GttCommanded(commanded) => match commanded.what {
                GttAct::Place(_) => counts.hit("gtt placed"),
                _ if state.gtts.kept.get(&commanded.gtt).is_some_and(|gtt| gtt.is_active(row.time)) => {
                    counts.hit("gtt changed");
                }
                _ => counts.hit("gtt changed too late"),
            },
            Event::FateUnknown(_) => counts.hit("fate unknown"),
            Event::FateResolved(resolved) => match resolved.found {
                Found::Reached { .. } => counts.hit("fate resolved: reached"),
                Found::Absent => {
                    counts.hit("fate resolved: absent");
                    if resolved.intent.n > 1 {
                        counts.hit("fate resolved: a change absent");
                    }
                    self.absent.insert(resolved.intent);
                    if venues.iter().any(|venue| venue.accepted.contains(&resolved.intent)) {
                        return violated(
                            ABSENT,
                            format!("row {}: {} is at the venue", row.seq, resolved.intent),
                        );
                    }
                }
                Found::Appeared { .. } => {
                    return violated(ABSENT, format!("row {}: {} appeared", row.seq, resolved.intent));
                }
            },
            Event::IllegalTransition(illegal) => {
                counts.hit("illegal transition recorded");
                if !self.alarms.contains(&illegal.at_seq) {
                    return violated(
                        ALARM,
                        format!("row {} names row {}, which is legal", row.seq, illegal.at_seq),
                    );
                }
            }
            Event::DayBegan(began)
                if state.account(&began.account).is_some_and(|account| account.day.is_some()) =>
            {
                counts.hit("day began during the run");
            }
            Event::Reconciled(reconciled)
                if reconciled
                    .differences
                    .iter()
                    .any(|difference| difference.code == "order_unknown_here") =>
            {
                counts.hit("book: order unknown here");
            }
            Event::CallAnswered(answered) => {
                let call =
                    state.orders.get(&answered.intent.order).and_then(|order| order.call(answered.intent.n));
                match &answered.answer {
                    Answer::Acknowledged { .. } => match call.map(|call| &call.call) {
                        Some(Call::Modify(_)) => counts.hit("modification acknowledged"),
                        Some(Call::Cancel) => counts.hit("cancellation acknowledged"),
                        _ => {}
                    },
                    Answer::NeverLeft { .. } => {
                        self.never_left.insert(answered.intent);
                    }
                    _ => {}
                }
            }
            Event::TradeReported(trade) => {
                let order = state.orders.get(&trade.order);
                if order.is_some_and(|order| order.call(1).is_some_and(|call| call.fate == Fate::Waiting)) {
                    counts.hit("venue: fill before the acknowledgement");
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The decision in row `index` is made again from what it says that it saw.
    fn decide_again(&mut self, index: usize, counts: &mut Counts) -> Checked {
        let (Event::Decided(decided), row) = (&self.events[index], &self.rows[index]) else { return Ok(()) };
        let (decided, row_seq, batch) = (decided.clone(), row.seq, row.batch);
        let state = self.before(index, decided.inputs.seen, counts)?.clone();
        let account = state.account(&decided.account);
        let pending = account
            .and_then(|account| account.pending.iter().find(|pending| is_about(pending, &decided.cause)));
        let Some(pending) = pending else {
            return violated(
                AGAIN,
                format!("row {row_seq} decides {:?}, which was not pending", decided.cause),
            );
        };
        let led_to: Vec<Event> = self.events[index + 1..]
            .iter()
            .zip(&self.rows[index + 1..])
            .take_while(|(_, later)| later.batch == batch)
            .map_while(|(event, _)| match event {
                Event::Intended(_) | Event::Converted(_) => Some(event.clone()),
                _ => None,
            })
            .collect();
        counts.hit("checked: decision made again");
        match again(&state, &decided, pending, &led_to) {
            Comparison::Same => Ok(()),
            other => violated(AGAIN, format!("row {row_seq}: {decided:?} with {led_to:?} is now {other:?}")),
        }
    }

    /// The state before the row `index` as its maker had it, who had seen the rows up to `seen` when the batch began.
    fn before(&mut self, index: usize, seen: u64, counts: &mut Counts) -> Result<&State, Violation> {
        if self.batch_state.is_none() {
            if seen >= self.batch_first {
                violated(AGAIN, format!("row {} says that it saw row {seen}", index + 1))?;
            }
            if seen + 1 < self.batch_first {
                counts.hit("checked: decision made again after rows of others");
            }
            let mut state = self.after(seen).clone();
            for earlier in usize::try_from(self.batch_first).unwrap() - 1..index {
                apply(&mut state, folded(&self.rows[earlier], &self.events[earlier]));
            }
            self.batch_state = Some(state);
        }
        Ok(self.batch_state.as_ref().unwrap())
    }

    /// A live engine has the state that its row number says.
    pub fn compare(&self, engine: &Engine<FaultyJournal>, counts: &mut Counts) -> Checked {
        let live = engine.state();
        let Ok(seq) = usize::try_from(live.seq) else { return Ok(()) };
        let Some(folded) = self.states.get(seq) else {
            return violated(REPLAY, format!("an engine is at row {seq}, the journal at {}", self.head()));
        };
        counts.hit("checked: live state against the journal");
        let hash = seq.checked_sub(1).map_or([0; 32], |index| self.rows[index].hash);
        if engine.head_hash() != hash {
            return violated(REPLAY, format!("an engine has another hash of row {seq}"));
        }
        if projection::hash(live, projection::VERSION) != projection::hash(folded, projection::VERSION) {
            let (live, folded) = (text(live), text(folded));
            let first = live.lines().zip(folded.lines()).find(|(live, folded)| live != folded);
            return violated(REPLAY, format!("an engine at row {seq} differs: {first:?}"));
        }
        Ok(())
    }

    /// The snapshot of the state after row `seq`.
    pub fn snapshot(&self, seq: u64) -> Option<Snapshot> {
        let hash = self.rows.get(usize::try_from(seq).ok()?.checked_sub(1)?)?.hash;
        let bytes = Snapshot::to_bytes(self.after(seq), hash).unwrap();
        Some(Snapshot::from_bytes(&bytes).unwrap())
    }

    /// Folding in two halves, with bytes between them, comes to the same.
    pub fn fold_in_halves(&self, middle: u64, counts: &mut Counts) -> Checked {
        let Some(snapshot) = self.snapshot(middle) else { return Ok(()) };
        counts.hit("checked: snapshot in the middle");
        let mut state = snapshot.state;
        for index in usize::try_from(middle).unwrap()..self.rows.len() {
            apply(&mut state, folded(&self.rows[index], &self.events[index]));
        }
        if projection::hash(&state, projection::VERSION)
            != projection::hash(self.state(), projection::VERSION)
        {
            return violated(REPLAY, format!("folding in halves at row {middle} gives another state"));
        }
        Ok(())
    }

    /// True once nothing more is to be expected.
    pub fn is_settled(&self) -> bool {
        let state = self.state();
        let decided = state.accounts.values().all(|account| account.pending.is_empty());
        decided && !state.orders.values().any(|order| order.is_busy()) && self.open_alarms().next().is_none()
    }

    fn open_alarms(&self) -> impl Iterator<Item = u64> + '_ {
        let named = |seq: &u64| {
            !self
                .events
                .iter()
                .any(|event| matches!(event, Event::IllegalTransition(illegal) if illegal.at_seq == *seq))
        };
        self.alarms.iter().copied().filter(named)
    }

    /// What is not settled, in words.
    pub fn unsettled(&self) -> Checked {
        let state = self.state();
        for account in state.accounts.values() {
            if let Some(pending) = account.pending.peek() {
                return violated(VERDICT, format!("{} never decided {pending:?}", account.added.account));
            }
        }
        if let Some(order) = state.orders.values().find(|order| order.is_busy()) {
            return violated(
                LIMBO,
                format!("order {} is {:?} with {:?}", order.id, order.stage, order.calls),
            );
        }
        match self.open_alarms().next() {
            Some(seq) => violated(ALARM, format!("row {seq}: {:?} is not recorded", self.event(seq))),
            None => Ok(()),
        }
    }

    /// At the end: journal and venue agree about everything.
    pub fn agree(&self, venue: &Venue) -> Checked {
        let state = self.state();
        let Some(account) = state.account(&venue.account) else { return Ok(()) };
        for held in &venue.orders {
            let Some(id) = held.order else { continue };
            let Some(order) = state.orders.get(&id) else {
                return violated(BOOK, format!("the venue has an order {id} that the journal has not"));
            };
            let fits = match held.status {
                VenueStatus::Pending => order.stage == Stage::Acknowledged,
                VenueStatus::Open => matches!(order.stage, Stage::Open | Stage::PartlyFilled),
                VenueStatus::TriggerPending => order.stage == Stage::TriggerPending,
                VenueStatus::Complete => order.stage == Stage::Filled,
                // Cancelled, and filled whole by a late fill: who saw the fills first calls it filled.
                VenueStatus::Cancelled if held.filled == held.request.quantity => {
                    matches!(order.stage, Stage::Cancelled | Stage::Filled)
                }
                VenueStatus::Cancelled => order.stage == Stage::Cancelled,
                VenueStatus::Rejected => order.stage == Stage::Rejected,
                VenueStatus::Expired => order.stage == Stage::Expired,
            };
            let same_terms = order.request == held.request || order.stage.is_ended();
            if !fits || order.filled != held.filled || !same_terms {
                return violated(BOOK, format!("the venue has {held:?}, the journal {order:?}"));
            }
        }
        for order in state.orders.values().filter(|order| order.account == venue.account) {
            let there = venue.orders.iter().any(|held| held.order == Some(order.id));
            if !there && !matches!(order.stage, Stage::NeverReached | Stage::Rejected) {
                return violated(
                    BOOK,
                    format!("the venue has no order {}, the journal says {:?}", order.id, order.stage),
                );
            }
        }
        let (net, cash) = venue.holdings();
        let held: BTreeMap<_, _> = account
            .positions
            .iter()
            .filter(|(_, position)| position.quantity != 0)
            .map(|(key, position)| (*key, position.quantity))
            .collect();
        if net != held || cash != account.cash {
            let what = format!("the venue has {net:?} and {cash}, the journal {held:?} and {}", account.cash);
            return violated(MONEY, what);
        }
        if let Some(intent) = self.absent.iter().find(|intent| venue.accepted.contains(intent)) {
            return violated(ABSENT, format!("{intent} is at the venue after all"));
        }
        if let Some(intent) = self.never_left.iter().find(|intent| venue.received.contains_key(intent)) {
            return violated(ABSENT, format!("{intent} was said never to have left"));
        }
        Ok(())
    }

    /// At any time: positions and cash follow from the trades that are in the journal.
    pub fn money(&self, venue: &Venue) -> Checked {
        let state = self.state();
        let Some(account) = state.account(&venue.account) else { return Ok(()) };
        let (mut net, mut cash) = (BTreeMap::new(), account.added.funds);
        for event in &self.events {
            let Event::TradeReported(trade) = event else { continue };
            let Some(order) = state.orders.get(&trade.order).filter(|_| trade.account == venue.account)
            else {
                continue;
            };
            let units = order.request.side.sign() * trade.quantity;
            *net.entry((order.request.contract.token, order.request.product)).or_insert(0) += units;
            cash -= trade.price * units;
        }
        let held = |key| account.positions.get(key).map_or(0, |position| position.quantity);
        if let Some((key, units)) = net.iter().find(|(key, units)| held(key) != **units) {
            return violated(MONEY, format!("{key:?}: {} held, {units} traded", held(key)));
        }
        if cash != account.cash {
            return violated(MONEY, format!("cash is {}, trades leave {cash}", account.cash));
        }
        Ok(())
    }

    pub fn chain(&mut self) -> Checked {
        match journal::events::check(&mut self.journal) {
            Ok(_) => Ok(()),
            Err(error) => violated(CHAIN, format!("{error:?}")),
        }
    }
}

fn text(state: &State) -> String {
    projection::text(state, projection::VERSION).unwrap_or_default()
}

fn folded<'a>(row: &Row, event: &'a Event) -> trade::apply::Row<'a> {
    trade::apply::Row { seq: row.seq, stream_seq: row.stream_seq, time: row.time, event }
}

fn is_about(pending: &Pending, cause: &Cause) -> bool {
    match (pending, cause) {
        (Pending::Signal(one), Cause::Signal(other)) => one == other,
        (Pending::Command(one), Cause::Command { order, command }) => {
            one.order == *order && one.command == *command
        }
        (Pending::Cancel(one), Cause::Halt(other)) => one == other,
        (Pending::Conversion(one), Cause::Conversion(other)) => one.conversion == *other,
        _ => false,
    }
}

fn count_verdict(decided: &Decided, counts: &mut Counts) {
    counts.hit(match decided.verdict {
        Verdict::Accepted => "verdict accepted",
        Verdict::Trimmed => "verdict trimmed",
        Verdict::Denied => "verdict denied",
    });
    if decided.orders.len() > 1 {
        counts.hit(match decided.cause {
            Cause::Signal(_) => "verdict sliced: signal",
            _ => "verdict sliced: command",
        });
    }
    if matches!(decided.cause, Cause::Halt(_)) && decided.verdict == Verdict::Accepted {
        counts.hit("halt cancelled an open order");
    }
    for reason in &decided.reasons {
        let name = crate::counts::EXPECTED
            .iter()
            .find(|name| name.strip_prefix("denied: ").is_some_and(|code| code == reason.code.as_str()));
        if let Some(name) = name {
            counts.hit(name);
        }
    }
}

/// In the journal's own state it has fired too, and the verdict on its order is the next row.
fn has_fired(state: &State, fired: &GttTriggered, next: Option<&Event>) -> Checked {
    let stage = state.gtts.kept.get(&fired.gtt).map(|gtt| &gtt.stage);
    let holds = matches!(stage, Some(GttStage::Triggered(known)) if known.order == fired.order);
    let about = Cause::Command { order: fired.order, command: 1 };
    let decided = matches!(next, Some(Event::Decided(decided)) if decided.cause == about);
    if holds && decided {
        Ok(())
    } else {
        violated(FIRED, format!("{fired:?} left {stage:?}, then {next:?}"))
    }
}
