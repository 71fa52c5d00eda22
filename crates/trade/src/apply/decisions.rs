//! What the holder of an account decided, intends and began.

use std::collections::BTreeMap;
use std::sync::Arc;

use rpds::{QueueSync, RedBlackTreeMapSync};

use crate::apply::{Row, account_mut, gtt, standing};
use crate::budget::BudgetUse;
use crate::event::{Call, Cause, CommandedAct, Converted, DayBegan, Decided, Intended, Sent, Verdict};
use crate::ids::AccountId;
use crate::money::Money;
use crate::order::{CallState, Fate, Order, Stage};
use crate::request::OrderRequest;
use crate::state::{Account, Decision, ENDED_KEPT, Pending, Placed, State};
use crate::transitions;

/// How far back placements are kept for the duplicate check, nanoseconds of machine time.
const RECENT_NS: i64 = 60_000_000_000;

/// Every decision row of an account moves its number.
pub(super) fn counted(state: &mut State, row: Row<'_>, account: &AccountId) {
    if let Some(account) = account_mut(state, account) {
        account.decisions = row.stream_seq;
    }
}

pub(super) fn decided(state: &mut State, row: Row<'_>, decided: &Decided) {
    counted(state, row, &decided.account);
    let Some(account) = account_mut(state, &decided.account) else { return };
    let Some(pending) = take(&mut account.pending, &decided.cause) else { return };
    raise_best_today(account, decided);
    match pending {
        Pending::Signal(id) => {
            let Some(signal) = state.signals.get_mut(&id).map(Arc::make_mut) else { return };
            let decision = Decision { seq: row.seq, time: row.time, decided: Arc::new(decided.clone()) };
            signal.decisions.push(decision);
            if signal.is_decided() {
                state.ended_signals.enqueue_mut(id);
                if state.ended_signals.len() > ENDED_KEPT {
                    if let Some(oldest) = state.ended_signals.peek() {
                        state.signals.remove_mut(oldest);
                    }
                    state.ended_signals.dequeue_mut();
                }
            }
        }
        Pending::Command(command) => {
            // A denied placement makes no order, but its client's name for it must not stay for ever.
            let denied = decided.verdict == Verdict::Denied && matches!(command.what, CommandedAct::Place(_));
            if denied && state.client_names.contains_key(&command.order) {
                standing::keep_ended(state, command.order);
            }
            if denied && let Some(fired) = command.gtt {
                gtt::denied(state, fired, row, &decided.reasons);
            }
        }
        Pending::Cancel(_) | Pending::Conversion(_) => {}
    }
}

/// Takes what `cause` means off the queue: the front, unless something was decided out of turn.
fn take(queue: &mut QueueSync<Pending>, cause: &Cause) -> Option<Pending> {
    if let Some(front) = queue.peek().filter(|front| front.is_for(cause)).cloned() {
        queue.dequeue_mut();
        return Some(front);
    }
    let place = queue.iter().position(|pending| pending.is_for(cause))?;
    let taken = queue.iter().nth(place).cloned();
    *queue =
        queue.iter().enumerate().filter(|(n, _)| *n != place).map(|(_, pending)| pending.clone()).collect();
    taken
}

/// The day's best profit as far as decisions saw it; measured only while a limit asks for it.
fn raise_best_today(account: &mut Account, decided: &Decided) {
    if account.limits.drawdown.is_none() {
        return;
    }
    let marks: BTreeMap<u32, Money> = decided.inputs.marks.iter().copied().collect();
    if let Some(profit) = account.profit_today(|token| marks.get(&token).copied()) {
        account.best_today = account.best_today.max(profit);
    }
}

