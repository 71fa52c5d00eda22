//! One test per rule of the module's own words.

use broker::paper::{BookUpdate, Happening, MatcherConfig, NotTaken, Terms};
use market::{InstrumentToken, Mode, Price, Tick, TickKind};
use trade::request::Changes;
use trade::{Money, OrderType, Side, Validity};

use crate::stage::{LATENCY, Stage, TOKEN, book, last_only, limit, market, stop, stop_limit, words};

const NOTHING: [&str; 0] = [];

#[test]
fn an_order_meets_the_newest_book_at_its_arrival() {
    let mut stage = Stage::new();
    stage.book(100, 0, &[], &[(101, 10)]);
    stage.matcher.place(1, market(Side::Buy, 10), stage.now).unwrap();
    assert_eq!(stage.matcher.next_due(), Some(stage.now + LATENCY));
    assert_eq!(stage.pass(LATENCY - 2), NOTHING);
    assert_eq!(stage.update(&book(stage.now, 100, 0, &[], &[(103, 10)])), NOTHING);
    assert_eq!(stage.pass(2), ["1 opened", "1 filled 10 @ 103.00", "1 completed"]);
    assert_eq!(stage.matcher.next_due(), None);
}

#[test]
fn what_was_due_before_a_book_meets_the_older_one() {
    let mut stage = Stage::new();
    stage.book(100, 0, &[], &[(101, 10)]);
    stage.matcher.place(1, market(Side::Buy, 10), stage.now).unwrap();
    let filled = stage.book(100, 0, &[], &[(103, 10)]);
    assert_eq!(filled, ["1 opened", "1 filled 10 @ 101.00", "1 completed"]);
}

#[test]
fn a_market_order_takes_level_by_level_and_the_rest_waits_for_the_next_books() {
    let mut stage = Stage::new();
    stage.book(100, 0, &[(99, 40)], &[(101, 10), (102, 20)]);
    let at_once = stage.place(1, market(Side::Buy, 50));
    assert_eq!(at_once, ["1 opened", "1 filled 10 @ 101.00", "1 filled 20 @ 102.00"]);
    assert_eq!(stage.book(100, 0, &[], &[(104, 15)]), ["1 filled 15 @ 104.00"]);
    assert_eq!(stage.book(100, 0, &[], &[(103, 15)]), ["1 filled 5 @ 103.00", "1 completed"]);
    assert_eq!(stage.matcher.open().count(), 0);
}

#[test]
fn a_market_order_waits_for_the_first_book_and_for_somebody_on_the_other_side() {
    let mut stage = Stage::new();
    assert_eq!(stage.place(1, market(Side::Sell, 5)), ["1 opened"]);
    assert_eq!(stage.book(100, 0, &[], &[(101, 10)]), NOTHING);
    assert_eq!(stage.book(100, 0, &[(98, 10)], &[]), ["1 filled 5 @ 98.00", "1 completed"]);
}

#[test]
fn where_only_a_last_price_is_told_orders_fill_whole_at_it() {
    let mut stage = Stage::new();
    stage.update(&last_only(0, 100));
    assert_eq!(
        stage.place(1, market(Side::Buy, 5_000)),
        ["1 opened", "1 filled 5000 @ 100.00", "1 completed"]
    );
    assert_eq!(stage.place(2, limit(Side::Buy, 7, 98)), ["2 opened"]);
    assert_eq!(stage.update(&last_only(stage.now, 99)), NOTHING);
    assert_eq!(stage.update(&last_only(stage.now, 97)), ["2 filled 7 @ 97.00", "2 completed"]);
    // No price at all is no price to fill at.
    let mut stage = Stage::new();
    stage.update(&last_only(0, 0));
    assert_eq!(stage.place(1, market(Side::Buy, 5)), ["1 opened"]);
}

