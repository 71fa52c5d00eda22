//! A paper exchange as a process of its own: the Kite protocol outside, the matcher of paper accounts inside.
//!
//! Enters: requests over loopback or a unix socket, a market, time as the caller tells it. Leaves: answers, order
//! updates, a log that is the whole truth about them. Never here: a clock, randomness, live orders, the network
//! beyond this host.
//!
//! It is for people who want to try orders on a broker's interface without a broker, and for tests that want a venue
//! to misbehave: it counts what arrives ([`book::ledger`]), survives `kill -9` at any moment ([`log`]) and does
//! wrong what it is told to ([`faults`]). Orders are filled by the rules of [`broker::paper`]; funds are not
//! checked. A restart loses places in queues and faults that were set at run time, nothing else.
//!
//! From the inside out: [`fact`] (what is written down), [`book`] (what the facts make), [`engine`] (what makes
//! facts), `desk` (the one thread around it), `http` (routes, the ticker socket, the listener).

pub mod book;
pub mod credentials;
pub mod desk;
pub mod engine;
pub mod fact;
pub mod faults;
pub mod http;
pub mod log;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use feed::Market;
use tokio::sync::{broadcast, oneshot, watch};
use tokio::task::JoinHandle;

use credentials::{Credentials, CredentialsError, Given};
use desk::{Clock, Desk, Listeners, Progress};
use engine::Engine;
use faults::Plan;
use http::listen::{Bound, Listen};
use log::{Log, LogError};

/// What a venue is made of.
pub struct Config {
    /// Where it listens.
    pub listen: Listen,
    /// Its directory, made if it is missing.
    pub data: PathBuf,
    /// Accounts, key and tokens.
    pub given: Given,
    /// Market time between taking a request and its arrival at the market, in milliseconds.
    pub latency_ms: u64,
    /// Faults from the start.
    pub plan: Plan,
    /// Where prices come from.
    pub market: Box<dyn Market>,
    /// Tells the time.
    pub clock: Clock,
    /// Market seconds per second of the machine.
    pub speed: f64,
}

/// Why a venue did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Its credentials.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// Its address.
    #[error("cannot listen on {listen}: choose another address")]
    Listen {
        /// Where.
        listen: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Its thread.
    #[error("the system gives no thread")]
    Thread(#[source] std::io::Error),
}

/// A venue that runs.
#[derive(Debug)]
pub struct Running {
    /// Where: `http://127.0.0.1:PORT` or `unix:/PATH`.
    pub address: String,
    /// What opens it.
    pub credentials: Credentials,
    failed: oneshot::Receiver<LogError>,
    stop: Arc<AtomicBool>,
    ending: watch::Sender<bool>,
    server: JoinHandle<()>,
    desk: std::thread::JoinHandle<()>,
}

/// Starts a venue; it serves when this returns. `draw` fills a slice with random bytes, or says `false`.
///
/// # Errors
/// [`StartError`].
pub async fn start(config: Config, draw: &dyn Fn(&mut [u8]) -> bool) -> Result<Running, StartError> {
    let Config { listen, data, given, latency_ms, plan, market, clock, speed } = config;
    let (log, facts) = Log::open(&data)?;
    let credentials = Credentials::settle(&data, given, draw)?;
    let bound = Bound::to(&listen)
        .await
        .map_err(|source| StartError::Listen { listen: listen.to_string(), source })?;
    let address = bound.address();
    let latency_ns = i64::try_from(latency_ms).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    let engine = Engine::new(&facts, latency_ns, plan, clock());
    drop(facts);
    let listeners: Listeners = credentials
        .accounts
        .iter()
        .map(|account| (account.account.clone(), broadcast::channel(desk::UPDATES).0))
        .collect();
    let listeners = Arc::new(listeners);
    let stop = Arc::new(AtomicBool::new(false));
    let (requests, inbox) = sync_channel(desk::QUEUE);
    let mut desk = Desk {
        engine,
        log,
        market,
        clock,
        speed,
        requests: inbox,
        listeners: Arc::clone(&listeners),
        stop: Arc::clone(&stop),
        state: Progress::default(),
    };
    // Prices are known before the first request can come.
    desk.go_to((desk.clock)());
    let (fail, failed) = oneshot::channel();
    let desk = std::thread::Builder::new()
        .name("venue".into())
        .spawn(move || {
            if let Err(error) = desk.run() {
                tracing::error!(%error, "the venue cannot write its log and ends");
                let _ = fail.send(error);
            }
        })
        .map_err(StartError::Thread)?;
    let (ending, end) = watch::channel(false);
    let shared = http::Shared { requests, credentials: credentials.clone(), listeners, ending: end.clone() };
    let server = tokio::spawn(http::listen::serve(bound, http::routes(shared), end));
    Ok(Running { address, credentials, failed, stop, ending, server, desk })
}

impl Running {
    /// Returns when the venue can go on no longer, and why.
    pub async fn failed(&mut self) -> LogError {
        match (&mut self.failed).await {
            Ok(error) => error,
            // Its thread ended in order: nothing has failed.
            Err(_) => std::future::pending().await,
        }
    }

    /// Ends it. What was answered is on the disk already.
    pub async fn end(self) {
        self.ending.send_replace(true);
        // A panic there has told its story on standard error.
        let _ = self.server.await;
        self.stop.store(true, Ordering::Relaxed);
        let _ = tokio::task::spawn_blocking(|| self.desk.join()).await;
    }
}
