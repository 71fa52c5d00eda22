//! Changes of one account's orders on their way to one socket.
//!
//! Enters: the desk's updates. Leaves: each changed order as it stood after the change; what changed one order stays in order.
//! Never here: dialects. A socket that has fallen too far behind gets the newest state of every order that has changed
//! meanwhile, and so misses steps but never an outcome.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use trade::{AccountId, Order};

use crate::trading::Desk;

/// Orders that change in one append are told in any order: after a gap, what changed within so many rows before the newest
/// told one is told again.
const SAME_APPEND: u64 = 16_384;

/// Which accounts' orders a socket is told about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// One account's.
    Account(AccountId),
    /// Everybody's: the key is bound to no account.
    All,
}

impl Whose {
    fn includes(&self, order: &Order) -> bool {
        match self {
            Whose::Account(account) => order.account == *account,
            Whose::All => true,
        }
    }
}

/// See the module.
pub struct OrderFeed {
    desk: Arc<Desk>,
    updates: broadcast::Receiver<Arc<Order>>,
    whose: Whose,
    /// Everything up to this row was told, or is waiting, or was over before.
    floor: u64,
    /// The row of the newest update that was told.
    newest: u64,
    waiting: VecDeque<Arc<Order>>,
}

impl std::fmt::Debug for OrderFeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OrderFeed").field("whose", &self.whose).finish_non_exhaustive()
    }
}

impl OrderFeed {
    /// Changes from now on.
    pub fn new(desk: Arc<Desk>, whose: Whose) -> OrderFeed {
        // In this order: what changes in between comes through the channel.
        let updates = desk.updates();
        let floor = desk.state().seq;
        OrderFeed { desk, updates, whose, floor, newest: floor, waiting: VecDeque::new() }
    }

    /// First the orders that are open now.
    pub fn with_open(mut self) -> OrderFeed {
        self.queue(|order| !order.stage.is_ended());
        self
    }

    /// First the orders that have changed after the row `after`.
    pub fn with_changes_after(mut self, after: u64) -> OrderFeed {
        self.queue(|order| order.seq > after);
        self
    }

    /// The next change. Cancel-safe.
    pub async fn next(&mut self) -> Arc<Order> {
        loop {
            if let Some(order) = self.waiting.pop_front() {
                return order;
            }
            match self.updates.recv().await {
                Ok(order) => {
                    self.newest = self.newest.max(order.seq);
                    if order.seq > self.floor && self.whose.includes(&order) {
                        return order;
                    }
                }
                Err(RecvError::Lagged(_)) => {
                    let after = self.newest.saturating_sub(SAME_APPEND);
                    self.queue(|order| order.seq > after);
                }
                // The desk has ended, and so will the socket.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    fn queue(&mut self, wanted: impl Fn(&Order) -> bool) {
        let state = self.desk.state();
        let mut changed: Vec<Arc<Order>> = state
            .orders
            .values()
            .filter(|order| self.whose.includes(order) && wanted(order))
            .cloned()
            .collect();
        changed.sort_by_key(|order| order.seq);
        self.waiting = changed.into();
        (self.floor, self.newest) = (state.seq, state.seq);
    }
}
