//! Whatever happens, in whatever order.

use proptest::prelude::*;
use release::decision::{Outcome, WindowAnswer, again, decide, record};
use release::event::{
    ArtefactChanged, ConditionMarked, Event, FindingClosed, FindingOpened, IncidentClosed, IncidentOpened,
    Matter, PolicyChanged, Reopened, SignatureWithdrawn, Signed, TaskDone, Vote,
};
use release::evidence::{Answer, Observation, Question, SCORE, Subject};
use release::signature::on_the_table;
use release::state::State;
use release::{Digest, Figure, policy_digest};

use crate::oracle::Told;
use crate::world::{A, B, CHECKS, PEOPLE, RELEASE, ROWS, World, observation, open, policy, sign, verify};

const ROLES: [&str; 4] = ["security", "qa", "director", "devops"];

/// One thing that happens.
#[derive(Clone, Debug)]
enum Act {
    Seen { check: usize, answer: u8, hours: i64, odd: Odd },
    Mark { row: usize, score: i64, person: usize },
    Sign { blocker: bool, role: usize, person: usize, go: bool, odd: Odd, back: usize },
    Withdraw { blocker: bool, role: usize, person: usize },
    Task { role: usize, person: usize },
    Artefact { other: bool, here: bool },
    Policy { other: bool },
    Incident { severity: Option<usize> },
    Finding { severity: Option<usize>, checked: bool, person: usize },
    Condition { met: bool, person: usize },
    Reopen,
    Wait { hours: i64 },
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Odd {
    Nothing,
    OtherArtefact,
    OtherPlace,
    Blind,
    Stranger,
    Damaged,
    Late,
    Forged,
    NoDocument,
    Stale,
    SentAgain,
    OtherRelease,
}

/// A world, and what is known of its signatures.
struct Acted {
    world: World,
    signatures: Vec<(usize, bool)>,
    /// The state after so many rows.
    states: Vec<State>,
}

impl Acted {
    fn new() -> Acted {
        let world = World::new(&policy("\"unanimous\""));
        let states = vec![State::new(RELEASE), world.state.clone()];
        Acted { world, signatures: vec![(0, false)], states }
    }

    fn add(&mut self, event: Event, signature: (usize, bool)) {
        self.world.add(event);
        self.signatures.push(signature);
        self.states.push(self.world.state.clone());
    }

