//! The one thread that owns book, log and market.
//!
//! Enters: requests from the sockets, ticks of its own market. Leaves: replies and updates, only once the disk has
//! what they tell of. Never here: HTTP, and what a request means ([`crate::engine`]).
//!
//! Requests wait in a bounded queue; when it is full a request is answered 503 and was not looked at. They are
//! worked off in batches, each of which is one write and one sync.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use broker::paper::BookUpdate;
use feed::Market;
use kite::rest::envelope;
use kite::rest::words::ErrorType;
use market::{Tick, UnixNanos};
use tokio::sync::{broadcast, oneshot};

use crate::engine::{Call, Engine, Now, Refused};
use crate::fact::Fact;
use crate::faults::{Plan, Verdict};
use crate::http::user;
use crate::log::{Log, LogError};

/// Requests that wait.
pub const QUEUE: usize = 1_024;
/// Updates that wait for one socket. A socket that falls further behind is closed: its reader comes again and reads
/// the book.
pub const UPDATES: usize = 1_024;
/// Requests of one batch.
const BATCH: usize = 256;
/// Longest sleep: how late the thread may notice that it should end.
const NAP: Duration = Duration::from_millis(50);
/// Market time made at once, in nanoseconds: a tenth of a second, so that a tick is matched at about its own time.
const STRIDE: i64 = 100_000_000;
/// Market time that is caught up, in nanoseconds; after a longer pause the market is joined where it is.
const CATCH_UP: i64 = 10_000_000_000;

/// Tells the two clocks' times.
pub type Clock = Arc<dyn Fn() -> Now + Send + Sync>;

/// Listeners of each account.
pub type Listeners = HashMap<String, broadcast::Sender<Arc<str>>>;

/// One request and where its reply goes.
#[derive(Debug)]
pub struct Request {
    /// Whose.
    pub account: String,
    /// What.
    pub ask: Ask,
    /// Who waits.
    pub reply: oneshot::Sender<Reply>,
}

/// What can be asked.
#[derive(Debug)]
pub enum Ask {
    /// Something that changes something.
    Call(Box<Call>),
    /// Something that does not.
    Read(Read),
    /// What arrived, of all accounts.
    Ledger,
    /// The faults that hold.
    Plan,
    /// Other faults.
    SetPlan(Plan),
}

/// What can be read of an account.
#[derive(Debug)]
pub enum Read {
    /// Who it is.
    Profile,
    /// Money, in one segment or in all.
    Margins(Option<String>),
    /// Orders of the day.
    Orders,
    /// States of one order.
    History(String),
    /// Fills of one order.
    TradesOf(String),
    /// Fills of the day.
    Trades,
    /// Positions.
    Positions,
    /// Securities in the depository: none.
    Holdings,
}

/// A reply.
#[derive(Debug)]
pub struct Reply {
    /// The body of a success, or a refusal.
    pub result: Result<Vec<u8>, Refused>,
    /// What the faults make of it.
    pub verdict: Verdict,
}

/// The thread's belongings.
pub struct Desk {
    pub(crate) engine: Engine,
    pub(crate) log: Log,
    pub(crate) market: Box<dyn Market>,
    pub(crate) clock: Clock,
    pub(crate) speed: f64,
    pub(crate) requests: Receiver<Request>,
    pub(crate) listeners: Arc<Listeners>,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) state: Progress,
}

/// How far it has come.
#[derive(Default)]
pub(crate) struct Progress {
    reached: Option<UnixNanos>,
    listing_version: Option<u64>,
    /// Replies that are made and wait for the disk.
    made: Vec<(oneshot::Sender<Reply>, Reply)>,
    /// Acknowledgements that wait for a fill.
    waiting: Vec<Waiting>,
}

struct Waiting {
    order: u64,
    until: i64,
    reply: oneshot::Sender<Reply>,
    made: Reply,
}

