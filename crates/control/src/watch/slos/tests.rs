//! What is raised when data are bad, missing, or never were there.

use jiff::SignedDuration;
use jiff::civil::date;
use release::Loaded;

use super::*;
use crate::clock::{Clock as _, MachineClock};

const POLICY: &str = r#"
format = 1
service = { name = "shop" }
environment = [{ id = "production", url = "http://127.0.0.1:1", target = true }]

[[slo]]
id = "good"
objective = 99
period = "30d"
indicator.events = { bad = 'requests_total{job="shop",code=~"5.."}', total = 'requests_total{job="shop"}' }

[[slo]]
id = "up"
objective = 99
period = "30d"
indicator.probe = { check = "health", every = "1m" }
"#;

fn watches() -> (Watch, Watch) {
    let policy = Loaded::parse(POLICY).unwrap().policy;
    let all = objectives(&policy, &Calendars::builtin(), date(2026, 8, 1)).unwrap();
    let mut all = all.into_iter().map(|one| Watch::new(one, Room::new(1_000_000)));
    (all.next().unwrap(), all.next().unwrap())
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(second)
}

fn raised(judged: &Judged) -> Vec<String> {
    judged.firing().map(|(name, ..)| name.to_owned()).collect()
}

#[test]
fn errors_wake_somebody_and_lost_metrics_too() {
    let (mut watch, _) = watches();
    let mut last = None;
    for round in 0..40_i64 {
        // The service itself knows no `job`.
        let text =
            format!("requests_total{{code=\"200\"}} {}\nrequests_total{{code=\"500\"}} {round}\n", 2 * round);
        last = Some(watch.look(at(15 * round), at(0), &Ok(series(&text).unwrap()), &[]));
    }
    let judged = last.unwrap();
    assert_eq!(judged.status.data, Data::Present);
    assert!(raised(&judged).contains(&"slo_good_page_fast".to_owned()), "{:?}", judged.status);
    assert!(judged.pages("slo_good_page_fast") && !judged.pages("slo_good_budget_low"));
    assert!(judged.status.budget_left.unwrap() < 0.0);

    let lost = Err("status 500 instead of 200".to_owned());
    let mut last = None;
    for round in 40..80 {
        last = Some(watch.look(at(15 * round), at(0), &lost, &[]));
    }
    let judged = last.unwrap();
    assert_eq!(judged.lost.as_deref(), Some("status 500 instead of 200"));
    assert!(matches!(judged.status.data, Data::Missing { .. }));
    assert!(raised(&judged).contains(&"slo_good_absent".to_owned()), "{:?}", judged.status);
}

#[test]
fn what_never_was_there_wakes_nobody() {
    let (mut events, mut probe) = watches();
    for round in 0..80 {
        let judged = events.look(at(15 * round), at(0), &Ok(series("other 1").unwrap()), &[]);
        assert_eq!(raised(&judged), [""; 0]);
        let judged = probe.look(at(15 * round), at(0), &Err("no url".to_owned()), &[]);
        assert_eq!(raised(&judged), [""; 0]);
        assert_eq!(judged.lost, None, "it needs no metrics");
    }
}

#[test]
fn checks_use_up_a_budget() {
    let (_, mut probe) = watches();
    let mut last = None;
    for round in 0..40 {
        let labels = vec![("check", Cow::Borrowed("health"))];
        let value = if round < 10 { 1.0 } else { 0.0 };
        let series = [Series { name: PROBE_METRIC, labels, value }];
        last = Some(probe.look(at(15 * round), at(0), &Err("no url".to_owned()), &series));
    }
    assert!(raised(&last.unwrap()).contains(&"slo_up_page_fast".to_owned()));
}

#[test]
fn a_clock_that_is_set_begins_anew_and_drift_does_not() {
    let mono = MachineClock.mono();
    let steady = Steady::new(at(0), mono);
    let later = |seconds: u64| mono + Duration::from_secs(seconds);
    assert_eq!(steady.at(at(3_650), later(3_600)), Some(at(3_600)), "it drifts");
    assert_eq!(steady.at(at(30), later(15)), Some(at(15)));
    assert_eq!(steady.at(at(-3_600), later(15)), None, "set back");
    assert_eq!(steady.at(at(7_200), later(15)), None, "set forward");
}

#[test]
fn what_has_no_room_is_counted() {
    let policy = Loaded::parse(POLICY).unwrap().policy;
    let objective = objectives(&policy, &Calendars::builtin(), date(2026, 8, 1)).unwrap().remove(0);
    let room = Room::new(10_000);
    let text = |count: usize| -> String {
        (0..count).map(|at| format!("requests_total{{code=\"500\",path=\"{at}\"}} 1\n")).collect()
    };
    let mut watch = Watch::new(objective.clone(), room.clone());
    let judged = watch.look(at(0), at(0), &Ok(series(&text(100)).unwrap()), &[]);
    assert!(judged.status.refused > 100, "{}", judged.status.refused);
    let long = format!("requests_total{{code=\"{}\"}} 1\n", "5".repeat(5_000));
    let before = judged.status.refused;
    let judged = watch.look(at(15), at(0), &Ok(series(&long).unwrap()), &[]);
    assert_eq!(judged.status.refused, before + 1);
    // Whoever ends leaves its room.
    drop(watch);
    let judged = Watch::new(objective, room).look(at(0), at(0), &Ok(series(&text(1)).unwrap()), &[]);
    assert_eq!(judged.status.refused, 0);
}
