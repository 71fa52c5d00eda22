//! What comes out, and the names of what stands against it.

use jiff::SignedDuration;
use release::Figure;
use release::calendar::Calendars;
use release::decision::{Code, Decision, NotTheSame, Outcome, WindowAnswer, again, decide, record, reopens};
use release::event::{
    ConditionMarked, Event, FindingClosed, FindingOpened, IncidentClosed, IncidentOpened, Matter,
    PolicyChanged, Rescheduled, Vote,
};
use release::evidence::{Answer, Observation, Subject};
use release::policy_digest;
use release::window::Timetable;

use crate::world::{B, RELEASE, World, observation, open, policy, sign, verify};

const UNANIMOUS: &str = "\"unanimous\"";

fn ready() -> World {
    World::ready(&policy(UNANIMOUS))
}

fn against(decision: &Decision, code: Code) -> Vec<(&str, &str)> {
    decision.reasons_of(code).map(|reason| (reason.of.as_str(), reason.why.as_str())).collect()
}

/// It is a NO-GO by exactly this one reason.
fn only(decision: &Decision, code: Code, of: &str, why: &str) {
    assert_eq!(decision.outcome, Outcome::NoGo);
    let reason = &decision.reasons[0];
    assert!(decision.reasons.len() == 1 && reason.code == code && reason.of == of, "{:#?}", decision.reasons);
    assert!(reason.why.contains(why), "{}", reason.why);
}

#[test]
fn four_open_blockers_are_not_outvoted() {
    let mut world = World::new(&policy(UNANIMOUS));
    for check in ["soak", "training", "health", "health"] {
        world.pass(check);
    }
    for (row, _, score) in crate::world::ROWS {
        world.mark(row, score, "chitra");
    }
    world.all_sign();
    let decision = world.decide();
    assert_eq!(decision.outcome, Outcome::NoGo);
    let matrix = &decision.scorecards[0];
    assert_eq!(
        matrix.arithmetic,
        "6 x 25 % + 9 x 20 % + 8 x 15 % + 4 x 15 % + 9 x 10 % + 8 x 10 % + 7 x 5 % = 7.15"
    );
    assert_eq!(matrix.margin, Some("0.15".parse().unwrap()));
    assert!(matrix.faults.is_empty());
    let blockers: Vec<&str> = against(&decision, Code::Blocker).into_iter().map(|(id, _)| id).collect();
    assert_eq!(blockers, ["password", "token", "encryption", "cors"]);
}

#[test]
fn proven_and_signed_by_all_it_goes_with_its_condition() {
    let mut world = ready();
    let decision = world.decide();
    assert_eq!((decision.outcome, &decision.reasons[..]), (Outcome::GoWithConditions, &[][..]));
    let [improve] = &decision.conditions[..] else { panic!("{:?}", decision.conditions) };
    assert_eq!(
        (improve.owner.as_deref(), improve.due.unwrap().to_string().as_str()),
        (Some("qa"), "2026-01-13")
    );
    let signers: Vec<&str> = decision.signatures.iter().map(|signature| signature.person.as_str()).collect();
    assert_eq!(signers, ["asha", "chitra", "deepa"]);
    world.condition("improve", "deepa");
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions, "deepa does not own it");
    world.condition("improve", "chitra");
    assert_eq!(world.decide().outcome, Outcome::Go);
}

#[test]
fn expired_evidence_is_named_and_renewal_needs_no_new_signature() {
    let mut world = ready();
    let token = observation("token", crate::world::A, Answer::Pass, world.now);
    let short = Observation { expires: world.now + SignedDuration::from_hours(5), ..token.clone() };
    world.seen(short);
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
    world.wait(6);
    let decision = world.decide();
    assert_eq!(against(&decision, Code::Blocker).len(), 1);
    let [(check, why)] = against(&decision, Code::Evidence)[..] else { panic!("{:#?}", decision.reasons) };
    assert!(check == "token" && why.starts_with("the evidence expired at 2025-11-1"), "{why}");
    assert!(against(&decision, Code::Signature).is_empty(), "{:#?}", decision.reasons);
    world.pass("token");
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
}

#[test]
fn the_policy_says_how_long_evidence_counts_whatever_the_evidence_says() {
    let mut world = ready();
    let token = observation("token", crate::world::A, Answer::Pass, world.now);
    world.seen(Observation { expires: world.now + SignedDuration::from_hours(10_000), ..token });
    world.wait(9 * 24 - 1);
    let decision = world.decide();
    assert!(against(&decision, Code::Evidence).iter().any(|(check, _)| *check == "token"));
}

