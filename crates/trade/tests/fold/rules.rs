//! One test per rule of the fold.

use trade::conversion::{Conversion, Part};
use trade::event::*;
use trade::order::{Fate, Stage};
use trade::projection::hash;
use trade::request::{OrderType, Product, Side};
use trade::state::Pending;
use trade::{ClientId, Limits, Money};

use crate::history::*;

#[test]
fn an_order_goes_from_intent_to_filled() {
    let mut day = History::new();
    let order = day.place(buy(10));
    assert_eq!(day.order(order).stage, Stage::Intended);
    assert!(day.account().open.contains(&order));
    assert!(day.account().open_by_token.get(&1).unwrap().contains(&order));
    day.sent(order);
    assert_eq!(day.order(order).stage, Stage::Sent);
    day.answer(order, 1, acknowledged(order));
    assert_eq!(day.order(order).stage, Stage::Acknowledged);
    assert_eq!(day.account().venue_ids.get(&format!("v{order}")), Some(&order));
    day.report(order, 1, VenueStatus::Open, 0);
    assert_eq!(day.order(order).stage, Stage::Open);
    day.trade(order, "t1", 4, 100);
    assert_eq!((day.order(order).stage, day.order(order).remaining()), (Stage::PartlyFilled, 6));
    day.trade(order, "t2", 6, 90);
    day.report(order, 2, VenueStatus::Complete, 10);
    let filled = day.order(order);
    assert_eq!((filled.stage, filled.filled, filled.average_price()), (Stage::Filled, 10, Money::rupees(94)));
    assert!(day.account().open.is_empty() && day.account().open_by_token.is_empty());
    assert_eq!(day.state.ended_orders.peek(), Some(&order));
    assert_eq!(day.account().cash, FUNDS - Money::rupees(940));
    let held = day.account().positions.get(&(1, Product::Mis)).unwrap();
    assert_eq!((held.quantity, held.cost), (10, Money::rupees(940)));
    assert_eq!(day.account().trades.len(), 2);
    assert_eq!(day.alarms, []);
}

#[test]
fn a_fill_may_come_before_the_acknowledgement() {
    let mut day = History::new();
    let order = day.place(buy(10));
    day.trade(order, "t1", 10, 100);
    day.answer(order, 1, acknowledged(order));
    day.report(order, 1, VenueStatus::Open, 0);
    assert_eq!(day.order(order).stage, Stage::Filled);
    assert_eq!(day.order(order).venue_order_id, Some(format!("v{order}")));
    assert_eq!(day.alarms, []);
}

#[test]
fn complete_waits_for_its_trades() {
    let mut day = History::new();
    let order = day.working(buy(10));
    day.trade(order, "t1", 4, 100);
    day.report(order, 5, VenueStatus::Complete, 10);
    assert_eq!((day.order(order).stage, day.order(order).told_filled), (Stage::PartlyFilled, 10));
    assert!(day.report(order, 6, VenueStatus::Open, 10), "complete is final");
    day.trade(order, "t2", 6, 100);
    assert_eq!(day.order(order).stage, Stage::Filled);
}

#[test]
fn complete_may_be_less_than_was_asked() {
    let mut day = History::new();
    let (first, second) = (day.working(buy(10)), day.working(buy(10)));
    day.report(first, 5, VenueStatus::Complete, 6);
    assert_eq!(day.order(first).stage, Stage::Open);
    day.trade(first, "t1", 6, 100);
    assert_eq!(day.order(first).stage, Stage::Filled);
    day.trade(second, "t2", 6, 100);
    day.report(second, 5, VenueStatus::Complete, 6);
    assert_eq!(day.order(second).stage, Stage::Filled);
}

#[test]
fn a_trade_counts_once() {
    let mut day = History::new();
    let order = day.working(buy(10));
    day.trade(order, "t1", 4, 100);
    let before = day.state.clone();
    day.trade(order, "t1", 4, 100);
    assert_eq!(day.state.accounts, before.accounts);
    assert_eq!(day.state.orders, before.orders);
}

#[test]
fn what_is_filled_beyond_the_order_is_held_and_an_alarm() {
    let mut day = History::new();
    let order = day.working(buy(10));
    assert!(day.trade(order, "t1", 12, 100));
    assert_eq!(day.order(order).stage, Stage::Filled);
    assert_eq!(day.account().positions.get(&(1, Product::Mis)).unwrap().quantity, 12);
    assert_eq!(day.account().cash, FUNDS - Money::rupees(1_200));
}

