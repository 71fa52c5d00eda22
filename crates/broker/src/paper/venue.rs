//! One paper account: calls in, the facts of a venue out.
//!
//! A placement is acknowledged at once, as a broker does before the exchange has seen the order; a modification or
//! cancellation is answered when it arrives. Where market time stands still nothing arrives until it moves on or
//! [`PaperVenue::end_of_day`] ends it.

use std::collections::{BTreeMap, VecDeque};

use trade::event::{Answer, Call, CallAnswered, TradeReported, VenueReported, VenueStatus};
use trade::request::Changes;
use trade::{AccountId, Event, IntentId, Order, OrderId, Stage, State};

use super::book::BookUpdate;
use super::config::{MatcherConfig, NotTaken};
use super::matcher::Matcher;
use super::order::{OpenOrder, Standing, Terms};
use super::output::{Happening, Output};

/// The kind of every refusal, in the broker's words.
const REFUSED: &str = "OrderException";

/// The venue of one paper account. Everything it knows can be rebuilt from the account's events, so it moves with the account:
/// after an append that failed, or with a new holder, [`PaperVenue::from_state`] makes it anew.
#[derive(Clone, Debug)]
pub struct PaperVenue {
    account: AccountId,
    matcher: Matcher,
    /// Orders that are open or have a call without an answer.
    lines: BTreeMap<OrderId, Line>,
    /// What the matcher has said and is not told yet; empty between calls.
    outputs: Vec<Output>,
    /// What is told at the next [`PaperVenue::drain`]: as much as the calls and books since the last one have caused.
    events: Vec<Event>,
}

/// An order as a broker's book would show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookLine {
    /// Ours.
    pub order: OrderId,
    /// The venue's id of it.
    pub venue_order_id: String,
    /// Its state.
    pub status: VenueStatus,
    /// The terms that hold now.
    pub terms: Terms,
    /// Units filled.
    pub filled: i64,
}

/// What is remembered of an order to report it.
#[derive(Clone, Debug)]
struct Line {
    status: VenueStatus,
    filled: i64,
    /// Of the newest report.
    revision: u64,
    /// Modifications and cancellations without an answer, oldest first: they are answered in this order.
    unanswered: VecDeque<(IntentId, Option<Changes>)>,
}

impl PaperVenue {
    /// The venue of an account without orders.
    pub fn new(config: MatcherConfig, account: AccountId) -> PaperVenue {
        let matcher = Matcher::new(config);
        PaperVenue { account, matcher, lines: BTreeMap::new(), outputs: Vec::new(), events: Vec::new() }
    }

    /// The venue as the account's events tell it, at `now` (market time, unix nanoseconds). Orders are in its book once their
    /// placement was acknowledged; a placement that was only intended, sent or unknown never reached it.
    pub fn from_state(config: MatcherConfig, state: &State, account: &AccountId, now: i64) -> PaperVenue {
        let mut venue = PaperVenue::new(config, account.clone());
        let open = state.account(account).into_iter().flat_map(|account| account.open.iter());
        for order in open.filter_map(|id| state.orders.get(id)) {
            let Some(standing) = standing(order).filter(|_| order.remaining() > 0) else { continue };
            let open = OpenOrder {
                key: order.id.get(),
                terms: Terms::of(&order.request),
                filled: order.filled,
                standing,
            };
            // Fails only for more orders than the venue holds; those are then missing in its book, as reconciliation says.
            if venue.matcher.restore(open, now).is_ok() {
                venue.lines.insert(order.id, Line::of(order, status(standing)));
            }
        }
        venue
    }

    /// Makes a call at `now` (market time, unix nanoseconds). `order` is the order as the state has it: it says where its
    /// revisions have come to. A second placement of an order that is here is not heard.
    pub fn send(&mut self, intent: IntentId, call: &Call, order: &Order, now: i64) {
        let key = intent.order.get();
        let taken = match call {
            Call::Place(request) => match self.matcher.place(key, Terms::of(request), now) {
                Err(NotTaken::KeyInUse) => return,
                Err(full) => Err(full),
                Ok(()) => {
                    self.lines.insert(intent.order, Line::of(order, VenueStatus::Pending));
                    self.answer(intent, acknowledged(intent.order));
                    Ok(())
                }
            },
            Call::Modify(changes) => self.matcher.modify(key, changes, now).inspect(|()| {
                self.line_of(order).unanswered.push_back((intent, Some(changes.clone())));
            }),
            Call::Cancel => self.matcher.cancel(key, now).inspect(|()| {
                self.line_of(order).unanswered.push_back((intent, None));
            }),
        };
        if let Err(full) = taken {
            self.answer(intent, refused(&full.to_string()));
        }
    }

    /// The newest book of an instrument. See [`PaperVenue::wanted`].
    pub fn on_book(&mut self, update: &BookUpdate) {
        self.matcher.on_book(update, &mut self.outputs);
        self.tell();
    }

    /// The day is over for the instruments for which `closed` is true: see [`Matcher::end_of_day`].
    pub fn end_of_day(&mut self, now: i64, closed: impl Fn(u32) -> bool) {
        self.matcher.end_of_day(now, closed, &mut self.outputs);
        self.tell();
    }

    /// What has happened up to `now` (market time, unix nanoseconds) and was not drained before, in order.
    pub fn drain(&mut self, now: i64) -> Vec<Event> {
        self.matcher.advance(now, &mut self.outputs);
        self.tell();
        std::mem::take(&mut self.events)
    }

    /// When there is next something to drain without a new book: market time, unix nanoseconds. What is ready at once does
    /// not count.
    pub fn next_due(&self) -> Option<i64> {
        self.matcher.next_due()
    }