    fn act(&mut self, act: &Act) {
        let (now, at) = (self.world.now, self.world.now);
        let release = RELEASE.to_owned();
        let person = |place: usize| PEOPLE.get(place).map_or("a stranger", |(person, _)| person).to_owned();
        let role = |place: usize| ROLES[place].to_owned();
        let matter =
            |blocker: bool| if blocker { Matter::Blocker("password".to_owned()) } else { Matter::Release };
        let severity = |place: usize| ["P0", "P2", "critical"][place].to_owned();
        let event = match act {
            Act::Wait { hours } => return self.world.wait(*hours),
            Act::Sign { blocker, role: as_role, person: by, go, odd, back } => {
                return self.sign(matter(*blocker), &role(*as_role), &person(*by), *go, *odd, *back);
            }
            Act::Seen { check, answer, hours, odd } => self.seen(CHECKS[*check], *answer, *hours, *odd),
            Act::Mark { row, score, person: by } => {
                let subject =
                    Subject::Artefact { digest: self.artefact(), environment: "production".to_owned() };
                let row = ROWS[*row].0.to_owned();
                let seen = observation("", A, Answer::Pass, now);
                let question = Question::Row { scorecard: "matrix".to_owned(), row };
                let figures = [(SCORE.to_owned(), Figure::whole(*score))].into();
                let by = Some(person(*by));
                Event::EvidenceRecorded(Observation { question, subject, figures, by, ..seen }.seal())
            }
            Act::Withdraw { blocker, role: as_role, person: by } => {
                let (role, person, why) = (role(*as_role), person(*by), String::new());
                Event::SignatureWithdrawn(SignatureWithdrawn {
                    release,
                    matter: matter(*blocker),
                    role,
                    person,
                    at,
                    why,
                })
            }
            Act::Task { role: as_role, person: by } => {
                let role = Some(role(*as_role));
                Event::TaskDone(TaskDone { release, task: "hotfix".to_owned(), role, at, by: person(*by) })
            }
            Act::Artefact { other, here } => Event::ArtefactChanged(ArtefactChanged {
                release: if *here { release } else { "r-2".to_owned() },
                artefact: if *other { B } else { A }.to_owned(),
                version: "1.0.0".to_owned(),
                without_promotion: None,
                at,
                by: "binod".to_owned(),
            }),
            Act::Policy { other } => {
                let policy = if *other { Digest::of(b"other") } else { policy_digest(&self.world.loaded) };
                Event::PolicyChanged(PolicyChanged {
                    release,
                    policy,
                    folder: None,
                    at,
                    by: "emil".to_owned(),
                })
            }
            Act::Incident { severity: Some(place) } => {
                let (incident, severity, title) = ("I-1".to_owned(), severity(*place), String::new());
                Event::IncidentOpened(IncidentOpened { incident, severity, title, at })
            }
            Act::Incident { severity: None } => {
                Event::IncidentClosed(IncidentClosed { incident: "I-1".to_owned(), at })
            }
            Act::Finding { severity: Some(place), checked, person: by } => {
                Event::FindingOpened(FindingOpened {
                    finding: "F-1".to_owned(),
                    title: String::new(),
                    severity: severity(*place),
                    review: String::new(),
                    closed_by: if *checked { vec!["health".to_owned()] } else { Vec::new() },
                    at,
                    by: person(*by),
                })
            }
            Act::Finding { severity: None, person: by, .. } => {
                let (finding, why) = ("F-1".to_owned(), String::new());
                Event::FindingClosed(FindingClosed { finding, at, by: person(*by), why })
            }
            Act::Condition { met, person: by } => {
                let marked =
                    ConditionMarked { release, condition: "improve".to_owned(), at, by: person(*by) };
                if *met { Event::ConditionMet(marked) } else { Event::ConditionMissed(marked) }
            }
            Act::Reopen => Event::Reopened(Reopened { release, why: Vec::new(), at }),
        };
        self.add(event, (0, false));
    }

    fn artefact(&self) -> String {
        self.world.state.release.as_ref().unwrap().artefact.clone()
    }

    fn seen(&self, check: &str, answer: u8, hours: i64, odd: Odd) -> Event {
        let why = String::new();
        let answer = match answer {
            0 => Answer::Fail { why },
            1 => Answer::Error { why },
            _ => Answer::Pass,
        };
        let mut seen = observation(check, &self.artefact(), answer, self.world.now);
        seen.expires = self.world.now + jiff::SignedDuration::from_hours(hours);
        if let Subject::Artefact { digest, environment } = &mut seen.subject {
            match odd {
                Odd::OtherArtefact => *digest = if digest == A { B } else { A }.to_owned(),
                Odd::OtherPlace => *environment = "elsewhere".to_owned(),
                _ => {}
            }
        }
        match odd {
            Odd::Blind => seen.control_failed = (check != "cors").then_some(false),
            Odd::Stranger => seen.by = Some("a stranger".to_owned()),
            Odd::Late => seen.taken -= jiff::SignedDuration::from_hours(3),
            _ => {}
        }
        let mut evidence = seen.seal();
        if odd == Odd::Damaged {
            evidence.observed.inputs = "something else".to_owned();
        }
        Event::EvidenceRecorded(evidence)
    }