#[test]
fn a_crossing_limit_order_gets_better_prices_but_none_worse() {
    let mut stage = Stage::new();
    stage.book(100, 0, &[(99, 10), (98, 10), (97, 10)], &[(101, 10)]);
    let filled = stage.place(1, limit(Side::Sell, 50, 98));
    assert_eq!(filled, ["1 opened", "1 filled 10 @ 99.00", "1 filled 10 @ 98.00"]);
    assert_eq!(stage.book(100, 0, &[(97, 100)], &[(101, 10)]), NOTHING);
    assert_eq!(stage.book(100, 0, &[(99, 100)], &[(101, 10)]), ["1 filled 30 @ 99.00", "1 completed"]);
}

#[test]
fn a_resting_order_fills_after_the_quantity_that_was_ahead_of_it() {
    let mut stage = Stage::new();
    stage.book(101, 1_000, &[(100, 300)], &[(102, 50)]);
    stage.place(1, limit(Side::Buy, 80, 100));
    assert_eq!(stage.book(100, 1_200, &[(100, 500)], &[(102, 50)]), NOTHING);
    assert_eq!(stage.book(100, 1_350, &[(100, 500)], &[(102, 50)]), ["1 filled 50 @ 100.00"]);
    // A trade elsewhere does not concern it.
    assert_eq!(stage.book(101, 1_400, &[(100, 500)], &[(102, 50)]), NOTHING);
    assert_eq!(stage.book(100, 1_500, &[(100, 500)], &[(102, 50)]), ["1 filled 30 @ 100.00", "1 completed"]);
}

#[test]
fn a_level_that_shows_less_shortens_the_queue() {
    let mut stage = Stage::new();
    stage.book(101, 1_000, &[(100, 300)], &[(102, 50)]);
    stage.place(1, limit(Side::Buy, 80, 100));
    assert_eq!(stage.book(101, 1_000, &[(100, 20)], &[(102, 50)]), NOTHING);
    assert_eq!(stage.book(100, 1_030, &[(100, 90)], &[(102, 50)]), ["1 filled 10 @ 100.00"]);
}

#[test]
fn a_level_out_of_sight_is_queued_for_when_it_comes_in_sight() {
    let deep = [(100, 9), (99, 9), (98, 9), (97, 9), (96, 9)];
    let mut stage = Stage::new();
    stage.book(101, 1_000, &deep, &[(102, 50)]);
    stage.place(1, limit(Side::Buy, 80, 95));
    assert_eq!(stage.book(101, 1_000, &[(97, 9), (95, 40)], &[(102, 50)]), NOTHING);
    assert_eq!(stage.book(95, 1_050, &[(95, 70)], &[(102, 50)]), ["1 filled 10 @ 95.00"]);
    // Nobody is ahead of an order that makes a level of its own.
    stage.place(2, limit(Side::Sell, 5, 101));
    assert_eq!(stage.book(101, 1_055, &[(95, 70)], &[(102, 50)]), ["2 filled 5 @ 101.00", "2 completed"]);
}

#[test]
fn a_trade_beyond_the_limit_fills_at_the_limit_what_was_traded() {
    let mut stage = Stage::new();
    stage.book(101, 1_000, &[(100, 300)], &[(102, 50)]);
    stage.place(1, limit(Side::Buy, 80, 100));
    let bids = [(100, 300)];
    assert_eq!(stage.book(99, 1_060, &bids, &[(102, 50)]), ["1 filled 60 @ 100.00"]);
    // The last price is still beyond it, but nothing has traded since.
    assert_eq!(stage.book(99, 1_060, &bids, &[(102, 50)]), NOTHING);
    // Who was ahead of it has been served.
    assert_eq!(stage.book(100, 1_065, &bids, &[(102, 50)]), ["1 filled 5 @ 100.00"]);
    // Volumes that are not told bound nothing.
    let mut stage = Stage::new();
    stage.book(101, 0, &[(100, 300)], &[(102, 50)]);
    stage.place(1, limit(Side::Buy, 80, 100));
    assert_eq!(stage.book(99, 0, &[(98, 10)], &[(102, 50)]), ["1 filled 80 @ 100.00", "1 completed"]);
}