    /// Instruments whose every book is wanted. The newest book of an instrument is also wanted before the first order in it.
    pub fn wanted(&self) -> Vec<u32> {
        self.matcher.wanted()
    }

    /// Every open order, lowest id first, as reconciliation compares it. An order that is not here is not open: it ended, or
    /// it never came.
    pub fn book(&self) -> Vec<BookLine> {
        let mut open: Vec<OpenOrder> = self.matcher.open().collect();
        open.sort_unstable_by_key(|order| order.key);
        let line = |open: OpenOrder| {
            let order = OrderId::new(open.key)?;
            Some(BookLine {
                order,
                venue_order_id: venue_order_id(order),
                status: status(open.standing),
                terms: open.terms,
                filled: open.filled,
            })
        };
        open.into_iter().filter_map(line).collect()
    }

    /// The line that the answer to a change is kept on; every open order has one, so a new one is of an order that has ended.
    fn line_of(&mut self, order: &Order) -> &mut Line {
        self.lines.entry(order.id).or_insert_with(|| Line::of(order, VenueStatus::Cancelled))
    }

    fn answer(&mut self, intent: IntentId, answer: Answer) {
        self.events.push(Event::CallAnswered(CallAnswered { intent, account: self.account.clone(), answer }));
    }

    fn tell(&mut self) {
        for output in std::mem::take(&mut self.outputs) {
            // Every key here was an order id.
            if let Some(order) = OrderId::new(output.key) {
                self.tell_one(order, output.at, output.what);
            }
        }
    }

    fn tell_one(&mut self, order: OrderId, at: i64, what: Happening) {
        let Some(line) = self.lines.get_mut(&order) else { return };
        let mut answered = None;
        let mut reported = None;
        let report = |status, message: Option<&str>| Some((status, None, message.map(str::to_owned)));
        match what {
            Happening::Opened => reported = report(VenueStatus::Open, None),
            Happening::TriggerPending => reported = report(VenueStatus::TriggerPending, None),
            Happening::Completed => reported = report(VenueStatus::Complete, None),
            Happening::Expired => reported = report(VenueStatus::Expired, Some("its validity has ended")),
            Happening::Rejected { message } => reported = report(VenueStatus::Rejected, Some(message)),
            Happening::Cancelled { requested: false } => {
                reported = report(
                    VenueStatus::Cancelled,
                    Some("nothing in the book fills the rest of this IOC order"),
                );
            }
            Happening::Cancelled { requested: true } => {
                answered = line.unanswered.pop_front().map(|(intent, _)| (intent, acknowledged(order)));
                reported = report(VenueStatus::Cancelled, None);
            }
            Happening::Modified => {
                if let Some((intent, changes)) = line.unanswered.pop_front() {
                    answered = Some((intent, acknowledged(order)));
                    reported = Some((line.status, changes, None));
                }
            }
            Happening::ChangeRefused { message } => {
                let refused = |(intent, _)| (intent, refused(message));
                answered = line.unanswered.pop_front().map(refused);
            }
            Happening::Filled { quantity, price } => {
                line.filled += quantity;
                self.events.push(Event::TradeReported(TradeReported {
                    // Numbered by the units filled so far: rises with every trade, and after a restart goes on where it was.
                    trade_id: format!("{}-{}", venue_order_id(order), line.filled),
                    order,
                    account: self.account.clone(),
                    quantity,
                    price,
                    at,
                }));
            }
        }
        if let Some((intent, answer)) = answered {
            self.events.push(Event::CallAnswered(CallAnswered {
                intent,
                account: self.account.clone(),
                answer,
            }));
        }
        if let Some((status, terms, message)) = reported {
            line.status = status;
            line.revision += 1;
            self.events.push(Event::VenueReported(VenueReported {
                order,
                account: self.account.clone(),
                venue_order_id: venue_order_id(order),
                status,
                filled: line.filled,
                terms,
                message,
                revision: line.revision.to_string(),
                at,
            }));
        }
        if line.has_ended() && line.unanswered.is_empty() {
            self.lines.remove(&order);
        }
    }
}

impl Line {
    fn of(order: &Order, status: VenueStatus) -> Line {
        let revision = order.revision.parse().unwrap_or(0);
        Line { status, filled: order.filled, revision, unanswered: VecDeque::new() }
    }

    fn has_ended(&self) -> bool {
        !matches!(self.status, VenueStatus::Pending | VenueStatus::Open | VenueStatus::TriggerPending)
    }
}

fn venue_order_id(order: OrderId) -> String {
    format!("P{order}")
}

fn acknowledged(order: OrderId) -> Answer {
    Answer::Acknowledged { venue_order_id: venue_order_id(order) }
}

fn refused(message: &str) -> Answer {
    Answer::Refused { code: REFUSED.to_owned(), message: message.to_owned() }
}

fn status(standing: Standing) -> VenueStatus {
    match standing {
        Standing::Pending => VenueStatus::Pending,
        Standing::TriggerPending => VenueStatus::TriggerPending,
        Standing::Open => VenueStatus::Open,
    }
}

/// How far an order had come here; `None` when it is not in the book.
fn standing(order: &Order) -> Option<Standing> {
    match order.stage {
        Stage::Acknowledged => Some(Standing::Pending),
        Stage::TriggerPending => Some(Standing::TriggerPending),
        // A partly filled order can have been changed into a stop, which its stage does not say.
        Stage::Open | Stage::PartlyFilled if order.told == Some(VenueStatus::TriggerPending) => {
            Some(Standing::TriggerPending)
        }
        Stage::Open | Stage::PartlyFilled => Some(Standing::Open),
        Stage::Intended
        | Stage::Sent
        | Stage::Unknown
        | Stage::Filled
        | Stage::Cancelled
        | Stage::Rejected
        | Stage::Expired
        | Stage::NeverReached => None,
    }
}
