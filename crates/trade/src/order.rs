//! One order: where it stands, what it may do next.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::event::{Call, KiteFields, VenueStatus};
use crate::ids::{AccountId, IntentId, OrderId, SignalId};
use crate::money::Money;
use crate::request::OrderRequest;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Decided and durable; nothing is known of the venue.
    Intended,
    /// Handed to the venue; no answer yet.
    Sent,
    /// Nobody knows whether the placement reached the venue.
    Unknown,
    /// The venue has it; it has not said that it is in the book.
    Acknowledged,
    /// Waits for its trigger.
    TriggerPending,
    /// In the book.
    Open,
    /// In the book, filled in part.
    PartlyFilled,
    /// Filled whole.
    Filled,
    /// Ended by a cancellation; may be filled in part.
    Cancelled,
    /// Refused by the venue.
    Rejected,
    /// Ended by its validity; may be filled in part.
    Expired,
    /// Never at the venue, and never will be.
    NeverReached,
}

impl Stage {
    /// All of them.
    pub const ALL: [Stage; 12] = [
        Stage::Intended,
        Stage::Sent,
        Stage::Unknown,
        Stage::Acknowledged,
        Stage::TriggerPending,
        Stage::Open,
        Stage::PartlyFilled,
        Stage::Filled,
        Stage::Cancelled,
        Stage::Rejected,
        Stage::Expired,
        Stage::NeverReached,
    ];

    /// The word on the native API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Stage::Intended => "intended",
            Stage::Sent => "sent",
            Stage::Unknown => "unknown",
            Stage::Acknowledged => "acknowledged",
            Stage::TriggerPending => "trigger_pending",
            Stage::Open => "open",
            Stage::PartlyFilled => "partly_filled",
            Stage::Filled => "filled",
            Stage::Cancelled => "cancelled",
            Stage::Rejected => "rejected",
            Stage::Expired => "expired",
            Stage::NeverReached => "never_reached",
        }
    }

    /// True when nothing more is expected of it.
    pub const fn is_ended(self) -> bool {
        matches!(
            self,
            Stage::Filled | Stage::Cancelled | Stage::Rejected | Stage::Expired | Stage::NeverReached
        )
    }
}

/// An order and everything that was told about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Ours.
    pub id: OrderId,
    /// Whose.
    pub account: AccountId,
    /// The terms that hold now.
    pub request: OrderRequest,
    /// Where it stands.
    pub stage: Stage,
    /// Units filled: the sum of its trades.
    pub filled: i64,
    /// Sum of price times quantity of its trades, in rupees.
    pub value: Money,
    /// The venue's count of filled units, where it has run ahead of the trades.
    pub told_filled: i64,
    /// Its calls, oldest first; their number is the `n` of the newest.
    pub calls: Vec<CallState>,
    /// The venue's own id.
    pub venue_order_id: Option<String>,
    /// The newest revision that the venue reported.
    pub revision: String,
    /// The venue's word in that revision.
    pub told: Option<VenueStatus>,
    /// What caused it.
    pub signal: Option<SignalId>,
    /// The client's tag.
    pub tag: Option<String>,
    /// Kite fields to give back.
    pub kite: Option<KiteFields>,
    /// The venue's newest words.
    pub message: Option<String>,
    /// True once a modification took effect.
    pub modified: bool,
    /// Its trading day.
    pub day: Date,
    /// When it was intended: machine time, unix nanoseconds.
    pub created: i64,
    /// The newest event about it: machine time, unix nanoseconds.
    pub updated: i64,
    /// The row of the newest event about it.
    pub seq: u64,
}

/// One call and how it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallState {
    /// What.
    pub call: Call,
    /// How it went.
    pub fate: Fate,
    /// Machine time after which it is not sent, unix nanoseconds.
    pub send_by: i64,
}

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Intended or sent: no answer yet.
    Waiting,
    /// Nobody knows.
    Unknown,
    /// The venue took it.
    Acknowledged,
    /// The venue refused it.
    Refused,
    /// It never left, or is proven absent.
    NeverReached,
}

impl Fate {
    /// True while the call has no certain end.
    pub const fn is_open(self) -> bool {
        matches!(self, Fate::Waiting | Fate::Unknown)
    }
}

impl Order {
    /// Units that may still fill.
    pub fn remaining(&self) -> i64 {
        if self.stage.is_ended() { 0 } else { self.request.quantity.saturating_sub(self.filled).max(0) }
    }

    /// Mean fill price; zero without fills.
    pub fn average_price(&self) -> Money {
        self.value.per(self.filled)
    }

    /// The id of its newest call.
    pub fn newest_intent(&self) -> IntentId {
        IntentId { order: self.id, n: u32::try_from(self.calls.len()).unwrap_or(u32::MAX) }
    }

    /// The call `n`, counted from 1.
    pub fn call(&self, n: u32) -> Option<&CallState> {
        self.calls.get(usize::try_from(n).ok()?.checked_sub(1)?)
    }

    /// True while a call has no certain end: no further modification is sent meanwhile.
    pub fn is_busy(&self) -> bool {
        self.calls.iter().any(|call| call.fate.is_open())
    }

    /// True when the fate of any of its calls is unknown.
    pub fn has_unknown(&self) -> bool {
        self.calls.iter().any(|call| call.fate == Fate::Unknown)
    }

    /// True when it has ended and so has each of its calls: it may be forgotten.
    pub fn is_settled(&self) -> bool {
        self.stage.is_ended() && !self.is_busy()
    }

    /// Units that fill it whole. A modification whose end is not known may have raised them: fills of the raised part may
    /// be told before the answer is.
    pub fn whole(&self) -> i64 {
        let raised =
            self.calls.iter().filter(|call| call.fate.is_open()).filter_map(|call| match &call.call {
                Call::Modify(changes) => changes.quantity,
                Call::Place(_) | Call::Cancel => None,
            });
        raised.fold(self.request.quantity, i64::max)
    }

    /// True when the venue calls it by another id than `venue_order_id`: then there are two orders for one of ours.
    pub fn is_other_at_venue(&self, venue_order_id: &str) -> bool {
        !venue_order_id.is_empty()
            && self.venue_order_id.as_ref().is_some_and(|known| known != venue_order_id)
    }
}
