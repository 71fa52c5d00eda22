//! Laws over random histories.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use trade::apply::{Row, apply};
use trade::conversion::{Conversion, Part};
use trade::event::*;
use trade::order::Stage;
use trade::projection::hash;
use trade::request::{Product, Side};
use trade::state::{Pending, State};
use trade::{IntentId, Money, OrderId};

use crate::history::*;

/// Something that may happen; orders and pending things are picked from what there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    Place { token: u32, buy: bool, quantity: i64 },
    Modify { order: Index, quantity: i64 },
    Cancel { order: Index },
    Sent { order: Index },
    Answer { order: Index, n: u32, kind: u8 },
    Resolve { order: Index, n: u32, kind: u8 },
    Report { order: Index, status: Index, filled: i64, revision: u32 },
    Trade { order: Index, id: u32, quantity: i64, rupees: i64 },
    Signal { id: u32 },
    Command { order: Index, cancel: bool },
    Convert { token: u32, long: bool, overnight: bool, back: bool, quantity: i64 },
    Decide { pending: Index, verdict: Index },
    Halt { cancel_open: bool },
    Day { number: i8 },
    Repeat { row: Index },
}

fn step() -> impl Strategy<Value = Step> {
    let order = any::<Index>;
    prop_oneof![
        4 => (0u32..3, any::<bool>(), 1i64..20)
            .prop_map(|(token, buy, quantity)| Step::Place { token, buy, quantity }),
        2 => (order(), 1i64..30).prop_map(|(order, quantity)| Step::Modify { order, quantity }),
        1 => order().prop_map(|order| Step::Cancel { order }),
        1 => order().prop_map(|order| Step::Sent { order }),
        4 => (order(), 0u32..4, 0u8..4).prop_map(|(order, n, kind)| Step::Answer { order, n, kind }),
        2 => (order(), 0u32..4, 0u8..3).prop_map(|(order, n, kind)| Step::Resolve { order, n, kind }),
        5 => (order(), order(), -1i64..25, 0u32..12)
            .prop_map(|(order, status, filled, revision)| Step::Report { order, status, filled, revision }),
        6 => (order(), 0u32..40, -1i64..15, 1i64..500)
            .prop_map(|(order, id, quantity, rupees)| Step::Trade { order, id, quantity, rupees }),
        1 => (0u32..10).prop_map(|id| Step::Signal { id }),
        1 => (order(), any::<bool>()).prop_map(|(order, cancel)| Step::Command { order, cancel }),
        3 => (0u32..3, any::<bool>(), any::<bool>(), any::<bool>(), 0i64..20).prop_map(
            |(token, long, overnight, back, quantity)| Step::Convert { token, long, overnight, back, quantity }
        ),
        2 => (order(), order()).prop_map(|(pending, verdict)| Step::Decide { pending, verdict }),
        1 => any::<bool>().prop_map(|cancel_open| Step::Halt { cancel_open }),
        1 => (1i8..15).prop_map(|number| Step::Day { number }),
        3 => order().prop_map(|row| Step::Repeat { row }),
    ]
}

const STATUSES: [VenueStatus; 7] = [
    VenueStatus::Pending,
    VenueStatus::Open,
    VenueStatus::TriggerPending,
    VenueStatus::Complete,
    VenueStatus::Cancelled,
    VenueStatus::Rejected,
    VenueStatus::Expired,
];

