//! Is it an accident: the same order again, or an order against one's own.

use super::case::Case;
use crate::order::{Order, Stage};
use crate::reason::{Code, Reason};

/// An equal order a moment ago; of slices, one that is equal to any of them. One that never came to the book does not
/// count: trying again is meant.
pub(super) fn duplicate(case: &Case<'_>, against: &mut Vec<Reason>) {
    let Some(window_ms) = case.limits().duplicate_window_ms.filter(|_| case.before.is_none()) else { return };
    let since = case.now.machine.saturating_sub(i64::from(window_ms) * 1_000_000);
    let recent = case.held.recent.iter().filter(|placed| placed.at > since);
    let equal =
        recent.filter_map(|placed| case.state.orders.get(&placed.order)).find(|order| is_equal(case, order));
    if let Some(order) = equal {
        let words = format!("It is equal to the order {}, placed less than {window_ms} ms ago.", order.id);
        against.push(Reason::new(Code::Duplicate, words));
    }
}

fn is_equal(case: &Case<'_>, order: &Order) -> bool {
    let (new, old) = (case.request, &order.request);
    !matches!(order.stage, Stage::Rejected | Stage::NeverReached)
        && new.contract.token == old.contract.token
        && new.side == old.side
        && case.sizes.as_ref().map_or(new.quantity == old.quantity, |sizes| sizes.contains(&old.quantity))
        && new.order_type == old.order_type
        && new.price == old.price
        && new.trigger_price == old.trigger_price
}

/// Against a resting order of the same account.
pub(super) fn self_cross(case: &Case<'_>, against: &mut Vec<Reason>) {
    if let Some(order) = case.open.crossed {
        let words = format!("It would trade against the order {order} of the same account.");
        against.push(Reason::new(Code::SelfCross, words));
    }
}
