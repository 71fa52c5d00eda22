//! Orders that wait for a price, from the command to the call: fired once, by the holder, on a price that a decision takes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::cell::{Cell, RefCell};

use engine::reconcile::Book;
use engine::{Config, Engine, Input, Output, Reply, Ticket, Times};
use jiff::civil::date;
use journal::events::{Journal, MemoryJournal};
use market::UnixNanos;
use trade::contract::Kind;
use trade::event::{
    AccountAdded, Class, CommandedAct, GttAct, GttCommanded, Halted, JournalBegan, LimitsSet, OrderCommanded,
    Resumed,
};
use trade::gtt::{GttLeg, GttStage, GttTerms, SeenTick};
use trade::view::{PriceSource, Quote, Trading};
use trade::{
    AccountId, Contract, Event, GttId, Limits, MarketView, Money, Now, OrderRequest, OrderType, Product,
    SCHEMA, Side, Validity,
};

const SECOND: i64 = 1_000_000_000;
const TICKET: Ticket = Ticket(1);

fn account() -> AccountId {
    "alpha".parse().unwrap()
}

fn contract() -> Contract {
    Contract {
        name: "NSE:INFY".into(),
        token: 408_065,
        lot: 1,
        tick: Money::paise(5),
        kind: Kind::Equity,
        expiry: None,
    }
}

fn order(side: Side, quantity: i64, rupees: i64) -> OrderRequest {
    OrderRequest {
        contract: contract(),
        side,
        quantity,
        order_type: OrderType::Limit,
        price: Some(Money::rupees(rupees)),
        trigger_price: None,
        validity: Validity::Day,
        product: Product::Mis,
    }
}

/// Sells `quantity` when the last price has come from 1,500 to one of `triggers`.
fn terms(quantity: i64, triggers: &[i64]) -> GttTerms {
    let leg = |trigger: &i64| GttLeg {
        trigger: Money::rupees(*trigger),
        order: order(Side::Sell, quantity, *trigger),
    };
    GttTerms {
        contract: contract(),
        last_price: Money::rupees(1_500),
        legs: triggers.iter().map(leg).collect(),
    }
}

/// A market whose last price is set by hand, and what happens while somebody looks at it.
struct Market {
    last: Cell<i64>,
    age_ms: Cell<u64>,
    source: Cell<PriceSource>,
    meanwhile: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl Market {
    fn at(rupees: i64) -> Market {
        let (last, age_ms, source) = (Cell::new(rupees), Cell::new(20), Cell::new(PriceSource::Sim));
        Market { last, age_ms, source, meanwhile: RefCell::new(None) }
    }
}

fn quote(rupees: i64, age_ms: u64) -> Quote {
    Quote {
        last: Money::rupees(rupees),
        bid: None,
        ask: None,
        age_ms,
        source: PriceSource::Sim,
        suspect: None,
        band: None,
    }
}

impl MarketView for Market {
    fn quote(&self, _: &Contract) -> Option<Quote> {
        if let Some(meanwhile) = self.meanwhile.take() {
            meanwhile();
        }
        Some(Quote { source: self.source.get(), ..quote(self.last.get(), self.age_ms.get()) })
    }

