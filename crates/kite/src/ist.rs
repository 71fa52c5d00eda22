//! How the broker writes moments: `yyyy-mm-dd HH:MM:SS` in Indian Standard Time, without a zone.
//!
//! Enters and leaves: text and moments. Never here: the present moment.

use jiff::civil::{Date, DateTime, Time};
use market::{EpochSeconds, UnixNanos};

/// Years that a moment may have: what 64 bits of nanoseconds hold, with room.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2200;

/// The text is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a moment: use yyyy-mm-dd HH:MM:SS or yyyy-mm-dd (Indian Standard Time)")]
pub struct NotAMoment;

/// A moment, or a whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A second.
    At(UnixNanos),
    /// A bare date.
    Day(Date),
}

impl Moment {
    /// The moment itself, or the first one of the day.
    pub fn first(self) -> UnixNanos {
        match self {
            Moment::At(at) => at,
            Moment::Day(date) => UnixNanos::ist_midnight(date),
        }
    }

    /// The moment itself, or the last whole second of the day: someone who asks for data *to* a date means all of it.
    pub fn last(self) -> UnixNanos {
        match self {
            Moment::At(at) => at,
            Moment::Day(date) => UnixNanos::from_ist(date.to_datetime(Time::constant(23, 59, 59, 0))),
        }
    }
}

/// Reads `yyyy-mm-dd HH:MM:SS`, the same with `T` between date and time or without seconds, or `yyyy-mm-dd`.
///
/// # Errors
/// [`NotAMoment`] for any other form, for a date that no calendar has, and outside the years 1900 to 2200.
pub fn parse(text: &str) -> Result<Moment, NotAMoment> {
    let (day, clock) = match text.split_once([' ', 'T']) {
        Some((day, clock)) => (day, Some(clock)),
        None => (text, None),
    };
    let date = parse_date(day)?;
    match clock {
        None => Ok(Moment::Day(date)),
        Some(clock) => Ok(Moment::At(UnixNanos::from_ist(date.to_datetime(parse_clock(clock)?)))),
    }
}

/// Reads `yyyy-mm-ddTHH:MM:SS+0530`, the form of candles.
///
/// # Errors
/// [`NotAMoment`] for any other form or offset.
pub fn parse_candle(text: &str) -> Result<UnixNanos, NotAMoment> {
    let local = text.strip_suffix("+0530").ok_or(NotAMoment)?;
    let (day, clock) = local.split_once('T').ok_or(NotAMoment)?;
    if clock.len() != 8 {
        return Err(NotAMoment);
    }
    Ok(UnixNanos::from_ist(parse_date(day)?.to_datetime(parse_clock(clock)?)))
}

/// Writes `yyyy-mm-dd HH:MM:SS`.
pub fn format(at: UnixNanos) -> String {
    let (at, mut text) = (at.ist_datetime(), String::with_capacity(19));
    push(&mut text, at, ' ');
    text
}

/// The same for a moment of the exchange; `None` when it told none.
pub fn format_seconds(at: EpochSeconds) -> Option<String> {
    (!at.is_absent()).then(|| format(at.nanos()))
}

/// Appends `yyyy-mm-ddTHH:MM:SS+0530`, the form of candles.
pub fn push_candle(out: &mut String, at: UnixNanos) {
    push(out, at.ist_datetime(), 'T');
    out.push_str("+0530");
}

fn push(out: &mut String, at: DateTime, between: char) {
    // By hand: a long history has tens of thousands of these.
    let year = i32::from(at.year()).clamp(0, 9999);
    for (value, width, before) in [
        (year, 4, None),
        (i32::from(at.month()), 2, Some('-')),
        (i32::from(at.day()), 2, Some('-')),
        (i32::from(at.hour()), 2, Some(between)),
        (i32::from(at.minute()), 2, Some(':')),
        (i32::from(at.second()), 2, Some(':')),
    ] {
        out.extend(before);
        for place in (0..width).rev() {
            let digit = value / 10i32.pow(place) % 10;
            out.extend(char::from_digit(digit.unsigned_abs(), 10));
        }
    }
}

fn number<const N: usize>(text: &str) -> Result<i16, NotAMoment> {
    if text.len() != N || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotAMoment);
    }
    text.parse().map_err(|_| NotAMoment)
}

fn small(text: &str) -> Result<i8, NotAMoment> {
    i8::try_from(number::<2>(text)?).map_err(|_| NotAMoment)
}

fn parse_date(text: &str) -> Result<Date, NotAMoment> {
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(NotAMoment);
    };
    let year = number::<4>(year)?;
    if !YEARS.contains(&year) {
        return Err(NotAMoment);
    }
    Date::new(year, small(month)?, small(day)?).map_err(|_| NotAMoment)
}

fn parse_clock(text: &str) -> Result<Time, NotAMoment> {
    let mut parts = text.split(':');
    let (Some(hour), Some(minute), second, None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(NotAMoment);
    };
    let second = second.map_or(Ok(0), small)?;
    Time::new(small(hour)?, small(minute)?, second, 0).map_err(|_| NotAMoment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::datetime;

    #[test]
    fn moments_come_back_unchanged() {
        for text in
            ["2026-11-20 09:15:00", "1970-01-01 00:00:00", "2200-12-31 23:59:59", "1969-12-31 23:59:59"]
        {
            assert_eq!(format(parse(text).unwrap().first()), text);
        }
        let mut out = String::new();
        push_candle(&mut out, parse_candle("2026-11-20T09:15:00+0530").unwrap());
        assert_eq!(out, "2026-11-20T09:15:00+0530");
        assert_eq!(format_seconds(EpochSeconds(0)), None);
        assert_eq!(format_seconds(EpochSeconds(1_795_146_300)).unwrap(), "2026-11-20 09:15:00");
    }

    #[test]
    fn a_bare_date_is_the_whole_day() {
        let day = parse("2026-11-20").unwrap();
        assert_eq!(day.first(), UnixNanos::from_ist(datetime(2026, 11, 20, 0, 0, 0, 0)));
        assert_eq!(day.last(), UnixNanos::from_ist(datetime(2026, 11, 20, 23, 59, 59, 0)));
        let at = parse("2026-11-20T09:15").unwrap();
        assert_eq!((at.first(), format(at.last()).as_str()), (at.last(), "2026-11-20 09:15:00"));
    }

    #[test]
    fn refuses_what_no_calendar_has() {
        for text in [
            "",
            "today",
            "2026-02-30",
            "2026-13-01",
            "2026-1-1",
            "20261120",
            "2026-11-20 25:00:00",
            "2026-11-20 09",
            "2026-11-20 09:15:00.5",
            "2026-11-20 09:15:00+0530",
            "+026-11-20",
            "9999-01-01",
            "0001-01-01",
            "2026-11-20 ",
            "2026-11-20-01",
            "-2026-11-20",
        ] {
            assert_eq!(parse(text), Err(NotAMoment), "{text:?}");
        }
        for text in ["2026-11-20T09:15:00", "2026-11-20T09:15:00+0000", "2026-11-20 09:15:00+0530", "+0530"] {
            assert_eq!(parse_candle(text), Err(NotAMoment), "{text:?}");
        }
    }
}
