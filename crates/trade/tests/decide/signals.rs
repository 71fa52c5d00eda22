//! Signals against what is held and on its way.

use trade::event::{Cause, Verdict};
use trade::signal::Target;
use trade::{Code, Limits, OrderRequest, Product, Side};

use crate::codes::free;
use crate::world::{World, codes, future, limit, market, placement, share};

#[test]
fn a_position_counts_what_is_held_and_what_is_on_its_way() {
    let mut world = World::new(free());
    world.filled(market(share(), Side::Buy, 10), 1_500);
    let order = world.placed(limit(share(), Side::Buy, 20, "1400"));
    world.fill(order, 5, 1_400);
    // 15 are held, 15 are on their way.
    let (decided, intended) = world.signal(share(), Target::Position(40));
    assert_eq!(placement(intended.as_ref()), Some((Side::Buy, 10)));
    assert_eq!(decided.verdict, Verdict::Accepted);
    assert_eq!(intended.unwrap().signal.map(Cause::Signal), Some(decided.cause));
}

#[test]
fn orders_of_the_other_side_are_not_on_the_way_to_a_position() {
    let mut world = World::new(free());
    world.filled(market(share(), Side::Buy, 10), 1_500);
    world.placed(limit(share(), Side::Sell, 10, "1600"));
    let (_, intended) = world.signal(share(), Target::Position(12));
    assert_eq!(placement(intended.as_ref()), None, "it would trade against the resting sale");

    let mut world = World::new(free());
    world.filled(market(share(), Side::Buy, 10), 1_500);
    world.placed(limit(share(), Side::Sell, 4, "1600"));
    let (_, intended) = world.signal(share(), Target::Position(0));
    assert_eq!(placement(intended.as_ref()), Some((Side::Sell, 6)));
}

#[test]
fn other_products_are_other_positions() {
    let mut world = World::new(free());
    let intraday = OrderRequest { product: Product::Mis, ..market(share(), Side::Buy, 10) };
    world.filled(intraday, 1_500);
    let (_, intended) = world.signal(share(), Target::Position(10));
    assert_eq!(placement(intended.as_ref()), Some((Side::Buy, 10)));
}

#[test]
fn a_position_is_approached_in_whole_lots_and_never_overshot() {
    let mut world = World::new(free());
    let (decided, intended) = world.signal(future(), Target::Position(160));
    assert_eq!((decided.verdict, codes(&decided)), (Verdict::Trimmed, vec![Code::TrimmedToLot]));
    assert_eq!(decided.reasons[0].message, "150 of 160 units: the lot size of NFO:NIFTY26AUGFUT is 75.");
    assert_eq!(placement(intended.as_ref()), Some((Side::Buy, 150)));
    let (decided, _) = world.signal(future(), Target::Position(160));
    assert_eq!(codes(&decided), [Code::NothingToDo]);
}

#[test]
fn a_signal_is_not_too_late_in_its_last_millisecond() {
    for (waited, verdict) in [(1_000, Verdict::Accepted), (1_001, Verdict::Denied)] {
        let mut world = World::new(free());
        world.receive(share(), Target::Trade { side: Side::Buy, quantity: 1 }, Some(1_000));
        world.wait_ms(waited);
        assert_eq!(world.decide_next().unwrap().0.verdict, verdict);
    }
}

#[test]
fn a_denied_signal_draws_no_order_id() {
    let mut world = World::new(Limits { order_quantity: Some(1), ..free() });
    let (before, _) = (world.draw(), world.signal(share(), Target::Position(5)));
    assert_eq!(world.draw().get(), before.get() + 1);
}