    fn sign(&mut self, matter: Matter, role: &str, person: &str, go: bool, odd: Odd, back: usize) {
        let rows = self.world.events.len();
        if odd == Odd::SentAgain {
            let signed = |(_, event): &(usize, &Event)| matches!(event, Event::Signed(_));
            let before = self.world.events.iter().enumerate().filter(signed).rev().nth(back);
            if let Some((row, event)) = before.map(|(row, event)| (row, event.clone())) {
                let signature = self.signatures[row];
                self.add(event, signature);
            }
            return;
        }
        let known = if odd == Odd::Stale { rows.saturating_sub(back).max(1) } else { rows };
        let release = if odd == Odd::OtherRelease { "r-2" } else { RELEASE }.to_owned();
        let signed = Signed {
            table: on_the_table(&self.world.loaded, &self.states[known], &matter).unwrap(),
            release,
            matter,
            role: role.to_owned(),
            person: person.to_owned(),
            vote: if go { Vote::Go } else { Vote::NoGo },
            document: (odd != Odd::NoDocument).then(|| Digest::of(b"I agree.")),
            at: self.world.now,
            signature: String::new(),
        };
        let signed = sign(signed, if odd == Odd::Forged { "somebody" } else { person });
        self.add(Event::Signed(signed), (known, odd == Odd::Forged));
    }
}

/// All that has to happen.
fn good() -> Vec<Act> {
    let mut acts = Vec::new();
    for check in [0, 1, 2, 3, 4, 5, 6, 6] {
        let hours = if check == 5 { 720 } else { 216 };
        acts.push(Act::Seen { check, answer: 2, hours, odd: Odd::Nothing });
    }
    for (row, (_, _, score)) in ROWS.iter().enumerate() {
        acts.push(Act::Mark { row, score: i64::from(*score), person: 2 });
    }
    acts.push(Act::Task { role: 0, person: 0 });
    acts.push(Act::Task { role: 3, person: 1 });
    acts.extend(signatures());
    acts
}

fn signatures() -> Vec<Act> {
    let signers = [(true, 0, 0), (true, 3, 1), (false, 0, 0), (false, 1, 2), (false, 2, 3)];
    let sign =
        |(blocker, role, person)| Act::Sign { blocker, role, person, go: true, odd: Odd::Nothing, back: 0 };
    signers.map(sign).to_vec()
}

const SEEN_ODDS: [Odd; 9] = {
    use Odd::{Blind, Damaged, Late, Nothing, OtherArtefact, OtherPlace, Stranger};
    [Nothing, Nothing, Nothing, OtherArtefact, OtherPlace, Blind, Stranger, Damaged, Late]
};
const SIGN_ODDS: [Odd; 8] = {
    use Odd::{Forged, NoDocument, Nothing, OtherRelease, SentAgain, Stale};
    [Nothing, Nothing, Nothing, Forged, NoDocument, Stale, SentAgain, OtherRelease]
};

fn any_act() -> impl Strategy<Value = Act> {
    let seen_odd = prop::sample::select(SEEN_ODDS.to_vec());
    let sign_odd = prop::sample::select(SIGN_ODDS.to_vec());
    let hours = prop::sample::select(vec![4_i64, 30, 216, 720, 5000]);
    prop_oneof![
        5 => (0..7_usize, 0..6_u8, hours.clone(), seen_odd)
            .prop_map(|(check, answer, hours, odd)| Act::Seen { check, answer, hours, odd }),
        2 => (0..7_usize, 0..13_i64, 0..7_usize).prop_map(|(row, score, person)| Act::Mark { row, score, person }),
        6 => (any::<bool>(), 0..4_usize, 0..7_usize, 0..5_u8, sign_odd, 0..8_usize).prop_map(
            |(blocker, role, person, go, odd, back)| Act::Sign { blocker, role, person, go: go > 0, odd, back }
        ),
        1 => (any::<bool>(), 0..4_usize, 0..6_usize)
            .prop_map(|(blocker, role, person)| Act::Withdraw { blocker, role, person }),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(other, here)| Act::Artefact { other, here }),
        1 => any::<bool>().prop_map(|other| Act::Policy { other }),
        1 => prop::option::of(0..3_usize).prop_map(|severity| Act::Incident { severity }),
        1 => (prop::option::of(0..3_usize), any::<bool>(), 0..7_usize)
            .prop_map(|(severity, checked, person)| Act::Finding { severity, checked, person }),
        1 => (any::<bool>(), 0..7_usize).prop_map(|(met, person)| Act::Condition { met, person }),
        1 => Just(Act::Reopen),
        2 => hours.prop_map(|hours| Act::Wait { hours }),
    ]
}

