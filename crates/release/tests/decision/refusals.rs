//! Whose signature counts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use release::decision::{Code, Outcome};
use release::event::{ArtefactChanged, Event, Matter, Reopened, SignatureWithdrawn, Signed, Vote};
use release::signature::admit;

use crate::world::{A, RELEASE, World, policy, sign, verify};

const UNANIMOUS: &str = "\"unanimous\"";

/// All is proven, the blocker is signed, and these have signed the release.
fn signed_by(rule: &str, signers: &[(&str, &str)]) -> World {
    let mut world = World::new(&policy(rule));
    world.proven();
    let password = Matter::Blocker("password".to_owned());
    world.signs(password.clone(), "security", "asha");
    world.signs(password, "devops", "binod");
    for (role, person) in signers {
        world.signs(Matter::Release, role, person);
    }
    world
}

fn admitted(world: &World, signed: &Signed) -> Result<(), String> {
    admit(&world.loaded, &world.state, signed, world.now, &verify).map_err(|refusal| refusal.to_string())
}

fn refused(world: &World, signed: &Signed, words: &str) {
    let refusal = admitted(world, signed).unwrap_err();
    assert!(refusal.contains(words), "{refusal}");
}

/// NO-GO, by this role's signature alone.
fn no_go(world: &World, code: Code, of: &str, words: &str) {
    let decision = world.decide();
    assert_eq!(decision.outcome, Outcome::NoGo);
    let [reason] = &decision.reasons[..] else { panic!("{:#?}", decision.reasons) };
    assert!(reason.code == code && reason.of == of && reason.why.contains(words), "{reason:?}");
}

#[test]
fn by_a_person_without_the_role() {
    let world = signed_by(UNANIMOUS, &[("security", "asha"), ("director", "deepa")]);
    refused(&world, &world.signed(Matter::Release, "qa", "binod"), "binod does not hold the role `qa`");
    refused(&world, &world.signed(Matter::Release, "qa", "zoe"), "the policy knows no person `zoe`");
    refused(&world, &world.signed(Matter::Release, "devops", "binod"), "does not ask `devops`");
    let world = signed_by(UNANIMOUS, &[("security", "asha"), ("qa", "binod"), ("director", "deepa")]);
    no_go(&world, Code::Signature, "qa", "binod does not hold the role `qa`");
}

#[test]
fn by_the_same_person_in_two_roles() {
    let signers = [("security", "farah"), ("qa", "farah"), ("director", "deepa")];
    let world = signed_by(UNANIMOUS, &signers);
    no_go(&world, Code::Signature, "qa", "farah has signed as `security`, and nobody signs in two roles");
    let world = signed_by(UNANIMOUS, &signers[..1]);
    refused(&world, &world.signed(Matter::Release, "qa", "farah"), "nobody signs in two roles");
    assert_eq!(admitted(&world, &world.signed(Matter::Release, "qa", "chitra")), Ok(()));
}

#[test]
fn by_the_author_alone() {
    let rule = "{ quorum = 1 }";
    let text =
        policy(rule).replace("{ role = \"director\", after = [\"security\"] }", "{ role = \"director\" }");
    let mut world = World::new(&text);
    world.proven();
    let password = Matter::Blocker("password".to_owned());
    world.signs(password.clone(), "security", "asha");
    world.signs(password, "devops", "binod");
    no_go(&world, Code::Signature, "quorum", "0 of at least 1 have signed");
    world.signs(Matter::Release, "director", "emil");
    no_go(&world, Code::AuthorAlone, "manager", "only emil signed");
    world.signs(Matter::Release, "qa", "chitra");
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
}

/// Two names with one key are one person, and whoever supplied the artefact is one of its authors.
#[test]
fn by_one_person_under_two_names() {
    let key = |person| STANDARD.encode(crate::world::key(person));
    let text = policy(UNANIMOUS).replace(&key("chitra"), &key("asha"));
    let mut world = World::new(&text);
    world.proven();
    let password = Matter::Blocker("password".to_owned());
    world.signs(password.clone(), "security", "asha");
    world.signs(password, "devops", "binod");
    world.signs(Matter::Release, "security", "asha");
    let double = sign(world.signed(Matter::Release, "qa", "chitra"), "asha");
    refused(&world, &double, "nobody signs in two roles");

    let mut world = World::new(&policy("{ quorum = 1 }"));
    world.add(Event::ArtefactChanged(ArtefactChanged {
        release: RELEASE.to_owned(),
        artefact: A.to_owned(),
        version: "1.0.0".to_owned(),
        without_promotion: None,
        at: world.now,
        by: "chitra".to_owned(),
    }));
    world.proven();
    let password = Matter::Blocker("password".to_owned());
    world.signs(password.clone(), "security", "asha");
    world.signs(password, "devops", "binod");
    world.signs(Matter::Release, "qa", "chitra");
    no_go(&world, Code::AuthorAlone, "manager", "only chitra signed");
    world.add(Event::Reopened(Reopened { release: RELEASE.to_owned(), why: Vec::new(), at: world.now }));
    world.signs(Matter::Blocker("password".to_owned()), "security", "asha");
    world.signs(Matter::Blocker("password".to_owned()), "devops", "binod");
    world.signs(Matter::Release, "qa", "chitra");
    no_go(&world, Code::AuthorAlone, "manager", "only chitra signed");
}