#[test]
fn evidence_of_another_artefact_or_place_is_none() {
    let mut world = ready();
    world.artefact(B);
    let decision = world.decide();
    assert_eq!(against(&decision, Code::Blocker).len(), 4);
    let evidence = against(&decision, Code::Evidence);
    let token = evidence.iter().find(|(check, _)| *check == "token").unwrap();
    assert_eq!(token.1, "there is evidence, but about something else (sha256:aaaa in production)");
    assert!(evidence.iter().all(|(check, _)| *check != "training"), "the team is the same");
    let signatures = against(&decision, Code::Signature);
    assert!(
        signatures[0].1.contains("since then the artefact was changed by binod: sign again"),
        "{signatures:?}"
    );

    let mut world = ready();
    let mut soak = observation("soak", crate::world::A, Answer::Pass, world.now);
    world.fail("soak");
    soak.taken = world.now;
    soak.subject =
        Subject::Artefact { digest: crate::world::A.to_owned(), environment: "production".to_owned() };
    world.seen(soak);
    assert_eq!(against(&world.decide(), Code::Condition)[0].0, "soak", "it is demanded of staging");
}

#[test]
fn a_control_that_did_not_fail_proves_nothing() {
    for control_failed in [None, Some(false)] {
        let mut world = World::new(&policy(UNANIMOUS));
        world.proven();
        let seen = observation("cors", crate::world::A, Answer::Pass, world.now);
        world.seen(Observation { control_failed, ..seen });
        world.all_sign();
        assert_eq!(against(&world.decide(), Code::Blocker)[0].0, "cors", "{control_failed:?}");
    }
}

#[test]
fn one_odd_answer_of_a_check_that_settles_changes_nothing() {
    let mut world = ready();
    world.fail("health");
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
    world.fail("health");
    let decision = world.decide();
    assert_eq!(against(&decision, Code::Item)[0].0, "operations: healthy");
    world.pass("health");
    world.pass("health");
    let decision = world.decide();
    let signatures = against(&decision, Code::Signature);
    assert!(signatures[0].1.contains("the answer of check `health` has changed"), "{signatures:?}");
}

#[test]
fn a_score_below_the_threshold_or_not_given() {
    let mut world = ready();
    world.mark("function", 8, "chitra");
    let decision = world.decide();
    assert_eq!(against(&decision, Code::Score), [("matrix", "6.95 is below the threshold 7 by 0.05")]);
    world.mark("function", 9, "asha");
    let decision = world.decide();
    let missing = "row `function` has no score: qa has to attest it: asha does not hold the role `qa` that has to say so";
    assert_eq!(against(&decision, Code::Score)[0].1, missing);
    assert_eq!(decision.scorecards[0].rows[1].score, None);
    world.mark("function", 11, "chitra");
    assert!(against(&world.decide(), Code::Score)[0].1.contains("11 is not from 0 to 10"));
}

#[test]
fn a_closed_window() {
    let world = ready();
    let reasons = vec!["the market is in session".to_owned()];
    let window = WindowAnswer { reasons, ..WindowAnswer::default() };
    let decision = decide(&world.loaded, &world.state, world.now, &window, None, &verify);
    only(&decision, Code::Window, "window", "in session");
}

/// A hotfix in a freeze: its own signers sign, beside the others.
#[test]
fn what_a_window_sets_aside_is_signed_for() {
    let hotfix = "[[windows.freeze]]\nfrom = \"2025-11-01\"\nto = \"2025-12-01\"\nwhy = \"end of year\"\n[windows.hotfix]\nseverities = [\"P0\"]\nsigners = [\"manager\"]\n";
    let mut world = World::ready(&(policy(UNANIMOUS) + hotfix));
    let calendars = Calendars::builtin();
    let table = Timetable::new(&world.loaded.policy, &calendars).unwrap().for_incident("P0");
    let window = table.answer(world.now);
    assert!(window.open && window.signers == ["manager"], "{window:?}");
    let decided = |world: &World| decide(&world.loaded, &world.state, world.now, &window, None, &verify);
    only(&decided(&world), Code::Signature, "manager", "nobody has signed");
    let signed = world.signed(Matter::Release, "manager", "emil");
    assert_eq!(release::signature::admit(&world.loaded, &world.state, &signed, world.now, &verify), Ok(()));
    world.add(Event::Signed(signed));
    assert_eq!(decided(&world).outcome, Outcome::GoWithConditions);
}

