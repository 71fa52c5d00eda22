//! Half days, and nights that are longer or shorter than others.

use super::*;

/// Any time outside sessions in New York.
const NEW_YORK: &str = r#"
format = 1
service = { name = "desk", zone = "America/New_York", sessions = "nyse:equity" }
[windows]
outside_sessions = true
needs = "1h"
"#;

#[test]
fn half_a_day_in_new_york() {
    let (policy, calendars) = (policy(NEW_YORK), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    assert_eq!(why(&table, "2026-11-25T13:00"), ["in-session 11-25 16:00"]);
    assert_eq!(why(&table, "2026-11-26T13:00"), [""; 0], "Thanksgiving");
    assert_eq!(why(&table, "2026-11-27T12:59:59"), ["in-session 11-27 13:00"]);
    assert_eq!(why(&table, "2026-11-27T13:00"), [""; 0]);
    assert_eq!(
        next(&table, "2026-11-25T10:00", 2),
        ["Wed 11-25 16:00 - 11-27 09:30, latest 08:30", "Fri 11-27 13:00 - 11-30 09:30, latest 08:30",]
    );
}

#[test]
fn clocks_that_change_in_new_york() {
    let text = format!("{NEW_YORK}allow = [{{ from = \"00:30\", to = \"04:00\" }}]\n");
    let (policy, calendars) = (policy(&text), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    let length = |now: &str| {
        let opening = table.next(moment(&table, now), 1).openings.remove(0);
        Stretch { from: opening.from, to: opening.to }.length().to_string()
    };
    assert_eq!(length("2026-03-07T12:00"), "2h30m", "an hour is skipped");
    assert_eq!(length("2026-03-08T12:00"), "3h30m");
    assert_eq!(length("2026-10-31T12:00"), "4h30m", "an hour comes twice");
    // A release that takes an hour may begin at 01:59 of a long night, twice.
    let twice = table.zone().to_ambiguous_timestamp("2026-11-01T01:59".parse().unwrap());
    assert!(table.why_not(twice.earlier().unwrap()).is_empty());
    assert!(table.why_not(twice.later().unwrap()).is_empty());
    // The session opens at 09:30 there on either side of the change, an hour apart elsewhere.
    assert_eq!(why(&table, "2026-03-06T03:00:01"), ["does-not-fit 03-07 00:30"]);
    assert_eq!(why(&table, "2026-03-09T09:30")[1], "in-session 03-09 16:00");
}

#[test]
fn in_the_middle_of_a_session_when_the_policy_says_so() {
    let text = r#"
format = 1
service = { name = "x", sessions = "nyse:equity" }
windows = { needs = "1h", allow = [{ relative.in_session = { from_open = "1h", to_close = "30m" } }] }
"#;
    let (policy, calendars) = (policy(text), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    assert_eq!(
        next(&table, "2026-11-25T12:00", 2),
        ["Wed 11-25 12:00 - 11-25 15:30, latest 14:30", "Fri 11-27 10:30 - 11-27 12:30, latest 11:30",]
    );
    // Off Monday before the session, from its evening: a window before the opening belongs to the session's day.
    let text = text
        .replace(
            "in_session = { from_open = \"1h\", to_close = \"30m\" }",
            "before_open = { before = \"1h\", lasts = \"12h\" }",
        )
        .replace("allow = [{ ", "allow = [{ weekdays = [\"tue\"], ");
    let policy = self::policy(&text);
    let table = Timetable::new(&policy, &calendars).unwrap();
    assert_eq!(next(&table, "2026-11-28T00:00", 1), ["Mon 11-30 20:30 - 12-01 08:30, latest 07:30"]);
}
