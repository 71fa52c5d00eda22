//! The benches' only clock.

use std::time::{Duration, Instant};

/// Monotonic time.
#[inline]
#[expect(clippy::disallowed_methods, reason = "benches measure time")]
pub fn now() -> Instant {
    Instant::now()
}

/// What `work` gives, and how long it took.
#[inline]
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = now();
    let given = work();
    (given, begun.elapsed())
}

/// Events per second.
pub fn rate(events: usize, took: Duration) -> f64 {
    events as f64 / took.as_secs_f64().max(1e-9)
}

/// Milliseconds.
pub fn milliseconds(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}
