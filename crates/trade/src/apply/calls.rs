//! How calls end: answers, doubt, and the end of doubt.

use crate::apply::{Row, account_mut, decisions, illegal, standing};
use crate::event::{Answer, Call, CallAnswered, FateResolved, FateUnknown, Found, Halted, IllegalTransition};
use crate::ids::{AccountId, IntentId};
use crate::order::{Fate, Order, Stage};
use crate::state::{Pending, State};
use crate::transitions;

/// What is now known of a call.
#[derive(Clone, Copy)]
enum End<'a> {
    /// The venue took it, under this id of its own.
    Acknowledged(&'a str),
    /// The venue refused it, in these words.
    Refused(&'a str),
    /// It never was at the venue, for this reason.
    NeverReached(&'a str),
    /// Nothing is known.
    Unknown,
}

pub(super) fn answered(
    state: &mut State,
    row: Row<'_>,
    answered: &CallAnswered,
) -> Option<IllegalTransition> {
    let end = match &answered.answer {
        Answer::Acknowledged { venue_order_id } => End::Acknowledged(venue_order_id),
        Answer::Refused { message, .. } => End::Refused(message),
        Answer::NeverLeft { why } => End::NeverReached(why),
        Answer::Unknown { .. } => End::Unknown,
    };
    end_call(state, row, answered.intent, &answered.account, end)
}

pub(super) fn fate_unknown(state: &mut State, row: Row<'_>, unknown: &FateUnknown) {
    decisions::counted(state, row, &unknown.account);
    end_call(state, row, unknown.intent, &unknown.account, End::Unknown);
}

pub(super) fn fate_resolved(
    state: &mut State,
    row: Row<'_>,
    resolved: &FateResolved,
) -> Option<IllegalTransition> {
    decisions::counted(state, row, &resolved.account);
    let (intent, account) = (resolved.intent, &resolved.account);
    let ended = resolve(state, row, resolved);
    // A halt that cancels what is open could not cancel what nobody knew to be open.
    let cancels = state.halt(account).is_some_and(|halt| halt.cancel_open);
    let open = state.orders.get(&intent.order).is_some_and(|order| !order.stage.is_ended());
    if cancels
        && open
        && intent.n == 1
        && let Some(held) = account_mut(state, account)
    {
        held.pending.enqueue_mut(Pending::Cancel(intent.order));
    }
    ended
}

fn resolve(state: &mut State, row: Row<'_>, resolved: &FateResolved) -> Option<IllegalTransition> {
    let (intent, account) = (resolved.intent, &resolved.account);
    match &resolved.found {
        Found::Reached { venue_order_id } => {
            end_call(state, row, intent, account, End::Acknowledged(venue_order_id))
        }
        Found::Absent => end_call(state, row, intent, account, End::NeverReached(&resolved.evidence)),
        Found::Appeared { venue_order_id } => {
            appeared(state, row, intent, account, venue_order_id);
            None
        }
    }
}

/// A call ends once: what is told after a certain end changes nothing but the name that the venue has for the order, and is
/// an alarm when it contradicts that end.
fn end_call(
    state: &mut State,
    row: Row<'_>,
    intent: IntentId,
    account: &AccountId,
    end: End<'_>,
) -> Option<IllegalTransition> {
    let order = standing::known(state, intent.order, account)?;
    let fate = order.call(intent.n)?.fate;
    let mut alarm = None;
    if let End::Acknowledged(venue_order_id) = end {
        let other_order = order.is_other_at_venue(venue_order_id);
        let over = matches!(fate, Fate::NeverReached | Fate::Refused);
        if other_order || over {
            alarm = Some(illegal(row, order, format!("call {} acknowledged as {venue_order_id}", intent.n)));
        }
        // A report or a fill may have been faster than the answer, and a fill does not name the venue's id.
        if !other_order && !over {
            name_at_venue(state, row, intent, venue_order_id);
        }
    }
    let is_news = match end {
        End::Unknown => fate == Fate::Waiting,
        End::Acknowledged(_) | End::Refused(_) | End::NeverReached(_) => fate.is_open(),
    };
    if is_news {
        standing::change(state, row, intent.order, |order| take_end(order, intent.n, end));
    }
    alarm
}

fn take_end(order: &mut Order, n: u32, end: End<'_>) {
    let Some(call) = usize::try_from(n).ok().and_then(|n| order.calls.get_mut(n.checked_sub(1)?)) else {
        return;
    };
    call.fate = match end {
        End::Acknowledged(_) => Fate::Acknowledged,
        End::Refused(_) => Fate::Refused,
        End::NeverReached(_) => Fate::NeverReached,
        End::Unknown => Fate::Unknown,
    };
    if let (Call::Modify(changes), End::Acknowledged(_)) = (&call.call, end) {
        order.request = changes.applied_to(&order.request);
        order.modified = true;
    }
    if let End::Refused(words) = end {
        order.message = Some(words.to_owned());
    }
    if n == 1 {
        if let End::NeverReached(why) = end {
            order.message = Some(why.to_owned());
        }
        transitions::advance(
            order,
            match end {
                End::Acknowledged(_) => Stage::Acknowledged,
                End::Refused(_) => Stage::Rejected,
                End::NeverReached(_) => Stage::NeverReached,
                End::Unknown => Stage::Unknown,
            },
        );
    }
    transitions::follow_fills(order);
}

/// A call that was taken for absent was not: what it did holds, and nobody trades the account until a person has looked.
fn appeared(state: &mut State, row: Row<'_>, intent: IntentId, account: &AccountId, venue_order_id: &str) {
    let Some(order) = standing::known(state, intent.order, account) else { return };
    let Some(call) = order.call(intent.n) else { return };
    if !(call.fate.is_open() || call.fate == Fate::NeverReached) {
        return;
    }
    if !order.is_other_at_venue(venue_order_id) {
        name_at_venue(state, row, intent, venue_order_id);
    }
    standing::change(state, row, intent.order, |order| {
        take_end(order, intent.n, End::Acknowledged(venue_order_id))
    });
    if let Some(held) = account_mut(state, account) {
        held.halted = Some(Halted {
            account: Some(account.clone()),
            why: format!("order {} appeared after it had been taken for absent", intent.order),
            cancel_open: false,
            by: "gateway".to_owned(),
        });
    }
}

/// Notes the venue's id of an order that has none yet.
pub(super) fn name_at_venue(state: &mut State, row: Row<'_>, intent: IntentId, venue_order_id: &str) {
    let Some(order) = state.orders.get(&intent.order) else { return };
    if venue_order_id.is_empty() || order.venue_order_id.is_some() {
        return;
    }
    let account = order.account.clone();
    standing::change(state, row, intent.order, |order| {
        order.venue_order_id = Some(venue_order_id.to_owned())
    });
    if let Some(account) = account_mut(state, &account) {
        account.venue_ids.insert_mut(venue_order_id.to_owned(), intent.order);
    }
}
