//! An account at a venue that speaks the Kite protocol: calls out, answers, updates and books in.
//!
//! Enters: calls that the engine has released. Leaves: facts and books, to the deciding thread. Nothing is ever sent twice: one
//! call is one attempt, and what its fate is the engine decides by the book.

pub mod words;

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::Duration;

use broker::kite::client::{BootNanos, Client, Clock, Settings};
use broker::kite::credentials::Credentials;
use broker::kite::endpoint::Endpoint;
use broker::kite::updates::{self, Pace, Update};
use engine::Reply;
use engine::reconcile::{Book, BookPosition};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use trade::event::{Answer, Call, CallAnswered, Class, Halted, Intended, TradeReported};
use trade::{AccountId, Event, Order, Product, State};

use super::desk::{Message, Submission};
use crate::clock::{boot_nanos, machine_now};

/// Calls on their way to one venue. When it is full the call never left.
const CALLS_QUEUE: usize = 1_024;
/// Calls in flight at one venue; further ones wait, each at most until its `send_by`.
const CALLS_IN_FLIGHT: usize = 16;
/// Updates of the venue's socket that wait. The socket is read no faster than they are taken.
const UPDATES_QUEUE: usize = 1_024;
/// Books are read at least so often.
const BOOK_EVERY: Duration = Duration::from_secs(15);

/// The connection of one account, for as long as this instance decides for it. Dropping it ends it: calls in flight are
/// finished and answered.
pub struct Remote {
    work: mpsc::Sender<Work>,
    stop: watch::Sender<bool>,
}

enum Work {
    Call { intended: Box<Intended>, order: Arc<Order>, send_by: i64 },
    ReadBook { cause: &'static str, reply: Option<oneshot::Sender<Reply>> },
}

struct Account {
    name: AccountId,
    class: Class,
    client: Client,
    messages: SyncSender<Message>,
    states: watch::Receiver<State>,
    stop: watch::Receiver<bool>,
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

impl Remote {
    /// Connects.
    pub(super) fn start(
        runtime: &Handle,
        (name, class): (AccountId, Class),
        endpoint: Endpoint,
        credentials: Credentials,
        messages: SyncSender<Message>,
        states: watch::Receiver<State>,
    ) -> Remote {
        let (work, inbox) = mpsc::channel(CALLS_QUEUE);
        let (stop, stopped) = watch::channel(false);
        let clock: Clock = Arc::new(|| BootNanos(u64::try_from(boot_nanos()).unwrap_or(0)));
        let client = Client::new(endpoint.clone(), credentials.clone(), Settings::default(), clock);
        let account = Arc::new(Account { name, class, client, messages, states, stop: stopped.clone() });
        let (updates, told) = mpsc::channel(UPDATES_QUEUE);
        runtime.spawn(work_off(Arc::clone(&account), inbox));
        runtime.spawn(listen(Arc::clone(&account), told));
        runtime.spawn(async move {
            let end = updates::follow(&endpoint, &credentials, Pace::default(), updates, stopped).await;
            if end == updates::End::SessionEnded {
                account.session_ended().await;
            }
        });
        Remote { work, stop }
    }

    /// Makes a call; its end comes as a fact.
    pub(super) fn send(
        &self,
        intended: Intended,
        order: Arc<Order>,
        send_by: i64,
    ) -> Result<(), &'static str> {
        let work = Work::Call { intended: Box::new(intended), order, send_by };
        self.work.try_send(work).map_err(|_| "too many calls wait for the venue")
    }