#[test]
fn trades_that_nobody_can_make_are_alarms_only() {
    let mut day = History::new();
    let order = day.working(buy(10));
    for quantity in [0, -5, i64::MIN, i64::MAX] {
        assert!(day.trade(order, "t1", quantity, 100));
    }
    assert!(day.trade(order, "t1", 1, i64::MAX));
    assert_eq!((day.order(order).filled, day.account().cash), (0, FUNDS));
}

#[test]
fn a_fill_after_a_cancellation_is_held_and_leaves_it_cancelled() {
    let mut day = History::new();
    let order = day.working(buy(10));
    day.report(order, 1, VenueStatus::Cancelled, 4);
    day.trade(order, "t1", 4, 100);
    assert_eq!(day.order(order).message, None, "the cancellation had counted it");
    day.trade(order, "t2", 6, 100);
    assert_eq!((day.order(order).stage, day.order(order).filled), (Stage::Cancelled, 10));
    assert_eq!(day.order(order).message.as_deref(), Some("6 filled after it was cancelled"));
    assert_eq!(day.account().positions.get(&(1, Product::Mis)).unwrap().quantity, 10);
    assert_eq!(day.alarms, []);
}

#[test]
fn a_refused_placement_is_rejected_in_the_venues_words() {
    let mut day = History::new();
    let order = day.place(buy(10));
    day.answer(order, 1, refused("no funds"));
    assert_eq!(day.order(order).stage, Stage::Rejected);
    assert_eq!(day.order(order).message.as_deref(), Some("no funds"));
    assert!(day.answer(order, 1, acknowledged(order)), "refused and taken cannot both be");
    assert_eq!(day.order(order).stage, Stage::Rejected);
}

#[test]
fn what_never_left_never_reached() {
    let mut day = History::new();
    let order = day.place(buy(10));
    day.answer(order, 1, Answer::NeverLeft { why: "halted".into() });
    assert_eq!(
        (day.order(order).stage, day.order(order).calls[0].fate),
        (Stage::NeverReached, Fate::NeverReached)
    );
    assert!(!day.account().open.contains(&order));
}

#[test]
fn doubt_ends_by_evidence_of_each_kind() {
    let mut day = History::new();
    let doubtful = |day: &mut History| {
        let order = day.place(buy(10));
        day.sent(order);
        day.answer(order, 1, unknown());
        assert_eq!((day.order(order).stage, day.order(order).has_unknown()), (Stage::Unknown, true));
        assert!(day.account().open.contains(&order));
        order
    };
    let reached = doubtful(&mut day);
    day.resolve(reached, 1, Found::Reached { venue_order_id: format!("v{reached}") });
    assert_eq!(day.order(reached).stage, Stage::Acknowledged);
    let absent = doubtful(&mut day);
    day.resolve(absent, 1, Found::Absent);
    assert_eq!(day.order(absent).stage, Stage::NeverReached);
    let reported = doubtful(&mut day);
    day.report(reported, 1, VenueStatus::Open, 0);
    assert_eq!(day.order(reported).stage, Stage::Open);
    let filled = doubtful(&mut day);
    day.trade(filled, "t1", 3, 100);
    assert_eq!(day.order(filled).stage, Stage::PartlyFilled);
    let late = doubtful(&mut day);
    day.answer(late, 1, refused("no"));
    assert_eq!(day.order(late).stage, Stage::Rejected);
    for order in [reached, absent, reported, filled, late] {
        assert!(!day.order(order).is_busy());
    }
    assert_eq!(day.alarms, []);
}

#[test]
fn an_unknown_fate_is_never_put_over_a_certain_one() {
    let mut day = History::new();
    let order = day.working(buy(10));
    day.answer(order, 1, unknown());
    assert_eq!((day.order(order).stage, day.order(order).has_unknown()), (Stage::Acknowledged, false));
}

#[test]
fn an_order_that_appears_is_open_again_and_halts_its_account() {
    let mut day = History::new();
    let order = day.place(buy(10));
    day.answer(order, 1, unknown());
    day.resolve(order, 1, Found::Absent);
    assert!(day.report(order, 1, VenueStatus::Open, 0), "the holder has to record it first");
    assert_eq!(day.order(order).stage, Stage::NeverReached);
    assert!(day.trade(order, "t1", 4, 100), "a fill is held all the same");
    assert_eq!(day.account().positions.get(&(1, Product::Mis)).unwrap().quantity, 4);

    day.resolve(order, 1, Found::Appeared { venue_order_id: format!("v{order}") });
    assert_eq!(day.order(order).stage, Stage::PartlyFilled);
    assert!(day.account().open.contains(&order) && day.account().open_by_token.contains_key(&1));
    let why = &day.state.halt(&paper()).unwrap().why;
    assert_eq!(*why, format!("order {order} appeared after it had been taken for absent"));
    assert!(!day.report(order, 1, VenueStatus::Open, 4));
}

