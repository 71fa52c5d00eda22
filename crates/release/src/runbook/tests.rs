//! Single runs that a team would recognise.

use jiff::{SignedDuration, Timestamp};

use super::event::*;
use super::*;
use crate::Loaded;
use crate::evidence::Subject;
use crate::policy::{Policy, Runbook};

const POLICY: &str = r#"
format = 1
service = { name = "x" }

[[check]]
id = "rolled-back"
probe.rollback-rehearsed = { of = "back" }

[[check]]
id = "rolled-back-fast"
probe.rollback-rehearsed = { within = "3m" }

[[check]]
id = "restored"
probe.backup-restored = { of = "snapshot" }

[[check]]
id = "failover"
probe.failover-rehearsed = { of = "other" }

[[check]]
id = "switched"
probe.flag-exercised = { of = "flags" }

[[check]]
id = "replayed"
environment = "staging"
probe.replay-gate = { of = "flags", within = "1m" }

[[check]]
id = "of-no-runbook"
probe.flag-exercised = {}

[[runbook]]
id = "flags"
purpose = "task"
step = [{ id = "off", action.hook = { name = "flag=off" } }, { id = "on", action.hook = { name = "flag=on" } }]

[[runbook]]
id = "deploy"
purpose = "deploy"
environment = "production"
run_by = "operations"

[[runbook.step]]
id = "drain"
budget = "2m"
action.hook = { name = "drain" }
undo.hook = { name = "resume" }
outage = true

[[runbook.step]]
id = "start"
budget = "5m"
retries = 1
action.command = { run = ["start"] }
undo.command = { run = ["stop"] }
outage = true

[[runbook.step]]
id = "look"
action.manual = { text = "look at it", role = "developer" }
budget = "5m..10m"

[[runbook]]
id = "back"
purpose = "roll-back"
limit = "15m"

[[runbook.step]]
id = "stop"
budget = "0s"
outage = true
action.hook = { name = "weight=0" }

[[runbook.step]]
id = "data"
budget = "10m..30m"
optional = true
outage = true
touches = "revert-data"
restores = "snapshot"
action.command = { run = ["restore"] }

[[runbook.step]]
id = "compare"
action.check = { check = "rolled-back" }
"#;

fn policy() -> Policy {
    Loaded::parse(POLICY).unwrap().policy
}