/// The incident that is mended is set aside, and that is signed for, whatever the windows say.
#[test]
fn a_hotfix_for_an_open_incident_is_signed_for() {
    let hotfix = "[windows.hotfix]\nseverities = [\"P0\"]\nsigners = [\"manager\"]\n";
    let mut world = World::ready(&(policy(UNANIMOUS) + hotfix));
    for (incident, severity) in [("INC-1", "P0"), ("INC-2", "P1")] {
        let (incident, severity) = (incident.to_owned(), severity.to_owned());
        world.add(Event::IncidentOpened(IncidentOpened {
            incident,
            severity,
            title: "down".to_owned(),
            at: world.now,
        }));
    }
    let decided =
        |world: &World, id: &str| decide(&world.loaded, &world.state, world.now, &open(), Some(id), &verify);
    let blocking = |decision: &Decision| -> Vec<String> {
        decision.reasons_of(Code::Incident).map(|reason| reason.of.clone()).collect()
    };
    assert_eq!(blocking(&decided(&world, "INC-2")), ["INC-1", "INC-2"], "no exception for P1");
    assert_eq!(blocking(&decided(&world, "INC-1")), ["INC-2"]);
    world.add(Event::IncidentClosed(IncidentClosed { incident: "INC-2".to_owned(), at: world.now }));
    only(&decided(&world, "INC-1"), Code::Signature, "manager", "nobody has signed");
    let signed = world.signed(Matter::Release, "manager", "emil");
    world.add(Event::Signed(signed));
    let recorded = record(&world.loaded, &world.state, world.now, &open(), Some("INC-1"), &verify);
    assert_eq!(recorded.decision.outcome, Outcome::GoWithConditions);
    assert_eq!(again(&world.loaded, &world.state, &recorded, &verify), Ok(()));
}

#[test]
fn a_no_is_a_no() {
    let mut world = ready();
    let mut no = world.signed(Matter::Release, "qa", "chitra");
    no.vote = Vote::NoGo;
    let no = sign(no, "chitra");
    world.add(Event::Signed(no));
    only(&world.decide(), Code::Signature, "qa", "chitra says no");
}

#[test]
fn another_policy_than_the_one_that_was_signed() {
    let mut world = ready();
    world.loaded = release::Loaded::parse(&(policy(UNANIMOUS) + "# a word more\n")).unwrap();
    assert_eq!(against(&world.decide(), Code::Policy)[0].0, "policy");
    world.add(Event::PolicyChanged(PolicyChanged {
        release: RELEASE.to_owned(),
        policy: policy_digest(&world.loaded),
        folder: None,
        at: world.now,
        by: "emil".to_owned(),
    }));
    let decision = world.decide();
    assert!(against(&decision, Code::Policy).is_empty());
    assert_eq!(against(&decision, Code::Signature).len(), 3);
    assert_eq!(against(&decision, Code::Blocker)[0].0, "password", "its signatures are void, too");
    world.all_sign();
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
}

#[test]
fn findings_are_closed_by_evidence_and_the_worst_incidents_block() {
    let mut world = ready();
    let opened = |severity: &str, closed_by: &[&str], at| {
        Event::FindingOpened(FindingOpened {
            finding: "F-1".to_owned(),
            title: "Token in the log".to_owned(),
            severity: severity.to_owned(),
            review: String::new(),
            closed_by: closed_by.iter().map(|check| (*check).to_owned()).collect(),
            at,
            by: "asha".to_owned(),
        })
    };
    let closed = |at, by: &str| {
        let why = "gone".to_owned();
        Event::FindingClosed(FindingClosed { finding: "F-1".to_owned(), at, by: by.to_owned(), why })
    };
    world.add(opened("P2", &["no-such-check"], world.now));
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
    world.add(opened("P1", &["no-such-check"], world.now));
    only(&world.decide(), Code::Finding, "F-1", "the policy has no such check");
    for (severity, proofs) in [("P2", &[][..]), ("P1", &["token"][..])] {
        world.add(opened(severity, proofs, world.now));
        only(&world.decide(), Code::Finding, "F-1", "check `no-such-check`: the policy has no such check");
    }
    world.add(opened("never described", &[], world.now));
    world.add(closed(world.now, "asha"));
    only(&world.decide(), Code::Finding, "F-1", "the policy has no such check");
    world.add(opened("P1", &["token"], world.now));
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
    world.add(opened("critical", &[], world.now));
    world.add(closed(world.now, "a stranger"));
    only(&world.decide(), Code::Finding, "F-1", "not known to the policy");
    world.add(closed(world.now, "asha"));

    let incident = |severity: &str, at| {
        let title = "Orders stand".to_owned();
        Event::IncidentOpened(IncidentOpened {
            incident: "I-1".to_owned(),
            severity: severity.to_owned(),
            title,
            at,
        })
    };
    world.add(incident("P2", world.now));
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
    for severity in ["P0", "never described"] {
        world.add(incident(severity, world.now));
        only(&world.decide(), Code::Incident, "I-1", "Orders stand");
    }
    world.add(Event::IncidentClosed(IncidentClosed { incident: "I-1".to_owned(), at: world.now }));
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
}

