//! Opening the desk: journal, registration, fold, first accounts, then the thread.

use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};

use ::access::entropy::{self, Entropy};
use broker::paper::MatcherConfig;
use engine::{Config, Engine, EngineError, Input, Output, Reply, Ticket, Times};
use journal::events::{Journal, SqliteJournal};
use journal::{DataDirectory, DbError, DirectoryError, OpenError};
use tokio::runtime::Handle;
use tokio::sync::{broadcast, watch};
use trade::event::{AccountAdded, Class, JournalBegan};
use trade::{AccountId, Event, Limits, Money, OrderIds, SCHEMA};

use super::credentials::AccessTokens;
use super::desk::{DESK_QUEUE, Desk, UPDATES_QUEUE};
use super::eye::Eye;
use super::snapshots;
use super::tap::TickDrain;
use super::thread::{DeskThread, Publish, Stopping};
use super::venues::Venues;
use crate::account::Account;
use crate::clock::{boot_nanos, machine_now};
use crate::config::Reach;
use crate::metrics::Metrics;

/// Prices of instruments that seldom trade are old and still what the market is: the paper account takes them up to five minutes.
const PAPER_PRICE_AGE_MS: u32 = 300_000;

/// Rupees that a paper account begins with unless somebody says otherwise.
pub const PAPER_FUNDS: Money = Money::rupees(10_000_000);

/// Limits that a paper account begins with.
pub fn paper_limits() -> Limits {
    Limits { price_age_ms: PAPER_PRICE_AGE_MS, ..Limits::default() }
}

/// Why the desk cannot open.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The journal cannot be opened.
    #[error("cannot open the journal")]
    Open(#[from] OpenError),
    /// The journal cannot be read or written.
    #[error("cannot use the journal")]
    Journal(#[from] DbError),
    /// It cannot be folded, or the first rows were refused.
    #[error("cannot start from the journal")]
    Engine(#[from] EngineError),
    /// Instances' locks.
    #[error("cannot see which instances are alive")]
    Directory(#[from] DirectoryError),
    /// An account's newest trading day lies after the market's.
    #[error("the account `{account}` has traded on {day}, and this market is at {market}")]
    EarlierDay {
        /// Which account.
        account: AccountId,
        /// Its trading day.
        day: String,
        /// The market's.
        market: String,
    },
    /// The operating system gave no thread or no randomness.
    #[error("cannot start the deciding thread")]
    System(#[source] io::Error),
}

impl DeskError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            DeskError::Open(error) => error.hint().map(str::to_owned),
            DeskError::Directory(error) => error.hint(),
            DeskError::EarlierDay { .. } => {
                Some("an account's days only go forward: replay into a fresh directory (--data DIR)".into())
            }
            DeskError::Engine(EngineError::Unreadable { .. }) => {
                Some("a newer version has written there: start that one".into())
            }
            DeskError::Journal(_) | DeskError::Engine(_) | DeskError::System(_) => None,
        }
    }
}

/// An opened desk.
pub struct Opened {
    /// For handlers.
    pub desk: Arc<Desk>,
    /// To end it.
    pub stopping: Stopping,
}

/// Folds the journal, adds the paper account to an empty one, and starts the deciding thread. Blocks: the caller keeps it off
/// the sockets' threads.
///
/// # Errors
/// [`DeskError`].
pub fn open(
    directory: &DataDirectory,
    instance: &str,
    eye: Eye,
    ticks: TickDrain,
    metrics: Arc<Metrics>,
    reach: Reach,
    runtime: Handle,
) -> Result<Opened, DeskError> {
    let mut journal = SqliteJournal::open(directory)?.ending_stuck_holders(true);
    let reader = SqliteJournal::open(directory)?;
    let live = directory.live_instances()?;
    let mut dead = Vec::new();
    for known in journal.instances()? {
        if !known.ended && known.name != instance && !live.contains(&known.name) {
            journal.mark_ended(known.number)?;
        }
        if !live.contains(&known.name) {
            dead.push(known.number);
        }
    }
    let number = journal.register(instance, machine_now().0, SCHEMA)?;
    let config = Config { classes: reach.classes(), ..Config::new(number) };
    let mut engine = Engine::open(journal, config, snapshots::newest(directory))?;
    engine.note_dead(dead, boot_nanos());
    first_rows(&mut engine, &eye)?;
    let now = eye.now();
    for (account, state) in engine.state().accounts.iter() {
        let market = now.market_time().ist_date();
        if let Some(day) = state.day.filter(|day| *day > market) {
            let (day, market) = (day.to_string(), market.to_string());
            return Err(DeskError::EarlierDay { account: account.clone(), day, market });
        }
    }
    let (messages, inbox) = sync_channel(DESK_QUEUE);
    let (publish, states) = watch::channel(engine.state().clone());
    let updates = broadcast::Sender::new(UPDATES_QUEUE);
    let tokens = AccessTokens::open(directory)?;
    let desk = Arc::new(Desk {
        reach,
        tokens: AccessTokens::open(directory)?,
        updates: updates.clone(),
        messages: messages.clone(),
        states,
        journal: Arc::new(Mutex::new(reader)),
        ids: Mutex::new(OrderIds::for_commands(engine.state().incarnation, number)),
        gtts: AtomicU64::new(engine.state().gtts.newest),
        eye: eye.clone(),
        instance: number,
    });
    let venues =
        Venues::new(MatcherConfig::default(), reach, tokens, runtime, messages.clone(), publish.subscribe());
    let publish = Publish { states: publish, updates };
    let thread = DeskThread::new(engine, eye, ticks, directory.clone(), venues, publish, metrics);
    let stopping = thread.spawn(messages, inbox).map_err(DeskError::System)?;
    Ok(Opened { desk, stopping })
}

/// An empty journal begins with its incarnation and the paper account.
fn first_rows(engine: &mut Engine<SqliteJournal>, eye: &Eye) -> Result<(), DeskError> {
    let mut first = Vec::new();
    if engine.state().incarnation == 0 {
        let mut drawn = [0; 4];
        entropy::system().fill(&mut drawn).map_err(|error| DeskError::System(io::Error::other(error)))?;
        let incarnation = u32::from_le_bytes(drawn) % 9_999 + 1;
        first.push(Event::JournalBegan(JournalBegan { incarnation, restored_at: None }));
    }
    if engine.state().accounts.is_empty()
        && let Ok(account) = Account::PAPER.parse::<AccountId>()
    {
        first.push(Event::AccountAdded(AccountAdded {
            account,
            class: Class::Paper,
            funds: PAPER_FUNDS,
            url: String::new(),
            api_key: String::new(),
            limits: paper_limits(),
            by: "first start".into(),
        }));
    }
    let inputs: Vec<Input> = first
        .into_iter()
        .map(|event| Input::Control { event: Box::new(event), made_at: None, ticket: Ticket(0) })
        .collect();
    if inputs.is_empty() {
        return Ok(());
    }
    let times = Times { now: eye.now(), mono: boot_nanos() };
    for output in engine.step(inputs, eye, times)? {
        if let Output::Reply(_, Reply::Unavailable { why }) = output {
            return Err(DeskError::System(io::Error::other(why)));
        }
    }
    Ok(())
}
