//! The engine: orders and books in, fills out. The rules are told in the module above.

mod arrival;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use trade::request::Changes;

use super::book::{Book, BookUpdate, Traded};
use super::config::{MatcherConfig, NotTaken};
use super::fill::{requeue, take, trade_at_rest};
use super::order::{Group, OpenOrder, Rank, Standing, Terms, Working};
use super::output::{Happening, Output, say};

const CLOSED: &str = "the market has closed";

/// Matches orders against books. The same inputs give the same outputs, always.
///
/// Market time never runs backwards here: an earlier moment counts as the newest one seen.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    config: MatcherConfig,
    now: i64,
    arrivals: u64,
    /// In the order of handing over, which is that of arrival, as the latency is the same for all: where the caller's clock
    /// stepped back, what is behind waits for what is before. Bounded by `orders_max` placements and twice as many changes.
    in_flight: VecDeque<Handed>,
    /// Placements among them.
    arriving: BTreeSet<u64>,
    desks: BTreeMap<u32, Desk>,
    /// Where the orders on the desks are.
    places: BTreeMap<u64, (u32, Rank)>,
    expiries: BTreeSet<(i64, u64)>,
}

/// One instrument.
#[derive(Clone, Debug, Default)]
struct Desk {
    book: Option<Book>,
    orders: BTreeMap<Rank, Working>,
}

#[derive(Clone, Debug)]
struct Handed {
    due: i64,
    key: u64,
    what: Act,
}

#[derive(Clone, Debug)]
enum Act {
    Place(Box<Working>),
    Modify(Box<Changes>),
    Cancel,
}

impl Matcher {
    /// An empty one.
    pub fn new(config: MatcherConfig) -> Matcher {
        Matcher { config, now: i64::MIN, ..Matcher::default() }
    }

    /// Hands an order over at `now` (market time, unix nanoseconds). Keys are the caller's, and never used twice.
    ///
    /// # Errors
    /// [`NotTaken`]: an order with this key is open, or there are too many.
    pub fn place(&mut self, key: u64, terms: Terms, now: i64) -> Result<(), NotTaken> {
        self.hand_over(Working::new(key, terms), now)
    }

    /// Puts back an order that was here before a restart, as far as it had come. It arrives like a new one, but what was told
    /// of it is not told again, and it goes to the end of its queue.
    ///
    /// # Errors
    /// See [`Matcher::place`].
    pub fn restore(&mut self, open: OpenOrder, now: i64) -> Result<(), NotTaken> {
        let mut order = Working::new(open.key, open.terms);
        order.filled = open.filled;
        order.told = open.standing;
        order.is_triggered = open.standing == Standing::Open && open.terms.order_type.has_trigger();
        self.hand_over(order, now)
    }

    /// Hands other terms for an order over. An order that is not open when they arrive refuses them.
    ///
    /// # Errors
    /// [`NotTaken::Full`].
    pub fn modify(&mut self, key: u64, changes: &Changes, now: i64) -> Result<(), NotTaken> {
        self.hand_change_over(key, Act::Modify(Box::new(changes.clone())), now)
    }

    /// Hands a cancellation over. An order that is not open when it arrives refuses it.
    ///
    /// # Errors
    /// [`NotTaken::Full`].
    pub fn cancel(&mut self, key: u64, now: i64) -> Result<(), NotTaken> {
        self.hand_change_over(key, Act::Cancel, now)
    }

    /// The newest book of an instrument: first what was due before it, against the older one. The same update given again
    /// brings nothing back that was taken from it.
    pub fn on_book(&mut self, update: &BookUpdate, out: &mut Vec<Output>) {
        self.advance(update.at, out);
        let now = self.now;
        let desk = self.desks.entry(update.token).or_default();
        let mut traded = match &desk.book {
            Some(book) if book.is(update) => return,
            Some(book) => book.traded_until(update),
            None => Traded::Nothing,
        };
        let has_traded = traded != Traded::Nothing;
        let book = desk.book.insert(Book::new(*update, self.config.depth_share_percent));
        let mut filled = Vec::new();
        for (_, order) in desk.orders.iter_mut().take_while(|(rank, _)| rank.group != Group::Waiting) {
            take(order, book, now, out);
            if has_traded {
                trade_at_rest(order, book, &mut traded, now, out);
            }
            requeue(order, book);
            if order.remaining() == 0 {
                say(out, order.key, now, Happening::Completed);
                filled.push(order.key);
            }
        }
        let last = book.last();
        let waiting = desk.orders.iter().rev().take_while(|(rank, _)| rank.group == Group::Waiting);
        let mut touched: Vec<u64> =
            waiting.filter(|(_, order)| order.terms.is_touched(last)).map(|(_, order)| order.key).collect();
        touched.reverse();
        for key in filled {
            self.remove(key);
        }
        for key in touched {
            if let Some(order) = self.remove(key) {
                self.enter(order, out);
            }
        }
    }

    /// Lets everything happen that is due up to `now`.
    pub fn advance(&mut self, now: i64, out: &mut Vec<Output>) {
        let until = now.max(self.now);
        loop {
            let arrival = self.in_flight.front().map(|handed| handed.due).filter(|due| *due <= until);
            let expiry = self.expiries.first().copied().filter(|(at, _)| *at <= until);
            match (arrival, expiry) {
                (arrival, Some((at, key))) if arrival.is_none_or(|due| at <= due) => {
                    self.now = self.now.max(at);
                    self.end(key, Happening::Expired, out);
                }
                (Some(due), _) => {
                    self.now = self.now.max(due);
                    if let Some(handed) = self.in_flight.pop_front() {
                        self.arrive(handed, out);
                    }
                }
                (None, _) => break,
            }
        }
        self.now = until;
    }

