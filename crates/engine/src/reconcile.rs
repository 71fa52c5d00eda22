//! Journal against book: what a venue says about an account, compared with what is folded. Nothing is adjusted silently: what the
//! venue knows and we did not becomes facts and named differences; doubts end only on the evidence that the rules ask for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use journal::events::Journal;
use trade::event::{
    Answer, Call, CallAnswered, Class, Difference, FateResolved, Found, TradeReported, VenueReported,
    VenueStatus,
};
use trade::order::{Fate, Order, Stage};
use trade::request::{Changes, Product};
use trade::{AccountId, Event, IntentId, Money, OrderId, State};

use crate::engine::{Config, Engine, Times};
use crate::rows::subject;

/// Everything that a venue shows about one account. Times let doubts be judged.
#[derive(Clone, Debug)]
pub struct Book {
    /// Whose.
    pub account: AccountId,
    /// Monotonic nanoseconds before the first read.
    pub started: i64,
    /// Monotonic nanoseconds after the last read.
    pub finished: i64,
    /// Machine time before the first read, unix nanoseconds.
    pub started_at: i64,
    /// Every order of the day.
    pub orders: Vec<BookOrder>,
    /// Every fill of the day.
    pub trades: Vec<BookTrade>,
    /// Net units by token and product, where the venue tells.
    pub positions: Option<Vec<BookPosition>>,
}

/// An order as the venue shows it.
#[derive(Clone, Debug)]
pub struct BookOrder {
    /// Ours, by its tag; absent for orders that did not come from here.
    pub order: Option<OrderId>,
    /// The venue's own id.
    pub venue_order_id: String,
    /// Its state.
    pub status: VenueStatus,
    /// Units filled.
    pub filled: i64,
    /// Its terms.
    pub terms: Changes,
    /// The venue's words.
    pub message: Option<String>,
    /// The venue's revision.
    pub revision: String,
    /// Market time of the newest change, unix nanoseconds.
    pub at: i64,
}

/// A fill as the venue shows it.
#[derive(Clone, Debug)]
pub struct BookTrade {
    /// The venue's id of the order.
    pub venue_order_id: String,
    /// The venue's id of the fill.
    pub trade_id: String,
    /// Units.
    pub quantity: i64,
    /// Price in rupees.
    pub price: Money,
    /// Market time, unix nanoseconds.
    pub at: i64,
}

/// A position as the venue shows it.
#[derive(Clone, Debug)]
pub struct BookPosition {
    /// In what.
    pub token: u32,
    /// With which product.
    pub product: Product,
    /// Net units.
    pub quantity: i64,
}

/// What a comparison found.
pub(crate) struct Compared {
    pub(crate) events: Vec<Event>,
    pub(crate) differences: Vec<Difference>,
    /// Doubted calls that this read of the book did not show, and that count as evidence.
    pub(crate) absent: Vec<IntentId>,
}

/// Calls of unknown fate, and what is known about how they can end.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    by_intent: BTreeMap<IntentId, Doubt>,
}

#[derive(Debug)]
struct Doubt {
    /// The instance that made the call.
    sender: u32,
    /// No read of the book that began earlier is evidence, in monotonic nanoseconds.
    not_before: i64,
    /// When the first read that is evidence had ended.
    first_absent: Option<i64>,
}

impl Doubts {
    pub(crate) fn saw_absent(&mut self, absent: &[IntentId], book: &Book) {
        for intent in absent {
            if let Some(doubt) = self.by_intent.get_mut(intent) {
                doubt.first_absent.get_or_insert(book.finished);
            }
        }
    }
}

impl<J: Journal> Engine<J> {
    /// Remembers when a call that is in doubt can be proven absent. `closed`: whoever made it has said how it ended.
    pub(crate) fn doubt(&mut self, intent: IntentId, closed: bool, times: Times) {
        let sender = self.sender_of(intent);
        let wait = if closed && sender == self.config.instance {
            // We have closed the socket: nothing of it can leave any more.
            self.config.visibility
        } else {
            // One of our own may still be under way, too: the lease was lost and came back meanwhile.
            self.config.send_within + self.config.request_timeout + self.config.visibility
        };
        let doubt = Doubt { sender, not_before: times.mono + wait, first_absent: None };
        self.doubts.by_intent.entry(intent).or_insert(doubt);
    }

    /// The same for all unknown calls of an account that was just taken.
    pub(crate) fn doubt_the_unknown(&mut self, account: &AccountId, times: Times) {
        for intent in calls_of(&self.state, account, Fate::Unknown) {
            self.doubt(intent, false, times);
        }
    }

    /// Forgets the doubts that are over.
    pub(crate) fn forget_doubts(&mut self) {
        let state = &self.state;
        self.doubts.by_intent.retain(|intent, _| is_unknown(state, *intent).is_some());
    }