    /// Reads the book; it comes as a message. A book that cannot be read now answers `reply` with why.
    pub(super) fn read_book(&self, cause: &'static str, reply: Option<oneshot::Sender<Reply>>) {
        if let Err(error) = self.work.try_send(Work::ReadBook { cause, reply }) {
            let (mpsc::error::TrySendError::Full(work) | mpsc::error::TrySendError::Closed(work)) = error;
            if let Work::ReadBook { reply: Some(reply), .. } = work {
                let _ = reply.send(Reply::Unavailable { why: "too much waits for the venue".into() });
            }
        }
    }
}

async fn work_off(account: Arc<Account>, mut inbox: mpsc::Receiver<Work>) {
    let places = Arc::new(Semaphore::new(CALLS_IN_FLIGHT));
    let mut due = tokio::time::interval(BOOK_EVERY);
    due.reset();
    let mut stop = account.stop.clone();
    loop {
        let work = tokio::select! {
            work = inbox.recv() => work,
            _ = due.tick() => Some(Work::ReadBook { cause: "interval", reply: None }),
            _ = stop.wait_for(|stop| *stop) => None,
        };
        let Some(work) = work else {
            // What still waits here was not sent, and will not be.
            inbox.close();
            while let Some(work) = inbox.recv().await {
                if let Work::Call { intended, .. } = work {
                    account.never_left(&intended, "the connection was closed first").await;
                }
            }
            return;
        };
        let account = Arc::clone(&account);
        match work {
            Work::Call { intended, order, send_by } => {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                tokio::spawn(async move {
                    account.call(&intended, &order, send_by).await;
                    drop(place);
                });
            }
            Work::ReadBook { cause, reply } => {
                tokio::spawn(async move { account.read_book(cause, reply).await });
            }
        }
    }
}

async fn listen(account: Arc<Account>, mut told: mpsc::Receiver<Update>) {
    let mut next = told.recv().await;
    while let Some(update) = next.take() {
        match update {
            Update::Connected => account.read_book("connected", None).await,
            Update::Unreadable => account.read_book("unreadable_update", None).await,
            Update::Order(order) => {
                let mut orders = vec![*order];
                while next.is_none()
                    && let Ok(update) = told.try_recv()
                {
                    match update {
                        Update::Order(order) => orders.push(*order),
                        other => next = Some(other),
                    }
                }
                account.take_updates(&orders).await;
            }
            Update::Lost(why) => {
                tracing::warn!(account = %account.name, %why, "order updates are interrupted")
            }
        }
        if next.is_none() {
            next = told.recv().await;
        }
    }
}

impl Account {
    async fn call(&self, intended: &Intended, order: &Order, send_by: i64) {
        let named = self.named(intended, order, send_by).await;
        let answer = match words::call(&intended.call, named.as_deref().unwrap_or(order)) {
            Err(why) => Answer::NeverLeft { why },
            Ok(call) => {
                let risky = !matches!(intended.call, Call::Cancel);
                let states = self.states.clone();
                let name = self.name.clone();
                let stop = self.stop.clone();
                // Between the intent and the first byte: is trading still on, is the account still ours?
                let halted = move || states.borrow().halt(&name).is_some();
                let allowed = move || !(*stop.borrow() || risky && halted());
                self.deliver(Message::Sent(self.name.clone(), intended.intent)).await;
                let send_by = BootNanos(u64::try_from(send_by).unwrap_or(0));
                let fate = self.client.send_while(&call, send_by, &allowed).await;
                if fate.is_session_ended() {
                    self.session_ended().await;
                }
                words::answer(fate)
            }
        };
        self.answered(intended, answer).await;
    }

    async fn answered(&self, intended: &Intended, answer: Answer) {
        let answered = CallAnswered { intent: intended.intent, account: self.name.clone(), answer };
        self.deliver(Message::Facts(vec![Event::CallAnswered(answered)])).await;
    }

    /// A change that was decided before the placement was answered waits for the venue's id of the order: at most until it may
    /// not be sent any more.
    async fn named(&self, intended: &Intended, order: &Order, send_by: i64) -> Option<Arc<Order>> {
        if order.venue_order_id.is_some() || intended.intent.n == 1 {
            return None;
        }
        let left = u64::try_from(send_by - boot_nanos()).unwrap_or(0);
        let find = |state: &State| {
            state.orders.get(&order.id).filter(|order| order.venue_order_id.is_some()).map(Arc::clone)
        };
        let mut states = self.states.clone();
        let waited = async {
            states.wait_for(|state| find(state).is_some()).await.ok().and_then(|state| find(&state))
        };
        tokio::time::timeout(Duration::from_nanos(left), waited).await.ok().flatten()
    }

    async fn never_left(&self, intended: &Intended, why: &str) {
        self.answered(intended, Answer::NeverLeft { why: why.to_owned() }).await;
    }

