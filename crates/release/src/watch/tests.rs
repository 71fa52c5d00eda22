//! Laws of what is up, and what users see of an outage.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::firing::{Cause, Firing, rows};
use super::html::html;
use super::page::{Overall, Running, Source};
use super::*;
use crate::incident::Incidents;
use crate::incident::event::{Event as IncidentEvent, IncidentOpened, Noted, OpenedBy, Resolved};
use crate::ledger::event::{Announced, Event};
use crate::policy::Policy;
use crate::{Length, Loaded};

const POLICY: &str = r#"
format = 1
service = { name = "shop", title = "The <shop>", zone = "Asia/Kolkata" }
environment = [
  { id = "staging", url = "http://staging.internal" },
  { id = "production", url = "http://10.0.0.7:80", target = true },
]
severity = [
  { id = "P0", means = "all", respond_within = "5m", page = true },
  { id = "P1", means = "some", respond_within = "15m", page = true },
  { id = "P2", means = "little", respond_within = "1d" },
]
trigger = [
  { id = "health-pages", event = "health", for = "2m", then = "page" },
  { id = "health-warns", event = "health", then = "warn" },
  { id = "slow-pages", when = { metric = "latency", is = ">", value = 200 }, then = "page" },
  { id = "very-slow-pages", when = { metric = "latency", is = ">", value = 900 }, then = "page" },
]

[[check]]
id = "health"
title = "Orders & prices"
every = "1m"
settle = 2
probe.http = { url = "{env}/health" }

[[check]]
id = "staged"
every = "1m"
environment = "staging"
probe.http = { url = "{env}/health" }

[[check]]
id = "slow"
every = "1m"
probe.promql = { target = { metric = "latency", is = "<=", value = 200 } }

[[check]]
id = "once"
probe.http = { url = "{env}/health" }

[[check]]
id = "said"
every = "1d"
probe.attest = { by = "sre", text = "All is well." }

[[slo]]
id = "fast"
objective = 99
period = "30d"
indicator.latency = { histogram = "h", within = 0.2 }
metric = "latency"
"#;

fn policy() -> Policy {
    Loaded::parse(POLICY).unwrap().policy
}

fn health() -> Watched {
    watched(&policy()).remove(0)
}

/// Minutes after the beginning of an hour.
fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_763_953_200 + 60 * minute).unwrap()
}

/// What a process that asks writes down for these answers, one a minute.
fn written(answers: &[Condition]) -> (Vec<Event>, Recorder) {
    let watched = health();
    let mut recorder = Recorder::resume(&watched, &History::default(), at(0));
    let mut rows: Vec<Event> = Vec::new();
    for (minute, answer) in (0..).zip(answers) {
        recorder.note(at(minute), *answer, "http://10.0.0.7 refused", 7, watched.check.settle);
        if let Some(turn) = recorder.turn() {
            recorder.turn_is_written(&turn);
            rows.push(turn.into());
        }
        let hours = recorder.hours(at(minute), false);
        recorder.hours_are_written(hours.len());
        rows.extend(hours.into_iter().map(Event::from));
    }
    (rows, recorder)
}

fn end(mut recorder: Recorder, rows: &mut Vec<Event>, minute: i64) {
    rows.extend(recorder.hours(at(minute), true).into_iter().map(Event::from));
}

fn running(recorder: &Recorder) -> Running {
    Running {
        place: Some(health().place),
        asked: recorder.asked(),
        condition: recorder.condition(),
        since: recorder.since(),
        hours: recorder.unwritten().copied().collect(),
    }
}

fn health_at(now: Timestamp, records: &[Event], running: &[Running]) -> page::Component {
    let policy = policy();
    let source = Source { policy: &policy, records, incidents: &[], running };
    page(now, &[source]).services.remove(0).components.remove(0)
}

