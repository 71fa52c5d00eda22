//! The venue's book: every order of every account, made of facts and of nothing else.
//!
//! Enters: facts, one after the other, live as after a restart. Leaves: orders and fills. Never here: why a fact
//! came about, clocks, faults.

pub mod ledger;
pub mod portfolio;
pub mod view;

use std::collections::{BTreeMap, VecDeque};

use broker::paper::{OpenOrder, Standing, Terms};
use kite::rest::words::{OrderStatus, Validity};
use trade::request::Changes;
use trade::{Money, OrderType};

use crate::fact::{Fact, Placed, Step};
use ledger::Ledger;

/// All orders and fills, and what arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    lines: BTreeMap<u64, Line>,
    fills: Vec<Fill>,
    ledger: Ledger,
}

/// One order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// As it was taken.
    pub placed: Placed,
    /// Every state it went through, oldest first; never empty.
    pub states: Vec<LineState>,
    /// Changes without an answer, oldest first: they are answered in this order. Absent changes are a cancellation.
    pub unanswered: VecDeque<Option<Changes>>,
    /// True once a modification held.
    pub is_modified: bool,
}

/// One state of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineState {
    /// In the broker's words.
    pub status: OrderStatus,
    /// Why, for people.
    pub message: Option<String>,
    /// Units in all, fills included.
    pub quantity: i64,
    /// How the price is found.
    pub order_type: OrderType,
    /// Limit, in rupees.
    pub price: Option<Money>,
    /// Trigger, in rupees.
    pub trigger_price: Option<Money>,
    /// How long it stays.
    pub validity: Validity,
    /// Units filled.
    pub filled: i64,
    /// Sum of price times units over the fills.
    pub value: Money,
    /// Since when: market time, unix nanoseconds.
    pub at: i64,
}

/// One fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Its number at this venue, from 1.
    pub trade: u64,
    /// Of which order.
    pub order: u64,
    /// Units.
    pub quantity: i64,
    /// In rupees.
    pub price: Money,
    /// When: market time, unix nanoseconds.
    pub at: i64,
}

impl Book {
    /// The book that `facts` make.
    pub fn of<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Book {
        let mut book = Book::default();
        for fact in facts {
            book.apply(fact);
        }
        book
    }

    /// Takes one fact in. A fact about an order that is not here changes nothing.
    pub fn apply(&mut self, fact: &Fact) {
        match fact {
            Fact::Began { .. } => {}
            Fact::Received(received) => self.ledger.received(received),
            Fact::Refused { .. } => self.ledger.refused(),
            Fact::Placed(placed) => {
                self.ledger.placed(placed);
                self.lines.insert(placed.order, Line::of(placed));
            }
            Fact::ChangeTaken { order, changes } => {
                if let Some(line) = self.lines.get_mut(order) {
                    line.unanswered.push_back(changes.clone());
                }
            }
            Fact::Happened { order, at, what } => {
                if let Some(line) = self.lines.get_mut(order) {
                    line.happened(*at, what);
                    if let Step::Filled { trade, quantity, price } = *what {
                        self.fills.push(Fill { trade, order: *order, quantity, price, at: *at });
                    }
                }
            }
        }
    }

    /// The order `id`.
    pub fn line(&self, id: u64) -> Option<&Line> {
        self.lines.get(&id)
    }

    /// All orders, in the order in which they were taken within a day.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.lines.values()
    }

    /// All fills, oldest first.
    pub fn fills(&self) -> &[Fill] {
        &self.fills
    }

    /// What arrived.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The highest order id so far; 0 without orders.
    pub fn newest_order(&self) -> u64 {
        self.lines.last_key_value().map_or(0, |(id, _)| *id)
    }
}

impl Line {
    fn of(placed: &Placed) -> Line {
        let first = LineState {
            status: OrderStatus::PutReceived,
            message: None,
            quantity: placed.quantity,
            order_type: placed.order_type,
            price: placed.price,
            trigger_price: placed.trigger_price,
            validity: placed.validity.clone(),
            filled: 0,
            value: Money::ZERO,
            at: placed.at,
        };
        Line { placed: placed.clone(), states: vec![first], unanswered: VecDeque::new(), is_modified: false }
    }

    /// The newest state.
    pub fn state(&self) -> &LineState {
        // There is always one: the first is made with the line, and none is ever taken away.
        &self.states[self.states.len() - 1]
    }

    /// True while something can still happen to it.
    pub fn is_open(&self) -> bool {
        !self.state().status.is_final()
    }

    /// The order as the matcher takes it back after a restart.
    pub fn open_order(&self) -> Option<OpenOrder> {
        let state = self.state();
        let standing = match state.status {
            _ if !self.is_open() => return None,
            OrderStatus::Open => Standing::Open,
            OrderStatus::TriggerPending => Standing::TriggerPending,
            _ => Standing::Pending,
        };
        let terms = Terms {
            token: self.placed.token,
            side: self.placed.side,
            order_type: state.order_type,
            quantity: state.quantity,
            price: state.price,
            trigger: state.trigger_price,
            validity: match state.validity {
                Validity::Ioc => trade::Validity::Ioc,
                _ => trade::Validity::Day,
            },
            expires_at: self.placed.expires_at(),
        };
        Some(OpenOrder { key: self.placed.order, terms, filled: state.filled, standing })
    }

    fn happened(&mut self, at: i64, what: &Step) {
        let mut state = LineState { message: None, at, ..self.state().clone() };
        match what {
            Step::Opened => state.status = OrderStatus::Open,
            Step::TriggerPending => state.status = OrderStatus::TriggerPending,
            Step::Filled { quantity, price, .. } => {
                state.filled += quantity;
                state.value += price.times(*quantity);
            }
            Step::Completed => state.status = OrderStatus::Complete,
            Step::Cancelled { requested } => {
                if *requested {
                    self.unanswered.pop_front();
                } else {
                    state.message = Some("nothing in the book fills the rest of this IOC order".into());
                }
                state.status = OrderStatus::Cancelled;
            }
            Step::Rejected { message } => {
                state.status = OrderStatus::Rejected;
                state.message = Some(message.clone());
            }
            // The broker has no word for an order whose time is over.
            Step::Expired => {
                state.status = OrderStatus::Cancelled;
                state.message = Some("its validity has ended".into());
            }
            Step::Modified => {
                self.is_modified = true;
                if let Some(Some(changes)) = self.unanswered.pop_front() {
                    state.change(&changes);
                }
            }
            Step::ChangeRefused { message } => {
                self.unanswered.pop_front();
                state.message = Some(message.clone());
            }
        }
        self.states.push(state);
    }
}

impl LineState {
    fn change(&mut self, changes: &Changes) {
        self.order_type = changes.order_type.unwrap_or(self.order_type);
        self.quantity = changes.quantity.unwrap_or(self.quantity);
        self.price = changes.price.or(self.price).filter(|_| self.order_type.has_price());
        self.trigger_price =
            changes.trigger_price.or(self.trigger_price).filter(|_| self.order_type.has_trigger());
        self.validity = match changes.validity {
            Some(trade::Validity::Day) => Validity::Day,
            Some(trade::Validity::Ioc) => Validity::Ioc,
            None => self.validity.clone(),
        };
    }
}

impl Placed {
    /// When it expires by itself, if it has a moment of its own: market time, unix nanoseconds.
    pub fn expires_at(&self) -> Option<i64> {
        let minutes = i64::try_from(self.validity_ttl?).ok()?;
        Some(self.at.saturating_add(minutes.saturating_mul(60_000_000_000)))
    }
}
