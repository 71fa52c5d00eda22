//! What holds for every policy: the two answers agree, and both agree with a slow reading, minute by minute.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

use super::*;
use crate::Loaded;
use crate::policy::Relative;
use rules::When;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const INDIA: (&str, &str) = ("Asia/Kolkata", "nse:equity");
const NEW_YORK: (&str, &str) = ("America/New_York", "nyse:equity");
/// Everything in these policies is a multiple of it, so nothing happens in between.
const GRAIN: i64 = 5 * 60;

fn days(most: usize) -> impl Strategy<Value = String> {
    prop::sample::subsequence(DAYS.to_vec(), 0..=most).prop_map(|days| format!("{days:?}"))
}

fn minutes(most: u32) -> impl Strategy<Value = String> {
    (1..=most / 5).prop_map(|steps| format!("{}m", steps * 5))
}

fn clock() -> impl Strategy<Value = String> {
    (0..24, 0..12).prop_map(|(hour, step)| format!("{hour:02}:{:02}", step * 5))
}

fn window() -> impl Strategy<Value = String> {
    let when = prop_oneof![
        (clock(), clock()).prop_map(|(from, to)| format!("from = \"{from}\", to = \"{to}\"")),
        (minutes(600), minutes(2_000)).prop_map(|(after, lasts)| {
            format!("relative.after_close = {{ after = \"{after}\", lasts = \"{lasts}\" }}")
        }),
        (minutes(600), minutes(2_000)).prop_map(|(before, lasts)| {
            format!("relative.before_open = {{ before = \"{before}\", lasts = \"{lasts}\" }}")
        }),
        (minutes(120), minutes(120)).prop_map(|(from, to)| {
            format!("relative.in_session = {{ from_open = \"{from}\", to_close = \"{to}\" }}")
        }),
    ];
    (days(4), when).prop_map(|(days, when)| format!("{{ weekdays = {days}, {when} }}"))
}

/// A policy; its freezes lie in the year that is looked at.
fn policy(place: (&'static str, &'static str)) -> impl Strategy<Value = String> {
    let freeze = (0..360_i64, 0..20_i64).prop_map(|(from, lasts)| {
        let from = Date::constant(2026, 1, 1) + from.days();
        format!("{{ from = \"{from}\", to = \"{}\", why = \"freeze\" }}", from + lasts.days())
    });
    let blackout = (clock(), clock())
        .prop_filter("all day", |(from, to)| from != to)
        .prop_map(|(from, to)| format!("{{ from = \"{from}\", to = \"{to}\", why = \"blackout\" }}"));
    let lists = (
        prop::collection::vec(window(), 0..4),
        prop::collection::vec(freeze, 0..3),
        prop::collection::vec(blackout, 0..2),
    );
    let before = prop_oneof![Just(None), minutes(120).prop_map(Some)];
    (days(2), days(3), days(1), minutes(90), any::<bool>(), before, lists).prop_map(
        move |(avoid, prefer, expiry, needs, outside, before, (allow, freezes, blackouts))| {
            let margin = before.filter(|_| outside).map(|by| format!("before_open = \"{by}\"\n"));
            let (zone, calendar) = place;
            format!(
                "format = 1\nservice = {{ name = \"x\" }}\n[windows]\nzone = \"{zone}\"\ncalendar = \"{calendar}\"\n\
                 outside_sessions = {outside}\n{}avoid = {avoid}\nprefer = {prefer}\nexpiry_days = {expiry}\n\
                 needs = \"{needs}\"\nallow = [{}]\nfreeze = [{}]\nblackout = [{}]\n",
                margin.unwrap_or_default(),
                allow.join(", "),
                freezes.join(", "),
                blackouts.join(", ")
            )
        },
    )
}

/// Some moment of 2026, on a multiple of the grain.
fn moment() -> impl Strategy<Value = Timestamp> {
    (0..365 * 86_400 / GRAIN).prop_map(|steps| Timestamp::from_second(1_767_225_600 + steps * GRAIN).unwrap())
}

