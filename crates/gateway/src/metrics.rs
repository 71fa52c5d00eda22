//! What `/metrics` says. Each name is documented once, here, in its help text.

use std::fmt::Write as _;
use std::time::Duration;

use feed::validate::Verdict;
use market::UnixNanos;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

/// Which protocol a reader speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Dialect {
    /// `/v1/stream`.
    Native,
    /// `/v1/events`.
    Events,
    /// The Kite listener.
    Kite,
    /// `/ws/ticks`.
    Predecessor,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DialectLabel {
    dialect: Dialect,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabel {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: String,
}

/// Upper edges in seconds: around the bars of 5 ms and 100 ms.
const REQUEST_SECONDS: [f64; 11] = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0];

/// All measurements of one gateway: no global state, so several can live in one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    received: Counter,
    rejected: Family<ReasonLabel, Counter>,
    suspect: Family<ReasonLabel, Counter>,
    readers: Family<DialectLabel, Gauge>,
    delivered: Family<DialectLabel, Counter>,
    conflated: Family<DialectLabel, Counter>,
    cut: Family<DialectLabel, Counter>,
    requests: Family<RequestLabel, Counter>,
    durations: Family<RouteLabel, Histogram>,
    refused_connections: Counter,
    published: Counter,
    last_publish: Gauge,
}

impl Metrics {
    /// Registers every metric.
    pub fn new(version: &str, source: &str) -> Metrics {
        let mut registry = Registry::with_prefix("meridian");
        registry.register(
            "build",
            "Version of this gateway and where its prices come from",
            Info::new(vec![
                ("version".to_string(), version.to_string()),
                ("source".to_string(), source.to_string()),
            ]),
        );
        let metrics = Metrics {
            received: Counter::default(),
            rejected: Family::default(),
            suspect: Family::default(),
            readers: Family::default(),
            delivered: Family::default(),
            conflated: Family::default(),
            cut: Family::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS)),
            refused_connections: Counter::default(),
            published: Counter::default(),
            last_publish: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("ticks_received", "Ticks that the feed delivered", metrics.received.clone());
        registry.register("ticks_rejected", "Ticks that the validator refused to publish", metrics.rejected.clone());
        registry.register("ticks_suspect", "Ticks published with a mark of doubt", metrics.suspect.clone());
        registry.register("ticks_published", "Ticks that got a number and went to readers", metrics.published.clone());
        registry.register(
            "ticks_delivered",
            "Ticks handed to a socket, over all readers",
            metrics.delivered.clone(),
        );
        registry.register(
            "ticks_conflated",
            "Ticks replaced by a newer one before their reader could take them, counted when the reader leaves",
            metrics.conflated.clone(),
        );
        registry.register("readers", "Readers connected now", metrics.readers.clone());
        registry.register("readers_cut", "Readers closed because they fell behind", metrics.cut.clone());
        registry.register("http_requests", "Answered HTTP requests by matched route", metrics.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "Time from request to answer by matched route",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        registry.register(
            "connections_refused",
            "Connections answered 503 because the limit was reached",
            metrics.refused_connections.clone(),
        );
        registry.register_with_unit(
            "last_publish_timestamp",
            "Machine time of the newest published batch; 0 before the first",
            Unit::Seconds,
            metrics.last_publish.clone(),
        );
        Metrics { registry, ..metrics }
    }

    /// The feed delivered one tick and this is what the validator said.
    pub fn tick_judged(&self, verdict: Verdict) {
        self.received.inc();
        match verdict {
            Verdict::Good => {}
            Verdict::Suspect(reason) => {
                self.suspect.get_or_create(&ReasonLabel { reason: reason.code() }).inc();
            }
            Verdict::Rejected(reason) => {
                self.rejected.get_or_create(&ReasonLabel { reason: reason.code() }).inc();
            }
        }
    }

    /// A batch of `count` ticks went to the hub at `unix_seconds`.
    pub fn batch_published(&self, count: usize, unix_seconds: i64) {
        self.published.inc_by(count as u64);
        self.last_publish.set(unix_seconds);
    }

    /// True once a batch has been handed to the hub.
    pub fn has_published(&self) -> bool {
        self.published.get() > 0
    }

    /// Machine time of the newest batch.
    pub fn last_publish(&self) -> Option<UnixNanos> {
        let seconds = self.last_publish.get();
        (seconds > 0).then(|| UnixNanos::from_seconds(seconds))
    }

    /// A reader has come.
    pub fn reader_joined(&self, dialect: Dialect) {
        self.readers.get_or_create(&DialectLabel { dialect }).inc();
    }

    /// A reader has gone and this many of its ticks were replaced before they were sent.
    pub fn reader_left(&self, dialect: Dialect, conflated: u64) {
        self.readers.get_or_create(&DialectLabel { dialect }).dec();
        self.conflated.get_or_create(&DialectLabel { dialect }).inc_by(conflated);
    }

    /// A reader fell behind and is being closed.
    pub fn reader_cut(&self, dialect: Dialect) {
        self.cut.get_or_create(&DialectLabel { dialect }).inc();
    }

    /// A reader took this many ticks to write them.
    pub fn ticks_taken(&self, dialect: Dialect, count: usize) {
        self.delivered.get_or_create(&DialectLabel { dialect }).inc_by(count as u64);
    }

    /// A request was answered.
    pub fn request(&self, method: &str, route: &str, status: u16, took: Duration) {
        let (method, route) = (method.to_string(), route.to_string());
        self.durations.get_or_create(&RouteLabel { route: route.clone() }).observe(took.as_secs_f64());
        self.requests.get_or_create(&RequestLabel { method, route, status }).inc();
    }

    /// A connection found no place.
    pub fn connection_refused(&self) {
        self.refused_connections.inc();
    }

    /// The exposition in the text format of OpenMetrics 1.0.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        if prometheus_client::encoding::text::encode(&mut text, &self.registry).is_err() {
            // Writing to a string fails only if a metric's own encoder does: say so instead of an empty page.
            let _ = writeln!(text, "# encoding failed");
        }
        text
    }
}
