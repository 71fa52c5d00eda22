//! The only place that reads real clocks. Everything else takes time as an argument.
//!
//! `now` is a pair: machine time (leases, expiry of keys, receive times) and market time (sessions, candles), which
//! runs at `speed` and stands still when a replay has ended.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
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

/// Nanoseconds since this machine was started, sleep included: for leases and for the last moment of a call.
pub fn boot_nanos() -> i64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
}

/// How market time follows machine time.
#[derive(Debug)]
pub struct MarketClock {
    pace: Pace,
    stopped_at: OnceLock<UnixNanos>,
}

#[derive(Debug)]
enum Pace {
    /// The wall clock, which goes on while the machine sleeps; it never runs backwards here.
    Wall { newest: AtomicI64 },
    /// From a moment on, so many times as fast as the monotonic clock.
    Own { market: UnixNanos, started: Instant, speed: f64 },
}

/// Slowest and fastest market time that can be asked for.
pub const SPEED_RANGE: (f64, f64) = (0.01, 10_000.0);

impl MarketClock {
    /// Market time is the wall clock of this machine: of a market that goes on whether we look or not.
    pub fn wall() -> MarketClock {
        MarketClock { pace: Pace::Wall { newest: AtomicI64::new(i64::MIN) }, stopped_at: OnceLock::new() }
    }

    /// Market time is `market` at the monotonic moment `started` and runs `speed` times as fast.
    pub fn new(market: UnixNanos, started: Instant, speed: f64) -> MarketClock {
        MarketClock { pace: Pace::Own { market, started, speed }, stopped_at: OnceLock::new() }
    }

    /// Where market time began: now, if it is the wall clock.
    pub fn beginning(&self) -> UnixNanos {
        match self.pace {
            Pace::Wall { .. } => self.now(),
            Pace::Own { market, .. } => market,
        }
    }

    /// True when market time is the wall clock, which can leap forward.
    pub fn is_wall(&self) -> bool {
        matches!(self.pace, Pace::Wall { .. })
    }

    /// Market time now.
    pub fn now(&self) -> UnixNanos {
        self.at(machine_now(), mono_now())
    }

    fn at(&self, wall: UnixNanos, mono: Instant) -> UnixNanos {
        if let Some(stopped) = self.stopped_at.get() {
            return *stopped;
        }
        match &self.pace {
            Pace::Wall { newest } => UnixNanos(newest.fetch_max(wall.0, Ordering::Relaxed).max(wall.0)),
            Pace::Own { market, started, speed } => {
                let elapsed = mono.saturating_duration_since(*started).as_nanos() as f64 * speed;
                // A float keeps microseconds over a century of nanoseconds at any allowed speed; `as` saturates.
                UnixNanos(market.0.saturating_add(elapsed as i64))
            }
        }
    }

    /// How long machine time takes to bring market time from `now` to `market`.
    pub fn machine_time_until(&self, market: UnixNanos, now: UnixNanos) -> Duration {
        let speed = match self.pace {
            Pace::Wall { .. } => 1.0,
            Pace::Own { speed, .. } => speed,
        };
        let nanos = market.0.saturating_sub(now.0).max(0) as f64 / speed;
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
        let later = |seconds| clock.at(UnixNanos(0), started + Duration::from_secs(seconds));
        assert_eq!(later(3), UnixNanos::from_seconds(1_060));
        let wait = clock.machine_time_until(UnixNanos::from_seconds(1_080), later(3));
        assert_eq!(wait, Duration::from_secs(1));
        clock.stop(UnixNanos::from_seconds(1_070));
        assert_eq!(later(60), UnixNanos::from_seconds(1_070));
        assert!(clock.is_stopped());
    }

    #[test]
    fn the_wall_clock_goes_on_over_a_sleep_and_never_back() {
        let (clock, mono) = (MarketClock::wall(), mono_now());
        let at = |seconds| clock.at(UnixNanos::from_seconds(seconds), mono).seconds();
        assert_eq!(at(1_000), 1_000);
        assert_eq!(at(30_000), 30_000, "eight hours asleep, by the monotonic clock no time at all");
        assert_eq!(at(29_990), 30_000, "the wall clock was set back");
    }
}
