use std::sync::OnceLock;

use broker::paper::{Depth, LEVELS};
use feed::Market;
use feed::sim::{Hours, INSTRUMENTS_MIN, Sim, SimConfig};
use kite::rest::words::OrderStatus;
use proptest::prelude::*;

use super::*;
use crate::fact::FORMAT;
use crate::faults::Look;

const INFY: u32 = 408_065;
/// 2026-11-24 10:00:00 IST.
const TEN: i64 = 1_795_494_600_000_000_000;
const SECOND: i64 = 1_000_000_000;

fn at(ns: i64) -> Now {
    Now { market: UnixNanos(TEN + ns), machine: TEN + ns }
}

/// One level of 100 on each side of `rupees`, a rupee apart.
fn book(ns: i64, rupees: i64, volume: i64) -> BookUpdate {
    let level = |price| {
        let mut levels = [(Money::ZERO, 0); LEVELS];
        levels[0] = (Money::rupees(price), 100);
        levels
    };
    let depth = Some(Depth { bids: level(rupees - 1), asks: level(rupees + 1) });
    BookUpdate { token: INFY, at: TEN + ns, last: Money::rupees(rupees), volume, depth }
}

struct Bench {
    engine: Engine,
    facts: Vec<Fact>,
    updates: Vec<Update>,
}

impl Bench {
    fn new(plan: &str) -> Bench {
        let mut bench = Bench {
            engine: engine(&[], plan, at(0)),
            facts: vec![Fact::Began { format: FORMAT }],
            updates: Vec::new(),
        };
        bench.engine.on_books([book(0, 1_000, 0)]);
        bench
    }

    fn call(&mut self, call: Call, ns: i64) -> Answer {
        let answer = self.engine.call("a", call, at(ns));
        self.settle(ns);
        answer
    }

    fn settle(&mut self, ns: i64) {
        self.engine.advance(at(ns));
        self.facts.extend(self.engine.take_facts());
        self.updates.extend(self.engine.take_updates());
    }

    fn place(&mut self, fields: &str, ns: i64) -> Answer {
        self.call(place(fields), ns)
    }

    fn status(&self, order: u64) -> OrderStatus {
        self.engine.book().line(order).unwrap().state().status.clone()
    }

    /// How often each state was told, in order.
    fn told(&self) -> Vec<String> {
        let status = |update: &Update| {
            let order: kite::rest::orders::Order = serde_json::from_str(&update.json).unwrap();
            format!("{} {}", order.status, order.filled_quantity)
        };
        self.updates.iter().map(status).collect()
    }
}

fn engine(facts: &[Fact], plan: &str, now: Now) -> Engine {
    let mut engine = Engine::new(facts, 0, Plan::parse(plan).unwrap(), now);
    engine.relist(listing());
    engine
}

/// One share.
fn listing() -> Vec<Instrument> {
    static LISTED: OnceLock<Vec<Instrument>> = OnceLock::new();
    let made = || {
        let config =
            SimConfig { instruments: INSTRUMENTS_MIN, hours: Hours::AroundTheClock, ..SimConfig::default() };
        let all = Sim::new(config, at(0).market).unwrap().instruments();
        all.into_iter().filter(|instrument| instrument.token.0 == INFY).collect()
    };
    LISTED.get_or_init(made).clone()
}

fn place(fields: &str) -> Call {
    let form = format!("exchange=NSE&tradingsymbol=INFY&product=CNC&tag=t1&market_protection=-1&{fields}");
    let form = kite::form::Form::parse(&form).unwrap();
    Call::Place {
        tag: form.get("tag").map(str::to_owned),
        asked: Placement::read("regular", &form).map_err(|error| error.to_string()),
    }
}

fn cancel(order: u64) -> Call {
    let order_id = order.to_string();
    let asked = Cancellation::read("regular", &order_id, &kite::form::Form::default());
    Call::Cancel { asked: asked.map_err(|error| error.to_string()), order_id }
}

