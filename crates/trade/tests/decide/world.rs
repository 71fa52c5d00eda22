//! A journal in memory and a market that says what it is told to: every decision is made, checked and folded here.

use std::collections::BTreeMap;

use jiff::civil::date;
use trade::apply::{Row, apply};
use trade::contract::{Contract, Kind};
use trade::conversion::Conversion;
use trade::decide::{Comparison, Moment, again, decide};
use trade::event::{
    AccountAdded, Answer, Call, CallAnswered, Class, CommandedAct, ConversionCommanded, Decided, Event,
    Halted, Intended, OrderCommanded, SignalReceived, TradeReported, VenueReported, VenueStatus, Verdict,
};
use trade::request::Changes;
use trade::signal::{Child, OrderShape, Signal, Target};
use trade::slices::SLICES_MAX;
use trade::state::Pending;
use trade::view::{PriceSource, Quote, Trading};
use trade::{
    AccountId, Code, IntentId, Limits, MarketView, Money, Now, OrderId, OrderIds, OrderRequest, OrderType,
    Product, Side, State, Validity,
};

/// 2026-08-03 10:00 in India.
pub const MORNING: i64 = 1_785_731_400_000_000_000;

/// A market whose words are set by hand.
#[derive(Clone, Debug, Default)]
pub struct Market {
    pub quotes: BTreeMap<u32, Quote>,
    pub closed: Vec<(u32, Trading)>,
}

impl MarketView for Market {
    fn quote(&self, contract: &Contract) -> Option<Quote> {
        self.quotes.get(&contract.token).cloned()
    }

    fn trading(&self, contract: &Contract) -> Trading {
        let closed = self.closed.iter().find(|(token, _)| *token == contract.token);
        closed.map_or(Trading::Open, |(_, trading)| *trading)
    }
}

pub fn quote(rupees: i64) -> Quote {
    Quote {
        last: Money::rupees(rupees),
        bid: Some(Money::rupees(rupees) - Money::paise(5)),
        ask: Some(Money::rupees(rupees) + Money::paise(5)),
        age_ms: 20,
        source: PriceSource::Sim,
        suspect: None,
        band: None,
    }
}

pub fn share() -> Contract {
    contract("NSE:INFY", 1, 1, Kind::Equity)
}

pub fn other_share() -> Contract {
    contract("NSE:TCS", 2, 1, Kind::Equity)
}

pub fn future() -> Contract {
    contract("NFO:NIFTY26AUGFUT", 3, 75, Kind::Future)
}

pub fn option() -> Contract {
    contract("NFO:NIFTY26AUG25000CE", 4, 75, Kind::Call)
}

fn contract(name: &str, token: u32, lot: u32, kind: Kind) -> Contract {
    let expiry = (kind != Kind::Equity).then(|| date(2026, 8, 27));
    Contract { name: name.to_owned(), token, lot, tick: Money::paise(5), kind, expiry }
}

/// A market order for delivery or, of derivatives, to carry over.
pub fn market(contract: Contract, side: Side, quantity: i64) -> OrderRequest {
    let product = if contract.kind == Kind::Equity { Product::Cnc } else { Product::Nrml };
    OrderRequest {
        contract,
        side,
        quantity,
        order_type: OrderType::Market,
        price: None,
        trigger_price: None,
        validity: Validity::Day,
        product,
    }
}

pub fn limit(contract: Contract, side: Side, quantity: i64, price: &str) -> OrderRequest {
    OrderRequest {
        order_type: OrderType::Limit,
        price: Some(price.parse().unwrap()),
        ..market(contract, side, quantity)
    }
}

pub fn stop(contract: Contract, side: Side, quantity: i64, trigger: &str) -> OrderRequest {
    OrderRequest {
        order_type: OrderType::StopMarket,
        trigger_price: Some(trigger.parse().unwrap()),
        ..market(contract, side, quantity)
    }
}

/// One account named `paper`, whatever its class.
pub struct World {
    pub state: State,
    pub market: Market,
    pub now: Now,
    pub account: AccountId,
    ids: OrderIds,
    seq: u64,
    drawn: u64,
}

impl World {
    pub fn new(limits: Limits) -> World {
        World::of(Class::Paper, limits)
    }

    pub fn of(class: Class, limits: Limits) -> World {
        let quotes =
            BTreeMap::from([(1, quote(1_500)), (2, quote(3_000)), (3, quote(25_000)), (4, quote(100))]);
        let account: AccountId = "paper".parse().unwrap();
        let mut world = World {
            state: State::default(),
            market: Market { quotes, closed: Vec::new() },
            now: Now { machine: MORNING, market: MORNING },
            account: account.clone(),
            ids: OrderIds::new(7, 1),
            seq: 0,
            drawn: 0,
        };
        world.fold(&Event::AccountAdded(AccountAdded {
            account,
            class,
            funds: Money::rupees(1_000_000),
            url: String::new(),
            api_key: String::new(),
            limits,
            by: "test".to_owned(),
        }));
        world
    }

