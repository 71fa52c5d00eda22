//! Real days in Mumbai and New York.

use super::*;
use crate::Loaded;
use crate::policy::Policy;

/// Evenings after the close and Saturdays, as a desk in Mumbai would have it.
const MUMBAI: &str = r#"
format = 1
service = { name = "ticker", zone = "Asia/Kolkata" }
[windows]
calendar = "nse:derivatives"
outside_sessions = true
prefer = ["wed"]
avoid = ["fri"]
expiry_days = ["tue"]
needs = "2h"
[[windows.allow]]
title = "after the close"
relative.after_close = { after = "20m", lasts = "4h" }
[[windows.allow]]
title = "Saturday"
weekdays = ["sat"]
from = "10:00"
to = "18:00"
[[windows.freeze]]
from = "2026-12-21"
to = "2027-01-03"
why = "end of year"
[[windows.blackout]]
from = "05:50"
to = "06:20"
why = "tokens expire at 06:00"
[windows.hotfix]
severities = ["P0"]
signers = ["cto"]
"#;

/// Any time outside sessions in New York.
const NEW_YORK: &str = r#"
format = 1
service = { name = "desk", zone = "America/New_York", sessions = "nyse:equity" }
[windows]
outside_sessions = true
needs = "1h"
"#;

fn policy(text: &str) -> Policy {
    Loaded::parse(text).unwrap().policy
}

fn calendars() -> Calendars {
    Calendars::builtin()
}

fn moment(table: &Timetable<'_>, text: &str) -> Timestamp {
    let at: jiff::civil::DateTime = text.parse().unwrap();
    table.zone().to_timestamp(at).unwrap()
}

/// `why until when` of every reason.
fn why(table: &Timetable<'_>, at: &str) -> Vec<String> {
    let show = |reason: &Reason| {
        let until =
            reason.until.map(|at| at.to_zoned(table.zone().clone()).strftime("%m-%d %H:%M").to_string());
        format!("{} {}", reason.why.code(), until.unwrap_or("for ever".into()))
    };
    table.why_not(moment(table, at)).iter().map(show).collect()
}

/// `from to latest` of the next openings, `*` on preferred ones.
fn next(table: &Timetable<'_>, now: &str, n: usize) -> Vec<String> {
    let show = |opening: &Opening| {
        let clock = |at: Timestamp, format| at.to_zoned(table.zone().clone()).strftime(format).to_string();
        let (from, to) = (clock(opening.from, "%a %m-%d %H:%M"), clock(opening.to, "%m-%d %H:%M"));
        let star = if opening.preferred_from.is_some() { " *" } else { "" };
        format!("{from} - {to}, latest {}{star}", clock(opening.latest_start, "%H:%M"))
    };
    table.next(moment(table, now), n).openings.iter().map(show).collect()
}