impl Desk {
    /// Works until told to stop.
    ///
    /// # Errors
    /// The log could not be written: what the book says is then not what the disk has, and nobody may be told of it.
    pub fn run(mut self) -> Result<(), LogError> {
        let mut nap = Duration::ZERO;
        while !self.stop.load(Ordering::Relaxed) {
            let first = match self.requests.recv_timeout(nap) {
                Ok(request) => Some(request),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            let now = (self.clock)();
            self.go_to(now);
            let batch: Vec<Request> = first.into_iter().chain(self.requests.try_iter()).take(BATCH).collect();
            for request in batch {
                self.work(request, now);
            }
            self.engine.advance(now);
            self.let_out(now)?;
            nap = self.until_next((self.clock)());
        }
        Ok(())
    }

    /// Brings the market, and the orders in it, to `now`.
    pub(crate) fn go_to(&mut self, now: Now) {
        let mut ticks = Vec::new();
        let mut reached = match self.state.reached {
            Some(reached) if now.market.0.saturating_sub(reached.0) <= CATCH_UP => reached,
            _ => {
                self.market.advance(now.market, &mut ticks);
                ticks.clear();
                self.market.snapshot(&mut ticks);
                now.market
            }
        };
        loop {
            self.relist();
            self.engine.on_books(ticks.drain(..).map(|tick: Tick| BookUpdate::from_tick(&tick, reached.0)));
            if reached >= now.market {
                break;
            }
            let next = UnixNanos(reached.0.saturating_add(STRIDE).min(now.market.0));
            if next.ist_date() != reached.ist_date() {
                self.engine.end_of_day(Now { market: next, ..now });
            }
            self.market.advance(next, &mut ticks);
            reached = next;
        }
        let before = self.state.reached.replace(reached);
        if before
            .is_some_and(|before| before.ist_date() < reached.ist_date() && reached.0 - before.0 > CATCH_UP)
        {
            self.engine.end_of_day(now);
        }
        self.engine.advance(now);
    }

    fn relist(&mut self) {
        let version = self.market.listing_version();
        if self.state.listing_version.replace(version) != Some(version) {
            self.engine.relist(self.market.instruments());
        }
    }

    fn work(&mut self, request: Request, now: Now) {
        let Request { account, ask, reply } = request;
        let honest = |body| Reply { result: Ok(body), verdict: Verdict::default() };
        let made = match ask {
            Ask::Call(call) => {
                let answer = self.engine.call(&account, *call, now);
                let taken =
                    |order: u64| envelope::success(&serde_json::json!({ "order_id": order.to_string() }));
                let made = Reply { result: answer.result.clone().map(taken), verdict: answer.verdict };
                if let (Ok(order), Some(ms)) = (answer.result, answer.verdict.fill_first_ms) {
                    let until = now.machine.saturating_add(i64::try_from(ms).unwrap_or(0) * 1_000_000);
                    self.state.waiting.push(Waiting { order, until, reply, made });
                    return;
                }
                made
            }
            Ask::Read(read) => {
                Reply { verdict: self.engine.judge_read(&account), result: self.read(&account, &read, now) }
            }
            Ask::Ledger => honest(envelope::success(self.engine.book().ledger())),
            Ask::Plan => honest(envelope::success(self.engine.plan())),
            Ask::SetPlan(plan) => {
                self.engine.set_plan(plan);
                honest(envelope::success(self.engine.plan()))
            }
        };
        self.state.made.push((reply, made));
    }

    fn read(&self, account: &str, read: &Read, now: Now) -> Result<Vec<u8>, Refused> {
        let book = self.engine.book();
        let none = || Refused {
            error_type: ErrorType::Order,
            message: "Order not found: this account has no such order".into(),
        };
        Ok(match read {
            Read::Profile => envelope::success(&user::profile(account)),
            Read::Margins(segment) => user::margins(segment.as_deref())?,
            Read::Orders => envelope::success(&book.orders(account, now.market, now.machine)),
            Read::History(id) => envelope::success(&book.history(account, id, now.machine).ok_or_else(none)?),
            Read::TradesOf(id) => {
                envelope::success(&book.trades_of(account, id, now.machine).ok_or_else(none)?)
            }
            Read::Trades => envelope::success(&book.trades(account, now.market, now.machine)),
            Read::Positions => {
                let last = |token| self.engine.last(token);
                envelope::success(&book.positions(account, now.market, now.machine, last))
            }
            Read::Holdings => envelope::success::<[(); 0]>(&[]),
        })
    }

    /// The disk first, then everybody else. Who has gone meanwhile hears nothing.
    fn let_out(&mut self, now: Now) -> Result<(), LogError> {
        let facts: Vec<Fact> = self.engine.take_facts();
        if !facts.is_empty() {
            self.log.append(&facts)?;
        }
        for (reply, made) in self.state.made.drain(..) {
            let _ = reply.send(made);
        }
        for update in self.engine.take_updates() {
            if let Some(listeners) = self.listeners.get(&update.account) {
                let text = format!(r#"{{"type":"order","data":{}}}"#, update.json);
                let _ = listeners.send(text.into());
            }
        }
        let book = self.engine.book();
        let is_over = |waiting: &mut Waiting| {
            let line = book.line(waiting.order);
            waiting.until <= now.machine || line.is_none_or(|line| !line.is_open() || line.state().filled > 0)
        };
        for waiting in self.state.waiting.extract_if(.., is_over) {
            let _ = waiting.reply.send(waiting.made);
        }
        Ok(())
    }

    fn until_next(&self, now: Now) -> Duration {
        let market = [self.market.next_at(), self.engine.next_due()].into_iter().flatten().min();
        let market = market.map(|due| (due.0.saturating_sub(now.market.0).max(0) as f64 / self.speed) as u64);
        let held =
            self.state.waiting.iter().map(|waiting| waiting.until).chain(self.engine.next_held()).min();
        let held = held.map(|due| due.saturating_sub(now.machine).max(0).unsigned_abs());
        market.into_iter().chain(held).map(Duration::from_nanos).min().unwrap_or(NAP).min(NAP)
    }
}
