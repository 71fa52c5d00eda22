//! Incidents that a team would recognise, and the bodies that receivers document.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::event::*;
use super::message::{About, Action, SUBJECT_MOST, SUMMARY_MOST, TEXT_MOST, mail, pagerduty, webhook};
use super::*;
use crate::Loaded;
use crate::policy::Policy;

fn policy() -> Policy {
    let text = r#"
format = 1
service = { name = "ticker" }
[escalation]
chain = [{ role = "on-call", within = "15m" }, { role = "lead", within = "30m" }]
[[severity]]
id = "P0"
means = "down"
respond_within = "5m"
restore_within = "15m"
page = true
blocks_release = true
[[severity]]
id = "P1"
means = "broken"
respond_within = "15m"
page = true
[[severity]]
id = "P2"
means = "degraded"
respond_within = "2h"
"#;
    Loaded::parse(text).unwrap().policy
}

/// Minutes after the beginning.
fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
}

fn id() -> String {
    "INC-1".to_owned()
}

fn asha() -> String {
    "asha".to_owned()
}

fn opened(severity: &str, title: &str) -> Event {
    let by = OpenedBy::Person(asha());
    IncidentOpened {
        incident: id(),
        severity: severity.to_owned(),
        title: title.to_owned(),
        public: None,
        by,
        at: at(0),
    }
    .into()
}

fn severity(severity: &str, minutes: i64) -> Event {
    let (why, by) = (String::new(), asha());
    SeverityChanged { incident: id(), severity: severity.to_owned(), why, by, at: at(minutes) }.into()
}

fn acknowledged(minutes: i64) -> Event {
    Acknowledged { incident: id(), by: asha(), at: at(minutes) }.into()
}

fn resolved(minutes: i64) -> Event {
    Resolved { incident: id(), how: "restarted".to_owned(), by: asha(), at: at(minutes) }.into()
}

fn reopened(minutes: i64) -> Event {
    Reopened { incident: id(), why: String::new(), by: asha(), at: at(minutes) }.into()
}

fn key(text: &str) -> PageKey {
    text.parse().unwrap()
}

fn sent(text: &str, minutes: i64) -> Event {
    PageSent {
        key: key(text),
        to: asha(),
        channel: "mail".to_owned(),
        missed: Vec::new(),
        again: Vec::new(),
        at: at(minutes),
    }
    .into()
}

fn incident(rows: &[Event]) -> Incident {
    let state = Incidents::fold(rows);
    assert_eq!(state.nonsense, 0);
    state.incidents.into_values().next().unwrap()
}

/// Keys of pages, and names of clocks.
fn is_due(rows: &[Event], minutes: i64) -> Vec<String> {
    let due = due(&policy(), &incident(rows), at(minutes));
    due.iter()
        .map(|one| match one {
            Due::Page(page) => page.key.to_string(),
            Due::Breach(breach) => breach.clock.as_str().to_owned(),
        })
        .collect()
}

#[test]
fn the_chain_is_climbed_until_somebody_answers() {
    let rows = [opened("P1", "x")];
    assert_eq!(is_due(&rows, 0), ["INC-1/o1/r1/s1/a1"]);
    let rows = [opened("P1", "x"), sent("INC-1/o1/r1/s1/a1", 0)];
    assert_eq!(is_due(&rows, 14), [""; 0]);
    assert_eq!(wakes_at(&policy(), &incident(&rows), at(14)), Some(at(15)));
    assert_eq!(is_due(&rows, 15), ["response", "INC-1/o1/r1/s2/a1"]);
    let answer = PageAcknowledged {
        key: key("INC-1/o1/r1/s1/a1"),
        channel: "mail".to_owned(),
        by: asha(),
        at: at(14),
    };
    let answered = [rows.to_vec(), vec![answer.into()]].concat();
    assert_eq!(is_due(&answered, 9_999), [""; 0]);
}