    /// True while any call of `account`, which this instance holds, has an unknown fate: its book is worth reading again.
    pub fn has_doubts(&self, account: &AccountId) -> bool {
        self.unknown_calls(account) > 0
    }

    /// True while a call of `account` waits for its answer.
    pub fn has_calls_in_flight(&self, account: &AccountId) -> bool {
        self.state.account(account).is_some_and(|account| {
            let open = account.open.iter().filter_map(|order| self.state.orders.get(order));
            open.flat_map(|order| &order.calls).any(|call| call.fate == Fate::Waiting)
        })
    }

    /// Calls of `account`, which this instance holds, that have an unknown fate.
    pub fn unknown_calls(&self, account: &AccountId) -> usize {
        let unknown = |intent| is_unknown(&self.state, intent).is_some_and(|order| order.account == *account);
        self.doubts.by_intent.keys().filter(|intent| unknown(**intent)).count()
    }

    /// The instance that recorded the intent: batches carry its number. An intent that cannot be found is taken for one of
    /// an instance that nobody can prove dead.
    fn sender_of(&mut self, intent: IntentId) -> u32 {
        let rows = self.journal.by_subject(&subject::order(intent.order), usize::MAX).unwrap_or_default();
        let batch = rows.iter().find_map(|row| match crate::rows::event(row) {
            Ok(Event::Intended(intended)) if intended.intent == intent => Some(row.batch),
            _ => None,
        });
        batch.and_then(|batch| u32::try_from(batch >> 32).ok()).unwrap_or(0)
    }
}

/// Compares `book` with what is folded.
pub(crate) fn compare(
    state: &State,
    book: &Book,
    doubts: &Doubts,
    config: &Config,
    dead: &BTreeMap<u32, i64>,
    today: Date,
) -> Compared {
    let mut compared = Compared { events: Vec::new(), differences: Vec::new(), absent: Vec::new() };
    let Some(account) = state.account(&book.account) else { return compared };
    let paper = account.added.class == Class::Paper;
    let mut shown = BTreeSet::new();
    let ours =
        |entry: &BookOrder| entry.order.or_else(|| account.venue_ids.get(&entry.venue_order_id).copied());
    for entry in &book.orders {
        let Some(order) = ours(entry).and_then(|id| state.orders.get(&id)) else {
            if entry.order.is_none() && !account.venue_ids.contains_key(&entry.venue_order_id) {
                let there = format!("{:?}, {} filled", entry.status, entry.filled);
                compared.differ("order_unknown_here", &entry.venue_order_id, "no such order".into(), there);
            }
            continue;
        };
        shown.insert(order.id);
        compared.order(order, entry, book);
    }
    compared.trades(state, account, book, &ours);
    for id in account.open.iter().filter(|id| !shown.contains(*id)) {
        let Some(order) = state.orders.get(id) else { continue };
        let placement = order.calls.first().map(|call| call.fate);
        if placement == Some(Fate::Unknown) {
            // A venue's book covers one day: what is missing from today's says nothing about an earlier day's order.
            if paper || order.day == today {
                compared.missing_placement(order, book, doubts, config, dead, paper);
            }
        } else if order.venue_order_id.is_some() && order.updated < book.started_at {
            compared.differ(
                "order_missing_at_venue",
                id,
                order.stage.as_str().into(),
                "not in the book".into(),
            );
        }
    }
    for id in &shown {
        let Some(order) = state.orders.get(id).filter(|order| order.has_unknown()) else { continue };
        let Some(entry) = book.orders.iter().find(|entry| ours(entry) == Some(*id)) else { continue };
        compared.changes(order, entry, book, doubts, config, dead, paper);
    }
    for intent in doubts.by_intent.keys().filter(|intent| intent.n > 1 && !shown.contains(&intent.order)) {
        // What never was at the venue cannot be changed there.
        let order = is_unknown(state, *intent).filter(|order| order.account == book.account);
        if let Some(order) =
            order.filter(|order| matches!(order.stage, Stage::NeverReached | Stage::Rejected))
        {
            compared.resolve(order, *intent, Found::Absent, book);
        }
    }
    compared.positions(account, book);
    compared
}

impl Compared {
    fn differ(&mut self, code: &str, subject: impl ToString, here: String, there: String) {
        self.differences.push(Difference { code: code.into(), subject: subject.to_string(), here, there });
    }

