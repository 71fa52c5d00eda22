//! The venue without its sockets and files: requests, prices and time in; facts, answers and updates out.
//!
//! Enters: calls of accounts, books of the market, two clocks' times. Leaves: facts in order (the shell makes them
//! durable before it lets anything else out), answers, updates of orders. Never here: sockets, files, clocks.

use std::collections::{HashMap, VecDeque};

use broker::paper::{BookUpdate, Happening, Matcher, MatcherConfig, Output};
use kite::rest::modification::{Cancellation, Modification};
use kite::rest::placement::Placement;
use kite::rest::words::{ErrorType, OrderType, Side, Validity, Variety};
use market::registry::Registry;
use market::{Decimal, Exchange, Instrument, UnixNanos};
use trade::Money;
use trade::request::Changes;

use crate::book::Book;
use crate::fact::{CallKind, Fact, Placed, Received, Step};
use crate::faults::{Doing, Plan, Target, UpdateVerdict, Verdict};

const NOT_OPEN: &str = "Order cannot be modified as it is being processed. Try later.";
const BY_FAULT: &str = "refused by a fault, as the venue was told to";

/// The two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Of the market: unix nanoseconds.
    pub market: UnixNanos,
    /// Of this machine: unix nanoseconds.
    pub machine: i64,
}

/// A request that would change something; `Err` says why it is none.
#[derive(Clone, Debug)]
pub enum Call {
    /// A new order.
    Place {
        /// Its tag as it was sent, also where the rest cannot be read.
        tag: Option<String>,
        /// What is asked for.
        asked: Result<Placement, String>,
    },
    /// Other terms for an order.
    Modify {
        /// Which, as it was sent.
        order_id: String,
        /// What is asked for.
        asked: Result<Modification, String>,
    },
    /// The end of an order.
    Cancel {
        /// Which, as it was sent.
        order_id: String,
        /// What is asked for.
        asked: Result<Cancellation, String>,
    },
}

/// What a call is answered with, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The order's id, or a refusal.
    pub result: Result<u64, Refused>,
    /// What the faults make of it.
    pub verdict: Verdict,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its kind, in the broker's words.
    pub error_type: ErrorType,
    /// In words.
    pub message: String,
}

/// A message about an order, for everybody who listens to the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Whose.
    pub account: String,
    /// Which order.
    pub order: u64,
    /// The order's JSON.
    pub json: String,
}

/// The venue. Its book is what its facts make of it, and nothing else about it survives a restart; places in queues
/// do not.
#[derive(Debug)]
pub struct Engine {
    book: Book,
    matcher: Matcher,
    plan: Plan,
    listing: Registry,
    newest: HashMap<u32, BookUpdate>,
    last_trade: u64,
    /// The newest machine time that was told.
    machine: i64,
    reads: u64,
    updates_made: u64,
    outputs: Vec<Output>,
    facts: Vec<Fact>,
    updates: VecDeque<Update>,
    /// Updates that wait for the next one of their account, each with the machine time by which it goes out anyway.
    held: Vec<(i64, Update)>,
}

impl Engine {
    /// The venue with the book that `facts` make, at `now`. Orders that were open are handed to the matcher again.
    pub fn new(facts: &[Fact], latency_ns: i64, plan: Plan, now: Now) -> Engine {
        let book = Book::of(facts);
        let last_trade = book.fills().last().map_or(0, |fill| fill.trade);
        let config = MatcherConfig { latency_ns, ..MatcherConfig::default() };
        let mut engine = Engine {
            book,
            matcher: Matcher::new(config),
            plan,
            listing: Registry::new(Vec::new()).0,
            newest: HashMap::new(),
            last_trade,
            machine: now.machine,
            reads: 0,
            updates_made: 0,
            outputs: Vec::new(),
            facts: Vec::new(),
            updates: VecDeque::new(),
            held: Vec::new(),
        };
        engine.take_back(now);
        engine
    }

    /// What is listed from now on.
    pub fn relist(&mut self, instruments: Vec<Instrument>) {
        self.listing = Registry::new(instruments).0;
    }

    /// The book.
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// The last traded price of an instrument, in rupees.
    pub fn last(&self, token: u32) -> Option<Money> {
        self.newest.get(&token).map(|update| update.last).filter(|last| !last.is_zero())
    }

    /// The faults and how often each has struck.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Other faults from now on.
    pub fn set_plan(&mut self, plan: Plan) {
        self.plan = plan;
    }

    /// What is to be done to a request of `account` that changes nothing.
    pub fn judge_read(&mut self, account: &str) -> Verdict {
        self.reads += 1;
        self.plan.judge(Target::Read, account, self.reads)
    }

