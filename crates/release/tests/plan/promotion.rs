//! One digest through the environments.

use release::event::{ArtefactChanged, Event};
use release::promotion::{Missing, may_promote, promotion};
use release::runbook::event::RunOutcome;

use crate::desk::{A, Desk, SMALL, at};

fn may(desk: &Desk, artefact: &str, environment: &str) -> Result<(), Missing> {
    may_promote(&desk.ledger, &desk.loaded.policy, artefact, environment)
}

#[test]
fn only_the_same_digest_goes_on() {
    let mut desk = Desk::new(SMALL, "2026-11-20T00:00:00Z");
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
    let mut desk = Desk::new(SMALL, "2026-11-20T00:00:00Z");
    desk.open("r-2", A, "main");
    desk.add(Event::ArtefactChanged(ArtefactChanged {
        release: "r-2".to_owned(),
        artefact: "sha256:bbbb".to_owned(),
        version: "1.0.1".to_owned(),
        at: desk.now,
        by: "asha".to_owned(),
    }));
    assert!(matches!(may(&desk, A, "staging"), Err(Missing::NeverThere { .. })));
    assert!(matches!(may(&desk, "sha256:bbbb", "staging"), Err(Missing::NotDone { .. })));
}