    /// An order that both know.
    fn order(&mut self, order: &Order, entry: &BookOrder, book: &Book) {
        let intent = IntentId { order: order.id, n: 1 };
        let venue_order_id = entry.venue_order_id.clone();
        match (order.stage, order.calls.first().map(|call| call.fate)) {
            (Stage::NeverReached, _) => {
                self.differ(
                    "order_appeared",
                    order.id,
                    "never reached".into(),
                    format!("{:?}", entry.status),
                );
                self.resolve(order, intent, Found::Appeared { venue_order_id }, book);
            }
            (_, Some(Fate::Unknown)) => self.resolve(order, intent, Found::Reached { venue_order_id }, book),
            (_, Some(Fate::Waiting)) => self.events.push(Event::CallAnswered(CallAnswered {
                intent,
                account: order.account.clone(),
                answer: Answer::Acknowledged { venue_order_id },
            })),
            _ => {}
        }
        let filled = order.filled.max(order.told_filled);
        if same_stage(order.stage, entry.status) && filled == entry.filled {
            return;
        }
        if order.stage.is_ended() && order.updated < book.started_at && entry.revision != order.revision {
            let there = format!("{:?}, {} filled", entry.status, entry.filled);
            self.differ("state", order.id, format!("{}, {filled} filled", order.stage.as_str()), there);
        }
        self.events.push(Event::VenueReported(VenueReported {
            order: order.id,
            account: order.account.clone(),
            venue_order_id: entry.venue_order_id.clone(),
            status: entry.status,
            filled: entry.filled,
            terms: Some(entry.terms.clone()),
            message: entry.message.clone(),
            revision: entry.revision.clone(),
            at: entry.at,
        }));
    }

    fn trades(
        &mut self,
        state: &State,
        account: &trade::state::Account,
        book: &Book,
        ours: &dyn Fn(&BookOrder) -> Option<OrderId>,
    ) {
        for trade in &book.trades {
            let entry = book.orders.iter().find(|entry| entry.venue_order_id == trade.venue_order_id);
            let Some(order) = entry.and_then(ours).and_then(|id| state.orders.get(&id)) else { continue };
            if account.knows_trade(order.id, &trade.trade_id) {
                continue;
            }
            if order.updated < book.started_at && order.stage.is_ended() {
                let there = format!("{} at {}", trade.quantity, trade.price);
                self.differ("trade_missing_here", &trade.trade_id, "no such trade".into(), there);
            }
            // Before the report of its order, so that the order is found whole when the report says so.
            let traded = Event::TradeReported(TradeReported {
                trade_id: trade.trade_id.clone(),
                order: order.id,
                account: order.account.clone(),
                quantity: trade.quantity,
                price: trade.price,
                at: trade.at,
            });
            let first_report = self.events.iter().position(
                |event| matches!(event, Event::VenueReported(reported) if reported.order == order.id),
            );
            match first_report {
                Some(index) => self.events.insert(index, traded),
                None => self.events.push(traded),
            }
        }
    }

    /// A placement of unknown fate that the book does not show.
    fn missing_placement(
        &mut self,
        order: &Order,
        book: &Book,
        doubts: &Doubts,
        config: &Config,
        dead: &BTreeMap<u32, i64>,
        paper: bool,
    ) {
        let intent = IntentId { order: order.id, n: 1 };
        match absence(intent, book, doubts, config, dead, paper) {
            Absence::Proven => self.resolve(order, intent, Found::Absent, book),
            Absence::First => self.absent.push(intent),
            Absence::NoEvidence => {}
        }
    }

    /// Modifications and cancellations of unknown fate, judged by the order as the book shows it.
    #[expect(clippy::too_many_arguments, reason = "the rules of evidence")]
    fn changes(
        &mut self,
        order: &Order,
        entry: &BookOrder,
        book: &Book,
        doubts: &Doubts,
        config: &Config,
        dead: &BTreeMap<u32, i64>,
        paper: bool,
    ) {
        for intent in calls_with(order, Fate::Unknown).filter(|intent| intent.n > 1) {
            let Some(call) = order.call(intent.n) else { continue };
            let took_effect = match &call.call {
                Call::Cancel => entry.status == VenueStatus::Cancelled,
                Call::Modify(changes) => holds(&entry.terms, changes),
                Call::Place(_) => false,
            };
            if took_effect {
                let venue_order_id = entry.venue_order_id.clone();
                self.resolve(order, intent, Found::Reached { venue_order_id }, book);
                continue;
            }
            // What has ended at the venue cannot be changed any more, whatever still arrives there.
            let absence = if is_over(entry.status) {
                Absence::Proven
            } else {
                absence(intent, book, doubts, config, dead, paper)
            };
            match absence {
                Absence::Proven => self.resolve(order, intent, Found::Absent, book),
                Absence::First => self.absent.push(intent),
                Absence::NoEvidence => {}
            }
        }
    }

