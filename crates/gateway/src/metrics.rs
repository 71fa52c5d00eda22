//! What `/metrics` says. Each name is documented once, here, in its help text.

use std::collections::HashMap;
use std::time::Duration;

use feed::validate::{Reason, Verdict};
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

impl Dialect {
    const ALL: [Dialect; 4] = [Dialect::Native, Dialect::Events, Dialect::Kite, Dialect::Predecessor];
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
const REQUEST_SECONDS: [f64; 11] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0, 5.0];

/// Upper edges in seconds: from a look to a second in which nothing is acknowledged.
const PAUSE_SECONDS: [f64; 9] = [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0];

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
    journal_sequence: Gauge,
    accounts_held: Gauge,
    unknown_fates: Gauge,
    desk_ticks_dropped: Gauge,
    redis_consumed: Counter,
    redis_rejected: Counter,
    redis_connected: Gauge,
    log_restarts: Counter,
    log_restarts_missed: Counter,
    log_restart_pauses: Histogram,
}

impl Metrics {
    /// What the deciding thread looks after.
    pub fn desk(&self, sequence: u64, held: usize, unknown: usize, ticks_dropped: u64) {
        self.journal_sequence.set(i64::try_from(sequence).unwrap_or(i64::MAX));
        self.accounts_held.set(i64::try_from(held).unwrap_or(i64::MAX));
        self.unknown_fates.set(i64::try_from(unknown).unwrap_or(i64::MAX));
        self.desk_ticks_dropped.set(i64::try_from(ticks_dropped).unwrap_or(i64::MAX));
    }

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
            journal_sequence: Gauge::default(),
            accounts_held: Gauge::default(),
            unknown_fates: Gauge::default(),
            desk_ticks_dropped: Gauge::default(),
            redis_consumed: Counter::default(),
            redis_rejected: Counter::default(),
            redis_connected: Gauge::default(),
            log_restarts: Counter::default(),
            log_restarts_missed: Counter::default(),
            log_restart_pauses: Histogram::new(PAUSE_SECONDS),
            registry: Registry::default(),
        };
        registry.register(
            "journal_sequence",
            "Newest row of the journal that is folded here",
            metrics.journal_sequence.clone(),
        );
        registry.register(
            "accounts_held",
            "Accounts that this instance decides for",
            metrics.accounts_held.clone(),
        );
        registry.register(
            "calls_unknown",
            "Calls of these accounts whose fate is unknown",
            metrics.unknown_fates.clone(),
        );
        registry.register(
            "paper_ticks_dropped",
            "Ticks that paper orders did not see because too many waited, since the start",
            metrics.desk_ticks_dropped.clone(),
        );
        registry.register("ticks_received", "Ticks that the feed delivered", metrics.received.clone());
        registry.register(
            "ticks_rejected",
            "Ticks that the validator refused to publish",
            metrics.rejected.clone(),
        );
        registry.register("ticks_suspect", "Ticks published with a mark of doubt", metrics.suspect.clone());
        registry.register(
            "ticks_published",
            "Ticks that got a number and went to readers",
            metrics.published.clone(),
        );
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
        registry.register(
            "http_requests",
            "Answered HTTP requests by matched route",
            metrics.requests.clone(),
        );
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
        registry.register(
            "journal_log_restarts",
            "Long write-ahead logs that the next commit starts anew",
            metrics.log_restarts.clone(),
        );
        registry.register(
            "journal_log_restarts_missed",
            "Long write-ahead logs that a reader or a writer kept from starting anew; tried again",
            metrics.log_restarts_missed.clone(),
        );
        registry.register_with_unit(
            "journal_log_restart_pause",
            "How long writers may have been held up while a long write-ahead log was started anew",
            Unit::Seconds,
            metrics.log_restart_pauses.clone(),
        );
        registry.register(
            "redis_signals_consumed",
            "Signals from a Redis stream that are durable and acknowledged, those that came again included",
            metrics.redis_consumed.clone(),
        );
        registry.register(
            "redis_signals_rejected",
            "Entries of a Redis stream that are no signal, put aside with the reason",
            metrics.redis_rejected.clone(),
        );
        registry.register(
            "redis_connected",
            "1 while signals are read from a Redis stream; 0 without a connection, or without --redis",
            metrics.redis_connected.clone(),
        );
        // A counter that is not there is not the same as zero.
        for reason in Reason::ALL {
            metrics.rejected.get_or_create(&ReasonLabel { reason: reason.code() }).inc_by(0);
            metrics.suspect.get_or_create(&ReasonLabel { reason: reason.code() }).inc_by(0);
        }
        for dialect in Dialect::ALL {
            let label = DialectLabel { dialect };
            metrics.readers.get_or_create(&label).set(0);
            for family in [&metrics.delivered, &metrics.conflated, &metrics.cut] {
                family.get_or_create(&label).inc_by(0);
            }
        }
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

    /// So many signals of a Redis stream are durable and acknowledged, so many of its entries are put aside.
    pub fn redis_settled(&self, consumed: usize, rejected: usize) {
        self.redis_consumed.inc_by(consumed as u64);
        self.redis_rejected.inc_by(rejected as u64);
    }

    /// Whether signals are read from a Redis stream now.
    pub fn redis_connected(&self, connected: bool) {
        self.redis_connected.set(connected.into());
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

    /// The database's log was long: whether it starts anew, and for how long writers may have been held up.
    pub fn log_restarted(&self, restarted: bool, pause: Duration) {
        if restarted {
            self.log_restarts.inc()
        } else {
            self.log_restarts_missed.inc()
        };
        self.log_restart_pauses.observe(pause.as_secs_f64());
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

    /// The exposition in Prometheus's own text format, version 0.0.4.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        if prometheus_client::encoding::text::encode(&mut text, &self.registry).is_err() {
            // Writing to a string fails only if a metric's own encoder does: say so instead of an empty page.
            text.push_str("# encoding failed\n");
        }
        classic(&text)
    }
}

