//! Are the order's own numbers what the exchange takes: lots, ticks, bands, triggers.

use super::case::Case;
use super::worth::{magnitude, minus};
use crate::limits::{Limits, QUANTITY_MAX};
use crate::money::Money;
use crate::reason::{Code, Reason};
use crate::request::{OrderRequest, Side};
use crate::slices::{Unsliceable, slices};
use crate::view::Quote;

/// No price is above it: far above any price, far below an overflow of sums.
const PRICE_MAX: Money = Money::rupees(1_000_000_000);

/// The numbers are numbers that an order can have at all. Without that the other checks would judge nonsense.
pub(super) fn sensible(case: &Case<'_>, against: &mut Vec<Reason>) {
    let quantity = case.request.quantity;
    if quantity <= 0 {
        against.push(Reason::new(Code::LotSize, format!("The quantity is {quantity}; it must be above 0.")));
    }
    if quantity > QUANTITY_MAX {
        let words = format!("The quantity is {quantity}; no order is above {QUANTITY_MAX}.");
        against.push(Reason::new(Code::OrderQuantity, words));
    }
    for (name, price) in named_prices(case) {
        if price <= Money::ZERO {
            against.push(Reason::new(Code::TickSize, format!("The {name} is {price}; it must be above 0.")));
        } else if price > PRICE_MAX {
            let words = format!("The {name} is {price} rupees; no price is above {PRICE_MAX}.");
            against.push(Reason::new(Code::PriceBand, words));
        }
    }
}

/// Whole lots.
pub(super) fn lot(case: &Case<'_>, against: &mut Vec<Reason>) {
    let (quantity, contract) = (case.request.quantity, &case.request.contract);
    if quantity % i64::from(contract.lot.max(1)) != 0 {
        let words =
            format!("The quantity is {quantity}; the lot size of {} is {}.", contract.name, contract.lot);
        against.push(Reason::new(Code::LotSize, words));
    }
}

/// Why a quantity is more than the exchange takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Frozen {
    /// It has to stay one order.
    Whole,
    /// It may become several, and cannot.
    Sliced(Unsliceable),
}

/// Units of each order that `request` becomes: the whole, unless the account's exchange freezes that and it `may_slice`.
pub(super) fn sizes(request: &OrderRequest, limits: &Limits, may_slice: bool) -> Result<Vec<i64>, Frozen> {
    match limits.freeze_quantity.filter(|limit| request.quantity > *limit) {
        None => Ok(vec![request.quantity]),
        Some(_) if !may_slice => Err(Frozen::Whole),
        Some(limit) => slices(request.quantity, limit, request.contract.lot).map_err(Frozen::Sliced),
    }
}

/// Not larger than the exchange takes, in one order or in slices.
pub(super) fn freeze(case: &Case<'_>, against: &mut Vec<Reason>) {
    let (Err(frozen), Some(limit)) = (&case.sizes, case.limits().freeze_quantity) else { return };
    let quantity = case.request.quantity;
    let mut words =
        format!("The quantity is {quantity}; the exchange takes at most {limit} units in one order");
    if let Frozen::Sliced(why) = frozen {
        words.push_str(&format!(": {why}"));
    }
    words.push('.');
    against.push(Reason::new(Code::FreezeQuantity, words));
}

/// The prices that the type needs. Intake sees to it for new orders; a modification may change the type alone.
pub(super) fn prices_there(case: &Case<'_>, against: &mut Vec<Reason>) {
    let request = case.request;
    for (name, needed, price) in [
        ("limit price", request.order_type.has_price(), request.price),
        ("trigger price", request.order_type.has_trigger(), request.trigger_price),
    ] {
        if needed && price.is_none() {
            let words = format!("A {} order needs a {name}.", request.order_type);
            against.push(Reason::new(Code::PriceMissing, words));
        }
    }
}

/// Whole ticks.
pub(super) fn tick(case: &Case<'_>, against: &mut Vec<Reason>) {
    let contract = &case.request.contract;
    let found: Vec<String> = named_prices(case)
        .filter(|(_, price)| !contract.tick.is_zero() && !price.is_multiple_of(contract.tick))
        .map(|(name, price)| format!("The {name} is {price}"))
        .collect();
    if !found.is_empty() {
        let words = format!("{}; the tick size of {} is {}.", found.join(". "), contract.name, contract.tick);
        against.push(Reason::new(Code::TickSize, words));
    }
}

/// Inside the day's band, and a limit near enough to the price that it will meet: the last one, for a stop its
/// trigger.
pub(super) fn band(case: &Case<'_>, quote: &Quote, against: &mut Vec<Reason>) {
    for (name, price) in named_prices(case) {
        if let Some((low, high)) = quote.band.filter(|(low, high)| price < *low || price > *high) {
            let words = format!("The {name} is {price}; the day's band is {low} to {high}.");
            against.push(Reason::new(Code::PriceBand, words));
        }
    }
    let (Some(limit), Some(price)) = (case.limits().price_band_bps, case.request.price) else { return };
    let near = case.request.trigger_price.unwrap_or(quote.last);
    let away = magnitude(minus(price, near)).billionths().saturating_mul(10_000);
    if away > magnitude(near).billionths().saturating_mul(i128::from(limit)) {
        let words = format!(
            "The limit price is {price}; it may be at most {limit} hundredths of a percent away from {near}."
        );
        against.push(Reason::new(Code::PriceBand, words));
    }
}

/// A stop waits on the far side of the last price. One that was triggered already keeps its old trigger unless that
/// changes.
pub(super) fn trigger_side(case: &Case<'_>, quote: &Quote, against: &mut Vec<Reason>) {
    let Some(trigger) = case.request.trigger_price else { return };
    let same = case.before.is_some_and(|order| {
        order.request.trigger_price == Some(trigger) && order.request.order_type == case.request.order_type
    });
    let passed = match case.request.side {
        Side::Buy => trigger <= quote.last,
        Side::Sell => trigger >= quote.last,
    };
    if passed && !same {
        let words = format!(
            "The trigger of this {} stop is {trigger}; the last price is {}.",
            case.request.side, quote.last
        );
        against.push(Reason::new(Code::TriggerSide, words));
    }
}

fn named_prices(case: &Case<'_>) -> impl Iterator<Item = (&'static str, Money)> {
    let (limit, trigger) = (case.request.price, case.request.trigger_price);
    let limit = limit.map(|price| ("limit price", price));
    limit.into_iter().chain(trigger.map(|price| ("trigger price", price)))
}
