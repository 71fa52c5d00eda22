//! Recurring reviews and their agendas.

use jiff::tz::TimeZone;
use release::agenda::{Shown, agenda, markdown};
use release::evidence::{Answer, Question};
use release::ledger::event::{Event as Record, MeetingNoted};
use release::meeting::{Standing, meetings, unnoted};
use release::runbook::event::RunOutcome;

use crate::desk::{A, Desk, RELEASE, SMALL, at};

fn deployed() -> Desk {
    let mut desk = Desk::new(SMALL, "2026-11-20T00:00:00Z");
    desk.now = at("2026-11-25T10:30:00Z");
    desk.ran("run-1", "deploy", A, "production", RunOutcome::Done);
    desk
}

fn note(desk: &mut Desk, due: &str, held: bool) {
    desk.record(Record::MeetingNoted(MeetingNoted {
        meeting: "standup".to_owned(),
        release: RELEASE.to_owned(),
        due: at(due),
        held,
        text: "All is well".to_owned(),
        at: desk.now,
        by: "asha".to_owned(),
    }));
}

fn standings(desk: &Desk, now: &str) -> Vec<Standing> {
    desk.look(now, meetings)[0].occurrences.iter().map(|one| one.state).collect()
}

#[test]
fn each_occurrence_is_held_or_skipped_once_its_time_is_over() {
    use Standing::{Ahead, Held, NotAsked, Now, Skipped, ToNote};
    let mut desk = deployed();
    // Day 1 at 09:00 in India is 03:30 in UTC; it takes an hour, whatever its authors state, and can be noted for an hour.
    assert_eq!(standings(&desk, "2026-11-26T03:29:59Z"), [Ahead; 6]);
    assert_eq!(standings(&desk, "2026-11-26T03:30:00Z")[..2], [Now, Ahead]);
    assert_eq!(standings(&desk, "2026-11-26T04:30:00Z")[..2], [ToNote, Ahead]);
    assert_eq!(standings(&desk, "2026-11-26T05:30:00Z")[..2], [Skipped, Ahead]);
    let silent = desk.look("2026-11-26T05:30:00Z", unnoted);
    assert_eq!((silent.len(), silent[0].1.due), (1, at("2026-11-26T03:30:00Z")));
    note(&mut desk, "2026-11-26T03:30:00Z", false);
    assert!(desk.look("2026-11-26T05:30:00Z", unnoted).is_empty(), "noted once");
    note(&mut desk, "2026-11-26T03:30:00Z", true);
    assert_eq!(standings(&desk, "2026-11-26T05:30:00Z")[..2], [Held, Ahead], "somebody knew better");
    let never = Desk::new(SMALL, "2026-11-20T00:00:00Z");
    assert_eq!(standings(&never, "2026-12-30T00:00:00Z"), [NotAsked; 6], "it never went");
    let late = Desk::new(SMALL, "2026-12-20T00:00:00Z");
    assert!(late.look("2026-12-30T00:00:00Z", unnoted).is_empty(), "nobody could note them");
}

#[test]
fn a_newer_release_takes_over_the_meetings() {
    let mut desk = deployed();
    desk.now = at("2026-11-26T06:00:00Z");
    desk.open("r-2", "sha256:bbbb", "production");
    let silent = desk.look("2026-12-30T00:00:00Z", unnoted);
    assert_eq!(silent.len(), 10, "it is only prepared");
    desk.ran("run-2", "deploy", "sha256:bbbb", "production", RunOutcome::Done);
    let silent = desk.look("2026-12-30T00:00:00Z", unnoted);
    assert_eq!(silent.iter().map(|(id, one)| (id.as_str(), one.day)).collect::<Vec<_>>(), [("standup", 1)]);
}

#[test]
fn the_agenda_shows_what_is_known() {
    let mut desk = deployed();
    desk.saw(Question::Check("smoke".to_owned()), Answer::Pass, &[], None);
    desk.saw(Question::Metric("nps".to_owned()), Answer::Pass, &[("nps", 42)], Some("asha"));
    note(&mut desk, "2026-11-26T03:30:00Z", false);
    let agenda = desk.look("2026-11-26T09:30:00Z", |moment| agenda(moment, "standup")).unwrap();
    assert_eq!(agenda.occurrence.as_ref().unwrap().due, at("2026-11-26T10:00:00Z"));
    let times: Vec<String> =
        agenda.items.iter().map(|item| format!("{} {}", item.from.unwrap(), item.length)).collect();
    assert_eq!(times, ["2026-11-26T10:00:00Z 20m", "2026-11-26T10:20:00Z 20m", "2026-11-26T10:40:00Z 20m"]);
    assert!(matches!(&agenda.items[0].shows[0], Shown::Check { answer: "passed", age: Some(_), .. }));
    let Shown::Metric { figures, .. } = &agenda.items[0].shows[2] else { panic!("nps is a metric") };
    assert_eq!(figures[0].value.to_string(), "42");
    assert_eq!(agenda.skipped.len(), 1);
    assert_eq!(agenda.late.iter().map(|task| task.id.as_str()).collect::<Vec<_>>(), ["prepare", "soak"]);
    let text = markdown(&agenda, &TimeZone::get("Asia/Kolkata").unwrap());
    for line in
        ["Thu 2026-11-26 15:30-16:30 IST (day 1)", "## 15:50 Health (20m)", "nps: 42", "## Late tasks"]
    {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(desk.look("2026-11-26T09:30:00Z", |moment| release::agenda::agenda(moment, "lunch")).is_none());
}

#[test]
fn without_a_time_of_day_the_whole_day_counts() {
    let desk = deployed();
    let weekly = &desk.look("2026-12-02T06:00:00Z", meetings)[1];
    assert_eq!(weekly.occurrences.len(), 4);
    let first = &weekly.occurrences[0];
    assert_eq!((first.due, first.over), (at("2026-12-01T18:30:00Z"), at("2026-12-02T18:30:00Z")));
    assert_eq!((first.state, first.whole_day), (Standing::Now, true));
}
