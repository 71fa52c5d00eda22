//! The venue: one account's book at a broker with the Kite protocol. It is the truth that the journal is compared with.

use std::collections::{BTreeMap, BTreeSet};

use engine::reconcile::{BookOrder, BookPosition, BookTrade};
use trade::event::{Call, Class, Event, Intended, TradeReported, VenueReported, VenueStatus};
use trade::request::{Changes, Product};
use trade::{AccountId, IntentId, Money, OrderId, OrderRequest, OrderType, Validity};

use crate::counts::Counts;
use crate::random::Random;

/// A book shows a new order at most so long after the venue took it, with some room to the engine's own figure.
const INVISIBLE_NS_MAX: i64 = 1_900_000_000;

/// An order as the venue has it.
#[derive(Clone, Debug)]
pub struct Held {
    /// Ours, or a person's at the broker's own screen.
    pub order: Option<OrderId>,
    pub id: String,
    pub request: OrderRequest,
    pub status: VenueStatus,
    pub filled: i64,
    revision: u64,
    visible_at: i64,
    message: Option<String>,
    at: i64,
}

#[derive(Clone, Debug)]
pub struct Fill {
    order: usize,
    trade_id: String,
    quantity: i64,
    price: Money,
    at: i64,
}

#[derive(Debug)]
pub struct Venue {
    pub account: AccountId,
    pub class: Class,
    pub funds: Money,
    pub orders: Vec<Held>,
    pub fills: Vec<Fill>,
    /// How many requests came for each intent.
    pub received: BTreeMap<IntentId, u32>,
    /// Those that changed something.
    pub accepted: BTreeSet<IntentId>,
    /// What changed and was not told yet.
    pub news: Vec<Event>,
    /// Orders whose turn to be filled comes.
    pub due: Vec<usize>,
}

impl Venue {
    pub fn new(account: AccountId, class: Class, funds: Money) -> Venue {
        Venue {
            account,
            class,
            funds,
            orders: Vec::new(),
            fills: Vec::new(),
            received: BTreeMap::new(),
            accepted: BTreeSet::new(),
            news: Vec::new(),
            due: Vec::new(),
        }
    }

    /// A person places an order at the broker's own screen.
    pub fn foreign(&mut self, request: OrderRequest, now: i64) {
        let id = format!("F{}", self.orders.len() + 1);
        self.orders.push(Held {
            order: None,
            id,
            request,
            status: VenueStatus::Open,
            filled: 0,
            revision: 1,
            visible_at: now,
            message: None,
            at: now,
        });
    }

    /// A request arrives. The venue's id of the order, or why it was refused.
    pub fn receive(
        &mut self,
        intended: &Intended,
        random: &mut Random,
        now: i64,
        calm: bool,
        counts: &mut Counts,
    ) -> Result<String, String> {
        *self.received.entry(intended.intent).or_default() += 1;
        let answer = match &intended.call {
            Call::Place(request) => self.place(intended.intent.order, request, random, now, calm, counts),
            Call::Modify(changes) => self.modify(intended.intent.order, changes, random, now),
            Call::Cancel => self.cancel(intended.intent.order, random, now, calm, counts),
        };
        if answer.is_ok() {
            self.accepted.insert(intended.intent);
        }
        answer
    }

    fn place(
        &mut self,
        order: OrderId,
        request: &OrderRequest,
        random: &mut Random,
        now: i64,
        calm: bool,
        counts: &mut Counts,
    ) -> Result<String, String> {
        if random.chance(40) {
            return Err("insufficient funds at the venue".to_owned());
        }
        let index = self.orders.len();
        let id = format!("{}-{}", self.account, index + 1);
        let hidden = !calm && random.chance(150);
        if hidden {
            counts.hit("venue: invisible for a while");
        }
        self.orders.push(Held {
            order: Some(order),
            id: id.clone(),
            request: request.clone(),
            status: VenueStatus::Pending,
            filled: 0,
            revision: 0,
            visible_at: now + if hidden { random.between(0, INVISIBLE_NS_MAX) } else { 0 },
            message: None,
            at: now,
        });
        if random.chance(300) {
            self.changed(index, now);
        }
        if random.chance(40) {
            counts.hit("venue: rejected after taking it");
            self.orders[index].status = VenueStatus::Rejected;
            self.orders[index].message = Some("the exchange refused it".to_owned());
        } else {
            let waits = request.order_type.has_trigger();
            self.orders[index].status = if waits { VenueStatus::TriggerPending } else { VenueStatus::Open };
            self.due.extend([index; 3]);
        }
        self.changed(index, now);
        Ok(id)
    }

    fn open(&self, order: OrderId) -> Result<usize, String> {
        let index = self.orders.iter().position(|held| held.order == Some(order));
        let index = index.ok_or("there is no such order")?;
        match self.orders[index].status {
            VenueStatus::Open | VenueStatus::TriggerPending => Ok(index),
            other => Err(format!("the order is {other:?}")),
        }
    }

    fn modify(
        &mut self,
        order: OrderId,
        changes: &Changes,
        random: &mut Random,
        now: i64,
    ) -> Result<String, String> {
        let index = self.open(order)?;
        let held = &mut self.orders[index];
        let request = changes.applied_to(&held.request);
        if request.quantity <= held.filled || random.chance(60) {
            return Err("the modification is not possible".to_owned());
        }
        held.request = request;
        let id = held.id.clone();
        self.changed(index, now);
        self.due.push(index);
        Ok(id)
    }

