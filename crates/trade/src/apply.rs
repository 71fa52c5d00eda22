//! What an event does to the state.
//!
//! Enters: a row of the journal. Leaves: the state after it, and what a venue told that no order can do.
//! Never here: verdicts, clocks, errors. Every row can be folded: one that makes no sense (of an account or an order that
//! does not exist, a call out of turn) moves `seq` and changes nothing else. No row costs more than the logarithm of what is
//! held, but for those that touch everything by their meaning: a halt that cancels, a new trading day, a restore.

mod calls;
mod control;
mod decisions;
mod gtt;
mod intake;
mod standing;
mod venue;

use std::sync::Arc;

use crate::event::{Event, IllegalTransition};
use crate::ids::AccountId;
use crate::order::Order;
use crate::state::{Account, State};

/// A row of the journal as the fold needs it.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Place in the journal.
    pub seq: u64,
    /// Place in its stream.
    pub stream_seq: u64,
    /// Machine time, unix nanoseconds.
    pub time: i64,
    /// What happened.
    pub event: &'a Event,
}

/// Folds one row. What a venue tells and no order can do changes nothing (but for a fill, which always counts) and is
/// returned: whoever holds the account records it as an event of its own.
pub fn apply(state: &mut State, row: Row<'_>) -> Option<IllegalTransition> {
    state.seq = row.seq;
    match row.event {
        Event::JournalBegan(body) => control::journal_began(state, row, body),
        Event::AccountAdded(body) => control::account_added(state, row, body),
        Event::LimitsSet(body) => control::limits_set(state, row, body),
        Event::Halted(body) => control::halted(state, row, body),
        Event::Resumed(body) => control::resumed(state, row, body),
        Event::FlagSet(body) => control::flag_set(state, row, body),

        Event::SignalReceived(body) => intake::signal_received(state, row, body),
        Event::OrderCommanded(body) => intake::order_commanded(state, row, body),
        Event::ConversionCommanded(body) => intake::conversion_commanded(state, body),

        Event::CallAnswered(body) => return calls::answered(state, row, body),
        Event::VenueReported(body) => return venue::reported(state, row, body),
        Event::TradeReported(body) => return venue::traded(state, row, body),

        Event::Decided(body) => decisions::decided(state, row, body),
        Event::Intended(body) => decisions::intended(state, row, body),
        Event::Sent(body) => decisions::sent(state, row, body),
        Event::FateUnknown(body) => calls::fate_unknown(state, row, body),
        Event::FateResolved(body) => return calls::fate_resolved(state, row, body),
        Event::Converted(body) => decisions::converted(state, row, body),
        Event::DayBegan(body) => decisions::day_began(state, row, body),
        // Both say what was found; what follows from it comes as facts and commands of its own.
        Event::IllegalTransition(body) => decisions::counted(state, row, &body.account),
        Event::Reconciled(body) => decisions::counted(state, row, &body.account),

        Event::GttCommanded(body) => gtt::commanded(state, row, body),
        Event::GttTriggered(body) => gtt::triggered(state, row, body),
    }
    None
}

/// The account to change: its own copy where someone else still reads the one before.
fn account_mut<'a>(state: &'a mut State, name: &AccountId) -> Option<&'a mut Account> {
    state.accounts.get_mut(name).map(Arc::make_mut)
}

/// What `told` was for `order`, as a fact for the journal.
fn illegal(row: Row<'_>, order: &Order, told: String) -> IllegalTransition {
    IllegalTransition {
        order: order.id,
        account: order.account.clone(),
        from: order.stage.as_str().to_owned(),
        told,
        at_seq: row.seq,
    }
}
