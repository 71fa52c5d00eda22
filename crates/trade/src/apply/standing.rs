//! Which orders are open and which ended ones are still kept: the indexes that follow every change of an order.

use std::sync::Arc;

use crate::apply::{Row, account_mut};
use crate::ids::{AccountId, OrderId};
use crate::order::Order;
use crate::state::{Account, ENDED_KEPT, State};

/// `order`, if there is one of `account`.
pub(super) fn known<'a>(state: &'a State, order: OrderId, account: &AccountId) -> Option<&'a Order> {
    state.orders.get(&order).map(Arc::as_ref).filter(|order| order.account == *account)
}

/// Changes an order that is known, and all indexes that depend on how it stands.
pub(super) fn change(state: &mut State, row: Row<'_>, order: OrderId, change: impl FnOnce(&mut Order)) {
    let Some(changed) = state.orders.get_mut(&order).map(Arc::make_mut) else { return };
    let (was_ended, was_settled) = (changed.stage.is_ended(), changed.is_settled());
    change(changed);
    (changed.updated, changed.seq) = (row.time, row.seq);
    let (is_ended, is_settled) = (changed.stage.is_ended(), changed.is_settled());
    if was_ended != is_ended {
        let token = changed.request.contract.token;
        let name = changed.account.clone();
        if let Some(account) = account_mut(state, &name) {
            if is_ended { remove_open(account, order, token) } else { insert_open(account, order, token) }
        }
    }
    if is_settled && !was_settled {
        keep_ended(state, order);
    }
}

pub(super) fn insert_open(account: &mut Account, order: OrderId, token: u32) {
    account.open.insert_mut(order);
    if !account.open_by_token.contains_key(&token) {
        account.open_by_token.insert_mut(token, Default::default());
    }
    if let Some(same_token) = account.open_by_token.get_mut(&token) {
        same_token.insert_mut(order);
    }
}

fn remove_open(account: &mut Account, order: OrderId, token: u32) {
    account.open.remove_mut(&order);
    if let Some(same_token) = account.open_by_token.get_mut(&token) {
        same_token.remove_mut(&order);
        if same_token.is_empty() {
            account.open_by_token.remove_mut(&token);
        }
    }
}

/// Puts an order, or the name of one that was never placed, among the ended ones; the oldest go when there are too many.
pub(super) fn keep_ended(state: &mut State, order: OrderId) {
    state.ended_orders.enqueue_mut(order);
    while state.ended_orders.len() > ENDED_KEPT {
        let Some(oldest) = state.ended_orders.peek().copied() else { return };
        state.ended_orders.dequeue_mut();
        forget(state, oldest);
    }
}

fn forget(state: &mut State, order: OrderId) {
    if let Some(ended) = state.orders.get(&order) {
        // It appeared at the venue, or was called on, after its end: it comes here again when that has ended.
        if !ended.is_settled() {
            return;
        }
        let (name, venue_order_id) = (ended.account.clone(), ended.venue_order_id.clone());
        if let (Some(account), Some(venue_order_id)) = (account_mut(state, &name), venue_order_id) {
            account.venue_ids.remove_mut(&venue_order_id);
        }
        state.orders.remove_mut(&order);
    }
    if let Some(client) = state.client_names.get(&order).cloned() {
        state.clients.remove_mut(&client);
        state.client_names.remove_mut(&order);
    }
}
