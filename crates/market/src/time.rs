//! Moments: nanoseconds on the hot path, calendar dates only where people think in days.

use jiff::civil::{Date, DateTime, Time};

/// India has one zone, five and a half hours ahead of UTC, and no daylight saving.
pub const IST_OFFSET_SECONDS: i64 = 19_800;

/// Nanoseconds per second.
pub const NANOS_PER_SECOND: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Wall time: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct UnixNanos(pub i64);

/// Wall time as the exchange stamps it: whole seconds since 1970-01-01T00:00:00Z. Zero means "not told".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct EpochSeconds(pub u32);

impl UnixNanos {
    /// From whole seconds; the nearest moment that 64 bits hold (1677..2262) outside.
    pub const fn from_seconds(seconds: i64) -> UnixNanos {
        UnixNanos(seconds.saturating_mul(NANOS_PER_SECOND))
    }

    /// Whole seconds, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(NANOS_PER_SECOND)
    }

    /// Seconds for the wire; zero outside 1970..2106.
    pub fn epoch_seconds(self) -> EpochSeconds {
        EpochSeconds(u32::try_from(self.seconds()).unwrap_or(0))
    }

    /// Number of the day in India: days since 1970-01-01 there.
    pub const fn ist_day(self) -> i64 {
        self.seconds().saturating_add(IST_OFFSET_SECONDS).div_euclid(SECONDS_PER_DAY)
    }

    /// Calendar date in India.
    pub fn ist_date(self) -> Date {
        self.ist_datetime().date()
    }

    /// Date and time in India, with nanoseconds.
    pub fn ist_datetime(self) -> DateTime {
        let local = self.0.saturating_add(IST_OFFSET_SECONDS * NANOS_PER_SECOND);
        let days = local.div_euclid(SECONDS_PER_DAY * NANOS_PER_SECOND);
        let nanos = local.rem_euclid(SECONDS_PER_DAY * NANOS_PER_SECOND);
        // An i64 of nanoseconds spans 1677..2262, well inside what a civil date holds.
        let date = Date::constant(1970, 1, 1).saturating_add(jiff::Span::new().days(days));
        let midnight = date.to_datetime(Time::midnight());
        midnight.saturating_add(jiff::Span::new().nanoseconds(nanos))
    }

    /// The moment at which a clock in India shows `at`; the nearest one that 64 bits hold (1677..2262) outside.
    pub fn from_ist(at: DateTime) -> UnixNanos {
        let days = i64::from(at.date().since(Date::constant(1970, 1, 1)).map_or(0, |span| span.get_days()));
        let time = at.time();
        let seconds = days * SECONDS_PER_DAY
            + i64::from(time.hour()) * 3600
            + i64::from(time.minute()) * 60
            + i64::from(time.second())
            - IST_OFFSET_SECONDS;
        let whole = UnixNanos::from_seconds(seconds).0;
        UnixNanos(whole.saturating_add(i64::from(time.subsec_nanosecond())))
    }

    /// Midnight in India at the start of `date`.
    pub fn ist_midnight(date: Date) -> UnixNanos {
        UnixNanos::from_ist(date.to_datetime(Time::midnight()))
    }

    /// RFC 3339 with the Indian offset and milliseconds: `2026-11-21T09:15:00.250+05:30`.
    pub fn to_rfc3339(self) -> String {
        let at = self.ist_datetime();
        format!("{}.{:03}+05:30", at.strftime("%Y-%m-%dT%H:%M:%S"), at.subsec_nanosecond() / 1_000_000)
    }
}

impl EpochSeconds {
    /// The same moment in nanoseconds.
    pub const fn nanos(self) -> UnixNanos {
        UnixNanos::from_seconds(self.0 as i64)
    }

    /// True for the wire's "not told".
    pub const fn is_absent(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, datetime};

    #[test]
    fn indian_time_is_half_past_five_ahead() {
        let open = UnixNanos::from_ist(datetime(2026, 11, 20, 9, 15, 0, 250_000_000));
        assert_eq!(open.to_rfc3339(), "2026-11-20T09:15:00.250+05:30");
        assert_eq!(open.seconds(), 1_795_146_300);
        assert_eq!(open.ist_datetime(), datetime(2026, 11, 20, 9, 15, 0, 250_000_000));
        assert_eq!(UnixNanos::ist_midnight(date(2026, 11, 20)).ist_date(), date(2026, 11, 20));
    }

    #[test]
    fn days_change_at_midnight_in_india() {
        let midnight = UnixNanos::ist_midnight(date(2026, 11, 21));
        assert_eq!(midnight.ist_day(), 20_778);
        assert_eq!(UnixNanos(midnight.0 - 1).ist_day(), 20_777);
        assert_eq!((UnixNanos(0).ist_day(), UnixNanos::from_seconds(-19_801).ist_day()), (0, -1));
        assert_eq!((UnixNanos(i64::MAX).ist_day(), UnixNanos(i64::MIN).ist_day()), (106_752, -106_752));
    }

    #[test]
    fn far_dates_stay_in_order() {
        let far = |year| UnixNanos::ist_midnight(date(year, 1, 1));
        assert!(far(1600) < far(1970) && far(2261) < far(2263));
        assert_eq!(far(9999), UnixNanos(i64::MAX));
        assert_eq!(far(2263), far(9999));
    }

    #[test]
    fn a_moment_before_1970_is_still_a_date() {
        assert_eq!(UnixNanos(-1).ist_date(), date(1970, 1, 1));
        assert_eq!(UnixNanos::from_seconds(-19_801).ist_date(), date(1969, 12, 31));
    }
}