#[test]
fn a_page_that_no_channel_took_is_tried_again_later() {
    let failed = PageFailed {
        key: key("INC-1/o1/r1/s1/a1"),
        channel: "mail".to_owned(),
        why: "refused".to_owned(),
        at: at(0),
    };
    let rows = [opened("P1", "x"), failed.into()];
    assert_eq!(is_due(&rows, 0), [""; 0]);
    assert_eq!(is_due(&rows, 1), ["INC-1/o1/r1/s1/a2"]);
}

#[test]
fn a_channel_that_missed_a_page_is_tried_again_alone() {
    let part = PageSent {
        key: key("INC-1/o1/r1/s1/a1"),
        to: asha(),
        channel: "chat".to_owned(),
        missed: vec!["pd: it answers 503".to_owned()],
        again: vec!["pd".to_owned()],
        at: at(0),
    };
    let rows = [opened("P1", "x"), part.into()];
    assert_eq!(is_due(&rows, 0), [""; 0]);
    let Due::Page(page) = due(&policy(), &incident(&rows), at(1)).remove(0) else { panic!("a page") };
    assert_eq!(
        (page.key.to_string().as_str(), page.only),
        ("INC-1/o1/r1/s1/a2", Some(vec!["pd".to_owned()]))
    );
    let failed = PageFailed { key: page.key, channel: "pd".to_owned(), why: "no".to_owned(), at: at(1) };
    let rows = [&rows[..], &[failed.into()]].concat();
    assert_eq!(is_due(&rows, 2), ["INC-1/o1/r1/s1/a3"]);
    let rows = [&rows[..], &[sent("INC-1/o1/r1/s1/a3", 2)]].concat();
    assert_eq!(is_due(&rows, 14), [""; 0]);
}

#[test]
fn a_worse_severity_calls_at_once_and_a_milder_one_stops_calling() {
    assert_eq!(is_due(&[opened("P2", "x")], 60), [""; 0]);
    let raised = [opened("P2", "x"), severity("P0", 60)];
    assert_eq!(is_due(&raised, 60), ["INC-1/o1/r4/s1/a1"]);
    assert_eq!(is_due(&raised, 66), ["INC-1/o1/r4/s1/a1", "response"]);
    // Worse again, while rungs are being called: nobody is called later for it.
    let worse = [opened("P1", "x"), sent("INC-1/o1/r1/s1/a1", 0), severity("P0", 14)];
    assert_eq!(is_due(&worse, 15), ["INC-1/o1/r1/s2/a1"]);
    let milder = [opened("P1", "x"), severity("P2", 1)];
    assert_eq!(is_due(&milder, 60), [""; 0]);
}

#[test]
fn lowered_and_raised_again_it_calls_again() {
    let rows = [opened("P1", "x"), sent("INC-1/o1/r1/s1/a1", 0), severity("P2", 1), severity("P1", 9_000)];
    assert_eq!(is_due(&rows[..3], 8_999), ["response"]);
    assert!(is_due(&rows, 9_000).contains(&"INC-1/o1/r7/s1/a1".to_owned()));
    // Worse, when nobody is called any more.
    let rows = [opened("P1", "x"), severity("P0", 9_000)];
    assert!(is_due(&rows, 9_000).contains(&"INC-1/o1/r4/s1/a1".to_owned()));
}

#[test]
fn who_works_on_it_has_not_answered_to_something_worse() {
    let rows = [opened("P1", "x"), acknowledged(1), severity("P0", 10)];
    assert_eq!(is_due(&rows, 10), ["INC-1/o1/r4/s1/a1"]);
    assert!(is_calling(&policy(), &incident(&rows)));
    assert_eq!(clocks(&policy(), &incident(&rows))[0].stopped, None);
    // An answer to the old page is none to the new one.
    let answer = |page: &str| -> Event {
        PageAcknowledged { key: key(page), channel: "mail".to_owned(), by: asha(), at: at(11) }.into()
    };
    let called = [&rows[..], &[sent("INC-1/o1/r4/s1/a1", 10)]].concat();
    let old = [&called[..], &[answer("INC-1/o1/r1/s1/a1")]].concat();
    assert!(is_calling(&policy(), &incident(&old)));
    let new = [&called[..], &[answer("INC-1/o1/r4/s1/a1")]].concat();
    assert!(!is_calling(&policy(), &incident(&new)));
    assert_eq!(clocks(&policy(), &incident(&new))[0].stopped, Some(at(11)));
    // Not as bad any more, or as bad as before: it is known.
    for later in [severity("P1", 12), severity("P2", 12)] {
        let rows = [&new[..], &[later, severity("P0", 13)]].concat();
        assert!(!is_calling(&policy(), &incident(&rows)));
    }
}

