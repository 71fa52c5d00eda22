//! Accounts, limits, halts and flags.

use std::sync::Arc;

use crate::apply::{Row, account_mut, gtt};
use crate::event::{AccountAdded, FlagSet, Halted, JournalBegan, LimitsSet, Resumed};
use crate::gtt::GTTS_SKIPPED;
use crate::ids::AccountId;
use crate::state::{Account, Pending, State};

pub(super) fn journal_began(state: &mut State, row: Row<'_>, began: &JournalBegan) {
    state.control_seq = row.seq;
    state.incarnation = began.incarnation;
    if began.restored_at.is_some() {
        // What was made after the backup is not known: a number that some client remembers must not name another one.
        state.gtts.newest = state.gtts.newest.saturating_add(GTTS_SKIPPED);
        // What has fired or was deleted since then would fire once more.
        gtt::disable_all(state, row);
        // Each by itself, so that one account goes on once it is reconciled while others wait.
        for name in names(state) {
            if let Some(account) = account_mut(state, &name) {
                account.halted = Some(Halted {
                    account: Some(name),
                    why: "restored: reconcile first".to_owned(),
                    cancel_open: false,
                    by: "restore".to_owned(),
                });
            }
        }
    }
}

pub(super) fn account_added(state: &mut State, row: Row<'_>, added: &AccountAdded) {
    state.control_seq = row.seq;
    match account_mut(state, &added.account) {
        Some(known) => {
            known.added.url.clone_from(&added.url);
            known.added.api_key.clone_from(&added.api_key);
        }
        None => {
            let account = Account { limits_seq: row.seq, ..Account::new(added.clone()) };
            state.accounts.insert_mut(added.account.clone(), Arc::new(account));
        }
    }
}

pub(super) fn limits_set(state: &mut State, row: Row<'_>, set: &LimitsSet) {
    state.control_seq = row.seq;
    if let Some(account) = account_mut(state, &set.account) {
        account.limits = set.limits.clone();
        account.limits_seq = row.seq;
    }
}

pub(super) fn halted(state: &mut State, row: Row<'_>, halt: &Halted) {
    state.control_seq = row.seq;
    match &halt.account {
        Some(name) => {
            if let Some(account) = account_mut(state, name) {
                account.halted = Some(halt.clone());
                if halt.cancel_open {
                    cancel_open(account);
                }
            }
        }
        None => {
            state.halted = Some(halt.clone());
            if halt.cancel_open {
                for name in names(state) {
                    if let Some(account) = account_mut(state, &name) {
                        cancel_open(account);
                    }
                }
            }
        }
    }
}

pub(super) fn resumed(state: &mut State, row: Row<'_>, resumed: &Resumed) {
    state.control_seq = row.seq;
    match &resumed.account {
        Some(name) => {
            if let Some(account) = account_mut(state, name) {
                account.halted = None;
            }
        }
        None => state.halted = None,
    }
}

pub(super) fn flag_set(state: &mut State, row: Row<'_>, flag: &FlagSet) {
    state.control_seq = row.seq;
    state.flags.insert_mut(flag.name.clone(), flag.on);
}

fn cancel_open(account: &mut Account) {
    for order in account.open.iter() {
        account.pending.enqueue_mut(Pending::Cancel(*order));
    }
}

fn names(state: &State) -> Vec<AccountId> {
    state.accounts.keys().cloned().collect()
}
