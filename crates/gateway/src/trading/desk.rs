//! Where handlers bring signals and commands and where they look at the state.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::Reply;
use engine::reconcile::Book;
use journal::DbError;
use journal::events::{Journal, Row, SqliteJournal};
use tokio::sync::{broadcast, oneshot, watch};
use trade::event::{Class, ConversionCommanded, FateResolved, GttCommanded, OrderCommanded, SignalReceived};
use trade::{AccountId, Event, GttId, IntentId, Order, OrderId, OrderIds, State};

use super::credentials::AccessTokens;
use super::eye::Eye;
use crate::config::Reach;

/// Requests on their way to the deciding thread. When it is full the request is refused at once with 503: it was not taken.
pub const DESK_QUEUE: usize = 8_192;

/// Undecided signals, commands and conversions of one account: while nobody can decide for it, further ones are refused with 503.
const PENDING_MAX: usize = 10_000;

/// Changed orders on their way to sockets. A socket that falls so far behind is told that it has missed some (the channel says
/// how many) and looks at the state instead.
pub const UPDATES_QUEUE: usize = 4_096;

/// What the deciding thread is told.
pub(super) enum Message {
    /// A signal, a command, control or a judgement, and who waits for its row.
    Submit(Submission, oneshot::Sender<Reply>),
    /// What a venue said.
    Facts(Vec<Event>),
    /// A call went out.
    Sent(AccountId, IntentId),
    /// A venue's book was read.
    Book(Box<Book>, &'static str, Option<oneshot::Sender<Reply>>),
    /// Somebody wants an account compared with its venue's book.
    Reconcile(AccountId, oneshot::Sender<Reply>),
    /// The address or the token of an account has changed.
    Reconnect(AccountId),
    /// Write a snapshot, release what is held, end.
    End,
}

pub(super) enum Submission {
    Signal(Box<SignalReceived>),
    Command(Box<OrderCommanded>),
    Conversion(Box<ConversionCommanded>),
    Gtt(Box<GttCommanded>),
    Control(Box<Event>, Option<u64>),
    Judgement(Box<FateResolved>),
}

/// The deciding thread does not take more at the moment, or has ended: the request was not taken and may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the order desk is busy: nothing was recorded, send it again")]
pub struct DeskBusy;

/// The handlers' side of the deciding thread.
pub struct Desk {
    pub(super) messages: SyncSender<Message>,
    pub(super) states: watch::Receiver<State>,
    pub(super) updates: broadcast::Sender<Arc<Order>>,
    /// A journal handle of its own, for reading rows.
    pub(super) journal: Arc<Mutex<SqliteJournal>>,
    pub(super) ids: Mutex<OrderIds>,
    /// The highest number of an order that waits for a price which was drawn here.
    pub(super) gtts: AtomicU64,
    pub(super) eye: Eye,
    pub(super) instance: u32,
    pub(super) reach: Reach,
    pub(super) tokens: AccessTokens,
}

impl Desk {
    /// Everything that is durable and folded here, whole and consistent. Cheap. At or after every row that this instance has
    /// replied with.
    pub fn state(&self) -> State {
        self.states.borrow().clone()
    }

    /// Every order that changes from now on, as it stands after the change; `order.seq` rises.
    pub fn updates(&self) -> broadcast::Receiver<Arc<Order>> {
        self.updates.subscribe()
    }

    /// The market as decisions see it.
    pub const fn eye(&self) -> &Eye {
        &self.eye
    }

    /// The number under which this instance is registered in the journal.
    pub const fn instance(&self) -> u32 {
        self.instance
    }

    /// A new order id for a command.
    pub fn draw_order_id(&self) -> OrderId {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.set_incarnation(self.states.borrow().incarnation);
        ids.draw()
    }

    /// Brings a signal; answers once it is durable. Its verdict is in a later state: see [`Desk::until`].
    ///
    /// # Errors
    /// [`DeskBusy`].
    pub async fn signal(&self, signal: SignalReceived) -> Result<Reply, DeskBusy> {
        if signal.signal.children.iter().any(|child| self.is_full(&child.account)) {
            return Err(DeskBusy);
        }
        self.submit(Submission::Signal(Box::new(signal))).await
    }

    /// Brings a command.
    ///
    /// # Errors
    /// [`DeskBusy`].
    pub async fn command(&self, command: OrderCommanded) -> Result<Reply, DeskBusy> {
        if self.is_full(&command.account) {
            return Err(DeskBusy);
        }
        self.submit(Submission::Command(Box::new(command))).await
    }

    /// Brings a conversion of a position.
    ///
    /// # Errors
    /// [`DeskBusy`].
    pub async fn convert(&self, conversion: ConversionCommanded) -> Result<Reply, DeskBusy> {
        if self.is_full(&conversion.account) {
            return Err(DeskBusy);
        }
        self.submit(Submission::Conversion(Box::new(conversion))).await
    }