#[test]
fn a_modification_holds_once_it_is_acknowledged() {
    let mut day = History::new();
    let order = day.working(buy(10));
    day.intend(order, 2, Call::Modify(quantity(20)));
    assert!(day.order(order).is_busy());
    assert_eq!(day.order(order).request.quantity, 10);
    day.answer(order, 2, acknowledged(order));
    assert_eq!((day.order(order).request.quantity, day.order(order).modified), (20, true));
    day.intend(order, 3, Call::Modify(quantity(30)));
    day.answer(order, 3, refused("too late"));
    assert_eq!(day.order(order).request.quantity, 20);
    assert_eq!(day.order(order).calls[2].fate, Fate::Refused);
    assert_eq!(day.order(order).stage, Stage::Acknowledged);
}

#[test]
fn fills_of_a_raised_order_may_be_told_before_the_modification_is() {
    let mut day = History::new();
    let order = day.working(buy(10));
    day.intend(order, 2, Call::Modify(quantity(20)));
    day.trade(order, "t1", 15, 100);
    assert_eq!(day.order(order).stage, Stage::PartlyFilled);
    day.answer(order, 2, acknowledged(order));
    day.trade(order, "t2", 5, 100);
    assert_eq!(day.order(order).stage, Stage::Filled);
    assert_eq!(day.alarms, []);

    let refused_later = day.working(buy(10));
    day.intend(refused_later, 2, Call::Modify(quantity(20)));
    day.trade(refused_later, "t3", 10, 100);
    day.answer(refused_later, 2, refused("complete"));
    assert_eq!(day.order(refused_later).stage, Stage::Filled);
}

#[test]
fn a_cancellation_ends_by_the_report_not_by_the_answer() {
    let mut day = History::new();
    let order = day.working(buy(10));
    day.intend(order, 2, Call::Cancel);
    day.answer(order, 2, acknowledged(order));
    assert_eq!(day.order(order).stage, Stage::Acknowledged);
    day.report(order, 1, VenueStatus::Cancelled, 0);
    assert_eq!(day.order(order).stage, Stage::Cancelled);

    let stays = day.working(buy(10));
    day.report(stays, 1, VenueStatus::Open, 0);
    day.intend(stays, 2, Call::Cancel);
    day.answer(stays, 2, refused("filling"));
    assert_eq!((day.order(stays).stage, day.order(stays).is_busy()), (Stage::Open, false));
}

#[test]
fn reports_are_hints_that_may_be_old_or_repeated() {
    let mut day = History::new();
    let order = day.working(buy(10));
    day.report(order, 9, VenueStatus::Open, 0);
    let before = day.order(order).clone();
    for (revision, status) in [(9, VenueStatus::Cancelled), (8, VenueStatus::Pending)] {
        assert!(!day.report(order, revision, status, 0));
        assert_eq!(*day.order(order), before);
    }
    assert!(!day.report(order, 10, VenueStatus::Pending, 0));
    assert_eq!(day.order(order).stage, Stage::Open, "never back");
}

#[test]
fn terms_are_where_the_venue_says() {
    let mut day = History::new();
    let order = day.working(buy(10));
    let changed = VenueReported { terms: Some(quantity(6)), ..report(order, 1, VenueStatus::Open, 0) };
    day.add(Event::VenueReported(changed));
    assert_eq!((day.order(order).request.quantity, day.order(order).modified), (6, true));
    let nonsense = VenueReported { terms: Some(quantity(-1)), ..report(order, 2, VenueStatus::Open, 0) };
    assert!(day.add(Event::VenueReported(nonsense)));
    assert_eq!(day.order(order).request.quantity, 6);
}

