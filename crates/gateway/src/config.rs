//! What a gateway is started with. The command line makes it; everything in it has been checked for form.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use access::Scope;
use axum::http::HeaderValue;
use axum::routing::MethodRouter;
use serde_json::Value;
use trade::event::Class;

use crate::listener::Limits;
use crate::native::redis_signals::RedisSource;

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

/// What an instance is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one that the command line finds by the data directory.
    Up,
    /// One more beside it.
    Gateway,
}

/// How far orders may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Paper accounts only.
    Paper,
    /// Also venues on this machine.
    Venue,
    /// Also the live broker.
    Kite,
}

impl Reach {
    /// Classes of accounts whose orders may be sent.
    pub const fn classes(self) -> &'static [Class] {
        match self {
            Reach::Paper => &[Class::Paper],
            Reach::Venue => &[Class::Paper, Class::Venue],
            Reach::Kite => &[Class::Paper, Class::Venue, Class::Kite],
        }
    }

    /// True when orders of accounts of `class` may be sent.
    pub fn includes(self, class: Class) -> bool {
        self.classes().contains(&class)
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Config {
    /// What it is for.
    pub role: Role,
    /// How far orders may go.
    pub reach: Reach,
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
    /// Make a backup of the data directory inside it every day.
    pub backups: bool,
    /// A Redis stream to read signals from.
    pub redis: Option<RedisSource>,
    /// Limits of each listener.
    pub limits: Limits,
    /// Time for one request, its body included.
    pub request_time: Duration,
}

/// Routes of somebody else, served on the native listener under the same keys.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// In any order. None of our own paths.
    pub routes: Vec<BesideRoute>,
    /// Their OpenAPI document; its `paths` and `components.schemas` join ours.
    pub document: Value,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct BesideRoute {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// As in `/v1/things/{id}`.
    pub path: &'static str,
    /// What a key needs; `None`: anybody may call it.
    pub scope: Option<Scope>,
    /// What answers it.
    pub handler: MethodRouter,
}
