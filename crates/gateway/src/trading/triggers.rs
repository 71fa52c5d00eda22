//! Which ticks touch what waits for a price.
//!
//! Enters: the state, bundles of ticks. Leaves: the ticks that some active order waits for, so that none is missed which comes
//! and goes between two looks of the engine at the newest price. Never here: whether anything fires.
//!
//! What can be missed: a touch in a bundle that the tap dropped (counted), in a tick that the validator doubts, within the
//! moment before the definition is folded (20 ms for one that came in through another instance), while the order has to wait
//! (see `trade::decide::trigger`), and while no instance runs.

use std::collections::HashMap;
use std::sync::Arc;

use engine::Input;
use market::{Tick, UnixNanos};
use trade::gtt::{Gtt, GttStage, SeenTick};
use trade::view::Quote;
use trade::{Money, State};

use super::tap::Bundle;

/// Active orders by the number of their instrument, as of one row of the journal.
#[derive(Debug, Default)]
pub(super) struct Triggers {
    seq: u64,
    by_token: HashMap<u32, Vec<Arc<Gtt>>>,
}

impl Triggers {
    /// Takes on what is active in `state`.
    pub(super) fn follow(&mut self, state: &State) {
        if self.seq == state.gtts.seq {
            return;
        }
        self.seq = state.gtts.seq;
        self.by_token.clear();
        let active = state.accounts.values().flat_map(|account| account.gtts_active.iter());
        for gtt in active.filter_map(|id| state.gtts.kept.get(id)).filter(|gtt| gtt.stage == GttStage::Active)
        {
            self.by_token.entry(gtt.terms.contract.token).or_default().push(Arc::clone(gtt));
        }
    }

    /// The instruments whose ticks matter.
    pub(super) fn tokens(&self) -> impl Iterator<Item = u32> {
        self.by_token.keys().copied()
    }

    /// For each active order the first tick that touches it; a tick that touches several is there once. `age` tells how
    /// many milliseconds of market time ago a moment of machine time was.
    pub(super) fn touched(&self, bundles: &[Bundle], age: impl Fn(UnixNanos) -> u64) -> Vec<Input> {
        let mut waiting: HashMap<u32, Vec<&Arc<Gtt>>> = HashMap::new();
        let mut inputs = Vec::new();
        for bundle in bundles {
            for tick in &bundle.ticks {
                let Some(active) = self.by_token.get(&tick.token.0) else { continue };
                let waiting = waiting.entry(tick.token.0).or_insert_with(|| active.iter().collect());
                let last = Money::from_price(tick.last, tick.decimals);
                let before = waiting.len();
                waiting.retain(|gtt| gtt.updated > bundle.received.0 || gtt.leg_at(last).is_none());
                if waiting.len() < before {
                    let tick_seen = seen(tick, bundle, age(bundle.received));
                    inputs.push(Input::Seen { token: tick.token.0, tick: Box::new(tick_seen) });
                }
            }
        }
        inputs
    }
}

fn seen(tick: &Tick, bundle: &Bundle, age_ms: u64) -> SeenTick {
    let money = |price| Money::from_price(price, tick.decimals);
    let level = |level: &market::DepthLevel| (level.quantity > 0).then(|| money(level.price));
    SeenTick {
        received: bundle.received.0,
        quote: Quote {
            last: money(tick.last),
            bid: level(&tick.depth.buy[0]),
            ask: level(&tick.depth.sell[0]),
            age_ms,
            source: bundle.source.into(),
            suspect: None,
            band: None,
        },
    }
}