/// Something that happens, or that turns and turns back, or is taken back and sent again.
fn scene() -> impl Strategy<Value = Vec<Act>> {
    let seen = |check, answer| Act::Seen { check, answer, hours: 216, odd: Odd::Nothing };
    let sent_again =
        |back| Act::Sign { blocker: false, role: 0, person: 0, go: true, odd: Odd::SentAgain, back };
    prop_oneof![
        6 => any_act().prop_map(|act| vec![act]),
        1 => (0..7_usize).prop_map(move |check| vec![seen(check, 0), seen(check, 2), seen(check, 2)]),
        1 => (0..7_usize, 0..10_i64).prop_map(|(row, score)| {
            let right = i64::from(ROWS[row].2);
            vec![Act::Mark { row, score, person: 2 }, Act::Mark { row, score: right, person: 2 }]
        }),
        1 => Just(vec![Act::Artefact { other: true, here: true }, Act::Artefact { other: false, here: true }]),
        1 => (0..3_usize, 0..6_usize, 0..5_usize).prop_map(move |(role, person, back)| {
            vec![Act::Withdraw { blocker: false, role, person }, sent_again(back)]
        }),
    ]
}

/// What has to happen, with things that go wrong among it: something left out, a signature spoilt; and often put right again, with
/// or without new signatures.
fn history() -> impl Strategy<Value = Vec<Act>> {
    let wrong = prop::collection::vec((10..30_usize, scene()), 0..3);
    let spoilt =
        prop::option::of((0..5_usize, 0..7_usize, prop::sample::select(SIGN_ODDS.to_vec()), 0..8_usize));
    let left_out = prop::option::weighted(0.2, 0..22_usize);
    (wrong, spoilt, left_out, 0..5_u8).prop_map(|(wrong, spoilt, left_out, right_again)| {
        let mut acts = good();
        if let Some((place, another, how, so_far)) = spoilt {
            let place = acts.len() - 5 + place;
            if let Act::Sign { person, odd, back, .. } = &mut acts[place] {
                (*person, *odd, *back) = (another, how, so_far);
            }
        }
        if let Some(place) = left_out {
            acts.remove(place);
        }
        for (place, scene) in wrong {
            let place = place.min(acts.len());
            acts.splice(place..place, scene);
        }
        match right_again {
            0..2 => {}
            2 => acts.extend(signatures()),
            3 => acts.extend(good()),
            _ => acts.extend(good().into_iter().filter(|act| !matches!(act, Act::Sign { .. }))),
        }
        acts
    })
}

fn acted(acts: &[Act]) -> Acted {
    let mut acted = Acted::new();
    acts.iter().for_each(|act| acted.act(act));
    acted
}

fn window(open: bool) -> WindowAnswer {
    WindowAnswer { open, ..WindowAnswer::default() }
}

