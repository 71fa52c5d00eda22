//! Starting a gateway step by step, and ending it.

use std::fs::File;
use std::io::{self, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use ::access::Secret;
use ::access::entropy::{self, Entropy};
use feed::candles::LiveCandles;
use feed::replay::{Replay, ReplayError};
use feed::segment;
use feed::sim::{Hours, Sim, SimConfig, SimError};
use feed::validate::Validator;
use feed::{History, Market};
use journal::directory::{DataDirectory, DirectoryError, InstanceLock, RunInfo, UpLock};
use journal::{Database, OpenError};
use market::{Tick, UnixNanos};
use stream::{Epoch, Hub, HubConfig};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle as Task;

use crate::clock::{MarketClock, machine_now, mono_now};
use crate::config::{Beside, Config, MarketChoice, Role};
use crate::listener;
use crate::listing::{CurrentListing, Listing};
use crate::metrics::Metrics;
use crate::reader::Readers;
use crate::recording::Recording;
use crate::sessions::{self, SessionsError};
use crate::standing::Standing;
use crate::threads::hub_thread;
use crate::threads::market_thread::MarketThread;
use crate::trading::eye::Eye;
use crate::trading::start::DeskError;
use crate::trading::thread::Stopping;
use crate::trading::{self, tap};
use crate::{Gateway, kite_api, native};

/// Ticks kept for readers that come back: about half a minute at the simulated market's default rate.
const RING_CAPACITY: usize = 65_536;
/// Time for everything at the end; the contract promises 400 ms for the process as a whole.
const END: Duration = Duration::from_millis(350);
/// How often changes by other processes are looked for; the contract promises a second.
const KEYS_REFRESH: Duration = Duration::from_millis(250);
/// The log of the database is folded into it at least so often.
const CHECKPOINT_EVERY: u32 = 240;

/// Why a gateway cannot start. `hint` says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The simulated market refuses its configuration.
    #[error("cannot simulate a market")]
    Sim(#[from] SimError),
    /// The recording cannot be played.
    #[error("cannot replay `{}`", path.display())]
    Replay {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ReplayError,
    },
    /// The session calendar cannot be used.
    #[error(transparent)]
    Calendar(#[from] SessionsError),
    /// The data directory.
    #[error("cannot use the data directory")]
    Directory(#[from] DirectoryError),
    /// Keys or the database.
    #[error("cannot open the keys of the data directory `{}`", path.display())]
    Keys {
        /// The data directory.
        path: PathBuf,
        /// What is wrong.
        source: ::access::StartError,
    },
    /// The database.
    #[error("cannot open the database")]
    Database(#[from] OpenError),
    /// An address.
    #[error("cannot listen on {address} ({what})")]
    Bind {
        /// Which listener.
        what: &'static str,
        /// Its address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The recording to be made.
    #[error("cannot record into `{}`", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Signals and orders.
    #[error("cannot open the order desk")]
    Desk(#[from] DeskError),
    /// What is served beside the gateway.
    #[error("cannot start what is served beside the gateway")]
    Beside(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The operating system gave no thread or no randomness.
    #[error("cannot start")]
    System(#[source] io::Error),
}

impl StartError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            StartError::Sim(SimError::NotCovered(_) | SimError::NoSession) => Some(sessions::HINT.into()),
            StartError::Sim(_) | StartError::Beside(_) => None,
            StartError::Replay { source, .. } => source.hint(),
            StartError::Calendar(error) => error.hint(),
            StartError::Directory(error) => error.hint(),
            StartError::Keys { source, .. } => source.hint(),
            StartError::Desk(error) => error.hint(),
            StartError::Database(error) => error.hint().map(str::to_owned),
            StartError::Bind { what, source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                Some(format!(
                    "another program listens there: stop it, or choose another address with --{what} (port 0 picks a free one)"
                ))
            }
            StartError::Bind { what, .. } => Some(format!("choose another address with --{what}")),
            StartError::Record { source, .. } if source.kind() == io::ErrorKind::AlreadyExists => {
                Some("recordings are never overwritten: choose another name".into())
            }
            StartError::Record { .. } | StartError::System(_) => None,
        }
    }
}

/// A gateway that answers. Dropping it without [`Running::end`] ends it less politely.
pub struct Running {
    /// The first admin key's token, if this start created it: to be printed once.
    pub new_admin: Option<Secret>,
    /// Its addresses.
    pub info: RunInfo,
    gateway: Arc<Gateway>,
    listeners: Vec<Task<()>>,
    refresher: Task<()>,
    upkeep: Vec<Task<()>>,
    stop_market: SyncSender<()>,
    market: JoinHandle<()>,
    desk: Stopping,
    _up: Option<UpLock>,
    _instance: InstanceLock,
}

/// Starts a gateway and returns once it is ready: every listed instrument has a price and both addresses answer.
///
/// # Errors
/// [`StartError`]; nothing that existed before is changed then.
pub async fn start(
    config: Config,
    beside: impl FnOnce(&DataDirectory) -> Result<Beside, Box<dyn std::error::Error + Send + Sync>>,
) -> Result<Running, StartError> {
    // What can fail without leaving a trace comes first.
    let (choice, speed) = (config.market.clone(), config.speed);
    let mut opened = off_the_sockets(move || open_market(&choice, speed)).await??;
    let directory = DataDirectory::open_or_create(&config.data)?;
    let up = match config.role {
        Role::Up => Some(directory.claim_up()?),
        Role::Gateway => None,
    };
    let listen = bind("listen", config.listen).await?;
    let kite_listen = bind("kite-listen", config.kite_listen).await?;
    let beside = tokio::task::block_in_place(|| beside(&directory)).map_err(StartError::Beside)?;
    let recording = record(&config, &opened)?;
    let keys_of = directory.clone();
    let started = off_the_sockets(move || ::access::start(&keys_of, entropy::system(), machine_now()))
        .await?
        .map_err(|source| StartError::Keys { path: config.data.clone(), source })?;
    let standing_database = Database::open(&directory)?;
    let instance = entropy::instance_name(&entropy::system()).map_err(system)?;
    let instance_lock = directory.register(&instance)?;

    let clock = Arc::new(opened.clock);
    let listing = CurrentListing::new(Listing::new(opened.market.instruments()));
    let source = opened.market.source();
    let metrics = Arc::new(Metrics::new(config.version, source.as_str()));
    let hub = Hub::new(HubConfig { epoch: random_epoch()?, ring_capacity: RING_CAPACITY });
    let (latest, numbering) = (hub.latest(), hub.numbering());
    let (commands, _hub_thread) = hub_thread::spawn(hub).map_err(StartError::System)?;

    let (ticks, drain) = tap::tap();
    let speed = if clock.is_wall() { 1.0 } else { config.speed };
    let eye = Eye::new(latest.clone(), listing.clone(), Arc::clone(&clock), opened.hours.clone(), speed);

    let info = RunInfo {
        pid: std::process::id(),
        instance: instance.clone(),
        listen: address(&listen).map_err(StartError::System)?,
        kite_listen: address(&kite_listen).map_err(StartError::System)?,
    };
    let (stop_market, stopped) = sync_channel(1);
    let first = std::mem::take(&mut opened.first);
    let market = MarketThread {
        validator: Validator::new(Default::default(), listing.get().registry.iter()),
        market: opened.market,
        listing: listing.clone(),
        clock: Arc::clone(&clock),
        hub: commands.clone(),
        metrics: Arc::clone(&metrics),
        candles: opened.candles,
        recording,
        ticks,
    };
    let (ready, published) = oneshot::channel();
    let market = market.spawn(first, ready, stopped).map_err(StartError::System)?;
    // Ready means that every listed instrument has a price. A recording may begin with some of them only.
    published.await.map_err(system)?;
    let (desk_directory, desk_instance, desk_metrics) =
        (directory.clone(), instance.clone(), Arc::clone(&metrics));
    let (reach, runtime) = (config.reach, tokio::runtime::Handle::current());
    let desk = off_the_sockets(move || {
        trading::start::open(&desk_directory, &desk_instance, eye, drain, desk_metrics, reach, runtime)
    })
    .await??;

    let gateway = Arc::new(Gateway {
        version: config.version,
        instance,
        source,
        keys: Arc::new(started.keys),
        listing: listing.clone(),
        latest,
        readers: Readers::new(commands.clone(), numbering, Arc::clone(&metrics)),
        standing: Standing::new(standing_database, listing.clone()),
        clock: Arc::clone(&clock),
        history: Arc::clone(&opened.history),
        desk: Arc::clone(&desk.desk),
        refusals: Default::default(),
        hooks_seen: Default::default(),
        metrics: Arc::clone(&metrics),
        ticker_places: Default::default(),
        broker_limits: config.emulate_broker_limits.then(Default::default),
        cors_origins: config.cors_origins.clone(),
        request_time: config.request_time,
        warm: AtomicBool::new(false),
        keys_version: watch::Sender::new(0),
        looked: Default::default(),
        ending: watch::Sender::new(false),
    });

    gateway.warm.store(true, Ordering::Release);

    let mut listeners = vec![
        serve(listen, native::router(Arc::clone(&gateway), &beside), &config, &gateway),
        serve(kite_listen, kite_api::router(Arc::clone(&gateway)), &config, &gateway),
    ];
    if let Some(source) = config.redis {
        listeners.push(tokio::spawn(native::redis_signals::run(Arc::clone(&gateway), source)));
    }
    let refresher = tokio::spawn(refresh_keys(Arc::clone(&gateway)));
    let mut upkeep =
        trading::upkeep::start(&directory, config.version, config.backups, Arc::clone(&gateway.metrics))?;
    let reports = directory.path().join(trading::reports::FOLDER);
    upkeep.push(tokio::spawn(trading::reports::write_daily(Arc::clone(&gateway.desk), reports)));
    if let Some(up) = &up {
        up.publish(&info)?;
    }
    Ok(Running {
        new_admin: started.new_admin,
        info,
        gateway,
        listeners,
        refresher,
        upkeep,
        stop_market,
        market,
        desk: desk.stopping,
        _up: up,
        _instance: instance_lock,
    })
}

impl Running {
    /// Ends within 400 ms: sockets are told 1001 with a reason, answers in progress get a moment, the recording is
    /// closed, the database is tidied. What takes longer is left to the next start: a recording then has a torn tail, the
    /// database its log.
    pub async fn end(self) {
        tracing::info!("ending");
        if tokio::time::timeout(END, self.wind_up()).await.is_err() {
            tracing::warn!("ended before everything was tidied");
        }
    }

    async fn wind_up(self) {
        self.gateway.ending.send_replace(true);
        self.refresher.abort();
        self.upkeep.iter().for_each(Task::abort);
        drop(self.stop_market);
        for listener in self.listeners {
            // A listener's panic has been reported where it happened.
            let _ = listener.await;
        }
        let (market, desk, keys) = (self.market, self.desk, Arc::clone(&self.gateway.keys));
        let tidied = tokio::task::spawn_blocking(move || {
            desk.end();
            let _ = market.join();
            if let Err(error) = keys.checkpoint() {
                tracing::warn!(%error, "the database was not tidied; the next start does it");
            }
        });
        let _ = tidied.await;
    }
}

struct OpenedMarket {
    market: Box<dyn Market>,
    history: Arc<dyn History>,
    candles: Option<Arc<LiveCandles>>,
    start: UnixNanos,
    clock: MarketClock,
    first: Vec<Tick>,
    hours: Hours,
}

/// Work that takes its time or touches the disk, so that the order to end is heard meanwhile.
async fn off_the_sockets<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StartError> {
    tokio::task::spawn_blocking(work).await.map_err(system)
}

fn open_market(choice: &MarketChoice, speed: f64) -> Result<OpenedMarket, StartError> {
    match choice {
        MarketChoice::Sim { seed, rate, instruments, hours } => {
            let start = machine_now();
            let hours = sessions::hours(hours, start)?;
            let config =
                SimConfig { seed: *seed, rate: *rate, instruments: *instruments, hours: hours.clone() };
            let mut sim = Sim::new(config, start)?;
            let mut first = Vec::new();
            sim.snapshot(&mut first);
            let history = sim.history();
            let clock =
                if speed == 1.0 { MarketClock::wall() } else { MarketClock::new(start, mono_now(), speed) };
            Ok(OpenedMarket { market: Box::new(sim), history, candles: None, start, clock, first, hours })
        }
        MarketChoice::Replay { path } => {
            let refused = |source| StartError::Replay { path: path.clone(), source };
            let replay = Replay::open(path).map_err(refused)?;
            // Damage anywhere is told now rather than in the middle of a day.
            check_whole(path).map_err(refused)?;
            let start = replay.start();
            let candles = Arc::new(LiveCandles::new(Default::default()));
            let history: Arc<dyn History> = Arc::clone(&candles) as Arc<dyn History>;
            Ok(OpenedMarket {
                market: Box::new(replay),
                history,
                candles: Some(candles),
                start,
                clock: MarketClock::new(start, mono_now(), speed),
                first: Vec::new(),
                hours: Hours::AroundTheClock,
            })
        }
    }
}

fn check_whole(path: &Path) -> Result<(), ReplayError> {
    let file = File::open(path).map_err(|source| ReplayError::Open { path: path.to_path_buf(), source })?;
    segment::check(BufReader::new(file))?;
    Ok(())
}

async fn bind(what: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Bind { what, address, source })
}

fn address(listener: &TcpListener) -> io::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

fn system(error: impl std::error::Error + Send + Sync + 'static) -> StartError {
    StartError::System(io::Error::other(error))
}

fn random_epoch() -> Result<Epoch, StartError> {
    let mut bytes = [0; 8];
    entropy::system().fill(&mut bytes).map_err(system)?;
    Ok(Epoch(u64::from_le_bytes(bytes)))
}

fn record(config: &Config, opened: &OpenedMarket) -> Result<Option<Recording>, StartError> {
    let Some(path) = &config.record else { return Ok(None) };
    let instruments = opened.market.instruments();
    Recording::start(path, opened.market.source(), &instruments, opened.start)
        .map(Some)
        .map_err(|source| StartError::Record { path: path.clone(), source })
}

fn serve(listener: TcpListener, router: axum::Router, config: &Config, gateway: &Arc<Gateway>) -> Task<()> {
    let metrics = Arc::clone(&gateway.metrics);
    tokio::spawn(listener::serve(listener, router, config.limits, metrics, gateway.ending()))
}

/// Keys that other processes create or revoke act here within a second.
async fn refresh_keys(gateway: Arc<Gateway>) {
    let mut interval = tokio::time::interval(KEYS_REFRESH);
    let mut rounds: u32 = 0;
    loop {
        interval.tick().await;
        rounds = rounds.wrapping_add(1);
        gateway.refresh_keys().await;
        if rounds.is_multiple_of(CHECKPOINT_EVERY)
            && let Ok(Err(error)) = gateway.with_keys(|keys| keys.checkpoint()).await
        {
            tracing::warn!(%error, "the database's log was not folded in; it is tried again");
        }
    }
}
