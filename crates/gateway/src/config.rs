//! What a gateway is started with. The command line makes it; everything in it has been checked for form.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::HeaderValue;

use crate::listener::Limits;

/// When the simulated market trades.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TradingHours {
    /// Always.
    AroundTheClock,
    /// In the exchange's sessions.
    Exchange {
        /// Calendar file; the built-in calendar without one.
        calendar: Option<PathBuf>,
    },
}

/// Where prices come from.
#[derive(Clone, Debug, PartialEq)]
pub enum MarketChoice {
    /// The simulated market.
    Sim {
        /// Same seed, same market.
        seed: u64,
        /// Mean ticks per second over all instruments.
        rate: u32,
        /// Instruments listed.
        instruments: usize,
        /// When it trades.
        hours: TradingHours,
    },
    /// A recording.
    Replay {
        /// Its file.
        path: PathBuf,
    },
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Config {
    /// What `/version` says.
    pub version: &'static str,
    /// Data directory.
    pub data: PathBuf,
    /// Native API; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Kite-compatible listener; port 0 picks a free one.
    pub kite_listen: SocketAddr,
    /// Where prices come from.
    pub market: MarketChoice,
    /// Market seconds per machine second.
    pub speed: f64,
    /// File to record into.
    pub record: Option<PathBuf>,
    /// Origins that browsers may call from.
    pub cors_origins: Vec<HeaderValue>,
    /// Impose the broker's own limits on Kite clients.
    pub emulate_broker_limits: bool,
    /// Limits of each listener.
    pub limits: Limits,
    /// Time for one request, its body included.
    pub request_time: Duration,
}
