//! How large could positions become, if every open order fills that makes them larger. Products do not offset each
//! other.

use std::collections::BTreeMap;

use super::case::Case;
use super::open::{self, ByProduct};
use super::worth::{magnitude, plus, worth};
use crate::reason::{Code, Reason};
use crate::request::Product;
use crate::state::Account;
use crate::view::Quote;

/// Units in the instrument.
pub(super) fn position(case: &Case<'_>, against: &mut Vec<Reason>) {
    let Some(limit) = case.limits().position_quantity.filter(|_| enlarges(case)) else { return };
    let units = units_after(case);
    if units > limit {
        let words = format!(
            "With open orders and this one the position in {} could be {units} units; the account's limit is {limit}.",
            case.request.contract.name
        );
        against.push(Reason::new(Code::PositionQuantity, words));
    }
}

/// Rupees in the instrument.
pub(super) fn instrument(case: &Case<'_>, quote: &Quote, against: &mut Vec<Reason>) {
    let Some(limit) = case.limits().instrument_exposure.filter(|_| enlarges(case)) else { return };
    let value = magnitude(worth(quote.last, units_after(case)));
    if value > limit {
        let words = format!(
            "With open orders and this one {} could be worth {value} rupees; the account's limit is {limit}.",
            case.request.contract.name
        );
        against.push(Reason::new(Code::InstrumentExposure, words));
    }
}

/// Rupees in all instruments. Looks at every position and open order of the account.
pub(super) fn gross(case: &Case<'_>, quote: &Quote, against: &mut Vec<Reason>) {
    let Some(limit) = case.limits().gross_exposure.filter(|_| enlarges(case)) else { return };
    let mut value = magnitude(worth(quote.last, units_after(case)));
    for (token, units) in units_elsewhere(case) {
        let Some(mark) = case.marks.get(&token) else {
            against.push(unpriced(&name_of(case, token), "its exposure"));
            return;
        };
        value = plus(value, magnitude(worth(*mark, units)));
    }
    if value > limit {
        let words = format!(
            "With open orders and this one all positions could be worth {value} rupees; the account's limit is {limit}."
        );
        against.push(Reason::new(Code::GrossExposure, words));
    }
}

/// The refusal for want of a price of something that the account has: nothing is assumed about it.
pub(super) fn unpriced(name: &str, what: &str) -> Reason {
    Reason::new(
        Code::NoPrice,
        format!("There is no price of {name}, which the account has: {what} cannot be judged."),
    )
}

fn enlarges(case: &Case<'_>) -> bool {
    case.adds_units() && !case.only_reduces()
}

fn units_after(case: &Case<'_>) -> i64 {
    let mut on_the_way = case.open.on_the_way;
    on_the_way.add(case.request.product, case.request.side, case.units());
    worst(case.held, case.request.contract.token, on_the_way)
}

fn worst(held: &Account, token: u32, on_the_way: ByProduct) -> i64 {
    let position = |product| held.positions.get(&(token, product)).map_or(0, |position| position.quantity);
    let each = Product::ALL.iter().map(|product| on_the_way.of(*product).worst(position(*product)));
    each.fold(0, i64::saturating_add)
}

/// Largest possible units by token of everything else that the account has; nothing that is flat.
fn units_elsewhere(case: &Case<'_>) -> BTreeMap<u32, i64> {
    let held = case.held;
    let tokens = held.positions.keys().map(|(token, _)| *token).chain(held.open_by_token.keys().copied());
    let mut units = BTreeMap::new();
    for token in tokens.filter(|token| *token != case.request.contract.token) {
        units.entry(token).or_insert_with(|| {
            let mut on_the_way = ByProduct::default();
            for order in open::orders(case.state, held, token, None) {
                on_the_way.add(order.request.product, order.request.side, open::units(order));
            }
            worst(held, token, on_the_way)
        });
    }
    units.retain(|_, units| *units != 0);
    units
}

fn name_of(case: &Case<'_>, token: u32) -> String {
    let position = Product::ALL.iter().find_map(|product| case.held.positions.get(&(token, *product)));
    let order =
        || open::orders(case.state, case.held, token, None).next().map(|order| &order.request.contract);
    let contract = position.map(|position| &position.contract).or_else(order);
    contract.map_or_else(|| format!("token {token}"), |contract| contract.name.clone())
}
