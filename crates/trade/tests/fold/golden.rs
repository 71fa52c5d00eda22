//! The state hash of a fixed history: if it changes, builds no longer agree and version 1 was broken.

use trade::event::*;
use trade::projection::{VERSION, hash, text};
use trade::request::Side;
use trade::{Money, Reason};

use crate::gtt;
use crate::history::*;

fn fixed() -> History {
    let mut day = History::new();
    day.add(Event::FlagSet(FlagSet {
        name: "new-fields".into(),
        on: true,
        why: String::new(),
        by: "ops".into(),
    }));
    day.add(signal("s-1", &["paper"]));
    day.decide(Cause::Signal(signal_id("s-1")), Verdict::Accepted);
    let bought = day.working(request(1, Side::Buy, 10));
    day.trade(bought, "t1", 4, 100);
    day.trade(bought, "t2", 6, 101);
    let sold = day.working(request(2, Side::Sell, 3));
    day.report(sold, 1, VenueStatus::Open, 0);
    day.trade(sold, "t3", 1, 250);
    day.intend(sold, 2, Call::Modify(quantity(2)));
    day.answer(sold, 2, unknown());
    let named = day.draw();
    day.command(named, CommandedAct::Place(buy(1)), Some("my-order"));
    day.day(4, &[(1, Money::rupees(102))]);
    day.halt(Some("paper"), true);
    day
}

#[test]
fn version_1_never_changes() {
    let state = fixed().state;
    let hash = hash(&state, 1).unwrap();
    let shown: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        shown,
        "c5cb8fabb833d3a39729040c253b7f910abf3a440038911cc58625118141ab72",
        "{}",
        text(&state, 1).unwrap()
    );
}

/// With one of each stage that the fold tells.
fn waiting() -> History {
    let mut day = fixed();
    for (gtt, triggers) in [(1, &[90, 110][..]), (2, &[95]), (3, &[90]), (4, &[90])] {
        gtt::command(&mut day, gtt, GttAct::Place(gtt::terms(triggers)));
    }
    gtt::fire(&mut day, 1, 1, 112);
    gtt::command(&mut day, 3, GttAct::Delete);
    let denied = gtt::fire(&mut day, 4, 0, 89);
    let reasons = vec![Reason::plain(trade::Code::Margin)];
    let cause = Cause::Command { order: denied, command: 1 };
    day.add(Event::Decided(Decided { reasons, ..decided("paper", cause, Verdict::Denied) }));
    day
}

#[test]
fn version_2_never_changes() {
    let state = waiting().state;
    let hash = hash(&state, 2).unwrap();
    let shown: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        shown,
        "44b1a1ddaefcb8938d03b264786fcd24db8f3113cdfcad2570886a761be23c33",
        "{}",
        text(&state, 2).unwrap()
    );
}

#[test]
fn version_2_says_what_version_1_says_and_more() {
    let state = waiting().state;
    let (one, two) = (text(&state, 1).unwrap(), text(&state, 2).unwrap());
    let (_, one) = one.split_once('\n').unwrap();
    let (_, two) = two.split_once('\n').unwrap();
    assert!(two.starts_with(one) && two.len() > one.len());
}

#[test]
fn unknown_versions_have_no_hash() {
    let state = fixed().state;
    assert_eq!(hash(&state, VERSION + 1), None);
    assert_eq!(hash(&state, 0), None);
}

#[test]
fn a_change_that_matters_changes_the_hash() {
    let before = fixed();
    let of = |history: &History| hash(&history.state, 1).unwrap();
    let changes: [fn(&mut History); 5] = [
        |day| day.halt(None, false),
        |day| day.day(5, &[]),
        |day| _ = day.place(buy(1)),
        |day| _ = day.add(signal("s-2", &["paper"])),
        |day| {
            let sold = *day.account().open.iter().next().unwrap();
            day.resolve(sold, 2, Found::Absent);
        },
    ];
    for change in changes {
        let mut after = fixed();
        change(&mut after);
        assert_ne!(of(&before), of(&after));
    }
}

#[test]
fn row_numbers_are_not_in_the_hash() {
    let (before, mut after) = (fixed(), fixed());
    after.add(Event::Reconciled(Reconciled { account: paper(), cause: "start".into(), differences: vec![] }));
    assert_eq!(hash(&before.state, 1), hash(&after.state, 1));
}
