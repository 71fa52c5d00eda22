//! Where the score of a row comes from.

use release::decision::{Code, Decision, Outcome, decide};
use release::evidence::{Answer, Observation, Question, SCORE, Subject};
use release::scorecard::Scored;
use release::signature::on_the_table;
use release::{Digest, Figure};

use crate::world::{A, World, observation, open, verify};

/// A share, a measured value and a review, in equal parts; nobody signs.
const POLICY: &str = r#"
format = 1
[service]
name = "ticker"
zone = "Asia/Kolkata"
[[person]]
id = "asha"
name = "Asha"
roles = ["architect"]
[[check]]
id = "one"
probe.tcp = { address = "there:1" }
[[check]]
id = "two"
probe.tcp = { address = "there:2" }
[[check]]
id = "load"
probe.tcp = { address = "there:3" }
[[metric]]
id = "latency"
kind = "latency"
unit = "ms"
[[baseline]]
id = "before"
environment = "production"
value = [{ metric = "latency", quantile = 0.99, value = 120 }]
[[band]]
from = 0
status = "blocked"
[[band]]
from = 6.5
status = "conditional"
[[review]]
id = "architecture"
title = "Architecture"
role = "architect"
score = 8.2
on = "2025-11-08"
again_after_days = 30
[[scorecard]]
id = "mix"
method = "mean"
threshold = 6
[[scorecard.row]]
id = "checks"
title = "Checks"
score.share = { checks = ["one", "two"] }
[[scorecard.row]]
id = "speed"
title = "Speed"
[scorecard.row.score.measured]
pass = { metric = "latency", quantile = 0.99, is = "<=", value = 200, at_least_events = 100 }
warn = { metric = "latency", quantile = 0.99, is = "<=", value = 2, times_baseline = "before" }
[[scorecard.row]]
id = "design"
title = "Design"
score.review = { review = "architecture" }
"#;

fn figures(latency: i64, events: i64) -> Vec<(String, Figure)> {
    let figures = [("latency@0.99", latency), ("latency@0.99#events", events)];
    figures.map(|(name, value)| (name.to_owned(), Figure::whole(value))).to_vec()
}

fn measured(world: &mut World, latency: i64, events: i64) {
    let seen = observation("load", A, Answer::Pass, world.now);
    world.seen(Observation { figures: figures(latency, events).into_iter().collect(), ..seen });
}

fn mix(world: &World) -> (Decision, Scored) {
    let decision = decide(&world.loaded, &world.state, world.now, &open(), None, &verify);
    let card = decision.scorecards[0].clone();
    (decision, card)
}

fn ready() -> World {
    let mut world = World::new(POLICY);
    world.pass("one");
    world.fail("two");
    measured(&mut world, 187, 5_000);
    world
}

#[test]
fn a_share_a_measure_and_a_review() {
    let mut world = ready();
    let (decision, card) = mix(&world);
    assert_eq!(decision.outcome, Outcome::Go, "{:#?}", decision.reasons);
    assert_eq!(card.arithmetic, "(5 + 10 + 8.2) / 3 ≈ 7.733333");
    assert_eq!(card.rows[0].from, "1 of 2 checks passed");
    assert_eq!(card.rows[1].from, "latency@0.99 187 <= 200: pass");
    assert_eq!(decision.reviews[0].status.as_deref(), Some("conditional"));

    measured(&mut world, 230, 5_000);
    let (_, card) = mix(&world);
    assert_eq!(
        (card.rows[1].score, card.rows[1].from.as_str()),
        (Some(Figure::whole(5)), "latency@0.99 230 <= 240: warn")
    );
    measured(&mut world, 250, 5_000);
    let (decision, card) = mix(&world);
    assert_eq!(card.rows[1].score, Some(Figure::ZERO));
    assert_eq!(decision.reasons[0].why, "4.4 is below the threshold 6 by 1.6");
}

#[test]
fn a_score_is_not_made_of_nothing() {
    let mut world = ready();
    measured(&mut world, 100, 99);
    let (decision, card) = mix(&world);
    assert_eq!((decision.outcome, card.rows[1].score), (Outcome::NoGo, None));
    assert_eq!(card.rows[1].from, "`latency@0.99` is of 99 events, fewer than 100");
    let why = "gone".to_owned();
    world.seen(observation("two", A, Answer::Error { why }, world.now));
    let (decision, card) = mix(&world);
    assert_eq!(card.rows[0].from, "check `two`: it could not be asked: gone");
    assert_eq!(decision.reasons_of(Code::Evidence).next().unwrap().of, "two");
}