    /// A request of `account` has arrived.
    pub fn call(&mut self, account: &str, call: Call, now: Now) -> Answer {
        self.machine = now.machine;
        let number = self.book.ledger().totals.requests + 1;
        let (kind, target, tag, order_id) = match &call {
            Call::Place { tag, .. } => (CallKind::Place, Target::Place, tag.clone(), None),
            Call::Modify { order_id, .. } => (CallKind::Modify, Target::Modify, None, Some(order_id.clone())),
            Call::Cancel { order_id, .. } => (CallKind::Cancel, Target::Cancel, None, Some(order_id.clone())),
        };
        let account_name = account.to_owned();
        let received = Received { number, at: now.machine, account: account_name, call: kind, tag, order_id };
        self.tell(Fact::Received(received));
        let verdict = self.plan.judge(target, account, number);
        let result = match verdict.doing {
            Doing::Nothing => return Answer { result: Err(refused(ErrorType::General, BY_FAULT)), verdict },
            Doing::Refuse => Err(refused(ErrorType::Order, BY_FAULT)),
            Doing::AsAsked | Doing::Reject => match call {
                Call::Place { asked, .. } => {
                    asked.map_err(input).and_then(|asked| self.place(account, &asked, verdict, now))
                }
                Call::Modify { asked, .. } => {
                    asked.map_err(input).and_then(|asked| self.modify(account, &asked, now))
                }
                Call::Cancel { asked, .. } => {
                    asked.map_err(input).and_then(|asked| self.cancel(account, &asked, now))
                }
            },
        };
        if let Err(refused) = &result {
            self.tell(Fact::Refused { number, why: refused.message.clone() });
        }
        Answer { result, verdict }
    }

    /// The newest books of instruments, in order.
    pub fn on_books(&mut self, updates: impl IntoIterator<Item = BookUpdate>) {
        // Orders can leave the matcher meanwhile, and none comes in.
        let wanted = self.matcher.wanted();
        for update in updates {
            self.newest.insert(update.token, update);
            if wanted.binary_search(&update.token).is_ok() {
                self.matcher.on_book(&update, &mut self.outputs);
                self.take_outputs();
            }
        }
    }

    /// Lets everything happen that is due.
    pub fn advance(&mut self, now: Now) {
        self.machine = now.machine;
        self.matcher.advance(now.market.0, &mut self.outputs);
        self.take_outputs();
        let due = self.held.extract_if(.., |(until, _)| *until <= now.machine);
        self.updates.extend(due.map(|(_, update)| update));
    }

    /// The day is over: every open order expires.
    pub fn end_of_day(&mut self, now: Now) {
        self.matcher.end_of_day(now.market.0, |_| true, &mut self.outputs);
        self.take_outputs();
    }

    /// When there is next something to do without a new book, if the market moves on: market time.
    pub fn next_due(&self) -> Option<UnixNanos> {
        self.matcher.next_due().map(UnixNanos)
    }

    /// When a held update is due: machine time, unix nanoseconds.
    pub fn next_held(&self) -> Option<i64> {
        self.held.iter().map(|(until, _)| *until).min()
    }

    /// The facts since the last time, in order. Nothing else may be let out before they are durable.
    pub fn take_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    /// The updates to send now, in order.
    pub fn take_updates(&mut self) -> Vec<Update> {
        self.updates.drain(..).collect()
    }

    /// After a restart: open orders and changes on their way go to the matcher again.
    fn take_back(&mut self, now: Now) {
        let mut filled = Vec::new();
        for line in self.book.lines() {
            let key = line.placed.order;
            if let Some(open) = line.open_order() {
                if open.filled >= open.terms.quantity {
                    filled.push(key);
                    continue;
                }
                // Fails only for more orders than a matcher holds; those were refused when they were placed.
                let _ = self.matcher.restore(open, now.market.0);
            }
            for change in &line.unanswered {
                let _ = match change {
                    Some(changes) => self.matcher.modify(key, changes, now.market.0),
                    None => self.matcher.cancel(key, now.market.0),
                };
            }
        }
        // The tail was torn between a fill and what it completed.
        for order in filled {
            self.happened(order, now.market.0, Step::Completed);
        }
        // Orders of an earlier day: its end came while nobody was here.
        let today = now.market.ist_date();
        let is_old =
            |line: &&crate::book::Line| line.is_open() && UnixNanos(line.placed.at).ist_date() < today;
        if self.book.lines().any(|line| is_old(&line)) {
            self.end_of_day(now);
        }
    }