#[test]
fn what_is_asked_again_and_again() {
    let all = watched(&policy());
    let shown: Vec<_> =
        all.iter().map(|one| (&*one.place.check, &*one.place.environment, one.public)).collect();
    assert_eq!(
        shown,
        [("health", "production", true), ("staged", "staging", false), ("slow", "production", true)]
    );
    assert_eq!(all[0].title, "Orders & prices");
}

#[test]
fn one_odd_answer_changes_nothing() {
    use Condition::{Down as D, Unknown as U, Up as P};
    let (rows, recorder) = written(&[P, P, D, P, D, D, D, U, P, P]);
    let turns: Vec<_> = rows
        .iter()
        .filter_map(|row| match row {
            Event::WatchTurned(row) => Some((row.up, row.at, row.why.is_empty())),
            _ => None,
        })
        .collect();
    assert_eq!(
        turns,
        [
            (None, at(0), true),
            (Some(true), at(1), true),
            (Some(false), at(5), false),
            (None, at(8), false),
            (Some(true), at(9), true)
        ]
    );
    assert_eq!(recorder.condition(), P);
}

#[test]
fn silence_is_not_up() {
    let (mut rows, recorder) = written(&[Condition::Up; 10]);
    let live = [running(&recorder)];
    assert_eq!(health_at(at(10), &rows, &live).condition, Condition::Up);
    assert_eq!(health_at(at(20), &rows, &live).condition, Condition::Unknown, "it is asked every minute");
    end(recorder, &mut rows, 10);
    assert_eq!(health_at(at(119), &rows, &[]).condition, Condition::Up, "an hour is written when it is over");
    assert_eq!(health_at(at(140), &rows, &[]).condition, Condition::Unknown);
    // Whoever goes on after that says so, until there are answers enough.
    let watched = health();
    let history = Histories::fold(&rows).of(&watched.place);
    let mut again = Recorder::resume(&watched, &history, at(140));
    again.note(at(140), Condition::Up, "", 7, 2);
    assert_eq!(again.turn().unwrap().up, None);
    again.note(at(141), Condition::Up, "", 7, 2);
    assert_eq!(again.turn(), None, "the journal has it so");
    // A short break changes nothing.
    let mut soon = Recorder::resume(&watched, &history, at(12));
    soon.note(at(12), Condition::Up, "", 7, 2);
    assert_eq!(soon.turn(), None);
    assert_eq!(soon.since(), Some(at(1)));
}

#[test]
fn hours_that_cannot_be_written_wait_within_bounds() {
    let watched = health();
    let mut recorder = Recorder::resume(&watched, &History::default(), at(0));
    for hour in 0..100 {
        recorder.note(at(60 * hour), Condition::Up, "", 1, 1);
    }
    let hours = recorder.hours(at(6_000), false);
    assert_eq!(hours.len(), recorder::HOURS_MAX);
    assert_eq!(hours.last().unwrap().from, at(60 * 99), "the newest are kept");
    recorder.hours_are_written(hours.len());
    assert!(recorder.hours(at(6_000), true).is_empty());
}