    pub fn fold(&mut self, event: &Event) {
        self.seq += 1;
        apply(&mut self.state, Row { seq: self.seq, stream_seq: self.seq, time: self.now.machine, event });
    }

    pub fn wait_ms(&mut self, ms: i64) {
        self.now.machine += ms * 1_000_000;
        self.now.market += ms * 1_000_000;
    }

    /// Decides what is pending first, checks what holds for every decision, and folds it.
    pub fn decide_next(&mut self) -> Option<(Decided, Option<Intended>)> {
        let (decided, intended) = self.decide_sliced()?;
        Some((decided, intended.into_iter().next()))
    }

    /// The same with every call that it leads to.
    pub fn decide_sliced(&mut self) -> Option<(Decided, Vec<Intended>)> {
        let pending = self.state.account(&self.account)?.pending.peek()?.clone();
        Some(self.decide(&pending))
    }

    fn decide(&mut self, pending: &Pending) -> (Decided, Vec<Intended>) {
        let account = self.account.clone();
        let moment = Moment { now: self.now, seen: self.seq, send_by: self.now.machine + 1_000_000_000 };
        let before = self.state.clone();
        let events = decide(&before, &account, pending, &self.market, moment, &mut self.ids);

        // As they come back from the journal.
        let read: Vec<Event> =
            events.iter().map(|event| Event::read(event.kind(), &event.body()).unwrap()).collect();
        assert_eq!(read, events);
        let mut read = read.into_iter();
        let Some(Event::Decided(decided)) = read.next() else { panic!("no verdict first: {events:?}") };
        let led_to: Vec<Event> = read.collect();
        let call = |event: &Event| match event {
            Event::Intended(intended) => Some(intended.clone()),
            Event::Converted(converted) if matches!(pending, Pending::Conversion(one) if one.what == converted.what) => {
                None
            }
            other => panic!("{other:?} after the verdict"),
        };
        let intended: Vec<Intended> = led_to.iter().filter_map(call).collect();
        assert_eq!(led_to.is_empty(), decided.verdict == Verdict::Denied, "{events:?}");
        assert_eq!(decided.reasons.is_empty(), decided.verdict == Verdict::Accepted, "{events:?}");
        let orders: Vec<OrderId> = intended.iter().map(|intended| intended.intent.order).collect();
        assert_eq!(decided.orders, orders);
        self.check_slices(pending, &intended);
        assert_eq!(again(&before, &decided, pending, &led_to), Comparison::Same, "I-10: {events:?}");

        let count = |state: &State| state.account(&account).map_or(0, |account| account.pending.len());
        let was_pending = before.is_pending(&account, &decided.cause);
        for event in &events {
            self.fold(event);
        }
        assert_eq!(
            count(&self.state),
            count(&before) - usize::from(was_pending),
            "still pending: {decided:?}"
        );
        (decided, intended)
    }

    /// Several calls are the slices of one placement: whole, none of them frozen, alike but for their units.
    fn check_slices(&self, pending: &Pending, intended: &[Intended]) {
        let placed: Vec<&OrderRequest> = intended
            .iter()
            .filter_map(|intended| match &intended.call {
                Call::Place(request) => Some(request),
                Call::Modify(_) | Call::Cancel => None,
            })
            .collect();
        assert!(intended.len() == placed.len() || intended.len() == 1, "{intended:?}");
        let Some(first) = placed.first() else { return };
        let freeze = self.state.account(&self.account).unwrap().limits.freeze_quantity.unwrap_or(i64::MAX);
        for request in &placed {
            let quantity = request.quantity;
            assert!(quantity > 0 && quantity <= freeze, "{quantity} of {freeze}");
            assert_eq!(quantity % i64::from(request.contract.lot), 0);
            assert_eq!(**request, OrderRequest { quantity, ..(*first).clone() });
        }
        assert!(placed.len() <= SLICES_MAX);
        let asked = match pending {
            Pending::Signal(id) => match self.state.signals.get(id).unwrap().signal.target {
                Target::Trade { quantity, .. } => quantity,
                Target::Position(_) => return,
            },
            Pending::Command(command) => match &command.what {
                CommandedAct::Place(request) => request.quantity,
                CommandedAct::Modify(_) | CommandedAct::Cancel => return,
            },
            Pending::Cancel(_) | Pending::Conversion(_) => return,
        };
        assert_eq!(placed.iter().map(|request| request.quantity).sum::<i64>(), asked);
    }

    /// Decides something that the state does not know to be pending.
    pub fn decide_unasked(&mut self, account: &str, pending: &Pending) -> Decided {
        self.account = account.parse().unwrap();
        self.decide(pending).0
    }

    pub fn command(&mut self, order: OrderId, what: CommandedAct) -> (Decided, Option<Intended>) {
        self.receive_command(order, what);
        self.decide_next().unwrap()
    }

    pub fn receive_command(&mut self, order: OrderId, what: CommandedAct) {
        self.receive_sliceable(order, what, false);
    }