/// The rules read for a single moment, by what clocks and calendars show then.
struct Reading<'a> {
    rules: &'a Rules,
    calendars: &'a Calendars,
}

impl Reading<'_> {
    fn session(&self, date: Date) -> Result<Option<crate::calendar::Session>, ()> {
        let market = self.rules.market.as_ref().unwrap();
        self.calendars.session(&market.calendar, date).map_err(|_| ())
    }

    /// The dates around a moment.
    fn around(&self, at: Timestamp) -> impl Iterator<Item = Date> {
        let here = self.rules.zone.to_datetime(at).date();
        (-4..=4).map(move |days: i64| here + days.days())
    }

    fn between(from: Time, to: Time, shown: Time) -> bool {
        if from < to { from <= shown && shown < to } else { from <= shown || shown < to }
    }

    fn in_window(&self, at: Timestamp) -> bool {
        let shown = self.rules.zone.to_datetime(at);
        self.rules.allow.is_empty()
            || self.rules.allow.iter().any(|window| {
                let on = |date: Date| window.weekdays.is_empty() || window.weekdays.contains(&date.weekday());
                match window.when {
                When::Daily { from, to } => {
                    let began_yesterday = to <= from && shown.time() < to;
                    let date = if began_yesterday { shown.date() - 1.day() } else { shown.date() };
                    Self::between(from, to, shown.time()) && on(date)
                }
                When::Session(relative) => self.around(at).filter(|date| on(*date)).any(
                    |date| matches!(self.session(date), Ok(Some(session)) if holds(relative, session, at)),
                ),
            }
            })
    }

    fn expiry(&self, date: Date) -> bool {
        // Back from each such weekday to the first day that is known to have a session; all that is not known counts.
        (0..7)
            .map(|days: i64| date + days.days())
            .filter(|end| self.rules.expiry.contains(&end.weekday()))
            .any(|end| {
                let mut day = end;
                loop {
                    match self.session(day) {
                        Ok(None) if day == date => return false,
                        Ok(Some(_)) | Err(()) if day == date => return true,
                        Ok(Some(_)) => return false,
                        Ok(None) | Err(()) => day -= 1.day(),
                    }
                }
            })
    }

    fn frozen(&self, at: Timestamp) -> bool {
        let date = self.rules.zone.to_datetime(at).date();
        self.rules.freezes.iter().any(|(_, first, last)| (*first..=*last).contains(&date))
    }

    fn blacked_out(&self, at: Timestamp) -> bool {
        let shown = self.rules.zone.to_datetime(at).time();
        self.rules.blackouts.iter().any(|(_, from, to)| Self::between(*from, *to, shown))
    }

    fn in_session(&self, at: Timestamp) -> bool {
        let here = self.rules.zone.to_datetime(at).date();
        let traded = |date| match self.session(date) {
            Ok(Some(session)) => {
                let begins = session.pre_open.unwrap_or(session.open);
                let margin = SignedDuration::from_secs(self.rules.before_open.signed_seconds());
                begins - margin <= at && at < session.close
            }
            Ok(None) => false,
            Err(()) => date == here,
        };
        self.rules.outside_sessions && self.around(at).any(traded)
    }

    fn ok(&self, at: Timestamp) -> bool {
        let date = self.rules.zone.to_datetime(at).date();
        self.in_window(at)
            && !self.rules.avoid.contains(&date.weekday())
            && !self.expiry(date)
            && !self.frozen(at)
            && !self.blacked_out(at)
            && !self.in_session(at)
    }
}

fn holds(relative: Relative, session: crate::calendar::Session, at: Timestamp) -> bool {
    let since = |from: Timestamp| at.duration_since(from).as_secs();
    let length = |length: Length| length.signed_seconds();
    match relative {
        Relative::AfterClose { after, lasts } => {
            let since = since(session.close) - length(after);
            since >= 0 && since < length(lasts)
        }
        Relative::BeforeOpen { before, lasts } => {
            let ahead = -since(session.open) - length(before);
            ahead > 0 && ahead <= length(lasts)
        }
        Relative::InSession { from_open, to_close } => {
            since(session.open) >= length(from_open) && -since(session.close) > length(to_close)
        }
    }
}