    fn trading(&self, _: &Contract) -> Trading {
        Trading::Open
    }
}

/// `seconds` after 10:00 in India.
fn at(seconds: i64) -> Times {
    let now = UnixNanos::from_ist(date(2026, 8, 3).at(10, 0, 0, 0)).0 + seconds * SECOND;
    Times { now: Now { machine: now, market: now }, mono: (1_000 + seconds) * SECOND }
}

fn start(journal: &MemoryJournal, name: &str) -> Engine<MemoryJournal> {
    let mut journal = journal.clone();
    let number = journal.register(name, 0, SCHEMA).unwrap();
    // The lease outlives every test.
    Engine::open(journal, Config { lease_ttl: 1_000 * SECOND, ..Config::new(number) }, None).unwrap()
}

fn hold(engine: &mut Engine<MemoryJournal>, times: Times) {
    assert!(matches!(engine.keep_leases(times).unwrap()[..], [Output::Gained(_)]));
    let book = Book {
        account: account(),
        started: times.mono,
        finished: times.mono,
        started_at: times.now.machine,
        orders: Vec::new(),
        trades: Vec::new(),
        positions: None,
    };
    let read = Input::Book { book: Box::new(book), cause: "take_over", ticket: None };
    engine.step(vec![read], &Market::at(1_500), times).unwrap();
}

/// An instance that holds the account `alpha`.
fn holder(journal: &MemoryJournal, limits: Limits) -> Engine<MemoryJournal> {
    holder_of(journal, Class::Venue, limits)
}

fn holder_of(journal: &MemoryJournal, class: Class, limits: Limits) -> Engine<MemoryJournal> {
    let mut engine = start(journal, "holder");
    let began = Event::JournalBegan(JournalBegan { incarnation: 1, restored_at: None });
    let added = Event::AccountAdded(AccountAdded {
        account: account(),
        class,
        funds: Money::rupees(1_000_000),
        url: "http://127.0.0.1:1".into(),
        api_key: "key".into(),
        limits,
        by: "test".into(),
    });
    engine.step(vec![control(began), control(added)], &Market::at(1_500), at(0)).unwrap();
    hold(&mut engine, at(0));
    engine
}

fn control(event: Event) -> Input {
    Input::Control { event: Box::new(event), made_at: None, ticket: TICKET }
}

fn command(gtt: u64, command: u64, what: GttAct) -> Input {
    let by = "test".to_owned();
    let command = GttCommanded { gtt: GttId(gtt), command, account: account(), what, by };
    Input::Gtt { command: Box::new(command), ticket: TICKET }
}

fn place(gtt: u64, terms: GttTerms) -> Input {
    command(gtt, gtt, GttAct::Place(terms))
}

fn halt() -> Input {
    let (account, why, by) = (Some(account()), "a test".to_owned(), "ops".to_owned());
    control(Event::Halted(Halted { account, why, cancel_open: false, by }))
}

fn resume() -> Input {
    let (account, why, by) = (Some(account()), "a test".to_owned(), "ops".to_owned());
    control(Event::Resumed(Resumed { account, why, by }))
}

fn stage(engine: &Engine<MemoryJournal>, gtt: u64) -> GttStage {
    engine.state().gtts.kept.get(&GttId(gtt)).unwrap().stage.clone()
}

fn fired(engine: &Engine<MemoryJournal>, gtt: u64) -> bool {
    matches!(stage(engine, gtt), GttStage::Triggered(_))
}

/// The rows about firing, deciding and calling.
fn decisions(journal: &MemoryJournal) -> Vec<String> {
    let rows = journal.clone().read(0, 1_000).unwrap();
    let decided = rows.into_iter().map(|row| row.kind);
    decided.filter(|kind| matches!(kind.as_str(), "gtt_triggered" | "decided" | "intended")).collect()
}

#[test]
fn a_price_that_has_come_places_one_order_and_ends_the_other_leg() {
    let journal = MemoryJournal::new();
    let mut engine = holder(&journal, Limits::default());
    let market = Market::at(1_500);
    let placed = engine.step(vec![place(1, terms(10, &[1_450, 1_550]))], &market, at(1)).unwrap();
    assert!(matches!(placed[..], [Output::Reply(TICKET, Reply::Recorded { .. })]), "{placed:?}");
    market.last.set(1_549);
    assert!(engine.step(Vec::new(), &market, at(2)).unwrap().is_empty(), "not yet");

    market.last.set(1_550);
    let outputs = engine.step(Vec::new(), &market, at(3)).unwrap();
    let [Output::Send { intended, .. }] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(decisions(&journal), ["gtt_triggered", "decided", "intended"]);
    let GttStage::Triggered(done) = stage(&engine, 1) else { panic!("{:?}", stage(&engine, 1)) };
    assert_eq!((done.leg, done.price, done.order), (1, Money::rupees(1_550), intended.intent.order));
    assert!(done.denied.is_empty());

    market.last.set(1_400);
    assert!(engine.step(Vec::new(), &market, at(4)).unwrap().is_empty(), "the first to fire ends the other");
}

#[test]
fn what_came_and_went_between_two_looks_fires() {
    let journal = MemoryJournal::new();
    let mut engine = holder(&journal, Limits::default());
    let market = Market::at(1_500);
    engine.step(vec![place(1, terms(10, &[1_450]))], &market, at(5)).unwrap();
    let seen = |seconds: i64, rupees| Input::Seen {
        token: contract().token,
        tick: Box::new(SeenTick { received: at(seconds).now.machine, quote: quote(rupees, 3) }),
    };
    engine.step(vec![seen(4, 1_449)], &market, at(6)).unwrap();
    assert!(!fired(&engine, 1), "a tick from before the definition was not meant");
    engine.step(vec![seen(6, 1_451), seen(6, 1_449), seen(6, 1_440)], &market, at(7)).unwrap();
    let GttStage::Triggered(done) = stage(&engine, 1) else { panic!("{:?}", stage(&engine, 1)) };
    assert_eq!(done.price, Money::rupees(1_449));
}

#[test]
fn it_waits_while_its_order_would_be_denied_for_a_reason_that_passes() {
    let journal = MemoryJournal::new();
    let limits = Limits { orders_per_second: Some(1), cancel_reserve_percent: 0, ..Limits::default() };
    let mut engine = holder(&journal, limits);
    let market = Market::at(1_500);
    let both = vec![place(1, terms(10, &[1_450])), place(2, terms(20, &[1_450]))];
    engine.step(both, &market, at(1)).unwrap();

    market.last.set(1_440);
    engine.step(vec![halt()], &market, at(2)).unwrap();
    market.age_ms.set(60_000);
    engine.step(vec![resume()], &market, at(3)).unwrap();
    assert!(decisions(&journal).is_empty(), "halted, then an old price: {:?}", decisions(&journal));

    market.age_ms.set(20);
    engine.step(Vec::new(), &market, at(4)).unwrap();
    assert_eq!((fired(&engine, 1), fired(&engine, 2)), (true, false), "one call a second");
    engine.step(Vec::new(), &market, at(6)).unwrap();
    assert!(fired(&engine, 2));
    assert_eq!(decisions(&journal), ["gtt_triggered", "decided", "intended"].repeat(2));
}

#[test]
fn a_live_account_waits_for_a_live_price() {
    let journal = MemoryJournal::new();
    let mut engine = holder_of(&journal, Class::Kite, Limits::default());
    engine.step(vec![place(1, terms(10, &[1_450]))], &Market::at(1_500), at(1)).unwrap();
    let market = Market::at(1_400);
    engine.step(Vec::new(), &market, at(2)).unwrap();
    assert!(!fired(&engine, 1), "the price is simulated");
    market.source.set(PriceSource::Kite);
    engine.step(Vec::new(), &market, at(3)).unwrap();
    assert!(fired(&engine, 1), "and now it is live");
}

#[test]
fn one_that_becomes_several_orders_waits_until_there_is_room_for_all() {
    let journal = MemoryJournal::new();
    let limits = Limits {
        freeze_quantity: Some(10),
        orders_per_second: Some(4),
        cancel_reserve_percent: 0,
        open_orders: Some(5),
        ..Limits::default()
    };
    let mut engine = holder(&journal, limits);
    let market = Market::at(1_500);
    let both =
        vec![place(1, terms(20, &[1_450])), place(2, terms(30, &[1_450])), place(3, terms(60, &[1_400]))];
    engine.step(both, &market, at(1)).unwrap();
    market.last.set(1_450);
    engine.step(Vec::new(), &market, at(2)).unwrap();
    assert_eq!(
        (fired(&engine, 1), fired(&engine, 2)),
        (true, false),
        "two and three calls do not fit into one second"
    );
    engine.step(Vec::new(), &market, at(4)).unwrap();
    let GttStage::Triggered(done) = stage(&engine, 2) else { panic!("{:?}", stage(&engine, 2)) };
    assert!(done.denied.is_empty(), "{done:?}");

    // Six can never fit: waiting would hide that.
    market.last.set(1_400);
    engine.step(Vec::new(), &market, at(6)).unwrap();
    let GttStage::Triggered(done) = stage(&engine, 3) else { panic!("{:?}", stage(&engine, 3)) };
    let codes: Vec<&str> = done.denied.iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!(codes, ["open_orders", "order_rate"]);
}

#[test]
fn one_equal_to_a_recent_order_waits_its_window() {
    let journal = MemoryJournal::new();
    let mut engine = holder(&journal, Limits { duplicate_window_ms: Some(1_500), ..Limits::default() });
    let market = Market::at(1_500);
    let halves = vec![place(1, terms(10, &[1_450])), place(2, terms(10, &[1_450]))];
    engine.step(halves, &market, at(1)).unwrap();
    market.last.set(1_440);
    engine.step(Vec::new(), &market, at(2)).unwrap();
    assert_eq!((fired(&engine, 1), fired(&engine, 2)), (true, false));
    engine.step(Vec::new(), &market, at(4)).unwrap();
    assert_eq!(decisions(&journal), ["gtt_triggered", "decided", "intended"].repeat(2));
}

#[test]
fn a_restored_one_does_not_fire() {
    let journal = MemoryJournal::new();
    let mut engine = holder(&journal, Limits::default());
    let market = Market::at(1_500);
    engine.step(vec![place(1, terms(10, &[1_450]))], &market, at(1)).unwrap();
    let restored = Event::JournalBegan(JournalBegan { incarnation: 2, restored_at: Some(9) });
    engine.step(vec![control(restored)], &market, at(2)).unwrap();
    let own =
        Event::Resumed(Resumed { account: Some(account()), why: "reconciled".into(), by: "test".into() });
    market.last.set(1_400);
    engine.step(vec![control(own)], &market, at(3)).unwrap();
    engine.step(Vec::new(), &market, at(4)).unwrap();
    assert_eq!(stage(&engine, 1), GttStage::Disabled, "it may have fired or been deleted since the backup");
    assert!(decisions(&journal).is_empty());
}

#[test]
fn who_is_about_to_end_leaves_it_to_the_next() {
    let journal = MemoryJournal::new();
    let mut engine = holder(&journal, Limits::default());
    let market = Market::at(1_500);
    engine.step(vec![place(1, terms(10, &[1_450]))], &market, at(1)).unwrap();
    engine.fire_no_more();
    market.last.set(1_400);
    engine.step(Vec::new(), &market, at(2)).unwrap();
    assert!(!fired(&engine, 1));
}

#[test]
fn commands_about_triggers_do_not_stand_in_the_way_of_limits() {
    let journal = MemoryJournal::new();
    let mut engine = holder(&journal, Limits::default());
    let market = Market::at(1_500);
    let made_at = engine.state().account(&account()).unwrap().limits_seq;
    engine.step(vec![place(1, terms(10, &[1_450])), halt()], &market, at(1)).unwrap();
    let limits = |made_at| Input::Control {
        event: Box::new(Event::LimitsSet(LimitsSet {
            account: account(),
            limits: Limits { order_quantity: Some(5), ..Limits::default() },
            by: "test".into(),
        })),
        made_at: Some(made_at),
        ticket: TICKET,
    };
    let outputs = engine.step(vec![limits(made_at)], &market, at(2)).unwrap();
    assert!(matches!(outputs[..], [Output::Reply(TICKET, Reply::Recorded { .. })]), "{outputs:?}");
    let outputs = engine.step(vec![limits(made_at)], &market, at(3)).unwrap();
    assert!(matches!(outputs[..], [Output::Reply(TICKET, Reply::Conflict { .. })]), "{outputs:?}");
}

#[test]
fn a_denial_for_a_reason_that_stays_is_kept_with_it() {
    let journal = MemoryJournal::new();
    let mut engine = holder(&journal, Limits { order_quantity: Some(5), ..Limits::default() });
    let market = Market::at(1_500);
    engine.step(vec![place(1, terms(10, &[1_450]))], &market, at(1)).unwrap();
    market.last.set(1_450);
    assert!(engine.step(Vec::new(), &market, at(2)).unwrap().is_empty());
    let GttStage::Triggered(done) = stage(&engine, 1) else { panic!("{:?}", stage(&engine, 1)) };
    let codes: Vec<&str> = done.denied.iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!(codes, ["order_quantity"]);
}

#[test]
fn a_successor_does_not_fire_again() {
    let journal = MemoryJournal::new();
    let mut engine = holder(&journal, Limits::default());
    let market = Market::at(1_500);
    engine.step(vec![place(1, terms(10, &[1_450]))], &market, at(1)).unwrap();
    market.last.set(1_450);
    let crashed = engine.step(Vec::new(), &market, at(2)).unwrap();
    assert!(matches!(crashed[..], [Output::Send { .. }]), "in hand when it ends: {crashed:?}");
    let dead = engine.instance();
    drop(engine);

    let mut successor = start(&journal, "successor");
    successor.note_dead([dead], at(3).mono);
    hold(&mut successor, at(3));
    for seconds in 4..8 {
        let outputs = successor.step(Vec::new(), &market, at(seconds)).unwrap();
        assert!(!outputs.iter().any(|output| matches!(output, Output::Send { .. })), "{outputs:?}");
    }
    assert_eq!(decisions(&journal), ["gtt_triggered", "decided", "intended"]);
}

#[test]
fn one_that_waited_while_nobody_ran_fires_with_the_first_price() {
    let journal = MemoryJournal::new();
    let mut engine = holder(&journal, Limits::default());
    engine.step(vec![place(1, terms(10, &[1_450]))], &Market::at(1_500), at(1)).unwrap();
    let dead = engine.instance();
    drop(engine);

    let mut successor = start(&journal, "successor");
    successor.note_dead([dead], at(60).mono);
    hold(&mut successor, at(60));
    successor.step(Vec::new(), &Market::at(1_300), at(61)).unwrap();
    assert!(fired(&successor, 1));
}

#[test]
fn what_another_instance_deletes_while_it_is_about_to_fire_does_not_fire() {
    let journal = MemoryJournal::new();
    let mut engine = holder(&journal, Limits::default());
    let market = Market::at(1_500);
    engine.step(vec![place(1, terms(10, &[1_450]))], &market, at(1)).unwrap();

    let mut other = start(&journal, "other");
    let delete = move || {
        let replies = other.step(vec![command(1, 99, GttAct::Delete)], &Market::at(1_500), at(2)).unwrap();
        assert!(matches!(replies[..], [Output::Reply(TICKET, Reply::Recorded { .. })]), "{replies:?}");
        assert_eq!(stage(&other, 1), GttStage::Deleted);
    };
    *market.meanwhile.borrow_mut() = Some(Box::new(delete));
    market.last.set(1_450);
    let outputs = engine.step(Vec::new(), &market, at(2)).unwrap();
    assert!(market.meanwhile.borrow().is_none(), "the race was made");
    assert!(outputs.is_empty(), "{outputs:?}");
    assert_eq!(stage(&engine, 1), GttStage::Deleted);
    assert!(decisions(&journal).is_empty(), "{:?}", decisions(&journal));
}

#[test]
fn two_instances_do_not_give_one_number_twice() {
    let journal = MemoryJournal::new();
    let mut engine = holder(&journal, Limits::default());
    let mut other = start(&journal, "other");
    let market = Market::at(1_500);
    engine.step(vec![place(1, terms(10, &[1_450]))], &market, at(1)).unwrap();
    let replies =
        other.step(vec![command(1, 2, GttAct::Place(terms(20, &[1_450])))], &market, at(1)).unwrap();
    assert!(matches!(replies[..], [Output::Reply(TICKET, Reply::Conflict { .. })]), "{replies:?}");
    assert_eq!(other.state().gtts.kept.get(&GttId(1)).unwrap().terms, terms(10, &[1_450]));
}

#[test]
fn an_older_instance_beside_this_one_keeps_it_from_being_recorded_and_nothing_else() {
    let journal = MemoryJournal::new();
    let mut engine = holder(&journal, Limits::default());
    let older = journal.clone().register("older", 0, 1).unwrap();
    let market = Market::at(1_500);
    let buy = OrderCommanded {
        order: engine.draw_order_id(),
        command: 1,
        account: account(),
        what: CommandedAct::Place(order(Side::Buy, 1, 1_490)),
        client_id: None,
        digest: String::new(),
        tag: None,
        kite: None,
        by: "test".into(),
        may_slice: false,
    };
    let commands =
        vec![place(1, terms(10, &[1_450])), Input::Command { command: Box::new(buy), ticket: Ticket(2) }];
    let outputs = engine.step(commands, &market, at(1)).unwrap();
    let told = |ticket| {
        outputs.iter().find_map(|output| match output {
            Output::Reply(told, reply) if *told == ticket => Some(reply.clone()),
            _ => None,
        })
    };
    assert_eq!(told(TICKET), Some(Reply::OlderInstance));
    assert!(matches!(told(Ticket(2)), Some(Reply::Recorded { .. })), "{outputs:?}");
    assert!(
        outputs.iter().any(|output| matches!(output, Output::Send { .. })),
        "the order goes out: {outputs:?}"
    );
    assert!(engine.state().gtts.kept.is_empty());

    journal.clone().mark_ended(older).unwrap();
    let outputs = engine.step(vec![place(1, terms(10, &[1_450]))], &market, at(2)).unwrap();
    assert!(matches!(outputs[..], [Output::Reply(TICKET, Reply::Recorded { .. })]), "{outputs:?}");
    assert!(journal.clone().register("older still", 0, 1).is_err(), "it could not read what is there now");
}
