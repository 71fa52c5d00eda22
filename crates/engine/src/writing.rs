//! One batch in the making: rows, and the state as it will be when they are durable.

mod fire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use journal::events::{Claim, Journal, NewRow, Stream};
use trade::apply::{Row, apply};
use trade::decide::{Moment, decide, should_wait};
use trade::event::{
    Answer, Class, CommandedAct, DayBegan, FateUnknown, IllegalTransition, Intended, Reconciled, Sent,
};
use trade::gtt::SeenTick;
use trade::order::Fate;
use trade::state::Pending;
use trade::transitions::{Move, judge};
use trade::{AccountId, Event, IntentId, MarketView, OrderId, State};

use crate::engine::{Engine, Times};
use crate::input::{Input, Output, Reply, Ticket};
use crate::reconcile;
use crate::rows;

/// Rows of one batch after which nothing more is taken into it, well below what the journal takes: an input may need several,
/// and one book up to as many again.
pub(crate) const ROWS_MAX: usize = 1_024;
/// Alarms recorded at once.
const ALARMS_MAX: usize = 256;
/// Differences of one reconciliation that are written down: more say no more.
const DIFFERENCES_MAX: usize = 500;

/// A batch in the making.
pub(crate) struct Plan {
    pub(crate) state: State,
    pub(crate) rows: Vec<NewRow>,
    pub(crate) illegal: BTreeMap<u64, IllegalTransition>,
    pub(crate) recorded_illegal: Vec<u64>,
    pub(crate) touched: BTreeSet<OrderId>,
    base: u64,
    calls: Vec<Intended>,
    replies: Vec<(Ticket, Planned)>,
    decided_for: BTreeSet<AccountId>,
    /// Accounts whose paper book has said something in this batch.
    spoken_for: BTreeSet<AccountId>,
    read_books: BTreeSet<AccountId>,
    /// Accounts with more to say than one batch holds.
    unfinished: BTreeSet<AccountId>,
    /// Calls that are in doubt from now on, and whether it is certain that nothing of them can leave any more.
    doubted: Vec<(IntentId, bool)>,
    /// Keys of the facts in `rows`, and their places.
    keys: BTreeMap<String, usize>,
    /// Prices that came and went since the last look, by instrument.
    seen: BTreeMap<u32, Vec<SeenTick>>,
}

enum Planned {
    /// The row at this place of the batch.
    Row(usize),
    /// An earlier input of the same batch has made that row, with the same content or with other content.
    Earlier { index: usize, same: bool },
    /// Something already certain.
    Reply(Reply),
}