#[test]
fn an_old_last_price_fills_no_resting_order() {
    let mut stage = Stage::new();
    stage.book(99, 1_000, &[(100, 300)], &[(102, 50)]);
    assert_eq!(stage.place(1, limit(Side::Buy, 80, 100)), ["1 opened"]);
    assert_eq!(stage.book(99, 1_000, &[(100, 300)], &[(103, 50)]), NOTHING);
}

#[test]
fn nothing_is_taken_twice_until_the_next_update() {
    let mut stage = Stage::new();
    stage.book(100, 0, &[], &[(101, 10)]);
    assert_eq!(stage.place(1, market(Side::Buy, 7)).last().unwrap(), "1 completed");
    assert_eq!(stage.place(2, market(Side::Buy, 7)), ["2 opened", "2 filled 3 @ 101.00"]);
    let same = book(10 * LATENCY, 100, 0, &[], &[(101, 10)]);
    assert_eq!(stage.update(&same), NOTHING);
    assert_eq!(stage.book(100, 0, &[], &[(101, 10)]), ["2 filled 4 @ 101.00", "2 completed"]);
}

#[test]
fn traded_volume_is_shared_by_price_and_then_by_arrival() {
    let mut stage = Stage::new();
    stage.book(105, 1_000, &[(90, 1)], &[(110, 1)]);
    for (key, price) in [(1, 100), (2, 101), (3, 101)] {
        stage.place(key, limit(Side::Buy, 10, price));
    }
    assert_eq!(
        stage.book(99, 1_015, &[(90, 1)], &[(110, 1)]),
        ["2 filled 10 @ 101.00", "2 completed", "3 filled 5 @ 101.00"]
    );
}

#[test]
fn only_a_share_of_depth_may_be_taken() {
    let mut stage = Stage::with(MatcherConfig { depth_share_percent: 25, ..MatcherConfig::default() });
    stage.book(100, 0, &[], &[(101, 10), (102, 100)]);
    assert_eq!(
        stage.place(1, market(Side::Buy, 50)),
        ["1 opened", "1 filled 3 @ 101.00", "1 filled 25 @ 102.00"]
    );
}

#[test]
fn stops_trigger_on_the_last_price() {
    let mut stage = Stage::new();
    stage.book(100, 0, &[(99, 50)], &[(101, 50)]);
    assert_eq!(stage.place(1, stop(Side::Buy, 10, 105)), ["1 trigger pending"]);
    assert_eq!(stage.place(2, stop_limit(Side::Sell, 10, 95, 94)), ["2 trigger pending"]);
    // A book beyond the trigger is no trade there.
    assert_eq!(stage.book(104, 0, &[(105, 50)], &[(106, 50)]), NOTHING);
    assert_eq!(
        stage.book(105, 0, &[(104, 50)], &[(106, 50)]),
        ["1 opened", "1 filled 10 @ 106.00", "1 completed"]
    );
    assert_eq!(stage.book(94, 0, &[(93, 50)], &[(95, 50)]), ["2 opened"]);
    assert_eq!(stage.book(94, 0, &[(94, 50)], &[(95, 50)]), ["2 filled 10 @ 94.00", "2 completed"]);
    // Touched before it came: an ordinary order at once.
    assert_eq!(stage.place(3, stop(Side::Sell, 5, 96)), ["3 opened", "3 filled 5 @ 94.00", "3 completed"]);
}

