//! The verdict on one pending signal, command or cancellation.
//!
//! Enters: the state, what is pending, what the market says, the two times. Leaves: one verdict with every reason
//! that applies and everything that was seen, then the calls that it leads to. Never here: sending, waiting,
//! remembering.

mod again;
mod case;
mod change;
mod conversion;
mod exposure;
mod loss;
mod margin;
mod market;
mod open;
mod price;
mod rate;
mod repeats;
mod risk;
mod signal;
mod size;
mod terms;
mod trigger;
mod worth;

pub use again::{Comparison, again};
pub use margin::{blocked, free_beside_positions};
pub use trigger::{Sight, trigger, trigger_again};

use crate::event::{
    Call, Cause, CommandedAct, ConversionCommanded, Converted, Decided, Event, Inputs, Intended, KiteFields,
    Verdict,
};
use crate::ids::{AccountId, IntentId, OrderId, OrderIds, SignalId};
use crate::order::Order;
use crate::reason::{Code, Reason};
use crate::request::{Changes, OrderRequest};
use crate::state::{Account, Pending, PendingCommand, State};
use crate::view::{MarketView, Now};
use case::Case;

/// What a decision is given beside the state and the market.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The two clocks.
    pub now: Now,
    /// The newest row that was folded before this batch.
    pub seen: u64,
    /// Machine time after which its calls are not sent, unix nanoseconds.
    pub send_by: i64,
}

/// Decides `pending` for `account`: a `Decided`, then the `Intended` calls it leads to, or what is `Converted`. Folding
/// them in order takes `pending` off the account's list.
pub fn decide(
    state: &State,
    account: &AccountId,
    pending: &Pending,
    market: &dyn MarketView,
    moment: Moment,
    ids: &mut OrderIds,
) -> Vec<Event> {
    let (decided, rows) = rule(state, account, pending, market, moment, &mut || ids.draw());
    std::iter::once(Event::Decided(decided)).chain(rows).collect()
}

/// True for a halt's cancellation that `decide` would refuse now only because the venue's second or minute is used
/// up, and that would then never be made: better decided later.
pub fn should_wait(state: &State, account: &AccountId, pending: &Pending, now: Now) -> bool {
    let Pending::Cancel(order) = pending else { return false };
    let Some(held) = state.account(account) else { return false };
    change::open_order(state, account, *order).is_ok_and(|order| change::against_cancelling(order).is_empty())
        && rate::cancellation(held, now).is_some()
}

/// The verdict and the rows that it leads to. `draw` makes the ids of a signal's orders, and of all slices of a command
/// but its first.
fn rule(
    state: &State,
    account: &AccountId,
    pending: &Pending,
    market: &dyn MarketView,
    moment: Moment,
    draw: &mut dyn FnMut() -> OrderId,
) -> (Decided, Vec<Event>) {
    let mut inputs =
        Inputs { seen: moment.seen, now: moment.now, quote: None, trading: None, marks: Vec::new() };
    let ruling = match state.account(account) {
        None => Ruling::denied(vec![Reason::new(
            Code::UnknownAccount,
            format!("There is no account `{account}`."),
        )]),
        Some(held) => {
            let desk = Desk { state, account, held, market, now: moment.now, inputs: &mut inputs };
            match pending {
                Pending::Signal(id) => desk.signal(id, draw),
                Pending::Command(command) => desk.command(command, draw),
                Pending::Cancel(order) => desk.cancel(*order, None),
                Pending::Conversion(commanded) => desk.convert(commanded),
            }
        }
    };
    let call = |wanted: Wanted| Intended {
        intent: IntentId { order: wanted.order, n: wanted.n },
        account: account.clone(),
        call: wanted.call,
        signal: wanted.signal,
        tag: wanted.tag,
        kite: wanted.kite,
        send_by: moment.send_by,
        day: moment.now.market_time().ist_date(),
    };
    let intended: Vec<Intended> = ruling.calls.into_iter().map(call).collect();
    let decided = Decided {
        account: account.clone(),
        cause: cause(pending),
        verdict: ruling.verdict,
        reasons: ruling.reasons,
        orders: intended.iter().map(|intended| intended.intent.order).collect(),
        inputs,
    };
    let converted = ruling.converted.map(Event::Converted);
    (decided, intended.into_iter().map(Event::Intended).chain(converted).collect())
}

/// What a verdict on `pending` is about.
fn cause(pending: &Pending) -> Cause {
    match pending {
        Pending::Signal(id) => Cause::Signal(id.clone()),
        Pending::Command(command) => Cause::Command { order: command.order, command: command.command },
        Pending::Cancel(order) => Cause::Halt(*order),
        Pending::Conversion(commanded) => Cause::Conversion(commanded.conversion),
    }
}

/// What was found, before it is written down.
struct Ruling {
    verdict: Verdict,
    reasons: Vec<Reason>,
    calls: Vec<Wanted>,
    converted: Option<Converted>,
}

/// A call to make.
struct Wanted {
    order: OrderId,
    n: u32,
    call: Call,
    signal: Option<SignalId>,
    tag: Option<String>,
    kite: Option<KiteFields>,
}

impl Ruling {
    fn denied(reasons: Vec<Reason>) -> Ruling {
        Ruling { verdict: Verdict::Denied, reasons, calls: Vec::new(), converted: None }
    }

