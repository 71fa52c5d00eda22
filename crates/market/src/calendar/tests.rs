use super::*;
use jiff::civil::{DateTime, date, datetime};

fn nse() -> Calendar {
    Calendar::nse().unwrap()
}

/// Opening and closing in India as `HH:MM-HH:MM`, `closed`, or `unknown`.
fn hours(calendar: &Calendar, date: Date, group: Group) -> String {
    match calendar.session(date, group) {
        Ok(Some(session)) => {
            let text = |at: UnixNanos| at.ist_datetime().strftime("%H:%M").to_string();
            assert_eq!(session.open.ist_date(), date);
            format!("{}-{}", text(session.open), text(session.close))
        }
        Ok(None) => "closed".into(),
        Err(_) => "unknown".into(),
    }
}

#[test]
fn known_days() {
    let calendar = nse();
    let check = |day: Date, equity: &str, derivatives: &str, currency: &str| {
        let got = [Group::Equity, Group::Derivatives, Group::Currency].map(|g| hours(&calendar, day, g));
        assert_eq!(got, [equity, derivatives, currency], "{day}");
    };
    let regular = "09:15-15:30";
    check(date(2025, 1, 1), regular, regular, "unknown");
    check(date(2025, 2, 1), regular, regular, "unknown");
    check(date(2025, 9, 5), regular, regular, "unknown");
    check(date(2025, 10, 21), "13:45-14:45", "13:45-14:45", "unknown");
    check(date(2025, 10, 22), "closed", "closed", "unknown");
    check(date(2026, 1, 15), "closed", "closed", "closed");
    check(date(2026, 1, 26), "closed", "closed", "closed");
    check(date(2026, 1, 27), regular, regular, "09:00-17:00");
    check(date(2026, 1, 31), "closed", "closed", "closed");
    check(date(2026, 2, 1), regular, regular, "closed");
    check(date(2026, 2, 19), regular, regular, "closed");
    check(date(2026, 7, 31), regular, regular, "09:00-17:00");
    check(date(2026, 8, 3), "09:15-15:35", "09:15-15:40", "09:00-17:00");
    check(date(2026, 11, 8), "unknown", "unknown", "unknown");
    check(date(2026, 11, 24), "closed", "closed", "closed");
    check(date(2026, 12, 31), "09:15-15:35", "09:15-15:40", "09:00-17:00");
    check(date(2027, 1, 1), "unknown", "unknown", "unknown");
    check(date(2024, 12, 31), "unknown", "unknown", "unknown");
    assert_eq!(hours(&calendar, date(2026, 11, 20), Group::Commodity), "unknown");
}

#[test]
fn as_many_trading_days_as_the_exchange_had() {
    let days = |from, to| nse().trading_days(from, to, Group::Equity).unwrap();
    // 261 weekdays, 13 holidays, and the Saturday of the budget; the Muhurat session is on a weekday.
    assert_eq!(days(date(2025, 1, 1), date(2025, 12, 31)).len(), 249);
    // January to October 2026: 217 weekdays, 13 holidays, and the Sunday of the budget.
    let weekdays = 22 + 20 + 22 + 22 + 21 + 22 + 23 + 21 + 22 + 22;
    assert_eq!(days(date(2026, 1, 1), date(2026, 10, 31)).len(), weekdays - 13 + 1);
    assert!(days(date(2026, 2, 2), date(2026, 2, 1)).is_empty());
    let over = nse().trading_days(date(2026, 11, 1), date(2026, 11, 30), Group::Equity).unwrap_err();
    assert_eq!(over.date, date(2026, 11, 8), "a range over an unknown day is not counted");
}

#[test]
fn what_is_not_covered_says_what_to_do() {
    let late = nse().session(date(2027, 1, 1), Group::Equity).unwrap_err();
    assert_eq!(late.covered_until, Some(date(2026, 12, 31)));
    assert_eq!(
        late.to_string(),
        "the calendar does not know the equity session of 2027-01-01: it covers 2025-01-01 to 2026-12-31; give a newer calendar file"
    );
    let none = nse().session(date(2026, 1, 1), Group::Commodity).unwrap_err();
    assert_eq!(none.covered_until, None);
    assert!(none.to_string().contains("no commodity sessions at all"), "{none}");
}

