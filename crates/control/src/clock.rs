//! The only place that reads real clocks. Everything else asks a [`Clock`] that it was given.

use std::time::{Duration, Instant, SystemTime};

use market::UnixNanos;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Wall time.
    fn wall(&self) -> UnixNanos;

    /// Monotonic time, for durations and deadlines.
    fn mono(&self) -> Instant;
}

/// The clocks of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct MachineClock;

impl Clock for MachineClock {
    #[expect(clippy::disallowed_methods, reason = "the one wall clock of what acts for a release")]
    fn wall(&self) -> UnixNanos {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        UnixNanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    #[expect(clippy::disallowed_methods, reason = "the one monotonic clock of what acts for a release")]
    fn mono(&self) -> Instant {
        Instant::now()
    }
}

/// What is left of `limit` for something that began at `began`; nothing once it is over.
pub fn left(clock: &dyn Clock, began: Instant, limit: Duration) -> Duration {
    limit.saturating_sub(clock.mono().saturating_duration_since(began))
}
