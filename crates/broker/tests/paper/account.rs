//! The account around the matcher, folded as a journal would fold it.

use broker::paper::{BookLine, MatcherConfig, PaperVenue};
use market::UnixNanos;
use proptest::prelude::*;
use trade::apply::{Row, apply};
use trade::contract::Kind;
use trade::event::{
    AccountAdded, Answer, Call, CallAnswered, Class, Intended, Sent, TradeReported, VenueReported,
    VenueStatus,
};
use trade::request::Changes;
use trade::{
    AccountId, Contract, Event, IntentId, Limits, Money, Order, OrderId, OrderIds, OrderRequest, OrderType,
    Product, Side, Stage, State, Validity,
};

use crate::stage::{LATENCY, TOKEN, book};

const FUNDS: Money = Money::rupees(1_000_000);

/// An account, its venue and its journal.
struct Desk {
    state: State,
    venue: PaperVenue,
    ids: OrderIds,
    now: i64,
    told: Vec<Event>,
}

impl Desk {
    fn new() -> Desk {
        let account = account();
        let venue = PaperVenue::new(config(), account.clone());
        let ids = OrderIds::new(1, 1);
        let mut desk = Desk { state: State::default(), venue, ids, now: 0, told: Vec::new() };
        desk.fold(Event::AccountAdded(AccountAdded {
            account,
            class: Class::Paper,
            funds: FUNDS,
            url: String::new(),
            api_key: String::new(),
            limits: Limits::default(),
            by: "test".into(),
        }));
        desk
    }

    fn fold(&mut self, event: Event) {
        let seq = self.state.seq + 1;
        let illegal = apply(&mut self.state, Row { seq, stream_seq: seq, time: self.now, event: &event });
        assert_eq!(illegal, None, "after {event:?}");
        self.told.push(event);
    }

    fn drain(&mut self) -> Vec<Event> {
        let events = self.venue.drain(self.now);
        for event in &events {
            self.fold(event.clone());
        }
        events
    }

    fn pass(&mut self, time: i64) -> Vec<Event> {
        self.now += time;
        self.drain()
    }