impl Plan {
    pub(crate) fn new(state: State) -> Plan {
        Plan {
            base: state.seq,
            state,
            rows: Vec::new(),
            illegal: BTreeMap::new(),
            recorded_illegal: Vec::new(),
            touched: BTreeSet::new(),
            calls: Vec::new(),
            replies: Vec::new(),
            decided_for: BTreeSet::new(),
            spoken_for: BTreeSet::new(),
            read_books: BTreeSet::new(),
            unfinished: BTreeSet::new(),
            doubted: Vec::new(),
            keys: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// What the engine owes before anything new: doubts after a take-over, alarms.
    pub(crate) fn begin<J: Journal>(&mut self, engine: &mut Engine<J>, times: Times) {
        let fresh: Vec<AccountId> = engine
            .held
            .iter()
            .filter(|(_, held)| held.fresh && held.is_valid(times, &engine.config))
            .map(|(account, _)| account.clone())
            .collect();
        for account in fresh {
            // Every call without an outcome: whether it was sent is information, not permission.
            let waiting = reconcile::calls_of(&self.state, &account, Fate::Waiting);
            for intent in waiting {
                if self.rows.len() >= ROWS_MAX {
                    self.unfinished.insert(account.clone());
                    break;
                }
                let why = "the instance that made the call ended or lost its lease".to_owned();
                self.doubted.push((intent, false));
                self.push(
                    Event::FateUnknown(FateUnknown { intent, account: account.clone(), why }),
                    engine,
                    times,
                );
            }
            self.decided_for.insert(account);
        }
        let alarms: Vec<(u64, IllegalTransition)> = engine
            .illegal
            .iter()
            .filter(|(_, illegal)| engine.holds(&illegal.account, times))
            .take(ALARMS_MAX)
            .map(|(seq, illegal)| (*seq, illegal.clone()))
            .collect();
        for (seq, illegal) in alarms {
            self.recorded_illegal.push(seq);
            self.push(Event::IllegalTransition(illegal), engine, times);
        }
    }

    /// Turns an input into rows. What is known already becomes a reply only.
    pub(crate) fn take_in<J: Journal>(&mut self, engine: &mut Engine<J>, input: &Input, times: Times) {
        match input {
            Input::Signal { signal, ticket } => match self.state.signals.get(&signal.signal.id) {
                Some(known) => {
                    let planned = self.known(known.digest == signal.digest, known.seq);
                    self.replies.push((*ticket, planned));
                }
                None => {
                    self.answer_row(*ticket, Event::SignalReceived(signal.as_ref().clone()), engine, times)
                }
            },
            Input::Command { command, ticket } => {
                let known = command
                    .client_id
                    .as_ref()
                    .filter(|_| matches!(command.what, CommandedAct::Place(_)))
                    .and_then(|client| self.state.clients.get(client));
                match known {
                    Some(known) => {
                        let planned = self.known(known.digest == command.digest, known.seq);
                        self.replies.push((*ticket, planned));
                    }
                    None => {
                        let event = Event::OrderCommanded(command.as_ref().clone());
                        match self.earlier(&event) {
                            Some(index) => {
                                self.replies.push((*ticket, Planned::Earlier { index, same: true }));
                            }
                            None => self.answer_row(*ticket, event, engine, times),
                        }
                    }
                }
            }
            Input::Conversion { conversion, ticket } => {
                self.answer_row(
                    *ticket,
                    Event::ConversionCommanded(conversion.as_ref().clone()),
                    engine,
                    times,
                );
            }
            Input::Gtt { command, ticket } => {
                let event = Event::GttCommanded(command.as_ref().clone());
                match self.earlier(&event) {
                    Some(index) => {
                        let same = self.rows.get(index).is_some_and(|row| row.body == event.body());
                        self.replies.push((*ticket, Planned::Earlier { index, same }));
                    }
                    None => self.answer_row(*ticket, event, engine, times),
                }
            }
            Input::Seen { token, tick } => {
                self.seen.entry(*token).or_default().push(tick.as_ref().clone());
            }
            Input::Control { event, made_at, ticket } => {
                let newest = match event.as_ref() {
                    Event::LimitsSet(set) => {
                        self.state.account(&set.account).map(|account| account.limits_seq)
                    }
                    _ => Some(self.state.control_seq),
                };
                match made_at.and(newest).filter(|newest| Some(*newest) != *made_at) {
                    Some(seq) => self.replies.push((*ticket, Planned::Reply(Reply::Conflict { seq }))),
                    None => self.answer_row(*ticket, event.as_ref().clone(), engine, times),
                }
            }
            Input::Venue(event) => {
                if let Some(account) = self.paper_book_of(event) {
                    // What the book of an earlier holder goes on to say has not happened. Whether this is one the
                    // journal says, not a clock: a book whose word is dropped must be gone, too.
                    if !engine.held.contains_key(&account) {
                        return;
                    }
                    self.spoken_for.insert(account);
                }
                if !self.knows(event) && self.earlier(event).is_none() {
                    self.push(event.as_ref().clone(), engine, times);
                }
            }
            Input::Sent(account, intent) => {
                let unsent =
                    self.state.orders.get(&intent.order).is_some_and(|order| {
                        order.call(intent.n).is_some_and(|call| call.fate == Fate::Waiting)
                    });
                if unsent && engine.holds(account, times) {
                    let sent = Sent { intent: *intent, account: account.clone() };
                    self.push(Event::Sent(sent), engine, times);
                }
            }
            Input::Book { book, cause, ticket } => {
                if !engine.holds(&book.account, times) {
                    if let Some(ticket) = ticket {
                        let reply = Reply::NotHolder { account: book.account.clone() };
                        self.replies.push((*ticket, Planned::Reply(reply)));
                    }
                    return;
                }
                let today = times.now.market_time().ist_date();
                let doubts = &engine.doubts;
                let mut found =
                    reconcile::compare(&self.state, book, doubts, &engine.config, &engine.dead, today);
                // The next reading brings the rest.
                let whole = found.events.len() <= ROWS_MAX;
                found.differences.truncate(DIFFERENCES_MAX);
                for event in found.events.into_iter().take(ROWS_MAX) {
                    self.push_found(event, engine, times);
                }
                engine.doubts.saw_absent(&found.absent, book);
                if whole {
                    self.read_books.insert(book.account.clone());
                }
                let agrees = found.differences.is_empty();
                let reconciled = Event::Reconciled(Reconciled {
                    account: book.account.clone(),
                    cause: (*cause).to_owned(),
                    differences: found.differences,
                });
                let routine = engine.held.get(&book.account).is_some_and(|held| held.ready)
                    && matches!(*cause, "interval" | "doubt" | "connected");
                match ticket {
                    Some(ticket) => self.answer_row(*ticket, reconciled, engine, times),
                    // A routine look that finds nothing is no news.
                    None if routine && agrees => {}
                    None => {
                        self.push(reconciled, engine, times);
                    }
                }
            }
            Input::Judgement { resolved, ticket } => {
                if !engine.holds(&resolved.account, times) {
                    let reply = Reply::NotHolder { account: resolved.account.clone() };
                    self.replies.push((*ticket, Planned::Reply(reply)));
                } else {
                    self.answer_row(*ticket, Event::FateResolved(resolved.as_ref().clone()), engine, times);
                }
            }
        }
    }

    /// Decides what waits on the accounts that this instance holds and has reconciled.
    pub(crate) fn decide<J: Journal>(
        &mut self,
        engine: &mut Engine<J>,
        market: &dyn MarketView,
        times: Times,
    ) {
        let ready: Vec<AccountId> = engine
            .held
            .iter()
            .filter(|(account, held)| {
                (held.ready || self.read_books.contains(*account)) && held.is_valid(times, &engine.config)
            })
            .map(|(account, _)| account.clone())
            .collect();
        for account in ready {
            if !self.begin_day(&account, engine, market, times) {
                continue;
            }
            self.fire(&account, engine, market, times);
            let waiting: Vec<Pending> = self
                .state
                .account(&account)
                .into_iter()
                .flat_map(|account| account.pending.iter().cloned())
                .collect();
            for pending in waiting {
                if self.rows.len() >= ROWS_MAX {
                    break;
                }
                if should_wait(&self.state, &account, &pending, times.now) {
                    continue;
                }
                self.decide_one(&account, &pending, engine, market, times);
            }
        }
    }

    fn decide_one<J: Journal>(
        &mut self,
        account: &AccountId,
        pending: &Pending,
        engine: &mut Engine<J>,
        market: &dyn MarketView,
        times: Times,
    ) {
        let before = self.waiting(account);
        let moment = self.moment(engine, times);
        for event in decide(&self.state, account, pending, market, moment, &mut engine.ids) {
            self.push(event, engine, times);
        }
        if self.waiting(account) >= before {
            // A verdict that does not settle its question would be given for ever.
            tracing::error!(%account, ?pending, "undecidable: left for a person");
        }
    }

    fn moment<J: Journal>(&self, engine: &Engine<J>, times: Times) -> Moment {
        let send_by = times.now.machine + engine.config.send_within;
        Moment { now: times.now, seen: self.base, send_by }
    }

    fn waiting(&self, account: &AccountId) -> usize {
        self.state.account(account).map_or(0, |account| account.pending.len())
    }

    /// One claim for each account with decisions or words of its paper book in this batch.
    pub(crate) fn claims<J: Journal>(&self, engine: &Engine<J>) -> Vec<Claim> {
        let claim = |account: &AccountId| {
            let held = engine.held.get(account)?;
            let expected = engine.state.account(account).map_or(0, |account| account.decisions);
            Some(Claim { stream: Stream::account(account.as_str()), epoch: held.epoch, expected })
        };
        self.decided_for.union(&self.spoken_for).filter_map(claim).collect()
    }

    pub(crate) fn decided_for(&self) -> &BTreeSet<AccountId> {
        &self.decided_for
    }

    /// Nothing had to be written: only answers.
    pub(crate) fn answer(self, out: &mut Vec<Output>) {
        for (ticket, planned) in self.replies {
            if let Planned::Reply(reply) = planned {
                out.push(Output::Reply(ticket, reply));
            }
        }
    }

    /// The rows are durable from `first_seq` on: calls and answers may go out.
    pub(crate) fn release<J: Journal>(
        self,
        engine: &mut Engine<J>,
        first_seq: u64,
        times: Times,
        out: &mut Vec<Output>,
    ) {
        for account in &self.decided_for {
            if let Some(held) = engine.held.get_mut(account) {
                held.fresh = self.unfinished.contains(account);
            }
        }
        for account in &self.read_books {
            if let Some(held) = engine.held.get_mut(account) {
                held.ready = true;
            }
        }
        for (intent, closed) in self.doubted {
            engine.doubt(intent, closed, times);
        }
        engine.forget_doubts();
        for intended in self.calls {
            let Some(order) = engine.state.orders.get(&intended.intent.order) else { continue };
            let valid_until =
                engine.held.get(&intended.account).map_or(i64::MIN, |held| held.valid_until(&engine.config));
            let send_by = valid_until.min(times.mono + engine.config.send_within);
            out.push(Output::Send { order: Arc::clone(order), intended: Box::new(intended), send_by });
        }
        for (ticket, planned) in self.replies {
            let reply = match planned {
                Planned::Row(index) => Reply::Recorded { seq: first_seq + index as u64 },
                Planned::Earlier { index, same } => known_or_conflict(same, first_seq + index as u64),
                Planned::Reply(reply) => reply,
            };
            out.push(Output::Reply(ticket, reply));
        }
    }

    /// False while the account's trading day is later than market time: a replay of an earlier day.
    fn begin_day<J: Journal>(
        &mut self,
        account: &AccountId,
        engine: &mut Engine<J>,
        market: &dyn MarketView,
        times: Times,
    ) -> bool {
        let Some(held) = self.state.account(account) else { return false };
        let today = times.now.market_time().ist_date();
        match held.day {
            Some(day) if day == today => true,
            Some(day) if day > today => false,
            _ => {
                let mut marks = Vec::new();
                for position in held.positions.values().filter(|position| position.quantity != 0) {
                    if let Some(quote) = market.quote(&position.contract) {
                        marks.push((position.contract.token, quote.last));
                    }
                }
                marks.dedup_by_key(|(token, _)| *token);
                let began = DayBegan { account: account.clone(), day: today, marks };
                self.push(Event::DayBegan(began), engine, times);
                true
            }
        }
    }

    fn answer_row<J: Journal>(&mut self, ticket: Ticket, event: Event, engine: &mut Engine<J>, times: Times) {
        let index = self.push(event, engine, times);
        self.replies.push((ticket, Planned::Row(index)));
    }

    /// The answer from a row that the state knows; one of this very batch has no certain number yet.
    fn known(&self, same: bool, seq: u64) -> Planned {
        match seq.checked_sub(self.base + 1).and_then(|index| usize::try_from(index).ok()) {
            Some(index) => Planned::Earlier { index, same },
            None => Planned::Reply(known_or_conflict(same, seq)),
        }
    }

    /// The place of a row of this batch that is the same fact.
    fn earlier(&self, event: &Event) -> Option<usize> {
        rows::fact_key(event, "").and_then(|key| self.keys.get(&key).copied())
    }

    /// Adds what a book showed, unless the journal has it: a fact that changed nothing would be found again in every book. A
    /// report that did not count when it came and counts now is a fact of its own.
    fn push_found<J: Journal>(&mut self, event: Event, engine: &mut Engine<J>, times: Times) {
        let Some(key) = rows::fact_key(&event, "") else {
            self.push(event, engine, times);
            return;
        };
        let in_batch = self.keys.contains_key(&key);
        if !in_batch && !matches!(engine.journal.by_key(&key), Ok(Some(_))) {
            self.push(event, engine, times);
            return;
        }
        let counts = match &event {
            Event::VenueReported(report) => {
                let order = self.state.orders.get(&report.order);
                order.is_some_and(|order| matches!(judge(order, report), Move::To(_)))
            }
            _ => false,
        };
        if counts {
            let index = self.push(event, engine, times);
            let again = format!("{key}:{}", engine.unique());
            if let Some(row) = self.rows.get_mut(index) {
                row.key = Some(again);
            }
        }
    }

    /// Adds a row and folds it. Returns its place in the batch.
    fn push<J: Journal>(&mut self, event: Event, engine: &mut Engine<J>, times: Times) -> usize {
        let index = self.rows.len();
        let unique = engine.unique();
        let new = rows::row(&event, &unique);
        if let Some(key) = &new.key {
            self.keys.entry(key.clone()).or_insert(index);
        }
        self.rows.push(new);
        let mut stream_seq = 0;
        if let Some(account) = rows::decider(&event) {
            self.decided_for.insert(account.clone());
            stream_seq = self.state.account(account).map_or(0, |account| account.decisions) + 1;
        }
        let row =
            Row { seq: self.base + 1 + index as u64, stream_seq, time: times.now.machine, event: &event };
        if let Some(illegal) = apply(&mut self.state, row) {
            self.illegal.insert(row.seq, illegal);
        }
        self.touched.extend(rows::order_of(&event));
        match event {
            Event::Intended(intended) => self.calls.push(intended),
            Event::CallAnswered(answered) if matches!(answered.answer, Answer::Unknown { .. }) => {
                self.doubted.push((answered.intent, true));
            }
            _ => {}
        }
        index
    }

    /// The account whose paper book says this. That book lives in the holder's memory and moves with the lease, so two can exist
    /// for a moment, and only the holder's counts. Calls that never left it are told by whoever made them.
    fn paper_book_of(&self, event: &Event) -> Option<AccountId> {
        let account = match event {
            Event::VenueReported(report) => &report.account,
            Event::TradeReported(trade) => &trade.account,
            Event::CallAnswered(answered)
                if matches!(answered.answer, Answer::Acknowledged { .. } | Answer::Refused { .. }) =>
            {
                &answered.account
            }
            _ => return None,
        };
        let is_paper = self.state.account(account).is_some_and(|held| held.added.class == Class::Paper);
        is_paper.then(|| account.clone())
    }

    /// A venue's fact that the state already has.
    fn knows(&self, event: &Event) -> bool {
        match event {
            Event::TradeReported(trade) => self
                .state
                .account(&trade.account)
                .is_some_and(|account| account.knows_trade(trade.order, &trade.trade_id)),
            Event::CallAnswered(answered) => self
                .state
                .orders
                .get(&answered.intent.order)
                .and_then(|order| order.call(answered.intent.n))
                .is_some_and(|call| !matches!(call.fate, Fate::Waiting | Fate::Unknown)),
            _ => false,
        }
    }
}

const fn known_or_conflict(same: bool, seq: u64) -> Reply {
    if same { Reply::Known { seq } } else { Reply::Conflict { seq } }
}

/// The fact that an input would write.
pub(crate) fn fact_of(input: &Input) -> Option<Event> {
    match input {
        Input::Signal { signal, .. } => Some(Event::SignalReceived(signal.as_ref().clone())),
        Input::Command { command, .. } => Some(Event::OrderCommanded(command.as_ref().clone())),
        Input::Conversion { conversion, .. } => Some(Event::ConversionCommanded(conversion.as_ref().clone())),
        Input::Gtt { command, .. } => Some(Event::GttCommanded(command.as_ref().clone())),
        Input::Venue(event) => Some(event.as_ref().clone()),
        Input::Seen { .. }
        | Input::Control { .. }
        | Input::Sent(..)
        | Input::Book { .. }
        | Input::Judgement { .. } => None,
    }
}

pub(crate) fn ticket_of(input: &Input) -> Option<Ticket> {
    match input {
        Input::Signal { ticket, .. }
        | Input::Command { ticket, .. }
        | Input::Conversion { ticket, .. }
        | Input::Gtt { ticket, .. }
        | Input::Control { ticket, .. }
        | Input::Judgement { ticket, .. } => Some(*ticket),
        Input::Book { ticket, .. } => *ticket,
        Input::Seen { .. } | Input::Venue(_) | Input::Sent(..) => None,
    }
}

/// True when a repeated fact asks for what the first one asked for.
pub(crate) fn same_content(event: &Event, known: &Event) -> bool {
    match (event, known) {
        (Event::SignalReceived(one), Event::SignalReceived(other)) => one.digest == other.digest,
        (Event::OrderCommanded(one), Event::OrderCommanded(other)) => one.digest == other.digest,
        (Event::ConversionCommanded(one), Event::ConversionCommanded(other)) => one == other,
        (Event::GttCommanded(one), Event::GttCommanded(other)) => one == other,
        _ => false,
    }
}
