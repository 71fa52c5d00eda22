//! Does the order fit into the account's rates.

use super::case::Case;
use crate::event::Class;
use crate::limits::Limits;
use crate::reason::{Code, Reason};
use crate::state::Account;
use crate::view::Now;

/// Placements and modifications: the part of each rate that is not kept for cancellations. All slices of an order have
/// to fit in now.
pub(super) fn orders(case: &Case<'_>, against: &mut Vec<Reason>) {
    let (budget, limits) = (&case.held.budget, case.limits());
    let day = case.now.market_time().ist_date();
    for (window, limit, used) in [
        ("second", limits.orders_per_second, budget.last_second(case.now.machine)),
        ("minute", limits.orders_per_minute, budget.last_minute(case.now.machine)),
        ("trading day", limits.orders_per_day, budget.on_day(day)),
    ] {
        let Some(limit) = limit else { continue };
        let reserve = reserved(limit, limits);
        if used.saturating_add(case.calls()) > limit - reserve {
            let more = match case.calls() {
                1 => String::new(),
                calls => format!(", and this takes {calls}"),
            };
            let words = format!(
                "{used} calls in this {window}{more}; at most {limit}, of which {reserve} are kept for cancellations."
            );
            against.push(Reason::new(Code::OrderRate, words));
        }
    }
}

/// Cancellations: refused only where a venue would refuse them, that is when its second or minute is used up. The
/// day is never a reason to leave an order open.
pub(super) fn cancellation(held: &Account, now: Now) -> Option<Reason> {
    if held.added.class == Class::Paper {
        return None;
    }
    let (budget, limits) = (&held.budget, &held.limits);
    let full =
        |limit: Option<u32>, used: u32| limit.filter(|limit| used >= *limit).map(|limit| (limit, used));
    let (window, (limit, used)) = full(limits.orders_per_second, budget.last_second(now.machine))
        .map(|full| ("second", full))
        .or_else(|| {
            full(limits.orders_per_minute, budget.last_minute(now.machine)).map(|full| ("minute", full))
        })?;
    Some(Reason::new(
        Code::OrderRate,
        format!("{used} calls in this {window}; the venue takes at most {limit}."),
    ))
}

/// Calls of `limit` that only cancellations may use, rounded up.
fn reserved(limit: u32, limits: &Limits) -> u32 {
    let percent = u64::from(limits.cancel_reserve_percent.min(100));
    u32::try_from((u64::from(limit) * percent).div_ceil(100)).unwrap_or(limit)
}