    fn book(&mut self, last: i64, volume: i64, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> Vec<Event> {
        self.venue.on_book(&book(self.now, last, volume, bids, asks));
        self.drain()
    }

    fn intend(&mut self, order: OrderId, call: Call) -> IntentId {
        let calls = self.state.orders.get(&order).map_or(0, |order| order.calls.len());
        let intent = IntentId { order, n: u32::try_from(calls).unwrap() + 1 };
        self.fold(Event::Intended(Intended {
            intent,
            account: account(),
            call,
            signal: None,
            tag: None,
            kite: None,
            send_by: i64::MAX,
            day: UnixNanos(0).ist_date(),
        }));
        self.fold(Event::Sent(Sent { intent, account: account() }));
        intent
    }

    fn call(&mut self, order: OrderId, call: Call) -> IntentId {
        let intent = self.intend(order, call.clone());
        self.venue.send(intent, &call, self.state.orders.get(&order).unwrap(), self.now);
        intent
    }

    fn place(&mut self, request: OrderRequest) -> OrderId {
        let order = self.ids.draw();
        self.call(order, Call::Place(request));
        self.drain();
        order
    }

    fn restart(&mut self) {
        self.venue = PaperVenue::from_state(config(), &self.state, &account(), self.now);
    }

    fn order(&self, order: OrderId) -> &Order {
        self.state.orders.get(&order).unwrap()
    }

    fn stages(&self) -> Vec<Stage> {
        self.state.orders.values().map(|order| order.stage).collect()
    }
}

fn account() -> AccountId {
    "paper".parse().unwrap()
}

fn config() -> MatcherConfig {
    MatcherConfig { latency_ns: LATENCY, ..MatcherConfig::default() }
}

fn request(side: Side, order_type: OrderType, quantity: i64, price: i64, trigger: i64) -> OrderRequest {
    let contract = Contract {
        name: "NSE:INFY".into(),
        token: TOKEN,
        lot: 1,
        tick: Money::paise(5),
        kind: Kind::Equity,
        expiry: None,
    };
    OrderRequest {
        contract,
        side,
        quantity,
        order_type,
        price: order_type.has_price().then_some(Money::rupees(price)),
        trigger_price: order_type.has_trigger().then_some(Money::rupees(trigger)),
        validity: Validity::Day,
        product: Product::Cnc,
    }
}

fn reports(events: &[Event]) -> Vec<(VenueStatus, i64, &str)> {
    let mut reports = Vec::new();
    for event in events {
        if let Event::VenueReported(VenueReported { status, filled, revision, .. }) = event {
            reports.push((*status, *filled, revision.as_str()));
        }
    }
    reports
}

fn answers(events: &[Event]) -> Vec<(u32, bool)> {
    let answer = |event: &Event| match event {
        Event::CallAnswered(CallAnswered { intent, answer, .. }) => {
            Some((intent.n, matches!(answer, Answer::Acknowledged { .. })))
        }
        _ => None,
    };
    events.iter().filter_map(answer).collect()
}

fn trades(events: &[Event]) -> Vec<&TradeReported> {
    let mut trades = Vec::new();
    for event in events {
        if let Event::TradeReported(trade) = event {
            trades.push(trade);
        }
    }
    trades
}

#[test]
fn a_placement_is_acknowledged_at_once_and_fills_after_the_latency() {
    let mut desk = Desk::new();
    desk.book(100, 0, &[(99, 50)], &[(101, 5), (102, 50)]);
    let order = desk.place(request(Side::Buy, OrderType::Market, 8, 0, 0));
    assert_eq!(desk.order(order).stage, Stage::Acknowledged);
    assert_eq!(desk.order(order).venue_order_id, Some(format!("P{order}")));
    let events = desk.pass(LATENCY);
    assert_eq!(reports(&events), [(VenueStatus::Open, 0, "1"), (VenueStatus::Complete, 8, "2")]);
    let ids: Vec<_> = trades(&events).iter().map(|trade| trade.trade_id.clone()).collect();
    assert_eq!(ids, [format!("P{order}-5"), format!("P{order}-8")]);
    assert_eq!(desk.order(order).stage, Stage::Filled);
    assert_eq!(desk.state.account(&account()).unwrap().cash, FUNDS - Money::rupees(5 * 101 + 3 * 102));
}

#[test]
fn changes_are_answered_when_they_arrive_in_their_order() {
    let mut desk = Desk::new();
    desk.book(100, 0, &[(99, 50)], &[(101, 5)]);
    let order = desk.place(request(Side::Buy, OrderType::Limit, 8, 98, 0));
    desk.pass(LATENCY);
    let price = |rupees| Changes { price: Some(Money::rupees(rupees)), ..Changes::default() };
    desk.call(order, Call::Modify(price(97)));
    desk.call(order, Call::Modify(Changes { quantity: Some(0), ..Changes::default() }));
    desk.call(order, Call::Cancel);
    desk.call(order, Call::Cancel);
    assert_eq!(desk.drain(), []);
    let events = desk.pass(LATENCY);
    assert_eq!(answers(&events), [(2, true), (3, false), (4, true), (5, false)]);
    assert_eq!(reports(&events), [(VenueStatus::Open, 0, "2"), (VenueStatus::Cancelled, 0, "3")]);
    assert_eq!(desk.order(order).stage, Stage::Cancelled);
    assert_eq!(desk.order(order).request.price, Some(Money::rupees(97)));
    // Long after its end, too.
    desk.call(order, Call::Cancel);
    assert_eq!(answers(&desk.pass(LATENCY)), [(6, false)]);
}

#[test]
fn a_second_placement_of_an_order_is_not_heard() {
    let mut desk = Desk::new();
    let order = desk.place(request(Side::Buy, OrderType::Limit, 8, 98, 0));
    let call = Call::Place(request(Side::Buy, OrderType::Limit, 8, 98, 0));
    desk.venue.send(IntentId { order, n: 1 }, &call, desk.state.orders.get(&order).unwrap(), desk.now);
    assert_eq!(desk.drain(), []);
    assert_eq!(desk.venue.book().len(), 1);
}

#[test]
fn a_venue_that_is_full_refuses() {
    let mut desk = Desk::new();
    desk.venue = PaperVenue::new(MatcherConfig { orders_max: 0, ..config() }, account());
    let order = desk.place(request(Side::Buy, OrderType::Limit, 8, 98, 0));
    assert_eq!(desk.order(order).stage, Stage::Rejected);
}

#[test]
fn after_a_restart_the_book_is_what_was_acknowledged() {
    let mut desk = Desk::new();
    desk.book(100, 1_000, &[(99, 50)], &[(101, 5)]);
    let resting = desk.place(request(Side::Buy, OrderType::Limit, 8, 101, 0));
    let stop = desk.place(request(Side::Sell, OrderType::StopMarket, 8, 0, 90));
    desk.pass(LATENCY);
    let on_its_way = desk.place(request(Side::Buy, OrderType::Limit, 8, 95, 0));
    // Decided and handed over, but the answer never became durable.
    let unknown = desk.ids.draw();
    desk.intend(unknown, Call::Place(request(Side::Buy, OrderType::Market, 8, 0, 0)));
    desk.restart();
    let lines = |book: Vec<BookLine>| -> Vec<(OrderId, VenueStatus, i64)> {
        book.into_iter().map(|line| (line.order, line.status, line.filled)).collect()
    };
    assert_eq!(
        lines(desk.venue.book()),
        [
            (resting, VenueStatus::Open, 5),
            (stop, VenueStatus::TriggerPending, 0),
            (on_its_way, VenueStatus::Pending, 0)
        ]
    );
    assert_eq!(desk.venue.wanted(), [TOKEN]);
    // What was told before is not told again; revisions and trade ids go on.
    assert_eq!(reports(&desk.pass(LATENCY)), [(VenueStatus::Open, 0, "1")]);
    let events = desk.book(100, 1_000, &[(99, 50)], &[(101, 1)]);
    let ids: Vec<_> = trades(&events).iter().map(|trade| trade.trade_id.clone()).collect();
    assert_eq!(ids, [format!("P{resting}-6")]);
    let events = desk.book(100, 1_000, &[(99, 50)], &[(101, 2)]);
    assert_eq!(reports(&events), [(VenueStatus::Complete, 8, "2")]);
    desk.call(unknown, Call::Cancel);
    assert_eq!(answers(&desk.pass(LATENCY)), [(2, false)]);
}

#[test]
fn a_partly_filled_order_that_waits_for_a_trigger_still_waits_after_a_restart() {
    let mut desk = Desk::new();
    desk.book(100, 0, &[(99, 50)], &[(101, 5)]);
    let order = desk.place(request(Side::Buy, OrderType::Limit, 8, 101, 0));
    desk.pass(LATENCY);
    let stop = Changes {
        order_type: Some(OrderType::StopMarket),
        trigger_price: Some(Money::rupees(110)),
        ..Changes::default()
    };
    desk.call(order, Call::Modify(stop));
    desk.pass(LATENCY);
    assert_eq!(desk.order(order).stage, Stage::PartlyFilled);
    desk.restart();
    desk.pass(LATENCY);
    assert_eq!(desk.book(100, 0, &[(99, 50)], &[(101, 50)]), []);
    let events = desk.book(110, 0, &[(99, 50)], &[(111, 50)]);
    assert_eq!(reports(&events), [(VenueStatus::Open, 5, "4"), (VenueStatus::Complete, 8, "5")]);
}

#[test]
fn the_end_of_the_day_ends_every_order_and_answers_every_call() {
    let mut desk = Desk::new();
    let order = desk.place(request(Side::Buy, OrderType::Limit, 8, 95, 0));
    desk.pass(LATENCY);
    desk.call(order, Call::Modify(Changes { quantity: Some(9), ..Changes::default() }));
    desk.place(request(Side::Buy, OrderType::Limit, 8, 95, 0));
    desk.venue.end_of_day(desk.now, |token| token == TOKEN);
    assert_eq!(answers(&desk.drain()), [(2, false)]);
    assert_eq!(desk.stages(), [Stage::Expired, Stage::Expired]);
    assert_eq!(desk.venue.book(), []);
}

#[derive(Clone, Debug)]
enum Step {
    Place(OrderRequest),
    Modify(usize, Changes),
    Cancel(usize),
    Book(i64, i64, Vec<i64>, Vec<i64>),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let place = (side, 0..4usize, 1..40i64, 97..104i64, 97..104i64, any::<bool>()).prop_map(
        |(side, order_type, quantity, price, trigger, ioc)| {
            let request = request(side, OrderType::ALL[order_type], quantity, price, trigger);
            Step::Place(OrderRequest { validity: if ioc { Validity::Ioc } else { Validity::Day }, ..request })
        },
    );
    let change = (0..20usize, proptest::option::of(1..60i64), 97..104i64, proptest::option::of(0..4usize));
    let modify = change.prop_map(|(order, quantity, price, order_type)| {
        let changes = Changes {
            quantity,
            price: Some(Money::rupees(price)),
            trigger_price: Some(Money::rupees(price)),
            order_type: order_type.map(|index| OrderType::ALL[index]),
            validity: None,
        };
        Step::Modify(order, changes)
    });
    let sizes = || proptest::collection::vec(0..30i64, 0..6);
    let book = (98..103i64, 0..30i64, sizes(), sizes());
    let step = prop_oneof![
        4 => place,
        2 => modify,
        1 => (0..20usize).prop_map(Step::Cancel),
        6 => book.prop_map(|(last, volume, bids, asks)| Step::Book(last, volume, bids, asks)),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec((0..2_000i64, step), 0..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    /// I-5, and that nothing the venue says is impossible for an order, whatever happens and whenever it is rebuilt.
    #[test]
    fn money_and_units_are_conserved_through_restarts(steps in steps()) {
        let mut desk = Desk::new();
        let mut volume = 1_000;
        for (time, step) in steps {
            desk.pass(time);
            let some = |desk: &Desk, index: usize| desk.state.orders.keys().nth(index).copied();
            match step {
                Step::Place(request) => {
                    desk.place(request);
                }
                Step::Modify(index, changes) => {
                    if let Some(order) = some(&desk, index) {
                        desk.call(order, Call::Modify(changes));
                    }
                }
                Step::Cancel(index) => {
                    if let Some(order) = some(&desk, index) {
                        desk.call(order, Call::Cancel);
                    }
                }
                Step::Book(last, traded, bids, asks) => {
                    volume += traded;
                    let bids: Vec<_> = (1..).zip(bids).map(|(n, size)| (last - n, size)).collect();
                    let asks: Vec<_> = (1..).zip(asks).map(|(n, size)| (last + n, size)).collect();
                    desk.book(last, volume, &bids, &asks);
                }
                Step::Restart => desk.restart(),
            }
            // The venue's book and the journal never differ.
            let here: Vec<_> = desk.state.account(&account()).unwrap().open.iter().copied().collect();
            let there = desk.venue.book();
            prop_assert_eq!(here, there.iter().map(|line| line.order).collect::<Vec<_>>());
            for line in there {
                prop_assert_eq!(desk.order(line.order).filled, line.filled);
                prop_assert_eq!(desk.order(line.order).request.quantity, line.terms.quantity);
            }
        }
        desk.pass(LATENCY);
        desk.venue.end_of_day(desk.now, |_| true);
        desk.drain();
        prop_assert!(desk.stages().into_iter().all(Stage::is_ended));

        let trades = trades(&desk.told);
        let ids: std::collections::BTreeSet<_> = trades.iter().map(|trade| &trade.trade_id).collect();
        prop_assert_eq!(ids.len(), trades.len(), "a trade id came twice");
        let side = |order: OrderId| desk.order(order).request.side.sign();
        let paid: Money = trades.iter().map(|trade| trade.price * (trade.quantity * side(trade.order))).sum();
        let units: i64 = trades.iter().map(|trade| trade.quantity * side(trade.order)).sum();
        let account = desk.state.account(&account()).unwrap();
        prop_assert_eq!(account.cash, FUNDS - paid);
        prop_assert_eq!(account.positions.values().map(|position| position.quantity).sum::<i64>(), units);
        for order in desk.state.orders.values() {
            let filled: i64 =
                trades.iter().filter(|trade| trade.order == order.id).map(|trade| trade.quantity).sum();
            prop_assert_eq!(order.filled, filled);
            prop_assert!(filled <= order.request.quantity);
            prop_assert_eq!(order.stage == Stage::Filled, filled == order.request.quantity);
        }
    }
}
