//! What is kept has an end.

use trade::event::*;
use trade::order::Stage;
use trade::state::ENDED_KEPT;

use crate::history::*;

#[test]
fn the_oldest_ended_orders_are_forgotten_with_their_names() {
    let mut day = History::new();
    let named = day.draw();
    let cause = day.command(named, CommandedAct::Place(buy(1)), Some("named"));
    day.decide(cause, Verdict::Accepted);
    day.intend(named, 1, Call::Place(buy(1)));
    day.answer(named, 1, acknowledged(named));
    day.report(named, 1, VenueStatus::Cancelled, 0);
    let denied = day.draw();
    let cause = day.command(denied, CommandedAct::Place(buy(1)), Some("denied"));
    day.decide(cause, Verdict::Denied);

    let doubtful = day.working(buy(1));
    day.intend(doubtful, 2, Call::Cancel);
    day.answer(doubtful, 2, unknown());
    day.trade(doubtful, "t", 1, 100);
    assert_eq!(day.order(doubtful).stage, Stage::Filled);

    let came_back = day.place(buy(1));
    day.answer(came_back, 1, Answer::NeverLeft { why: "halted".into() });
    day.resolve(came_back, 1, Found::Appeared { venue_order_id: format!("v{came_back}") });

    assert_eq!((day.state.clients.size(), day.account().venue_ids.size()), (2, 3));
    for _ in 0..ENDED_KEPT {
        let order = day.place(buy(1));
        day.answer(order, 1, Answer::NeverLeft { why: "halted".into() });
        day.rows.clear();
    }
    assert_eq!(day.state.ended_orders.len(), ENDED_KEPT);
    assert!(!day.state.orders.contains_key(&named));
    assert!(day.state.clients.is_empty() && day.state.client_names.is_empty());
    assert!(!day.account().venue_ids.contains_key(&format!("v{named}")));
    assert!(day.state.orders.contains_key(&doubtful), "never while a call of it has an unknown fate");
    assert!(day.state.orders.contains_key(&came_back), "never while it is open");
    assert_eq!(day.state.orders.size(), ENDED_KEPT + 2);

    let oldest = *day.state.ended_orders.peek().unwrap();
    day.resolve(doubtful, 2, Found::Absent);
    assert!(!day.state.orders.contains_key(&oldest));
    assert_eq!(day.state.orders.size(), ENDED_KEPT + 1);
    assert!(day.account().recent.len() <= ENDED_KEPT);
}
