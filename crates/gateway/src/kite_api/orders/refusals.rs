//! Placements that were refused before any venue saw them: the state forgets them, the order book shows them all day.
//!
//! Enters: new rows of the journal, whenever somebody looks. Leaves: the refused placements of an account and day. Never
//! here: verdicts. It is a bounded cache: with more rows than [`LOOK_BACK`] between two looks, refusals further back are in
//! the journal (and in the order's own history) only.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use journal::DbError;
use journal::events::{Journal, READ_ROWS_MAX, Row};
use kite::rest::orders::Order as KiteOrder;
use tokio::sync::Mutex;
use trade::event::{Cause, CommandedAct, Decided, OrderCommanded, Verdict};
use trade::{AccountId, Event, OrderId, Reason};

use super::history::asked;
use super::view;
use crate::trading::Desk;

/// Newest rows of the journal that are looked at.
const LOOK_BACK: u64 = 200_000;
/// Refused placements that are kept; the oldest go first.
const KEPT: usize = 10_000;

/// See the module.
#[derive(Default)]
pub struct Refusals {
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    read_to: u64,
    /// Placements without a verdict so far: as many as wait for the deciding thread.
    undecided: HashMap<OrderId, OrderCommanded>,
    /// By row.
    refused: BTreeMap<u64, Refused>,
}

/// One refused placement.
struct Refused {
    account: AccountId,
    day: Date,
    at: i64,
    row: KiteOrder,
}

impl Refusals {
    /// What was refused to `account` on `day`, up to the row `seq`: each with its moment of machine time, in nanoseconds.
    ///
    /// # Errors
    /// What the journal said.
    pub async fn of(
        &self,
        desk: &Desk,
        seq: u64,
        account: &AccountId,
        day: Date,
    ) -> Result<Vec<(i64, KiteOrder)>, DbError> {
        let mut log = self.log.lock().await;
        log.catch_up(desk, seq).await?;
        let own = log.refused.values().filter(|refused| refused.account == *account && refused.day == day);
        Ok(own.map(|refused| (refused.at, refused.row.clone())).collect())
    }

    /// Takes in what is new, so that nothing recent is out of reach later.
    ///
    /// # Errors
    /// What the journal said.
    pub async fn look(&self, desk: &Desk, seq: u64) -> Result<(), DbError> {
        self.log.lock().await.catch_up(desk, seq).await
    }
}

impl Log {
    async fn catch_up(&mut self, desk: &Desk, seq: u64) -> Result<(), DbError> {
        if self.read_to + LOOK_BACK < seq {
            self.read_to = seq - LOOK_BACK;
            self.undecided.clear();
        }
        while self.read_to < seq {
            let after = self.read_to;
            let rows = desk.read(move |journal| journal.read(after, READ_ROWS_MAX)).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                self.read_to = row.seq;
                self.take(&row);
            }
        }
        Ok(())
    }

    fn take(&mut self, row: &Row) {
        // Verdicts on signals are most of the journal; a subject tells them apart without reading them.
        let about_order = row.subject.as_deref().is_some_and(|subject| subject.starts_with("o:"));
        if !about_order || !(row.kind == "order_commanded" || row.kind == "decided") {
            return;
        }
        match engine::rows::event(row) {
            Ok(Event::OrderCommanded(command)) if matches!(command.what, CommandedAct::Place(_)) => {
                self.undecided.insert(command.order, command);
            }
            Ok(Event::Decided(decided)) => self.decided(row, &decided),
            _ => {}
        }
    }

    fn decided(&mut self, row: &Row, decided: &Decided) {
        let Cause::Command { order, command: number } = decided.cause else { return };
        if self.undecided.get(&order).is_none_or(|command| command.command != number) {
            return;
        }
        let Some(command) = self.undecided.remove(&order) else { return };
        let CommandedAct::Place(request) = &command.what else { return };
        if decided.verdict != Verdict::Denied {
            return;
        }
        let told = view::refused(&asked(&command, request), words(&decided.reasons), row.time);
        let day = decided.inputs.now.market_time().ist_date();
        self.refused
            .insert(row.seq, Refused { account: command.account.clone(), day, at: row.time, row: told });
        if self.refused.len() > KEPT {
            self.refused.pop_first();
        }
    }
}

/// Why, for people.
pub fn words(reasons: &[Reason]) -> String {
    let messages: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
    messages.join(" ")
}