#[test]
fn a_missed_task_blocks_when_its_day_is_over() {
    let mut world = World::new(&policy(UNANIMOUS));
    assert!(against(&world.decide(), Code::Task).is_empty(), "it is still day -7");
    world.wait(24);
    let decision = world.decide();
    let [(task, why)] = against(&decision, Code::Task)[..] else { panic!("{:#?}", decision.reasons) };
    assert_eq!(task, "hotfix");
    assert!(why.starts_with("it was to be done by 2025-11-11T18:30:00Z: `security`"), "{why}");
    world.proven();
    assert!(against(&world.decide(), Code::Task).is_empty());
}

#[test]
fn what_was_said_of_one_artefact_says_nothing_of_another() {
    let mut world = ready();
    world.condition("improve", "chitra");
    let finding = "F-1".to_owned();
    let (title, review, closed_by, by) =
        ("Token in the log".to_owned(), String::new(), Vec::new(), "asha".to_owned());
    let (severity, at) = ("P0".to_owned(), world.now);
    let opened =
        FindingOpened { finding: finding.clone(), title, severity, review, closed_by, at, by: by.clone() };
    world.add(Event::FindingOpened(opened));
    let closed = FindingClosed { finding, at: world.now, by, why: "gone".to_owned() };
    world.add(Event::FindingClosed(closed.clone()));
    world.wait(24);
    assert_eq!(world.decide().outcome, Outcome::Go);

    world.artefact(B);
    let decision = world.decide();
    let [(id, why)] = against(&decision, Code::Finding)[..] else { panic!("{:#?}", decision.reasons) };
    assert_eq!(
        (id, why),
        ("F-1", "Token in the log (P0) is open: asha said that it is gone, but of sha256:aaaa")
    );
    let [(task, why)] = against(&decision, Code::Task)[..] else { panic!("{:#?}", decision.reasons) };
    assert!(task == "hotfix" && why.ends_with("`devops` has not said that it is done"), "{why}");
    assert_eq!(decision.conditions.len(), 1, "`improve` is open again");

    world.condition("improve", "chitra");
    world.add(Event::FindingClosed(closed));
    world.proven();
    let decision = world.decide();
    assert!(decision.conditions.is_empty(), "{:?}", decision.conditions);
    assert!(against(&decision, Code::Finding).is_empty() && against(&decision, Code::Task).is_empty());
}

#[test]
fn a_condition_keeps_its_owner_and_its_date() {
    let text = policy(UNANIMOUS);
    let world = World::ready(&text.replace("owner = \"qa\", due_day = 56", "due_day = 56"));
    only(&world.decide(), Code::Condition, "improve", "give it an `owner`");
    let world = World::ready(&text.replace("day0 = \"2025-11-18\"\n", ""));
    let decision = world.decide();
    assert!(
        against(&decision, Code::Condition)
            .iter()
            .any(|(id, why)| *id == "improve" && why.contains("no date"))
    );

    let mut world = World::ready(&text);
    let decided = record(&world.loaded, &world.state, world.now, &open(), None, &verify);
    world.add(Event::Decided(Box::new(decided)));
    world.add(Event::Rescheduled(Rescheduled {
        release: RELEASE.to_owned(),
        day0: "2026-11-18".parse().unwrap(),
        at: world.now,
        by: "binod".to_owned(),
        why: "later".to_owned(),
    }));
    assert_eq!(world.decide().conditions[0].due, Some("2026-01-13".parse().unwrap()));
    assert_eq!(reopens(&world.loaded, &world.state, "2026-01-13T18:30:00Z".parse().unwrap()).len(), 1);
}