fn book(id: &str) -> Runbook {
    policy().runbooks.into_iter().find(|book| book.id == id).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn run() -> String {
    "1".to_owned()
}

fn began(book: &str, choices: &[(&str, bool)]) -> RunBegan {
    RunBegan {
        run: run(),
        runbook: book.to_owned(),
        policy: "sha256:00".to_owned(),
        folder: None,
        release: None,
        artefact: Some("sha256:aa".to_owned()),
        version: None,
        environment: "staging".to_owned(),
        rehearsal: true,
        choices: choices.iter().map(|(step, wanted)| ((*step).to_owned(), *wanted)).collect(),
        at: at(0),
        by: "asha".to_owned(),
    }
}

fn start(step: &str, attempt: u32, seconds: i64) -> Event {
    StepStarted { run: run(), step: step.to_owned(), attempt, at: at(seconds) }.into()
}

fn end(step: &str, attempt: u32, outcome: Outcome, seconds: i64) -> Event {
    let step = step.to_owned();
    StepEnded { run: run(), step, attempt, outcome, output: None, at: at(seconds), by: None }.into()
}

fn taken_over(seconds: i64) -> Event {
    RunTakenOver { run: run(), at: at(seconds), by: "second".to_owned() }.into()
}

fn ended(seconds: i64) -> Event {
    RunEnded { run: run(), outcome: RunOutcome::Done, why: None, at: at(seconds), by: "first".to_owned() }
        .into()
}

fn failed() -> Outcome {
    Outcome::Failed { why: "exit 1".to_owned() }
}

fn state(began: RunBegan, rows: &[Event]) -> RunState {
    let mut state = RunState::fold([&began.into()]);
    state.extend(rows);
    assert_eq!(state.nonsense, 0);
    state
}

#[test]
fn a_step_is_begun_once_with_its_deadline() {
    let first = next(&book("deploy"), &state(began("deploy", &[]), &[]), at(1));
    assert_eq!(first, Next::Start { step: "drain".to_owned(), attempt: 1, deadline: at(121) });
    let open = state(began("deploy", &[]), &[start("drain", 1, 1)]);
    let what = Doing::Step { step: "drain".to_owned(), attempt: 1 };
    let waits = Next::WaitFor { what: Some(what.clone()), until: Some(at(121)) };
    assert_eq!(next(&book("deploy"), &open, at(120)), waits);
    assert_eq!(next(&book("deploy"), &open, at(121)), Next::Stop { what, why: StopWhy::Late });
}

#[test]
fn what_a_dead_process_was_doing_is_asked_about() {
    let rows = [start("drain", 1, 1), taken_over(10)];
    let doubt = state(began("deploy", &[]), &rows);
    let asks = Next::NeedsDecision { step: "drain".to_owned(), why: Question::Interrupted };
    assert_eq!(next(&book("deploy"), &doubt, at(11)), asks);
    let told = GoAheadGiven {
        run: run(),
        step: "drain".to_owned(),
        attempt: 2,
        why: String::new(),
        at: at(12),
        by: run(),
    };
    let mut again = doubt.clone();
    again.extend([&told.clone().into()]);
    assert!(matches!(next(&book("deploy"), &again, at(13)), Next::Start { attempt: 2, .. }));
    // The same word does not hold for a third attempt.
    again.extend(&[start("drain", 2, 13), taken_over(14)]);
    assert_eq!(next(&book("deploy"), &again, at(15)), asks);
    assert_eq!(again.apply(&told.into()), Err(Nonsense::AnotherAttempt));
}

#[test]
fn a_failure_undoes_what_was_done_and_says_what_is_left() {
    let mut rows = vec![start("drain", 1, 1), end("drain", 1, Outcome::Done, 2)];
    rows.extend([start("start", 1, 2), end("start", 1, failed(), 3)]);
    let book = book("deploy");
    let once = state(began("deploy", &[]), &rows);
    assert!(matches!(next(&book, &once, at(4)), Next::Start { attempt: 2, .. }));
    rows.extend([start("start", 2, 4), end("start", 2, failed(), 5)]);
    let mut twice = state(began("deploy", &[]), &rows);
    let undo = Next::Undo { step: "drain".to_owned(), deadline: at(126) };
    assert_eq!(next(&book, &twice, at(6)), undo);
    let started = UndoStarted { run: run(), step: "drain".to_owned(), at: at(6) };
    twice.extend([&started.into()]);
    let half = twice.clone();
    let undone = UndoEnded {
        run: run(),
        step: "drain".to_owned(),
        outcome: Outcome::Done,
        output: None,
        at: at(7),
        by: None,
    };
    twice.extend([&undone.into()]);
    assert_eq!(next(&book, &twice, at(8)), Next::Finished { outcome: RunOutcome::RolledBack });
    // A process that dies while it undoes: it is not undone again, and people are told.
    let mut dead = half;
    dead.extend([&taken_over(7)]);
    assert_eq!(next(&book, &dead, at(8)), Next::Finished { outcome: RunOutcome::Failed });
    assert_eq!(left_behind(&book, &dead), ["drain"]);
}

#[test]
fn people_are_asked_by_role_and_never_stopped() {
    let skip = |by: &str| Outcome::Skipped { by: by.to_owned(), why: "not today".to_owned() };
    let mut rows = vec![end("drain", 0, skip("asha"), 1), end("start", 0, skip("asha"), 2)];
    rows.push(start("look", 1, 3));
    let look = state(began("deploy", &[]), &rows);
    let asks = |seconds| match next(&book("deploy"), &look, at(seconds)) {
        Next::AskPerson { role, text, planned, .. } => (role.unwrap(), text, planned),
        other => panic!("{other:?}"),
    };
    assert_eq!(asks(4), ("developer".to_owned(), "look at it".to_owned(), Some(at(603))));
    assert_eq!(asks(90_000), asks(4));
}

#[test]
fn machines_cannot_be_confirmed_or_skipped_while_they_work() {
    let open = state(began("deploy", &[]), &[start("drain", 1, 1)]);
    let confirmed =
        Confirmed { run: run(), step: "drain".to_owned(), note: String::new(), at: at(2), by: run() }.into();
    let refused = Err(Unwanted::NotAsked("drain".to_owned()));
    assert_eq!(admits(&book("deploy"), &open, at(2), &confirmed), refused);
    let skipped = end("drain", 1, Outcome::Skipped { by: run(), why: run() }, 2);
    assert_eq!(admits(&book("deploy"), &open, at(2), &skipped), refused);
    assert_eq!(admits(&book("deploy"), &open, at(130), &confirmed), refused);
    for outcome in [failed(), Outcome::Done, Outcome::TimedOut] {
        assert_eq!(admits(&book("deploy"), &open, at(2), &end("drain", 1, outcome, 2)), refused);
    }
    // Once its process is gone, a person may know that it failed.
    let doubt = state(began("deploy", &[]), &[start("drain", 1, 1), taken_over(2)]);
    assert_eq!(admits(&book("deploy"), &doubt, at(3), &end("drain", 1, failed(), 3)), Ok(()));
    assert_eq!(admits(&book("deploy"), &doubt, at(3), &end("drain", 1, Outcome::Done, 3)), refused);
    let mut back = doubt;
    let (by, why) = (run(), run());
    back.extend([&RunTurnedBack { run: run(), why, at: at(4), by }.into()]);
    back.extend([&UndoStarted { run: run(), step: "drain".to_owned(), at: at(5) }.into()]);
    let (step, outcome, by) = ("drain".to_owned(), Outcome::Done, Some(run()));
    let undone = UndoEnded { run: run(), step, outcome, output: None, at: at(6), by };
    assert_eq!(admits(&book("deploy"), &back, at(6), &undone.into()), refused);
}

#[test]
fn a_run_begins_as_its_runbook_allows() {
    let book = book("deploy");
    assert_eq!(begins(&book, &began("deploy", &[])), Ok(()));
    let live = RunBegan { rehearsal: false, ..began("deploy", &[]) };
    let elsewhere =
        CannotBegin::AnotherEnvironment { wanted: "production".to_owned(), given: "staging".to_owned() };
    assert_eq!(begins(&book, &live), Err(elsewhere));
    assert_eq!(
        begins(&book, &began("deploy", &[("drain", false)])),
        Err(CannotBegin::NotOptional("drain".to_owned()))
    );
    assert_eq!(begins(&book, &began("deploy", &[("x", true)])), Err(CannotBegin::NoSuchStep("x".to_owned())));
}

#[test]
fn a_rehearsal_is_proof_of_what_it_did_and_no_more() {
    let (policy, book) = (policy(), book("back"));
    let stop = [start("stop", 1, 0), end("stop", 1, Outcome::Done, 1)];
    let compare = |seconds| {
        [start("compare", 1, seconds), end("compare", 1, Outcome::Done, seconds + 5), ended(seconds + 5)]
    };
    let quick = state(began("back", &[("data", false)]), &[&stop[..], &compare(1)].concat());
    let said = |state: &RunState| -> Vec<(String, bool)> {
        proofs(&policy, &book, state).into_iter().map(|proof| (proof.check.clone(), proof.holds())).collect()
    };
    let rows = |fast, restored| {
        let all = [("rolled-back", true), ("rolled-back-fast", fast), ("restored", restored)];
        all.map(|(check, holds)| (check.to_owned(), holds)).to_vec()
    };
    assert_eq!(said(&quick), rows(true, false));
    let restore = [start("data", 1, 1), end("data", 1, Outcome::Done, 601)];
    let whole = state(began("back", &[("data", true)]), &[&stop[..], &restore, &compare(601)].concat());
    assert_eq!(said(&whole), rows(false, true));
    let restore = [start("data", 1, 1), end("data", 1, Outcome::Done, 1_701)];
    let slow = state(began("back", &[("data", true)]), &[&stop[..], &restore, &compare(1_701)].concat());
    let late = &proofs(&policy, &book, &slow)[0].against;
    assert_eq!(*late, ["it took 13m26s more than the runbook's limit"]);
}

#[test]
fn a_flag_and_a_recorded_day_are_proven_by_the_runbook_that_is_named() {
    let (policy, book) = (policy(), book("flags"));
    let said = |state: &RunState| -> Vec<(String, ProofKind, Vec<String>)> {
        let proofs = proofs(&policy, &book, state);
        proofs.into_iter().map(|proof| (proof.check, proof.kind, proof.against)).collect()
    };
    let off = [start("off", 1, 0), end("off", 1, Outcome::Done, 1)];
    let on = |seconds| [start("on", 1, 1), end("on", 1, Outcome::Done, seconds), ended(seconds)];
    let rows = |against: [&[&str]; 2]| {
        let [one, other] = against.map(|against| against.iter().map(|why| (*why).to_owned()).collect());
        vec![
            ("switched".to_owned(), ProofKind::FlagExercised, one),
            ("replayed".to_owned(), ProofKind::ReplayGate, other),
        ]
    };
    let quick = state(began("flags", &[]), &[&off[..], &on(9)].concat());
    assert_eq!(said(&quick), rows([&[], &[]]), "nobody has to say how long a flag takes");
    let slow = state(began("flags", &[]), &[&off[..], &on(90)].concat());
    assert_eq!(said(&slow), rows([&[], &["it took 1m30s, and the check allows 1m"]]));
    let elsewhere = RunBegan { environment: "production".to_owned(), ..began("flags", &[]) };
    let elsewhere = said(&state(elsewhere, &[&off[..], &on(9)].concat()));
    assert!(elsewhere[0].2.is_empty() && elsewhere[1].2[0].contains("`staging`"), "{elsewhere:?}");
    let half = said(&state(began("flags", &[]), &off));
    assert!(half.iter().all(|(.., against)| against.contains(&"the run is not over".to_owned())), "{half:?}");
}

#[test]
fn a_rehearsal_is_about_its_own_artefact() {
    let (policy, book) = (policy(), book("back"));
    let rows = [start("stop", 1, 0), end("stop", 1, Outcome::Done, 1), start("compare", 1, 1)];
    let rows = [&rows[..], &[end("compare", 1, Outcome::Done, 6), ended(6)]].concat();
    let proof = |began| proofs(&policy, &book, &state(began, &rows)).remove(0);
    let one = proof(began("back", &[("data", false)]));
    let about = Subject::Artefact { digest: "sha256:aa".to_owned(), environment: "staging".to_owned() };
    assert_eq!((one.holds(), one.subject), (true, Some(about)));
    let none = proof(RunBegan { artefact: None, ..began("back", &[("data", false)]) });
    assert_eq!((none.holds(), none.subject), (false, None));
}

#[test]
fn a_run_does_not_end_as_done_before_it_is() {
    let book = book("deploy");
    let begun = state(began("deploy", &[]), &[]);
    assert_eq!(admits(&book, &begun, at(1), &ended(1)), Err(Unwanted::NotOver));
    let by = "first".to_owned();
    let left: Event =
        RunEnded { run: run(), outcome: RunOutcome::Abandoned, why: None, at: at(1), by }.into();
    assert_eq!(admits(&book, &begun, at(1), &left), Ok(()));
}

#[test]
fn times_stand_beside_their_budgets() {
    let stop = [start("stop", 1, 0), end("stop", 1, Outcome::Done, 1)];
    let restore = [start("data", 1, 61), end("data", 1, Outcome::Done, 361)];
    let compare = [start("compare", 1, 361), end("compare", 1, Outcome::Done, 366), ended(366)];
    let state = state(began("back", &[("data", true)]), &[&stop[..], &restore, &compare].concat());
    let times = timing(&book("back"), &state, at(9_999));
    assert_eq!(times.steps[0].against, Against::Over(SignedDuration::from_secs(1)));
    assert_eq!(times.steps[1].against, Against::Under(SignedDuration::from_secs(300)));
    assert_eq!(times.outage, SignedDuration::from_secs(361));
    let table = "\
| step | planned | took | against | |
|---|---|---|---|---|
| stop | 0s | 1s | 1s over | done |
| data | 10m..30m | 5m | 5m under | done |
| compare | - | 5s |  | done |
| total | 10m..30m | 6m6s | 8m54s left | |
| outage | 10m..30m | 6m1s | |  |
";
    assert_eq!(times.text(), table);
}