/// What a kind of OpenMetrics adds to a name, and its older word.
fn older(kind: &str) -> (&'static str, &str) {
    match kind {
        "counter" => ("_total", "counter"),
        "info" => ("_info", "gauge"),
        "unknown" => ("", "untyped"),
        other => ("", other),
    }
}

/// OpenMetrics text as Prometheus's older format, which its rule and metrics checkers read: comments name a counter
/// with its `_total`, an info is a gauge, and there are no units and no end mark.
fn classic(open_metrics: &str) -> String {
    let kinds: HashMap<&str, &str> =
        open_metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        let comment = line.strip_prefix("# ").and_then(|rest| {
            let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            Some((word, name, rest, older(kinds.get(name)?)))
        });
        match comment {
            Some(("HELP", name, help, (end, _))) => text.push_str(&format!("# HELP {name}{end} {help}\n")),
            Some(("TYPE", name, _, (end, kind))) => text.push_str(&format!("# TYPE {name}{end} {kind}\n")),
            None if !line.starts_with('#') => text.push_str(&format!("{line}\n")),
            Some(_) | None => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_text_is_the_classic_format() {
        let metrics = Metrics::new("1.0", "sim");
        metrics.batch_published(3, 5);
        metrics.request("GET", "/v1/quotes", 200, Duration::from_millis(2));
        let text = metrics.encode();
        for line in [
            "# TYPE meridian_ticks_published_total counter",
            "meridian_ticks_published_total 3",
            "# TYPE meridian_build_info gauge",
            "# TYPE meridian_http_request_duration_seconds histogram",
            "meridian_last_publish_timestamp_seconds 5",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("# EOF") && !text.contains("# UNIT"), "{text}");
    }

    #[test]
    fn every_metric_is_documented_and_every_documented_metric_exists() {
        let page = include_str!("../../../docs/metrics.md");
        let documented: BTreeSet<&str> =
            page.split('`').skip(1).step_by(2).filter(|word| word.starts_with("meridian_")).collect();
        let metrics = Metrics::new("1.0", "sim");
        metrics.request("GET", "/livez", 200, Duration::ZERO);
        let text = metrics.encode();
        let exposed: BTreeSet<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
            .map(|(name, _)| name)
            .collect();
        assert_eq!(documented, exposed);
    }
}