#[test]
fn a_persons_no_counts_before_green_checks_until_they_take_it_back() {
    let text = policy(UNANIMOUS);
    let proven = "owner = \"qa\", due_day = 56, checks = [\"soak\"]";
    let mut world = World::ready(&text.replace("owner = \"qa\", due_day = 56", proven));
    assert_eq!(world.decide().outcome, Outcome::Go, "its check is green");
    let mark = |by: &str, at| ConditionMarked {
        release: RELEASE.to_owned(),
        condition: "improve".to_owned(),
        at,
        by: by.to_owned(),
    };
    world.add(Event::ConditionMissed(mark("emil", world.now)));
    assert_eq!(world.decide().outcome, Outcome::Go, "it is not his to say");
    world.add(Event::ConditionMissed(mark("", world.now)));
    assert_eq!(world.decide().outcome, Outcome::Go, "control goes by the check");
    world.add(Event::ConditionMissed(mark("chitra", world.now)));
    only(&world.decide(), Code::Condition, "improve", "it was missed, as recorded");
    world.add(Event::ConditionMet(mark("chitra", world.now)));
    assert_eq!(world.decide().outcome, Outcome::Go);
}

#[test]
fn another_day_0_is_signed_anew() {
    let mut world = ready();
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
    world.add(Event::Rescheduled(Rescheduled {
        release: RELEASE.to_owned(),
        day0: "2026-11-18".parse().unwrap(),
        at: world.now,
        by: "binod".to_owned(),
        why: "the hotfixes are late".to_owned(),
    }));
    assert_eq!(against(&world.decide(), Code::Signature).len(), 3);
}

#[test]
fn no_go_comes_of_it_while_the_environments_before_are_missing() {
    let world = ready();
    let window = WindowAnswer { promotion: Some("it was never in staging".to_owned()), ..open() };
    let decided = record(&world.loaded, &world.state, world.now, &window, None, &verify);
    only(&decided.decision, Code::Promotion, "production", "it was never in staging");
    assert_eq!(again(&world.loaded, &world.state, &decided, &verify), Ok(()));
}

#[test]
fn a_missed_condition_opens_the_decision_again() {
    let mut world = ready();
    let decided = record(&world.loaded, &world.state, world.now, &open(), None, &verify);
    world.add(Event::Decided(Box::new(decided)));
    assert_eq!(reopens(&world.loaded, &world.state, world.now), Vec::<String>::new());
    let end = "2026-01-13T18:30:00Z".parse().unwrap();
    let why = reopens(&world.loaded, &world.state, end);
    let words = "condition `improve`: it was due on day 56 (2026-01-13) and is not met; its owner is qa";
    assert_eq!(why, [words]);
    let late = decide(&world.loaded, &world.state, end, &open(), None, &verify);
    assert!(against(&late, Code::Condition).iter().any(|(id, _)| *id == "improve"));

    world.add(Event::ConditionMissed(ConditionMarked {
        release: RELEASE.to_owned(),
        condition: "improve".to_owned(),
        at: world.now,
        by: String::new(),
    }));
    only(&world.decide(), Code::Condition, "improve", "it was missed, as recorded");
    let at = world.now;
    world.add(Event::Reopened(release::event::Reopened { release: RELEASE.to_owned(), why, at }));
    assert_eq!(world.state.release.as_ref().unwrap().decided, None);
    world.condition("improve", "chitra");
    assert_eq!(against(&world.decide(), Code::Signature).len(), 3, "it is decided anew");
    world.all_sign();
    assert_eq!(world.decide().outcome, Outcome::Go);
}

#[test]
fn a_decision_is_confirmed_by_the_rows_before_it_only() {
    let mut world = ready();
    let decided = record(&world.loaded, &world.state, world.now, &open(), None, &verify);
    assert_eq!(again(&world.loaded, &world.state, &decided, &verify), Ok(()));
    let mut typed = decided.clone();
    typed.decision.scorecards[0].total = Figure::whole(9);
    let other = again(&world.loaded, &world.state, &typed, &verify);
    assert!(matches!(other, Err(NotTheSame::OtherDecision { .. })), "{other:?}");
    world.fail("token");
    let rows = again(&world.loaded, &world.state, &decided, &verify);
    assert!(matches!(rows, Err(NotTheSame::OtherRows { .. })), "{rows:?}");
}