    fn cancel(
        &mut self,
        order: OrderId,
        random: &mut Random,
        now: i64,
        calm: bool,
        counts: &mut Counts,
    ) -> Result<String, String> {
        let index = self.open(order)?;
        if !calm && random.chance(150) {
            counts.hit("cancel refused by the venue");
            return Err("the order is being processed".to_owned());
        }
        self.orders[index].status = VenueStatus::Cancelled;
        self.changed(index, now);
        self.due.push(index);
        Ok(self.orders[index].id.clone())
    }

    /// The market comes to an order: it is filled, in part or whole, or ends without.
    pub fn trade(&mut self, index: usize, random: &mut Random, now: i64, last: Money, counts: &mut Counts) {
        let held = &mut self.orders[index];
        let left = held.request.quantity - held.filled;
        match held.status {
            VenueStatus::TriggerPending => {
                held.status = VenueStatus::Open;
                self.changed(index, now);
                self.due.push(index);
                return;
            }
            VenueStatus::Open if random.chance(30) => {
                counts.hit("venue: expired");
                held.status = VenueStatus::Expired;
                self.changed(index, now);
                return;
            }
            VenueStatus::Open => {}
            VenueStatus::Cancelled if left > 0 && random.chance(100) => {
                counts.hit("venue: fill after a cancel")
            }
            _ => return,
        }
        if held.request.order_type == OrderType::Limit
            && held.status == VenueStatus::Open
            && random.chance(400)
        {
            return;
        }
        let lot = i64::from(held.request.contract.lot);
        let part = random.between(1, (left / lot).max(1)) * lot;
        let quantity = if random.chance(500) { left } else { part.min(left) };
        let price = held.request.price.unwrap_or(last);
        held.filled += quantity;
        if held.status == VenueStatus::Open {
            if held.filled == held.request.quantity {
                held.status = VenueStatus::Complete;
            } else if held.request.validity == Validity::Ioc {
                held.status = VenueStatus::Cancelled;
            }
        }
        let trade_id = format!("T{}", self.fills.len() + 1);
        self.fills.push(Fill { order: index, trade_id, quantity, price, at: now });
        self.changed(index, now);
        let fill = self.fill_event(self.fills.len() - 1);
        self.news.extend(fill);
    }

    /// A new revision, which is news.
    fn changed(&mut self, index: usize, now: i64) {
        let held = &mut self.orders[index];
        held.revision += 1;
        held.at = now;
        if let Some(order) = held.order {
            let held = &self.orders[index];
            let report = VenueReported {
                order,
                account: self.account.clone(),
                venue_order_id: held.id.clone(),
                status: held.status,
                filled: held.filled,
                terms: Some(held.terms()),
                message: held.message.clone(),
                revision: held.revision.to_string(),
                at: held.at,
            };
            self.news.push(Event::VenueReported(report));
        }
    }

    /// What no order can do: an order that ended is told to be open again.
    pub fn contradiction(&self, order: OrderId) -> Option<Event> {
        let held = self.orders.iter().find(|held| held.order == Some(order))?;
        (held.status == VenueStatus::Complete).then(|| {
            Event::VenueReported(VenueReported {
                order,
                account: self.account.clone(),
                venue_order_id: held.id.clone(),
                status: VenueStatus::Open,
                filled: held.filled,
                terms: None,
                message: None,
                revision: (held.revision + 1_000).to_string(),
                at: held.at,
            })
        })
    }

    fn fill_event(&self, index: usize) -> Option<Event> {
        let fill = &self.fills[index];
        Some(Event::TradeReported(TradeReported {
            trade_id: fill.trade_id.clone(),
            order: self.orders[fill.order].order?,
            account: self.account.clone(),
            quantity: fill.quantity,
            price: fill.price,
            at: fill.at,
        }))
    }

    pub fn book_orders(&self, now: i64) -> Vec<BookOrder> {
        let shown = self.orders.iter().filter(|held| held.visible_at <= now);
        shown
            .map(|held| BookOrder {
                order: held.order,
                venue_order_id: held.id.clone(),
                status: held.status,
                filled: held.filled,
                terms: held.terms(),
                message: held.message.clone(),
                revision: held.revision.to_string(),
                at: held.at,
            })
            .collect()
    }

    pub fn book_trades(&self, now: i64) -> Vec<BookTrade> {
        let shown = self.fills.iter().filter(|fill| self.orders[fill.order].visible_at <= now);
        shown
            .map(|fill| BookTrade {
                venue_order_id: self.orders[fill.order].id.clone(),
                trade_id: fill.trade_id.clone(),
                quantity: fill.quantity,
                price: fill.price,
                at: fill.at,
            })
            .collect()
    }

    /// Net units by token and product, and the money that is left.
    pub fn holdings(&self) -> (BTreeMap<(u32, Product), i64>, Money) {
        let (mut net, mut cash) = (BTreeMap::new(), self.funds);
        for fill in &self.fills {
            let request = &self.orders[fill.order].request;
            let units = request.side.sign() * fill.quantity;
            *net.entry((request.contract.token, request.product)).or_insert(0) += units;
            cash -= fill.price * units;
        }
        net.retain(|_, units| *units != 0);
        (net, cash)
    }

    pub fn book_positions(&self) -> Vec<BookPosition> {
        let (net, _) = self.holdings();
        net.into_iter()
            .map(|((token, product), quantity)| BookPosition { token, product, quantity })
            .collect()
    }
}

impl Held {
    pub fn terms(&self) -> Changes {
        Changes {
            quantity: Some(self.request.quantity),
            order_type: Some(self.request.order_type),
            price: self.request.price,
            trigger_price: self.request.trigger_price,
            validity: Some(self.request.validity),
        }
    }
}
