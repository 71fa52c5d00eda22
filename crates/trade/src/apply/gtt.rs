//! Orders that wait for a price: defined, replaced, deleted, fired, expired.

use std::sync::Arc;

use crate::apply::{Row, account_mut, decisions};
use crate::event::{CommandedAct, GttAct, GttCommanded, GttTriggered};
use crate::gtt::{Fired, GTTS_ACTIVE_MAX, GTTS_ENDED_KEPT, Gtt, GttStage, GttTerms, expiry};
use crate::ids::{AccountId, GttId};
use crate::reason::Reason;
use crate::state::{Pending, PendingCommand, State};

pub(super) fn commanded(state: &mut State, row: Row<'_>, commanded: &GttCommanded) {
    state.control_seq = row.seq;
    let id = commanded.gtt;
    match &commanded.what {
        GttAct::Place(terms) => place(state, row, commanded, terms),
        GttAct::Replace(terms) => {
            if let Some(gtt) = active_mut(state, row, id, &commanded.account) {
                gtt.terms = terms.clone();
            }
        }
        GttAct::Delete => {
            if let Some(gtt) = active_mut(state, row, id, &commanded.account) {
                gtt.stage = GttStage::Deleted;
                keep_ended(state, id, &commanded.account);
            }
        }
    }
}

fn place(state: &mut State, row: Row<'_>, commanded: &GttCommanded, terms: &GttTerms) {
    let id = commanded.gtt;
    state.gtts.newest = state.gtts.newest.max(id.0);
    let active = |state: &State| state.account(&commanded.account).map(|held| held.gtts_active.size());
    if active(state).is_some_and(|active| active >= GTTS_ACTIVE_MAX) {
        end_expired(state, row, &commanded.account);
    }
    if active(state).is_none_or(|active| active >= GTTS_ACTIVE_MAX) || state.gtts.kept.contains_key(&id) {
        return;
    }
    let gtt = Gtt {
        id,
        account: commanded.account.clone(),
        terms: terms.clone(),
        stage: GttStage::Active,
        created: row.time,
        updated: row.time,
        expires: expiry(row.time),
        seq: row.seq,
    };
    if let Some(account) = account_mut(state, &commanded.account) {
        account.gtts_active.insert_mut(id);
    }
    state.gtts.kept.insert_mut(id, Arc::new(gtt));
    state.gtts.seq = row.seq;
}

/// It fired once and for all: its order waits for the verdict like one that was commanded.
pub(super) fn triggered(state: &mut State, row: Row<'_>, triggered: &GttTriggered) {
    decisions::counted(state, row, &triggered.account);
    let Ok(leg) = usize::try_from(triggered.leg) else { return };
    let Some(gtt) = active_mut(state, row, triggered.gtt, &triggered.account) else { return };
    let (price, order) = (triggered.price, triggered.order);
    gtt.stage = GttStage::Triggered(Fired { leg, price, at: row.time, order, denied: Vec::new() });
    keep_ended(state, triggered.gtt, &triggered.account);
    if let Some(account) = account_mut(state, &triggered.account) {
        account.pending.enqueue_mut(Pending::Command(Arc::new(PendingCommand {
            order,
            // The first of its order.
            command: 1,
            what: CommandedAct::Place(triggered.request.clone()),
            tag: None,
            kite: None,
            gtt: Some(triggered.gtt),
            // Nobody is there to split it.
            may_slice: true,
        })));
    }
}

/// The order that it set off was denied.
pub(super) fn denied(state: &mut State, id: GttId, row: Row<'_>, reasons: &[Reason]) {
    let Some(gtt) = state.gtts.kept.get_mut(&id).map(Arc::make_mut) else { return };
    if let GttStage::Triggered(fired) = &mut gtt.stage {
        fired.denied = reasons.to_vec();
        gtt.updated = row.time;
    }
}

/// Ends those whose time is over, or whose contract's last trading day is.
pub(super) fn end_expired(state: &mut State, row: Row<'_>, account: &AccountId) {
    let Some(held) = state.account(account) else { return };
    let day = held.day;
    let is_over = |gtt: &Gtt| {
        row.time >= gtt.expires
            || gtt.terms.contract.expiry.is_some_and(|last| day.is_some_and(|day| last < day))
    };
    let over: Vec<GttId> = held
        .gtts_active
        .iter()
        .filter(|id| state.gtts.kept.get(id).is_none_or(|gtt| is_over(gtt)))
        .copied()
        .collect();
    for id in over {
        if let Some(gtt) = state.gtts.kept.get_mut(&id).map(Arc::make_mut) {
            gtt.stage = GttStage::Expired;
            gtt.updated = row.time;
            state.gtts.seq = row.seq;
        }
        keep_ended(state, id, account);
    }
}

/// An active one of `account`, marked as changed by `row`.
fn active_mut<'a>(state: &'a mut State, row: Row<'_>, id: GttId, account: &AccountId) -> Option<&'a mut Gtt> {
    let gtt = state.gtts.kept.get_mut(&id)?;
    if gtt.account != *account || !gtt.is_active(row.time) {
        return None;
    }
    let gtt = Arc::make_mut(gtt);
    (gtt.updated, gtt.seq) = (row.time, row.seq);
    state.gtts.seq = row.seq;
    Some(gtt)
}

/// The journal was restored: nobody knows what became of these since the backup. Their clients define them anew.
pub(super) fn disable_all(state: &mut State, row: Row<'_>) {
    let active: Vec<(GttId, AccountId)> = state
        .gtts
        .kept
        .values()
        .filter(|gtt| gtt.stage == GttStage::Active)
        .map(|gtt| (gtt.id, gtt.account.clone()))
        .collect();
    for (id, account) in active {
        if let Some(gtt) = active_mut(state, row, id, &account) {
            gtt.stage = GttStage::Disabled;
        }
        keep_ended(state, id, &account);
    }
}

fn keep_ended(state: &mut State, id: GttId, account: &AccountId) {
    let Some(held) = account_mut(state, account) else { return };
    held.gtts_active.remove_mut(&id);
    held.gtts_ended.enqueue_mut(id);
    let mut forgotten = None;
    if held.gtts_ended.len() > GTTS_ENDED_KEPT {
        forgotten = held.gtts_ended.peek().copied();
        held.gtts_ended.dequeue_mut();
    }
    if let Some(oldest) = forgotten {
        state.gtts.kept.remove_mut(&oldest);
    }
}