#[test]
fn open_from_the_first_to_before_the_last_moment() {
    let calendar = nse();
    let open = |at: DateTime| calendar.is_open(UnixNanos::from_ist(at), Group::Equity).unwrap();
    assert!(!open(datetime(2026, 1, 27, 9, 14, 59, 999_999_999)));
    assert!(open(datetime(2026, 1, 27, 9, 15, 0, 0)));
    assert!(open(datetime(2026, 1, 27, 15, 29, 59, 999_999_999)));
    assert!(!open(datetime(2026, 1, 27, 15, 30, 0, 0)));
    assert!(!open(datetime(2026, 1, 26, 12, 0, 0, 0)));
    assert!(calendar.is_open(UnixNanos(i64::MAX), Group::Equity).is_err());
}

#[test]
fn the_next_opening() {
    let calendar = nse();
    let next = |at: DateTime| {
        let next = calendar.next_open(UnixNanos::from_ist(at), Group::Equity);
        next.map(|at| at.ist_datetime()).map_err(|error| error.date)
    };
    assert_eq!(next(datetime(2026, 1, 23, 16, 0, 0, 0)), Ok(datetime(2026, 1, 27, 9, 15, 0, 0)));
    assert_eq!(next(datetime(2026, 1, 27, 9, 0, 0, 0)), Ok(datetime(2026, 1, 27, 9, 15, 0, 0)));
    assert_eq!(next(datetime(2026, 1, 27, 9, 15, 0, 0)), Ok(datetime(2026, 1, 28, 9, 15, 0, 0)));
    assert_eq!(next(datetime(2026, 1, 30, 16, 0, 0, 0)), Ok(datetime(2026, 2, 1, 9, 15, 0, 0)));
    assert_eq!(next(datetime(2025, 10, 20, 16, 0, 0, 0)), Ok(datetime(2025, 10, 21, 13, 45, 0, 0)));
    assert_eq!(next(datetime(2026, 11, 6, 16, 0, 0, 0)), Err(date(2026, 11, 8)));
    assert_eq!(next(datetime(2026, 12, 31, 16, 0, 0, 0)), Err(date(2027, 1, 1)));
}

#[test]
fn remarks_name_day_and_source() {
    let calendar = nse();
    let (name, source) = calendar.remark(date(2026, 1, 26), Group::Equity).unwrap();
    assert_eq!(name, "Republic Day");
    assert!(source.contains("NSE/CMTR/71775"), "{source}");
    assert_eq!(calendar.remark(date(2026, 1, 27), Group::Equity), None);
}

#[test]
fn orders_are_taken_before_the_open() {
    let pre_open = |day, group| {
        let at = nse().pre_open(day, group).unwrap();
        at.map(|at| at.ist_datetime().strftime("%H:%M").to_string())
    };
    assert_eq!(pre_open(date(2026, 1, 27), Group::Equity).as_deref(), Some("09:00"));
    assert_eq!(pre_open(date(2026, 2, 1), Group::Equity).as_deref(), Some("09:00"));
    assert_eq!(pre_open(date(2026, 8, 3), Group::Derivatives).as_deref(), Some("09:00"));
    assert_eq!(pre_open(date(2025, 10, 21), Group::Equity).as_deref(), Some("13:30"));
    assert_eq!(pre_open(date(2025, 12, 5), Group::Derivatives), None);
    assert_eq!(pre_open(date(2025, 12, 8), Group::Derivatives).as_deref(), Some("09:00"));
    assert_eq!(pre_open(date(2026, 1, 27), Group::Currency), None);
    assert_eq!(pre_open(date(2026, 1, 26), Group::Equity), None);
    assert!(nse().pre_open(date(2027, 1, 1), Group::Equity).is_err());
}