/// Lets `step` happen in `day`; `orders` are those ever placed.
fn take(day: &mut History, orders: &mut Vec<OrderId>, step: &Step) {
    let pick =
        |index: &Index, orders: &[OrderId]| (!orders.is_empty()).then(|| orders[index.index(orders.len())]);
    match step {
        Step::Place { token, buy, quantity } => {
            let side = if *buy { Side::Buy } else { Side::Sell };
            orders.push(day.place(request(*token, side, *quantity)));
        }
        Step::Modify { order, quantity: changed } => {
            if let Some(order) = pick(order, orders) {
                let n = day.order(order).newest_intent().n + 1;
                day.intend(order, n, Call::Modify(quantity(*changed)));
            }
        }
        Step::Cancel { order } => {
            if let Some(order) = pick(order, orders) {
                let n = day.order(order).newest_intent().n + 1;
                day.intend(order, n, Call::Cancel);
            }
        }
        Step::Sent { order } => pick(order, orders).into_iter().for_each(|order| day.sent(order)),
        Step::Answer { order, n, kind } => {
            if let Some(order) = pick(order, orders) {
                let answer = match kind {
                    0 => acknowledged(order),
                    1 => refused("no"),
                    2 => Answer::NeverLeft { why: "late".into() },
                    _ => unknown(),
                };
                day.answer(order, *n, answer);
            }
        }
        Step::Resolve { order, n, kind } => {
            if let Some(order) = pick(order, orders) {
                let venue_order_id = format!("v{order}");
                let found = match kind {
                    0 => Found::Reached { venue_order_id },
                    1 => Found::Absent,
                    _ => Found::Appeared { venue_order_id },
                };
                day.resolve(order, *n, found);
            }
        }
        Step::Report { order, status, filled, revision } => {
            if let Some(order) = pick(order, orders) {
                day.report(order, *revision, STATUSES[status.index(STATUSES.len())], *filled);
            }
        }
        Step::Trade { order, id, quantity, rupees } => {
            if let Some(order) = pick(order, orders) {
                day.trade(order, &id.to_string(), *quantity, *rupees);
            }
        }
        Step::Signal { id } => _ = day.add(signal(&format!("s{id}"), &["paper", "nobody"])),
        Step::Command { order, cancel } => {
            let order = pick(order, orders).unwrap_or_else(|| day.draw());
            let what = if *cancel { CommandedAct::Cancel } else { CommandedAct::Place(buy(1)) };
            day.command(order, what, Some(&order.to_string()));
        }
        Step::Convert { token, long, overnight, back, quantity } => {
            // Whether it can be done is not asked here: every row can be folded.
            let products = [Product::Mis, Product::Nrml];
            let [from, to] = if *back { [products[1], products[0]] } else { products };
            day.convert(Conversion {
                contract: contract(*token),
                side: if *long { Side::Buy } else { Side::Sell },
                quantity: *quantity,
                part: if *overnight { Part::Overnight } else { Part::Day },
                from,
                to,
            });
        }
        Step::Decide { pending, verdict } => {
            let waiting: Vec<Pending> = day.account().pending.iter().cloned().collect();
            if !waiting.is_empty() {
                let cause = match &waiting[pending.index(waiting.len())] {
                    Pending::Signal(id) => Cause::Signal(id.clone()),
                    Pending::Command(one) => Cause::Command { order: one.order, command: one.command },
                    Pending::Cancel(order) => Cause::Halt(*order),
                    Pending::Conversion(one) => Cause::Conversion(one.conversion),
                };
                let verdicts = [Verdict::Accepted, Verdict::Trimmed, Verdict::Denied];
                day.decide(cause, verdicts[verdict.index(3)]);
                assert_eq!(day.account().pending.len(), waiting.len() - 1);
            }
        }
        Step::Halt { cancel_open } => day.halt(None, *cancel_open),
        Step::Day { number } => day.day(*number, &[(1, Money::rupees(100))]),
        Step::Repeat { row } => {
            // What venues tell may come any number of times; our own rows are written once.
            let (_, _, event) = day.rows[row.index(day.rows.len())].clone();
            if let Event::VenueReported(_) | Event::TradeReported(_) | Event::CallAnswered(_) = event {
                day.add(event);
            }
        }
    }
}

/// The sum of fills, counted in the most obvious way.
#[derive(Default)]
struct Counted {
    seen: BTreeSet<(OrderId, String)>,
    held: BTreeMap<u32, i64>,
    paid: Money,
}

impl Counted {
    fn take(&mut self, before: &State, event: &Event) {
        match event {
            Event::TradeReported(trade) if trade.quantity > 0 => {
                let order = before.orders.get(&trade.order).unwrap();
                if self.seen.insert((trade.order, trade.trade_id.clone())) {
                    let signed = order.request.side.sign() * trade.quantity;
                    *self.held.entry(order.request.contract.token).or_default() += signed;
                    self.paid += trade.price * signed;
                }
            }
            Event::DayBegan(began) if before.account(&paper()).unwrap().day < Some(began.day) => {
                self.seen.clear()
            }
            _ => {}
        }
    }
}

fn check_orders(before: &State, after: &State) {
    for (id, order) in after.orders.iter() {
        let Some(was) = before.orders.get(id) else {
            assert_eq!(order.stage, Stage::Intended);
            continue;
        };
        assert!(order.filled >= was.filled && order.told_filled >= was.told_filled);
        let direct = was.stage == order.stage || was.stage.may_become(order.stage);
        // An answer or an appearance and the fills that were faster are two moves at once.
        let by_fills = matches!(order.stage, Stage::PartlyFilled | Stage::Filled)
            && Stage::ALL
                .iter()
                .any(|between| was.stage.may_become(*between) && between.may_become(order.stage));
        assert!(direct || by_fills, "{:?} to {:?}", was.stage, order.stage);
        if was.stage.is_ended() && !order.stage.is_ended() {
            assert_eq!(was.stage, Stage::NeverReached);
            assert!(after.halt(&order.account).is_some());
        }
    }
}

