//! What holds for every runbook, wherever the process that runs it dies.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::event::*;
use super::*;
use crate::policy::Runbook;
use jiff::Timestamp;

const ACTIONS: [&str; 6] = [
    "action.check = { check = \"c\" }",
    "action.http = { url = \"http://x\" }",
    "action.http = { url = \"http://x\", method = \"POST\" }",
    "action.command = { run = [\"x\"] }",
    "action.manual = { text = \"do it\" }",
    "",
];
const UNDOS: [&str; 3] = ["", "undo.command = { run = [\"y\"] }", "undo.manual = { text = \"undo it\" }"];

fn runbook() -> impl Strategy<Value = Runbook> {
    let flags = prop::array::uniform4(prop::bool::weighted(0.3));
    let step = (
        prop::sample::select(ACTIONS.to_vec()),
        prop::sample::select(UNDOS.to_vec()),
        0..3_u32,
        0..100_u32,
        flags,
    );
    prop::collection::vec(step, 1..6).prop_map(|steps| {
        let mut text = "id = \"r\"\npurpose = \"deploy\"\nlimit = \"10m\"\n".to_owned();
        for (at, (action, undo, retries, budget, [repeatable, optional, outage, after])) in steps.iter().enumerate() {
            let budget = if *budget == 0 { String::new() } else { format!("budget = \"{}s..{budget}s\"", budget / 2) };
            text.push_str(&format!(
                "[[step]]\nid = \"s{at}\"\n{action}\n{undo}\n{budget}\nretries = {retries}\nrepeatable = {repeatable}\n\
                 optional = {optional}\noutage = {outage}\nafter_service = {after}\n"
            ));
        }
        toml::from_str(&text).unwrap()
    })
}

/// Runs a runbook. All that happens by chance comes from `chance`; when that is used up, everything succeeds.
struct World {
    runbook: Runbook,
    chance: std::vec::IntoIter<u8>,
    now: Timestamp,
    rows: Vec<(&'static str, Vec<u8>)>,
    /// What was really done, and really undone.
    acted: Vec<(String, u32)>,
    undone: Vec<String>,
}

impl World {
    fn run(runbook: Runbook, chance: Vec<u8>) -> World {
        let (now, chance) = (Timestamp::UNIX_EPOCH, chance.into_iter());
        let mut world =
            World { runbook, chance, now, rows: Vec::new(), acted: Vec::new(), undone: Vec::new() };
        let run = || "1".to_owned();
        world.write(RunBegan {
            run: run(),
            runbook: "r".to_owned(),
            policy: "sha256:00".to_owned(),
            folder: None,
            release: None,
            artefact: None,
            version: None,
            environment: "staging".to_owned(),
            rehearsal: true,
            choices: Default::default(),
            at: now,
            by: "x".to_owned(),
        });
        for _ in 0..2_000 {
            let spent = world.draw();
            world.now += SignedDuration::from_millis(i64::from(spent) * 10);
            let (at, by, why) = (world.now, "x".to_owned(), "why".to_owned());
            match world.draw() {
                1..=12 => drop(world.say(RunPaused { run: run(), why, at, by })),
                13..=17 => drop(world.say(RunTurnedBack { run: run(), why, at, by })),
                _ => {}
            }
            if world.step() {
                return world;
            }
        }
        panic!("the run never ended: {:?}", world.next());
    }

    fn draw(&mut self) -> u8 {
        self.chance.next().unwrap_or(0)
    }

    /// The process may be gone here; another one goes on.
    fn dies(&mut self) -> bool {
        let dies = self.draw() > 215;
        if dies {
            self.write(RunTakenOver { run: "1".to_owned(), at: self.now, by: "y".to_owned() });
        }
        dies
    }

    fn write(&mut self, event: impl Into<Event>) {
        let event = event.into();
        self.rows.push((event.kind(), event.body()));
    }

    /// A person's command: refused where nobody asked.
    fn say(&mut self, event: impl Into<Event>) -> Result<(), Unwanted> {
        let event = event.into();
        admits(&self.runbook, &self.state(), self.now, &event)?;
        self.write(event);
        Ok(())
    }

    fn events(&self) -> Vec<Event> {
        self.rows.iter().map(|(kind, body)| Event::read(kind, body).unwrap()).collect()
    }

    /// Always from the rows alone, as after a start.
    fn state(&self) -> RunState {
        RunState::fold(&self.events())
    }

    fn next(&self) -> Next {
        next(&self.runbook, &self.state(), self.now)
    }

    fn end(&mut self, what: Doing, outcome: Outcome) {
        let (run, at, output, by) = ("1".to_owned(), self.now, None, None);
        match what {
            Doing::Step { step, attempt } => {
                self.write(StepEnded { run, step, attempt, outcome, output, at, by })
            }
            Doing::Undo { step } => self.write(UndoEnded { run, step, outcome, output, at, by }),
        }
    }

