//! A journal in memory, with short words for what happens in it.

use trade::apply::{Row, apply};
use trade::contract::{Contract, Kind};
use trade::conversion::Conversion;
use trade::event::*;
use trade::order::Order;
use trade::request::{Changes, OrderRequest, OrderType, Product, Side, Validity};
use trade::signal::{Child, OrderShape, Signal, Target};
use trade::state::{Account, State};
use trade::{AccountId, ClientId, IntentId, Limits, Money, Now, OrderId, OrderIds, SignalId};

pub const FUNDS: Money = Money::rupees(1_000_000);
const SECOND: i64 = 1_000_000_000;

/// Rows and the state they add up to.
pub struct History {
    pub state: State,
    pub rows: Vec<(u64, i64, Event)>,
    pub alarms: Vec<IllegalTransition>,
    ids: OrderIds,
    commands: u64,
    /// Machine time of the next row.
    pub time: i64,
}

pub fn name(text: &str) -> AccountId {
    text.parse().unwrap()
}

pub fn paper() -> AccountId {
    name("paper")
}

pub fn signal_id(text: &str) -> SignalId {
    text.parse().unwrap()
}

pub fn day(number: i8) -> jiff::civil::Date {
    jiff::civil::date(2026, 8, number)
}

pub fn contract(token: u32) -> Contract {
    Contract {
        name: format!("NSE:T{token}"),
        token,
        lot: 1,
        tick: Money::paise(5),
        kind: Kind::Equity,
        expiry: None,
    }
}

pub fn request(token: u32, side: Side, quantity: i64) -> OrderRequest {
    OrderRequest {
        contract: contract(token),
        side,
        quantity,
        order_type: OrderType::Limit,
        price: Some(Money::rupees(100)),
        trigger_price: None,
        validity: Validity::Day,
        product: Product::Mis,
    }
}

pub fn buy(quantity: i64) -> OrderRequest {
    request(1, Side::Buy, quantity)
}

pub fn quantity(quantity: i64) -> Changes {
    Changes { quantity: Some(quantity), ..Changes::default() }
}

pub fn added(account: &str) -> Event {
    Event::AccountAdded(AccountAdded {
        account: name(account),
        class: Class::Paper,
        funds: FUNDS,
        url: String::new(),
        api_key: String::new(),
        limits: Limits::default(),
        by: "test".into(),
    })
}

pub fn report(order: OrderId, revision: u32, status: VenueStatus, filled: i64) -> VenueReported {
    VenueReported {
        order,
        account: paper(),
        venue_order_id: format!("v{order}"),
        status,
        filled,
        terms: None,
        message: None,
        revision: revision.to_string(),
        at: 0,
    }
}

pub fn acknowledged(order: OrderId) -> Answer {
    Answer::Acknowledged { venue_order_id: format!("v{order}") }
}

pub fn refused(message: &str) -> Answer {
    Answer::Refused { code: "no".into(), message: message.into() }
}

pub fn unknown() -> Answer {
    Answer::Unknown { why: "cut".into() }
}

pub fn signal(id: &str, accounts: &[&str]) -> Event {
    let target = Target::Trade { side: Side::Buy, quantity: 1 };
    Event::SignalReceived(SignalReceived {
        signal: Signal {
            id: signal_id(id),
            strategy: "test".parse().unwrap(),
            contract: contract(1),
            target,
            order: OrderShape {
                order_type: OrderType::Market,
                price: None,
                trigger_price: None,
                validity: Validity::Day,
                product: Product::Mis,
            },
            ttl_ms: None,
            children: accounts.iter().map(|account| Child { account: name(account), target }).collect(),
        },
        digest: "d".into(),
        by: "test".into(),
    })
}

pub fn decided(account: &str, cause: Cause, verdict: Verdict) -> Decided {
    let inputs =
        Inputs { seen: 0, now: Now { machine: 0, market: 0 }, quote: None, trading: None, marks: Vec::new() };
    Decided { account: name(account), cause, verdict, reasons: Vec::new(), orders: Vec::new(), inputs }
}

