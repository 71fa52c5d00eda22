//! Is there a price to judge by, and can it be believed.

use super::case::Case;
use crate::event::Class;
use crate::reason::{Code, Reason};
use crate::view::{PriceSource, Quote};

/// There is one.
pub(super) fn there(case: &Case<'_>, against: &mut Vec<Reason>) {
    if case.quote.is_none() {
        let words = format!("There is no price of {} yet.", case.request.contract.name);
        against.push(Reason::new(Code::NoPrice, words));
    }
}

/// It is young enough, not doubted, and live where the account is (I-7).
pub(super) fn fit(case: &Case<'_>, quote: &Quote, against: &mut Vec<Reason>) {
    let (name, limits) = (&case.request.contract.name, case.limits());
    let live = case.held.added.class == Class::Kite;
    if quote.age_ms > u64::from(limits.price_age_ms) {
        let words =
            format!("The price of {name} is {} ms old; at most {} ms.", quote.age_ms, limits.price_age_ms);
        against.push(Reason::new(Code::StalePrice, words));
    }
    if let Some(why) = quote.suspect.as_ref().filter(|_| live || !limits.suspect_prices) {
        against.push(Reason::new(Code::SuspectPrice, format!("The price of {name} is doubted: {why}")));
    }
    if live && quote.source != PriceSource::Kite {
        let source = match quote.source {
            PriceSource::Sim => "simulated",
            PriceSource::Replay | PriceSource::Kite => "recorded",
        };
        let words = format!("The price of {name} is {source}; the account `{}` is live.", case.account);
        against.push(Reason::new(Code::PriceSourceNotLive, words));
    }
}
