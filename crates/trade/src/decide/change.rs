//! Whether an order can be modified or cancelled at all.

use std::sync::Arc;

use crate::event::{Call, Class};
use crate::ids::{AccountId, OrderId};
use crate::order::{Fate, Order};
use crate::reason::{Code, Reason};
use crate::request::{Changes, OrderRequest};
use crate::state::{Account, State};

/// Most modifications of one order that the broker takes.
const MODIFICATIONS_MAX: usize = 25;

/// The open order `id` of `account`, or why there is none.
pub(super) fn open_order<'a>(
    state: &'a State,
    account: &AccountId,
    id: OrderId,
) -> Result<&'a Arc<Order>, Reason> {
    let order = state.orders.get(&id).filter(|order| order.account == *account);
    let order = order.ok_or_else(|| {
        Reason::new(Code::UnknownOrder, format!("The account `{account}` has no order {id}."))
    })?;
    if order.stage.is_ended() {
        return Err(Reason::new(Code::NotOpen, format!("The order {id} is {}.", order.stage.as_str())));
    }
    Ok(order)
}

/// `changes` without prices that the new terms do not have: a venue is not told what means nothing.
pub(super) fn effective(changes: &Changes, request: &OrderRequest) -> Changes {
    Changes {
        price: changes.price.filter(|_| request.order_type.has_price()),
        trigger_price: changes.trigger_price.filter(|_| request.order_type.has_trigger()),
        ..changes.clone()
    }
}

/// What stands against giving `order` the terms `request`, whatever they are worth.
pub(super) fn against_modifying(held: &Account, order: &Order, request: &OrderRequest) -> Vec<Reason> {
    let id = order.id;
    let mut against = Vec::new();
    if order.has_unknown() {
        against.push(fate_unknown(id));
    } else if order.is_busy() {
        let words = format!("A call for the order {id} has no answer yet.");
        against.push(Reason::new(Code::InProgress, words));
    }
    if *request == order.request {
        let words = format!("The order {id} has these terms already.");
        against.push(Reason::new(Code::NothingToChange, words));
    }
    let modified = order.calls.iter().filter(|call| {
        matches!(call.call, Call::Modify(_)) && !matches!(call.fate, Fate::Refused | Fate::NeverReached)
    });
    let modified = modified.count();
    if held.added.class != Class::Paper && modified >= MODIFICATIONS_MAX {
        let words = format!(
            "The order {id} was modified {modified} times; at most {MODIFICATIONS_MAX} are possible."
        );
        against.push(Reason::new(Code::ModificationsExceeded, words));
    }
    let filled = order.filled.max(order.told_filled);
    if request.quantity <= filled {
        let words = format!("{filled} units are filled; the new quantity is {}.", request.quantity);
        against.push(Reason::new(Code::FilledQuantity, words));
    }
    against
}

/// What stands against ending `order`. A modification whose end is not known does not: less is always safe.
pub(super) fn against_cancelling(order: &Order) -> Vec<Reason> {
    let placement_unknown = order.call(1).is_some_and(|call| call.fate == Fate::Unknown);
    if placement_unknown {
        return vec![fate_unknown(order.id)];
    }
    let waits = order.calls.iter().any(|call| call.call == Call::Cancel && call.fate == Fate::Waiting);
    if waits {
        let words = format!("A cancellation of the order {} is under way.", order.id);
        return vec![Reason::new(Code::InProgress, words)];
    }
    Vec::new()
}

pub(super) fn fate_unknown(order: OrderId) -> Reason {
    Reason::new(
        Code::FateUnknown,
        format!("Nobody knows whether a call for the order {order} reached the venue."),
    )
}