    async fn take_updates(&self, told: &[kite::rest::orders::Order]) {
        let state = self.states.borrow().clone();
        let reports: Vec<_> = told
            .iter()
            .filter_map(|told| {
                let order = words::ours(told, &state, &self.name)?;
                Some((order, words::book_order(told, Some(order))?))
            })
            .collect();
        let mut facts = Vec::new();
        // Positions follow trades: they come before the report that counts them.
        if reports.iter().any(|(_, report)| report.filled > 0) {
            match self.client.trades().await {
                Ok(trades) => {
                    for trade in trades.iter().filter_map(words::book_trade) {
                        let order = reports
                            .iter()
                            .find(|(_, report)| report.venue_order_id == trade.venue_order_id)
                            .map(|(order, _)| *order);
                        if let Some(order) = order {
                            facts.push(Event::TradeReported(TradeReported {
                                trade_id: trade.trade_id,
                                order,
                                account: self.name.clone(),
                                quantity: trade.quantity,
                                price: trade.price,
                                at: trade.at,
                            }));
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(account = %self.name, %error, "the venue's trades were not read")
                }
            }
        }
        facts.extend(
            reports
                .into_iter()
                .map(|(order, report)| Event::VenueReported(words::report(report, order, &self.name))),
        );
        self.deliver(Message::Facts(facts)).await;
    }

    async fn read_book(&self, cause: &'static str, reply: Option<oneshot::Sender<Reply>>) {
        match self.book().await {
            Ok(book) => self.deliver(Message::Book(Box::new(book), cause, reply)).await,
            Err(why) => {
                tracing::warn!(account = %self.name, why, cause, "the venue's book was not read");
                if let Some(reply) = reply {
                    let _ = reply.send(Reply::Unavailable { why });
                }
            }
        }
    }

    async fn book(&self) -> Result<Book, String> {
        let (started, started_at) = (boot_nanos(), machine_now().0);
        if self.class == Class::Venue {
            let profile = self.client.profile().await.map_err(|error| error.to_string())?;
            let broker = profile.broker.as_ref().map_or("", String::as_str);
            if broker != "MERIDIAN-VENUE" {
                return Err(format!("`{broker}` answers there, and no local venue"));
            }
        }
        let orders = self.client.orders().await.map_err(|error| error.to_string())?;
        let trades = self.client.trades().await.map_err(|error| error.to_string())?;
        let positions = self.client.positions().await.map_err(|error| error.to_string())?;
        let state = self.states.borrow().clone();
        let read: Option<Vec<_>> = orders
            .iter()
            .map(|told| words::book_order(told, words::ours(told, &state, &self.name)))
            .collect();
        let fills: Option<Vec<_>> = trades.iter().map(words::book_trade).collect();
        let (Some(orders), Some(trades)) = (read, fills) else {
            return Err("a quantity or price in the book is no number".into());
        };
        let positions = positions.net.iter().filter_map(|told| {
            let product = match told.product {
                kite::rest::words::Product::Cnc => Product::Cnc,
                kite::rest::words::Product::Nrml => Product::Nrml,
                kite::rest::words::Product::Mis => Product::Mis,
                kite::rest::words::Product::Mtf => Product::Mtf,
                _ => return None,
            };
            Some(BookPosition { token: told.instrument_token, product, quantity: told.quantity.to_i64()? })
        });
        Ok(Book {
            account: self.name.clone(),
            started,
            finished: boot_nanos(),
            started_at,
            positions: Some(positions.collect()),
            orders,
            trades,
        })
    }

    /// The broker's day has ended for this token: nothing can be sent until somebody logs in again.
    async fn session_ended(&self) {
        let already =
            self.states.borrow().account(&self.name).is_some_and(|account| account.halted.is_some());
        if already {
            return;
        }
        let why = format!("the broker's session has ended: `meridian account login {}`", self.name);
        let halted =
            Halted { account: Some(self.name.clone()), why, cancel_open: false, by: "broker".into() };
        let (reply, _) = oneshot::channel();
        let event = Box::new(Event::Halted(halted));
        self.deliver(Message::Submit(Submission::Control(event, None), reply)).await;
    }

    /// To the deciding thread. A fact is never dropped: when the queue is full this waits.
    async fn deliver(&self, mut message: Message) {
        loop {
            match self.messages.try_send(message) {
                Ok(()) | Err(TrySendError::Disconnected(_)) => return,
                Err(TrySendError::Full(back)) => {
                    message = back;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
    }
}