    /// What is written, what is done, and between any two of these the process may be gone.
    fn act(&mut self, what: Doing, deadline: Timestamp) {
        if self.dies() {
            return;
        }
        let (run, at) = ("1".to_owned(), self.now);
        let by_people = match &what {
            Doing::Step { step, attempt } => {
                self.write(StepStarted { run, step: step.clone(), attempt: *attempt, at });
                let action = self.runbook.steps.iter().find(|one| one.id == *step).unwrap().action.as_ref();
                step::by_person(action, "").is_some()
            }
            Doing::Undo { step } => {
                self.write(UndoStarted { run, step: step.clone(), at });
                let undo = self.runbook.steps.iter().find(|one| one.id == *step).unwrap().undo.as_ref();
                step::by_person(undo, "").is_some()
            }
        };
        if self.dies() || by_people {
            return;
        }
        match &what {
            Doing::Step { step, attempt } => self.acted.push((step.clone(), *attempt)),
            Doing::Undo { step } => self.undone.push(step.clone()),
        }
        let spent = self.draw();
        self.now += SignedDuration::from_millis(i64::from(spent) * 100);
        if self.now >= deadline || self.dies() {
            return;
        }
        match self.draw() {
            200.. => {} // It hangs.
            150..200 => self.end(what, Outcome::Failed { why: "why".to_owned() }),
            _ => self.end(what, Outcome::Done),
        }
    }