fn modify(order: u64, fields: &str) -> Call {
    let order_id = order.to_string();
    let asked = Modification::read("regular", &order_id, &kite::form::Form::parse(fields).unwrap());
    Call::Modify { asked: asked.map_err(|error| error.to_string()), order_id }
}

const BUY_LOW: &str = "transaction_type=BUY&order_type=LIMIT&price=990&quantity=10";
const BUY_NOW: &str = "transaction_type=BUY&order_type=MARKET&quantity=10";

#[test]
fn an_order_rests_is_changed_fills_and_is_told_at_every_step() {
    let mut bench = Bench::new("{}");
    let order = bench.place(BUY_LOW, 1).result.unwrap();
    assert_eq!(order, 261_124_000_000_001, "the day and a number");
    bench.call(modify(order, "price=995"), 2).result.unwrap();
    bench.engine.on_books([book(SECOND, 990, 500)]);
    bench.settle(SECOND);
    assert_eq!(bench.told(), ["OPEN 0", "OPEN 0", "COMPLETE 10"]);
    let line = bench.engine.book().line(order).unwrap();
    assert!(line.is_modified && line.state().value == Money::rupees(991 * 10), "at the book's price");
    assert_eq!(bench.call(cancel(order), 2 * SECOND).result.unwrap_err().message, NOT_OPEN);
    assert_eq!(bench.engine.book().ledger().totals.refused, 1);
}

#[test]
fn what_a_broker_would_refuse_is_refused() {
    let mut bench = Bench::new("{}");
    for (fields, word) in [
        ("transaction_type=BUY&order_type=LIMIT&price=990.03&quantity=1", "tick size"),
        ("transaction_type=BUY&order_type=LIMIT&price=990&quantity=1&autoslice=true", "slice"),
        ("transaction_type=BUY&order_type=LIMIT&quantity=1", "price"),
    ] {
        let refused = bench.place(fields, 1).result.unwrap_err();
        assert!(
            refused.error_type == ErrorType::Input && refused.message.contains(word),
            "{}",
            refused.message
        );
    }
    let form = "exchange=NSE&tradingsymbol=NOSUCH&product=CNC&transaction_type=BUY&order_type=LIMIT&price=1&quantity=1";
    let asked = Placement::read("regular", &kite::form::Form::parse(form).unwrap()).unwrap();
    let refused = bench.call(Call::Place { tag: None, asked: Ok(asked) }, 1).result.unwrap_err();
    assert!(refused.message.contains("not listed"));
    let theirs = bench.place(BUY_LOW, 2).result.unwrap();
    let refused = bench.engine.call("b", cancel(theirs), at(3)).result.unwrap_err();
    assert_eq!(refused.error_type, ErrorType::Order, "orders of others are not there");
    let totals = &bench.engine.book().ledger().totals;
    assert_eq!((totals.placements, totals.refused, totals.orders), (5, 5, 1));
}

#[test]
fn what_arrives_counts_whatever_becomes_of_it() {
    let mut bench = Bench::new(
        r#"{"faults":[{"kind":"close_before","on":["place"],"next":1},{"kind":"refuse","on":["cancel"],"next":1},
            {"kind":"reject","next":1}]}"#,
    );
    assert_eq!(bench.place(BUY_LOW, 1).verdict.doing, Doing::Nothing);
    assert!(bench.engine.book().lines().next().is_none());
    let rejected = bench.place(BUY_LOW, 2).result.unwrap();
    assert_eq!(bench.status(rejected), OrderStatus::Rejected);
    let open = bench.place(BUY_LOW, 3).result.unwrap();
    assert!(bench.call(cancel(open), 4).result.is_err());
    assert_eq!(bench.status(open), OrderStatus::Open, "a refused cancellation does nothing");
    bench.call(cancel(open), 5).result.unwrap();
    assert_eq!(bench.status(open), OrderStatus::Cancelled);
    let ledger = Book::of(&bench.facts).ledger().clone();
    assert_eq!((ledger.tags["a"]["t1"].placements, ledger.totals.doubled_tags), (3, 1));
    assert_eq!(ledger.tags["a"]["t1"].orders, [rejected.to_string(), open.to_string()]);
    assert_eq!(ledger.orders["a"][&open.to_string()].cancellations, 2);
}

