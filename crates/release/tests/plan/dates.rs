//! Tasks, phases and announcements by their dates.

use proptest::prelude::*;
use release::agenda::{agenda, markdown};
use release::announcement::{Standing, announcements};
use release::evaluate::evaluations;
use release::event::{Event, Rescheduled, TaskDone};
use release::ledger::event::{Announced, Event as Record};
use release::reviews::reviews;
use release::risks::risks;
use release::runbook::event::RunOutcome;
use release::schedule::{TaskState, late, schedule};
use release::timing::{KnownBy, timing};

use crate::desk::{A, Desk, RELEASE, SMALL, TICKER, TRADING, at};

fn done(desk: &mut Desk, task: &str, role: Option<&str>, by: &str) {
    desk.add(Event::TaskDone(TaskDone {
        release: RELEASE.to_owned(),
        task: task.to_owned(),
        role: role.map(str::to_owned),
        at: desk.now,
        by: by.to_owned(),
    }));
}

fn state(desk: &Desk, now: &str, task: &str) -> TaskState {
    let schedule = desk.look(now, schedule);
    schedule.tasks.iter().find(|known| known.id == task).unwrap().state
}

#[test]
fn every_task_of_the_dossiers_has_its_dates_in_order() {
    for text in [TICKER, TRADING] {
        let desk = Desk::new(text, "2025-11-01T00:00:00Z");
        let plan = desk.look("2025-11-01T00:00:00Z", schedule);
        assert!(plan.tasks.len() >= 16 && plan.timing.begins.is_some());
        assert!(plan.tasks.windows(2).all(|pair| pair[0].day <= pair[1].day));
        for task in &plan.tasks {
            assert!(task.begins.unwrap() < task.ends.unwrap(), "{}", task.id);
            assert!(task.owner.as_ref().is_none_or(|owner| !owner.people.is_empty()), "{}", task.id);
        }
        assert!(plan.milestones.iter().all(|phase| phase.from <= phase.to));
        let begins = plan.timing.begins.unwrap();
        assert_eq!(begins.to_zoned(jiff::tz::TimeZone::get(&plan.zone).unwrap()).date(), plan.day0.unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever day it is and whenever day 0 is.
    #[test]
    fn no_day_is_too_odd(day0 in -3_000_i64..3_000, now in -4_000_i64..4_000, ticker in any::<bool>()) {
        let mut desk = Desk::new(if ticker { TICKER } else { TRADING }, "2025-11-01T00:00:00Z");
        let day = |days: i64| at("2026-02-28T03:30:00Z") + jiff::SignedDuration::from_hours(24 * days);
        let date = day(day0).to_zoned(jiff::tz::TimeZone::UTC).date();
        desk.add(Event::Rescheduled(Rescheduled {
            release: RELEASE.to_owned(), day0: date, at: desk.now, by: "asha".to_owned(), why: String::new(),
        }));
        let now = day(now);
        let plan = desk.look(&now.to_string(), |moment| {
            let plan = schedule(moment);
            for meeting in &plan.meetings {
                let agenda = agenda(moment, &meeting.id).unwrap();
                assert!(markdown(&agenda, &jiff::tz::TimeZone::UTC).starts_with("# "));
            }
            assert_eq!(evaluations(moment).len(), moment.loaded.policy.horizons.len());
            assert_eq!(risks(moment).len(), moment.loaded.policy.risks.len());
            assert_eq!(reviews(moment).len(), moment.loaded.policy.reviews.len());
            assert_eq!(announcements(moment).len(), moment.loaded.policy.announcements.len());
            plan
        });
        prop_assert_eq!(plan.day0, Some(date));
        // Late is exactly what is over and not done.
        for task in &plan.tasks {
            prop_assert_eq!(task.late_by.is_some(), task.state == TaskState::Late);
            prop_assert_eq!(task.state == TaskState::Late, !task.missing.is_empty() && task.ends.unwrap() <= now);
        }
    }
}

#[test]
fn a_task_waits_is_blocked_is_due_is_late_and_is_done() {
    let mut desk = Desk::new(SMALL, "2026-11-20T00:00:00Z");
    assert_eq!(state(&desk, "2026-11-24T03:44:59Z", "soak"), TaskState::Ahead);
    assert_eq!(state(&desk, "2026-11-24T03:45:00Z", "soak"), TaskState::Blocked);
    done(&mut desk, "prepare", None, "a stranger");
    assert_eq!(state(&desk, "2026-11-24T03:45:00Z", "soak"), TaskState::Blocked, "nobody knows them");
    done(&mut desk, "prepare", None, "asha");
    assert_eq!(state(&desk, "2026-11-24T03:45:00Z", "soak"), TaskState::Due);
    assert_eq!(state(&desk, "2026-11-25T06:45:00Z", "soak"), TaskState::Late);
    let plan = desk.look("2026-11-25T08:45:00Z", schedule);
    assert_eq!(late(&plan).iter().map(|task| task.id.as_str()).collect::<Vec<_>>(), ["soak"]);
    assert_eq!(late(&plan)[0].late_by.unwrap().to_string(), "2h");
    done(&mut desk, "soak", Some("qa"), "binod");
    let plan = desk.look("2026-11-25T08:45:00Z", schedule);
    assert_eq!((plan.milestones[0].tasks, plan.milestones[0].done, plan.milestones[0].late), (2, 2, 0));
    assert_eq!(plan.milestones[0].needed_by, ["week/feedback"]);
    assert!(plan.tasks[1].signers[0].said && plan.tasks[1].done_by[0].by == "binod");
    assert_eq!(plan.tasks[1].session_has.unwrap().to_string(), "3h", "the day before is a holiday");
}

#[test]
fn people_are_told_before_and_not_too_early_after() {
    let mut desk = Desk::new(SMALL, "2026-11-20T00:00:00Z");
    let soon = |desk: &Desk, now: &str| desk.look(now, announcements)[0].clone();
    assert_eq!(soon(&desk, "2026-11-24T10:29:59Z").state, Standing::Ahead);
    let due = soon(&desk, "2026-11-24T10:30:00Z");
    assert_eq!(due.state, Standing::Due);
    assert_eq!(due.text, "Small service 1.0.0 goes to production at 2026-11-25 16:00 IST.");
    let say = |desk: &mut Desk, announcement: &str, channel: &str| {
        desk.record(Record::Announced(Announced {
            announcement: announcement.to_owned(),
            release: RELEASE.to_owned(),
            text: String::new(),
            channel: channel.to_owned(),
            at: desk.now,
            by: "asha".to_owned(),
        }));
    };
    say(&mut desk, "soon", "mail");
    let half = soon(&desk, "2026-11-24T10:30:00Z");
    assert_eq!((half.state, half.missing), (Standing::Due, vec!["status-page".to_owned()]));
    say(&mut desk, "soon", "status-page");
    assert_eq!(soon(&desk, "2026-11-24T10:30:00Z").state, Standing::Announced);
    let after = |desk: &Desk, now: &str| desk.look(now, announcements)[1].clone();
    assert_eq!(after(&desk, "2026-11-30T00:00:00Z").state, Standing::Waits, "it was never done");
    desk.now = at("2026-11-25T10:30:00Z");
    desk.ran("run-1", "deploy", A, "production", RunOutcome::Failed);
    assert_eq!(after(&desk, "2026-11-30T00:00:00Z").state, Standing::Waits, "it failed");
    desk.now = at("2026-11-25T12:30:00Z");
    desk.ran("run-2", "deploy", A, "production", RunOutcome::Done);
    assert_eq!(after(&desk, "2026-11-25T13:59:59Z").state, Standing::Ahead);
    assert_eq!(after(&desk, "2026-11-25T14:00:00Z").state, Standing::Due);
    assert_eq!(desk.look("2026-11-25T14:00:00Z", timing).by, KnownBy::Run);
}
