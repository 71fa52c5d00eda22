//! What open orders may still do: the part of tomorrow's position that is on its way already.

use std::borrow::Cow;
use std::sync::Arc;

use crate::event::Call;
use crate::ids::OrderId;
use crate::order::{Order, Stage};
use crate::request::{OrderRequest, OrderType, Product, Side};
use crate::state::{Account, State};

/// The open orders of an account in one instrument, without the one whose terms are being changed.
pub(super) fn orders<'a>(
    state: &'a State,
    held: &'a Account,
    token: u32,
    without: Option<OrderId>,
) -> impl Iterator<Item = &'a Order> {
    let ids = held.open_by_token.get(&token).into_iter().flat_map(|ids| ids.iter());
    ids.filter(move |id| Some(**id) != without).filter_map(|id| state.orders.get(id)).map(Arc::as_ref)
}

/// The terms that may hold at the venue: those known, and those of modifications whose end is not known.
pub(super) fn possible_terms(order: &Order) -> impl Iterator<Item = Cow<'_, OrderRequest>> {
    let undecided = order.calls.iter().filter_map(|call| match &call.call {
        Call::Modify(changes) if call.fate.is_open() => Some(Cow::Owned(changes.applied_to(&order.request))),
        _ => None,
    });
    std::iter::once(Cow::Borrowed(&order.request)).chain(undecided)
}

/// Most units that may still fill.
pub(super) fn units(order: &Order) -> i64 {
    let most = possible_terms(order).map(|terms| terms.quantity).max().unwrap_or(0);
    most.saturating_sub(order.filled).max(0)
}

/// Units on their way in one product.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OnTheWay {
    pub(super) buys: i64,
    pub(super) sells: i64,
}

impl OnTheWay {
    pub(super) fn add(&mut self, side: Side, units: i64) {
        let sum = match side {
            Side::Buy => &mut self.buys,
            Side::Sell => &mut self.sells,
        };
        *sum = sum.saturating_add(units);
    }

    pub(super) fn of(self, side: Side) -> i64 {
        match side {
            Side::Buy => self.buys,
            Side::Sell => self.sells,
        }
    }

    /// The largest position, long or short, that can come of `position` if any of them fill.
    pub(super) fn worst(self, position: i64) -> i64 {
        let long = position.saturating_add(self.buys);
        let short = self.sells.saturating_sub(position);
        long.max(short).max(0)
    }
}

/// Units on their way per product.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ByProduct([OnTheWay; Product::ALL.len()]);

impl ByProduct {
    pub(super) fn of(&self, product: Product) -> OnTheWay {
        self.0[product as usize]
    }

    pub(super) fn add(&mut self, product: Product, side: Side, units: i64) {
        self.0[product as usize].add(side, units);
    }
}

/// The open orders in one instrument, seen once.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    pub(super) on_the_way: ByProduct,
    /// One with a call whose fate nobody knows.
    pub(super) unknown: Option<OrderId>,
    /// One in the book that the new order would trade against.
    pub(super) crossed: Option<OrderId>,
}

impl Open {
    /// Counts what may fill of `orders` and looks for trouble with `request`.
    pub(super) fn new<'a>(orders: impl Iterator<Item = &'a Order>, request: &OrderRequest) -> Open {
        let mut open = Open::default();
        for order in orders {
            open.on_the_way.add(order.request.product, order.request.side, units(order));
            if open.unknown.is_none() && order.has_unknown() {
                open.unknown = Some(order.id);
            }
            if open.crossed.is_none()
                && possible_terms(order).any(|terms| crosses(request, &terms, order.stage))
            {
                open.crossed = Some(order.id);
            }
        }
        open
    }
}

/// True when `new` would trade against `resting`, which is at `stage`. Orders that wait for a trigger are not in
/// the book.
fn crosses(new: &OrderRequest, resting: &OrderRequest, stage: Stage) -> bool {
    let rests = match resting.order_type {
        OrderType::Market | OrderType::Limit => true,
        OrderType::StopLimit | OrderType::StopMarket => matches!(stage, Stage::Open | Stage::PartlyFilled),
    };
    if !rests || new.order_type.has_trigger() || new.side == resting.side {
        return false;
    }
    match (new.price, resting.price) {
        (Some(new_price), Some(resting_price)) => match new.side {
            Side::Buy => new_price >= resting_price,
            Side::Sell => new_price <= resting_price,
        },
        // A market order trades at any price.
        _ => true,
    }
}
