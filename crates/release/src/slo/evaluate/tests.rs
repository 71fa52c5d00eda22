//! States over made-up traffic.

use jiff::civil::date;

use super::*;
use crate::Loaded;
use crate::calendar::Calendars;
use crate::slo::objectives;

fn evaluator(slo: &str) -> Evaluator {
    let policy = Loaded::parse(include_str!("../../../testdata/slo/desk.toml")).unwrap().policy;
    let all = objectives(&policy, &Calendars::builtin(), date(2026, 8, 1)).unwrap();
    Evaluator::new(all.into_iter().find(|objective| objective.slo.id == slo).unwrap(), Room::new(10_000_000))
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap()
}

/// Two counters of `http_requests_total`, scraped and looked at every minute.
struct Traffic {
    watch: Evaluator,
    minute: i64,
    good: f64,
    bad: f64,
}

impl Traffic {
    fn new(slo: &str) -> Traffic {
        Traffic { watch: evaluator(slo), minute: 0, good: 0.0, bad: 0.0 }
    }

    /// So many minutes of `pace` events each; returns when `alert` was first raised, and the last status.
    fn run(&mut self, minutes: i64, pace: f64, errors: f64, alert: &str) -> (Option<i64>, Status) {
        let (name, labels) = match self.watch.objective.slo.in_sessions {
            true => ("signals_total", [("outcome", "ok"), ("outcome", "failed")]),
            false => ("http_requests_total", [("status", "200"), ("status", "503")]),
        };
        let mut raised = None;
        let mut last = None;
        for _ in 0..minutes {
            self.minute += 1;
            self.good += pace * (1.0 - errors);
            self.bad += pace * errors;
            let labels = labels.map(|label| [("job", "desk"), label]);
            let samples = [
                Sample { name, labels: &labels[0], value: self.good },
                Sample { name, labels: &labels[1], value: self.bad },
            ];
            self.watch.ingest(at(self.minute), &samples);
            let status = self.watch.evaluate(at(self.minute));
            if matches!(state(&status, alert), State::Firing { .. }) {
                raised.get_or_insert(self.minute);
            }
            last = Some(status);
        }
        (raised, last.unwrap())
    }
}

fn state(status: &Status, alert: &str) -> State {
    status.alerts.iter().find(|(name, _)| name == alert).unwrap().1
}

#[test]
fn alerts_are_raised_when_computed() {
    for place in 0..4 {
        let mut traffic = Traffic::new("availability");
        let alert = traffic.watch.objective.burn.alerts[place];
        let name = traffic.watch.objective.alert(alert.name);
        let long = i64::try_from(alert.long.as_seconds() / 60).unwrap();
        let errors = 10.0 * alert.threshold.as_f64();
        assert_eq!(traffic.run(long, 100.0, 0.8 * alert.threshold.as_f64(), &name).0, None, "{name}");
        // The window already holds errors: raised a little earlier than from healthy traffic, so begin healthy.
        traffic.run(long, 100.0, 0.0, &name);
        let start = traffic.minute;
        let until = i64::try_from(alert.raised_after(errors).unwrap().as_seconds()).unwrap() / 60;
        let raised = traffic.run(until + 5, 100.0, errors, &name).0.unwrap() - start;
        assert!((raised - until).abs() <= 2 + long / 240, "{name}: {raised} {until}");
        let short = i64::try_from(alert.short.as_seconds() / 60).unwrap();
        let (_, status) = traffic.run(short + 2, 100.0, 0.0, &name);
        assert_eq!(state(&status, &name), State::Quiet, "{name}");
    }
}

#[test]
fn little_traffic_and_no_traffic_raise_nothing() {
    let name = "slo_availability_page_fast";
    let mut traffic = Traffic::new("availability");
    let (raised, status) = traffic.run(90, 3.0, 1.0, name);
    assert_eq!((raised, status.data), (None, Data::Present), "180 events in an hour are fewer than 200");
    let (raised, status) = traffic.run(30, 0.0, 0.0, name);
    assert_eq!((raised, status.data), (None, Data::Idle));
    assert_eq!(status.ratios[0], (Length::minutes(5), None), "no events are no ratio");
}

#[test]
fn missing_data_are_a_state_of_their_own() {
    let (fast, absent) = ("slo_availability_page_fast", "slo_availability_absent");
    let mut traffic = Traffic::new("availability");
    let first = traffic.watch.evaluate(at(0));
    assert_eq!(first.data, Data::Missing { since: at(0) });
    assert_eq!(state(&first, fast), State::Unknown);
    traffic.run(10, 100.0, 0.0, fast);
    traffic.watch.lost(at(11));
    let status = traffic.watch.evaluate(at(11));
    assert_eq!(state(&status, absent), State::Pending { since: at(11) });
    let status = traffic.watch.evaluate(at(16));
    assert_eq!(state(&status, absent), State::Firing { since: at(11) });
    assert_eq!(state(&status, fast), State::Unknown);
    // Without a word about the scrape, the samples are too old after five minutes.
    traffic.minute = 16;
    let (_, status) = traffic.run(5, 100.0, 0.0, fast);
    assert_eq!((status.data, state(&status, absent)), (Data::Present, State::Quiet));
    assert_eq!(traffic.watch.evaluate(at(27)).data, Data::Missing { since: at(27) });
}

#[test]
fn a_bad_quarter_of_an_hour_weighs_the_same_at_the_open() {
    let name = "slo_sessions_page_slow";
    let mut traffic = Traffic::new("sessions");
    let alert = *traffic.watch.objective.burn.alerts.iter().find(|alert| alert.name == "page_slow").unwrap();
    traffic.run(60, 0.0, 0.0, name);
    let (start, errors) = (traffic.minute, 10.0 * alert.threshold.as_f64());
    let until = i64::try_from(alert.raised_after(errors).unwrap().as_seconds()).unwrap() / 60;
    let raised = traffic.run(until + 5, 100.0, errors, name).0.unwrap() - start;
    assert!((raised - until).abs() <= 3, "{raised} {until}");
}

#[test]
fn the_budget_is_what_is_left_of_it() {
    let mut traffic = Traffic::new("availability");
    traffic.run(1_000, 100.0, 0.0, "slo_availability_budget_low");
    let (_, status) = traffic.run(1, 50.0, 1.0, "slo_availability_budget_low");
    let left = status.budget_left.unwrap();
    assert!((left - 0.5).abs() < 0.01, "{left}");
    let (raised, _) = traffic.run(70, 100.0, 0.05, "slo_availability_budget_low");
    assert!(raised.is_some());
}

#[test]
fn series_beyond_the_bound_are_refused_and_counted() {
    let mut watch = evaluator("availability");
    for number in 0..SERIES_MAX + 7 {
        let number = number.to_string();
        let labels = [("job", "desk"), ("status", "200"), ("path", number.as_str())];
        watch.ingest(at(0), &[Sample { name: "http_requests_total", labels: &labels, value: 1.0 }]);
    }
    assert_eq!(watch.evaluate(at(0)).refused, 7);
}