    /// `true` at the end.
    fn step(&mut self) -> bool {
        let (run, at, by, why) = ("1".to_owned(), self.now, "x".to_owned(), "why".to_owned());
        match self.next() {
            Next::Start { step, attempt, deadline } => self.act(Doing::Step { step, attempt }, deadline),
            Next::Undo { step, deadline } => self.act(Doing::Undo { step }, deadline),
            Next::WaitFor { what: Some(_), until } => self.now = until.unwrap(),
            Next::WaitFor { what: None, .. } => self.say(RunResumed { run, at, by }).unwrap(),
            Next::Stop { what, .. } => self.end(what, Outcome::TimedOut),
            Next::AskPerson { what: Doing::Step { step, .. }, .. } => {
                self.dies();
                self.acted.extend(self.events().iter().rev().find_map(|event| match event {
                    Event::StepStarted(body) if body.step == step => Some((step.clone(), body.attempt)),
                    _ => None,
                }));
                self.say(Confirmed { run, step, note: String::new(), at, by }).unwrap();
            }
            Next::AskPerson { what, .. } => {
                self.dies();
                let outcome = if self.draw() > 150 { Outcome::Failed { why } } else { Outcome::Done };
                self.end(what, outcome);
            }
            Next::NeedsDecision { step, why: question } => {
                let attempt = self.state().steps.get(&step).map_or(1, StepState::coming);
                let skip = Outcome::Skipped { by: by.clone(), why: why.clone() };
                let confirmed = Confirmed {
                    run: run.clone(),
                    step: step.clone(),
                    note: String::new(),
                    at,
                    by: by.clone(),
                };
                match self.draw() % 3 {
                    0 => self.say(GoAheadGiven { run, step, attempt, why, at, by }).unwrap(),
                    1 if question != Question::Optional => self.say(confirmed).unwrap(),
                    _ => {
                        let (attempt, output) = (attempt - 1, None);
                        self.say(StepEnded { run, step, attempt, outcome: skip, output, at, by: None })
                            .unwrap();
                    }
                }
            }
            Next::Finished { outcome } => {
                self.write(RunEnded { run, outcome, why: None, at, by });
                return true;
            }
        }
        false
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_is_done_twice_and_every_run_ends(
        runbook in runbook(),
        chance in prop::collection::vec(any::<u8>(), 0..300),
        cut in any::<prop::sample::Index>(),
    ) {
        let world = World::run(runbook.clone(), chance);
        let (events, state) = (world.events(), world.state());
        prop_assert_eq!(state.nonsense, 0);

        // Each attempt, and each undo, was done at most once.
        let attempts: BTreeSet<_> = world.acted.iter().collect();
        prop_assert_eq!(attempts.len(), world.acted.len());
        let undos: BTreeSet<_> = world.undone.iter().collect();
        prop_assert_eq!(undos.len(), world.undone.len());

        for step in &runbook.steps {
            let known = state.steps.get(&step.id).cloned().unwrap_or_default();
            for pair in known.attempts.windows(2) {
                // What may not be repeated is begun again only after it is known to have failed, or by a person's
                // word.
                let failed = matches!(pair[0].end, Some(End { outcome: Outcome::Failed { .. }, .. }));
                let told = events.iter().any(|event| matches!(event,
                    Event::GoAheadGiven(body) if body.step == step.id && body.attempt == pair[1].number));
                prop_assert!(repeatable(step) || failed || told, "{} was repeated", step.id);
            }
            let started = events.iter().filter(|event| matches!(event, Event::UndoStarted(body) if body.step == step.id));
            prop_assert!(started.count() <= 1);
            // Nothing is begun behind a step that is not over.
            if let Standing::Untouched | Standing::Failed(_) | Standing::TimedOut(_) | Standing::InDoubt(_) = state.standing(&step.id) {
                let later = runbook.steps.iter().skip_while(|one| one.id != step.id).skip(1);
                for later in later {
                    prop_assert!(state.steps.get(&later.id).is_none_or(|known| known.attempts.is_empty()));
                }
            }
        }

        // The way back is the way there, turned round, without holes.
        let outcome = state.ended.as_ref().unwrap().outcome;
        let back: Vec<_> = events.iter().filter_map(|event| match event {
            Event::UndoStarted(body) => Some(body.step.as_str()),
            _ => None,
        }).collect();
        let owed: Vec<_> = runbook.steps.iter().rev().filter(|step| step.undo.is_some())
            .filter(|step| state.steps.get(&step.id).is_some_and(StepState::may_be_done)).map(|step| step.id.as_str()).collect();
        match outcome {
            RunOutcome::Done => {
                prop_assert!(back.is_empty());
                let over = |id: &str| matches!(state.standing(id), Standing::Done(_) | Standing::Skipped(_));
                prop_assert!(runbook.steps.iter().all(|step| over(&step.id)));
            }
            RunOutcome::RolledBack | RunOutcome::Failed => prop_assert_eq!(back, owed),
            RunOutcome::Abandoned => prop_assert!(false, "nobody abandoned it"),
        }
        prop_assert_eq!(
            outcome == RunOutcome::RolledBack,
            outcome != RunOutcome::Done && !owed_none(&state) && left_behind(&runbook, &state).is_empty()
        );

        // A state is the sum of its rows, however they are cut.
        let (first, rest) = events.split_at(cut.index(events.len()));
        let mut parts = RunState::fold(first);
        parts.extend(rest);
        prop_assert_eq!(&parts, &state);

        // Times: the parts are the whole.
        let times = timing(&runbook, &state, world.now);
        let sum: SignedDuration = times.steps.iter().filter(|step| step.counts).filter_map(|step| step.took).sum();
        prop_assert_eq!(sum, times.worked);
        prop_assert_eq!(times.worked + times.between, times.total);
        let planned: crate::Budget = times.steps.iter().filter(|step| step.counts).filter_map(|step| step.planned).sum();
        prop_assert_eq!(planned, times.planned);
        let outages: SignedDuration = times.steps.iter().filter(|step| step.outage).filter_map(|step| step.took).sum();
        prop_assert!(outages <= times.outage);
    }

    #[test]
    fn strange_rows_change_nothing_but_their_count(rows in prop::collection::vec((0..12_usize, 0..3_u8, 0..3_u32), 0..30)) {
        let mut state = RunState::default();
        for (kind, step, attempt) in rows {
            let event = strange(kind, &format!("s{step}"), attempt);
            let before = state.clone();
            state.extend([&event]);
            if state.nonsense > before.nonsense {
                prop_assert_eq!(RunState { nonsense: before.nonsense, ..state.clone() }, before);
            }
        }
    }
}

fn owed_none(state: &RunState) -> bool {
    !state.undos.values().any(UndoState::done)
}

fn strange(kind: usize, step: &str, attempt: u32) -> Event {
    let (run, at) = ("1", "1970-01-01T00:00:00Z");
    let kinds = [
        "run_began",
        "run_taken_over",
        "run_paused",
        "run_resumed",
        "run_turned_back",
        "run_ended",
        "run_step_started",
        "run_step_ended",
        "run_step_confirmed",
        "run_go_ahead_given",
        "run_undo_started",
        "run_undo_ended",
    ];
    let outcome = if kind == 5 {
        "\"failed\""
    } else {
        ["\"done\"", "\"timed_out\"", "{\"failed\":{\"why\":\"w\"}}"][attempt as usize]
    };
    let body = format!(
        "{{\"run\":\"{run}\",\"runbook\":\"r\",\"policy\":\"p\",\"environment\":\"e\",\"at\":\"{at}\",\"by\":\"x\",\"why\":\"w\",\
         \"step\":\"{step}\",\"attempt\":{attempt},\"outcome\":{outcome}}}"
    );
    Event::read(kinds[kind], body.as_bytes()).unwrap()
}