    /// When [`Matcher::advance`] next has something to do without a new book: market time, unix nanoseconds.
    pub fn next_due(&self) -> Option<i64> {
        let arrival = self.in_flight.front().map(|handed| handed.due);
        let expiry = self.expiries.first().map(|(at, _)| *at);
        arrival.into_iter().chain(expiry).min()
    }

    /// Instruments that have orders, lowest token first: their books are wanted, and so is the newest book of an instrument
    /// before the first order in it.
    pub fn wanted(&self) -> Vec<u32> {
        let resting = self.desks.iter().filter(|(_, desk)| !desk.orders.is_empty()).map(|(token, _)| *token);
        let arriving = self.in_flight.iter().filter_map(Handed::token);
        resting.chain(arriving).collect::<BTreeSet<u32>>().into_iter().collect()
    }

    /// Orders that have not ended, those on their way included, in no particular order.
    pub fn open(&self) -> impl Iterator<Item = OpenOrder> {
        let arriving = self.in_flight.iter().filter_map(|handed| match &handed.what {
            Act::Place(order) => Some(order.open_order()),
            _ => None,
        });
        let resting = self.desks.values().flat_map(|desk| desk.orders.values().map(Working::open_order));
        arriving.chain(resting)
    }

    /// The order `key`, unless it has ended.
    pub fn order(&self, key: u64) -> Option<OpenOrder> {
        if self.arriving.contains(&key) {
            return self.open().find(|order| order.key == key);
        }
        self.working(key).map(Working::open_order)
    }

    /// The day is over for the instruments for which `closed` is true: what is on its way there arrives, a change is refused,
    /// every order that is left expires, and the books are forgotten.
    pub fn end_of_day(&mut self, now: i64, closed: impl Fn(u32) -> bool, out: &mut Vec<Output>) {
        self.advance(now, out);
        let now = self.now;
        for handed in std::mem::take(&mut self.in_flight) {
            let token = handed.token().or_else(|| self.places.get(&handed.key).map(|(token, _)| *token));
            // Changes of orders that have ended can as well be refused now; those of arriving ones wait for them.
            if !token.map_or(!self.arriving.contains(&handed.key), &closed) {
                self.in_flight.push_back(handed);
                continue;
            }
            match handed.what {
                Act::Place(_) => {
                    self.arriving.remove(&handed.key);
                    say(out, handed.key, now, Happening::Expired);
                }
                Act::Cancel => self.cancel_now(handed.key, out),
                Act::Modify(_) => say(out, handed.key, now, Happening::ChangeRefused { message: CLOSED }),
            }
        }
        let over = self.desks.iter().filter(|(token, _)| closed(**token));
        let keys: Vec<u64> = over.flat_map(|(_, desk)| desk.orders.values().map(|order| order.key)).collect();
        for key in keys {
            self.end(key, Happening::Expired, out);
        }
        self.desks.retain(|token, _| !closed(*token));
    }

    fn hand_over(&mut self, order: Working, now: i64) -> Result<(), NotTaken> {
        let key = order.key;
        if self.arriving.contains(&key) || self.places.contains_key(&key) {
            return Err(NotTaken::KeyInUse);
        }
        if self.arriving.len() + self.places.len() >= self.config.orders_max {
            return Err(NotTaken::Full);
        }
        self.arriving.insert(key);
        self.send(key, Act::Place(Box::new(order)), now);
        Ok(())
    }

    fn hand_change_over(&mut self, key: u64, what: Act, now: i64) -> Result<(), NotTaken> {
        if self.in_flight.len() - self.arriving.len() >= self.config.orders_max.saturating_mul(2) {
            return Err(NotTaken::Full);
        }
        self.send(key, what, now);
        Ok(())
    }

    fn send(&mut self, key: u64, what: Act, now: i64) {
        // Time itself only passes in `advance`: what was due before `now` has not happened yet.
        let due = now.max(self.now).saturating_add(self.config.latency_ns.max(0));
        self.in_flight.push_back(Handed { due, key, what });
    }

    fn keep(&mut self, order: Working) {
        let (token, rank) = (order.terms.token, order.rank());
        if let Some(at) = order.terms.expires_at {
            self.expiries.insert((at, order.key));
        }
        self.places.insert(order.key, (token, rank));
        self.desks.entry(token).or_default().orders.insert(rank, order);
    }

    fn remove(&mut self, key: u64) -> Option<Working> {
        let (token, rank) = self.places.remove(&key)?;
        let order = self.desks.get_mut(&token)?.orders.remove(&rank)?;
        if let Some(at) = order.terms.expires_at {
            self.expiries.remove(&(at, key));
        }
        Some(order)
    }

    fn end(&mut self, key: u64, how: Happening, out: &mut Vec<Output>) {
        if self.remove(key).is_some() {
            say(out, key, self.now, how);
        }
    }

    fn working(&self, key: u64) -> Option<&Working> {
        let (token, rank) = self.places.get(&key)?;
        self.desks.get(token)?.orders.get(rank)
    }
}

impl Handed {
    /// Of which instrument, if it is a placement.
    fn token(&self) -> Option<u32> {
        match &self.what {
            Act::Place(order) => Some(order.terms.token),
            _ => None,
        }
    }
}