    fn place(
        &mut self,
        account: &str,
        asked: &Placement,
        verdict: Verdict,
        now: Now,
    ) -> Result<u64, Refused> {
        let (exchange, symbol) = (asked.exchange, asked.tradingsymbol.as_str());
        let instrument = self.listing.by_symbol(exchange, symbol);
        let instrument = instrument.filter(|instrument| !instrument.is_index()).ok_or_else(|| {
            input(format!(
                "`{}:{symbol}` is not listed at this venue, or cannot be traded",
                exchange.as_str()
            ))
        })?;
        let placed = Placed {
            order: self.next_order(now.market),
            at: now.market.0,
            account: account.to_owned(),
            tag: asked.tag.clone(),
            exchange: exchange.as_str().to_owned(),
            tradingsymbol: symbol.to_owned(),
            token: instrument.token.0,
            product: asked.product.clone(),
            side: side(&asked.transaction_type)?,
            order_type: order_type(&asked.order_type)?,
            quantity: units(asked.quantity)?,
            price: asked.price.map(money).transpose()?,
            trigger_price: asked.trigger_price.map(money).transpose()?,
            validity: asked.validity.clone(),
            validity_ttl: asked.validity_ttl,
            disclosed_quantity: asked.disclosed_quantity.unwrap_or(0),
            market_protection: asked.market_protection.map(|protection| protection.to_string()),
            hidden_until: verdict.hide_ms.map(|ms| {
                now.machine.saturating_add(i64::try_from(ms).unwrap_or(0).saturating_mul(1_000_000))
            }),
        };
        check(asked, &placed, instrument)?;
        let (order, at, token) = (placed.order, placed.at, placed.token);
        if verdict.doing == Doing::Reject {
            self.tell(Fact::Placed(Box::new(placed)));
            self.happened(order, at, Step::Rejected { message: BY_FAULT.into() });
            return Ok(order);
        }
        // The matcher forgets an instrument's book when nobody waits in it, and has then missed some.
        if let Some(newest) = self.newest.get(&token).copied() {
            self.matcher.on_book(&newest, &mut self.outputs);
            self.take_outputs();
        }
        let line = Book::of([&Fact::Placed(Box::new(placed.clone()))]);
        let terms = line.line(order).and_then(|line| line.open_order()).map(|open| open.terms);
        let taken = terms.map(|terms| self.matcher.place(order, terms, at));
        if let Some(Err(full)) = taken {
            return Err(refused(ErrorType::Order, full.to_string()));
        }
        self.tell(Fact::Placed(Box::new(placed)));
        Ok(order)
    }

    fn modify(&mut self, account: &str, asked: &Modification, now: Now) -> Result<u64, Refused> {
        let order = self.changeable(account, &asked.variety, &asked.order_id)?;
        let changes = Changes {
            quantity: asked.quantity.map(units).transpose()?,
            order_type: asked.order_type.as_ref().map(order_type).transpose()?,
            price: asked.price.map(money).transpose()?,
            trigger_price: asked.trigger_price.map(money).transpose()?,
            validity: match &asked.validity {
                None => None,
                Some(Validity::Day) => Some(trade::Validity::Day),
                Some(Validity::Ioc) => Some(trade::Validity::Ioc),
                Some(_) => return Err(input("an order can be changed to DAY or IOC only")),
            },
        };
        self.matcher
            .modify(order, &changes, now.market.0)
            .map_err(|full| refused(ErrorType::Order, full.to_string()))?;
        self.tell(Fact::ChangeTaken { order, changes: Some(changes) });
        Ok(order)
    }

    fn cancel(&mut self, account: &str, asked: &Cancellation, now: Now) -> Result<u64, Refused> {
        let order = self.changeable(account, &asked.variety, &asked.order_id)?;
        self.matcher
            .cancel(order, now.market.0)
            .map_err(|full| refused(ErrorType::Order, full.to_string()))?;
        self.tell(Fact::ChangeTaken { order, changes: None });
        Ok(order)
    }

    fn changeable(&self, account: &str, variety: &Variety, order_id: &str) -> Result<u64, Refused> {
        let line = order_id.parse().ok().and_then(|id| self.book.line(id));
        let line = line
            .filter(|line| line.placed.account == account && *variety == Variety::Regular)
            .ok_or_else(|| refused(ErrorType::Order, "Order not found: this account has no such order"))?;
        if line.is_open() { Ok(line.placed.order) } else { Err(input(NOT_OPEN)) }
    }

    /// The market's date and a number: higher than every order before, also those of days that a clock set back has
    /// left.
    fn next_order(&self, now: UnixNanos) -> u64 {
        let date = now.ist_date();
        let part = |number: i16| u64::from(number.unsigned_abs());
        let day =
            part(date.year()) % 100 * 10_000 + part(date.month().into()) * 100 + part(date.day().into());
        (day * 1_000_000_000).max(self.book.newest_order()) + 1
    }