#[test]
fn what_has_to_happen_is_enough() {
    let Acted { world, .. } = acted(&good());
    assert_eq!(world.decide().outcome, Outcome::GoWithConditions);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// No history reaches a GO with an open blocker, an expired or foreign evidence, a missing or void signature, or outside a window;
    /// and none that may go is held up.
    #[test]
    fn decided_as_by_reading_everything_again(acts in history(), closed in prop::bool::weighted(0.1)) {
        let Acted { world, signatures, .. } = acted(&acts);
        let told = Told {
            events: &world.events,
            signatures: &signatures,
            policy: policy_digest(&world.loaded),
            now: world.now,
            window: !closed,
        };
        let expected = match told.verdict() {
            None => Outcome::NoGo,
            Some(false) => Outcome::Go,
            Some(true) => Outcome::GoWithConditions,
        };
        let decision = decide(&world.loaded, &world.state, world.now, &window(!closed), None, &verify);
        prop_assert_eq!(decision.outcome, expected, "{:#?}", decision.reasons);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// A crash at any row: what was folded is written down, read back, and goes on.
    #[test]
    fn folded_in_two_parts_as_in_one(acts in history(), at in any::<prop::sample::Index>()) {
        let Acted { world, .. } = acted(&acts);
        let at = at.index(world.events.len() + 1);
        let mut state = State::new(RELEASE);
        for (row, event) in world.events.iter().enumerate() {
            if row == at {
                state = serde_json::from_slice(&serde_json::to_vec(&state).unwrap()).unwrap();
            }
            let read = Event::read(event.kind(), &event.body()).unwrap();
            prop_assert_eq!(&read, event);
            release::apply::apply(&mut state, &read);
        }
        prop_assert_eq!(&state, &world.state);
        let decision = decide(&world.loaded, &state, world.now, &open(), None, &verify);
        prop_assert_eq!(decision, world.decide());
    }

    /// Every decision comes out the same from what was recorded with it (I-10).
    #[test]
    fn decided_again_from_the_record(acts in history(), every in 1..8_usize) {
        let mut acted = Acted::new();
        for (place, act) in acts.iter().enumerate() {
            acted.act(act);
            if place % every == 0 {
                let Acted { world, .. } = &acted;
                let decided = record(&world.loaded, &world.state, world.now, &window(place % 3 > 0), None, &verify);
                acted.add(Event::Decided(Box::new(decided)), (0, false));
            }
        }
        let Acted { world, .. } = &acted;
        let mut state = State::new(RELEASE);
        for event in &world.events {
            if let Event::Decided(decided) = Event::read(event.kind(), &event.body()).unwrap() {
                prop_assert_eq!(again(&world.loaded, &state, &decided, &verify), Ok(()));
            }
            release::apply::apply(&mut state, event);
        }
    }

    /// Evidence of different checks may come in any order.
    #[test]
    fn independent_evidence_in_any_order(
        acts in prop::collection::vec(any_act(), 0..6),
        keys in prop::collection::vec(any::<u32>(), 30),
    ) {
        let mut acted = acted(&good());
        acts.iter().filter(|act| matches!(act, Act::Seen { .. } | Act::Mark { .. })).for_each(|act| acted.act(act));
        let Acted { world, .. } = &acted;
        let evidence = |event: &Event| match event {
            Event::EvidenceRecorded(evidence) => Some((evidence.observed.question.clone(), evidence.observed.subject.clone())),
            _ => None,
        };
        let rows: Vec<&Event> = world.events.iter().filter(|event| evidence(event).is_some()).collect();
        let others = world.events.iter().filter(|event| evidence(event).is_none());
        // About one question and subject they keep their order: the places of each are filled in turn.
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|row| keys[row % keys.len()]);
        let mut mixed: Vec<&Event> = Vec::new();
        for row in order {
            let about = evidence(rows[row]);
            let taken = mixed.iter().filter(|event| evidence(event) == about).count();
            mixed.push(rows.iter().filter(|event| evidence(event) == about).nth(taken).unwrap());
        }
        let fold = |evidence: &[&Event]| {
            let mut state = State::new(RELEASE);
            release::apply::apply(&mut state, &world.events[0]);
            evidence.iter().for_each(|event| release::apply::apply(&mut state, event));
            others.clone().skip(1).for_each(|event| release::apply::apply(&mut state, event));
            state
        };
        let (one, other) = (fold(&rows), fold(&mixed));
        let decide = |state: &State| decide(&world.loaded, state, world.now, &open(), None, &verify);
        prop_assert_eq!(decide(&one), decide(&other));
    }
}