    fn positions(&mut self, account: &trade::state::Account, book: &Book) {
        let Some(there) = &book.positions else { return };
        let mut net: BTreeMap<(u32, Product), (i64, i64)> = BTreeMap::new();
        for ((token, product), position) in &account.positions {
            net.entry((*token, *product)).or_default().0 = position.quantity;
        }
        for position in there {
            net.entry((position.token, position.product)).or_default().1 = position.quantity;
        }
        // Fills that this very comparison takes in are no difference of positions.
        for event in &self.events {
            if matches!(event, Event::TradeReported(_)) {
                return;
            }
        }
        for ((token, product), (here, there)) in net {
            let moving = account.open_by_token.get(&token).is_some_and(|open| open.iter().next().is_some());
            if here != there && !moving {
                self.differ("position", format!("{token} {product}"), here.to_string(), there.to_string());
            }
        }
    }

    fn resolve(&mut self, order: &Order, intent: IntentId, found: Found, book: &Book) {
        let evidence = match found {
            Found::Absent => {
                "two complete reads of the venue's book after the last moment it could have left"
            }
            Found::Reached { .. } | Found::Appeared { .. } => "the venue's book shows it",
        };
        self.events.push(Event::FateResolved(FateResolved {
            intent,
            account: book.account.clone(),
            found,
            evidence: evidence.into(),
        }));
        debug_assert_eq!(order.id, intent.order);
    }
}

enum Absence {
    Proven,
    First,
    NoEvidence,
}

/// Whether a book that does not show a call proves that it never arrived: its sender can write no more, the last moment at which
/// it can have left and become visible has passed, and two complete reads lie a visibility delay apart.
fn absence(
    intent: IntentId,
    book: &Book,
    doubts: &Doubts,
    config: &Config,
    dead: &BTreeMap<u32, i64>,
    paper: bool,
) -> Absence {
    let Some(doubt) = doubts.by_intent.get(&intent) else { return Absence::NoEvidence };
    let died = dead.get(&doubt.sender).copied();
    if doubt.sender != config.instance && died.is_none() {
        return Absence::NoEvidence;
    }
    if paper {
        // The paper book is the fold of our own events: one look is all there is to see.
        return Absence::Proven;
    }
    // One that hung may have written its last bytes just before it died.
    let last_arrival = died.map_or(i64::MIN, |died| died + config.request_timeout + config.visibility);
    if book.started < doubt.not_before.max(last_arrival) {
        return Absence::NoEvidence;
    }
    match doubt.first_absent {
        Some(first) if book.started >= first + config.visibility => Absence::Proven,
        Some(_) => Absence::NoEvidence,
        None => Absence::First,
    }
}

/// The order of a call whose fate is unknown.
fn is_unknown(state: &State, intent: IntentId) -> Option<&Order> {
    let order = state.orders.get(&intent.order)?;
    order.call(intent.n).filter(|call| call.fate == Fate::Unknown).map(|_| order.as_ref())
}

/// All calls of `account` with that fate, also of orders that have ended meanwhile. Looks at every order that is kept.
pub(crate) fn calls_of(state: &State, account: &AccountId, fate: Fate) -> Vec<IntentId> {
    let orders = state.orders.values().filter(|order| order.account == *account);
    orders.flat_map(|order| calls_with(order, fate)).collect()
}

fn calls_with(order: &Order, fate: Fate) -> impl Iterator<Item = IntentId> + '_ {
    let calls = order.calls.iter().zip(1..).filter(move |(call, _)| call.fate == fate);
    calls.map(|(_, n)| IntentId { order: order.id, n })
}

/// True when every changed term is as it was asked for.
fn holds(terms: &Changes, asked: &Changes) -> bool {
    fn same<T: PartialEq>(term: &Option<T>, asked: &Option<T>) -> bool {
        asked.is_none() || term == asked
    }
    same(&terms.quantity, &asked.quantity)
        && same(&terms.order_type, &asked.order_type)
        && same(&terms.price, &asked.price)
        && same(&terms.trigger_price, &asked.trigger_price)
        && same(&terms.validity, &asked.validity)
}

const fn is_over(status: VenueStatus) -> bool {
    use VenueStatus::{Cancelled, Complete, Expired, Rejected};
    matches!(status, Complete | Cancelled | Rejected | Expired)
}

fn same_stage(stage: Stage, status: VenueStatus) -> bool {
    match status {
        VenueStatus::Pending => !matches!(stage, Stage::Intended | Stage::Sent | Stage::Unknown),
        VenueStatus::Open => matches!(stage, Stage::Open | Stage::PartlyFilled),
        VenueStatus::TriggerPending => stage == Stage::TriggerPending,
        VenueStatus::Complete => stage == Stage::Filled,
        VenueStatus::Cancelled => stage == Stage::Cancelled,
        VenueStatus::Rejected => stage == Stage::Rejected,
        VenueStatus::Expired => stage == Stage::Expired,
    }
}
