//! May anything be traded now: halt, doubt, session.

use super::case::Case;
use super::change::fate_unknown;
use crate::reason::{Code, Reason};
use crate::view::Trading;

/// A halt lets pass what only takes back.
pub(super) fn halted(case: &Case<'_>, against: &mut Vec<Reason>) {
    let Some(halt) = case.state.halt(case.account).filter(|_| case.adds_risk()) else { return };
    let scope = match &halt.account {
        Some(account) => format!("The account `{account}` is halted"),
        None => "All accounts are halted".to_owned(),
    };
    against.push(Reason::new(Code::Halted, format!("{scope} by {}: {}", halt.by, halt.why)));
}

/// While nobody knows what became of an order, nobody knows what the position will be.
pub(super) fn fate(case: &Case<'_>, against: &mut Vec<Reason>) {
    against.extend(case.open.unknown.filter(|_| case.before.is_none()).map(fate_unknown));
}

/// The instrument's market is open and the contract lives.
pub(super) fn session(case: &Case<'_>, against: &mut Vec<Reason>) {
    let contract = &case.request.contract;
    let today = case.now.market_time().ist_date();
    if let Some(expiry) = contract.expiry.filter(|expiry| *expiry < today) {
        let words = format!("{} expired on {expiry}; today is {today}.", contract.name);
        against.push(Reason::new(Code::Expired, words));
        return;
    }
    match case.trading {
        Trading::Open => {}
        Trading::Closed => {
            let words = format!("The market of {} is closed.", contract.name);
            against.push(Reason::new(Code::MarketClosed, words));
        }
        Trading::NotListed => {
            let words = format!("{} is not in today's listing.", contract.name);
            against.push(Reason::new(Code::NotListed, words));
        }
    }
}