#[test]
fn users_see_the_outage_and_public_words_only() {
    let policy = policy();
    let mut answers = vec![Condition::Up; 60];
    answers.extend([Condition::Down; 30]);
    let (rows, recorder) = written(&answers);
    let mut records = rows;
    let announced = |channel: &str, text: &str| Announced {
        announcement: "window".to_owned(),
        release: "r".to_owned(),
        text: text.to_owned(),
        channel: channel.to_owned(),
        at: at(50),
        by: String::new(),
    };
    records.push(announced(page::CHANNEL, "A new version comes tonight.").into());
    records.push(announced("mail", "To the desk: bring coffee.").into());
    let incidents: Vec<IncidentEvent> = vec![
        IncidentOpened {
            incident: "INC-1".to_owned(),
            severity: "P0".to_owned(),
            title: "db-7.internal is full".to_owned(),
            public: None,
            by: OpenedBy::Trigger("health-pages".to_owned()),
            at: at(65),
        }
        .into(),
        Noted {
            incident: "INC-1".to_owned(),
            text: "root password was in the log".to_owned(),
            public: false,
            by: "asha".to_owned(),
            at: at(66),
        }
        .into(),
        Noted {
            incident: "INC-1".to_owned(),
            text: "Orders fail; we are <b>on it</b>.".to_owned(),
            public: true,
            by: "asha".to_owned(),
            at: at(67),
        }
        .into(),
    ];
    let live = [running(&recorder)];
    let source = Source { policy: &policy, records: &records, incidents: &incidents, running: &live };
    let seen = page(at(90), &[source]);
    assert_eq!(seen.overall, Overall::PartialOutage);
    let component = &seen.services[0].components[0];
    assert_eq!((component.condition, component.since), (Condition::Down, Some(at(61))));
    assert_eq!((component.last_day.asked(), component.last_day.failed), (90, 30));
    let text = html(&seen);
    for shown in [
        "Partial outage",
        "The &lt;shop&gt;",
        "Orders &amp; prices",
        "66.66 % up",
        "&lt;b&gt;on it&lt;/b&gt;",
        "A new version",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    for hidden in ["10.0.0.7", "internal", "db-7", "password", "asha", "coffee", "staged", "P0"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
        assert!(!serde_json::to_string(&seen).unwrap().contains(hidden), "{hidden}");
    }
    assert!(!text.contains("<script") && !text.contains("<b>"));
    let again: Page = serde_json::from_str(&serde_json::to_string(&seen).unwrap()).unwrap();
    assert_eq!(html(&again), text, "the feed is the page");

    let over =
        Resolved { incident: "INC-1".to_owned(), how: String::new(), by: "asha".to_owned(), at: at(80) };
    let incidents: Vec<IncidentEvent> = incidents.into_iter().chain([over.into()]).collect();
    let source = Source { policy: &policy, records: &records, incidents: &incidents, running: &live };
    assert_eq!(page(at(90), &[source]).incidents[0].stage, "resolved");
    let weeks_later = page(at(60 * 24 * 30), &[source]);
    assert!(weeks_later.incidents.is_empty() && weeks_later.notices.is_empty());
    assert_eq!(page(at(90), &[]).overall, Overall::Unknown, "nothing is watched: nothing is known");
}

fn fold(rows: &[IncidentEvent]) -> Incidents {
    let mut incidents = Incidents::default();
    incidents.extend(rows);
    incidents
}

#[test]
fn an_outage_pages_once_and_when_it_has_lasted() {
    let policy = policy();
    let health = health();
    let firing =
        Firing { cause: Cause::Check(&health.check), environment: "production", since: at(0), told: None };
    let mut journal = Vec::new();
    let mut look = |minute: i64, firing: &Firing<'_>| {
        let new = rows(&policy, &fold(&journal), firing, at(minute), || "INC-1".to_owned());
        let kinds: Vec<_> = new.iter().map(IncidentEvent::kind).collect();
        journal.extend(new);
        (kinds, fold(&journal))
    };
    assert_eq!(look(0, &firing).0, ["alert_fired"], "a warning");
    assert_eq!(look(1, &firing).0, [""; 0]);
    let (kinds, incidents) = look(2, &firing);
    assert_eq!(kinds, ["incident_opened", "alert_fired"]);
    let incident = &incidents.incidents["INC-1"];
    assert_eq!((&*incident.severity, &incident.opened.public), ("P1", &None));
    assert_eq!(incident.opened.by, OpenedBy::Trigger("health-pages".to_owned()));
    assert_eq!(look(3, &firing).0, [""; 0]);
    // Down again while the incident is open: it belongs to it.
    let again = Firing { since: at(10), ..firing };
    let (kinds, incidents) = look(20, &again);
    assert_eq!(kinds, ["alert_fired", "alert_fired"]);
    assert!(incidents.alerts.values().all(|alert| alert.alert == "health-warns" || alert.incident.is_some()));
    assert_eq!(incidents.nonsense, 0);
    let plain = |id: &String| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    assert!(incidents.alerts.keys().all(plain), "people name them in addresses");
}