#[test]
fn receivers_are_told_of_every_page_they_may_have() {
    let tried = |page: &str| -> Event {
        PageTried { key: key(page), code: None, people: Vec::new(), at: at(0) }.into()
    };
    let told = |page: &str, word| -> Event {
        ReceiverTold { key: key(page), channel: "pd".to_owned(), word, at: at(2) }.into()
    };
    let said = |rows: &[Event], minutes| -> Vec<String> {
        let tellings = tellings(&incident(rows), "pd", at(minutes));
        tellings.iter().map(|one| format!("{} {}", one.key.dedup(), one.word.as_str())).collect()
    };
    let failed = |page: &str| -> Event {
        let (channel, why) = ("pd".to_owned(), "it took too long".to_owned());
        PageFailed { key: key(page), channel, why, at: at(0) }.into()
    };
    // Two attempts are one page to the receiver.
    let rows = [opened("P1", "x"), failed("INC-1/o1/r1/s1/a1"), tried("INC-1/o1/r1/s1/a2")];
    assert_eq!(said(&rows, 0), [""; 0]);
    let rows = [&rows[..], &[acknowledged(1)]].concat();
    assert_eq!(said(&rows, 1), ["INC-1/o1/r1/s1 acknowledge"]);
    let known = [&rows[..], &[told("INC-1/o1/r1/s1/a1", Word::Acknowledge)]].concat();
    assert_eq!(said(&known, 2), [""; 0]);
    let over = [&rows[..], &[resolved(3)]].concat();
    assert_eq!(said(&over, 3), ["INC-1/o1/r1/s1 resolve"]);
    assert_eq!(said(&over, 3 + 24 * 60), [""; 0]);
    // It is back: what was resolved stays so.
    let back =
        [&over[..], &[told("INC-1/o1/r1/s1/a1", Word::Resolve), reopened(4), acknowledged(5)]].concat();
    assert_eq!(said(&back, 5), [""; 0]);
}

#[test]
fn a_test_calls_one_rung_once_and_counts_nowhere() {
    let test = |role: Option<&str>| -> Event {
        TestOpened { incident: id(), role: role.map(str::to_owned), alert: None, by: asha(), at: at(0) }
            .into()
    };
    let roles = |rows: &[Event]| -> Vec<Option<String>> {
        let due = due(&policy(), &incident(rows), at(0));
        due.into_iter().map(|one| if let Due::Page(page) = one { page.role } else { None }).collect()
    };
    assert_eq!(roles(&[test(None)]), [Some("on-call".to_owned())]);
    assert_eq!(roles(&[test(Some("lead"))]), [Some("lead".to_owned())]);
    assert_eq!(role(&policy(), &incident(&[test(Some("lead"))]), 1), Some("lead".to_owned()));
    assert_eq!(is_due(&[test(None), sent("INC-1/o1/r1/s1/a1", 0)], 9_999), [""; 0]);
    let state = Incidents::fold(&[test(None)]);
    assert!(blocks_release(&policy(), &state).is_empty());
    assert_eq!(measures(&state, None, Timestamp::MIN, Timestamp::MAX).incidents, 0);
    assert_eq!(Incidents::fold(&[test(None), severity("P0", 1)]).nonsense, 1);
}

