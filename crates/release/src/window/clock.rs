//! Times of day as moments, also where the clocks are changed.
//!
//! A time of day that is skipped stands for the moment of the change. Of one that comes twice, the caller says which is meant.

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use super::stretch::Stretch;

/// `HH:MM`.
pub fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let plain = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(hour) || !plain(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// `mon` to `sun`.
pub fn weekday(text: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(name, _)| *name == text).map(|(_, day)| *day)
}

/// In full, for people.
pub(super) const fn in_full(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

/// When clocks in `zone` first show this.
fn first(zone: &TimeZone, date: Date, time: Time) -> Timestamp {
    moments(zone, date, time).0
}

/// When they last do.
fn last(zone: &TimeZone, date: Date, time: Time) -> Timestamp {
    moments(zone, date, time).1
}

fn moments(zone: &TimeZone, date: Date, time: Time) -> (Timestamp, Timestamp) {
    let shown = zone.to_ambiguous_timestamp(date.to_datetime(time));
    let skipped = matches!(shown.offset(), jiff::tz::AmbiguousOffset::Gap { .. });
    // Only within a day of the first and last year that jiff knows is there no such moment.
    let one = shown.earlier().unwrap_or(Timestamp::MAX);
    let other = shown.later().unwrap_or(Timestamp::MAX);
    if skipped {
        let change = zone.following(one).next().map_or(other, |change| change.timestamp());
        return (change, change);
    }
    (one, other)
}

/// All of a date.
pub(super) fn day(zone: &TimeZone, date: Date) -> Stretch {
    let midnight = |date| first(zone, date, Time::midnight());
    Stretch { from: midnight(date), to: midnight(next(date)) }
}

/// The narrower reading, for when something is allowed: from the second time that `from` comes to the first that `to` does.
/// `to` is on the next day unless it is after `from`. `None` where clocks skip all of it.
pub(super) fn narrow(zone: &TimeZone, date: Date, from: Time, to: Time) -> Option<Stretch> {
    let end = first(zone, if to <= from { next(date) } else { date }, to);
    let second = Stretch::new(last(zone, date, from), end);
    // Where both come twice, the second `from` is after the first `to`.
    second.or_else(|| Stretch::new(first(zone, date, from), end))
}

/// The wider reading, for when something is not allowed.
pub(super) fn wide(zone: &TimeZone, date: Date, from: Time, to: Time) -> Option<Stretch> {
    let end = last(zone, if to <= from { next(date) } else { date }, to);
    Stretch::new(first(zone, date, from), end)
}

/// Every date in `zone` that has a moment of `stretch`, and one more on either side.
pub(super) fn dates(zone: &TimeZone, stretch: Stretch) -> impl Iterator<Item = Date> {
    let date = |at: Timestamp| zone.to_datetime(at).date();
    let last = next(date(stretch.to));
    let first = date(stretch.from).yesterday().unwrap_or(Date::MIN);
    std::iter::successors(Some(first), |date| date.tomorrow().ok()).take_while(move |date| *date <= last)
}

fn next(date: Date) -> Date {
    date.tomorrow().unwrap_or(Date::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn read(zone: &str, day: Date, from: &str, to: &str) -> [Option<String>; 2] {
        let zone = TimeZone::get(zone).unwrap();
        let (from, to) = (time_of_day(from).unwrap(), time_of_day(to).unwrap());
        let text = |stretch: Stretch| format!("{} {}", stretch.from, stretch.length());
        [narrow(&zone, day, from, to).map(text), wide(&zone, day, from, to).map(text)]
    }

    fn same(text: &str) -> [Option<String>; 2] {
        [Some(text.to_owned()), Some(text.to_owned())]
    }

    #[test]
    fn the_night_that_is_an_hour_short() {
        let check = |from, to, expected| {
            assert_eq!(read("America/New_York", date(2026, 3, 8), from, to), expected, "{from} {to}");
        };
        check("00:00", "04:00", same("2026-03-08T05:00:00Z 3h"));
        check("02:30", "04:00", same("2026-03-08T07:00:00Z 1h"));
        check("01:00", "02:30", same("2026-03-08T06:00:00Z 1h"));
        check("02:10", "02:50", [None, None]);
        check("22:00", "04:00", same("2026-03-09T02:00:00Z 6h"));
        check("00:00", "00:00", same("2026-03-08T05:00:00Z 23h"));
    }

    #[test]
    fn the_night_that_is_an_hour_long() {
        let check = |from, to, narrow: &str, wide: &str| {
            let expected = [narrow, wide].map(|text| Some(text.to_owned()));
            assert_eq!(read("America/New_York", date(2026, 11, 1), from, to), expected, "{from} {to}");
        };
        check("00:00", "04:00", "2026-11-01T04:00:00Z 5h", "2026-11-01T04:00:00Z 5h");
        check("01:30", "03:00", "2026-11-01T06:30:00Z 1h30m", "2026-11-01T05:30:00Z 2h30m");
        check("00:00", "01:30", "2026-11-01T04:00:00Z 1h30m", "2026-11-01T04:00:00Z 2h30m");
        check("01:15", "01:45", "2026-11-01T05:15:00Z 30m", "2026-11-01T05:15:00Z 1h30m");
        check("00:00", "00:00", "2026-11-01T04:00:00Z 1d1h", "2026-11-01T04:00:00Z 1d1h");
    }

    #[test]
    fn a_day_that_begins_at_one() {
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        let day = day(&zone, date(2018, 11, 4));
        assert_eq!(
            (day.from.to_string().as_str(), day.length()),
            ("2018-11-04T03:00:00Z", Length::minutes(23 * 60))
        );
    }

    use crate::Length;

    #[test]
    fn what_is_no_time_and_no_weekday() {
        for text in ["", "9:00", "09:60", "24:00", "09:00:00", "+9:00", "09-00", "ab:cd"] {
            assert_eq!(time_of_day(text), None, "{text}");
        }
        assert_eq!(weekday("tue"), Some(Weekday::Tuesday));
        assert_eq!(weekday("Tue"), None);
    }
}