#[test]
fn triggers_are_about_what_they_say() {
    let policy = policy();
    let none = Incidents::default();
    let fired = |cause| {
        let firing = Firing { cause, environment: "production", since: at(0), told: None };
        let rows = rows(&policy, &none, &firing, at(60), || "INC-1".to_owned());
        rows.into_iter()
            .filter_map(|row| match row {
                IncidentEvent::AlertFired(row) => Some(row.alert),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    let slow = watched(&policy).remove(2).check;
    assert_eq!(fired(Cause::Check(&slow)), ["slow-pages"], "not what demands more");
    let slo = &policy.slos[0];
    assert_eq!(
        fired(Cause::Alert { slo, alert: "slo_fast_page_fast", pages: true }),
        ["slow-pages", "very-slow-pages"]
    );
    assert_eq!(fired(Cause::Alert { slo, alert: "slo_fast_budget_low", pages: false }), [""; 0]);
    let alone = crate::policy::Slo { metric: None, ..slo.clone() };
    assert_eq!(
        fired(Cause::Alert { slo: &alone, alert: "slo_fast_page_fast", pages: true }),
        ["slo_fast_page_fast"],
        "its own urgency pages"
    );
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![4 => Just(Condition::Up), 2 => Just(Condition::Down), 1 => Just(Condition::Unknown)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What stands was seen so many times in a row when it turned, or nobody knows; what is up has passed not longer ago than that.
    #[test]
    fn a_turn_costs_answers(answers in prop::collection::vec(condition(), 0..80), settle in 0_u32..5) {
        let mut damped = Damped::default();
        let mut turns = 0;
        for (place, answer) in answers.iter().enumerate() {
            let before = damped.stands();
            let needed = settle.max(1) as usize;
            if damped.step(*answer, settle) != before {
                turns += usize::from(damped.stands() != Condition::Unknown);
                prop_assert!(place + 1 >= needed);
                let seen = &answers[place + 1 - needed..=place];
                prop_assert!(seen.iter().all(|one| *one != before));
                prop_assert!(damped.stands() == Condition::Unknown || seen.iter().all(|one| one == answer));
            }
            if damped.stands() == Condition::Up {
                let newest = answers[..=place].iter().rposition(|answer| *answer == Condition::Up).unwrap();
                prop_assert!(place - newest < needed);
            }
        }
        prop_assert!(turns * settle.max(1) as usize <= answers.len());
    }

    /// Nothing is counted twice or lost, wherever a process ended and another went on; shares are shares.
    #[test]
    fn hours_add_up_to_what_was_asked(
        answers in prop::collection::vec(condition(), 1..400),
        ends in prop::collection::btree_set(0_usize..400, 0..4),
    ) {
        let watched = health();
        let mut records: Vec<Event> = Vec::new();
        let mut recorder = Recorder::resume(&watched, &History::default(), at(0));
        for (minute, answer) in answers.iter().enumerate() {
            let now = at(minute as i64);
            recorder.note(now, *answer, "no", 5, 2);
            if let Some(turn) = recorder.turn() {
                recorder.turn_is_written(&turn);
                records.push(turn.into());
            }
            let over = ends.contains(&minute);
            let hours = recorder.hours(now, over);
            recorder.hours_are_written(hours.len());
            records.extend(hours.into_iter().map(Event::from));
            if over {
                recorder = Recorder::resume(&watched, &Histories::fold(&records).of(&watched.place), now);
            }
        }
        let now = at(answers.len() as i64);
        let component = health_at(now, &records, &[running(&recorder)]);
        let total = component.total();
        let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count() as u64;
        prop_assert_eq!(total.passed, count(Condition::Up));
        prop_assert_eq!(total.failed, count(Condition::Down));
        prop_assert_eq!(total.unknown, count(Condition::Unknown));
        prop_assert_eq!(total.total_ms, 5 * (total.passed + total.failed));
        prop_assert_eq!(component.days.len(), page::DAYS as usize);
        for day in &component.days {
            let up = day.counts.up();
            prop_assert!(up.is_none_or(|up| (0.0..=1.0).contains(&up)));
            prop_assert_eq!(up.is_none(), day.counts.asked() == 0);
            prop_assert!(day.counts.unknown == 0 || up.unwrap() < 1.0, "unknown is not up");
        }
        if component.condition == Condition::Up {
            let newest = answers.iter().rposition(|answer| *answer == Condition::Up).unwrap();
            // Whoever goes on begins to count anew.
            let anew = ends.range(newest..).count();
            prop_assert!(answers.len() - newest <= 2 + anew, "what is up has just passed");
        }
    }

    /// Days are those of the zone, and each hour is in exactly one.
    #[test]
    fn each_hour_belongs_to_one_day(hours in prop::collection::btree_set(-2_000_i64..0, 0..50)) {
        let mut history = History::default();
        for hour in &hours {
            let mut counts = Counts::default();
            counts.note(Condition::Up, 1);
            history.add(at(60 * hour), &counts);
        }
        for zone in ["UTC", "Asia/Kolkata", "America/New_York"] {
            let days = history.days(&TimeZone::get(zone).unwrap(), at(0), 90);
            prop_assert_eq!(days.len(), 90);
            prop_assert_eq!(days.iter().map(|(_, counts)| counts.asked()).sum::<u64>(), hours.len() as u64);
        }
        let day = history.since(at(0) - SignedDuration::from_hours(24));
        prop_assert_eq!(day.asked(), hours.iter().filter(|hour| **hour >= -24).count() as u64);
    }
}

#[test]
fn where_nothing_is_said_it_is_every_minute() {
    let policy = Loaded::parse(&POLICY.replacen("every = \"1m\"", "every = \"0s\"", 1)).unwrap().policy;
    assert_eq!(watched(&policy)[0].every, Length::minutes(1));
}

/// The outage of `health` in production since that minute, and what is written of it.
struct Outage {
    policy: Policy,
    journal: Vec<IncidentEvent>,
}

impl Outage {
    fn new() -> Outage {
        let text = POLICY.replacen(
            "  { id = \"slow-pages\"",
            "  { id = \"health-rolls\", event = \"health\", for = \"10m\", then = \"roll-back\" },\n  \
             { id = \"slow-holds\", event = \"slow\", then = \"hold\" },\n  { id = \"slow-pages\"",
            1,
        );
        Outage { policy: Loaded::parse(&text).unwrap().policy, journal: Vec::new() }
    }

    /// Kinds of the rows that follow.
    fn look(&mut self, environment: &str, since: i64, now: i64) -> Vec<&'static str> {
        let check = watched(&self.policy).remove(0).check;
        let firing = Firing { cause: Cause::Check(&check), environment, since: at(since), told: None };
        let incidents = fold(&self.journal);
        let mut number = incidents.incidents.len();
        let new = rows(&self.policy, &incidents, &firing, at(now), || {
            number += 1;
            format!("INC-{number}")
        });
        self.journal.extend(new.iter().cloned());
        assert_eq!(fold(&self.journal).nonsense, 0);
        new.iter().map(IncidentEvent::kind).collect()
    }

    fn severity(&self, incident: &str) -> String {
        fold(&self.journal).incidents[incident].severity.clone()
    }
}

#[test]
fn what_fires_joins_only_an_incident_that_calls_for_it() {
    let opened = |kinds: &[&str]| kinds.contains(&"incident_opened");
    let mut outage = Outage::new();
    assert!(opened(&outage.look("production", 0, 2)));
    assert!(opened(&outage.look("staging", 0, 2)), "another environment");
    assert!(!opened(&outage.look("production", 3, 6)), "the same");
    // Worse: the same incident becomes worse, which calls again.
    assert_eq!(outage.look("production", 3, 13), ["incident_severity_changed", "alert_fired"]);
    assert_eq!((outage.severity("INC-1").as_str(), outage.severity("INC-2").as_str()), ("P0", "P1"));
    // Not as bad as what is open: it belongs to it.
    assert!(!opened(&outage.look("production", 14, 17)));
    assert_eq!(outage.severity("INC-1"), "P0");
    // Service was back, and is gone again.
    let (incident, by) = ("INC-1".to_owned(), "asha".to_owned());
    let mitigated = crate::incident::event::Mitigated { incident, how: String::new(), by, at: at(18) };
    outage.journal.push(mitigated.into());
    assert_eq!(outage.look("production", 14, 19), [""; 0], "the same outage");
    assert!(opened(&outage.look("production", 20, 23)), "another one");
    // Resolved while it still is so.
    let (incident, by) = ("INC-3".to_owned(), "asha".to_owned());
    outage.journal.push(Resolved { incident, how: String::new(), by, at: at(24) }.into());
    assert!(opened(&outage.look("production", 20, 25)));
    assert_eq!(outage.look("production", 20, 26), [""; 0]);
}

#[test]
fn rolling_back_is_the_worst_and_holding_is_written() {
    let mut outage = Outage::new();
    assert_eq!(outage.look("production", 0, 20)[0], "incident_opened");
    assert_eq!(outage.severity("INC-1"), "P0");
    let slow = watched(&outage.policy).remove(2).check;
    let firing = Firing { cause: Cause::Check(&slow), environment: "production", since: at(0), told: None };
    let held = rows(&outage.policy, &Incidents::default(), &firing, at(1), || "INC-9".to_owned());
    let alerts: Vec<_> = held
        .iter()
        .filter_map(|row| match row {
            IncidentEvent::AlertFired(row) => Some(row.alert.as_str()),
            _ => None,
        })
        .collect();
    assert!(alerts.contains(&"slow-holds"), "{alerts:?}");
}

/// Every alert of the rules that we generate, told by a Prometheus, does what it does here.
#[test]
fn generated_rules_call_as_their_severity_says() {
    use crate::slo::rules::{Rule, RulesFile};
    let policy = policy();
    let objectives = crate::slo::objectives(
        &policy,
        &crate::calendar::Calendars::builtin(),
        jiff::civil::date(2026, 8, 1),
    );
    let files = [crate::slo::slo_rules(&objectives.unwrap()), crate::slo::rules_for(&policy)];
    let alerts =
        |file: &RulesFile| file.groups.iter().flat_map(|group| group.rules.clone()).collect::<Vec<_>>();
    let mut seen = 0;
    for rule in files.iter().flat_map(alerts) {
        let Rule::Alert(alert) = rule else { continue };
        seen += 1;
        let labels: std::collections::BTreeMap<String, String> = alert.labels.into_iter().collect();
        let cause = Cause::of_labels(&policy, &alert.name, &labels).unwrap();
        let told = firing::Told { firing: "aa-1", alert: &alert.name, title: "bad\r\nTo: all" };
        let firing = Firing { cause, environment: "production", since: at(0), told: Some(told) };
        let new = rows(&policy, &Incidents::default(), &firing, at(0), || "INC-1".to_owned());
        let incidents = fold(&new);
        let opened = incidents.incidents.get("INC-1");
        assert_eq!(opened.is_some(), labels["severity"] == "page", "{}", alert.name);
        assert_eq!(incidents.alerts.len(), 1);
        assert!(opened.is_none_or(|opened| opened.severity == "P1" && opened.opened.title == "bad  To: all"));
    }
    assert!(seen > 3, "{seen}");
    let of = |severity: &str| {
        let labels = [("severity".to_owned(), severity.to_owned())].into_iter().collect();
        Cause::of_labels(&policy, "Other", &labels).map(|cause| match cause {
            Cause::Named { severity, .. } => severity.map(str::to_owned),
            _ => None,
        })
    };
    assert_eq!((of("critical"), of("p0")), (Some(Some("critical".to_owned())), Some(Some("p0".to_owned()))));
    assert_eq!((of("warning"), of("")), (Some(None), None));
}