#[test]
fn ioc_takes_what_is_there_and_cancels_the_rest() {
    let ioc = |terms| Terms { validity: Validity::Ioc, ..terms };
    let mut stage = Stage::new();
    assert_eq!(stage.place(1, ioc(market(Side::Buy, 5))), ["1 opened", "1 rest cancelled"]);
    stage.book(100, 0, &[], &[(101, 10), (102, 10)]);
    assert_eq!(
        stage.place(2, ioc(limit(Side::Buy, 15, 101))),
        ["2 opened", "2 filled 10 @ 101.00", "2 rest cancelled"]
    );
    assert_eq!(stage.matcher.open().count(), 0);
}

#[test]
fn orders_expire_at_their_own_moment_or_with_the_day() {
    let mut stage = Stage::new();
    stage.place(1, Terms { expires_at: Some(9 * LATENCY), ..limit(Side::Buy, 5, 90) });
    stage.place(2, limit(Side::Buy, 5, 90));
    stage.place(3, Terms { token: 7, ..limit(Side::Buy, 5, 90) });
    assert_eq!(stage.matcher.next_due(), Some(9 * LATENCY));
    assert_eq!(stage.matcher.wanted(), [7, TOKEN]);
    assert_eq!(stage.pass(6 * LATENCY), ["1 expired"]);
    assert_eq!(stage.place(4, Terms { expires_at: Some(0), ..limit(Side::Buy, 5, 90) }), ["4 expired"]);
    stage.matcher.place(5, limit(Side::Buy, 5, 90), stage.now).unwrap();
    stage.matcher.cancel(2, stage.now).unwrap();
    stage.matcher.cancel(3, stage.now).unwrap();
    let mut out = Vec::new();
    stage.matcher.end_of_day(stage.now, |token| token == TOKEN, &mut out);
    assert_eq!(words(&out), ["5 expired", "2 cancelled"]);
    assert_eq!(stage.matcher.wanted(), [7]);
    assert_eq!(stage.pass(LATENCY), ["3 cancelled"]);
}

#[test]
fn the_next_day_does_not_take_from_the_last_book_of_the_day_before() {
    let mut stage = Stage::new();
    stage.book(100, 0, &[], &[(101, 10)]);
    stage.matcher.end_of_day(stage.now, |_| true, &mut Vec::new());
    assert_eq!(stage.place(1, market(Side::Buy, 5)), ["1 opened"]);
}

#[test]
fn what_no_venue_would_take_is_rejected() {
    let mut stage = Stage::new();
    for (key, terms) in [
        (1, market(Side::Buy, 0)),
        (2, market(Side::Sell, -5)),
        (3, Terms { price: None, ..limit(Side::Buy, 1, 1) }),
        (4, Terms { trigger: None, ..stop(Side::Buy, 1, 1) }),
    ] {
        let said = stage.place(key, terms);
        assert!(said.len() == 1 && said[0].starts_with(&format!("{key} rejected: ")), "{said:?}");
    }
}

#[test]
fn rejections_depend_on_seed_and_key_alone() {
    let rejected = |seed, order: &mut dyn Iterator<Item = u64>| {
        let config = MatcherConfig { seed, reject_per_million: 100_000, ..MatcherConfig::default() };
        let mut stage = Stage::with(config);
        let mut keys: Vec<u64> =
            order.filter(|key| stage.place(*key, limit(Side::Buy, 1, 1))[0].contains("rejected")).collect();
        keys.sort_unstable();
        keys
    };
    let forwards = rejected(7, &mut (0..2_000));
    assert_eq!(forwards, rejected(7, &mut (0..2_000).rev()));
    assert_ne!(forwards, rejected(8, &mut (0..2_000)));
    assert!((150..250).contains(&forwards.len()), "{}", forwards.len());
}

