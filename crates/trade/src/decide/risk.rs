//! All checks of a wanted order, in one place. Every check is asked, so that a refusal names everything that is
//! wrong.

use super::case::Case;
use super::{exposure, loss, margin, market, price, rate, repeats, size, terms};
use crate::reason::{Code, Reason};
use crate::view::Quote;

/// Looks at a case and adds what is wrong.
type Check = fn(&Case<'_>, &mut Vec<Reason>);
/// The same, for what can only be judged with a price.
type PricedCheck = fn(&Case<'_>, &Quote, &mut Vec<Reason>);

/// Asked whatever the order is.
const ALWAYS: &[Check] =
    &[market::halted, market::fate, market::session, rate::orders, size::open_orders, repeats::duplicate];

/// Asked of a listed instrument.
const LISTED: &[Check] = &[
    terms::lot,
    terms::freeze,
    terms::prices_there,
    terms::tick,
    size::order_quantity,
    exposure::position,
    repeats::self_cross,
    margin::holdings,
    price::there,
];

/// Asked when there is a price.
const PRICED: &[PricedCheck] = &[
    price::fit,
    terms::band,
    terms::trigger_side,
    size::order_notional,
    exposure::instrument,
    exposure::gross,
    loss::limits,
    margin::funds,
];

/// Everything that stands against the order. Later groups of checks are left out where they would have nothing to
/// judge by: no instrument, no sensible numbers, no price.
pub(super) fn against(case: &Case<'_>) -> Vec<Reason> {
    let mut against = Vec::new();
    for check in ALWAYS {
        check(case, &mut against);
    }
    let gone = against.iter().any(|reason| matches!(reason.code, Code::NotListed | Code::Expired));
    if gone {
        return against;
    }
    terms::sensible(case, &mut against);
    let senseless = against.iter().any(|reason| {
        matches!(reason.code, Code::OrderQuantity | Code::PriceBand | Code::LotSize | Code::TickSize)
    });
    if senseless {
        return against;
    }
    for check in LISTED {
        check(case, &mut against);
    }
    if let Some(quote) = &case.quote {
        for check in PRICED {
            check(case, quote, &mut against);
        }
    }
    against
}
