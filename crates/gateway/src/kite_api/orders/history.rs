//! The states that an order went through, oldest first.
//!
//! The order's rows of the journal are folded once more, by the same fold that made the state, and every step is told in the
//! broker's words: the history cannot disagree with the order book.

use std::sync::Arc;

use journal::events::Row;
use kite::rest::maybe::Maybe;
use kite::rest::orders::Order as KiteOrder;
use kite::rest::words::OrderStatus;
use trade::event::{Answer, Call, Cause, CommandedAct, OrderCommanded, Verdict};
use trade::state::Account;
use trade::{Event, Order, OrderId, State};

use super::refusals::words;
use super::view::{self, Asked};

/// The states of `order`, whose rows are `rows`; empty when they are not about an order of `account`.
pub fn states(order: OrderId, rows: &[Row], account: &Account) -> Vec<KiteOrder> {
    let mut told = Told { order, placed: None, states: Vec::new() };
    let mut state = State::default();
    state.accounts.insert_mut(account.added.account.clone(), Arc::new(Account::new(account.added.clone())));
    for row in rows {
        let Ok(event) = engine::rows::event(row) else { continue };
        let before = state.orders.get(&order).cloned();
        let folded =
            trade::apply::Row { seq: row.seq, stream_seq: row.stream_seq, time: row.time, event: &event };
        // What no order can do is a row of its own.
        let _ = trade::apply::apply(&mut state, folded);
        match &event {
            Event::OrderCommanded(command) if command.account == account.added.account => {
                told.commanded(command, row.time);
            }
            _ => told.step(&event, before.as_deref(), state.orders.get(&order).map(Arc::as_ref), row.time),
        }
    }
    told.states
}

struct Told {
    order: OrderId,
    placed: Option<OrderCommanded>,
    states: Vec<KiteOrder>,
}

impl Told {
    fn commanded(&mut self, command: &OrderCommanded, at: i64) {
        if let CommandedAct::Place(request) = &command.what {
            let mut row = view::asked(&asked(command, request));
            row.order_timestamp = Maybe::Set(view::time(at));
            self.states.push(row);
            self.placed = Some(command.clone());
        }
    }

    fn step(&mut self, event: &Event, before: Option<&Order>, after: Option<&Order>, at: i64) {
        let Some(after) = after else {
            self.refused(event, at);
            return;
        };
        match event {
            Event::Intended(intended) if intended.intent.order == self.order => match intended.call {
                Call::Place(_) => {
                    // An order of a signal was commanded by nobody.
                    if self.states.is_empty() {
                        self.tell(after, OrderStatus::PutReceived);
                    }
                    self.tell(after, OrderStatus::ValidationPending);
                }
                Call::Modify(_) => self.tell(after, OrderStatus::ModifyValidationPending),
                Call::Cancel => self.tell(after, OrderStatus::CancelPending),
            },
            Event::CallAnswered(answered) => {
                let call = after.call(answered.intent.n).map(|call| &call.call);
                self.answered(call, &answered.answer, before, after);
            }
            _ => self.changed(before, after),
        }
    }

    fn answered(&mut self, call: Option<&Call>, answer: &Answer, before: Option<&Order>, after: &Order) {
        match (call, answer) {
            (Some(Call::Modify(_)), Answer::Acknowledged { .. }) => {
                self.tell(after, OrderStatus::ModifyPending);
                self.tell(after, OrderStatus::Modified);
                self.tell(after, view::stage(after.stage));
            }
            (Some(Call::Modify(_)), Answer::Refused { .. } | Answer::NeverLeft { .. }) => {
                self.tell(after, OrderStatus::NotModified);
                self.tell(after, view::stage(after.stage));
            }
            // It stays where it was.
            (Some(Call::Cancel), Answer::Refused { .. } | Answer::NeverLeft { .. }) => {
                self.tell(after, view::stage(after.stage));
            }
            _ => self.changed(before, after),
        }
    }

    /// Something was told about the order: a state of its own when it shows.
    fn changed(&mut self, before: Option<&Order>, after: &Order) {
        let terms = before.is_some_and(|before| before.request != after.request);
        let shows = before.is_none_or(|before| {
            view::stage(before.stage) != view::stage(after.stage) || before.filled != after.filled
        });
        if terms {
            self.tell(after, OrderStatus::Modified);
        }
        if terms || shows {
            self.tell(after, view::stage(after.stage));
        }
    }

    fn tell(&mut self, order: &Order, status: OrderStatus) {
        let mut row = view::order(order);
        row.status = status;
        row.order_timestamp = Maybe::Set(view::time(order.updated));
        self.states.push(row);
    }

