//! May units of a position be put under another product.
//!
//! No order leaves and no market is asked: a closed session stands in nobody's way, a halt does. What is held decides, and
//! with `margin_percent` the funds: orders that would have closed the position may open one afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{margin, open};
use crate::contract::{Contract, Kind};
use crate::conversion::{Conversion, Part, Unconvertible};
use crate::event::Class;
use crate::ids::AccountId;
use crate::money::Money;
use crate::reason::{Code, Reason};
use crate::request::{Product, Side};
use crate::state::{Account, State};

/// Everything that stands against it; `marks` are last prices by token, where margins need them.
pub(super) fn against(
    state: &State,
    account: &AccountId,
    held: &Account,
    what: &Conversion,
    marks: &BTreeMap<u32, Money>,
) -> Vec<Reason> {
    let mut against = Vec::new();
    if held.added.class != Class::Paper {
        let words = format!("The positions of `{account}` are kept at its venue: convert them there.");
        against.push(Reason::new(Code::AtVenue, words));
    }
    if let Some(halt) = state.halt(account) {
        let words = format!("Trading is halted by {}: {}", halt.by, halt.why);
        against.push(Reason::new(Code::Halted, words));
    }
    let position = |product| held.positions.get(&(what.contract.token, product)).map(Arc::as_ref);
    let (from, to) = (position(what.from), position(what.to));
    against.extend(lot(what));
    match what.convert(from, to) {
        _ if is_holding(what) => against.push(refusal(what, Unconvertible::NotHeld { held: 0 })),
        Err(why) => against.push(refusal(what, why)),
        Ok((left, moved)) => {
            let mut after = held.clone();
            after.positions.insert_mut((what.contract.token, what.from), Arc::new(left));
            after.positions.insert_mut((what.contract.token, what.to), Arc::new(moved));
            against.extend(delivery(state, held, what));
            against.extend(funds(state, held, &after, marks));
        }
    }
    against
}

/// Part of a lot could not be closed by any order.
fn lot(what: &Conversion) -> Option<Reason> {
    let Contract { name, lot, .. } = &what.contract;
    (what.quantity % i64::from((*lot).max(1)) != 0).then(|| {
        let words = format!("The quantity is {}; the lot size of {name} is {lot}.", what.quantity);
        Reason::new(Code::LotSize, words)
    })
}

/// Shares for delivery of an earlier day are no position any more.
fn is_holding(what: &Conversion) -> bool {
    let is_share = what.contract.kind == Kind::Equity;
    is_share && what.from == Product::Cnc && what.part == Part::Overnight
}

fn refusal(what: &Conversion, why: Unconvertible) -> Reason {
    let (name, from, to) = (&what.contract.name, what.from, what.to);
    match why {
        Unconvertible::Nothing => Reason::new(
            Code::NothingToChange,
            format!("{} units from {from} to {to} change nothing.", what.quantity),
        ),
        Unconvertible::NotHeld { held } => {
            let direction = if what.side == Side::Buy { "long" } else { "short" };
            let words = format!(
                "{held} of {name} can be converted from {from} ({direction}, {}); {} are asked for.",
                what.part.as_str(),
                what.quantity
            );
            Reason::new(Code::NotHeld, words)
        }
        Unconvertible::Opposite { held } => {
            Reason::new(Code::OppositeHeld, format!("The position in {name} under {to} is {held}."))
        }
    }
}

/// The rule for orders (`margin::holdings`) holds afterwards, too: nothing is short for delivery, and what is being sold
/// for delivery is there.
fn delivery(state: &State, held: &Account, what: &Conversion) -> Option<Reason> {
    let delivers = |product| matches!(product, Product::Cnc | Product::Mtf);
    if held.limits.margin_percent.is_none() || what.contract.kind != Kind::Equity {
        return None;
    }
    if what.side == Side::Sell && delivers(what.to) {
        let words = format!("{} of {} would be short for delivery.", what.quantity, what.contract.name);
        return Some(Reason::new(Code::Holdings, words));
    }
    if what.side == Side::Sell || !delivers(what.from) {
        return None;
    }
    let token = what.contract.token;
    let units = held.positions.get(&(token, what.from)).map_or(0, |position| position.quantity);
    let sales = open::orders(state, held, token, None)
        .filter(|order| order.request.product == what.from && order.request.side == Side::Sell);
    let selling = sales.fold(0i64, |sum, order| sum.saturating_add(open::units(order)));
    (what.quantity > units.saturating_sub(selling)).then(|| {
        let words = format!(
            "{units} of {} are held and {selling} of them are being sold; {} would be converted.",
            what.contract.name, what.quantity
        );
        Reason::new(Code::Holdings, words)
    })
}

/// The funds cover what positions and open orders block afterwards, or at least not less than before.
fn funds(state: &State, held: &Account, after: &Account, marks: &BTreeMap<u32, Money>) -> Option<Reason> {
    let share = held.limits.margin_percent?;
    let free = |account: &Account| margin::free(state, account, None, marks, share).0;
    let (before, left) = (free(held), free(after));
    (left < Money::ZERO && left < before).then(|| {
        let words = format!("{before} rupees are free; with the conversion {left} would be.");
        Reason::new(Code::Margin, words)
    })
}
