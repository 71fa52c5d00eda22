//! One digest through the environments.

use release::event::{ArtefactChanged, Event};
use release::promotion::{Missing, may_promote, promotion};
use release::runbook::event::RunOutcome;

use crate::desk::{A, Desk, SMALL, at};

const B: &str = "sha256:bbbb";

fn may(desk: &Desk, artefact: &str, environment: &str) -> Result<(), Missing> {
    may_promote(&desk.ledger, &desk.loaded.policy, artefact, environment)
}

/// Every environment has an address.
fn reachable() -> String {
    ["main", "staging"].iter().fold(SMALL.to_owned(), |text, id| {
        text.replace(&format!("id = \"{id}\"\n"), &format!("id = \"{id}\"\nurl = \"http://{id}\"\n"))
    })
}

#[test]
fn what_nobody_releases_to_is_not_demanded() {
    let mut desk = Desk::new(SMALL, "2026-11-20T00:00:00Z");
    assert_eq!(may(&desk, B, "production"), Ok(()), "neither of those before has an address");
    desk.open("r-2", A, "main");
    assert!(
        matches!(may(&desk, B, "production"), Err(Missing::NeverThere { before, .. }) if before == "main")
    );
}

#[test]
fn only_the_same_digest_goes_on() {
    let mut desk = Desk::new(&reachable(), "2026-11-20T00:00:00Z");
    assert_eq!(may(&desk, A, "main"), Ok(()), "nothing comes before the first");
    assert!(matches!(may(&desk, A, "staging"), Err(Missing::NeverThere { .. })));
    assert!(matches!(may(&desk, A, "moon"), Err(Missing::NoSuchEnvironment { .. })));
    desk.open("r-2", A, "main");
    assert!(matches!(may(&desk, A, "staging"), Err(Missing::NotDone { release, .. }) if release == "r-2"));
    desk.ran("run-1", "deploy", A, "main", RunOutcome::Failed);
    assert!(may(&desk, A, "staging").is_err(), "it failed");
    desk.now = at("2026-11-21T00:00:00Z");
    desk.ran("run-2", "deploy", A, "main", RunOutcome::Done);
    assert_eq!(may(&desk, A, "staging"), Ok(()));
    assert!(may(&desk, "sha256:bbbb", "staging").is_err(), "another digest has shown nothing");
    assert!(may(&desk, A, "production").is_err(), "staging was left out");
    let way = promotion(&desk.ledger, &desk.loaded.policy, A);
    assert_eq!(way.environments.iter().map(|stop| stop.done).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(way.next.as_deref(), Some("staging"));
    assert_eq!(way.environments[2].releases[0].release, "r-1");
    desk.now = at("2026-11-22T00:00:00Z");
    desk.ran("run-3", "back", A, "main", RunOutcome::Done);
    assert!(may(&desk, A, "staging").is_err(), "it was rolled back");
}

#[test]
fn a_release_whose_artefact_changed_speaks_for_the_new_one_only() {
    let mut desk = Desk::new(&reachable(), "2026-11-20T00:00:00Z");
    desk.open("r-2", A, "main");
    desk.add(Event::ArtefactChanged(ArtefactChanged {
        release: "r-2".to_owned(),
        artefact: "sha256:bbbb".to_owned(),
        version: "1.0.1".to_owned(),
        without_promotion: None,
        at: desk.now,
        by: "asha".to_owned(),
    }));
    assert!(matches!(may(&desk, A, "staging"), Err(Missing::NeverThere { .. })));
    assert!(matches!(may(&desk, "sha256:bbbb", "staging"), Err(Missing::NotDone { .. })));
}

#[test]
fn a_roll_back_undoes_the_deployment_before_it_and_no_other() {
    let mut desk = Desk::new(SMALL, "2026-11-20T00:00:00Z");
    let done = |desk: &Desk, artefact: &str| {
        let way = promotion(&desk.ledger, &desk.loaded.policy, artefact);
        way.environments[2].deployments.iter().map(|one| one.done).collect::<Vec<_>>()
    };
    let steps = [
        ("run-1", "deploy", A, RunOutcome::Done, [vec![true], vec![]]),
        ("run-2", "deploy", B, RunOutcome::Done, [vec![true], vec![true]]),
        ("run-3", "back", B, RunOutcome::Done, [vec![true], vec![false]]),
        ("run-4", "back", B, RunOutcome::Done, [vec![true], vec![false]]),
        ("run-5", "deploy", B, RunOutcome::Done, [vec![true], vec![false, true]]),
        // One that failed half-way is what is rolled back then.
        ("run-6", "deploy", A, RunOutcome::Failed, [vec![true, false], vec![false, true]]),
        ("run-7", "back", A, RunOutcome::Done, [vec![true, false], vec![false, true]]),
    ];
    for (day, (run, runbook, artefact, outcome, after)) in steps.into_iter().enumerate() {
        desk.now = at(&format!("2026-11-2{}T12:00:00Z", day + 1));
        desk.ran(run, runbook, artefact, "production", outcome);
        assert_eq!([done(&desk, A), done(&desk, B)], after, "{run}");
    }
}
