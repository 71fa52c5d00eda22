//! The fold of all events about trading. A copy costs nothing (the maps share their nodes), so readers and speculation get
//! whole, consistent states.

use std::sync::Arc;

use jiff::civil::Date;
use rpds::{QueueSync, RedBlackTreeMapSync, RedBlackTreeSetSync};
use serde::{Deserialize, Serialize};

use crate::budget::Budget;
use crate::event::{
    AccountAdded, Cause, CommandedAct, ConversionCommanded, Decided, Halted, KiteFields, TradeReported,
};
use crate::gtt::Gtts;
use crate::ids::{AccountId, ClientId, GttId, OrderId, SignalId};
use crate::limits::Limits;
use crate::money::Money;
use crate::order::Order;
use crate::position::Position;
use crate::request::Product;
use crate::signal::{Child, Signal};

/// Ended orders and decided signals that are kept, of each; older ones are in the journal, which also keeps their ids unique.
pub const ENDED_KEPT: usize = 50_000;

/// Trades that are kept per account.
pub const TRADES_KEPT: usize = 10_000;

/// Everything that decisions and answers need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The newest row folded.
    pub seq: u64,
    /// The newest row of stream `control` folded.
    pub control_seq: u64,
    /// Part of order ids.
    pub incarnation: u32,
    /// By name.
    pub accounts: RedBlackTreeMapSync<AccountId, Arc<Account>>,
    /// Open ones, and the newest ended ones.
    pub orders: RedBlackTreeMapSync<OrderId, Arc<Order>>,
    /// Undecided ones, and the newest decided ones.
    pub signals: RedBlackTreeMapSync<SignalId, Arc<SignalState>>,
    /// Orders by their client's own name.
    pub clients: RedBlackTreeMapSync<ClientId, Commanded>,
    /// The other way round, so that a forgotten order takes its name along.
    pub client_names: RedBlackTreeMapSync<OrderId, ClientId>,
    /// The halt of all accounts.
    pub halted: Option<Halted>,
    /// Feature flags that were ever set.
    pub flags: RedBlackTreeMapSync<String, bool>,
    /// Ended orders in the order of their end, oldest first: who goes first when too many are kept.
    pub ended_orders: QueueSync<OrderId>,
    /// Decided signals in the order of their last decision, oldest first.
    pub ended_signals: QueueSync<SignalId>,
    /// Orders that wait for a price, and the newest ended ones.
    pub gtts: Gtts,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// As it was added.
    pub added: AccountAdded,
    /// What it may do.
    pub limits: Limits,
    /// The row that set them.
    pub limits_seq: u64,
    /// Its own halt.
    pub halted: Option<Halted>,
    /// Its trading day; absent until the first.
    pub day: Option<Date>,
    /// Rupees: the beginning plus what was received minus what was paid.
    pub cash: Money,
    /// By token and product.
    pub positions: RedBlackTreeMapSync<(u32, Product), Arc<Position>>,
    /// Orders that are not ended.
    pub open: RedBlackTreeSetSync<OrderId>,
    /// The same orders by their instrument's token; a token without open orders has no entry.
    pub open_by_token: RedBlackTreeMapSync<u32, RedBlackTreeSetSync<OrderId>>,
    /// Undecided shares of signals and commands, oldest first.
    pub pending: QueueSync<Pending>,
    /// Placements, modifications and cancellations and their times.
    pub budget: Budget,
    /// Highest profit of the trading day that a decision has seen, in rupees.
    pub best_today: Money,
    /// The newest trades, oldest first.
    pub trades: QueueSync<Arc<TradeReported>>,
    /// Row number (`stream_seq`) of the newest decision of this account.
    pub decisions: u64,
    /// Venue order ids that are ours, for reports that come without a tag.
    pub venue_ids: RedBlackTreeMapSync<String, OrderId>,
    /// Trades of the trading day, by order and the venue's id: a trade counts once. (Exchanges number their trades by themselves.)
    pub trade_ids: RedBlackTreeSetSync<(OrderId, String)>,
    /// Placed today, for [`crate::limits::Limits::duplicate_window_ms`]: newest last, only as far back as the longest window.
    pub recent: QueueSync<Placed>,
    /// Its orders that wait for a price; those whose time is over may still be among them.
    pub gtts_active: RedBlackTreeSetSync<GttId>,
    /// Those that have ended and are still kept, oldest end first.
    pub gtts_ended: QueueSync<GttId>,
}

/// Something that its account's holder has to decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pending {
    /// A share of a signal.
    Signal(SignalId),
    /// A command.
    Command(Arc<PendingCommand>),
    /// A halt asked to cancel this order.
    Cancel(OrderId),
    /// Units of a position under another product.
    Conversion(Arc<ConversionCommanded>),
}

