//! Modifications and cancellations: what stands in their way, and what must not.

use trade::event::{Answer, Call, Class, Event, FateResolved, Found, Verdict};
use trade::request::Changes;
use trade::state::Pending;
use trade::view::Trading;
use trade::{Code, Limits, OrderType, Side, decide};

use crate::codes::free;
use crate::world::{World, codes, limit, market, share, stop};

fn quantity(quantity: i64) -> Changes {
    Changes { quantity: Some(quantity), ..Changes::default() }
}

fn price(price: &str) -> Changes {
    Changes { price: Some(price.parse().unwrap()), ..Changes::default() }
}

#[test]
fn ending_an_order_is_always_possible() {
    let mut world = World::new(Limits { orders_per_second: Some(1), orders_per_day: Some(1), ..free() });
    let order = world.placed(limit(share(), Side::Buy, 10, "1400"));
    world.halt(None, false);
    world.market.quotes.clear();
    world.market.closed.push((1, Trading::Closed));
    let (decided, intended) = world.cancel(order);
    assert_eq!(decided.verdict, Verdict::Accepted);
    let intended = intended.unwrap();
    assert_eq!((intended.call, intended.intent.n), (Call::Cancel, 2));
    assert_eq!((decided.inputs.quote, decided.inputs.trading), (None, None), "nothing of it was looked at");
}

#[test]
fn at_a_venue_cancellations_have_a_reserve_and_an_end() {
    let limits = Limits { orders_per_second: Some(4), cancel_reserve_percent: 50, ..free() };
    let mut world = World::of(Class::Venue, limits);
    let mut place = || world.placed(limit(share(), Side::Buy, 1, "1400"));
    let orders = [place(), place()];
    assert_eq!(codes(&world.place(market(share(), Side::Buy, 1)).0), [Code::OrderRate]);
    assert_eq!(world.cancel(orders[0]).0.verdict, Verdict::Accepted);
    let (decided, refused) = world.cancel(orders[1]);
    assert_eq!(decided.verdict, Verdict::Accepted);
    let (code, message) = ("NetworkException".to_owned(), "busy".to_owned());
    world.answer(refused.unwrap().intent, Answer::Refused { code, message });
    assert_eq!(codes(&world.cancel(orders[1]).0), [Code::OrderRate]);
    world.wait_ms(1_100);
    assert_eq!(world.cancel(orders[1]).0.verdict, Verdict::Accepted);
}

#[test]
fn a_halt_waits_for_the_venue_rather_than_leave_an_order_open() {
    let mut world = World::of(Class::Venue, Limits { orders_per_second: Some(1), ..free() });
    let order = world.placed(limit(share(), Side::Buy, 10, "1400"));
    world.halt(None, true);
    let pending = Pending::Cancel(order);
    assert!(decide::should_wait(&world.state, &world.account, &pending, world.now));
    world.wait_ms(1_100);
    assert!(!decide::should_wait(&world.state, &world.account, &pending, world.now));
    let (decided, intended) = world.decide_next().unwrap();
    assert_eq!((decided.verdict, intended.unwrap().call), (Verdict::Accepted, Call::Cancel));
}

#[test]
fn a_halt_cancels_each_order_once_whatever_became_of_it() {
    let mut world = World::new(free());
    let orders: Vec<_> = (0..4).map(|n| world.placed(limit(share(), Side::Buy, 10 + n, "1400"))).collect();
    let (_, lost) = world.place(limit(share(), Side::Buy, 10, "1300"));
    world.cancel(orders[1]);
    world.lose(lost.unwrap().intent);
    world.halt(Some("paper"), true);
    world.fill(orders[2], 12, 1_400);
    let mut found = Vec::new();
    while let Some((decided, _)) = world.decide_next() {
        found.extend(codes(&decided));
    }
    assert_eq!(found, [Code::InProgress, Code::NotOpen, Code::FateUnknown]);
}

#[test]
fn a_halt_takes_modifications_that_take_back_and_no_others() {
    let mut world = World::new(free());
    let order = world.placed(limit(share(), Side::Buy, 10, "1400"));
    world.halt(None, false);
    let day_to_ioc = Changes { validity: Some(trade::Validity::Ioc), ..Changes::default() };
    let at_market = Changes { order_type: Some(OrderType::Market), ..Changes::default() };
    for raising in [quantity(11), price("1400.05"), day_to_ioc, at_market] {
        assert_eq!(codes(&world.modify(order, raising).0), [Code::Halted]);
    }
    for lowering in [quantity(9), price("1399.95")] {
        let (decided, intended) = world.modify(order, lowering);
        assert_eq!(decided.verdict, Verdict::Accepted, "{:?}", decided.reasons);
        world.acknowledge(intended.unwrap().intent);
    }
}

