//! Success at a horizon.

use release::evaluate::{Evaluation, Outcome, Verdict, evaluation, recorded, unrecorded};
use release::evidence::{Answer, Question};
use release::incident::event::{Event as Incident, IncidentOpened, Mitigated, OpenedBy};
use release::ledger::Entry;
use release::ledger::event::{Event as Record, HorizonJudged, WatchHour};
use release::runbook::event::RunOutcome;

use crate::desk::{A, Desk, RELEASE, SMALL, at};

const JUDGED: &str = "2026-12-02T11:30:00Z";

fn deployed() -> Desk {
    let mut desk = Desk::new(SMALL, "2026-11-20T00:00:00Z");
    desk.now = at("2026-11-25T10:30:00Z");
    desk.ran("run-1", "deploy", A, "production", RunOutcome::Done);
    desk
}

fn feedback(desk: &mut Desk, when: &str, value: i64, by: &str) {
    desk.now = at(when);
    desk.saw(Question::Metric("nps".to_owned()), Answer::Pass, &[("nps", value)], Some(by));
}

fn at_week(desk: &Desk, now: &str) -> Evaluation {
    desk.look(now, |moment| evaluation(moment, "7d")).unwrap()
}

fn verdict(evaluation: &Evaluation, id: &str) -> Verdict {
    evaluation.criteria.iter().find(|judged| judged.id == id).unwrap().verdict
}

#[test]
fn a_week_counts_from_when_it_was_done() {
    let desk = deployed();
    let early = at_week(&desk, "2026-12-02T11:29:59Z");
    assert_eq!((early.outcome, early.due), (Outcome::TooEarly, Some(at(JUDGED))));
    assert_eq!(at_week(&desk, JUDGED).outcome, Outcome::NotKnown);
    assert!(desk.look(JUDGED, |moment| evaluation(moment, "8d")).is_none());
}

#[test]
fn figures_count_from_those_who_may_and_from_after_the_release() {
    let mut desk = deployed();
    feedback(&mut desk, "2026-11-25T10:00:00Z", 50, "asha");
    let old = at_week(&desk, JUDGED);
    assert!(old.criteria[0].why.contains("before the release"), "{}", old.criteria[0].why);
    feedback(&mut desk, "2026-12-01T00:00:00Z", 50, "binod");
    assert_eq!(
        verdict(&at_week(&desk, JUDGED), "feedback"),
        Verdict::NotKnown,
        "he is not the one to say so"
    );
    feedback(&mut desk, "2026-12-01T01:00:00Z", 20, "asha");
    let bad = at_week(&desk, JUDGED);
    assert_eq!((bad.outcome, verdict(&bad, "feedback")), (Outcome::Failed, Verdict::NotMet));
    feedback(&mut desk, "2026-12-01T02:00:00Z", 30, "asha");
    let good = at_week(&desk, JUDGED);
    assert_eq!((good.outcome, good.must.met), (Outcome::Succeeded, 2));
    assert_eq!(good.criteria[0].milestone.as_deref(), Some("before: 0 of 2 tasks are done"));
    assert_eq!((good.should.met, good.should.not_known), (1, 1), "no incident was there to restore from");
}

#[test]
fn checks_incidents_and_synthetic_checks_are_judged_by_what_is_recorded() {
    let mut desk = deployed();
    desk.saw(Question::Check("smoke".to_owned()), Answer::Pass, &[], None);
    desk.saw(Question::Check("load".to_owned()), Answer::Fail { why: "slow".to_owned() }, &[], None);
    let hour = |from: &str, failed: u32| {
        Record::WatchHour(WatchHour {
            check: "smoke".to_owned(),
            environment: "production".to_owned(),
            from: at(from),
            passed: 200 - failed,
            failed,
            unknown: 0,
            slowest_ms: 1,
            total_ms: 1,
        })
    };
    desk.record(hour("2026-11-26T00:00:00Z", 2));
    // Before the release and after its week: not of it.
    desk.record(hour("2026-11-25T00:00:00Z", 100));
    desk.record(hour("2026-12-02T11:00:00Z", 100));
    for (id, opened, minutes) in [("i-1", "2026-11-26T00:00:00Z", 15), ("i-2", "2026-11-20T00:00:00Z", 90)] {
        let opened = at(opened);
        let rows = [
            Incident::IncidentOpened(IncidentOpened {
                incident: id.to_owned(),
                severity: "P0".to_owned(),
                title: "down".to_owned(),
                at: opened,
                by: OpenedBy::Person("asha".to_owned()),
                public: None,
            }),
            Incident::Mitigated(Mitigated {
                incident: id.to_owned(),
                at: opened + jiff::SignedDuration::from_mins(minutes),
                by: "asha".to_owned(),
                how: String::new(),
            }),
        ];
        for row in rows {
            desk.ledger.apply(Entry::Incident("small".to_owned(), row));
        }
    }
    let week = at_week(&desk, JUDGED);
    assert_eq!(verdict(&week, "calm"), Verdict::Met);
    assert_eq!(verdict(&week, "mttr"), Verdict::NotMet, "15 minutes; the other was before");
    assert_eq!(verdict(&week, "proofs"), Verdict::NotMet);
    assert_eq!(verdict(&week, "up"), Verdict::Met, "2 of 200, and 2 may fail");
    desk.record(hour("2026-11-27T00:00:00Z", 3));
    assert_eq!(verdict(&at_week(&desk, JUDGED), "up"), Verdict::NotMet);
}

