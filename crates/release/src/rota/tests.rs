//! The rota against a slow reading, minute by minute; and days on which clocks are changed.

use jiff::ToSpan;
use proptest::prelude::*;

use super::*;

fn rota(covered: &str, shifts: &[(&str, i32, &str, &str)]) -> Rota {
    let shifts = shifts.iter().map(|(person, day, from, lasts)| {
        format!(
            "[[shift]]\nperson = \"{person}\"\nfrom_day = {day}\nfrom = \"{from}\"\nlasts = \"{lasts}\"\n"
        )
    });
    toml::from_str(&format!("covered = \"{covered}\"\n{}", shifts.collect::<String>())).unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn names(people: &BTreeSet<String>) -> Vec<&str> {
    people.iter().map(String::as_str).collect()
}

#[test]
fn a_gap_an_overlap_and_the_hand_offs_are_named() {
    let shifts = [("asha", 0, "00:00", "12h30m"), ("ben", 0, "12:00", "11h"), ("asha", 1, "00:00", "1d")];
    let roster =
        Roster::new(&rota("2d", &shifts), Date::constant(2026, 3, 2), &zone("Asia/Kolkata")).unwrap();
    assert_eq!(roster.uncovered_minutes(), 60);
    let gaps = roster.gaps();
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].from, "2026-03-02T23:00+05:30".parse().unwrap());
    let overlaps = roster.overlaps();
    assert_eq!((overlaps.len(), names(&overlaps[0].people)), (1, vec!["asha", "ben"]));
    assert_eq!(overlaps[0].to, "2026-03-02T12:30+05:30".parse().unwrap());
    let handed: Vec<_> = roster.hand_offs();
    assert_eq!(handed.len(), 4);
    assert_eq!((names(&handed[0].comes), names(&handed[0].stays)), (vec!["ben"], vec!["asha"]));
    assert_eq!((names(&handed[1].goes), names(&handed[1].stays)), (vec!["asha"], vec!["ben"]));
    assert_eq!(names(&handed[2].goes), ["ben"]);
    assert_eq!(names(&handed[3].comes), ["asha"]);
}

#[test]
fn days_are_days_where_clocks_are_changed() {
    // Clocks go forward on 8 March 2026 in New York, and back on 1 November.
    for day in [Date::constant(2026, 3, 7), Date::constant(2026, 10, 31)] {
        let whole = [("asha", 0, "09:00", "1d"), ("ben", 1, "09:00", "1d"), ("asha", -1, "09:00", "1d")];
        let roster = Roster::new(&rota("2d", &whole), day, &zone("America/New_York")).unwrap();
        assert_eq!((roster.uncovered_minutes(), roster.overlaps().len()), (0, 0), "{day}");
    }
    // Shifts in hours are exact: the night on which clocks go back has an hour more than twelve.
    let nights = [
        ("asha", 0, "20:00", "12h"),
        ("ben", 1, "08:00", "12h"),
        ("ben", 0, "00:00", "20h"),
        ("asha", 1, "20:00", "4h"),
    ];
    let roster =
        Roster::new(&rota("2d", &nights), Date::constant(2026, 10, 31), &zone("America/New_York")).unwrap();
    assert_eq!(roster.uncovered_minutes(), 60);
}

#[test]
fn what_cannot_be_read_is_said() {
    let day0 = Date::constant(2026, 3, 2);
    let early = Roster::new(&rota("2d", &[("asha", 0, "9:00", "1d")]), day0, &TimeZone::UTC);
    assert_eq!(
        early.unwrap_err().to_string(),
        "shift 1 of `asha` begins at `9:00`: write `from` as in \"09:00\""
    );
    let far = Roster::new(&rota("2d", &[("asha", i32::MAX, "09:00", "1d")]), day0, &TimeZone::UTC);
    assert_eq!(far, Err(RotaFault::Date { shift: 1, person: "asha".to_owned() }));
    let long = Rota { covered: Length::days(99_999_999), ..rota("2d", &[]) };
    assert!(Roster::new(&long, day0, &TimeZone::UTC).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_is_what_a_slow_reading_says(
        shifts in prop::collection::vec((0..3_usize, -1..3_i32, 0..24_u32, 0..4_u32, 0..180_u64), 0..6),
        hours in 1..60_u64,
        start in 0..365_i64,
        place in prop::sample::select(vec!["Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"]),
    ) {
        let zone = zone(place);
        let people = ["asha", "ben", "chen"];
        let shifts = shifts.iter().map(|(person, day, hour, quarter, quarters)| Shift {
            person: people[*person].to_owned(),
            from_day: *day,
            from: format!("{hour:02}:{:02}", quarter * 15),
            lasts: Length::minutes(quarters * 15),
        });
        let rota = Rota { covered: Length::minutes(hours * 60), answer_within: None, shifts: shifts.collect() };
        let day0 = Date::constant(2026, 1, 1).checked_add(start.days()).unwrap();
        let roster = Roster::new(&rota, day0, &zone).unwrap();

        // Stretches follow each other without holes.
        let stretches = roster.stretches();
        prop_assert_eq!(stretches.first().map(|first| first.from), Some(roster.from));
        prop_assert_eq!(stretches.last().map(|last| last.to), Some(roster.to));
        for pair in stretches.windows(2) {
            prop_assert_eq!(pair[0].to, pair[1].from);
            prop_assert_ne!(&pair[0].people, &pair[1].people);
        }

        // Everything here is a multiple of a quarter of an hour, so nothing happens within one.
        let (mut at, mut empty, mut changes) = (roster.from, 0, 0);
        let mut before: Option<BTreeSet<&str>> = None;
        while at < roster.to {
            let now = roster.on_call(at);
            empty += u64::from(now.is_empty()) * 15;
            changes += usize::from(before.as_ref().is_some_and(|before| *before != now));
            let stretch = stretches.iter().find(|stretch| stretch.from <= at && at < stretch.to).unwrap();
            prop_assert!(stretch.people.iter().map(String::as_str).eq(now.iter().copied()));
            before = Some(now);
            at += SignedDuration::from_mins(15);
        }
        prop_assert_eq!(roster.uncovered_minutes(), empty);
        prop_assert_eq!(roster.hand_offs().len(), changes);
    }
}
