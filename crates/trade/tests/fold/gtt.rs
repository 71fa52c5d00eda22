//! Orders that wait for a price: what fires them, what ends them, how many there are.

use std::collections::BTreeMap;

use jiff::civil::date;
use market::UnixNanos;
use proptest::prelude::*;
use trade::contract::Kind;
use trade::event::*;
use trade::gtt::{
    GTTS_ACTIVE_MAX, GTTS_ENDED_KEPT, GTTS_SKIPPED, Gtt, GttLeg, GttStage, GttTerms, SeenTick, expiry,
};
use trade::request::Side;
use trade::state::Pending;
use trade::view::{PriceSource, Quote, Trading};
use trade::{Contract, GttId, Money, Now, OrderId, Reason};

use crate::history::*;

const SECOND: i64 = 1_000_000_000;
const YEAR: i64 = 366 * 86_400 * SECOND;

/// From a last price of 100.
pub fn terms(triggers: &[i64]) -> GttTerms {
    let leg =
        |trigger: &i64| GttLeg { trigger: Money::rupees(*trigger), order: request(1, Side::Sell, *trigger) };
    GttTerms {
        contract: contract(1),
        last_price: Money::rupees(100),
        legs: triggers.iter().map(leg).collect(),
    }
}

pub fn command(day: &mut History, gtt: u64, what: GttAct) {
    let command = day.rows.len() as u64;
    day.add(Event::GttCommanded(GttCommanded {
        gtt: GttId(gtt),
        command,
        account: paper(),
        what,
        by: "test".into(),
    }));
}

pub fn fire(day: &mut History, gtt: u64, leg: u32, rupees: i64) -> OrderId {
    let order = day.draw();
    let quote = quote(rupees);
    day.add(Event::GttTriggered(GttTriggered {
        gtt: GttId(gtt),
        account: paper(),
        leg,
        price: quote.last,
        order,
        request: request(1, Side::Sell, 5),
        inputs: Inputs {
            seen: day.rows.len() as u64,
            now: Now { machine: day.time, market: day.time },
            quote: Some(quote),
            trading: Some(Trading::Open),
            marks: Vec::new(),
        },
        tick: None,
    }));
    order
}

fn quote(rupees: i64) -> Quote {
    Quote {
        last: Money::rupees(rupees),
        bid: None,
        ask: None,
        age_ms: 5,
        source: PriceSource::Sim,
        suspect: None,
        band: None,
    }
}

fn of(day: &History, gtt: u64) -> &Gtt {
    day.state.gtts.kept.get(&GttId(gtt)).unwrap()
}

fn active(day: &History) -> Vec<u64> {
    day.account().gtts_active.iter().map(|id| id.0).collect()
}

#[test]
fn a_leg_fires_where_the_price_has_come_as_far_as_its_trigger() {
    let mut day = History::new();
    command(&mut day, 1, GttAct::Place(terms(&[90, 110])));
    let both = of(&day, 1);
    for (rupees, leg) in
        [(89, Some(0)), (90, Some(0)), (91, None), (100, None), (109, None), (110, Some(1)), (500, Some(1))]
    {
        assert_eq!(both.leg_at(Money::rupees(rupees)), leg, "{rupees}");
    }
    for (trigger, low, high) in [(90, Some(0), None), (110, None, Some(0))] {
        command(&mut day, trigger, GttAct::Place(terms(&[i64::try_from(trigger).unwrap()])));
        let one = of(&day, trigger);
        assert_eq!((one.leg_at(Money::rupees(80)), one.leg_at(Money::rupees(120))), (low, high), "{trigger}");
    }
}

#[test]
fn the_first_tick_since_the_definition_counts_before_the_newest_price() {
    let mut day = History::new();
    command(&mut day, 1, GttAct::Place(terms(&[90, 110])));
    let gtt = of(&day, 1);
    let tick = |after: i64, rupees| SeenTick { received: gtt.updated + after, quote: quote(rupees) };
    let (early, calm, high, low) = (tick(-1, 80), tick(0, 100), tick(1, 111), tick(2, 89));
    let ticks = [early, calm, high.clone(), low];
    assert_eq!(gtt.touched(Some(&quote(85)), &ticks), Some((1, Some(&high))));
    assert_eq!(gtt.touched(Some(&quote(85)), &ticks[..2]), Some((0, None)));
    assert_eq!(gtt.touched(Some(&quote(95)), &ticks[..2]), None);
    assert_eq!(gtt.touched(None, &ticks[..2]), None);
}