#[test]
fn a_hidden_order_trades_and_shows_later() {
    let mut bench = Bench::new(r#"{"faults":[{"kind":"hide","ms":1000,"next":1}]}"#);
    let order = bench.place(BUY_NOW, 0).result.unwrap();
    assert_eq!(bench.status(order), OrderStatus::Complete);
    for (ns, shown) in [(SECOND - 1, 0), (SECOND, 1)] {
        let (book, Now { market, machine }) = (bench.engine.book(), at(ns));
        assert_eq!(book.orders("a", market, machine).len(), shown);
        assert_eq!(book.trades("a", market, machine).len(), shown);
        assert_eq!(book.positions("a", market, machine, |_| None).net.len(), shown);
        assert_eq!(book.history("a", &order.to_string(), machine).is_some(), shown == 1);
    }
}

#[test]
fn updates_are_doubled_dropped_and_overtaken() {
    for (kind, told) in [
        (r#""kind":"duplicate_update""#, &["OPEN 0", "OPEN 0", "CANCELLED 0"][..]),
        (r#""kind":"drop_update""#, &["CANCELLED 0"]),
        (r#""kind":"reorder_update","ms":60000"#, &["CANCELLED 0", "OPEN 0"]),
    ] {
        let mut bench = Bench::new(&format!(r#"{{"faults":[{{{kind},"next":1}}]}}"#));
        let order = bench.place(BUY_LOW, 1).result.unwrap();
        bench.call(cancel(order), 2).result.unwrap();
        assert_eq!(bench.told(), told, "{kind}");
    }
    let mut bench = Bench::new(r#"{"faults":[{"kind":"reorder_update","ms":1000,"next":1}]}"#);
    bench.place(BUY_LOW, 0).result.unwrap();
    assert!(bench.updates.is_empty() && bench.engine.next_held() == Some(TEN + SECOND));
    bench.settle(SECOND);
    assert_eq!(bench.told(), ["OPEN 0"], "not held for ever");
}

#[test]
fn the_day_ends_for_open_orders_also_while_nobody_is_here() {
    let mut bench = Bench::new("{}");
    let order = bench.place(BUY_LOW, 1).result.unwrap();
    let day = 24 * 3_600 * SECOND;
    let restarted = engine(&bench.facts, "{}", at(day));
    let state = restarted.book().line(order).unwrap().state().clone();
    assert_eq!(
        (state.status, state.message.as_deref()),
        (OrderStatus::Cancelled, Some("its validity has ended"))
    );
    assert!(restarted.book().orders("a", at(day).market, TEN + day).is_empty(), "the list covers one day");
    assert_eq!(restarted.book().orders("a", at(SECOND).market, TEN + day).len(), 1);
}

#[test]
fn changes_on_their_way_arrive_after_a_restart() {
    let mut engine = Engine::new(&[], SECOND, Plan::default(), at(0));
    engine.relist(listing());
    let order = engine.call("a", place(BUY_LOW), at(0)).result.unwrap();
    engine.call("a", modify(order, "price=985&quantity=20"), at(1)).result.unwrap();
    engine.call("a", cancel(order), at(2)).result.unwrap();
    let facts = engine.take_facts();
    let mut again = Engine::new(&facts, SECOND, Plan::default(), at(3));
    again.advance(at(5 * SECOND));
    let line = again.book().line(order).unwrap();
    let told: Vec<_> = line.states.iter().map(|state| (state.status.as_str(), state.quantity)).collect();
    assert_eq!(told, [("PUT ORDER REQ RECEIVED", 10), ("OPEN", 10), ("OPEN", 20), ("CANCELLED", 20)]);
    assert!(line.unanswered.is_empty());
}

#[derive(Clone, Debug)]
enum Act {
    Place(bool, i64, u64),
    Cancel(usize),
    Modify(usize, i64, u64),
    Book(i64, i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (any::<bool>(), 985..1_016i64, 1..150u64).prop_map(|(buy, price, quantity)| Act::Place(buy, price, quantity)),
        2 => (0..20usize).prop_map(Act::Cancel),
        2 => (0..20usize, 985..1_016i64, 1..150u64).prop_map(|(n, price, quantity)| Act::Modify(n, price, quantity)),
        4 => (990..1_011i64, 0..300i64).prop_map(|(price, traded)| Act::Book(price, traded)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The book that is read back is the book that was there, wherever the process was killed; and it goes on
    /// trading.
    #[test]
    fn facts_alone_make_the_book_at_every_point(acts in prop::collection::vec(act(), 1..60), kill in 0..60usize) {
        let plan = r#"{"seed":3,"faults":[{"kind":"reject","per_million":100000},{"kind":"refuse","per_million":50000}]}"#;
        let mut bench = Bench::new(plan);
        let mut volume = 0;
        let mut orders = Vec::new();
        for (step, act) in acts.iter().enumerate() {
            let ns = (step as i64 + 1) * 1_000;
            let pick = |n: &usize| orders.get(n % orders.len().max(1)).copied().unwrap_or(1);
            match act {
                Act::Place(buy, price, quantity) => {
                    let side = if *buy { "BUY" } else { "SELL" };
                    let fields = format!("transaction_type={side}&order_type=LIMIT&price={price}&quantity={quantity}");
                    orders.extend(bench.place(&fields, ns).result.ok());
                }
                Act::Cancel(n) => drop(bench.call(cancel(pick(n)), ns)),
                Act::Modify(n, price, quantity) => {
                    bench.call(modify(pick(n), &format!("price={price}&quantity={quantity}")), ns);
                }
                Act::Book(price, traded) => {
                    volume += traded;
                    bench.engine.on_books([book(ns, *price, volume)]);
                    bench.settle(ns);
                }
            }
            if step == kill {
                let before = bench.engine.book().clone();
                bench.engine = engine(&bench.facts, plan, at(ns));
                prop_assert_eq!(bench.engine.book(), &before);
                bench.engine.on_books([book(ns, 1_000, volume)]);
                bench.settle(ns);
            }
        }
        let book = bench.engine.book();
        prop_assert_eq!(&Book::of(&bench.facts), book);
        let json: Vec<String> = bench.facts.iter().map(|fact| serde_json::to_string(fact).unwrap()).collect();
        let read: Vec<Fact> = json.iter().map(|json| serde_json::from_str(json).unwrap()).collect();
        prop_assert_eq!(&read, &bench.facts);
        let mut trades: Vec<u64> = book.fills().iter().map(|fill| fill.trade).collect();
        trades.dedup();
        prop_assert_eq!(trades.len(), book.fills().len(), "trade numbers rise, over restarts too");
        let mut net = 0;
        for line in book.lines() {
            let filled: i64 = book.fills().iter().filter(|fill| fill.order == line.placed.order).map(|fill| fill.quantity).sum();
            prop_assert!(filled == line.state().filled && filled <= line.state().quantity);
            prop_assert_eq!(line.state().status == OrderStatus::Complete, filled == line.state().quantity);
            net += if line.placed.side == trade::Side::Buy { filled } else { -filled };
        }
        let positions = book.positions("a", at(0).market, i64::MAX, |_| None);
        let told: i64 = positions.net.iter().filter_map(|row| row.quantity.to_i64()).sum();
        prop_assert_eq!(told, net, "I-5: positions equal the sum of fills");
    }
}

#[test]
fn reads_meet_faults_of_their_own() {
    let mut bench = Bench::new(r#"{"faults":[{"kind":"garbage","on":["read"],"next":1}]}"#);
    assert_eq!(bench.place(BUY_LOW, 1).verdict.look, Look::Honest);
    assert_eq!(bench.engine.judge_read("a").look, Look::Garbage);
    assert_eq!(bench.engine.judge_read("a").look, Look::Honest);
}