#[test]
fn a_new_price_meets_the_book_and_goes_to_the_end_of_the_queue() {
    let mut stage = Stage::new();
    stage.book(101, 1_000, &[(100, 10)], &[(102, 50)]);
    stage.place(1, limit(Side::Buy, 80, 100));
    stage.book(101, 1_000, &[(100, 70)], &[(102, 50)]);
    let modify = |stage: &mut Stage, changes| {
        stage.matcher.modify(1, &changes, stage.now).unwrap();
        stage.pass(LATENCY)
    };
    // Less keeps its place: 10 are ahead.
    assert_eq!(modify(&mut stage, Changes { quantity: Some(60), ..Changes::default() }), ["1 modified"]);
    assert_eq!(stage.book(100, 1_015, &[(100, 70)], &[(102, 50)]), ["1 filled 5 @ 100.00"]);
    // More does not: 70 are ahead.
    assert_eq!(modify(&mut stage, Changes { quantity: Some(90), ..Changes::default() }), ["1 modified"]);
    assert_eq!(stage.book(100, 1_065, &[(100, 70)], &[(102, 50)]), NOTHING);
    let price = Changes { price: Some(Money::rupees(102)), ..Changes::default() };
    assert_eq!(modify(&mut stage, price), ["1 modified", "1 filled 50 @ 102.00"]);
    let type_ = Changes { order_type: Some(OrderType::Market), ..Changes::default() };
    assert_eq!(modify(&mut stage, type_), ["1 modified"]);
    assert_eq!(stage.book(103, 1_070, &[], &[(104, 50)]), ["1 filled 35 @ 104.00", "1 completed"]);
}

#[test]
fn changes_that_cannot_be_made_are_refused_and_change_nothing() {
    let mut stage = Stage::new();
    stage.book(100, 0, &[], &[(101, 10)]);
    stage.place(1, limit(Side::Buy, 15, 101));
    stage.place(2, stop_limit(Side::Buy, 5, 100, 100));
    let refused = |stage: &mut Stage, key, changes: Changes| {
        stage.matcher.modify(key, &changes, stage.now).unwrap();
        let said = stage.pass(LATENCY);
        assert!(said.len() == 1 && said[0].starts_with(&format!("{key} change refused: ")), "{said:?}");
    };
    for quantity in [10, 0, -3] {
        refused(&mut stage, 1, Changes { quantity: Some(quantity), ..Changes::default() });
    }
    refused(&mut stage, 1, Changes { order_type: Some(OrderType::StopMarket), ..Changes::default() });
    refused(&mut stage, 2, Changes { trigger_price: Some(Money::rupees(105)), ..Changes::default() });
    refused(&mut stage, 3, Changes { quantity: Some(1), ..Changes::default() });
    let order = stage.matcher.order(1).unwrap();
    assert_eq!((order.terms, order.filled), (limit(Side::Buy, 15, 101), 10));
}

#[test]
fn a_waiting_stop_can_be_changed_until_it_is_touched() {
    let mut stage = Stage::new();
    stage.book(100, 0, &[(99, 50)], &[(101, 50)]);
    stage.place(1, stop(Side::Buy, 10, 105));
    let trigger = |rupees| Changes { trigger_price: Some(Money::rupees(rupees)), ..Changes::default() };
    stage.matcher.modify(1, &trigger(103), stage.now).unwrap();
    assert_eq!(stage.pass(LATENCY), ["1 modified"]);
    stage.matcher.modify(1, &trigger(100), stage.now).unwrap();
    assert_eq!(stage.pass(LATENCY), ["1 modified", "1 opened", "1 filled 10 @ 101.00", "1 completed"]);
}

#[test]
fn an_order_that_becomes_a_stop_again_waits_again() {
    let mut stage = Stage::new();
    stage.book(100, 0, &[(99, 50)], &[(101, 50)]);
    assert_eq!(stage.place(1, stop_limit(Side::Buy, 10, 100, 98)), ["1 opened"]);
    let changes = Changes { order_type: Some(OrderType::Limit), ..Changes::default() };
    stage.matcher.modify(1, &changes, stage.now).unwrap();
    assert_eq!(stage.pass(LATENCY), ["1 modified"]);
    let changes = Changes {
        order_type: Some(OrderType::StopMarket),
        trigger_price: Some(Money::rupees(105)),
        ..Changes::default()
    };
    stage.matcher.modify(1, &changes, stage.now).unwrap();
    assert_eq!(stage.pass(LATENCY), ["1 modified", "1 trigger pending"]);
}