#[test]
fn clocks_begin_again_only_for_something_worse() {
    let runs_out = |rows: &[Event]| clocks(&policy(), &incident(rows))[0].until;
    assert_eq!(runs_out(&[opened("P2", "x"), severity("P0", 60)]), at(65));
    assert_eq!(runs_out(&[opened("P0", "x"), severity("P2", 3)]), at(120));
    assert_eq!(runs_out(&[opened("P0", "x"), severity("P2", 3), severity("P1", 4)]), at(15));
    // What happened before it was reopened is over.
    let rows = [opened("P0", "x"), severity("P2", 3), resolved(4), reopened(10), severity("P1", 12)];
    assert_eq!(runs_out(&rows), at(27));
    let known = incident(&[opened("P1", "x"), acknowledged(15)]);
    assert!(!clocks(&policy(), &known)[0].breached(at(99)));
}

#[test]
fn reopened_it_calls_again_under_other_keys() {
    let rows = [opened("P1", "x"), sent("INC-1/o1/r1/s1/a1", 0), acknowledged(1), resolved(2), reopened(100)];
    assert_eq!(is_due(&rows, 100), ["INC-1/o2/r1/s1/a1"]);
    // An answer to the old page is none to the new one.
    let answer = PageAcknowledged {
        key: key("INC-1/o1/r1/s1/a1"),
        channel: "mail".to_owned(),
        by: asha(),
        at: at(101),
    };
    let rows = [rows.to_vec(), vec![answer.into()]].concat();
    assert_eq!(incident(&rows).status(), Status::Open);
}

#[test]
fn open_incidents_block_by_their_severity() {
    let blocks = |rows: &[Event]| blocks_release(&policy(), &Incidents::fold(rows)).len();
    assert_eq!(blocks(&[opened("P0", "x"), acknowledged(1)]), 1);
    assert_eq!(blocks(&[opened("P0", "x"), resolved(1)]), 0);
    assert_eq!(blocks(&[opened("P1", "x")]), 0);
    assert_eq!(blocks(&[opened("P9", "x")]), 1);
}

#[test]
fn times_are_counted_as_they_are_defined() {
    let rows = [opened("P0", "x"), acknowledged(2), resolved(10), reopened(100), resolved(130)];
    let mut second = opened("P1", "y");
    if let Event::IncidentOpened(body) = &mut second {
        body.incident = "INC-2".to_owned();
    }
    let state = Incidents::fold(&[&rows[..], &[second]].concat());
    let all = measures(&state, None, Timestamp::MIN, Timestamp::MAX);
    let minutes = |one: Measures| (one.counted, one.left_out, one.mean.map(|mean| mean.as_mins()));
    assert_eq!((all.incidents, all.reopened, all.detected), (2, 1, 0));
    assert_eq!(minutes(all.acknowledge), (1, 1, Some(2)));
    assert_eq!(minutes(all.resolve), (1, 1, Some(40)));
    assert_eq!(measures(&state, Some("P1"), at(0), at(1)).incidents, 1);
    assert_eq!(measures(&state, None, at(1), at(2)), Figures::default());
}

#[test]
fn alerts_are_counted_by_week() {
    let fired = |firing: &str, at: &str| -> Event {
        let (firing, alert) = (firing.to_owned(), "high-latency".to_owned());
        let (cause, environment) = Default::default();
        AlertFired { firing, alert, incident: None, cause, environment, at: at.parse().unwrap() }.into()
    };
    let judged = |firing: &str, actionable| -> Event {
        AlertJudged { firing: firing.to_owned(), actionable, by: asha(), at: at(0) }.into()
    };
    // Monday begins in Kolkata while it is Sunday in Greenwich.
    let rows = [
        fired("1", "2026-03-01T18:29:59Z"),
        fired("2", "2026-03-01T18:30:00Z"),
        fired("3", "2026-03-02T00:00:00Z"),
        judged("2", false),
        judged("2", true),
        judged("3", false),
    ];
    let weeks = alert_quality(&Incidents::fold(&rows), &TimeZone::get("Asia/Kolkata").unwrap());
    let counts: Vec<_> = weeks
        .iter()
        .map(|week| (week.week.to_string(), week.fired, week.actionable, week.unjudged()))
        .collect();
    assert_eq!(counts, [("2026-02-23".to_owned(), 1, 0, 1), ("2026-03-02".to_owned(), 2, 1, 0)]);
    assert_eq!(weeks[1].quality().unwrap().to_string(), "50");
    assert_eq!(weeks[0].quality(), None);
}

