//! An Indian desk: holidays, special sessions, expiries, hotfixes.

use super::*;

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
    // The calendar ends with the year, the freeze a little later; the first of January is an avoided Friday, and the window of
    // the next Saturday needs no calendar.
    assert_eq!(
        why(&table, "2027-01-01T17:00"),
        [
            "outside-windows 01-02 10:00",
            "calendar-unknown for ever",
            "freeze 01-04 00:00",
            "avoided-weekday 01-02 00:00",
        ]
    );
    let outlook = table.next(moment(&table, "2026-12-15T20:00"), 9);
    let last = outlook.openings.last().unwrap();
    assert_eq!(last.to, moment(&table, "2026-12-19T18:00"), "the last before the freeze: {outlook:?}");
    assert_eq!(outlook.ended_at, Some(moment(&table, "2027-02-13T20:00")));
    assert_eq!(outlook.unknown.len(), 1);
    assert_eq!(outlook.unknown[0].from, Some(moment(&table, "2027-01-01T00:00")));
    assert_eq!(outlook.unknown[0].until, None);
}

/// The market might open at the first moment that is not known.
#[test]
fn an_unknown_date_keeps_the_margin_before_an_opening() {
    let text = MUMBAI.split("[[windows.allow]]").next().unwrap().replace("expiry_days = [\"tue\"]\n", "");
    let (policy, calendars) = (policy(&text.replace("needs", "before_open = \"30m\"\nneeds")), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    assert_eq!(why(&table, "2026-12-31T21:30"), [""; 0]);
    assert_eq!(why(&table, "2026-12-31T21:30:01"), ["calendar-unknown for ever"]);
}

#[test]
fn a_hotfix_is_exempt_from_what_the_policy_says() {
    let calendars = calendars();
    let hotfix =
        |text: &str, severity| Timetable::new(&policy(text), &calendars).unwrap().for_incident(severity);
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
fn what_fits_exactly_may_begin_at_one_moment() {
    let text = MUMBAI.replace("needs = \"2h\"", "needs = \"4h\"");
    let (policy, calendars) = (policy(&text), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    let opening = &table.next(moment(&table, "2026-11-25T12:00"), 1).openings[0];
    assert_eq!((opening.from, opening.latest_start), (moment(&table, "2026-11-25T16:00"), opening.from));
}

#[test]
fn an_expiry_that_may_have_moved_to_the_last_known_day() {
    let text = MUMBAI.replace("2026-12-21", "2027-01-03");
    let (policy, calendars) = (policy(&text), calendars());
    let table = Timetable::new(&policy, &calendars).unwrap();
    // Nobody knows which of the days up to Tuesday 5 January 2027 have a session.
    assert_eq!(why(&table, "2026-12-31T17:00"), ["calendar-unknown 01-01 00:00"]);
    assert_eq!(why(&table, "2026-12-30T17:00"), [""; 0]);
}