    /// A number for an order that waits for a price. Another instance may have given it meanwhile: then its row is in conflict,
    /// and the next one will do.
    pub fn draw_gtt_id(&self) -> GttId {
        let newest = self.states.borrow().gtts.newest;
        let next = |drawn: u64| Some(drawn.max(newest) + 1);
        let drawn = self.gtts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        GttId(drawn.unwrap_or_default().max(newest) + 1)
    }

    /// Brings a command about an order that waits for a price.
    ///
    /// # Errors
    /// [`DeskBusy`].
    pub async fn gtt(&self, command: GttCommanded) -> Result<Reply, DeskBusy> {
        self.submit(Submission::Gtt(Box::new(command))).await
    }

    /// Brings a fact of stream `control`: a halt, limits, an account, a flag.
    ///
    /// # Errors
    /// [`DeskBusy`].
    pub async fn control(&self, event: Event) -> Result<Reply, DeskBusy> {
        self.submit(Submission::Control(Box::new(event), None)).await
    }

    /// The same for what was made from the row `made_at` (see [`engine::Input::Control`]): a conflict if there is a newer one.
    ///
    /// # Errors
    /// [`DeskBusy`].
    pub async fn control_made_at(&self, made_at: u64, event: Event) -> Result<Reply, DeskBusy> {
        self.submit(Submission::Control(Box::new(event), Some(made_at))).await
    }

    /// Brings a person's word on a call of unknown fate.
    ///
    /// # Errors
    /// [`DeskBusy`].
    pub async fn judge(&self, resolved: FateResolved) -> Result<Reply, DeskBusy> {
        self.submit(Submission::Judgement(Box::new(resolved))).await
    }

    /// Brings what a venue said (a postback).
    ///
    /// # Errors
    /// [`DeskBusy`].
    pub fn facts(&self, events: Vec<Event>) -> Result<(), DeskBusy> {
        self.messages.try_send(Message::Facts(events)).map_err(|_| DeskBusy)
    }

    /// Compares an account with its venue's book; the reply is the row of its `reconciled` event.
    ///
    /// # Errors
    /// [`DeskBusy`].
    pub async fn reconcile(&self, account: AccountId) -> Result<Reply, DeskBusy> {
        self.ask(|reply| Message::Reconcile(account, reply)).await
    }

    /// Waits until `find` finds something in the newest state, at most `patience`.
    pub async fn until<T>(&self, patience: Duration, find: impl Fn(&State) -> Option<T>) -> Option<T> {
        let mut states = self.states.clone();
        let found = async {
            loop {
                let found = find(&states.borrow_and_update());
                if found.is_some() {
                    return found;
                }
                if states.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(patience, found).await.ok().flatten()
    }

    /// True when this start may send orders of accounts of `class` at all (`--broker`).
    pub fn reaches(&self, class: Class) -> bool {
        self.reach.includes(class)
    }

    /// Sealed access tokens of accounts.
    pub const fn tokens(&self) -> &AccessTokens {
        &self.tokens
    }

    /// The address or the token of `account` has changed: connect it anew.
    ///
    /// # Errors
    /// [`DeskBusy`].
    pub fn reconnect(&self, account: AccountId) -> Result<(), DeskBusy> {
        self.messages.try_send(Message::Reconnect(account)).map_err(|_| DeskBusy)
    }

    /// Reads the journal, off the sockets' threads.
    ///
    /// # Errors
    /// What the database said.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut SqliteJournal) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let journal = Arc::clone(&self.journal);
        let work = move || read(&mut journal.lock().unwrap_or_else(PoisonError::into_inner));
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            // It cannot be cancelled; its panic has been reported where it happened.
            Err(_) => Err(DbError::Poisoned),
        }
    }

    /// The newest 4,096 rows about `subject` (see [`engine::rows::subject`]), oldest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn newest_rows_about(&self, subject: String) -> Result<Vec<Row>, DbError> {
        self.read(move |journal| journal.newest_by_subject(&subject, usize::MAX)).await
    }

    /// The first 4,096 rows about `subject`, oldest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn rows_about(&self, subject: String) -> Result<Vec<Row>, DbError> {
        self.read(move |journal| journal.by_subject(&subject, usize::MAX)).await
    }

    /// The row `seq` of the journal.
    ///
    /// # Errors
    /// What the database said.
    pub async fn row(&self, seq: u64) -> Result<Option<Row>, DbError> {
        let Some(before) = seq.checked_sub(1) else { return Ok(None) };
        self.read(move |journal| Ok(journal.read(before, 1)?.pop())).await
    }

    fn is_full(&self, account: &AccountId) -> bool {
        self.states.borrow().account(account).is_some_and(|account| account.pending.len() >= PENDING_MAX)
    }

    async fn submit(&self, submission: Submission) -> Result<Reply, DeskBusy> {
        self.ask(|reply| Message::Submit(submission, reply)).await
    }

    async fn ask(&self, message: impl FnOnce(oneshot::Sender<Reply>) -> Message) -> Result<Reply, DeskBusy> {
        let (sender, receiver) = oneshot::channel();
        match self.messages.try_send(message(sender)) {
            Ok(()) => receiver.await.map_err(|_| DeskBusy),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(DeskBusy),
        }
    }
}