impl Pending {
    /// True when a verdict on `cause` is the verdict on this.
    pub fn is_for(&self, cause: &Cause) -> bool {
        match (self, cause) {
            (Pending::Signal(one), Cause::Signal(other)) => one == other,
            (Pending::Command(one), Cause::Command { order, command }) => {
                one.order == *order && one.command == *command
            }
            (Pending::Cancel(one), Cause::Halt(other)) => one == other,
            (Pending::Conversion(one), Cause::Conversion(other)) => one.conversion == *other,
            (Pending::Signal(_) | Pending::Command(_) | Pending::Cancel(_) | Pending::Conversion(_), _) => {
                false
            }
        }
    }
}

/// A command that waits for its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingCommand {
    /// For which order.
    pub order: OrderId,
    /// Which of its commands.
    pub command: u64,
    /// What.
    pub what: CommandedAct,
    /// The client's tag.
    pub tag: Option<String>,
    /// Kite fields.
    pub kite: Option<KiteFields>,
    /// A placement may become several orders.
    pub may_slice: bool,
    /// What fired, if nobody commanded it: it is told the verdict.
    pub gtt: Option<GttId>,
}

/// A client's named order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commanded {
    /// Which order.
    pub order: OrderId,
    /// Hash of what was asked.
    pub digest: String,
    /// The row.
    pub seq: u64,
}

/// A signal and its verdicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalState {
    /// What was asked.
    pub signal: Signal,
    /// Hash of what was sent.
    pub digest: String,
    /// The row of its receipt.
    pub seq: u64,
    /// When it became durable: machine time, unix nanoseconds.
    pub received: i64,
    /// Verdicts so far, one per account.
    pub decisions: Vec<Decision>,
}

/// A verdict as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The row.
    pub seq: u64,
    /// When: machine time, unix nanoseconds.
    pub time: i64,
    /// What.
    pub decided: Arc<Decided>,
}

/// A recent placement, for the duplicate check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// Machine time, unix nanoseconds.
    pub at: i64,
    /// Which order: its terms are compared.
    pub order: OrderId,
}

impl Account {
    /// True for a trade of today that was taken in.
    pub fn knows_trade(&self, order: OrderId, trade_id: &str) -> bool {
        self.trade_ids.contains(&(order, trade_id.to_owned()))
    }

    /// As it begins: nothing held, nothing ordered, `added.funds` in rupees as cash.
    pub fn new(added: AccountAdded) -> Account {
        Account {
            limits: added.limits.clone(),
            limits_seq: 0,
            cash: added.funds,
            added,
            halted: None,
            day: None,
            positions: RedBlackTreeMapSync::default(),
            open: RedBlackTreeSetSync::default(),
            open_by_token: RedBlackTreeMapSync::default(),
            pending: QueueSync::default(),
            budget: Budget::default(),
            best_today: Money::ZERO,
            trades: QueueSync::default(),
            decisions: 0,
            venue_ids: RedBlackTreeMapSync::default(),
            trade_ids: RedBlackTreeSetSync::default(),
            recent: QueueSync::default(),
            gtts_active: RedBlackTreeSetSync::default(),
            gtts_ended: QueueSync::default(),
        }
    }

    /// Profit of the trading day over all positions, in rupees, at the last prices that `last` gives for tokens; `None` when
    /// a position whose profit depends on its price has none.
    pub fn profit_today(&self, last: impl Fn(u32) -> Option<Money>) -> Option<Money> {
        let mut profit = Money::ZERO;
        for ((token, _), position) in self.positions.iter() {
            let price = last(*token).or_else(|| (!position.needs_price()).then_some(Money::ZERO))?;
            profit += position.profit_today(price);
        }
        Some(profit)
    }
}

impl SignalState {
    /// The share of `account`, if it has one.
    pub fn child(&self, account: &AccountId) -> Option<&Child> {
        self.signal.children.iter().find(|child| child.account == *account)
    }

    /// True once every share has its verdict.
    pub fn is_decided(&self) -> bool {
        self.decisions.len() >= self.signal.children.len()
    }
}

impl State {
    /// The account `name`.
    pub fn account(&self, name: &AccountId) -> Option<&Account> {
        self.accounts.get(name).map(Arc::as_ref)
    }

    /// The halt that holds for `account`: its own, or that of all.
    pub fn halt(&self, account: &AccountId) -> Option<&Halted> {
        self.account(account).and_then(|account| account.halted.as_ref()).or(self.halted.as_ref())
    }

    /// True while `cause` waits for its verdict in `account`.
    pub fn is_pending(&self, account: &AccountId, cause: &Cause) -> bool {
        let Some(account) = self.account(account) else { return false };
        account.pending.iter().any(|pending| pending.is_for(cause))
    }
}
