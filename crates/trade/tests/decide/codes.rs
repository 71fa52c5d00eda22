//! Every code is given by something, alone, and its message names values.

use std::collections::BTreeSet;

use jiff::civil::date;
use trade::contract::Contract;
use trade::conversion::{Conversion, Part};
use trade::event::{Class, Decided, Verdict};
use trade::request::Changes;
use trade::signal::Target;
use trade::state::Pending;
use trade::view::{PriceSource, Quote, Trading};
use trade::{Code, Limits, Money, OrderRequest, OrderType, Product, Side};

use crate::world::{World, codes, future, limit, market, option, other_share, quote, share, stop};

type Case = (Code, fn() -> Decided);

/// One way to each code.
const CASES: &[Case] = &[
    (Code::Halted, || {
        let mut world = World::new(free());
        world.halt(None, false);
        world.place(one()).0
    }),
    (Code::UnknownAccount, || World::new(free()).decide_unasked("nobody", &Pending::Cancel(any_order()))),
    (Code::MarketClosed, || with_trading(Trading::Closed)),
    (Code::NotListed, || with_trading(Trading::NotListed)),
    (Code::Expired, || {
        let expired = Contract { expiry: Some(date(2026, 7, 30)), ..future() };
        World::new(free()).place(market(expired, Side::Buy, 75)).0
    }),
    (Code::LotSize, || World::new(free()).place(market(future(), Side::Buy, 76)).0),
    (Code::FreezeQuantity, || {
        place(Limits { freeze_quantity: Some(150), ..free() }, market(future(), Side::Buy, 225))
    }),
    (Code::PriceMissing, || {
        let mut world = World::new(free());
        let order = world.placed(stop(share(), Side::Buy, 1, "1600"));
        world.modify(order, Changes { order_type: Some(OrderType::StopLimit), ..Changes::default() }).0
    }),
    (Code::TickSize, || place(free(), limit(share(), Side::Buy, 1, "1500.03"))),
    (Code::PriceBand, || {
        let band = Some((Money::rupees(1_350), Money::rupees(1_650)));
        with_quote(free(), Quote { band, ..quote(1_500) }, limit(share(), Side::Buy, 1, "1300"))
    }),
    (Code::TriggerSide, || place(free(), stop(share(), Side::Buy, 1, "1490"))),
    (Code::OrderQuantity, || {
        place(Limits { order_quantity: Some(9), ..free() }, market(share(), Side::Buy, 10))
    }),
    (Code::OrderNotional, || {
        place(
            Limits { order_notional: Some(Money::rupees(14_999)), ..free() },
            limit(share(), Side::Buy, 10, "1500"),
        )
    }),
    (Code::PositionQuantity, || {
        let mut world = World::new(Limits { position_quantity: Some(100), ..free() });
        world.filled(market(share(), Side::Buy, 60), 1_500);
        world.placed(limit(share(), Side::Buy, 40, "1400"));
        world.place(one()).0
    }),
    (Code::InstrumentExposure, || {
        let limits = Limits { instrument_exposure: Some(Money::rupees(15_000)), ..free() };
        place(limits, market(share(), Side::Sell, 11))
    }),
    (Code::GrossExposure, || {
        let mut world = World::new(Limits { gross_exposure: Some(Money::rupees(45_000)), ..free() });
        world.filled(market(other_share(), Side::Sell, 5), 3_000);
        world.placed(limit(other_share(), Side::Sell, 9, "3100"));
        world.place(market(share(), Side::Buy, 3)).0
    }),
    (Code::OpenOrders, || {
        let mut world = World::new(Limits { open_orders: Some(1), ..free() });
        world.placed(limit(share(), Side::Buy, 1, "1400"));
        world.place(one()).0
    }),
    (Code::DailyLoss, || {
        let mut world = World::new(Limits { daily_loss: Some(Money::rupees(1_000)), ..free() });
        world.filled(market(share(), Side::Buy, 10), 1_500);
        world.market.quotes.insert(1, quote(1_400));
        world.place(one()).0
    }),
    (Code::Drawdown, || {
        let mut world = World::new(Limits { drawdown: Some(Money::rupees(1_000)), ..free() });
        world.filled(market(share(), Side::Buy, 10), 1_500);
        world.market.quotes.insert(1, quote(1_700));
        world.placed(limit(share(), Side::Buy, 1, "1400"));
        world.market.quotes.insert(1, quote(1_600));
        world.place(one()).0
    }),
    (Code::OrderRate, || {
        let mut world =
            World::new(Limits { orders_per_second: Some(2), cancel_reserve_percent: 50, ..free() });
        world.placed(one());
        world.place(one()).0
    }),
    (Code::Duplicate, || {
        let mut world = World::new(Limits { duplicate_window_ms: Some(500), ..free() });
        world.placed(one());
        world.wait_ms(499);
        world.place(one()).0
    }),
    (Code::SelfCross, || {
        let mut world = World::new(free());
        world.placed(limit(share(), Side::Sell, 1, "1510"));
        world.place(limit(share(), Side::Buy, 1, "1510")).0
    }),
    (Code::NoPrice, || {
        let mut world = World::new(free());
        world.market.quotes.clear();
        world.place(one()).0
    }),
    (Code::StalePrice, || with_quote(free(), Quote { age_ms: 10_001, ..quote(1_500) }, one())),
    (Code::SuspectPrice, || {
        with_quote(free(), Quote { suspect: Some("jump".to_owned()), ..quote(1_500) }, one())
    }),
    (Code::PriceSourceNotLive, || World::of(Class::Kite, free()).place(one()).0),
    (Code::Margin, || {
        let limits = Limits { margin_percent: Some(20), ..free() };
        place(limits, market(share(), Side::Buy, 667))
    }),
    (Code::Holdings, || {
        let mut world = World::new(Limits { margin_percent: Some(20), ..free() });
        world.filled(market(share(), Side::Buy, 10), 1_500);
        world.placed(limit(share(), Side::Sell, 6, "1600"));
        world.place(market(share(), Side::Sell, 5)).0
    }),
    (Code::TooLate, || {
        let mut world = World::new(free());
        world.receive(share(), buy(1), Some(1_000));
        world.wait_ms(1_001);
        world.decide_next().unwrap().0
    }),
    (Code::NothingToDo, || {
        let mut world = World::new(free());
        world.filled(market(share(), Side::Buy, 10), 1_500);
        world.signal(share(), Target::Position(10)).0
    }),
    (Code::FateUnknown, || {
        let mut world = World::new(free());
        let (_, intended) = world.place(one());
        world.lose(intended.unwrap().intent);
        world.place(one()).0
    }),
    (Code::NotOpen, || {
        let mut world = World::new(free());
        let order = world.filled(one(), 1_500);
        world.cancel(order).0
    }),
    (Code::UnknownOrder, || World::new(free()).cancel(any_order()).0),
    (Code::InProgress, || {
        let mut world = World::new(free());
        let order = world.placed(limit(share(), Side::Buy, 1, "1400"));
        world.cancel(order);
        world.cancel(order).0
    }),
    (Code::ModificationsExceeded, || {
        let mut world = World::of(Class::Venue, free());
        let order = world.placed(limit(share(), Side::Buy, 1, "1400"));
        let mut modify = |rupees| {
            let price = Some(Money::rupees(rupees));
            let (decided, intended) = world.modify(order, Changes { price, ..Changes::default() });
            if let Some(intended) = intended {
                world.acknowledge(intended.intent);
            }
            decided
        };
        for n in 1..=25 {
            assert_eq!(modify(1_400 + n).verdict, Verdict::Accepted);
        }
        modify(1_400)
    }),
    (Code::FilledQuantity, || {
        let mut world = World::new(free());
        let order = world.placed(limit(share(), Side::Buy, 10, "1400"));
        world.fill(order, 4, 1_400);
        world.modify(order, Changes { quantity: Some(4), ..Changes::default() }).0
    }),
    (Code::NothingToChange, || {
        let mut world = World::new(free());
        let order = world.placed(limit(share(), Side::Buy, 10, "1400"));
        world.modify(order, Changes { quantity: Some(10), ..Changes::default() }).0
    }),
    (Code::NotHeld, || {
        let mut world = World::new(free());
        world.filled(market(share(), Side::Buy, 10), 1_500);
        world.convert(to_intraday(11))
    }),
    (Code::OppositeHeld, || {
        let mut world = World::new(free());
        world.filled(market(share(), Side::Buy, 10), 1_500);
        world.filled(OrderRequest { product: Product::Mis, ..market(share(), Side::Sell, 1) }, 1_500);
        world.convert(to_intraday(10))
    }),
    (Code::AtVenue, || {
        let mut world = World::of(Class::Venue, free());
        world.filled(market(share(), Side::Buy, 10), 1_500);
        world.convert(to_intraday(10))
    }),
    (Code::TrimmedToLot, || {
        let (decided, intended) = World::new(free()).signal(future(), Target::Position(-100));
        assert_eq!(decided.verdict, Verdict::Trimmed);
        assert_eq!(crate::world::placement(intended.as_ref()), Some((Side::Sell, 75)));
        decided
    }),
];