    /// Denied for `against`, if there is any; otherwise `calls`, with `trimmed` as the reason for being less than
    /// was asked.
    fn weigh(
        mut against: Vec<Reason>,
        trimmed: Option<Reason>,
        calls: impl FnOnce() -> Vec<Wanted>,
    ) -> Ruling {
        if against.is_empty() {
            let verdict = if trimmed.is_some() { Verdict::Trimmed } else { Verdict::Accepted };
            let reasons = trimmed.into_iter().collect();
            return Ruling { verdict, reasons, calls: calls(), converted: None };
        }
        against.sort_by_key(|reason| reason.code);
        against.dedup_by_key(|reason| reason.code);
        Ruling::denied(against)
    }
}

/// Everything around one decision.
struct Desk<'a> {
    state: &'a State,
    account: &'a AccountId,
    held: &'a Account,
    market: &'a dyn MarketView,
    now: Now,
    /// Written down as it is seen.
    inputs: &'a mut Inputs,
}

impl Desk<'_> {
    fn signal(self, id: &SignalId, draw: &mut dyn FnMut() -> OrderId) -> Ruling {
        let share = match signal::share(self.state, self.account, self.held, id, self.now) {
            Ok(share) => share,
            Err(reasons) => return Ruling::denied(reasons),
        };
        let mut against: Vec<Reason> = share.too_late.into_iter().collect();
        let request = share.request;
        let (reasons, slices) = self.judge(&request, None, true);
        against.extend(reasons);
        Ruling::weigh(against, share.trimmed, || {
            let slice = |quantity| Wanted {
                order: draw(),
                n: 1,
                call: Call::Place(OrderRequest { quantity, ..request.clone() }),
                signal: Some(id.clone()),
                tag: None,
                kite: None,
            };
            slices.into_iter().map(slice).collect()
        })
    }

    fn command(self, command: &PendingCommand, draw: &mut dyn FnMut() -> OrderId) -> Ruling {
        match &command.what {
            CommandedAct::Place(request) => self.place(command, request, draw),
            CommandedAct::Modify(changes) => self.modify(command, changes),
            CommandedAct::Cancel => self.cancel(command.order, command.kite.clone()),
        }
    }

    /// The command's own id is that of the first slice.
    fn place(
        self,
        command: &PendingCommand,
        request: &OrderRequest,
        draw: &mut dyn FnMut() -> OrderId,
    ) -> Ruling {
        let mut against = Vec::new();
        if self.state.orders.contains_key(&command.order) {
            let words = format!("An order {} was placed already.", command.order);
            against.push(Reason::new(Code::Duplicate, words));
        }
        let (reasons, slices) = self.judge(request, None, command.may_slice);
        against.extend(reasons);
        Ruling::weigh(against, None, || {
            let slice = |(place, quantity)| Wanted {
                order: if place == 0 { command.order } else { draw() },
                n: 1,
                call: Call::Place(OrderRequest { quantity, ..request.clone() }),
                signal: None,
                tag: command.tag.clone(),
                kite: command.kite.clone(),
            };
            slices.into_iter().enumerate().map(slice).collect()
        })
    }

    fn modify(self, command: &PendingCommand, changes: &Changes) -> Ruling {
        let order = match change::open_order(self.state, self.account, command.order) {
            Ok(order) => order,
            Err(reason) => return Ruling::denied(vec![reason]),
        };
        let request = changes.applied_to(&order.request);
        let mut against = change::against_modifying(self.held, order, &request);
        against.extend(self.judge(&request, Some(order), false).0);
        Ruling::weigh(against, None, || {
            vec![Wanted {
                order: order.id,
                n: next_call(order),
                call: Call::Modify(change::effective(changes, &request)),
                signal: None,
                tag: None,
                kite: command.kite.clone(),
            }]
        })
    }

    /// No market, no price, no halt stands in the way of ending an order.
    fn cancel(self, order: OrderId, kite: Option<KiteFields>) -> Ruling {
        let order = match change::open_order(self.state, self.account, order) {
            Ok(order) => order,
            Err(reason) => return Ruling::denied(vec![reason]),
        };
        let mut against = change::against_cancelling(order);
        against.extend(rate::cancellation(self.held, self.now));
        Ruling::weigh(against, None, || {
            vec![Wanted {
                order: order.id,
                n: next_call(order),
                call: Call::Cancel,
                signal: None,
                tag: None,
                kite,
            }]
        })
    }

    fn convert(self, commanded: &ConversionCommanded) -> Ruling {
        let what = &commanded.what;
        let quote = self.market.quote(&what.contract);
        let marks = case::marks(self.state, self.held, &what.contract, quote.as_ref(), self.market);
        let against = conversion::against(self.state, self.account, self.held, what, &marks);
        self.inputs.quote = quote;
        self.inputs.marks = marks.into_iter().collect();
        let mut ruling = Ruling::weigh(against, None, Vec::new);
        ruling.converted = (ruling.verdict == Verdict::Accepted).then(|| Converted {
            conversion: commanded.conversion,
            account: commanded.account.clone(),
            what: what.clone(),
        });
        ruling
    }

    /// Looks at the market for `request` and asks every risk check; `before` is the order whose terms it replaces.
    /// What is judged is the whole. The quantities of the orders that it becomes come back beside the reasons.
    fn judge(
        self,
        request: &OrderRequest,
        before: Option<&Order>,
        may_slice: bool,
    ) -> (Vec<Reason>, Vec<i64>) {
        let case = Case::new(self.state, self.account, self.held, self.now, request, before, self.market);
        let case = if may_slice { case.sliceable() } else { case };
        let reasons = risk::against(&case);
        self.inputs.trading = Some(case.trading);
        self.inputs.marks = case.marks.into_iter().collect();
        self.inputs.quote = case.quote;
        (reasons, case.sizes.unwrap_or_default())
    }
}

fn next_call(order: &Order) -> u32 {
    order.newest_intent().n.saturating_add(1)
}
