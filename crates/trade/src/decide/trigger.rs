//! Does an order that waits for a price fire now.
//!
//! It fires on a price that a decision would accept, at a moment at which its order would not be denied for a reason that
//! passes: while the account is halted, the market closed, a price old or doubted, a call in doubt, the rate used up, too
//! many orders open, or an equal or opposite order in the way, it waits. Nothing is lost by waiting: it fires with the first acceptable price beyond its trigger, while firing it to have it
//! denied would use it up and leave the position that it protects without it when trading goes on. Reasons that do not pass
//! (funds, limits, terms, a rate that could never be enough) are the verdict's, which follows in the same batch and is shown
//! with it.

use super::again::RecordedView;
use super::case::Case;
use super::{Moment, market, price, rate, repeats, size};
use crate::event::{GttTriggered, Inputs};
use crate::gtt::{Gtt, SeenTick};
use crate::ids::{GttId, OrderIds};
use crate::money::Money;
use crate::reason::Reason;
use crate::state::{Account, State};
use crate::view::{Quote, Trading};

/// What is seen of an instrument.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// The newest quote.
    pub newest: &'a Quote,
    /// Whether it can be traded.
    pub trading: Trading,
    /// Ticks since the last look, oldest first.
    pub ticks: &'a [SeenTick],
}

/// Fires the order `id`, if it is active and the moment has come. `ids` gives its order a number then.
pub fn trigger(
    state: &State,
    id: GttId,
    sight: Sight<'_>,
    moment: Moment,
    ids: &mut OrderIds,
) -> Option<GttTriggered> {
    let gtt = state.gtts.kept.get(&id)?;
    let inputs = Inputs {
        seen: moment.seen,
        now: moment.now,
        quote: Some(sight.newest.clone()),
        trading: Some(sight.trading),
        marks: Vec::new(),
    };
    let firing = firing(state, gtt, &inputs, sight.ticks)?;
    Some(GttTriggered {
        gtt: id,
        account: gtt.account.clone(),
        leg: u32::try_from(firing.leg).ok()?,
        price: firing.price,
        order: ids.draw(),
        request: gtt.terms.legs.get(firing.leg)?.order.clone(),
        inputs,
        tick: firing.tick.cloned().map(Box::new),
    })
}

/// True when `fired` comes out the same in `state_before` (the fold of every row before it) from what it says that it saw
/// (I-10).
pub fn trigger_again(state_before: &State, fired: &GttTriggered) -> bool {
    let Some(gtt) = state_before.gtts.kept.get(&fired.gtt) else { return false };
    let ticks = fired.tick.as_deref().map_or(&[][..], std::slice::from_ref);
    let Some(firing) = firing(state_before, gtt, &fired.inputs, ticks) else { return false };
    let leg = gtt.terms.legs.get(firing.leg);
    gtt.account == fired.account
        && u32::try_from(firing.leg) == Ok(fired.leg)
        && (firing.price, firing.tick) == (fired.price, fired.tick.as_deref())
        && leg.is_some_and(|leg| leg.order == fired.request)
}

struct Firing<'a> {
    leg: usize,
    price: Money,
    tick: Option<&'a SeenTick>,
}

fn firing<'a>(state: &State, gtt: &Gtt, inputs: &Inputs, ticks: &'a [SeenTick]) -> Option<Firing<'a>> {
    let newest = inputs.quote.as_ref()?;
    if !gtt.is_active(inputs.now.machine) {
        return None;
    }
    let (leg, tick) = gtt.touched(Some(newest), ticks)?;
    let held = state.account(&gtt.account)?;
    let request = &gtt.terms.legs.get(leg)?.order;
    let view = RecordedView { inputs, token: Some(gtt.terms.contract.token) };
    let case = |held| Case::new(state, &gtt.account, held, inputs.now, request, None, &view).sliceable();
    let mut against = in_the_way(&case(held));
    // What would be against it on an idle account, too, does not pass.
    let idle = idle(held);
    let for_ever = in_the_way(&case(&idle));
    against.retain(|reason| for_ever.iter().all(|other| other.code != reason.code));
    let case = case(held);
    for check in [market::halted, market::fate, market::session] {
        check(&case, &mut against);
    }
    // The verdict will judge by the newest quote, whichever tick it was.
    price::fit(&case, newest, &mut against);
    if let Some(tick) = tick {
        price::fit(&case, &tick.quote, &mut against);
    }
    let price = tick.map_or(newest.last, |tick| tick.quote.last);
    against.is_empty().then_some(Firing { leg, price, tick })
}

/// What other orders have used up or stand in the way of.
fn in_the_way(case: &Case<'_>) -> Vec<Reason> {
    let mut against = Vec::new();
    for check in [rate::orders, size::open_orders, repeats::duplicate, repeats::self_cross] {
        check(case, &mut against);
    }
    against
}

/// The account without any order of late.
fn idle(held: &Account) -> Account {
    Account {
        budget: Default::default(),
        open: Default::default(),
        open_by_token: Default::default(),
        recent: Default::default(),
        ..held.clone()
    }
}