#[test]
fn a_horizon_is_recorded_when_it_comes_and_stands_once_it_is_known() {
    let mut desk = deployed();
    let judge = |desk: &mut Desk, now: &str| -> Vec<Outcome> {
        let news = desk.look(now, unrecorded);
        for evaluation in news.clone() {
            let release = RELEASE.to_owned();
            desk.record(Record::HorizonJudged(HorizonJudged { release, evaluation }));
        }
        news.into_iter().map(|evaluation| evaluation.outcome).collect()
    };
    assert_eq!(judge(&mut desk, "2026-12-02T11:29:59Z"), [], "too early");
    assert_eq!(judge(&mut desk, JUDGED), [Outcome::NotKnown]);
    assert_eq!(judge(&mut desk, JUDGED), [], "once");
    feedback(&mut desk, "2026-12-02T12:00:00Z", 50, "asha");
    assert_eq!(judge(&mut desk, "2026-12-02T13:00:00Z"), [Outcome::Succeeded]);
    feedback(&mut desk, "2026-12-03T00:00:00Z", 0, "asha");
    assert_eq!(judge(&mut desk, "2026-12-03T01:00:00Z"), [], "it stands");
    let outcome = desk.look("2026-12-03T01:00:00Z", |moment| recorded(moment, "week").unwrap().outcome);
    assert_eq!(outcome, Outcome::Succeeded);
    let never = Desk::new(SMALL, "2026-11-20T00:00:00Z");
    assert!(never.look("2027-06-01T00:00:00Z", unrecorded).is_empty(), "it never went");
}

#[test]
fn a_horizon_is_judged_by_what_was_known_when_it_came() {
    let mut desk = deployed();
    feedback(&mut desk, "2026-12-01T00:00:00Z", 50, "asha");
    feedback(&mut desk, "2026-12-05T00:00:00Z", 0, "asha");
    let week = at_week(&desk, "2026-12-06T00:00:00Z");
    assert_eq!(verdict(&week, "feedback"), Verdict::Met, "{}", week.criteria[0].why);
    assert!(week.criteria[0].why.contains("50"), "{}", week.criteria[0].why);
    let mut late = deployed();
    feedback(&mut late, "2026-12-05T00:00:00Z", 50, "asha");
    assert_eq!(
        verdict(&at_week(&late, "2026-12-06T00:00:00Z"), "feedback"),
        Verdict::NotKnown,
        "days too late"
    );
}

#[test]
fn what_was_rolled_back_has_failed() {
    let mut desk = deployed();
    feedback(&mut desk, "2026-11-26T00:00:00Z", 50, "asha");
    desk.now = at("2026-11-27T00:00:00Z");
    desk.ran("run-2", "back", A, "production", RunOutcome::Done);
    assert_eq!(at_week(&desk, "2026-11-28T00:00:00Z").outcome, Outcome::TooEarly);
    assert!(desk.look("2026-12-02T11:29:59Z", unrecorded).is_empty());
    let judged = desk.look(JUDGED, unrecorded);
    assert_eq!((judged.len(), judged[0].outcome, judged[0].due), (1, Outcome::Failed, Some(at(JUDGED))));
    assert!(judged[0].criteria.iter().any(|one| one.why == "it was rolled back at 2026-11-27T00:00:00Z"));
    let mut after = deployed();
    feedback(&mut after, "2026-11-26T00:00:00Z", 50, "asha");
    after.now = at("2026-12-03T00:00:00Z");
    after.ran("run-2", "back", A, "production", RunOutcome::Done);
    assert_eq!(
        after.look("2026-12-04T00:00:00Z", unrecorded)[0].outcome,
        Outcome::Succeeded,
        "it was there then"
    );
}