#[test]
fn evenings_in_mumbai() {
    let (policy, calendars) = (policy(MUMBAI), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    // Monday 23 November 2026: Tuesday is a holiday, so contracts expire on Monday; Friday is avoided.
    assert_eq!(
        next(&table, "2026-11-23T08:00", 4),
        [
            "Wed 11-25 16:00 - 11-25 20:00, latest 18:00 *",
            "Thu 11-26 16:00 - 11-26 20:00, latest 18:00",
            "Sat 11-28 10:00 - 11-28 18:00, latest 16:00",
            "Mon 11-30 16:00 - 11-30 20:00, latest 18:00",
        ]
    );
    assert_eq!(why(&table, "2026-11-23T17:00"), ["expiry-day 11-24 00:00"]);
    assert_eq!(
        why(&table, "2026-11-24T17:00"),
        ["outside-windows 11-25 16:00"],
        "a holiday: nothing expires"
    );
    assert_eq!(why(&table, "2026-12-01T17:00"), ["expiry-day 12-02 00:00"]);
    assert_eq!(why(&table, "2026-11-27T17:00"), ["avoided-weekday 11-28 00:00"]);
    assert_eq!(why(&table, "2026-11-25T17:00"), [""; 0]);
    assert_eq!(why(&table, "2026-11-25T18:00:01"), ["does-not-fit 11-26 16:00"]);
    assert_eq!(why(&table, "2026-11-25T12:00"), ["outside-windows 11-25 16:00", "in-session 11-25 15:40"]);
    let table = Timetable::new(&policy, &calendars).unwrap();
    let opening = &table.next(moment(&table, "2026-11-25T17:10"), 1).openings[0];
    assert_eq!(opening.from, moment(&table, "2026-11-25T17:10"), "an opening that has begun");
    assert_eq!(opening.titles, ["after the close"]);
}

#[test]
fn nine_in_the_morning_is_no_time_off_the_market() {
    let text = MUMBAI.split("[[windows.allow]]").next().unwrap();
    let (policy, calendars) = (policy(text), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    assert_eq!(why(&table, "2026-11-25T09:00"), ["near-open 11-25 15:40"]);
    assert_eq!(why(&table, "2026-11-25T09:15"), ["in-session 11-25 15:40"]);
    assert_eq!(why(&table, "2026-11-25T07:00:01"), ["near-open 11-25 15:40"]);
    assert_eq!(why(&table, "2026-11-25T07:00"), [""; 0]);
    // Before 3 August 2026 the close was ten minutes earlier.
    assert_eq!(why(&table, "2026-07-29T15:29:59"), ["in-session 07-29 15:30"]);
    assert_eq!(why(&table, "2026-07-29T15:30"), [""; 0]);
    // The Sunday of the budget is a trading day.
    assert_eq!(why(&table, "2026-02-01T11:00"), ["in-session 02-01 15:30"]);
    assert_eq!(why(&table, "2026-01-26T11:00"), [""; 0], "and Republic Day is none");
    let margin = text.replace("needs", "before_open = \"30m\"\nneeds");
    let policy = self::policy(&margin);
    let table = Timetable::new(&policy, &calendars).unwrap();
    assert_eq!(why(&table, "2026-11-25T06:30:01"), ["near-open 11-25 15:40"]);
    assert_eq!(why(&table, "2026-11-25T06:30"), [""; 0]);
}

#[test]
fn what_the_calendar_does_not_know_is_closed() {
    let (policy, calendars) = (policy(MUMBAI), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    let muhurat = table.why_not(moment(&table, "2026-11-08T11:00"));
    let words: Vec<_> = muhurat.iter().map(|reason| reason.words(table.zone())).collect();
    assert_eq!(words[0], "outside every window; the next begins Mon 2026-11-09 16:00");
    assert!(words[1].contains("2026-11-08: Diwali-Laxmi Pujan"), "{}", words[1]);
    assert_eq!(why(&table, "2026-11-08T11:00")[1], "calendar-unknown 11-09 00:00");
    // The calendar ends with the year, the freeze a little later, and nothing says when one could go on.
    let beyond = ["outside-windows for ever", "freeze 01-04 00:00", "calendar-unknown for ever"];
    assert_eq!(why(&table, "2027-01-01T17:00").len(), 4);
    for reason in beyond.iter().skip(1) {
        assert!(why(&table, "2027-01-01T17:00").contains(&(*reason).to_owned()), "{reason}");
    }
    let outlook = table.next(moment(&table, "2026-12-15T20:00"), 9);
    let last = outlook.openings.last().unwrap();
    assert_eq!(last.to, moment(&table, "2026-12-19T18:00"), "the last before the freeze: {outlook:?}");
    assert_eq!(outlook.ended_at, Some(moment(&table, "2027-02-13T20:00")));
    assert_eq!(outlook.unknown.len(), 1);
    assert_eq!(outlook.unknown[0].from, Some(moment(&table, "2027-01-01T00:00")));
    assert_eq!(outlook.unknown[0].until, None);
}

#[test]
fn a_hotfix_is_exempt_from_what_the_policy_says() {
    let (ordinary, calendars) = (policy(MUMBAI), calendars());
    let hotfix = |text: &str, severity| {
        Timetable::new(&policy(text), &calendars).unwrap().for_incident(severity).clone()
    };
    let table = hotfix(MUMBAI, "P0");
    assert_eq!(table.exception().unwrap().signers, ["cto"]);
    // Monday 28 December: frozen. Friday 27 November: avoided. Wednesday: nothing to set aside.
    for (at, waived) in [("2026-12-28T17:00", "freeze"), ("2026-11-27T17:00", "avoided-weekday")] {
        assert_eq!(why(&table, at), [""; 0], "{at}");
        let codes: Vec<_> = table.waived(moment(&table, at)).iter().map(|reason| reason.why.code()).collect();
        assert_eq!(codes, [waived]);
    }
    assert_eq!(table.waived(moment(&table, "2026-11-25T17:00")), []);
    let opening = &table.next(moment(&table, "2026-12-28T08:00"), 1).openings[0];
    assert_eq!(opening.waived[0].why, Why::Freeze("end of year".into()));
    // Sessions, expiry days, windows and blackouts still count.
    assert_eq!(why(&table, "2026-12-01T17:00"), ["expiry-day 12-02 00:00"]);
    assert_eq!(why(&table, "2026-11-26T10:00"), ["outside-windows 11-26 16:00", "in-session 11-26 15:40"]);
    let more = MUMBAI.replace("signers", "in_sessions = true\non_expiry_days = true\nsigners");
    let table = hotfix(&more, "P0");
    for at in ["2026-12-01T17:00", "2026-12-01T10:00", "2026-11-26T09:00", "2026-12-24T13:40"] {
        assert_eq!(why(&table, at), [""; 0], "{at}");
    }
    assert_eq!(why(&table, "2026-11-26T04:30"), ["outside-windows 11-26 09:00", "blackout 11-26 06:20"]);
    // Another severity is none that the policy names.
    let table = hotfix(&more, "P1");
    assert_eq!(table.exception(), None);
    assert_eq!(why(&table, "2026-12-01T17:00"), ["expiry-day 12-02 00:00"]);
    assert!(Timetable::new(&ordinary, &calendars).unwrap().exception().is_none());
}

#[test]
fn a_freeze_that_was_declared() {
    let (policy, calendars) = (policy(MUMBAI), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    let from = moment(&table, "2026-11-25T12:00");
    let freeze = |until| vec![OpenFreeze { name: "error budget".into(), from, until }];
    let table = table.frozen(freeze(None));
    assert_eq!(why(&table, "2026-11-25T17:00"), ["freeze for ever"]);
    let outlook = table.next(from, 1);
    assert_eq!((outlook.openings.len(), outlook.suggested, outlook.longest), (0, None, Length::ZERO));
    let end = moment(&table, "2026-11-25T17:30");
    let table = table.frozen(freeze(Some(end)));
    assert_eq!(why(&table, "2026-11-25T17:00"), ["freeze 11-25 17:30"]);
    assert_eq!(table.next(from, 1).openings[0].from, end);
    assert!(table.for_incident("P0").why_not(from + jiff::SignedDuration::from_hours(5)).is_empty());
}

#[test]
fn a_preferred_day_is_waited_for_a_week() {
    let (policy, calendars) = (policy(MUMBAI), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    let suggested = |now| table.next(moment(&table, now), 1).suggested.unwrap();
    assert_eq!(
        suggested("2026-11-26T12:00"),
        moment(&table, "2026-12-02T16:00"),
        "though Thursday is nearer"
    );
    let last_before_the_freeze = moment(&table, "2026-12-17T16:00");
    assert_eq!(suggested("2026-12-17T12:00"), last_before_the_freeze);
}

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
    assert!(table.why_not(twice.clone().earlier().unwrap()).is_empty());
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

#[test]
fn nothing_demanded_is_always_open() {
    let (policy, calendars) = (policy("format = 1\nservice = { name = \"x\" }\n"), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    let outlook = table.next(moment(&table, "2026-11-25T12:00"), 3);
    assert_eq!(outlook.openings.len(), 1);
    assert!(outlook.openings[0].goes_on && outlook.unknown.is_empty());
    assert!(outlook.ended_at.is_some());
}

#[test]
fn what_takes_longer_than_any_window_has_no_opening() {
    let text = MUMBAI.replace("needs = \"2h\"", "needs = \"9h\"");
    let (policy, calendars) = (policy(&text), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    let outlook = table.next(moment(&table, "2026-11-25T12:00"), 1);
    assert_eq!((outlook.openings.len(), outlook.longest.to_string().as_str()), (0, "8h"));
    let words = table.why_not(moment(&table, "2026-11-25T17:00"))[0].words(table.zone());
    assert_eq!(
        words,
        "a release takes 9h and the window ends Wed 2026-11-25 20:00; none soon is long enough"
    );
}

#[test]
fn faults_are_named_by_path() {
    let calendars = calendars();
    let check = |from: &str, to: &str, path: &str, words: &str| {
        assert!(MUMBAI.contains(from), "{from}");
        let found = faults(&policy(&MUMBAI.replacen(from, to, 1)), &calendars);
        assert!(
            found.iter().any(|fault| fault.path.join(".") == path && fault.words.contains(words)),
            "{found:?}"
        );
    };
    assert_eq!(faults(&policy(MUMBAI), &calendars), []);
    check("\"10:00\"", "\"10:60\"", "windows.allow.1.from", "`10:60`, no time of day");
    check("from = \"10:00\"\n", "", "windows.allow.1.from", "missing beside `to`");
    check("to = \"18:00\"\n", "", "windows.allow.1.to", "missing beside `from`");
    check("from = \"10:00\"\nto = \"18:00\"\n", "", "windows.allow.1", "has no time");
    check("relative.", "from = \"10:00\"\nrelative.", "windows.allow.0.relative", "beside times of day");
    check("lasts = \"4h\"", "lasts = \"0s\"", "windows.allow.0.relative", "no time at all");
    check("lasts = \"4h\"", "lasts = \"20d\"", "windows.allow.0.relative", "more than 14d");
    check("\"sat\"", "\"Saturday\"", "windows.allow.1.weekdays.0", "`Saturday`, no weekday");
    check("\"fri\"", "\"fry\"", "windows.avoid.0", "`fry`, no weekday");
    check("Asia/Kolkata", "Asia/Bombai", "service.zone", "no time zone");
    check("needs = ", "zone = \"IST\"\nneeds = ", "windows.zone", "`IST`, no time zone");
    check(", zone = \"Asia/Kolkata\"", "", "windows.zone", "is missing");
    check("nse:derivatives", "nse:futures", "windows.calendar", "there is no calendar `nse:futures`");
    check("calendar = \"nse:derivatives\"\n", "", "windows.calendar", "`outside_sessions` needs");
    check("2027-01-03", "2026-12-03", "windows.freeze.0.to", "before `from`");
    check("2026-12-21", "21.12.2026", "windows.freeze.0.from", "no date");
    check("05:50", "5:50", "windows.blackout.0.from", "no time of day");
    check("05:50", "06:20", "windows.blackout.0.to", "the same as `from`");
    check("outside_sessions = true", "before_open = \"1h\"", "windows.before_open", "says nothing");
    check("\"2h\"", "\"61d\"", "windows.needs", "never fit");
    let both = MUMBAI.replace("\"fri\"", "\"fry\"").replace("05:50", "5:50");
    assert_eq!(faults(&policy(&both), &calendars).len(), 2, "all at once");
    let loaded = Loaded::parse(&both).unwrap();
    let fault = &faults(&loaded.policy, &calendars)[0];
    assert_eq!(loaded.source.quote(loaded.source.at(&fault.path)), "avoid = [\"fry\"]");
}
