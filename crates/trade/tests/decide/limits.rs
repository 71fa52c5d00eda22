//! Limits at their edges, and the orders that they let pass because they only make a position smaller.

use trade::event::Verdict;
use trade::view::Quote;
use trade::{Code, Limits, Money, OrderRequest, Product, Side};

use crate::codes::free;
use crate::world::{World, codes, future, limit, market, other_share, quote, share, stop};

#[test]
fn orders_that_only_reduce_pass_every_limit_on_size_and_loss() {
    let mut world = World::new(free());
    world.filled(market(share(), Side::Buy, 100), 1_500);
    world.market.quotes.insert(1, quote(1_400));
    let strict = Limits {
        position_quantity: Some(0),
        instrument_exposure: Some(Money::ZERO),
        gross_exposure: Some(Money::ZERO),
        daily_loss: Some(Money::rupees(1)),
        drawdown: Some(Money::rupees(1)),
        ..free()
    };
    world.fold(&trade::Event::LimitsSet(trade::event::LimitsSet {
        account: world.account.clone(),
        limits: strict,
        by: "test".to_owned(),
    }));
    world.placed(limit(share(), Side::Sell, 60, "1450"));
    assert_eq!(world.place(market(share(), Side::Sell, 40)).0.verdict, Verdict::Accepted);
    // All 100 are being sold now: one more would be short.
    assert_eq!(
        codes(&world.place(market(share(), Side::Sell, 1)).0),
        [
            Code::PositionQuantity,
            Code::InstrumentExposure,
            Code::GrossExposure,
            Code::DailyLoss,
            Code::Drawdown
        ]
    );
}

#[test]
fn selling_in_another_product_does_not_reduce() {
    let mut world = World::new(Limits { position_quantity: Some(100), ..free() });
    world.filled(market(share(), Side::Buy, 100), 1_500);
    let intraday = OrderRequest { product: Product::Mis, ..market(share(), Side::Sell, 1) };
    assert_eq!(codes(&world.place(intraday).0), [Code::PositionQuantity]);
}

#[test]
fn a_limit_that_is_just_reached_is_kept() {
    let limits = Limits {
        order_quantity: Some(10),
        order_notional: Some(Money::rupees(15_000)),
        position_quantity: Some(10),
        instrument_exposure: Some(Money::rupees(15_000)),
        gross_exposure: Some(Money::rupees(15_000)),
        freeze_quantity: Some(10),
        price_band_bps: Some(100),
        ..free()
    };
    let (decided, _) = World::new(limits).place(limit(share(), Side::Buy, 10, "1485"));
    assert_eq!(decided.verdict, Verdict::Accepted, "{:?}", decided.reasons);
}

#[test]
fn loss_and_exposure_are_not_judged_without_a_price_of_what_is_held() {
    for limits in [
        Limits { daily_loss: Some(Money::rupees(1_000)), ..free() },
        Limits { gross_exposure: Some(Money::rupees(1_000_000)), ..free() },
    ] {
        let mut world = World::new(limits);
        world.filled(market(other_share(), Side::Buy, 10), 3_000);
        world.market.quotes.remove(&2);
        let (decided, _) = world.place(market(share(), Side::Buy, 1));
        assert_eq!(codes(&decided), [Code::NoPrice]);
        assert!(decided.reasons[0].message.contains("NSE:TCS"), "{:?}", decided.reasons);
    }
}

#[test]
fn prices_of_other_positions_are_written_down_only_where_a_limit_looks_at_them() {
    for (limits, marks) in [
        (free(), vec![]),
        (Limits { drawdown: Some(Money::rupees(9_999)), ..free() }, vec![(2, Money::rupees(3_000))]),
    ] {
        let mut world = World::new(limits);
        world.filled(market(other_share(), Side::Buy, 10), 3_000);
        let (decided, _) = world.place(market(share(), Side::Buy, 1));
        assert_eq!(decided.inputs.marks, marks);
        assert_eq!(decided.inputs.quote, Some(quote(1_500)));
    }
}

#[test]
fn a_stop_waits_beyond_the_last_price() {
    for (side, trigger, verdict) in [
        (Side::Buy, "1500.05", Verdict::Accepted),
        (Side::Buy, "1500", Verdict::Denied),
        (Side::Sell, "1499.95", Verdict::Accepted),
        (Side::Sell, "1500", Verdict::Denied),
    ] {
        assert_eq!(
            World::new(free()).place(stop(share(), side, 1, trigger)).0.verdict,
            verdict,
            "{side} {trigger}"
        );
    }
}

