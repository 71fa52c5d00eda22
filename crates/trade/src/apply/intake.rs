//! What clients want: it waits with its accounts until it is decided.

use std::sync::Arc;

use crate::apply::{Row, account_mut};
use crate::event::{CommandedAct, ConversionCommanded, OrderCommanded, SignalReceived};
use crate::state::{Commanded, Pending, PendingCommand, SignalState, State};

pub(super) fn signal_received(state: &mut State, row: Row<'_>, received: &SignalReceived) {
    let signal = &received.signal;
    if state.signals.contains_key(&signal.id) {
        return;
    }
    for child in &signal.children {
        if let Some(account) = account_mut(state, &child.account) {
            account.pending.enqueue_mut(Pending::Signal(signal.id.clone()));
        }
    }
    let kept = SignalState {
        signal: signal.clone(),
        digest: received.digest.clone(),
        seq: row.seq,
        received: row.time,
        decisions: Vec::new(),
    };
    state.signals.insert_mut(signal.id.clone(), Arc::new(kept));
}

pub(super) fn order_commanded(state: &mut State, row: Row<'_>, commanded: &OrderCommanded) {
    let Some(account) = account_mut(state, &commanded.account) else { return };
    account.pending.enqueue_mut(Pending::Command(Arc::new(PendingCommand {
        order: commanded.order,
        command: commanded.command,
        what: commanded.what.clone(),
        tag: commanded.tag.clone(),
        kite: commanded.kite.clone(),
        may_slice: commanded.may_slice,
        gtt: None,
    })));
    // Only a placement names its order.
    if let (Some(client), CommandedAct::Place(_)) = (&commanded.client_id, &commanded.what)
        && !state.clients.contains_key(client)
    {
        let named = Commanded { order: commanded.order, digest: commanded.digest.clone(), seq: row.seq };
        state.clients.insert_mut(client.clone(), named);
        state.client_names.insert_mut(commanded.order, client.clone());
    }
}

pub(super) fn conversion_commanded(state: &mut State, commanded: &ConversionCommanded) {
    if let Some(account) = account_mut(state, &commanded.account) {
        account.pending.enqueue_mut(Pending::Conversion(Arc::new(commanded.clone())));
    }
}
