//! Quantities above what the exchange takes in one order: several orders under one verdict, or none at all.

use trade::event::{Call, CommandedAct, Decided, Intended, Verdict};
use trade::order::Stage;
use trade::request::Changes;
use trade::signal::Target;
use trade::{Code, Limits, OrderRequest, Side};

use crate::codes::free;
use crate::world::{World, codes, future, limit, market, share};

/// Lots of 75, at most 150 units in one order.
fn frozen() -> Limits {
    Limits { freeze_quantity: Some(160), ..free() }
}

fn signal(world: &mut World, quantity: i64) -> (Decided, Vec<Intended>) {
    world.receive(future(), Target::Trade { side: Side::Buy, quantity }, None);
    world.decide_sliced().unwrap()
}

fn quantities(intended: &[Intended]) -> Vec<i64> {
    let quantity = |intended: &Intended| match &intended.call {
        Call::Place(request) => request.quantity,
        other => panic!("{other:?}"),
    };
    intended.iter().map(quantity).collect()
}

#[test]
fn a_signal_becomes_orders_that_fit_under_one_verdict() {
    let mut world = World::new(frozen());
    let (decided, intended) = signal(&mut world, 375);
    assert_eq!(decided.verdict, Verdict::Accepted);
    assert_eq!(quantities(&intended), [150, 150, 75]);
    for (order, intended) in decided.orders.iter().zip(&intended) {
        let order = world.state.orders.get(order).unwrap();
        assert_eq!((order.stage, &order.signal), (Stage::Intended, &intended.signal));
    }
    // As many orders as were made, each with a call of its own.
    assert_eq!(world.state.account(&world.account).unwrap().open.size(), 3);
    for intended in intended {
        world.acknowledge(intended.intent);
        world.fill(intended.intent.order, 75, 25_000);
    }
    assert_eq!(world.position(future().token, trade::Product::Nrml), 225);
}

#[test]
fn a_position_is_reached_in_slices_that_count_as_on_their_way() {
    let mut world = World::new(frozen());
    world.receive(future(), Target::Position(-310), None);
    let (decided, intended) = world.decide_sliced().unwrap();
    assert_eq!((decided.verdict, quantities(&intended)), (Verdict::Trimmed, vec![150, 150]));
    world.receive(future(), Target::Position(-300), None);
    assert_eq!(codes(&world.decide_sliced().unwrap().0), [Code::NothingToDo]);
}

#[test]
fn what_would_need_too_many_orders_says_how_many() {
    let mut world = World::new(frozen());
    assert_eq!(signal(&mut world, 1_500).1.len(), 10);
    let (decided, intended) = signal(&mut world, 1_575);
    assert_eq!((codes(&decided), intended.len()), (vec![Code::FreezeQuantity], 0));
    assert_eq!(
        decided.reasons[0].message,
        "The quantity is 1575; the exchange takes at most 160 units in one order: it would need 11 orders; at most 10 \
         are made of one."
    );
    let mut world = World::new(Limits { freeze_quantity: Some(74), ..free() });
    let words = signal(&mut world, 75).0.reasons[0].message.clone();
    assert!(words.ends_with("one order: not even one lot fits into an order."), "{words}");
}

#[test]
fn an_order_is_sliced_only_where_its_command_says_so() {
    let mut world = World::new(frozen());
    let request = market(future(), Side::Buy, 225);
    let (decided, _) = world.place(request.clone());
    assert_eq!(codes(&decided), [Code::FreezeQuantity]);
    let first = world.draw();
    world.receive_sliceable(first, CommandedAct::Place(request), true);
    let (decided, intended) = world.decide_sliced().unwrap();
    assert_eq!((decided.orders[0], quantities(&intended)), (first, vec![150, 75]));
    assert!(intended.iter().all(|intended| intended.tag.as_deref() == Some("mine")));
    // A change is never sliced.
    world.acknowledge(intended[0].intent);
    let (decided, _) = world.modify(first, Changes { quantity: Some(225), ..Changes::default() });
    assert_eq!(codes(&decided), [Code::FreezeQuantity]);
}