pub(super) fn intended(state: &mut State, row: Row<'_>, intended: &Intended) {
    counted(state, row, &intended.account);
    let intent = intended.intent;
    let used = match &intended.call {
        Call::Place(request) => {
            if intent.n != 1 || state.orders.contains_key(&intent.order) {
                return;
            }
            if !place(state, row, intended, request) {
                return;
            }
            BudgetUse::Place
        }
        Call::Modify(_) | Call::Cancel => {
            let next = standing::known(state, intent.order, &intended.account)
                .is_some_and(|order| order.newest_intent().n.checked_add(1) == Some(intent.n));
            if !next {
                return;
            }
            let call =
                CallState { call: intended.call.clone(), fate: Fate::Waiting, send_by: intended.send_by };
            standing::change(state, row, intent.order, |order| order.calls.push(call));
            if matches!(intended.call, Call::Modify(_)) { BudgetUse::Modify } else { BudgetUse::Cancel }
        }
    };
    if let Some(account) = account_mut(state, &intended.account) {
        account.budget.record(row.time, intended.day, used);
    }
}

/// The first call makes the order; false when its account does not exist.
fn place(state: &mut State, row: Row<'_>, intended: &Intended, request: &OrderRequest) -> bool {
    let id = intended.intent.order;
    let Some(account) = account_mut(state, &intended.account) else { return false };
    standing::insert_open(account, id, request.contract.token);
    account.recent.enqueue_mut(Placed { at: row.time, order: id });
    let too_old = |placed: &Placed| row.time.saturating_sub(placed.at) > RECENT_NS;
    while account.recent.len() > ENDED_KEPT || account.recent.peek().is_some_and(too_old) {
        account.recent.dequeue_mut();
    }
    let order = Order {
        id,
        account: intended.account.clone(),
        request: request.clone(),
        stage: Stage::Intended,
        filled: 0,
        value: Money::ZERO,
        told_filled: 0,
        calls: vec![CallState {
            call: intended.call.clone(),
            fate: Fate::Waiting,
            send_by: intended.send_by,
        }],
        venue_order_id: None,
        revision: String::new(),
        told: None,
        signal: intended.signal.clone(),
        tag: intended.tag.clone(),
        kite: intended.kite.clone(),
        message: None,
        modified: false,
        day: intended.day,
        created: row.time,
        updated: row.time,
        seq: row.seq,
    };
    state.orders.insert_mut(id, Arc::new(order));
    true
}

pub(super) fn sent(state: &mut State, row: Row<'_>, sent: &Sent) {
    counted(state, row, &sent.account);
    let known = standing::known(state, sent.intent.order, &sent.account);
    if sent.intent.n == 1 && known.is_some_and(|order| order.stage == Stage::Intended) {
        standing::change(state, row, sent.intent.order, |order| {
            transitions::advance(order, Stage::Sent);
        });
    }
}

/// Moves units from one product's position to the other's; no cash moves.
pub(super) fn converted(state: &mut State, row: Row<'_>, converted: &Converted) {
    counted(state, row, &converted.account);
    let Some(account) = account_mut(state, &converted.account) else { return };
    let what = &converted.what;
    let (from, to) = ((what.contract.token, what.from), (what.contract.token, what.to));
    let held = |key| account.positions.get(key).map(Arc::as_ref);
    if let Ok((left, moved)) = what.convert(held(&from), held(&to)) {
        account.positions.insert_mut(from, Arc::new(left));
        account.positions.insert_mut(to, Arc::new(moved));
    }
}

/// Closes the day's figures. A day that has begun already, or is over, begins no more.
pub(super) fn day_began(state: &mut State, row: Row<'_>, began: &DayBegan) {
    counted(state, row, &began.account);
    let Some(account) = account_mut(state, &began.account) else { return };
    if account.day.is_some_and(|day| day >= began.day) {
        return;
    }
    let marks: BTreeMap<u32, Money> = began.marks.iter().copied().collect();
    let mut held = RedBlackTreeMapSync::default();
    for (key, position) in account.positions.iter().filter(|(_, position)| position.quantity != 0) {
        let mut position = position.as_ref().clone();
        position.begin_day(marks.get(&key.0).copied());
        held.insert_mut(*key, Arc::new(position));
    }
    account.positions = held;
    account.day = Some(began.day);
    account.trade_ids = Default::default();
    account.best_today = Money::ZERO;
    account.budget.begin_day(began.day);
    gtt::end_expired(state, row, &began.account);
}
