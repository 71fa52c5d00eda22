//! The only place that reads real clocks. Everything else takes time as an argument.
//!
//! `now` is a pair: machine time (leases, expiry of keys, receive times) and market time (sessions, candles), which
//! runs at `speed` and stands still when a replay has ended.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use market::UnixNanos;

/// Wall time of this machine.
#[expect(clippy::disallowed_methods, reason = "the shell's one wall clock")]
pub fn machine_now() -> UnixNanos {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixNanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// Monotonic time of this machine, for durations and deadlines.
#[expect(clippy::disallowed_methods, reason = "the shell's one monotonic clock")]
pub fn mono_now() -> Instant {
    Instant::now()
}

/// How market time follows machine time.
#[derive(Debug)]
pub struct MarketClock {
    started_market: UnixNanos,
    started: Instant,
    speed: f64,
    stopped_at: OnceLock<UnixNanos>,
}

/// Slowest and fastest market time that can be asked for.
pub const SPEED_RANGE: (f64, f64) = (0.01, 10_000.0);

impl MarketClock {
    /// Market time is `market` at the monotonic moment `started` and runs `speed` times as fast.
    pub fn new(market: UnixNanos, started: Instant, speed: f64) -> MarketClock {
        MarketClock { started_market: market, started, speed, stopped_at: OnceLock::new() }
    }

    /// Market time at a monotonic moment.
    pub fn at(&self, mono: Instant) -> UnixNanos {
        if let Some(stopped) = self.stopped_at.get() {
            return *stopped;
        }
        let elapsed = mono.saturating_duration_since(self.started).as_nanos() as f64 * self.speed;
        // A float keeps microseconds over a century of nanoseconds at any allowed speed; `as` saturates.
        UnixNanos(self.started_market.0.saturating_add(elapsed as i64))
    }

    /// Market time now.
    pub fn now(&self) -> UnixNanos {
        self.at(mono_now())
    }

    /// How long machine time takes to bring market time from `now` to `market`.
    pub fn machine_time_until(&self, market: UnixNanos, now: UnixNanos) -> Duration {
        let nanos = market.0.saturating_sub(now.0).max(0) as f64 / self.speed;
        Duration::from_nanos(nanos as u64)
    }

    /// Stands still at `at` from now on: the market will say nothing more.
    pub fn stop(&self, at: UnixNanos) {
        // Only the first end counts; a second call names the same end.
        let _ = self.stopped_at.set(at);
    }

    /// True once market time stands still.
    pub fn is_stopped(&self) -> bool {
        self.stopped_at.get().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn market_time_runs_at_its_speed_and_stops() {
        let started = mono_now();
        let clock = MarketClock::new(UnixNanos::from_seconds(1_000), started, 20.0);
        let later = started + Duration::from_secs(3);
        assert_eq!(clock.at(later), UnixNanos::from_seconds(1_060));
        let wait = clock.machine_time_until(UnixNanos::from_seconds(1_080), clock.at(later));
        assert_eq!(wait, Duration::from_secs(1));
        clock.stop(UnixNanos::from_seconds(1_070));
        assert_eq!(clock.at(later + Duration::from_secs(60)), UnixNanos::from_seconds(1_070));
        assert!(clock.is_stopped());
    }
}