#[test]
fn slices_are_not_each_other_s_duplicates_and_the_same_again_is() {
    let mut world = World::new(Limits { duplicate_window_ms: Some(500), ..frozen() });
    assert_eq!(signal(&mut world, 450).0.verdict, Verdict::Accepted);
    world.wait_ms(100);
    assert_eq!(codes(&signal(&mut world, 450).0), [Code::Duplicate]);
    world.wait_ms(500);
    assert_eq!(signal(&mut world, 450).0.verdict, Verdict::Accepted);
}

#[test]
fn slices_do_not_cross_each_other_but_cross_what_rests() {
    let mut world = World::new(frozen());
    world.placed(limit(future(), Side::Sell, 75, "25000"));
    let order = world.draw();
    let request = limit(future(), Side::Buy, 300, "25000");
    world.receive_sliceable(order, CommandedAct::Place(request), true);
    assert_eq!(codes(&world.decide_sliced().unwrap().0), [Code::SelfCross]);
}

/// Each limit refuses the whole where only a part would fit, and nothing is left of it.
#[test]
fn nothing_is_decided_in_half() {
    let rupees = trade::Money::rupees;
    let cases: [(Code, Limits); 9] = [
        (Code::OrderRate, Limits { orders_per_second: Some(3), ..frozen() }),
        (Code::OrderRate, Limits { orders_per_minute: Some(4), cancel_reserve_percent: 25, ..frozen() }),
        (Code::OrderRate, Limits { orders_per_day: Some(2), ..frozen() }),
        (Code::OpenOrders, Limits { open_orders: Some(3), ..frozen() }),
        (Code::OrderQuantity, Limits { order_quantity: Some(449), ..frozen() }),
        (Code::OrderNotional, Limits { order_notional: Some(rupees(25_000 * 449)), ..frozen() }),
        (Code::PositionQuantity, Limits { position_quantity: Some(449), ..frozen() }),
        (Code::GrossExposure, Limits { gross_exposure: Some(rupees(25_000 * 449)), ..frozen() }),
        // 10 % of 450 x 25,000 is more than the ten lakh that are there; of 300 it is not.
        (Code::Margin, Limits { margin_percent: Some(10), ..frozen() }),
    ];
    for (code, limits) in cases {
        let mut world = World::new(limits.clone());
        world.placed(market(share(), Side::Buy, 1));
        let before = world.draw();
        let (decided, intended) = signal(&mut world, 450);
        assert_eq!((codes(&decided), intended.len()), (vec![code], 0), "{limits:?}");
        assert_eq!(world.state.account(&world.account).unwrap().open.size(), 1);
        assert_eq!(world.draw().get(), before.get() + 1, "no id is drawn for what is refused");
    }
}

#[test]
fn slices_fit_into_a_rate_to_the_last_call() {
    let mut world = World::new(Limits { orders_per_second: Some(4), ..frozen() });
    world.placed(market(share(), Side::Buy, 1));
    let words = |decided: &Decided| decided.reasons.first().map(|reason| reason.message.clone());
    assert_eq!(
        words(&signal(&mut world, 600).0).as_deref(),
        Some("1 calls in this second, and this takes 4; at most 4, of which 0 are kept for cancellations.")
    );
    assert_eq!(words(&signal(&mut world, 450).0), None);
    assert_eq!(codes(&signal(&mut world, 75).0), [Code::OrderRate]);
}

#[test]
fn a_part_of_a_lot_is_refused_whole() {
    let mut world = World::new(frozen());
    let order = world.draw();
    let request = OrderRequest { quantity: 301, ..market(future(), Side::Buy, 1) };
    world.receive_sliceable(order, CommandedAct::Place(request), true);
    assert_eq!(codes(&world.decide_sliced().unwrap().0), [Code::LotSize]);
}