impl History {
    /// The account `paper`, on its first day.
    pub fn new() -> History {
        let mut history = History {
            state: State::default(),
            rows: Vec::new(),
            alarms: Vec::new(),
            ids: OrderIds::new(7, 1),
            commands: 0,
            time: 1_785_000_000 * SECOND,
        };
        history.add(Event::JournalBegan(JournalBegan { incarnation: 7, restored_at: None }));
        history.add(added("paper"));
        history.day(3, &[]);
        history
    }

    /// Folds one row; true when it was an alarm.
    pub fn add(&mut self, event: Event) -> bool {
        let seq = self.rows.len() as u64 + 1;
        let alarm = apply(&mut self.state, Row { seq, stream_seq: seq, time: self.time, event: &event });
        self.rows.push((seq, self.time, event));
        self.time += SECOND / 1_000;
        let alarmed = alarm.is_some();
        self.alarms.extend(alarm);
        alarmed
    }

    pub fn account(&self) -> &Account {
        self.state.account(&paper()).unwrap()
    }

    pub fn order(&self, order: OrderId) -> &Order {
        self.state.orders.get(&order).unwrap()
    }

    pub fn draw(&mut self) -> OrderId {
        self.ids.draw()
    }

    pub fn intend(&mut self, order: OrderId, n: u32, call: Call) {
        self.add(Event::Intended(Intended {
            intent: IntentId { order, n },
            account: paper(),
            call,
            signal: None,
            tag: None,
            kite: None,
            send_by: self.time + SECOND,
            day: day(3),
        }));
    }

    pub fn place(&mut self, request: OrderRequest) -> OrderId {
        let order = self.draw();
        self.intend(order, 1, Call::Place(request));
        order
    }

    /// Placed and acknowledged.
    pub fn working(&mut self, request: OrderRequest) -> OrderId {
        let order = self.place(request);
        self.answer(order, 1, acknowledged(order));
        order
    }

    pub fn sent(&mut self, order: OrderId) {
        self.add(Event::Sent(Sent { intent: IntentId { order, n: 1 }, account: paper() }));
    }

    pub fn answer(&mut self, order: OrderId, n: u32, answer: Answer) -> bool {
        self.add(Event::CallAnswered(CallAnswered {
            intent: IntentId { order, n },
            account: paper(),
            answer,
        }))
    }

    pub fn resolve(&mut self, order: OrderId, n: u32, found: Found) -> bool {
        let (intent, account) = (IntentId { order, n }, paper());
        self.add(Event::FateResolved(FateResolved { intent, account, found, evidence: "two reads".into() }))
    }

    pub fn report(&mut self, order: OrderId, revision: u32, status: VenueStatus, filled: i64) -> bool {
        self.add(Event::VenueReported(report(order, revision, status, filled)))
    }

    pub fn trade(&mut self, order: OrderId, trade_id: &str, quantity: i64, rupees: i64) -> bool {
        self.add(Event::TradeReported(TradeReported {
            trade_id: trade_id.into(),
            order,
            account: paper(),
            quantity,
            price: Money::rupees(rupees),
            at: 0,
        }))
    }

    pub fn day(&mut self, number: i8, marks: &[(u32, Money)]) {
        self.add(Event::DayBegan(DayBegan { account: paper(), day: day(number), marks: marks.to_vec() }));
    }

    pub fn halt(&mut self, account: Option<&str>, cancel_open: bool) {
        let account = account.map(name);
        self.add(Event::Halted(Halted { account, why: "why".into(), cancel_open, by: "test".into() }));
    }

    pub fn command(&mut self, order: OrderId, what: CommandedAct, client: Option<&str>) -> Cause {
        self.commands += 1;
        self.add(Event::OrderCommanded(OrderCommanded {
            order,
            command: self.commands,
            account: paper(),
            what,
            client_id: client.map(|client| client.parse::<ClientId>().unwrap()),
            digest: "d".into(),
            tag: None,
            kite: None,
            may_slice: false,
            by: "test".into(),
        }));
        Cause::Command { order, command: self.commands }
    }

    /// A row that says so, whether it can be or not.
    pub fn convert(&mut self, what: Conversion) {
        self.commands += 1;
        self.add(Event::Converted(Converted { conversion: self.commands, account: paper(), what }));
    }

    pub fn decide(&mut self, cause: Cause, verdict: Verdict) {
        self.add(Event::Decided(decided("paper", cause, verdict)));
    }
}
