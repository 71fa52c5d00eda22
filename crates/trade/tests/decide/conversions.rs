//! Units of a position under another product: what is moved, what is refused.

use trade::conversion::{Conversion, Part};
use trade::event::{DayBegan, Event, Verdict};
use trade::{Code, Limits, Money, OrderRequest, Product, Side};

use crate::codes::{free, to_intraday};
use crate::world::{World, codes, future, limit, market, share};

fn intraday(side: Side, quantity: i64) -> OrderRequest {
    OrderRequest { product: Product::Mis, ..market(share(), side, quantity) }
}

fn to_delivery(side: Side, quantity: i64, part: Part) -> Conversion {
    Conversion { side, part, from: Product::Mis, to: Product::Cnc, ..to_intraday(quantity) }
}

/// Cash, and profit at 1,600 rupees.
fn money(world: &World) -> (Money, Money) {
    let account = world.state.account(&world.account).unwrap();
    let at = Money::rupees(1_600);
    (account.cash, account.positions.values().map(|held| held.realised + held.unrealised(at)).sum())
}

#[test]
fn units_change_their_product_and_money_stays() {
    let mut world = World::new(Limits { margin_percent: Some(20), ..free() });
    world.filled(intraday(Side::Buy, 10), 1_500);
    world.filled(market(share(), Side::Buy, 2), 1_400);
    let before = money(&world);
    let decided = world.convert(to_delivery(Side::Buy, 4, Part::Day));
    assert_eq!((decided.verdict, decided.orders.len()), (Verdict::Accepted, 0));
    assert_eq!((world.position(1, Product::Mis), world.position(1, Product::Cnc)), (6, 6));
    assert_eq!(money(&world), before);
    // The rest of them, and back.
    assert_eq!(world.convert(to_delivery(Side::Buy, 6, Part::Day)).verdict, Verdict::Accepted);
    assert_eq!(world.convert(to_intraday(12)).verdict, Verdict::Accepted);
    assert_eq!((world.position(1, Product::Mis), world.position(1, Product::Cnc)), (12, 0));
    assert_eq!(money(&world), before);
}

#[test]
fn a_refusal_says_what_is_held() {
    let mut world = World::new(free());
    world.filled(intraday(Side::Buy, 10), 1_500);
    let words = |world: &mut World, what| world.convert(what).reasons.remove(0).message;
    assert_eq!(
        words(&mut world, to_delivery(Side::Buy, 11, Part::Day)),
        "10 of NSE:INFY can be converted from mis (long, day); 11 are asked for."
    );
    assert_eq!(
        words(&mut world, to_delivery(Side::Sell, 1, Part::Day)),
        "0 of NSE:INFY can be converted from mis (short, day); 1 are asked for."
    );
    let same = Conversion { to: Product::Mis, ..to_delivery(Side::Buy, 1, Part::Day) };
    assert_eq!(codes(&world.convert(same)), [Code::NothingToChange]);
    world.halt(None, false);
    assert_eq!(codes(&world.convert(to_delivery(Side::Buy, 1, Part::Day))), [Code::Halted]);
}

#[test]
fn tomorrow_they_are_carried_over_and_shares_for_delivery_are_a_holding() {
    let mut world = World::new(free());
    world.filled(intraday(Side::Buy, 10), 1_500);
    world.filled(market(share(), Side::Buy, 5), 1_500);
    let day = world.now.market_time().ist_date().tomorrow().unwrap();
    let marks = vec![(1, Money::rupees(1_550))];
    world.fold(&Event::DayBegan(DayBegan { account: world.account.clone(), day, marks }));
    assert_eq!(codes(&world.convert(to_delivery(Side::Buy, 1, Part::Day))), [Code::NotHeld]);
    assert_eq!(world.convert(to_delivery(Side::Buy, 10, Part::Overnight)).verdict, Verdict::Accepted);
    let back = Conversion { part: Part::Overnight, ..to_intraday(15) };
    assert_eq!(
        world.convert(back).reasons.remove(0).message,
        "0 of NSE:INFY can be converted from cnc (long, overnight); 15 are asked for."
    );
}

#[test]
fn nothing_is_short_for_delivery_and_what_is_being_sold_stays() {
    let mut world = World::new(Limits { margin_percent: Some(20), ..free() });
    world.filled(intraday(Side::Sell, 10), 1_500);
    assert_eq!(codes(&world.convert(to_delivery(Side::Sell, 10, Part::Day))), [Code::Holdings]);

    let mut world = World::new(Limits { margin_percent: Some(20), ..free() });
    world.filled(market(share(), Side::Buy, 10), 1_500);
    world.placed(limit(share(), Side::Sell, 6, "1600"));
    assert_eq!(codes(&world.convert(to_intraday(5))), [Code::Holdings]);
    assert_eq!(world.convert(to_intraday(4)).verdict, Verdict::Accepted);
}

#[test]
fn an_order_that_would_close_no_more_needs_its_funds() {
    // Ten lakh; 75 units at 25,000 are 18.75 lakh, of which a third is blocked.
    let mut world = World::new(Limits { margin_percent: Some(33), ..free() });
    world.filled(market(future(), Side::Buy, 75), 25_000);
    world.placed(limit(future(), Side::Sell, 75, "26000"));
    let what = Conversion {
        contract: future(),
        side: Side::Buy,
        quantity: 75,
        part: Part::Day,
        from: Product::Nrml,
        to: Product::Mis,
    };
    // The sale would open a short position beside the long one.
    assert_eq!(codes(&world.convert(what.clone())), [Code::Margin]);
    assert_eq!(codes(&world.convert(Conversion { quantity: 10, ..what })), [Code::LotSize]);
}