    /// A placement that came to nothing.
    fn refused(&mut self, event: &Event, at: i64) {
        let (Event::Decided(decided), Some(command)) = (event, &self.placed) else { return };
        let about = Cause::Command { order: self.order, command: command.command };
        if decided.verdict != Verdict::Denied || decided.cause != about {
            return;
        }
        if let CommandedAct::Place(request) = &command.what {
            self.states.push(view::refused(&asked(command, request), words(&decided.reasons), at));
        }
    }
}

/// What a placement asks for.
pub fn asked<'a>(command: &'a OrderCommanded, request: &'a trade::OrderRequest) -> Asked<'a> {
    Asked {
        id: command.order,
        account: &command.account,
        request,
        tag: command.tag.as_deref(),
        kite: command.kite.as_ref(),
    }
}

#[cfg(test)]
mod tests {
    use trade::event::{AccountAdded, CallAnswered, Class, Intended, Sent, VenueReported, VenueStatus};
    use trade::request::Changes;
    use trade::{Contract, IntentId, Limits, Money, OrderRequest, OrderType, Product, Side, Validity};

    use super::*;

    fn rows(events: &[Event]) -> Vec<Row> {
        let row = |(place, event): (usize, &Event)| {
            let new = engine::rows::row(event, "");
            Row {
                seq: place as u64 + 1,
                stream: new.stream,
                stream_seq: place as u64 + 1,
                epoch: 1,
                batch: 1,
                time: place as i64 * 1_000_000_000,
                kind: new.kind.to_string(),
                schema: new.schema,
                key: new.key,
                subject: new.subject,
                body: new.body,
                prev_hash: [0; 32],
                hash: [0; 32],
            }
        };
        events.iter().enumerate().map(row).collect()
    }

    #[test]
    fn a_refused_modification_leaves_the_order_open_with_its_reason() {
        let order: OrderId = "1000000000000000001".parse().unwrap();
        let account: trade::AccountId = "paper".parse().unwrap();
        let added = AccountAdded {
            account: account.clone(),
            class: Class::Venue,
            funds: Money::ZERO,
            url: String::new(),
            api_key: String::new(),
            limits: Limits::default(),
            by: "test".into(),
        };
        let request = OrderRequest {
            contract: Contract {
                name: "NSE:INFY".into(),
                token: 408_065,
                lot: 1,
                tick: Money::paise(5),
                kind: trade::contract::Kind::Equity,
                expiry: None,
            },
            side: Side::Buy,
            quantity: 10,
            order_type: OrderType::Limit,
            price: Some(Money::rupees(1_400)),
            trigger_price: None,
            validity: Validity::Day,
            product: Product::Mis,
        };
        let intent = |n| IntentId { order, n };
        let intended = |n, call| {
            Event::Intended(Intended {
                intent: intent(n),
                account: account.clone(),
                call,
                signal: None,
                tag: None,
                kite: None,
                send_by: 0,
                day: jiff::civil::date(2026, 11, 20),
            })
        };
        let answered = |n, answer| {
            Event::CallAnswered(CallAnswered { intent: intent(n), account: account.clone(), answer })
        };
        let changes = Changes { quantity: Some(20), ..Changes::default() };
        let events = [
            intended(1, Call::Place(request)),
            Event::Sent(Sent { intent: intent(1), account: account.clone() }),
            answered(1, Answer::Acknowledged { venue_order_id: "v1".into() }),
            Event::VenueReported(VenueReported {
                order,
                account: account.clone(),
                venue_order_id: "v1".into(),
                status: VenueStatus::Open,
                filled: 0,
                terms: None,
                message: None,
                revision: "1".into(),
                at: 0,
            }),
            intended(2, Call::Modify(changes)),
            answered(2, Answer::Refused { code: "OrderException".into(), message: "Too late.".into() }),
        ];
        let told = states(order, &rows(&events), &Account::new(added.clone()));
        let statuses: Vec<&str> = told.iter().map(|row| row.status.as_str()).collect();
        let expected = [
            "PUT ORDER REQ RECEIVED",
            "VALIDATION PENDING",
            "OPEN PENDING",
            "OPEN",
            "MODIFY VALIDATION PENDING",
            "NOT MODIFIED",
            "OPEN",
        ];
        assert_eq!(statuses, expected);
        let last = told.last().unwrap();
        assert_eq!(
            (last.quantity.to_string().as_str(), last.pending_quantity.to_string().as_str()),
            ("10", "10")
        );
        assert_eq!(last.status_message.as_ref().map(String::as_str), Some("Too late."));

        let others = AccountAdded { account: "other".parse().unwrap(), ..added };
        assert!(states(order, &rows(&events), &Account::new(others)).is_empty(), "somebody else's order");
    }
}