#[test]
fn users_read_public_words_only() {
    let note = |text: &str, public, minutes| -> Event {
        Noted { incident: id(), text: text.to_owned(), public, by: asha(), at: at(minutes) }.into()
    };
    let rows = [opened("P0", "token abc leaked"), note("internal", false, 1)];
    assert_eq!(status_entries(&rows), []);
    let rows = [&rows[..], &[acknowledged(2), note("We are on it", true, 3), resolved(4)]].concat();
    let entries = status_entries(&rows);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].condition, Condition::Resolved);
    let update = Update { at: at(3), condition: Condition::Identified, text: "We are on it".to_owned() };
    assert_eq!(entries[0].updates, [update]);
    let test = TestOpened { incident: id(), role: None, alert: None, by: asha(), at: at(0) };
    assert_eq!(status_entries(&[test.into(), note("we test", true, 1)]), [], "a test is none");
}

#[test]
fn the_retrospective_tells_what_the_rows_know() {
    let rows = [
        opened("P0", "orders <b>refused</b> | all"),
        sent("INC-1/o1/r1/s1/a1", 0),
        sent("INC-1/o1/r1/s2/a1", 15),
        acknowledged(16),
        resolved(20),
    ];
    let text =
        retrospective(&policy(), &rows, "INC-1", at(30), &TimeZone::get("Asia/Kolkata").unwrap()).unwrap();
    let expected = "\
# INC-1: orders &lt;b&gt;refused&lt;/b&gt; \\| all

Severity P0, resolved.

| time | took |
|---|---|
| to acknowledge | 16m |
| to mitigate | 20m |
| to resolve | 20m |

| clock | allowed | took | |
|---|---|---|---|
| response | 5m | 16m | broken |
| restoration | 15m | 20m | broken |

## Timeline

- 2027-01-15 13:30:00 +05:30  opened as P0 by asha: orders &lt;b&gt;refused&lt;/b&gt; \\| all
- 2027-01-15 13:30:00 +05:30  page to asha by mail, rung 1
- 2027-01-15 13:45:00 +05:30  page to asha by mail, rung 2
- 2027-01-15 13:46:00 +05:30  acknowledged by asha
- 2027-01-15 13:50:00 +05:30  resolved by asha: restarted

## What fired

- no alert
- pages: 2 sent, 0 failed, 0 answered

## Open questions

- [ ] Nothing noticed it before a person did: which alert should have?
- [ ] Why did nobody work on it within 5m?
- [ ] Why was service not back within 15m?
- [ ] Why did it take rung 2 of the chain?
- [ ] What was the cause, and what let it through?
- [ ] Whom did it affect, and how?

## Actions

| what | owner | due |
|---|---|---|
| | | |
";
    assert_eq!(text, expected);
}

#[test]
fn pagerduty_gets_its_documented_fields() {
    let known = incident(&[opened("P1", "orders are refused")]);
    let about = About {
        incident: &known,
        service: "ticker",
        url: Some("https://release.example/incidents/INC-1"),
        people: &[],
        code: None,
    };
    let key = key("INC-1/o1/r1/s1/a1");
    let body = |action| serde_json::to_value(pagerduty(&policy(), about, &key, action)).unwrap();
    let trigger = json!({
        "event_action": "trigger",
        "dedup_key": "INC-1/o1/r1/s1",
        "payload": {
            "summary": "[P1] ticker: orders are refused (INC-1)",
            "source": "ticker",
            "severity": "error",
            "timestamp": "2027-01-15T08:00:00Z",
            "class": "P1",
        },
        "links": [{ "href": "https://release.example/incidents/INC-1", "text": "INC-1" }],
        "client": "meridian",
    });
    assert_eq!(body(Action::Trigger), trigger);
    assert_eq!(
        body(Action::Acknowledge),
        json!({ "event_action": "acknowledge", "dedup_key": "INC-1/o1/r1/s1" })
    );
    assert_eq!(body(Action::Resolve), json!({ "event_action": "resolve", "dedup_key": "INC-1/o1/r1/s1" }));
}