fn check_indexes(state: &State) {
    let account = state.account(&paper()).unwrap();
    let open: Vec<OrderId> =
        state.orders.iter().filter(|(_, order)| !order.stage.is_ended()).map(|(id, _)| *id).collect();
    assert_eq!(account.open.iter().copied().collect::<Vec<_>>(), open);
    let mut by_token: Vec<OrderId> = Vec::new();
    for (token, orders) in account.open_by_token.iter() {
        assert!(!orders.is_empty());
        for order in orders.iter() {
            assert_eq!(state.orders.get(order).unwrap().request.contract.token, *token);
            by_token.push(*order);
        }
    }
    by_token.sort_unstable();
    assert_eq!(by_token, open);
    let ended: BTreeSet<OrderId> = state.ended_orders.iter().copied().collect();
    assert!(state.orders.values().all(|order| !order.is_settled() || ended.contains(&order.id)));
}

fn fold(state: &mut State, rows: &[(u64, i64, Event)]) {
    for (seq, time, event) in rows {
        apply(state, Row { seq: *seq, stream_seq: *seq, time: *time, event });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// I-5, the table of moves and the indexes, after every row.
    #[test]
    fn positions_and_cash_are_the_sum_of_fills(steps in proptest::collection::vec(step(), 1..120)) {
        let (mut day, mut orders, mut counted) = (History::new(), Vec::new(), Counted::default());
        for step in &steps {
            let (before, rows) = (day.state.clone(), day.rows.len());
            take(&mut day, &mut orders, step);
            for (_, _, event) in &day.rows[rows..] {
                counted.take(&before, event);
            }
            check_orders(&before, &day.state);
            check_indexes(&day.state);
            let account = day.account();
            prop_assert_eq!(account.cash, FUNDS - counted.paid);
            for token in 0..3 {
                let of = |product| account.positions.get(&(token, product)).map_or(0, |position| position.quantity);
                let held: i64 = Product::ALL.iter().map(|product| of(*product)).sum();
                prop_assert_eq!(held, counted.held.get(&token).copied().unwrap_or(0));
            }
            let filled: i64 = day.state.orders.values().map(|order| order.filled).sum();
            let value: Money = day.state.orders.values().map(|order| order.value * order.request.side.sign()).sum();
            prop_assert_eq!(value, counted.paid);
            prop_assert!(filled >= 0);
        }
    }

    /// Folding on from a copy gives what folding in one go gives, and leaves the copied state as it was.
    #[test]
    fn a_snapshot_in_the_middle_changes_nothing(
        steps in proptest::collection::vec(step(), 1..80),
        cut in any::<Index>(),
    ) {
        let (mut day, mut orders) = (History::new(), Vec::new());
        steps.iter().for_each(|step| take(&mut day, &mut orders, step));
        let cut = cut.index(day.rows.len());

        let mut first = State::default();
        fold(&mut first, &day.rows[..cut]);
        let at_cut = hash(&first, 1);
        let mut second = first.clone();
        fold(&mut second, &day.rows[cut..]);
        prop_assert_eq!(&second, &day.state);
        prop_assert_eq!(hash(&second, 1), hash(&day.state, 1));
        prop_assert_eq!(hash(&first, 1), at_cut);
        let mut again = State::default();
        fold(&mut again, &day.rows[..cut]);
        prop_assert_eq!(first, again);
    }

    /// Whatever order a venue's facts come in, and however often, the order ends where it ended at the venue.
    #[test]
    fn reordered_and_repeated_facts_end_alike(
        facts in Just((0..6usize).chain(0..6).collect::<Vec<_>>()).prop_shuffle(),
        cancelled in any::<bool>(),
        doubtful in any::<bool>(),
    ) {
        let mut day = History::new();
        let order = day.place(buy(10));
        if doubtful {
            day.answer(order, 1, unknown());
        }
        let end = if cancelled { (VenueStatus::Cancelled, 7) } else { (VenueStatus::Complete, 10) };
        for fact in facts {
            match fact {
                0 => _ = day.answer(order, 1, acknowledged(order)),
                1 => _ = day.report(order, 1, VenueStatus::Open, 0),
                2 => _ = day.report(order, 2, VenueStatus::Open, 7),
                3 => _ = day.trade(order, "t1", 7, 100),
                4 if cancelled => {}
                4 => _ = day.trade(order, "t2", 3, 101),
                _ => _ = day.report(order, 3, end.0, end.1),
            }
        }
        prop_assert_eq!(&day.alarms, &[]);
        let (stage, paid) = if cancelled { (Stage::Cancelled, 700) } else { (Stage::Filled, 1_003) };
        prop_assert_eq!((day.order(order).stage, day.order(order).filled), (stage, end.1));
        prop_assert_eq!(day.account().cash, FUNDS - Money::rupees(paid));
        prop_assert_eq!(&day.order(order).venue_order_id, &Some(format!("v{order}")));
        prop_assert!(!day.order(order).is_busy());
        prop_assert_eq!(IntentId { order, n: 1 }, day.order(order).newest_intent());
    }
}