fn both_agree(text: &str, now: Timestamp, probes: &[Timestamp]) -> Result<(), TestCaseError> {
    let loaded = Loaded::parse(text).unwrap();
    let calendars = Calendars::builtin();
    let table = Timetable::new(&loaded.policy, &calendars).unwrap();
    let outlook = table.next(now, 5);
    let second = SignedDuration::from_secs(1);
    for opening in &outlook.openings {
        prop_assert_eq!(table.why_not(opening.from), vec![], "{:?}", opening);
        prop_assert_eq!(table.why_not(opening.latest_start), vec![], "{:?}", opening);
        let after = table.why_not(opening.latest_start + second);
        prop_assert!(opening.goes_on || !after.is_empty(), "{:?}", opening);
        let before = table.why_not(opening.from - second);
        prop_assert!(opening.from == now || !before.is_empty(), "{:?}", opening);
    }
    for pair in outlook.openings.windows(2) {
        prop_assert!(pair[0].to < pair[1].from, "{:?}", pair);
    }
    // Between now and the last opening, a release may begin in the openings and at no other time.
    let last = match outlook.ended_at {
        Some(end) => end,
        None => outlook.openings[4].latest_start,
    };
    for probe in probes {
        let probe =
            now + SignedDuration::from_secs(probe.as_second() % last.duration_since(now).as_secs().max(1));
        let may = outlook.openings.iter().any(|one| one.from <= probe && probe <= one.latest_start);
        prop_assert_eq!(table.why_not(probe).is_empty(), may, "{}", probe);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn openings_are_all_the_time_there_is_in_india(
        text in policy(INDIA), now in moment(), probes in prop::collection::vec(moment(), 16),
    ) {
        both_agree(&text, now, &probes)?;
    }

    #[test]
    fn openings_are_all_the_time_there_is_in_new_york(
        text in policy(NEW_YORK), now in moment(), probes in prop::collection::vec(moment(), 16),
    ) {
        both_agree(&text, now, &probes)?;
    }

    /// India, which never changes its clocks, so that what they show says it all.
    #[test]
    fn a_release_may_begin_when_every_minute_of_it_may_be(
        text in policy(INDIA), at in prop::collection::vec(moment(), 12),
    ) {
        let loaded = Loaded::parse(&text).unwrap();
        let calendars = Calendars::builtin();
        let table = Timetable::new(&loaded.policy, &calendars).unwrap();
        let reading = Reading { rules: &table.rules, calendars: &calendars };
        for at in at {
            let steps = table.needs().length.signed_seconds() / GRAIN;
            let may = (0..steps).all(|step| reading.ok(at + SignedDuration::from_secs(step * GRAIN)));
            let reasons = table.why_not(at);
            prop_assert_eq!(reasons.is_empty(), may, "{} {:?}", at, reasons);
        }
    }

    #[test]
    fn freezes_and_blackouts_always_win(
        text in policy(NEW_YORK), now in moment(), hotfix in any::<bool>(),
    ) {
        let exception = "[windows.hotfix]\nseverities = [\"P0\"]\nsigners = []\nin_sessions = true\n";
        let loaded = Loaded::parse(&format!("{text}{exception}")).unwrap();
        let calendars = Calendars::builtin();
        let table = Timetable::new(&loaded.policy, &calendars).unwrap();
        let table = if hotfix { table.for_incident("P0") } else { table };
        let reading = Reading { rules: &table.rules, calendars: &calendars };
        for opening in table.next(now, 3).openings {
            let steps = opening.to.duration_since(opening.from).as_secs() / GRAIN;
            // Two days of it: one without any rules would be two months.
            for step in (0..steps).take(600) {
                let at = opening.from + SignedDuration::from_secs(step * GRAIN);
                prop_assert!(hotfix || !reading.frozen(at), "{}", at);
                prop_assert!(!reading.blacked_out(at), "{}", at);
            }
        }
    }
}