    pub fn receive_sliceable(&mut self, order: OrderId, what: CommandedAct, may_slice: bool) {
        self.drawn += 1;
        self.fold(&Event::OrderCommanded(OrderCommanded {
            order,
            command: self.drawn,
            account: self.account.clone(),
            what,
            client_id: None,
            digest: String::new(),
            tag: Some("mine".to_owned()),
            kite: None,
            may_slice,
            by: "test".to_owned(),
        }));
    }

    pub fn convert(&mut self, what: Conversion) -> Decided {
        self.drawn += 1;
        self.fold(&Event::ConversionCommanded(ConversionCommanded {
            conversion: self.drawn,
            account: self.account.clone(),
            what,
            by: "test".to_owned(),
        }));
        self.decide_next().unwrap().0
    }

    pub fn draw(&mut self) -> OrderId {
        self.ids.draw()
    }

    pub fn place(&mut self, request: OrderRequest) -> (Decided, Option<Intended>) {
        let order = self.draw();
        self.command(order, CommandedAct::Place(request))
    }

    /// Places an order that must be accepted and acknowledged.
    pub fn placed(&mut self, request: OrderRequest) -> OrderId {
        let (decided, intended) = self.place(request);
        let intended = intended.unwrap_or_else(|| panic!("{decided:?}"));
        self.acknowledge(intended.intent);
        intended.intent.order
    }

    /// Places an order that must be accepted and fills it whole at `rupees`.
    pub fn filled(&mut self, request: OrderRequest, rupees: i64) -> OrderId {
        let quantity = request.quantity;
        let order = self.placed(request);
        self.fill(order, quantity, rupees);
        order
    }

    pub fn modify(&mut self, order: OrderId, changes: Changes) -> (Decided, Option<Intended>) {
        self.command(order, CommandedAct::Modify(changes))
    }

    pub fn cancel(&mut self, order: OrderId) -> (Decided, Option<Intended>) {
        self.command(order, CommandedAct::Cancel)
    }

    pub fn answer(&mut self, intent: IntentId, answer: Answer) {
        self.fold(&Event::CallAnswered(CallAnswered { intent, account: self.account.clone(), answer }));
    }

    pub fn acknowledge(&mut self, intent: IntentId) {
        self.answer(intent, Answer::Acknowledged { venue_order_id: format!("V{}", intent.order) });
    }

    pub fn lose(&mut self, intent: IntentId) {
        self.answer(intent, Answer::Unknown { why: "no answer".to_owned() });
    }

    pub fn report(&mut self, order: OrderId, status: VenueStatus, filled: i64) {
        self.drawn += 1;
        self.fold(&Event::VenueReported(VenueReported {
            order,
            account: self.account.clone(),
            venue_order_id: format!("V{order}"),
            status,
            filled,
            terms: None,
            message: None,
            revision: self.drawn.to_string(),
            at: self.now.market,
        }));
    }

    pub fn fill(&mut self, order: OrderId, quantity: i64, rupees: i64) {
        self.drawn += 1;
        self.fold(&Event::TradeReported(TradeReported {
            trade_id: format!("T{}", self.drawn),
            order,
            account: self.account.clone(),
            quantity,
            price: Money::rupees(rupees),
            at: self.now.market,
        }));
    }

    pub fn halt(&mut self, account: Option<&str>, cancel_open: bool) {
        self.fold(&Event::Halted(Halted {
            account: account.map(|account| account.parse().unwrap()),
            why: "a test".to_owned(),
            cancel_open,
            by: "ops".to_owned(),
        }));
    }

    /// Receives a signal with a market order.
    pub fn receive(&mut self, contract: Contract, target: Target, ttl_ms: Option<u32>) -> Pending {
        self.drawn += 1;
        let product = if contract.kind == Kind::Equity { Product::Cnc } else { Product::Nrml };
        let id: trade::SignalId = format!("s-{}", self.drawn).parse().unwrap();
        let shape = OrderShape {
            order_type: OrderType::Market,
            price: None,
            trigger_price: None,
            validity: Validity::Day,
            product,
        };
        self.fold(&Event::SignalReceived(SignalReceived {
            signal: Signal {
                id: id.clone(),
                strategy: "test".parse().unwrap(),
                contract,
                target,
                order: shape,
                ttl_ms,
                children: vec![Child { account: self.account.clone(), target }],
            },
            digest: String::new(),
            by: "test".to_owned(),
        }));
        Pending::Signal(id)
    }

    pub fn signal(&mut self, contract: Contract, target: Target) -> (Decided, Option<Intended>) {
        self.receive(contract, target, None);
        self.decide_next().unwrap()
    }

    pub fn position(&self, token: u32, product: Product) -> i64 {
        let account = self.state.account(&self.account).unwrap();
        account.positions.get(&(token, product)).map_or(0, |position| position.quantity)
    }
}

pub fn codes(decided: &Decided) -> Vec<Code> {
    decided.reasons.iter().map(|reason| reason.code).collect()
}

/// Side and quantity of the order that a call places.
pub fn placement(intended: Option<&Intended>) -> Option<(Side, i64)> {
    match &intended?.call {
        Call::Place(request) => Some((request.side, request.quantity)),
        _ => None,
    }
}
