//! Time to expiry: ACT/365 on the clock, to 15:30 in India.

use jiff::civil::{Date, time};
use market::UnixNanos;

/// 365 days of nanoseconds. Exact in a double.
const YEAR_NANOS: f64 = 365.0 * 86_400.0 * 1e9;

/// The moment at which an exchange-traded Indian option expires: 15:30:00 IST on its expiry date.
pub fn expiry_moment(expiry: Date) -> UnixNanos {
    UnixNanos::from_ist(expiry.to_datetime(time(15, 30, 0, 0)))
}

/// Years of 365 days from `now` to 15:30:00 IST on `expiry`; zero from then on. Weekends, holidays and 29 February
/// count like any other time.
pub fn years_to_expiry(now: UnixNanos, expiry: Date) -> f64 {
    let left = expiry_moment(expiry).0.saturating_sub(now.0).max(0);
    left as f64 / YEAR_NANOS
}