#[test]
fn it_fires_once_and_its_order_waits_for_the_verdict() {
    let mut day = History::new();
    command(&mut day, 1, GttAct::Place(terms(&[90, 110])));
    let order = fire(&mut day, 1, 1, 112);
    fire(&mut day, 1, 0, 85);
    let GttStage::Triggered(fired) = &of(&day, 1).stage else { panic!("{:?}", of(&day, 1)) };
    assert_eq!((fired.leg, fired.price, fired.order), (1, Money::rupees(112), order));
    let waiting: Vec<Pending> = day.account().pending.iter().cloned().collect();
    let [Pending::Command(waiting)] = &waiting[..] else { panic!("{waiting:?}") };
    assert_eq!(waiting.what, CommandedAct::Place(request(1, Side::Sell, 5)));

    let cause = Cause::Command { order, command: waiting.command };
    let reasons = vec![Reason::plain(trade::Code::Margin)];
    day.add(Event::Decided(Decided { reasons: reasons.clone(), ..decided("paper", cause, Verdict::Denied) }));
    let GttStage::Triggered(fired) = &of(&day, 1).stage else { panic!("{:?}", of(&day, 1)) };
    assert_eq!(fired.denied, reasons);
    assert!(day.account().pending.is_empty());
}

#[test]
fn a_command_that_came_too_late_leaves_no_trace() {
    let mut day = History::new();
    command(&mut day, 1, GttAct::Place(terms(&[90])));
    command(&mut day, 1, GttAct::Replace(terms(&[80])));
    assert_eq!((of(&day, 1).terms.clone(), of(&day, 1).seq), (terms(&[80]), day.state.seq));
    fire(&mut day, 1, 0, 80);
    let fired = of(&day, 1).clone();
    command(&mut day, 1, GttAct::Delete);
    command(&mut day, 1, GttAct::Replace(terms(&[70])));
    command(&mut day, 2, GttAct::Delete);
    assert_eq!(*of(&day, 1), fired);
    assert!(fired.seq < day.state.seq && !day.state.gtts.kept.contains_key(&GttId(2)));

    let others = Event::GttCommanded(GttCommanded {
        gtt: GttId(3),
        command: 9,
        account: name("nobody"),
        what: GttAct::Place(terms(&[90])),
        by: "test".into(),
    });
    day.add(others);
    assert!(!day.state.gtts.kept.contains_key(&GttId(3)));
    assert_eq!(day.state.gtts.newest, 3, "its number is used up");
}

#[test]
fn a_year_later_it_is_over() {
    let at = |year, hour| UnixNanos::from_ist(date(year, 9, 12).at(hour, 25, 16, 0)).0;
    assert_eq!(expiry(at(2019, 13)), at(2020, 13));
    let mut day = History::new();
    command(&mut day, 1, GttAct::Place(terms(&[90])));
    day.time = of(&day, 1).expires - 1;
    command(&mut day, 1, GttAct::Replace(terms(&[80])));
    assert_eq!(of(&day, 1).terms, terms(&[80]));
    day.time = of(&day, 1).expires;
    command(&mut day, 1, GttAct::Delete);
    fire(&mut day, 1, 0, 80);
    assert_eq!(*of(&day, 1).stage_at(day.time), GttStage::Expired);
    assert!(day.account().pending.is_empty());
    assert_eq!(active(&day), [1], "nobody has told it");
    day.day(4, &[]);
    assert_eq!((active(&day), &of(&day, 1).stage), (vec![], &GttStage::Expired));
}

#[test]
fn one_of_a_contract_ends_with_it() {
    let mut day = History::new();
    let expiry = crate::history::day(4);
    let future = Contract { kind: Kind::Future, expiry: Some(expiry), ..contract(1) };
    command(&mut day, 1, GttAct::Place(GttTerms { contract: future, ..terms(&[90]) }));
    day.day(4, &[]);
    assert_eq!(active(&day), [1], "its last day");
    day.day(5, &[]);
    assert_eq!(of(&day, 1).stage, GttStage::Expired);
}