#[test]
fn the_longest_key_fits() {
    let most = u32::MAX;
    let incident = "x".repeat(64);
    let key = PageKey { incident, opening: most, round: most, rung: most, attempt: most };
    assert!(key.to_string().parse::<PageKey>().is_ok());
    assert!(key.to_string().chars().count() <= message::DEDUP_KEY_MOST);
}

#[test]
fn webhooks_and_mails_say_who_is_called() {
    let known = incident(&[opened("P1", "<!channel> orders & trades")]);
    let about = About {
        incident: &known,
        service: "ticker",
        url: Some("https://release.example/"),
        people: &[asha()],
        code: None,
    };
    let page =
        Page { key: key("INC-1/o1/r1/s2/a1"), role: Some("lead".to_owned()), only: None, since: at(15) };
    let text = "[P1] ticker: &lt;!channel&gt; orders &amp; trades (INC-1)\ncalled: lead (asha)\nhttps://release.example/";
    assert_eq!(serde_json::to_value(webhook(about, Some(&page))).unwrap(), json!({ "text": text }));
    let mail = mail(about, Some(&page));
    assert_eq!(mail.subject, "[P1] ticker: <!channel> orders & trades (INC-1)");
    let body = "[P1] ticker: <!channel> orders & trades (INC-1)\n\nseverity: P1\nstatus: open\nopened: 2027-01-15T08:00:00Z\n\
                called: lead (asha)\npage: INC-1/o1/r1/s2\nmore: https://release.example/\n";
    assert_eq!(mail.body, body);
}

#[test]
fn long_and_hostile_titles_stay_within_limits() {
    let title = "&é\r\nBcc: all@example.com ".repeat(400);
    let known = incident(&[opened("P0", &title)]);
    let about = About { incident: &known, service: "ticker", url: None, people: &[], code: None };
    let page =
        Page { key: key("INC-1/o1/r1/s1/a1"), role: Some("&".repeat(5_000)), only: None, since: at(0) };
    let body = pagerduty(&policy(), about, &page.key, Action::Trigger);
    assert_eq!(body.payload.unwrap().summary.chars().count(), SUMMARY_MOST);
    assert!(webhook(about, Some(&page)).text.chars().count() <= TEXT_MOST);
    let mail = mail(about, Some(&page));
    assert_eq!(mail.subject.chars().count(), SUBJECT_MOST);
    assert!(!mail.subject.contains(['\r', '\n']));
    assert!(mail.body.lines().all(|line| line.len() <= 998));
    assert!(mail.body.lines().all(|line| !line.starts_with("Bcc")));
}

/// What a backup left open may be over: people are called again once somebody, or an alert, says that it goes on.
#[test]
fn nobody_is_called_for_what_a_backup_left_open() {
    let policy = policy();
    let alert = || AlertFired {
        firing: "1".to_owned(),
        alert: "slow".to_owned(),
        incident: Some(id()),
        cause: Default::default(),
        environment: Default::default(),
        at: at(1),
    };
    for (goes_on, calls) in
        [(severity("P0", 1), true), (alert().into(), true), (acknowledged(1), false), (resolved(1), false)]
    {
        let mut state = Incidents::fold([&opened("P1", "slow")]);
        assert!(is_calling(&policy, &state.incidents[&id()]));
        state.hold(at(1));
        assert!(!is_calling(&policy, &state.incidents[&id()]));
        assert_eq!(due(&policy, &state.incidents[&id()], at(60)), [], "no breach of a clock either");
        state.extend([&goes_on]);
        assert!(!state.incidents[&id()].is_held());
        assert_eq!(is_calling(&policy, &state.incidents[&id()]), calls, "{goes_on:?}");
    }
}