    fn take_outputs(&mut self) {
        for output in std::mem::take(&mut self.outputs) {
            let step = match output.what {
                Happening::Opened => Step::Opened,
                Happening::TriggerPending => Step::TriggerPending,
                Happening::Filled { quantity, price } => {
                    self.last_trade += 1;
                    Step::Filled { trade: self.last_trade, quantity, price }
                }
                Happening::Completed => Step::Completed,
                Happening::Cancelled { requested } => Step::Cancelled { requested },
                Happening::Rejected { message } => Step::Rejected { message: message.to_owned() },
                Happening::Expired => Step::Expired,
                Happening::Modified => Step::Modified,
                Happening::ChangeRefused { message } => Step::ChangeRefused { message: message.to_owned() },
            };
            self.happened(output.key, output.at, step);
        }
    }

    fn happened(&mut self, order: u64, at: i64, what: Step) {
        let is_fill = matches!(what, Step::Filled { .. });
        self.tell(Fact::Happened { order, at, what });
        let Some(line) = self.book.line(order) else { return };
        // The fill that completes an order is told with its completion.
        if is_fill && line.state().filled >= line.state().quantity {
            return;
        }
        let Ok(json) = serde_json::to_string(&line.update()) else { return };
        let update = Update { account: line.placed.account.clone(), order, json };
        self.updates_made += 1;
        let verdict = self.plan.judge_update(&update.account, self.updates_made);
        if let UpdateVerdict::Behind { ms } = verdict {
            let ns = i64::try_from(ms).unwrap_or(0).saturating_mul(1_000_000);
            self.held.push((self.machine.saturating_add(ns), update));
            return;
        }
        let account = update.account.clone();
        let count = match verdict {
            UpdateVerdict::Dropped => 0,
            UpdateVerdict::Twice => 2,
            _ => 1,
        };
        self.updates.extend(std::iter::repeat_n(update, count));
        let behind = self.held.extract_if(.., |(_, held)| held.account == account);
        self.updates.extend(behind.map(|(_, update)| update));
    }

    fn tell(&mut self, fact: Fact) {
        self.book.apply(&fact);
        self.facts.push(fact);
    }
}

/// What any broker checks before it takes an order.
fn check(asked: &Placement, placed: &Placed, instrument: &Instrument) -> Result<(), Refused> {
    if asked.variety != Variety::Regular {
        return Err(input("this venue takes regular orders only"));
    }
    if asked.autoslice {
        return Err(input("this venue does not slice orders: send the slices"));
    }
    if asked.lacks_market_protection() {
        return Err(input("MARKET and SL-M orders need `market_protection`: -1, or percent above 0"));
    }
    // The commodity exchange counts in lots.
    let lot = if asked.exchange == Exchange::Mcx { 1 } else { i64::from(instrument.lot_size.max(1)) };
    if placed.quantity % lot != 0 {
        return Err(input(format!("the quantity must be a multiple of the lot size {lot}")));
    }
    let tick = money(instrument.tick_size).unwrap_or_default();
    let off_tick =
        |price: Option<Money>| !tick.is_zero() && price.is_some_and(|price| !price.is_multiple_of(tick));
    if off_tick(placed.price) || off_tick(placed.trigger_price) {
        return Err(input(format!("prices must be multiples of the tick size {tick}")));
    }
    Ok(())
}

fn refused(error_type: ErrorType, message: impl Into<String>) -> Refused {
    Refused { error_type, message: message.into() }
}

fn input(message: impl Into<String>) -> Refused {
    refused(ErrorType::Input, message)
}

fn units(quantity: u64) -> Result<i64, Refused> {
    i64::try_from(quantity).map_err(|_| input("the quantity is too large"))
}

fn money(decimal: Decimal) -> Result<Money, Refused> {
    decimal.to_string().parse().map_err(|error| input(format!("a price {error}")))
}

fn side(side: &Side) -> Result<trade::Side, Refused> {
    match side {
        Side::Buy => Ok(trade::Side::Buy),
        Side::Sell => Ok(trade::Side::Sell),
        Side::Other(_) => Err(input("the transaction type must be BUY or SELL")),
    }
}

fn order_type(order_type: &OrderType) -> Result<trade::OrderType, Refused> {
    match order_type {
        OrderType::Market => Ok(trade::OrderType::Market),
        OrderType::Limit => Ok(trade::OrderType::Limit),
        OrderType::StopLimit => Ok(trade::OrderType::StopLimit),
        OrderType::StopMarket => Ok(trade::OrderType::StopMarket),
        OrderType::Other(_) => Err(input("the order type must be MARKET, LIMIT, SL or SL-M")),
    }
}

#[cfg(test)]
mod tests;