#[test]
fn with_another_key_or_other_words() {
    let world = signed_by(UNANIMOUS, &[("security", "asha")]);
    let theirs = world.signed(Matter::Release, "qa", "chitra");
    refused(&world, &sign(theirs.clone(), "asha"), "not made with the key of chitra");
    refused(&world, &Signed { document: None, ..theirs.clone() }, "not made with the key of chitra");
    refused(&world, &Signed { signature: "!".to_owned(), ..theirs }, "not made with the key of chitra");
}

#[test]
fn before_their_turn_or_their_proof() {
    let mut world = signed_by(UNANIMOUS, &[]);
    let early = world.signed(Matter::Release, "director", "deepa");
    refused(&world, &early, "`director` signs after `security`, who had not signed");
    let mut spoken = world.signed(Matter::Release, "security", "asha");
    spoken.document = None;
    refused(&world, &sign(spoken, "asha"), "`security` signs in writing");
    world.wait(31 * 24);
    let late = world.signed(Matter::Release, "security", "asha");
    refused(&world, &late, "`security` signs after check `training`: the evidence expired");
    // Recorded all the same, it does not count once the evidence is renewed.
    world.add(Event::Signed(late));
    world.proven();
    let decision = world.decide();
    let why = &decision.reasons_of(Code::Signature).find(|reason| reason.of == "security").unwrap().why;
    assert!(why.contains("its evidence was too old when they signed"), "{why}");
}

#[test]
fn after_the_evidence_has_changed() {
    let mut world = signed_by(UNANIMOUS, &[("security", "asha"), ("qa", "chitra"), ("director", "deepa")]);
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
    let old = world.signed(Matter::Release, "qa", "chitra");
    world.fail("token");
    refused(&world, &old, "since then the answer of check `token` has changed");
    world.pass("token");
    // The same is on the table as before, but nobody has signed it since it turned.
    let decision = world.decide();
    let words: Vec<&str> = decision.reasons.iter().map(|reason| reason.of.as_str()).collect();
    assert_eq!(words, ["security", "qa", "director"]);
    refused(&world, &old, "since then the answer of check `token` has changed");
    world.mark("team", 9, "chitra");
    let mut stale = world.signed(Matter::Release, "qa", "chitra");
    stale.table = old.table;
    refused(&world, &sign(stale, "chitra"), "not what is on the table");
}

#[test]
fn what_was_taken_back_cannot_be_sent_again() {
    let mut world = signed_by(UNANIMOUS, &[("security", "asha"), ("qa", "chitra"), ("director", "deepa")]);
    let Some(Event::Signed(old)) = world.events.iter().rev().nth(1).cloned() else { panic!() };
    refused(&world, &world.signed(Matter::Release, "qa", "chitra"), "has signed this already");
    world.add(Event::SignatureWithdrawn(SignatureWithdrawn {
        release: RELEASE.to_owned(),
        matter: Matter::Release,
        role: "qa".to_owned(),
        person: "chitra".to_owned(),
        at: world.now,
        why: "a flaky test".to_owned(),
    }));
    no_go(&world, Code::Signature, "qa", "chitra took it back: a flaky test");
    refused(&world, &old, "not newer than the last one");
    world.add(Event::Signed(old));
    no_go(&world, Code::Signature, "qa", "chitra took it back: a flaky test");
    world.signs(Matter::Release, "qa", "chitra");
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
}

/// Two people may sign as `qa`: the no of one is not undone by a row that they did not sign, however it is made.
#[test]
fn a_no_ends_with_a_newer_signature_of_the_same_person_only() {
    let mut world = signed_by(UNANIMOUS, &[("security", "asha")]);
    let mut no = world.signed(Matter::Release, "qa", "farah");
    no.vote = Vote::NoGo;
    let no = sign(no, "farah");
    world.add(Event::Signed(no.clone()));
    world.signs(Matter::Release, "qa", "chitra");
    world.signs(Matter::Release, "director", "deepa");
    no_go(&world, Code::Signature, "qa", "farah says no");
    world.add(Event::SignatureWithdrawn(SignatureWithdrawn {
        release: RELEASE.to_owned(),
        matter: Matter::Release,
        role: "qa".to_owned(),
        person: "farah".to_owned(),
        at: world.now,
        why: "not theirs".to_owned(),
    }));
    no_go(&world, Code::Signature, "qa", "farah says no");
    for vote in [Vote::Go, Vote::NoGo] {
        let forged = Signed { vote, ..world.signed(Matter::Release, "qa", "farah") };
        world.add(Event::Signed(sign(forged, "chitra")));
        no_go(&world, Code::Signature, "qa", "farah says no");
    }
    world.signs(Matter::Release, "qa", "farah");
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
    refused(&world, &no, "not newer than the last one");
    world.add(Event::Signed(no));
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
}

#[test]
fn after_a_mark_has_turned_and_turned_back() {
    let mut world = signed_by(UNANIMOUS, &[("security", "asha"), ("qa", "chitra"), ("director", "deepa")]);
    world.mark("team", 9, "chitra");
    world.mark("team", 7, "chitra");
    let decision = world.decide();
    let words: Vec<&str> = decision.reasons.iter().map(|reason| reason.of.as_str()).collect();
    assert_eq!(words, ["security", "qa", "director"], "the blocker's signatures are not about marks");
    assert!(decision.reasons[0].why.contains("the mark of row `team` of `matrix` has changed"));
}
