//! What waits for a price, looked at once per batch.
//!
//! Enters: the batch so far, the newest quotes, ticks that came and went. Leaves: rows of what fired, each with the verdict on its
//! order. Never here: when one may fire (`trade::decide::trigger`).

use std::collections::BTreeMap;
use std::sync::Arc;

use journal::events::Journal;
use trade::decide::{Sight, trigger};
use trade::event::Cause;
use trade::gtt::Gtt;
use trade::view::Quote;
use trade::{AccountId, Event, MarketView};

use super::{Plan, ROWS_MAX};
use crate::engine::{Engine, Times};

impl Plan {
    /// Fires what waits for a price, each with the verdict on its order at once: the next one sees what it has used up.
    pub(super) fn fire<J: Journal>(
        &mut self,
        account: &AccountId,
        engine: &mut Engine<J>,
        market: &dyn MarketView,
        times: Times,
    ) {
        if engine.is_ending {
            return;
        }
        let mut quotes: BTreeMap<u32, Option<Quote>> = BTreeMap::new();
        let active: Vec<Arc<Gtt>> = self
            .state
            .account(account)
            .into_iter()
            .flat_map(|held| held.gtts_active.iter())
            .filter_map(|id| self.state.gtts.kept.get(id).cloned())
            .collect();
        for gtt in active {
            if self.rows.len() >= ROWS_MAX {
                break;
            }
            let contract = &gtt.terms.contract;
            let newest = quotes.entry(contract.token).or_insert_with(|| market.quote(contract));
            let ticks = self.seen.get(&contract.token).map_or(&[][..], Vec::as_slice);
            let Some(newest) = newest.as_ref().filter(|newest| gtt.touched(Some(newest), ticks).is_some())
            else {
                continue;
            };
            let sight = Sight { newest, trading: market.trading(contract), ticks };
            let moment = self.moment(engine, times);
            let Some(fired) = trigger(&self.state, gtt.id, sight, moment, &mut engine.ids) else { continue };
            let cause = Cause::Command { order: fired.order, command: 1 };
            self.push(Event::GttTriggered(fired), engine, times);
            let pending = self
                .state
                .account(account)
                .and_then(|held| held.pending.iter().find(|pending| pending.is_for(&cause)).cloned());
            if let Some(pending) = pending {
                self.decide_one(account, &pending, engine, market, times);
            }
        }
    }
}