#[test]
fn active_and_ended_ones_are_bounded() {
    let mut day = History::new();
    let most = GTTS_ACTIVE_MAX as u64;
    for gtt in 1..=most + 1 {
        command(&mut day, gtt, GttAct::Place(terms(&[90])));
    }
    assert_eq!(active(&day), (1..=most).collect::<Vec<u64>>());
    day.time += YEAR;
    command(&mut day, most + 2, GttAct::Place(terms(&[90])));
    assert_eq!(active(&day), [most + 2], "those that are over make room");

    let kept = GTTS_ENDED_KEPT as u64;
    for gtt in 1_000..1_000 + kept {
        command(&mut day, gtt, GttAct::Place(terms(&[90])));
        command(&mut day, gtt, GttAct::Delete);
    }
    assert_eq!(day.account().gtts_ended.len() as u64, kept);
    assert_eq!(day.state.gtts.kept.size() as u64, kept + 1);
    assert!(day.state.gtts.kept.contains_key(&GttId(most + 2)), "an active one is never forgotten");
    assert!(!day.state.gtts.kept.contains_key(&GttId(most)) && of(&day, 1_000).stage == GttStage::Deleted);
}

#[test]
fn a_restored_journal_does_not_give_a_number_again() {
    let mut day = History::new();
    command(&mut day, 7, GttAct::Place(terms(&[90])));
    day.add(Event::JournalBegan(JournalBegan { incarnation: 8, restored_at: Some(day.state.seq) }));
    assert_eq!(day.state.gtts.newest, 7 + GTTS_SKIPPED);
    assert!(active(&day).is_empty(), "it may have fired or been deleted since the backup");
    assert_eq!(of(&day, 7).stage, GttStage::Disabled);
}

#[derive(Clone, Debug)]
enum Step {
    Place(u64),
    Replace(u64, i64),
    Delete(u64),
    Fire(u64, u32),
    Year,
    Day,
}

fn step() -> impl Strategy<Value = Step> {
    let gtt = 1u64..12;
    prop_oneof![
        5 => gtt.clone().prop_map(Step::Place),
        3 => (gtt.clone(), 50i64..99).prop_map(|(gtt, trigger)| Step::Replace(gtt, trigger)),
        2 => gtt.clone().prop_map(Step::Delete),
        4 => (gtt, 0u32..3).prop_map(|(gtt, leg)| Step::Fire(gtt, leg)),
        1 => Just(Step::Year),
        1 => Just(Step::Day),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes in whatever order: each ends once and for good, fires at most one order, and the lists of active and
    /// ended ones say what the stages say.
    #[test]
    fn each_ends_once_and_fires_at_most_one_order(steps in proptest::collection::vec(step(), 1..80)) {
        let mut day = History::new();
        let mut ends: BTreeMap<u64, GttStage> = BTreeMap::new();
        let mut fired = Vec::new();
        let mut number = 3;
        for step in steps {
            match step {
                Step::Place(gtt) => command(&mut day, gtt, GttAct::Place(terms(&[90, 110]))),
                Step::Replace(gtt, trigger) => command(&mut day, gtt, GttAct::Replace(terms(&[trigger]))),
                Step::Delete(gtt) => command(&mut day, gtt, GttAct::Delete),
                Step::Fire(gtt, leg) => {
                    let is_active = day.state.gtts.kept.get(&GttId(gtt)).is_some_and(|gtt| gtt.is_active(day.time));
                    let order = fire(&mut day, gtt, leg, 90);
                    if is_active {
                        fired.push(order);
                    }
                }
                Step::Year => day.time += YEAR,
                Step::Day => {
                    number += 1;
                    day.day(number, &[]);
                }
            }
            for (id, gtt) in day.state.gtts.kept.iter() {
                let is_listed = day.account().gtts_active.contains(id);
                prop_assert_eq!(is_listed, gtt.stage == GttStage::Active);
                prop_assert_eq!(!is_listed, day.account().gtts_ended.iter().any(|ended| ended == id));
                if let Some(end) = ends.get(&id.0) {
                    prop_assert_eq!(end, &gtt.stage);
                } else if !is_listed {
                    ends.insert(id.0, gtt.stage.clone());
                }
            }
            let waiting: Vec<OrderId> = day.account().pending.iter().filter_map(|pending| match pending {
                Pending::Command(command) => Some(command.order),
                _ => None,
            }).collect();
            prop_assert_eq!(&waiting, &fired);
        }
    }
}