#[test]
fn every_code_is_given_alone_where_it_alone_applies() {
    let mut seen = BTreeSet::new();
    for (code, case) in CASES {
        let decided = case();
        assert_eq!(codes(&decided), [*code], "{:?}", decided.reasons);
        seen.insert(*code);
    }
    let never: Vec<&Code> = Code::ALL.iter().filter(|code| !seen.contains(code)).collect();
    assert!(never.is_empty(), "never given: {never:?}");
}

#[test]
fn a_refusal_names_everything_that_is_wrong() {
    let limits = Limits { order_quantity: Some(100), price_band_bps: Some(100), ..free() };
    let mut world = World::new(limits);
    world.halt(Some("paper"), false);
    world.market.closed.push((3, Trading::Closed));
    world.market.quotes.insert(3, Quote { age_ms: 60_000, ..quote(25_000) });
    let (decided, _) = world.place(limit(future(), Side::Buy, 101, "24000.03"));
    assert_eq!(
        codes(&decided),
        [
            Code::Halted,
            Code::MarketClosed,
            Code::LotSize,
            Code::TickSize,
            Code::PriceBand,
            Code::OrderQuantity,
            Code::StalePrice
        ]
    );
    let words: Vec<&str> = decided.reasons.iter().map(|reason| reason.message.as_str()).collect();
    assert_eq!(words[0], "The account `paper` is halted by ops: a test");
    assert_eq!(words[2], "The quantity is 101; the lot size of NFO:NIFTY26AUGFUT is 75.");
    assert_eq!(words[6], "The price of NFO:NIFTY26AUGFUT is 60000 ms old; at most 10000 ms.");
}