#[test]
fn elsewhere_only_where_it_is_expected() {
    let abroad = SMALL.replacen("name = \"small\"", "name = \"small\"\nzone = \"America/New_York\"", 1);
    let refused = Calendar::parse(&abroad).unwrap_err().to_string();
    assert_eq!(
        refused,
        "calendar line 3: `zone` is America/New_York; only calendars of Asia/Kolkata can be used here"
    );
    let calendar = Calendar::parse_anywhere(&abroad).unwrap();
    assert_eq!(calendar.zone().iana_name(), Some("America/New_York"));
    let session = calendar.session(date(2026, 1, 27), Group::Equity).unwrap().unwrap();
    assert_eq!(session.open.to_rfc3339(), "2026-01-27T19:45:00.000+05:30");
    // In India it is Wednesday by then, in New York still Tuesday, ten minutes before the close.
    let late = UnixNanos::from_ist(datetime(2026, 1, 28, 1, 50, 0, 0));
    assert_eq!(calendar.is_open(late, Group::Equity), Ok(true));
    let next = calendar.next_open(late, Group::Equity).unwrap();
    assert_eq!(next.to_rfc3339(), "2026-01-28T19:45:00.000+05:30");
    let nowhere = abroad.replacen("America/New_York", "America/Atlantis", 1);
    assert!(Calendar::parse_anywhere(&nowhere).unwrap_err().to_string().contains("`America/Atlantis`"));
    let home = abroad.replacen("America/New_York", "Asia/Kolkata", 1);
    assert_eq!(Calendar::parse(&home).unwrap().zone().iana_name(), Some("Asia/Kolkata"));
}

const SMALL: &str = r#"format = 1
name = "small"
[sources]
here = "a test"
[[coverage]]
groups = ["equity"]
from = "2026-01-01"
to = "2026-01-31"
[[hours]]
groups = ["equity"]
from = "2026-01-01"
open = "09:15"
close = "15:30"
source = "here"
entered = "2026-01-01"
[[holiday]]
date = "2026-01-26"
groups = ["equity"]
name = "Republic Day"
source = "here"
entered = "2026-01-01"
"#;

#[test]
fn mistakes_are_named_by_line_and_field() {
    let check = |from: &str, to: &str, expected: &str| {
        assert!(SMALL.contains(from), "{from}");
        let error = Calendar::parse(&SMALL.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    assert!(Calendar::parse(SMALL).is_ok());
    check("format = 1", "format = 2", "calendar line 1: `format` is 2, this build reads 1");
    check("name = \"small\"", "nmae = \"small\"", "calendar line 2: unknown field `nmae`");
    check("to = \"2026-01-31\"", "to = \"2025-01-31\"", "calendar line 8: `to` is before `from`");
    check(
        "groups = [\"equity\"]",
        "groups = [\"stocks\"]",
        "calendar line 6: `groups` has `stocks`, which is not",
    );
    check("groups = [\"equity\"]", "groups = []", "calendar line 6: `groups` is empty");
    check("open = \"09:15\"", "open = \"9:15\"", "calendar line 12: `open` is not a time like 09:15");
    check(
        "open = \"09:15\"",
        "pre_open = \"09:15\"\nopen = \"09:15\"",
        "calendar line 12: `pre_open` is not before",
    );
    check("close = \"15:30\"", "close = \"09:15\"", "calendar line 13: `close` is not after `open`");
    check(
        "source = \"here\"",
        "source = \"there\"",
        "calendar line 14: `source` is not listed under `sources`",
    );
    check("entered = \"2026-01-01\"", "", "calendar line 9: missing field `entered`");
    check("2026-01-26", "2026-01-32", "calendar line 17: `date` is not a date like 2026-11-24");
    check("2026-01-26", "20260126", "calendar line 17: `date` is not a date like 2026-11-24");
    check("2026-01-26", "2026-01-25", "calendar line 17: `date` is a weekend");
    check(
        "2026-01-26",
        "2026-02-26",
        "calendar line 17: `date` 2026-02-26 is outside the coverage of equity",
    );
    check("Republic Day", " ", "calendar line 19: `name` is empty");
    let holiday = &SMALL[SMALL.find("[[holiday]]").unwrap()..];
    let twice = Calendar::parse(&format!("{SMALL}{holiday}")).unwrap_err().to_string();
    assert_eq!(twice, "calendar line 23: `date` 2026-01-26 is listed twice for equity");
    assert!(Calendar::parse("").is_err());
}
