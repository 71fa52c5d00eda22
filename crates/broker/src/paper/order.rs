//! One order in the matcher.

use trade::request::Changes;
use trade::{Money, OrderRequest, OrderType, Side, Validity};

/// What an order asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Which instrument.
    pub token: u32,
    /// Which way.
    pub side: Side,
    /// How the price is found.
    pub order_type: OrderType,
    /// Units in all, fills included.
    pub quantity: i64,
    /// Limit, in rupees; absent where the type has none.
    pub price: Option<Money>,
    /// Trigger, in rupees; absent where the type has none.
    pub trigger: Option<Money>,
    /// How long it stays.
    pub validity: Validity,
    /// Expires at this moment of market time, unix nanoseconds; absent: at the end of the day.
    pub expires_at: Option<i64>,
}

impl Terms {
    /// The terms of `request`, until the end of the day.
    pub fn of(request: &OrderRequest) -> Terms {
        Terms {
            token: request.contract.token,
            side: request.side,
            order_type: request.order_type,
            quantity: request.quantity,
            price: request.price,
            trigger: request.trigger_price,
            validity: request.validity,
            expires_at: None,
        }
    }

    /// These terms as `changes` would have them: prices that the new type does not have are gone.
    pub(super) fn changed(&self, changes: &Changes) -> Terms {
        let order_type = changes.order_type.unwrap_or(self.order_type);
        Terms {
            order_type,
            quantity: changes.quantity.unwrap_or(self.quantity),
            price: changes.price.or(self.price).filter(|_| order_type.has_price()),
            trigger: changes.trigger_price.or(self.trigger).filter(|_| order_type.has_trigger()),
            validity: changes.validity.unwrap_or(self.validity),
            ..*self
        }
    }

    /// What the order is bound to; `None`: whatever the book says.
    pub(super) fn limit(&self) -> Option<Money> {
        self.price.filter(|_| self.order_type.has_price())
    }

    /// Why no venue would take it, if so. Lots, ticks and bands are for risk to judge.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if self.quantity <= 0 {
            Some("the quantity must be above zero")
        } else if self.order_type.has_price() && self.price.is_none() {
            Some("an order of this type needs a price")
        } else if self.order_type.has_trigger() && self.trigger.is_none() {
            Some("an order of this type needs a trigger price")
        } else {
            None
        }
    }

    /// True once `last` has reached the trigger.
    pub(super) fn is_touched(&self, last: Option<Money>) -> bool {
        match (last, self.trigger) {
            (Some(last), Some(trigger)) => match self.side {
                Side::Buy => last >= trigger,
                Side::Sell => last <= trigger,
            },
            _ => false,
        }
    }
}

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Handed over; has not arrived.
    Pending,
    /// Waits for its trigger.
    TriggerPending,
    /// In the book.
    Open,
}

/// An order that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// Which.
    pub key: u64,
    /// The terms that hold now.
    pub terms: Terms,
    /// Units filled.
    pub filled: i64,
    /// How far it has come, as far as that was told.
    pub standing: Standing,
}

/// An order and what the matcher remembers of it.
#[derive(Clone, Debug)]
pub(super) struct Working {
    pub(super) key: u64,
    pub(super) terms: Terms,
    pub(super) filled: i64,
    /// The last of `Opened` and `TriggerPending` that was told: neither is told twice in a row.
    pub(super) told: Standing,
    /// A stop order that has become an ordinary one.
    pub(super) is_triggered: bool,
    /// Rank by arrival, or by the last change that lost its place.
    pub(super) arrival: u64,
    /// Units of others before it at its price; `None` while its level is not visible.
    pub(super) ahead: Option<i64>,
}

impl Working {
    pub(super) fn new(key: u64, terms: Terms) -> Working {
        Working {
            key,
            terms,
            filled: 0,
            told: Standing::Pending,
            is_triggered: false,
            arrival: 0,
            ahead: None,
        }
    }

    pub(super) fn remaining(&self) -> i64 {
        (self.terms.quantity - self.filled).max(0)
    }

    /// True while it only waits for its trigger.
    pub(super) fn is_waiting(&self) -> bool {
        self.terms.order_type.has_trigger() && !self.is_triggered
    }

    pub(super) fn rank(&self) -> Rank {
        let limit = self.terms.limit().map(Money::billionths);
        let group = match (self.is_waiting(), self.terms.side) {
            (false, Side::Buy) => Group::Buying,
            (false, Side::Sell) => Group::Selling,
            (true, _) => Group::Waiting,
        };
        let price = match group {
            Group::Waiting => 0,
            Group::Buying => limit.map_or(i128::MIN, i128::saturating_neg),
            Group::Selling => limit.unwrap_or(i128::MIN),
        };
        Rank { group, price, arrival: self.arrival }
    }

    pub(super) fn open_order(&self) -> OpenOrder {
        OpenOrder { key: self.key, terms: self.terms, filled: self.filled, standing: self.told }
    }
}

/// Who is served first among our orders of one instrument: best price, then first come. Waiting stops come last, by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) group: Group,
    price: i128,
    arrival: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Buying,
    Selling,
    Waiting,
}
