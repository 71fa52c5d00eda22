//! Composition of market, hub and listeners into one running gateway.
//!
//! Enters: a [`Config`]. Leaves: a [`Running`] gateway that answers on two addresses until it is told to end.
//! Never here: decisions about prices (`feed`), about who gets what (`stream`), about who may (`access`); releases.
//!
//! Threads: one drives the market, one owns the hub, one decides on orders, the sockets live on tokio. They never share an executor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ::access::Keys;
use axum::http::HeaderValue;
use feed::History;
use market::{Source, UnixNanos};
use stream::hub::Latest;
use tokio::sync::watch;
use tokio::task::JoinError;

pub mod account;
mod admission;
mod answer;
mod api_error;
pub mod clock;
pub mod config;
mod guard;
mod json_body;
pub mod key_view;
mod kite_api;
pub mod listener;
mod listing;
mod metrics;
mod native;
mod order_feed;
mod order_view;
mod query;
mod reader;
mod recording;
pub mod report;
mod run;
mod sessions;
mod socket;
mod standing;
mod threads;
mod trading;

pub use config::{Beside, BesideRoute, Config, MarketChoice, Reach, Role, TradingHours};
pub use metrics::Metrics;
pub use native::redis_signals::{BadRedisUrl, RedisSource, RedisUrl};
pub use run::{Running, StartError, start};
pub use trading::{anchors, backups, replay, restore};

use clock::MarketClock;
use kite_api::{BrokerLimits, Refusals, TickerPlaces};
use listing::CurrentListing;
use reader::Readers;
use standing::Standing;

/// What every handler can reach.
struct Gateway {
    version: &'static str,
    instance: String,
    source: Source,
    keys: Arc<Keys>,
    listing: CurrentListing,
    latest: Latest,
    readers: Readers,
    standing: Standing,
    clock: Arc<MarketClock>,
    history: Arc<dyn History>,
    desk: Arc<trading::Desk>,
    /// Alerts of the last minute.
    hooks_seen: native::Seen,
    /// Refused placements of Kite clients.
    refusals: Refusals,
    metrics: Arc<Metrics>,
    ticker_places: TickerPlaces,
    /// Some with `--emulate-broker-limits`.
    broker_limits: Option<BrokerLimits>,
    cors_origins: Vec<HeaderValue>,
    request_time: Duration,
    warm: AtomicBool,
    keys_version: watch::Sender<u64>,
    /// When the database was last looked at because of an unknown token.
    looked: tokio::sync::Mutex<Option<Instant>>,
    ending: watch::Sender<bool>,
}

impl Gateway {
    fn is_warm(&self) -> bool {
        self.warm.load(Ordering::Acquire)
    }

    fn is_ending(&self) -> bool {
        *self.ending.borrow()
    }

    /// Turns true when the gateway ends.
    fn ending(&self) -> watch::Receiver<bool> {
        self.ending.subscribe()
    }

    fn last_tick(&self) -> Option<UnixNanos> {
        self.metrics.last_publish()
    }

    /// Work on keys that touches the disk, off the sockets' threads.
    async fn with_keys<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Keys) -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let keys = Arc::clone(&self.keys);
        tokio::task::spawn_blocking(move || work(&keys)).await
    }
}