#[test]
fn only_resting_orders_that_would_trade_are_crossed() {
    for (resting, new, crosses) in [
        (limit(share(), Side::Sell, 1, "1510"), limit(share(), Side::Buy, 1, "1509.95"), false),
        (limit(share(), Side::Sell, 1, "1510"), market(share(), Side::Buy, 1), true),
        (limit(share(), Side::Buy, 1, "1490"), limit(share(), Side::Sell, 1, "1490"), true),
        (limit(share(), Side::Buy, 1, "1490"), limit(share(), Side::Sell, 1, "1490.05"), false),
        (limit(other_share(), Side::Buy, 1, "3000"), market(share(), Side::Sell, 1), false),
        (stop(share(), Side::Sell, 1, "1400"), market(share(), Side::Buy, 1), false),
        (limit(share(), Side::Buy, 1, "1490"), market(share(), Side::Buy, 1), false),
    ] {
        let mut world = World::new(free());
        world.placed(resting.clone());
        let (decided, _) = world.place(new.clone());
        assert_eq!(codes(&decided) == [Code::SelfCross], crosses, "{new:?} against {resting:?}");
    }
}

#[test]
fn a_duplicate_is_forgotten_after_its_window_and_when_it_never_came_to_the_book() {
    let limits = Limits { duplicate_window_ms: Some(500), ..free() };
    let order = || limit(share(), Side::Buy, 1, "1400");
    let mut world = World::new(limits);
    world.placed(order());
    assert_eq!(world.place(limit(share(), Side::Buy, 2, "1400")).0.verdict, Verdict::Accepted);
    world.wait_ms(500);
    let (decided, refused) = world.place(order());
    assert_eq!(decided.verdict, Verdict::Accepted);
    let refused = refused.unwrap().intent;
    world.answer(refused, trade::event::Answer::NeverLeft { why: "no connection".to_owned() });
    assert_eq!(world.place(order()).0.verdict, Verdict::Accepted);
    assert_eq!(codes(&world.place(order()).0), [Code::Duplicate]);
}

#[test]
fn doubted_prices_are_taken_where_that_is_wished() {
    let mut world = World::new(Limits { suspect_prices: true, ..free() });
    world.market.quotes.insert(1, Quote { suspect: Some("jump".to_owned()), ..quote(1_500) });
    assert_eq!(world.place(market(share(), Side::Buy, 1)).0.verdict, Verdict::Accepted);
}

#[test]
fn funds_cover_open_orders_and_losses_of_futures() {
    // 10,00,000 rupees; a future of 75 x 25,000 = 18,75,000 blocks a fifth: 3,75,000.
    let mut world = World::new(Limits { margin_percent: Some(20), ..free() });
    world.filled(market(future(), Side::Buy, 75), 25_000);
    world.placed(limit(future(), Side::Buy, 75, "25000"));
    // 2,50,000 are left.
    assert_eq!(codes(&world.place(market(future(), Side::Buy, 75)).0), [Code::Margin]);
    assert_eq!(world.place(limit(share(), Side::Buy, 166, "1500")).0.verdict, Verdict::Accepted);
    assert_eq!(codes(&world.place(limit(share(), Side::Buy, 1, "1500")).0), [Code::Margin]);
    // Closing needs nothing, even when the loss has taken everything.
    world.market.quotes.insert(3, quote(10_000));
    assert_eq!(world.place(limit(future(), Side::Sell, 75, "25000.05")).0.verdict, Verdict::Accepted);
}

#[test]
fn a_day_counts_every_call_and_the_next_begins_at_zero() {
    let mut world = World::new(Limits { orders_per_day: Some(2), ..free() });
    let order = world.placed(limit(share(), Side::Buy, 1, "1400"));
    world.cancel(order);
    world.wait_ms(120_000);
    assert_eq!(codes(&world.place(market(share(), Side::Buy, 1)).0), [Code::OrderRate]);
    world.wait_ms(24 * 3_600_000);
    assert_eq!(world.place(market(share(), Side::Buy, 1)).0.verdict, Verdict::Accepted);
}