#[test]
fn what_no_order_can_do_is_an_alarm_and_changes_nothing() {
    let check = |facts: fn(&mut History, trade::OrderId), illegal: fn(trade::OrderId) -> VenueReported| {
        let mut day = History::new();
        let order = day.working(buy(10));
        facts(&mut day, order);
        let before = day.state.clone();
        let illegal = illegal(order);
        assert!(day.add(Event::VenueReported(illegal.clone())), "{illegal:?}");
        assert_eq!(day.state.orders, before.orders);
        assert_eq!(day.state.accounts, before.accounts);
        assert_eq!(day.alarms[0].at_seq, day.state.seq);
    };
    check(|day, order| _ = day.trade(order, "t", 1, 1), |order| report(order, 1, VenueStatus::Rejected, 0));
    check(|_, _| (), |order| report(order, 1, VenueStatus::Rejected, 5));
    let filled = |day: &mut History, order| {
        day.trade(order, "t", 10, 1);
        day.report(order, 1, VenueStatus::Complete, 10);
    };
    check(filled, |order| report(order, 2, VenueStatus::Open, 10));
    check(filled, |order| report(order, 2, VenueStatus::Cancelled, 10));
    let cancelled = |day: &mut History, order| _ = day.report(order, 1, VenueStatus::Cancelled, 0);
    check(cancelled, |order| report(order, 2, VenueStatus::Open, 0));
    check(cancelled, |order| report(order, 2, VenueStatus::Complete, 10));
    check(
        |day, order| _ = day.report(order, 1, VenueStatus::Open, 5),
        |order| report(order, 2, VenueStatus::Open, 4),
    );
    check(|_, _| (), |order| report(order, 1, VenueStatus::Complete, 0));
    check(
        |_, _| (),
        |order| VenueReported { venue_order_id: "another".into(), ..report(order, 1, VenueStatus::Open, 0) },
    );
}

#[test]
fn a_stop_order_waits_and_triggers() {
    let mut day = History::new();
    let terms = trade::OrderRequest {
        order_type: OrderType::StopLimit,
        trigger_price: Some(Money::rupees(99)),
        ..request(1, Side::Sell, 5)
    };
    let order = day.working(terms);
    day.report(order, 1, VenueStatus::TriggerPending, 0);
    assert_eq!(day.order(order).stage, Stage::TriggerPending);
    day.report(order, 2, VenueStatus::Open, 0);
    assert_eq!(day.order(order).stage, Stage::Open);
    day.trade(order, "t1", 5, 98);
    assert_eq!(day.account().cash, FUNDS + Money::rupees(490));
}

#[test]
fn a_signal_waits_with_each_of_its_accounts() {
    let mut day = History::new();
    day.add(added("second"));
    day.add(signal("s1", &["paper", "second", "nobody"]));
    let cause = Cause::Signal(signal_id("s1"));
    assert!(day.state.is_pending(&paper(), &cause) && day.state.is_pending(&name("second"), &cause));
    assert_eq!(day.state.signals.get(&signal_id("s1")).unwrap().received, day.rows.last().unwrap().1);
    day.decide(cause.clone(), Verdict::Accepted);
    assert!(!day.state.is_pending(&paper(), &cause) && day.state.is_pending(&name("second"), &cause));
    assert_eq!(day.account().decisions, day.state.seq);
    day.decide(cause, Verdict::Denied);
    let decisions = &day.state.signals.get(&signal_id("s1")).unwrap().decisions;
    assert_eq!(decisions.len(), 1, "a second verdict of the same account is none");
}

#[test]
fn a_decided_signal_is_among_the_ended() {
    let mut day = History::new();
    day.add(signal("s1", &["paper"]));
    assert!(day.state.ended_signals.is_empty());
    day.decide(Cause::Signal(signal_id("s1")), Verdict::Denied);
    assert_eq!(day.state.ended_signals.peek(), Some(&signal_id("s1")));
}

#[test]
fn commands_are_decided_in_any_order() {
    let mut day = History::new();
    let order = day.working(buy(1));
    let first = day.command(order, CommandedAct::Modify(quantity(2)), None);
    let second = day.command(order, CommandedAct::Cancel, None);
    let third = day.command(order, CommandedAct::Cancel, None);
    day.decide(second, Verdict::Accepted);
    let waiting: Vec<_> = day.account().pending.iter().map(|pending| pending.is_for(&first)).collect();
    assert_eq!(waiting, [true, false]);
    day.decide(first, Verdict::Denied);
    day.decide(third, Verdict::Denied);
    assert!(day.account().pending.is_empty());
}

