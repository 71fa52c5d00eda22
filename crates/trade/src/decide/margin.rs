//! Are there funds for the order, and holdings for a delivery. Only where `margin_percent` is set; meant for paper
//! money: a broker knows its margins better.
//!
//! Shares and options bought are paid in full. Futures, options sold and shares sold short block `margin_percent`
//! of price times quantity (of an option: of its premium), and their losses count while their gains do not: what a
//! future cost is not spent, what a short sale brought in is not there to be spent. What closes a position needs
//! nothing. Every open order counts with what it would need. Without a last price a position counts at its mean
//! price and an open market order at nothing.

use std::collections::BTreeMap;

use super::case::Case;
use super::open;
use super::worth::{magnitude, minus, percent, plus, worth};
use crate::contract::Kind;
use crate::ids::OrderId;
use crate::money::Money;
use crate::position::Position;
use crate::reason::{Code, Reason};
use crate::request::{OrderRequest, Product, Side};
use crate::state::{Account, State};
use crate::view::Quote;

/// The funds cover it. Looks at every position and open order of the account.
pub(super) fn funds(case: &Case<'_>, quote: &Quote, against: &mut Vec<Reason>) {
    let Some(share) = case.limits().margin_percent.filter(|_| case.adds_risk()) else { return };
    let before = case.before.map(|order| order.id);
    let (free, mut closable) = free(case.state, case.held, before, &case.marks, share);
    let opening = closable.take(case.request, case.units());
    let need = need(case.request, opening, case.price(quote), share);
    if need > Money::ZERO && need > free {
        let words = format!("The order needs {need} rupees; {free} are free.");
        against.push(Reason::new(Code::Margin, words));
    }
}

/// What is free beside positions and open orders, in rupees, and what further orders can still close. The order `before`
/// is left out.
pub(super) fn free(
    state: &State,
    held: &Account,
    before: Option<OrderId>,
    marks: &BTreeMap<u32, Money>,
    share: u32,
) -> (Money, Closable) {
    let mark = |token: u32| marks.get(&token).copied();
    let mut closable = Closable::default();
    let marked = held.positions.values().map(|position| (position.as_ref(), mark(position.contract.token)));
    let mut free = free_beside_positions(held.cash, marked, share);
    held.positions.values().for_each(|position| closable.add(position));
    let others = held.open.iter().filter(|id| Some(**id) != before);
    for order in others.filter_map(|id| state.orders.get(id)) {
        let opening = closable.take(&order.request, open::units(order));
        for_dearest(
            order,
            || mark(order.request.contract.token),
            |price| {
                free = minus(free, need(&order.request, opening, price, share));
            },
        );
    }
    (free, closable)
}

/// What of `cash` is free beside `positions` with their last prices, all in rupees, where `share` percent of the value of
/// futures and short positions is blocked. Open orders are not counted.
pub fn free_beside_positions<'a>(
    cash: Money,
    positions: impl Iterator<Item = (&'a Position, Option<Money>)>,
    share: u32,
) -> Money {
    positions.fold(cash, |free, (position, mark)| plus(free, contribution(position, mark, share)))
}

/// What a position blocks at its last price, in rupees: `share` percent of the value of a future or a short position,
/// nothing for what was paid in full.
pub fn blocked(position: &Position, mark: Option<Money>, share: u32) -> Money {
    if is_paid_in_full(position) { Money::ZERO } else { percent(magnitude(value(position, mark)), share) }
}

/// Shares sold for delivery are held, and not sold already.
pub(super) fn holdings(case: &Case<'_>, against: &mut Vec<Reason>) {
    let request = case.request;
    let delivers = request.side == Side::Sell
        && request.contract.kind == Kind::Equity
        && matches!(request.product, Product::Cnc | Product::Mtf);
    if case.limits().margin_percent.is_none() || !delivers || !case.adds_units() || case.only_reduces() {
        return;
    }
    let held = case.position_units(request.product).max(0);
    let selling = case.open.on_the_way.of(request.product).sells;
    let words = format!(
        "{held} of {} are held and {selling} of them are being sold; {} more would be.",
        request.contract.name,
        case.units()
    );
    against.push(Reason::new(Code::Holdings, words));
}

/// What a position adds to the funds that cash alone would show: nothing for what was paid in full.
fn contribution(position: &Position, mark: Option<Money>, share: u32) -> Money {
    if is_paid_in_full(position) {
        return Money::ZERO;
    }
    let loss = minus(value(position, mark), position.cost).min(Money::ZERO);
    minus(plus(position.cost, loss), blocked(position, mark, share))
}

/// Shares and options that are held; nothing that is flat blocks anything.
const fn is_paid_in_full(position: &Position) -> bool {
    let is_future = matches!(position.contract.kind, Kind::Future);
    position.quantity == 0 || (position.quantity > 0 && !is_future)
}

fn value(position: &Position, mark: Option<Money>) -> Money {
    mark.map_or(position.cost, |last| worth(last, position.quantity))
}

/// What `opening` units of `request` need at `price`.
fn need(request: &OrderRequest, opening: i64, price: Money, share: u32) -> Money {
    let value = magnitude(worth(price, opening));
    match (request.contract.kind, request.side) {
        (Kind::Future, _) | (_, Side::Sell) => percent(value, share),
        (_, Side::Buy) => value,
    }
}

/// Calls `with` with the highest price that an open order may have: its limit or trigger, else the last price.
fn for_dearest(order: &crate::order::Order, mark: impl Fn() -> Option<Money>, with: impl FnOnce(Money)) {
    let dearest = open::possible_terms(order).filter_map(|terms| terms.price.or(terms.trigger_price)).max();
    if let Some(price) = dearest.or_else(mark) {
        with(price);
    }
}

/// Units of each position that orders can still close, by token and product.
#[derive(Default)]
pub(super) struct Closable(BTreeMap<(u32, Product), i64>);

impl Closable {
    fn add(&mut self, position: &Position) {
        self.0.insert((position.contract.token, position.product), position.quantity);
    }

    /// Uses up what `units` of `request` close; the rest, which opens, comes back.
    fn take(&mut self, request: &OrderRequest, units: i64) -> i64 {
        let Some(left) = self.0.get_mut(&(request.contract.token, request.product)) else { return units };
        let closes = match request.side {
            Side::Buy => left.saturating_neg().max(0).min(units),
            Side::Sell => (*left).max(0).min(units),
        };
        *left = left.saturating_add(closes.saturating_mul(request.side.sign()));
        units - closes
    }
}
