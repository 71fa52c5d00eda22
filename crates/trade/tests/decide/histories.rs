//! Laws that hold in every history. `World` itself checks each decision: one verdict first, calls only when it was
//! not a denial, the same again from what was written down (I-10), nothing left pending.

use proptest::prelude::*;
use trade::apply::Row;
use trade::event::{
    Answer, Call, Class, CommandedAct, DayBegan, Event, FateResolved, Found, LimitsSet, Resumed, VenueStatus,
};
use trade::request::Changes;
use trade::signal::Target;
use trade::state::Pending;
use trade::view::{PriceSource, Quote, Trading};
use trade::{Contract, IntentId, Limits, Money, OrderId, OrderRequest, OrderType, Product, Side, Validity};

use crate::world::{World, future, option, other_share, quote, share};

#[derive(Clone, Debug)]
enum Act {
    Place(OrderRequest, bool),
    Signal(Contract, Target, Option<u32>),
    Modify(usize, Changes),
    Cancel(usize),
    DecideAll,
    Answer(usize, u8),
    Fill(usize, i64),
    End(usize),
    Halt(bool),
    Resume,
    Wait(i64),
    Price(usize, i64, u8),
    Session(usize, u8),
    DayBegan,
    Limits(Box<Limits>),
}

fn contracts() -> [Contract; 4] {
    [share(), other_share(), future(), option()]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn contract() -> impl Strategy<Value = Contract> {
    (0usize..4).prop_map(|n| contracts()[n].clone())
}

/// Quantities that are mostly whole lots of everything.
fn units() -> impl Strategy<Value = i64> {
    prop_oneof![8 => (1i64..4).prop_map(|n| n * 75), 2 => 1i64..100, 1 => any::<i64>()]
}

fn amount() -> impl Strategy<Value = Option<Money>> {
    proptest::option::of(prop_oneof![
        9 => (1i64..600_000).prop_map(|n| Money::paise(n * 5)),
        1 => any::<i128>().prop_map(Money::from_billionths),
    ])
}

fn order_type() -> impl Strategy<Value = OrderType> {
    (0usize..4).prop_map(|n| OrderType::ALL[n])
}

fn request() -> impl Strategy<Value = OrderRequest> {
    (contract(), side(), units(), order_type(), amount(), amount(), any::<bool>()).prop_map(
        |(contract, side, quantity, order_type, price, trigger, intraday)| OrderRequest {
            contract,
            side,
            quantity,
            order_type,
            price: price.or(Some(Money::rupees(1_500))).filter(|_| order_type.has_price()),
            trigger_price: trigger.or(Some(Money::rupees(1_600))).filter(|_| order_type.has_trigger()),
            validity: Validity::Day,
            product: if intraday { Product::Mis } else { Product::Nrml },
        },
    )
}

fn changes() -> impl Strategy<Value = Changes> {
    (proptest::option::of(units()), proptest::option::of(order_type()), amount(), amount()).prop_map(
        |(quantity, order_type, price, trigger_price)| Changes {
            quantity,
            order_type,
            price,
            trigger_price,
            validity: None,
        },
    )
}

fn limits() -> impl Strategy<Value = Limits> {
    let numbers = (
        proptest::option::of(1i64..500),
        proptest::option::of(1u32..12),
        proptest::option::of(1u32..500),
        0u8..=100,
        proptest::option::of(0u32..60_000),
        proptest::option::of(prop_oneof![1i64..400, 75i64..76]),
    );
    (numbers, (amount(), amount(), amount(), amount(), any::<bool>())).prop_map(|(numbers, amounts)| {
        let positive = |amount: Option<Money>| amount.map(Money::abs);
        Limits {
            order_quantity: numbers.0,
            orders_per_second: numbers.1,
            orders_per_minute: numbers.1.map(|n| n * 5),
            margin_percent: numbers.2,
            cancel_reserve_percent: numbers.3,
            duplicate_window_ms: numbers.4,
            instrument_exposure: positive(amounts.0),
            gross_exposure: positive(amounts.1),
            daily_loss: positive(amounts.2),
            drawdown: positive(amounts.3),
            suspect_prices: amounts.4,
            freeze_quantity: numbers.5,
            price_band_bps: numbers.1.map(|n| n * 1_000),
            ..Limits::default()
        }
    })
}

fn act() -> impl Strategy<Value = Act> {
    let target = prop_oneof![
        (side(), units()).prop_map(|(side, quantity)| Target::Trade { side, quantity }),
        prop_oneof![4 => -300i64..300, 1 => any::<i64>()].prop_map(Target::Position),
    ];
    prop_oneof![
        6 => (request(), any::<bool>()).prop_map(|(request, may_slice)| Act::Place(request, may_slice)),
        4 => (contract(), target, proptest::option::of(0u32..2_000)).prop_map(|(c, t, ttl)| Act::Signal(c, t, ttl)),
        3 => (0usize..20, changes()).prop_map(|(n, changes)| Act::Modify(n, changes)),
        2 => (0usize..20).prop_map(Act::Cancel),
        8 => Just(Act::DecideAll),
        8 => (0usize..40, 0u8..10).prop_map(|(n, how)| Act::Answer(n, how)),
        5 => (0usize..20, 1i64..200).prop_map(|(n, units)| Act::Fill(n, units)),
        2 => (0usize..20).prop_map(Act::End),
        1 => any::<bool>().prop_map(Act::Halt),
        2 => Just(Act::Resume),
        4 => (-200i64..3_000).prop_map(Act::Wait),
        3 => (0usize..4, 1i64..30_000, 0u8..10).prop_map(|(n, rupees, how)| Act::Price(n, rupees, how)),
        1 => (0usize..4, 0u8..5).prop_map(|(n, how)| Act::Session(n, how)),
        1 => Just(Act::DayBegan),
    ]
}

/// Plays acts against one account; remembers what was intended.
struct Play {
    world: World,
    orders: Vec<OrderId>,
    calls: Vec<IntentId>,
    /// Machine time of every call.
    times: Vec<(i64, bool)>,
}

impl Play {
    fn new(class: Class, limits: Limits) -> Play {
        Play { world: World::of(class, limits), orders: Vec::new(), calls: Vec::new(), times: Vec::new() }
    }

    fn pick<T: Copy>(from: &[T], n: usize) -> Option<T> {
        // Counted from the newest, which is most likely still open.
        from.len().checked_sub(1 + n % from.len().max(1)).map(|place| from[place])
    }

    fn decide_all(&mut self) {
        while let Some((_, calls)) = self.world.decide_sliced() {
            for intended in calls {
                self.times.push((self.world.now.machine, intended.call == Call::Cancel));
                self.calls.push(intended.intent);
                if intended.intent.n == 1 {
                    self.orders.push(intended.intent.order);
                }
            }
        }
    }

    fn act(&mut self, act: Act) {
        let world = &mut self.world;
        match act {
            Act::Place(request, may_slice) => {
                let order = world.draw();
                world.receive_sliceable(order, CommandedAct::Place(request), may_slice);
            }
            Act::Signal(contract, target, ttl_ms) => {
                world.receive(contract, target, ttl_ms);
            }
            Act::Modify(n, changes) => {
                if let Some(order) = Self::pick(&self.orders, n) {
                    world.receive_command(order, CommandedAct::Modify(changes));
                }
            }
            Act::Cancel(n) => {
                if let Some(order) = Self::pick(&self.orders, n) {
                    world.receive_command(order, CommandedAct::Cancel);
                }
            }
            Act::DecideAll => self.decide_all(),
            Act::Answer(n, how) => self.answer(n, how),
            Act::Fill(n, units) => self.fill(n, units),
            Act::End(n) => {
                if let Some(order) = Self::pick(&self.orders, n) {
                    let filled = world.state.orders.get(&order).map_or(0, |order| order.filled);
                    world.report(order, VenueStatus::Cancelled, filled);
                }
            }
            Act::Halt(cancel_open) => world.halt(None, cancel_open),
            Act::Resume => world.fold(&Event::Resumed(Resumed {
                account: None,
                why: "on".to_owned(),
                by: "test".to_owned(),
            })),
            Act::Wait(ms) => world.wait_ms(ms),
            Act::Price(n, rupees, how) => {
                let price = Quote {
                    age_ms: if how == 0 { 20_000 } else { 5 },
                    suspect: (how == 1).then(|| "jump".to_owned()),
                    source: if how == 2 { PriceSource::Kite } else { PriceSource::Sim },
                    band: (how == 3).then(|| (Money::rupees(rupees / 2), Money::rupees(rupees * 2))),
                    ..quote(rupees)
                };
                let token = contracts()[n].token;
                if how == 4 {
                    world.market.quotes.remove(&token)
                } else {
                    world.market.quotes.insert(token, price)
                };
            }
            Act::Session(n, how) => {
                let token = contracts()[n].token;
                world.market.closed.retain(|(closed, _)| *closed != token);
                match how {
                    0 => world.market.closed.push((token, Trading::Closed)),
                    1 => world.market.closed.push((token, Trading::NotListed)),
                    _ => {}
                }
            }
            Act::DayBegan => {
                let marks = world.market.quotes.iter().map(|(token, quote)| (*token, quote.last)).collect();
                let day = world.now.market_time().ist_date();
                world.fold(&Event::DayBegan(DayBegan { account: world.account.clone(), day, marks }));
            }
            Act::Limits(limits) => world.fold(&Event::LimitsSet(LimitsSet {
                account: world.account.clone(),
                limits: *limits,
                by: "test".to_owned(),
            })),
        }
    }

    fn answer(&mut self, n: usize, how: u8) {
        let Some(intent) = Self::pick(&self.calls, n) else { return };
        match how {
            0 => self.world.lose(intent),
            1 => self.world.answer(intent, Answer::NeverLeft { why: "late".to_owned() }),
            2 => {
                let (code, message) = ("OrderException".to_owned(), "no".to_owned());
                self.world.answer(intent, Answer::Refused { code, message });
            }
            3 => self.world.fold(&Event::FateResolved(FateResolved {
                intent,
                account: self.world.account.clone(),
                found: Found::Absent,
                evidence: "a person".to_owned(),
            })),
            _ => self.world.acknowledge(intent),
        }
    }

    /// As a venue does: only orders that it has, and never more than was ordered.
    fn fill(&mut self, n: usize, units: i64) {
        let Some(id) = Self::pick(&self.orders, n) else { return };
        let Some(order) = self.world.state.orders.get(&id) else { return };
        let (units, last) = (units.min(order.remaining()), order.request.contract.token);
        if order.venue_order_id.is_some() && units > 0 {
            let rupees = self
                .world
                .market
                .quotes
                .get(&last)
                .map_or(1_500, |quote| quote.last.billionths() / 1_000_000_000);
            self.world.fill(id, units, i64::try_from(rupees).unwrap());
        }
    }
}

fn acts(more: impl Strategy<Value = Act> + 'static) -> impl Strategy<Value = Vec<Act>> {
    proptest::collection::vec(prop_oneof![30 => act(), 1 => more], 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_decision_holds_and_comes_out_the_same_again(
        first in limits(),
        class in prop_oneof![Just(Class::Paper), Just(Class::Venue), Just(Class::Kite)],
        acts in acts(limits().prop_map(|limits| Act::Limits(Box::new(limits)))),
    ) {
        let mut play = Play::new(class, first);
        for act in acts {
            play.act(act);
        }
        play.decide_all();
        prop_assert!(play.world.state.account(&play.world.account).unwrap().pending.is_empty());
    }

    #[test]
    fn whatever_fills_the_position_keeps_its_limit(acts in acts(Just(Act::DecideAll))) {
        let limit = 300;
        let limits =
            Limits { position_quantity: Some(limit), freeze_quantity: Some(75), ..Limits::default() };
        let mut play = Play::new(Class::Paper, limits);
        for act in acts {
            play.act(act);
            for contract in contracts() {
                let units: i64 = Product::ALL.iter().map(|p| play.world.position(contract.token, *p).abs()).sum();
                prop_assert!(units <= limit, "{units} of {}", contract.name);
            }
        }
    }

    #[test]
    fn no_second_at_a_venue_has_more_calls_than_its_limit(
        limit in 1u32..6,
        reserve in 0u8..=100,
        acts in acts(Just(Act::DecideAll)),
    ) {
        let limits = Limits {
            orders_per_second: Some(limit),
            cancel_reserve_percent: reserve,
            freeze_quantity: Some(75),
            ..Limits::default()
        };
        let mut play = Play::new(Class::Venue, limits);
        for act in acts {
            // A clock that is set back has seconds that happen twice: the budget has its own test of that.
            let act = if let Act::Wait(ms) = act { Act::Wait(ms.abs()) } else { act };
            play.act(act);
        }
        let open = limit as usize - (limit as usize * reserve as usize).div_ceil(100);
        for (end, _) in &play.times {
            let second: Vec<_> =
                play.times.iter().filter(|(at, _)| (*end - 1_000_000_000..=*end).contains(at)).collect();
            prop_assert!(second.len() <= limit as usize);
            prop_assert!(second.iter().filter(|(_, cancel)| !cancel).count() <= open);
        }
    }
}

#[test]
fn deciding_in_a_state_that_is_too_old_is_not_attempted() {
    let mut world = World::new(Limits::default());
    let before = world.state.clone();
    let pending = world.receive(share(), Target::Position(1), None);
    let mut received = world.state.clone();
    let (decided, intended) = world.decide_next().unwrap();
    let calls: Vec<Event> = intended.iter().cloned().map(Event::Intended).collect();
    let again =
        |state: &trade::State, pending: &Pending| trade::decide::again(state, &decided, pending, &calls);
    assert_eq!(again(&received, &pending), trade::decide::Comparison::Same);
    for (state, pending) in
        [(&before, &pending), (&received, &Pending::Cancel(intended.unwrap().intent.order))]
    {
        let undecidable = matches!(again(state, pending), trade::decide::Comparison::Undecidable { .. });
        assert!(undecidable);
    }
    // A halt that the decision did not see makes a difference.
    let halted = trade::event::Halted { account: None, why: "x".into(), cancel_open: false, by: "x".into() };
    let event = Event::Halted(halted);
    trade::apply::apply(&mut received, Row { seq: 3, stream_seq: 1, time: 0, event: &event });
    let different = again(&received, &pending);
    assert!(matches!(different, trade::decide::Comparison::Different { .. }), "{different:?}");
}
