//! What arrived at the venue, counted: the evidence against a client that sends anything twice.
//!
//! Enters: requests as they arrive, orders as they are taken. Leaves: counts per tag, per order and in all.
//! Never here: what became of an order in the market.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::fact::{CallKind, Placed, Received};

/// The counts. Requests count when they arrive, whatever became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Over all accounts.
    pub totals: Totals,
    /// By account, then tag; placements without a tag stand under an empty one.
    pub tags: BTreeMap<String, BTreeMap<String, TagCount>>,
    /// By account, then order id as the request wrote it.
    pub orders: BTreeMap<String, BTreeMap<String, OrderCount>>,
}

/// All requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Requests that would change something.
    pub requests: u64,
    /// Placements among them.
    pub placements: u64,
    /// Modifications among them.
    pub modifications: u64,
    /// Cancellations among them.
    pub cancellations: u64,
    /// Requests that were answered with a refusal.
    pub refused: u64,
    /// Orders that were taken.
    pub orders: u64,
    /// Tags under which more than one placement arrived.
    pub doubled_tags: u64,
}

/// One tag of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TagCount {
    /// How many placements arrived under it: two are a double.
    pub placements: u64,
    /// Orders that were taken under it.
    pub orders: Vec<String>,
}

/// One order of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OrderCount {
    /// Its tag, if such an order was taken and has one.
    pub tag: Option<String>,
    /// Modifications that arrived for it.
    pub modifications: u64,
    /// Cancellations that arrived for it.
    pub cancellations: u64,
}

impl Ledger {
    pub(super) fn received(&mut self, received: &Received) {
        self.totals.requests = received.number;
        let order = received.order_id.clone().unwrap_or_default();
        match received.call {
            CallKind::Place => {
                self.totals.placements += 1;
                let tag = received.tag.clone().unwrap_or_default();
                let tagged = !tag.is_empty();
                let count = self.tags.entry(received.account.clone()).or_default().entry(tag).or_default();
                count.placements += 1;
                self.totals.doubled_tags += u64::from(tagged && count.placements == 2);
            }
            CallKind::Modify => {
                self.totals.modifications += 1;
                self.order(&received.account, order).modifications += 1;
            }
            CallKind::Cancel => {
                self.totals.cancellations += 1;
                self.order(&received.account, order).cancellations += 1;
            }
        }
    }

    pub(super) const fn refused(&mut self) {
        self.totals.refused += 1;
    }

    pub(super) fn placed(&mut self, placed: &Placed) {
        self.totals.orders += 1;
        let id = placed.order.to_string();
        let tag = placed.tag.clone().unwrap_or_default();
        self.tags.entry(placed.account.clone()).or_default().entry(tag).or_default().orders.push(id.clone());
        self.order(&placed.account, id).tag = placed.tag.clone();
    }

    fn order(&mut self, account: &str, id: String) -> &mut OrderCount {
        self.orders.entry(account.to_owned()).or_default().entry(id).or_default()
    }
}
