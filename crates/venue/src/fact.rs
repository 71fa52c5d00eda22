//! What the venue writes down: one fact per line of its log, and the only thing its book is made of.
//!
//! Enters: nothing but values. Leaves: the same as JSON. Never here: what a fact leads to ([`crate::book`]), files.
//!
//! The names and shapes here are the stored format: a field may be added with a default, none may change its meaning.

use kite::rest::words::{Product, Validity};
use serde::{Deserialize, Serialize};
use trade::request::Changes;
use trade::{Money, OrderType, Side};

/// The number of this format. A log of a newer one is refused.
pub const FORMAT: u32 = 1;

/// Something that happened at the venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The first line of a log.
    Began {
        /// See [`FORMAT`].
        format: u32,
    },
    /// A request that would change something has arrived; nothing was done about it yet.
    Received(Received),
    /// It was answered with a refusal, and nothing else came of it.
    Refused {
        /// [`Received::number`].
        number: u64,
        /// In words.
        why: String,
    },
    /// An order was taken.
    Placed(Box<Placed>),
    /// A modification or cancellation was taken; whether it does anything shows later.
    ChangeTaken {
        /// Which order.
        order: u64,
        /// What is to change; absent for a cancellation.
        changes: Option<Changes>,
    },
    /// Something happened to an order.
    Happened {
        /// Which.
        order: u64,
        /// When: market time, unix nanoseconds.
        at: i64,
        /// What.
        what: Step,
    },
}

/// A request that arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Counts all such requests of this venue, from 1.
    pub number: u64,
    /// When: machine time, unix nanoseconds.
    pub at: i64,
    /// Whose.
    pub account: String,
    /// What it asks for.
    pub call: CallKind,
    /// The tag of a placement, as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The order of a modification or cancellation, as it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// A new order.
    Place,
    /// Other terms for an order.
    Modify,
    /// The end of an order.
    Cancel,
}

/// An order as it was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Its id at the venue: the market's date and a number, never used twice.
    pub order: u64,
    /// When: market time, unix nanoseconds.
    pub at: i64,
    /// Whose.
    pub account: String,
    /// The client's mark.
    pub tag: Option<String>,
    /// Where.
    pub exchange: String,
    /// What.
    pub tradingsymbol: String,
    /// The same as a number.
    pub token: u32,
    /// What becomes of the position.
    pub product: Product,
    /// Which way.
    pub side: Side,
    /// How the price is found.
    pub order_type: OrderType,
    /// Units.
    pub quantity: i64,
    /// Limit, in rupees, where the type has one.
    pub price: Option<Money>,
    /// Trigger, in rupees, where the type has one.
    pub trigger_price: Option<Money>,
    /// How long it stays.
    pub validity: Validity,
    /// Minutes, with [`Validity::Ttl`].
    pub validity_ttl: Option<u64>,
    /// How much of it the book would show; shown back, no more.
    pub disclosed_quantity: u64,
    /// As it was asked for; shown back, no more.
    pub market_protection: Option<String>,
    /// Not in the book before this moment of machine time (unix nanoseconds), by a fault.
    pub hidden_until: Option<i64>,
}

/// What can happen to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It is in the book.
    Opened,
    /// It waits for its trigger.
    TriggerPending,
    /// Part of it was traded, or all of it.
    Filled {
        /// Counts the fills of this venue, from 1.
        trade: u64,
        /// Units.
        quantity: i64,
        /// In rupees.
        price: Money,
    },
    /// Everything is filled.
    Completed,
    /// It ended before that: a cancellation arrived, or nothing filled the rest of an IOC order.
    Cancelled {
        /// True when a cancellation arrived.
        requested: bool,
    },
    /// It never entered the book.
    Rejected {
        /// Why.
        message: String,
    },
    /// Its time was over.
    Expired,
    /// The oldest change without an answer holds from now.
    Modified,
    /// The oldest change without an answer did nothing.
    ChangeRefused {
        /// Why.
        message: String,
    },
}
