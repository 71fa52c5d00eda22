//! The broker's HTTP interface, one attempt per call.
//!
//! Enters: calls and the moment after which each must not leave. Leaves: [`Fate`]s, and what the book says (see
//! [`super::reads`]). Never here: retries, rate budgets (their owner counts calls before they come here).

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::attempt::{Bounds, attempt};
use super::breaker::{Breaker, Health, Patience};
use super::call::Call;
use super::connect::{Unsent, connect, prepare};
use super::credentials::Credentials;
use super::endpoint::Endpoint;
use super::fate::{Fate, NeverLeft};

/// Largest answer to a mutating call that is read, in bytes.
pub const CALL_BYTES_MAX: usize = 256 * 1024;

/// A moment on the owner's clock: nanoseconds since the machine was started, sleep included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootNanos(pub u64);

/// Tells the time; the same clock that `send_by` is counted on.
pub type Clock = Arc<dyn Fn() -> BootNanos + Send + Sync>;

/// How long to wait, and when to stop trying.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// For a connection to open, TLS included.
    pub connect_time: Duration,
    /// For the whole answer to a mutating call.
    pub call_time: Duration,
    /// For the whole answer to a read.
    pub read_time: Duration,
    /// Largest answer to a read, in bytes.
    pub read_bytes_max: usize,
    /// Failures in a row.
    pub patience: Patience,
}

impl Default for Settings {
    /// One second to connect, five for a call, seven and 16 MiB for a read.
    fn default() -> Settings {
        Settings {
            connect_time: Duration::from_secs(1),
            call_time: Duration::from_secs(5),
            read_time: Duration::from_secs(7),
            read_bytes_max: 16 * 1024 * 1024,
            patience: Patience::default(),
        }
    }
}

/// One account at one broker, for one session: a new access token makes a new client.
pub struct Client {
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Credentials,
    pub(crate) settings: Settings,
    clock: Clock,
    breaker: Mutex<Breaker>,
}

impl Client {
    /// A client; nothing is connected yet.
    pub fn new(endpoint: Endpoint, credentials: Credentials, settings: Settings, clock: Clock) -> Client {
        prepare(&endpoint);
        let breaker = Mutex::new(Breaker::new(settings.patience));
        Client { endpoint, credentials, settings, clock, breaker }
    }

    /// Where the broker is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Makes one attempt at `call`, whose first byte leaves before `send_by` or never. Drive it to its end: when the
    /// future is dropped the connection is closed, and whether anything had left is lost with it.
    pub async fn send(&self, call: &Call, send_by: BootNanos) -> Fate {
        self.send_while(call, send_by, &|| true).await
    }

    /// The same, with a last check of the owner's: `allowed` is asked immediately before the first byte leaves (and
    /// the clock after it), for example whether trading is still on and the lease still held. It must not block.
    pub async fn send_while(
        &self,
        call: &Call,
        send_by: BootNanos,
        allowed: &(dyn Fn() -> bool + Send + Sync),
    ) -> Fate {
        let fate = self.send_once(call, send_by, allowed).await;
        if let Some(health) = fate.health() {
            self.record(health);
        }
        tracing::debug!(outcome = outcome_word(&fate), "a call to the broker has ended");
        fate
    }

    async fn send_once(
        &self,
        call: &Call,
        send_by: BootNanos,
        allowed: &(dyn Fn() -> bool + Send + Sync),
    ) -> Fate {
        let ask = match call.ask() {
            Ok(ask) => ask,
            Err(unfit) => return Fate::NeverLeft(unfit),
        };
        if !self.breaker().admits_call() {
            return Fate::NeverLeft(NeverLeft::Ejected);
        }
        let left = Duration::from_nanos(send_by.0.saturating_sub((self.clock)().0));
        if left.is_zero() {
            return Fate::NeverLeft(NeverLeft::TooLate);
        }
        let unsent = Unsent::Dropped(self.settings.call_time);
        let wait = left.min(self.settings.connect_time);
        let stream = match tokio::time::timeout(wait, connect(&self.endpoint, unsent)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Fate::NeverLeft(NeverLeft::NoConnection(error.to_string())),
            Err(_) if left <= self.settings.connect_time => return Fate::NeverLeft(NeverLeft::TooLate),
            Err(_) => return Fate::NeverLeft(NeverLeft::NoConnection("it took too long to open".into())),
        };
        let may_leave = || match (allowed(), (self.clock)() < send_by) {
            (false, _) => Err(NeverLeft::Withdrawn),
            (true, false) => Err(NeverLeft::TooLate),
            (true, true) => Ok(()),
        };
        let bounds = Bounds { time: self.settings.call_time, bytes_max: CALL_BYTES_MAX };
        let header = Some(self.credentials.header());
        let ended = attempt(stream, &self.endpoint.authority(), ask, header, bounds, &may_leave).await;
        Fate::of(call, ended)
    }

    pub(crate) fn admits_read(&self) -> bool {
        self.breaker().admits_read((self.clock)().0)
    }

    pub(crate) fn record(&self, health: Health) {
        self.breaker().record((self.clock)().0, health);
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        // Nothing in the breaker panics, and it has no state that could be torn.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn outcome_word(fate: &Fate) -> &'static str {
    match fate {
        Fate::Acknowledged(_) => "acknowledged",
        Fate::Refused { .. } => "refused",
        Fate::NeverLeft(_) => "never_left",
        Fate::Unknown(_) => "unknown",
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.endpoint)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}