#[test]
fn a_venue_is_not_told_of_prices_that_the_new_type_does_not_have() {
    let mut world = World::new(free());
    let order = world.placed(limit(share(), Side::Buy, 10, "1400"));
    let at_market = Changes { order_type: Some(OrderType::Market), ..price("1450") };
    let (_, intended) = world.modify(order, at_market);
    let told = Changes { order_type: Some(OrderType::Market), ..Changes::default() };
    assert_eq!(intended.unwrap().call, Call::Modify(told));
}

#[test]
fn one_change_at_a_time_and_none_in_doubt() {
    let mut world = World::new(free());
    let order = world.placed(limit(share(), Side::Buy, 10, "1400"));
    let (_, first) = world.modify(order, quantity(9));
    assert_eq!(codes(&world.modify(order, quantity(8)).0), [Code::InProgress]);
    let first = first.unwrap().intent;
    world.lose(first);
    assert_eq!(codes(&world.modify(order, quantity(8)).0), [Code::FateUnknown]);
    assert_eq!(codes(&world.place(market(share(), Side::Buy, 1)).0), [Code::FateUnknown]);
    world.fold(&Event::FateResolved(FateResolved {
        intent: first,
        account: world.account.clone(),
        found: Found::Absent,
        evidence: "two reads of the book".to_owned(),
    }));
    let (decided, intended) = world.modify(order, quantity(8));
    assert_eq!((decided.verdict, intended.unwrap().intent.n), (Verdict::Accepted, 3));
}

#[test]
fn an_unknown_modification_does_not_keep_an_order_from_ending() {
    let mut world = World::new(free());
    let order = world.placed(limit(share(), Side::Buy, 10, "1400"));
    let (_, lost) = world.modify(order, quantity(9));
    world.lose(lost.unwrap().intent);
    assert_eq!(world.cancel(order).0.verdict, Verdict::Accepted);
}

#[test]
fn a_refused_cancellation_can_be_asked_for_again() {
    let mut world = World::new(free());
    let order = world.placed(limit(share(), Side::Buy, 10, "1400"));
    let (_, refused) = world.cancel(order);
    world.answer(
        refused.unwrap().intent,
        Answer::Refused { code: "OrderException".to_owned(), message: "not now".to_owned() },
    );
    assert_eq!(world.cancel(order).0.verdict, Verdict::Accepted);
}

#[test]
fn terms_that_may_hold_count_until_their_fate_is_known() {
    let mut world = World::new(Limits { position_quantity: Some(100), ..free() });
    let order = world.placed(limit(share(), Side::Buy, 10, "1400"));
    world.modify(order, quantity(90));
    assert_eq!(codes(&world.place(market(share(), Side::Buy, 11)).0), [Code::PositionQuantity]);
    assert_eq!(world.place(market(share(), Side::Buy, 10)).0.verdict, Verdict::Accepted);
}

#[test]
fn a_modification_is_measured_by_what_it_adds() {
    let mut world = World::new(Limits { position_quantity: Some(100), order_quantity: Some(100), ..free() });
    let order = world.placed(limit(share(), Side::Buy, 60, "1400"));
    world.fill(order, 50, 1_400);
    assert_eq!(codes(&world.modify(order, quantity(101)).0), [Code::OrderQuantity, Code::PositionQuantity]);
    assert_eq!(world.modify(order, quantity(100)).0.verdict, Verdict::Accepted);
}

#[test]
fn a_triggered_stop_can_be_modified_though_its_trigger_has_passed() {
    let mut world = World::new(free());
    let order = world.placed(stop(share(), Side::Buy, 10, "1510"));
    world.market.quotes.insert(1, crate::world::quote(1_520));
    assert_eq!(world.modify(order, quantity(5)).0.verdict, Verdict::Accepted);
}

#[test]
fn another_accounts_order_is_unknown() {
    let mut world = World::new(free());
    let order = world.placed(limit(share(), Side::Buy, 10, "1400"));
    let mut added = world.state.account(&world.account).unwrap().added.clone();
    added.account = "other".parse().unwrap();
    world.fold(&Event::AccountAdded(added));
    world.account = "other".parse().unwrap();
    assert_eq!(codes(&world.cancel(order).0), [Code::UnknownOrder]);
}