#[test]
fn an_order_is_found_by_its_clients_name() {
    let mut day = History::new();
    let order = day.draw();
    day.command(order, CommandedAct::Place(buy(1)), Some("mine"));
    let mine: ClientId = "mine".parse().unwrap();
    assert_eq!(day.state.clients.get(&mine).unwrap().order, order);
    let other = day.draw();
    day.command(other, CommandedAct::Place(buy(1)), Some("mine"));
    assert_eq!(day.state.clients.get(&mine).unwrap().order, order, "a name is given once");
}

#[test]
fn halts_hold_for_one_or_all_and_cancel_what_is_open() {
    let mut day = History::new();
    let order = day.working(buy(1));
    let ended = day.place(buy(1));
    day.answer(ended, 1, refused("no"));
    day.halt(Some("paper"), true);
    assert_eq!(day.account().pending.iter().collect::<Vec<_>>(), [&Pending::Cancel(order)]);
    day.decide(Cause::Halt(order), Verdict::Accepted);
    assert!(day.account().pending.is_empty());
    day.halt(None, false);
    let resume = |account| Event::Resumed(Resumed { account, why: "why".into(), by: "test".into() });
    day.add(resume(None));
    assert!(day.state.halt(&paper()).is_some(), "its own stays");
    day.add(resume(Some(paper())));
    assert_eq!(day.state.halt(&paper()), None);
    assert_eq!(day.state.control_seq, day.state.seq);
}

#[test]
fn a_restored_journal_begins_halted() {
    let mut day = History::new();
    day.add(Event::JournalBegan(JournalBegan { incarnation: 8, restored_at: Some(3) }));
    assert_eq!(day.state.incarnation, 8);
    assert_eq!(day.state.halt(&paper()).unwrap().why, "restored: reconcile first");
}

#[test]
fn adding_an_account_again_changes_address_and_key_only() {
    let mut day = History::new();
    let Event::AccountAdded(mut again) = added("paper") else { unreachable!() };
    again.url = "http://127.0.0.1:1".into();
    again.class = Class::Kite;
    again.funds = Money::ZERO;
    day.add(Event::AccountAdded(again));
    let account = day.account();
    assert_eq!((account.added.url.as_str(), account.added.class), ("http://127.0.0.1:1", Class::Paper));
    assert_eq!((account.cash, account.added.funds), (FUNDS, FUNDS));
}

#[test]
fn a_new_day_closes_the_figures_of_the_last() {
    let mut day = History::new();
    let (kept, flat) = (day.working(request(1, Side::Buy, 10)), day.working(request(2, Side::Buy, 5)));
    day.trade(kept, "t1", 10, 100);
    day.trade(flat, "t2", 5, 100);
    let close = day.working(request(2, Side::Sell, 5));
    day.trade(close, "t3", 5, 110);
    assert_eq!(day.account().profit_today(|_| Some(Money::rupees(101))), Some(Money::rupees(60)));
    day.day(3, &[(1, Money::rupees(1))]);
    assert_eq!(day.account().positions.size(), 2, "the day had begun already");
    day.day(4, &[(1, Money::rupees(105))]);
    let account = day.account();
    assert_eq!((account.day, account.positions.size()), (Some(crate::history::day(4)), 1));
    let held = account.positions.get(&(1, Product::Mis)).unwrap();
    assert_eq!((held.overnight, held.overnight_price), (10, Some(Money::rupees(105))));
    assert_eq!(account.profit_today(|_| Some(Money::rupees(106))), Some(Money::rupees(10)));
    assert!(account.trade_ids.is_empty());
}

#[test]
fn the_best_of_the_day_is_what_decisions_saw_under_a_drawdown_limit() {
    let mut day = History::new();
    let limits = Limits { drawdown: Some(Money::rupees(50)), ..Limits::default() };
    day.add(Event::LimitsSet(LimitsSet { account: paper(), limits, by: "test".into() }));
    let order = day.working(buy(10));
    day.trade(order, "t1", 10, 100);
    for (price, best) in [(107, 70), (103, 70), (99, 70), (109, 90)] {
        let cause = day.command(order, CommandedAct::Cancel, None);
        let mut seen = decided("paper", cause, Verdict::Denied);
        seen.inputs.marks = vec![(1, Money::rupees(price))];
        day.add(Event::Decided(seen));
        assert_eq!(day.account().best_today, Money::rupees(best));
    }
    let cause = day.command(order, CommandedAct::Cancel, None);
    day.decide(cause, Verdict::Denied);
    assert_eq!(day.account().best_today, Money::rupees(90), "without prices nothing is seen");
}

