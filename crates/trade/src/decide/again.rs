//! Deciding again from what was written down (I-10).

use super::{Moment, rule};
use crate::contract::Contract;
use crate::event::{CommandedAct, Decided, Event, Inputs, Verdict};
use crate::ids::OrderIds;
use crate::reason::Code;
use crate::state::{Pending, State};
use crate::view::{MarketView, PriceSource, Quote, Trading};

/// How a decision that is made again compares with the one that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// It comes out the same.
    Same,
    /// It comes out like this.
    Different {
        /// The answer.
        verdict: Verdict,
        /// Its reasons.
        reasons: Vec<Code>,
        /// The rows that it leads to.
        rows: Vec<Event>,
    },
    /// It cannot be made again.
    Undecidable {
        /// What is missing.
        why: String,
    },
}

/// Decides `pending` again in `state_before` (the fold of every row before the verdict's own) from the inputs of
/// `decided`, and compares verdict, codes of reasons and what follows with what was recorded: `decided` and `rows`, those
/// that it led to.
pub fn again(state_before: &State, decided: &Decided, pending: &Pending, rows: &[Event]) -> Comparison {
    if let Some(why) = missing(state_before, decided, pending) {
        return Comparison::Undecidable { why };
    }
    let market = RecordedView { inputs: &decided.inputs, token: token(state_before, pending) };
    let moment = Moment {
        now: decided.inputs.now,
        seen: decided.inputs.seen,
        send_by: rows.iter().find_map(send_by).unwrap_or(decided.inputs.now.machine),
    };
    // The ids that were drawn, in their order: all but the commanded one. If more orders come out now than did then,
    // as after a recorded denial, their ids only have to differ from those.
    let commanded = match pending {
        Pending::Command(command) => Some(command.order),
        Pending::Signal(_) | Pending::Cancel(_) | Pending::Conversion(_) => None,
    };
    let mut drawn = decided.orders.iter().copied().filter(|order| Some(*order) != commanded);
    let mut others = OrderIds::new(0, 0);
    let mut draw = || drawn.next().unwrap_or_else(|| others.draw());
    let (new, led_to) = rule(state_before, &decided.account, pending, &market, moment, &mut draw);

    let codes =
        |decided: &Decided| -> Vec<Code> { decided.reasons.iter().map(|reason| reason.code).collect() };
    let same = new.verdict == decided.verdict && codes(&new) == codes(decided) && led_to == rows;
    if same {
        return Comparison::Same;
    }
    Comparison::Different { verdict: new.verdict, reasons: codes(&new), rows: led_to }
}

const fn send_by(row: &Event) -> Option<i64> {
    match row {
        Event::Intended(intended) => Some(intended.send_by),
        _ => None,
    }
}

/// Why the decision cannot be made again from `state`.
fn missing(state: &State, decided: &Decided, pending: &Pending) -> Option<String> {
    if !pending.is_for(&decided.cause) {
        return Some("the verdict is about something else than what is pending".to_owned());
    }
    if state.seq < decided.inputs.seen {
        return Some(format!(
            "the state is at row {}; the decision saw row {}",
            state.seq, decided.inputs.seen
        ));
    }
    match pending {
        Pending::Signal(id) if !state.signals.contains_key(id) => {
            Some(format!("the state has no signal `{id}`"))
        }
        _ => None,
    }
}

/// The token that the decision's quote is about.
fn token(state: &State, pending: &Pending) -> Option<u32> {
    match pending {
        Pending::Signal(id) => state.signals.get(id).map(|signal| signal.signal.contract.token),
        Pending::Command(command) => match &command.what {
            CommandedAct::Place(request) => Some(request.contract.token),
            CommandedAct::Modify(_) | CommandedAct::Cancel => {
                state.orders.get(&command.order).map(|order| order.request.contract.token)
            }
        },
        Pending::Cancel(_) => None,
        Pending::Conversion(commanded) => Some(commanded.what.contract.token),
    }
}

/// The market as it was written down.
pub(super) struct RecordedView<'a> {
    pub(super) inputs: &'a Inputs,
    /// The one that `inputs.quote` is about.
    pub(super) token: Option<u32>,
}

impl MarketView for RecordedView<'_> {
    fn quote(&self, contract: &Contract) -> Option<Quote> {
        if self.token == Some(contract.token) {
            return self.inputs.quote.clone();
        }
        let (_, last) = self.inputs.marks.iter().find(|(token, _)| *token == contract.token)?;
        // Of other instruments a decision uses the last price alone.
        Some(Quote {
            last: *last,
            bid: None,
            ask: None,
            age_ms: 0,
            source: PriceSource::Replay,
            suspect: None,
            band: None,
        })
    }

    fn trading(&self, _: &Contract) -> Trading {
        self.inputs.trading.unwrap_or(Trading::NotListed)
    }
}
