//! Is the order small enough, and the account's book not full.

use super::case::Case;
use super::worth::worth;
use crate::reason::{Code, Reason};
use crate::view::Quote;

/// Units of one order; of all its slices together.
pub(super) fn order_quantity(case: &Case<'_>, against: &mut Vec<Reason>) {
    let quantity = case.request.quantity;
    if let Some(limit) = case.limits().order_quantity.filter(|limit| quantity > *limit && case.adds_units()) {
        let words = format!("The quantity is {quantity}; the account's limit is {limit} units in one order.");
        against.push(Reason::new(Code::OrderQuantity, words));
    }
}

/// Value of one order; of all its slices together.
pub(super) fn order_notional(case: &Case<'_>, quote: &Quote, against: &mut Vec<Reason>) {
    let Some(limit) = case.limits().order_notional.filter(|_| case.adds_risk()) else { return };
    let value = worth(case.price(quote), case.request.quantity);
    if value > limit {
        let words =
            format!("The order is worth {value} rupees; the account's limit is {limit} in one order.");
        against.push(Reason::new(Code::OrderNotional, words));
    }
}

/// Orders that are open or on their way.
pub(super) fn open_orders(case: &Case<'_>, against: &mut Vec<Reason>) {
    let open = case.held.open.size();
    let Some(limit) = case.limits().open_orders.filter(|_| case.before.is_none()) else { return };
    let more = usize::try_from(case.calls()).unwrap_or(usize::MAX);
    if open.saturating_add(more) > usize::try_from(limit).unwrap_or(usize::MAX) {
        let more = if more == 1 { String::new() } else { format!(" and this would be {more}") };
        let words = format!("{open} orders are open{more}; the account's limit is {limit}.");
        against.push(Reason::new(Code::OpenOrders, words));
    }
}