#[test]
fn placements_are_kept_a_minute_for_the_duplicate_check() {
    let mut day = History::new();
    let first = day.place(buy(1));
    day.time += 59_000_000_000;
    let second = day.place(buy(1));
    let kept = |day: &History| day.account().recent.iter().map(|placed| placed.order).collect::<Vec<_>>();
    assert_eq!(kept(&day), [first, second]);
    day.time += 2_000_000_000;
    let third = day.place(buy(1));
    assert_eq!(kept(&day), [second, third]);
}

#[test]
fn intents_are_counted_in_the_budget() {
    let mut day = History::new();
    let order = day.working(buy(1));
    day.intend(order, 2, Call::Modify(quantity(2)));
    day.intend(order, 3, Call::Cancel);
    assert_eq!(day.account().budget.last_second(day.time), 3);
}

#[test]
fn strange_rows_move_the_sequence_only() {
    let mut day = History::new();
    let order = day.working(buy(10));
    let other = day.draw();
    let before = day.state.clone();
    day.answer(other, 1, acknowledged(other));
    day.answer(order, 7, acknowledged(order));
    day.answer(order, 0, acknowledged(order));
    day.report(other, 1, VenueStatus::Open, 0);
    day.trade(other, "t", 1, 1);
    day.add(Event::VenueReported(VenueReported {
        account: name("nobody"),
        ..report(order, 5, VenueStatus::Cancelled, 0)
    }));
    day.add(Event::Reconciled(Reconciled {
        account: name("nobody"),
        cause: "start".into(),
        differences: vec![],
    }));
    assert_eq!(day.state.accounts, before.accounts);
    assert_eq!(day.state.orders, before.orders);
    assert_eq!(day.state.seq, before.seq + 7);

    // Calls out of turn: they count as rows of the account, and no more.
    let orders = day.state.orders.clone();
    day.intend(order, 1, Call::Place(buy(5)));
    day.intend(order, 3, Call::Cancel);
    day.intend(order, 2, Call::Place(buy(5)));
    day.intend(other, 2, Call::Cancel);
    day.intend(other, 1, Call::Cancel);
    assert_eq!(day.state.orders, orders);
    assert_eq!(day.account().decisions, day.state.seq);
}

#[test]
fn a_halt_that_cancels_also_cancels_what_turns_out_to_be_open() {
    let mut day = History::new();
    let order = day.place(buy(10));
    day.answer(order, 1, unknown());
    day.halt(None, true);
    day.decide(Cause::Halt(order), Verdict::Denied);
    assert!(day.account().pending.is_empty());
    day.resolve(order, 1, Found::Reached { venue_order_id: format!("v{order}") });
    assert_eq!(day.account().pending.peek(), Some(&Pending::Cancel(order)));
}

#[test]
fn a_conversion_waits_for_its_verdict_and_then_moves_units() {
    let mut day = History::new();
    let order = day.working(buy(10));
    day.trade(order, "t1", 10, 100);
    let what = Conversion {
        contract: contract(1),
        side: Side::Buy,
        quantity: 4,
        part: Part::Day,
        from: Product::Mis,
        to: Product::Cnc,
    };
    let (before, cash) = (hash(&day.state, 1), day.account().cash);
    let (conversion, by) = (77, "key".into());
    day.add(Event::ConversionCommanded(ConversionCommanded {
        conversion,
        account: paper(),
        what: what.clone(),
        by,
    }));
    assert!(day.state.is_pending(&paper(), &Cause::Conversion(77)));
    assert_eq!(hash(&day.state, 1), before, "version 1 does not know it");
    day.decide(Cause::Conversion(77), Verdict::Accepted);
    assert!(day.account().pending.is_empty());
    day.convert(what.clone());
    let units = |day: &History, product| day.account().positions.get(&(1, product)).map(|held| held.quantity);
    assert_eq!((units(&day, Product::Mis), units(&day, Product::Cnc)), (Some(6), Some(4)));
    assert_eq!(day.account().cash, cash);
    // One that cannot be done changes nothing.
    day.convert(Conversion { quantity: 7, ..what });
    assert_eq!(units(&day, Product::Mis), Some(6));
}

#[test]
fn what_older_builds_cannot_read_says_so() {
    let verdict = |cause| Event::Decided(decided("paper", cause, Verdict::Denied)).schema();
    assert_eq!(verdict(Cause::Signal(signal_id("s1"))), 1);
    assert_eq!(verdict(Cause::Conversion(1)), 2);
}
