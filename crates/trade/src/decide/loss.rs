//! Has the account lost too much today. Orders that only make a position smaller are always taken.

use std::sync::Arc;

use super::case::Case;
use super::exposure::unpriced;
use super::worth::minus;
use crate::money::Money;
use crate::position::Position;
use crate::reason::{Code, Reason};
use crate::view::Quote;

/// The day's loss, and the fall from the day's best.
pub(super) fn limits(case: &Case<'_>, _: &Quote, against: &mut Vec<Reason>) {
    let (loss_limit, fall_limit) = (case.limits().daily_loss, case.limits().drawdown);
    if (loss_limit.is_none() && fall_limit.is_none()) || !case.adds_risk() || case.only_reduces() {
        return;
    }
    let mark = |token: u32| case.marks.get(&token).copied();
    let Some(profit) = case.held.profit_today(mark) else {
        let lacks =
            |position: &&Arc<Position>| position.needs_price() && mark(position.contract.token).is_none();
        let name =
            case.held.positions.values().find(lacks).map_or("a position", |position| &position.contract.name);
        return against.push(unpriced(name, "its loss"));
    };
    if let Some(limit) = loss_limit.filter(|limit| minus(Money::ZERO, profit) >= *limit) {
        let words = format!("The day's result is {profit} rupees; the account's loss limit is {limit}.");
        against.push(Reason::new(Code::DailyLoss, words));
    }
    let best = case.held.best_today.max(profit);
    if let Some(limit) = fall_limit.filter(|limit| minus(best, profit) >= *limit) {
        let words =
            format!("The day's result fell from {best} to {profit} rupees; the account's limit is {limit}.");
        against.push(Reason::new(Code::Drawdown, words));
    }
}
