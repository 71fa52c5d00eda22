//! What order a share of a signal asks for, given what is held and on its way.

use super::open;
use crate::ids::{AccountId, SignalId};
use crate::reason::{Code, Reason};
use crate::request::{OrderRequest, Side};
use crate::signal::{Signal, Target};
use crate::state::{Account, State};
use crate::view::Now;

/// An account's share as an order.
pub(super) struct Share {
    pub(super) request: OrderRequest,
    /// Set when its time has passed.
    pub(super) too_late: Option<Reason>,
    /// Set when it is less than was asked.
    pub(super) trimmed: Option<Reason>,
}

/// The order that `account` would place for the signal `id`, or why there is none.
pub(super) fn share(
    state: &State,
    account: &AccountId,
    held: &Account,
    id: &SignalId,
    now: Now,
) -> Result<Share, Vec<Reason>> {
    let nothing = |words: String| vec![Reason::new(Code::NothingToDo, words)];
    let received = state.signals.get(id).and_then(|signal| Some((signal, signal.child(account)?)));
    let Some((received, child)) = received else {
        return Err(nothing(format!("The signal `{id}` has no share for the account `{account}`.")));
    };
    let signal = &received.signal;
    let too_late = too_late(signal, received.received, now);
    let with_lateness = |mut reasons: Vec<Reason>| {
        reasons.extend(too_late.clone());
        reasons.sort_by_key(|reason| reason.code);
        reasons
    };
    let (side, quantity, trimmed) = match child.target {
        Target::Trade { side, quantity } => (side, quantity, None),
        Target::Position(target) => {
            to_position(state, held, signal, target).map_err(|words| with_lateness(nothing(words)))?
        }
    };
    let shape = signal.order;
    let request = OrderRequest {
        contract: signal.contract.clone(),
        side,
        quantity,
        order_type: shape.order_type,
        price: shape.price,
        trigger_price: shape.trigger_price,
        validity: shape.validity,
        product: shape.product,
    };
    Ok(Share { request, too_late, trimmed })
}

fn too_late(signal: &Signal, received: i64, now: Now) -> Option<Reason> {
    let ttl_ms = signal.ttl_ms?;
    let waited_ms = now.machine.saturating_sub(received) / 1_000_000;
    (waited_ms > i64::from(ttl_ms)).then(|| {
        Reason::new(Code::TooLate, format!("It waited {waited_ms} ms; its time to live is {ttl_ms} ms."))
    })
}

/// Side and quantity that lead to the position `target`, counting what is on its way there already; in whole lots,
/// so that the target is never overshot. `Err` says why nothing is to be done.
fn to_position(
    state: &State,
    held: &Account,
    signal: &Signal,
    target: i64,
) -> Result<(Side, i64, Option<Reason>), String> {
    let (contract, product) = (&signal.contract, signal.order.product);
    let position = held.positions.get(&(contract.token, product)).map_or(0, |position| position.quantity);
    let gap = target.saturating_sub(position);
    let side = if gap >= 0 { Side::Buy } else { Side::Sell };
    let on_the_way = open::orders(state, held, contract.token, None)
        .filter(|order| order.request.side == side && order.request.product == product)
        .fold(0i64, |sum, order| sum.saturating_add(order.remaining()));
    let wanted = gap.saturating_abs().saturating_sub(on_the_way);
    let found = format!(
        "The position in {} is {position}, {side} orders for {on_the_way} are on their way",
        contract.name
    );
    if wanted <= 0 {
        return Err(format!("{found}; {target} is wanted."));
    }
    let lot = i64::from(contract.lot.max(1));
    let quantity = wanted - wanted % lot;
    if quantity == 0 {
        return Err(format!("{found}; {wanted} units are missing to {target}, less than a lot of {lot}."));
    }
    let trimmed = (quantity < wanted).then(|| {
        let words = format!("{quantity} of {wanted} units: the lot size of {} is {lot}.", contract.name);
        Reason::new(Code::TrimmedToLot, words)
    });
    Ok((side, quantity, trimmed))
}
