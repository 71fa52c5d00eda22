//! How fast rows are folded. Run with `cargo test -p trade --release --test fold -- --ignored --nocapture speed`.

use trade::apply::{Row, apply};
use trade::event::*;
use trade::request::Side;
use trade::state::State;

use crate::history::*;

/// Six rows per order: command, decision, intent, answer, trade, report.
fn rows(orders: usize) -> Vec<(u64, i64, Event)> {
    let mut day = History::new();
    for n in 0..orders {
        let side = if n % 2 == 0 { Side::Buy } else { Side::Sell };
        let order = day.draw();
        let terms = request(u32::try_from(n % 50).unwrap(), side, 1);
        let cause = day.command(order, CommandedAct::Place(terms.clone()), None);
        day.decide(cause, Verdict::Accepted);
        day.intend(order, 1, Call::Place(terms));
        day.answer(order, 1, acknowledged(order));
        day.trade(order, &format!("t{n}"), 1, 100);
        day.report(order, 1, VenueStatus::Complete, 1);
    }
    day.rows
}

#[test]
#[ignore = "a measurement, not a check"]
#[expect(clippy::disallowed_methods, reason = "measures")]
fn speed() {
    for orders in [2_000, 20_000, 100_000] {
        let rows = rows(orders);
        let mut state = State::default();
        // Someone always reads the state of the last batch, so nodes are copied as they are when it runs.
        let mut published = state.clone();
        let began = std::time::Instant::now();
        for (seq, time, event) in &rows {
            apply(&mut state, Row { seq: *seq, stream_seq: *seq, time: *time, event });
            if seq % 64 == 0 {
                published = state.clone();
            }
        }
        let per_second = rows.len() as f64 / began.elapsed().as_secs_f64();
        let began = std::time::Instant::now();
        trade::projection::hash(&state, 1).unwrap();
        eprintln!("{} rows: {per_second:.0} rows/s; hash {:?}", rows.len(), began.elapsed());
        assert!(published.seq > 0 && state.seq == rows.len() as u64);
    }
}