#[test]
fn a_cancellation_takes_effect_when_it_arrives() {
    let mut stage = Stage::new();
    stage.place(1, limit(Side::Buy, 5, 100));
    stage.matcher.cancel(1, stage.now).unwrap();
    stage.now += LATENCY - 1;
    let filled = stage.update(&book(stage.now, 100, 0, &[], &[(100, 5)]));
    assert_eq!(filled, ["1 filled 5 @ 100.00", "1 completed"]);
    assert_eq!(stage.pass(1), ["1 change refused: the order is not open"]);
    // Handed over behind its placement, it arrives behind it.
    stage.matcher.place(2, limit(Side::Buy, 5, 90), stage.now).unwrap();
    stage.matcher.cancel(2, stage.now).unwrap();
    assert_eq!(stage.pass(LATENCY), ["2 opened", "2 cancelled"]);
}

#[test]
fn keys_are_used_once_and_orders_are_bounded() {
    let mut stage = Stage::with(MatcherConfig { orders_max: 2, ..MatcherConfig::default() });
    stage.place(1, limit(Side::Buy, 5, 90));
    assert_eq!(stage.matcher.place(1, limit(Side::Buy, 5, 90), stage.now), Err(NotTaken::KeyInUse));
    stage.matcher.place(2, limit(Side::Buy, 5, 90), stage.now).unwrap();
    assert_eq!(stage.matcher.place(2, limit(Side::Buy, 5, 90), stage.now), Err(NotTaken::KeyInUse));
    assert_eq!(stage.matcher.place(3, limit(Side::Buy, 5, 90), stage.now), Err(NotTaken::Full));
    for _ in 0..4 {
        stage.matcher.cancel(1, stage.now).unwrap();
    }
    assert_eq!(stage.matcher.cancel(1, stage.now), Err(NotTaken::Full));
    stage.pass(LATENCY);
    assert_eq!(stage.matcher.place(3, limit(Side::Buy, 5, 90), stage.now), Ok(()));
}

#[test]
fn outputs_carry_the_moment_they_happened() {
    let mut stage = Stage::new();
    stage.book(100, 0, &[], &[(101, 10)]);
    stage.matcher.place(1, market(Side::Buy, 12), stage.now).unwrap();
    let mut out = Vec::new();
    let next = stage.now + 5 * LATENCY;
    stage.matcher.on_book(&book(next, 100, 0, &[], &[(101, 10)]), &mut out);
    let at: Vec<i64> = out
        .iter()
        .filter(|output| matches!(output.what, Happening::Filled { .. }))
        .map(|output| output.at)
        .collect();
    assert_eq!(at, [stage.now + LATENCY, next]);
}

#[test]
fn a_tick_is_a_book_where_it_carries_depth() {
    let mut tick = Tick::ltp(InstrumentToken(TOKEN), Price::from_mantissa(151_050));
    assert_eq!(
        BookUpdate::from_tick(&tick, 5),
        BookUpdate { token: TOKEN, at: 5, last: Money::paise(151_050), volume: 0, depth: None }
    );
    tick.mode = Mode::Full;
    tick.volume = 12;
    tick.depth.buy[0].price = Price::from_mantissa(151_000);
    tick.depth.buy[0].quantity = 40;
    let update = BookUpdate::from_tick(&tick, 5);
    assert_eq!(update.volume, 12);
    assert_eq!(update.depth.unwrap().bids[0], (Money::paise(151_000), 40));
    tick.kind = TickKind::Index;
    assert_eq!(BookUpdate::from_tick(&tick, 5).depth, None);
}
