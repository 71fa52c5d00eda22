//! What venues tell: reports, which are hints about an order, and trades, which are money.

use std::sync::Arc;

use crate::apply::calls::name_at_venue;
use crate::apply::{Row, account_mut, illegal, standing};
use crate::event::{IllegalTransition, TradeReported, VenueReported};
use crate::ids::IntentId;
use crate::money::Money;
use crate::order::{Fate, Order, Stage};
use crate::position::Position;
use crate::state::{State, TRADES_KEPT};
use crate::transitions::{self, Move};

/// Largest trade that is believed: beyond any market, and small enough that sums of them never overflow.
const TRADE_UNITS_MAX: i64 = 1_000_000_000;
const TRADE_PRICE_MAX: Money = Money::rupees(1_000_000_000);

pub(super) fn reported(state: &mut State, row: Row<'_>, report: &VenueReported) -> Option<IllegalTransition> {
    let order = standing::known(state, report.order, &report.account)?;
    match transitions::judge(order, report) {
        Move::Same => None,
        Move::Illegal => {
            let told = format!(
                "{:?}, {} filled, revision {}, as {}",
                report.status, report.filled, report.revision, report.venue_order_id
            );
            Some(illegal(row, order, told))
        }
        Move::To(stage) => {
            name_at_venue(state, row, IntentId { order: report.order, n: 1 }, &report.venue_order_id);
            standing::change(state, row, report.order, |order| take_report(order, report, stage));
            None
        }
    }
}

fn take_report(order: &mut Order, report: &VenueReported, stage: Stage) {
    is_at_venue(order);
    order.told = Some(report.status);
    order.revision.clone_from(&report.revision);
    order.told_filled = report.filled;
    if let Some(terms) = &report.terms {
        let request = terms.applied_to(&order.request);
        order.modified |= request != order.request;
        order.request = request;
    }
    if report.message.is_some() {
        order.message.clone_from(&report.message);
    }
    transitions::advance(order, stage);
    transitions::follow_fills(order);
}

/// Who reports an order has it: the doubt about its placement, if there was one, is over.
fn is_at_venue(order: &mut Order) {
    if let Some(placement) = order.calls.first_mut().filter(|placement| placement.fate.is_open()) {
        placement.fate = Fate::Acknowledged;
    }
}

pub(super) fn traded(state: &mut State, row: Row<'_>, trade: &TradeReported) -> Option<IllegalTransition> {
    let order = standing::known(state, trade.order, &trade.account)?;
    let alarm = |order: &Order, what: &str| {
        let told = format!("{what}: trade {}, {} at {}", trade.trade_id, trade.quantity, trade.price);
        Some(illegal(row, order, told))
    };
    let units_believed = (1..=TRADE_UNITS_MAX).contains(&trade.quantity);
    if !units_believed || trade.price.abs() > TRADE_PRICE_MAX {
        return alarm(order, "not believed");
    }
    let account = account_mut(state, &trade.account)?;
    if account.knows_trade(trade.order, &trade.trade_id) {
        return None;
    }
    account.trade_ids.insert_mut((trade.order, trade.trade_id.clone()));
    account.trades.enqueue_mut(Arc::new(trade.clone()));
    if account.trades.len() > TRADES_KEPT {
        account.trades.dequeue_mut();
    }

    standing::change(state, row, trade.order, |order| take_fill(order, trade));
    let order = state.orders.get(&trade.order)?;
    let account = state.accounts.get_mut(&trade.account).map(Arc::make_mut)?;
    let (request, side) = (&order.request, order.request.side);
    let key = (request.contract.token, request.product);
    if !account.positions.contains_key(&key) {
        let empty = Position::new(request.contract.clone(), request.product);
        account.positions.insert_mut(key, Arc::new(empty));
    }
    if let Some(position) = account.positions.get_mut(&key) {
        Arc::make_mut(position).fill(side, trade.quantity, trade.price);
    }
    account.cash -= trade.price * (trade.quantity * side.sign());

    // The money is where the venue says, whatever the order allowed.
    if order.filled > order.whole() {
        return alarm(order, "filled beyond its quantity");
    }
    match order.stage {
        Stage::Rejected | Stage::NeverReached => alarm(order, "filled after its end"),
        _ => None,
    }
}

fn take_fill(order: &mut Order, trade: &TradeReported) {
    order.filled = order.filled.saturating_add(trade.quantity);
    order.value += trade.price * trade.quantity;
    match order.stage {
        // Odd but real: the fill was on its way when the order ended. What the end itself counted is only late.
        Stage::Cancelled | Stage::Expired if order.filled > order.told_filled => {
            order.message = Some(format!("{} filled after it was {}", trade.quantity, order.stage.as_str()));
        }
        // Kept out of the books until the holder has recorded that the order appeared.
        Stage::NeverReached => {}
        _ => is_at_venue(order),
    }
    transitions::follow_fills(order);
}
