//! Days of the plan as dates and moments.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::policy::Policy;

/// Where and when day 0 is.
#[derive(Clone, Debug)]
pub struct Days {
    zone: TimeZone,
    day0: Option<Date>,
}

impl Days {
    /// Of a plan; `day0` counts before the policy's own. A zone that does not exist makes all dates unknown.
    pub fn of(policy: &Policy, day0: Option<Date>) -> Days {
        let zone = policy.service.zone.as_deref().map_or(Ok(TimeZone::UTC), TimeZone::get);
        let day0 = day0.or_else(|| policy.plan.day0.as_deref().and_then(|text| text.parse().ok()));
        match zone {
            Ok(zone) => Days { zone, day0 },
            Err(_) => Days { zone: TimeZone::UTC, day0: None },
        }
    }

    /// The date of that day; `None` while nobody knows.
    pub fn date(&self, day: i32) -> Option<Date> {
        // A day beyond every calendar has no date.
        self.day0?.checked_add(Span::new().try_days(day).ok()?).ok()
    }

    /// The first moment after that day, or that time of day on it; `None` while nobody knows.
    pub fn end(&self, day: i32, time: Option<&str>) -> Option<Timestamp> {
        match time {
            Some(time) => self.moment(self.date(day)?, time.parse().ok()?),
            None => self.after(self.date(day)?),
        }
    }

    /// The first moment of that day, or that time of day on it; `None` while nobody knows.
    pub fn begin(&self, day: i32, time: Option<&str>) -> Option<Timestamp> {
        let time = time.map_or(Some(Time::midnight()), |time| time.parse().ok())?;
        self.moment(self.date(day)?, time)
    }

    /// Which day of the plan a moment is on; `None` while nobody knows.
    pub fn day_of(&self, at: Timestamp) -> Option<i64> {
        let since = self.date_of(at).since(self.day0?).ok()?;
        Some(i64::from(since.get_days()))
    }

    /// The date of a moment where the service is.
    pub fn date_of(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// Where the service is.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first moment after that date.
    pub fn after(&self, date: Date) -> Option<Timestamp> {
        self.moment(date.tomorrow().ok()?, Time::midnight())
    }

    fn moment(&self, date: Date, time: Time) -> Option<Timestamp> {
        date.to_datetime(time).to_zoned(self.zone.clone()).ok().map(|moment| moment.timestamp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Loaded;

    #[test]
    fn days_end_where_the_service_is() {
        let text =
            "format = 1\n[service]\nname = \"x\"\nzone = \"Asia/Kolkata\"\n[plan]\nday0 = \"2025-11-18\"\n";
        let policy = Loaded::parse(text).unwrap().policy;
        let days = Days::of(&policy, None);
        assert_eq!(days.end(-1, None), Some("2025-11-17T18:30:00Z".parse().unwrap()));
        assert_eq!(days.end(-5, Some("09:00")), Some("2025-11-13T03:30:00Z".parse().unwrap()));
        let later = Days::of(&policy, Some("2025-12-01".parse().unwrap()));
        assert_eq!([i32::MIN, i32::MAX].map(|day| later.date(day)), [None, None]);
        assert_eq!(later.date(14), Some("2025-12-15".parse().unwrap()));
        for far in [8_000_000, i32::MAX, i32::MIN] {
            assert_eq!(
                (later.date(far), later.end(far, None), later.begin(far, Some("09:00"))),
                (None, None, None)
            );
        }
    }
}