#[test]
fn numbers_that_no_order_can_have_are_refused_before_they_overflow() {
    for request in [
        market(share(), Side::Buy, 0),
        market(share(), Side::Sell, i64::MIN),
        market(share(), Side::Buy, i64::MAX),
        limit(share(), Side::Buy, 1, "0"),
        limit(share(), Side::Buy, 1, "-0.05"),
        OrderRequest { price: Some(Money::from_billionths(i128::MAX)), ..limit(share(), Side::Buy, 1, "5") },
        OrderRequest {
            trigger_price: Some(Money::from_billionths(i128::MIN)),
            ..stop(share(), Side::Sell, 1, "5")
        },
    ] {
        let limits =
            Limits { margin_percent: Some(100_000), gross_exposure: Some(Money::rupees(1)), ..free() };
        assert_eq!(place(limits, request).verdict, Verdict::Denied);
    }
}

#[test]
fn a_live_account_takes_only_live_prices_that_nobody_doubts() {
    let live = Quote { source: PriceSource::Kite, ..quote(1_500) };
    let limits = Limits { suspect_prices: true, ..free() };
    for (price, verdict) in [
        (live.clone(), Verdict::Accepted),
        (Quote { source: PriceSource::Replay, ..live.clone() }, Verdict::Denied),
        (Quote { suspect: Some("jump".to_owned()), ..live }, Verdict::Denied),
    ] {
        let mut world = World::of(Class::Kite, limits.clone());
        world.market.quotes.insert(1, price);
        assert_eq!(world.place(one()).0.verdict, verdict);
    }
}

#[test]
fn an_option_sold_blocks_margin_and_one_bought_costs_its_premium() {
    let limits = Limits { margin_percent: Some(1_000), ..free() };
    // 10,00,000 rupees; 75 x 100 rupees premium; ten times that as margin.
    assert_eq!(place(limits.clone(), market(option(), Side::Sell, 75 * 13)).verdict, Verdict::Accepted);
    assert_eq!(codes(&place(limits.clone(), market(option(), Side::Sell, 75 * 14))), [Code::Margin]);
    assert_eq!(place(limits, market(option(), Side::Buy, 75 * 133)).verdict, Verdict::Accepted);
}

/// No limits but those that no account is without.
pub fn free() -> Limits {
    Limits { order_quantity: None, order_notional: None, open_orders: None, ..Limits::default() }
}

fn one() -> OrderRequest {
    market(share(), Side::Buy, 1)
}

fn buy(quantity: i64) -> Target {
    Target::Trade { side: Side::Buy, quantity }
}

/// Of shares bought for delivery today.
pub fn to_intraday(quantity: i64) -> Conversion {
    let (side, part, from, to) = (Side::Buy, Part::Day, Product::Cnc, Product::Mis);
    Conversion { contract: share(), side, quantity, part, from, to }
}

fn any_order() -> trade::OrderId {
    "1000000000000000001".parse().unwrap()
}

fn place(limits: Limits, request: OrderRequest) -> Decided {
    World::new(limits).place(request).0
}

fn with_quote(limits: Limits, price: Quote, request: OrderRequest) -> Decided {
    let mut world = World::new(limits);
    world.market.quotes.insert(request.contract.token, price);
    world.place(request).0
}

fn with_trading(trading: Trading) -> Decided {
    let mut world = World::new(free());
    world.market.closed.push((1, trading));
    world.place(one()).0
}