#[test]
fn a_review_counts_until_it_is_due_again() {
    let mut world = ready();
    world.wait(24 * 28);
    world.pass("one");
    world.fail("two");
    measured(&mut world, 187, 5_000);
    let (decision, _) = mix(&world);
    assert_eq!(decision.outcome, Outcome::NoGo);
    let why = "row `design` has no score: review `architecture` of 2025-11-08 was due again by 2025-12-08T18:30:00Z";
    assert_eq!(decision.reasons[0].why, why);

    let subject = Subject::Artefact { digest: A.to_owned(), environment: "production".to_owned() };
    let seen = observation("", A, Answer::Pass, world.now);
    let question = Question::Review("architecture".to_owned());
    let figures = [(SCORE.to_owned(), Figure::whole(9))].into();
    world.seen(Observation { question, subject, figures, by: Some("asha".to_owned()), ..seen });
    let (decision, card) = mix(&world);
    assert_eq!(
        (decision.outcome, card.rows[2].from.as_str()),
        (Outcome::Go, "review `architecture`: 9 (conditional), by asha as architect")
    );
}

const BY_HAND: &str = r#"
format = 1
[service]
name = "ticker"
[[person]]
id = "asha"
name = "Asha"
roles = ["qa"]
[[person]]
id = "binod"
name = "Binod"
roles = ["devops"]
[[check]]
id = "bugs"
probe.measured = { target = { metric = "bugs", is = "==", value = 0 }, by = "qa" }
[[check]]
id = "elsewhere"
environment = "staging"
probe.tcp = { address = "there:1" }
[[metric]]
id = "bugs"
kind = "count"
unit = "bugs"
[[blocker]]
id = "bugs"
title = "No bugs"
checks = ["bugs"]
[[scorecard]]
id = "mix"
method = "mean"
threshold = 6
[[scorecard.row]]
id = "bugs"
title = "Bugs"
[scorecard.row.score.measured]
pass = { metric = "bugs", is = "==", value = 0 }
by = "qa"
"#;

/// A figure that a person gives is theirs to give, and it is the figure that counts, not the word beside it.
#[test]
fn a_figure_counts_by_whom_where_and_by_itself() {
    let with = |question: &Question, environment: &str, by: Option<&str>, bugs: i64| {
        let mut world = World::new(BY_HAND);
        let subject = Subject::Artefact { digest: A.to_owned(), environment: environment.to_owned() };
        let figures = [("bugs".to_owned(), Figure::whole(bugs))].into();
        let seen = observation("", A, Answer::Pass, world.now);
        let by = by.map(str::to_owned);
        world.seen(Observation { question: question.clone(), subject, figures, by, ..seen });
        let (decision, card) = mix(&world);
        let open = decision.reasons_of(Code::Blocker).next().map(|reason| reason.why.clone());
        (open, card.rows[0].score, card.rows[0].from.clone())
    };
    let check = |id: &str| Question::Check(id.to_owned());
    let ten = Some(Figure::whole(10));
    assert_eq!(
        with(&check("bugs"), "production", Some("asha"), 0),
        (None, ten, "bugs 0 == 0: pass".to_owned())
    );
    for (by, words) in
        [(Some("binod"), "binod does not hold"), (Some("zoe"), "zoe does not"), (None, "nobody")]
    {
        let (open, score, from) = with(&check("bugs"), "production", by, 0);
        assert!(open.as_ref().is_some_and(|why| why.contains(words)), "{open:?}");
        assert!(score.is_none() && from.contains(words), "{from}");
    }
    let (open, score, _) = with(&check("bugs"), "production", Some("asha"), 3);
    assert_eq!(
        (open.as_deref(), score),
        (Some("check `bugs`: it failed: bugs 3 == 0 does not hold"), Some(Figure::ZERO))
    );

    let row = Question::Row { scorecard: "mix".to_owned(), row: "bugs".to_owned() };
    assert_eq!(with(&row, "production", Some("asha"), 0).1, ten);
    assert_eq!(with(&row, "production", Some("binod"), 0).1, None);
    assert_eq!(with(&check("elsewhere"), "staging", None, 0).1, None, "it was seen in staging");
}

#[test]
fn nobody_answers_for_a_machine() {
    let mut world = ready();
    let seen = observation("one", A, Answer::Pass, world.now);
    world.seen(Observation { by: Some("asha".to_owned()), ..seen });
    let (decision, card) = mix(&world);
    assert_eq!(decision.outcome, Outcome::NoGo);
    assert_eq!(card.rows[0].from, "check `one`: it is asked by a machine, and asha is not one");
}

/// What is signed follows scores, not every figure: measuring again with the same result is no change.
#[test]
fn measured_again_the_same_is_on_the_table() {
    let table = |world: &World| -> Digest {
        on_the_table(&world.loaded, &world.state, &release::event::Matter::Release).unwrap()
    };
    let mut world = ready();
    let before = table(&world);
    measured(&mut world, 188, 5_100);
    assert_eq!(table(&world), before);
    measured(&mut world, 230, 5_100);
    assert_ne!(table(&world), before);
}
