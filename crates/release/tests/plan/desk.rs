//! A journal that grows, and the moment that it is looked at.

use jiff::{SignedDuration, Timestamp};
use release::calendar::Calendars;
use release::event::{Event, ReleaseOpened};
use release::evidence::{Answer, Observation, Question, Subject};
use release::ledger::event::Event as Record;
use release::ledger::{Entry, Ledger};
use release::runbook::Event as RunEvent;
use release::runbook::event::{RunBegan, RunEnded, RunOutcome};
use release::state::State;
use release::{Figure, Loaded, Moment, policy_digest};

pub const TICKER: &str = include_str!("../../../../policies/ticker-service.fixed.toml");
pub const TRADING: &str = include_str!("../../../../policies/algo-trading.fixed.toml");
pub const SMALL: &str = include_str!("small.toml");
pub const A: &str = "sha256:aaaa";
pub const RELEASE: &str = "r-1";

/// See the module.
pub struct Desk {
    pub loaded: Loaded,
    pub ledger: Ledger,
    pub calendars: Calendars,
    pub now: Timestamp,
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Desk {
    /// With a release for the target, opened at that moment.
    pub fn new(text: &str, opened: &str) -> Desk {
        let loaded = Loaded::parse(text).unwrap();
        let now = at(opened);
        let mut desk = Desk { loaded, ledger: Ledger::default(), calendars: Calendars::builtin(), now };
        let target = desk.loaded.policy.environments.iter().find(|place| place.target);
        let target = target.map_or("production", |place| &place.id).to_owned();
        desk.open(RELEASE, A, &target);
        desk
    }

    pub fn open(&mut self, release: &str, artefact: &str, environment: &str) {
        let policy = &self.loaded.policy;
        let opened = ReleaseOpened {
            release: release.to_owned(),
            service: policy.service.name.clone(),
            version: "1.0.0".to_owned(),
            artefact: artefact.to_owned(),
            environment: environment.to_owned(),
            policy: policy_digest(&self.loaded),
            folder: None,
            day0: None,
            without_promotion: None,
            at: self.now,
            by: "asha".to_owned(),
        };
        self.add(Event::ReleaseOpened(opened));
    }

    pub fn add(&mut self, event: Event) {
        self.ledger.apply(Entry::Release(self.loaded.policy.service.name.clone(), event));
    }

    pub fn record(&mut self, event: Record) {
        self.ledger.apply(Entry::Record(self.loaded.policy.service.name.clone(), event));
    }

    /// A run of a runbook from now on, over after an hour.
    pub fn ran(&mut self, run: &str, runbook: &str, artefact: &str, environment: &str, outcome: RunOutcome) {
        let began = RunBegan {
            run: run.to_owned(),
            runbook: runbook.to_owned(),
            policy: policy_digest(&self.loaded).to_string(),
            folder: None,
            artefact: Some(artefact.to_owned()),
            version: None,
            environment: environment.to_owned(),
            rehearsal: false,
            release: None,
            choices: Default::default(),
            at: self.now,
            by: "asha".to_owned(),
        };
        let ended = RunEnded {
            run: run.to_owned(),
            outcome,
            why: None,
            at: self.now + SignedDuration::from_hours(1),
            by: "asha".to_owned(),
        };
        for event in [RunEvent::RunBegan(began), RunEvent::RunEnded(ended)] {
            self.ledger.apply(Entry::Run(run.to_owned(), event));
        }
    }

    /// Evidence about the artefact, taken now and good for ten days.
    pub fn saw(&mut self, question: Question, answer: Answer, figures: &[(&str, i64)], by: Option<&str>) {
        let environment = self.state().release.unwrap().environment;
        let figures = figures.iter().map(|(name, value)| ((*name).to_owned(), Figure::whole(*value)));
        let seen = Observation {
            question,
            subject: Subject::Artefact { digest: A.to_owned(), environment },
            taken: self.now,
            expires: self.now + SignedDuration::from_hours(240),
            answer,
            figures: figures.collect(),
            by: by.map(str::to_owned),
            inputs: String::new(),
            output: None,
            control_failed: None,
            settle: 1,
            demand: None,
            via: None,
        };
        self.add(Event::EvidenceRecorded(seen.seal()));
    }

    pub fn state(&self) -> State {
        self.ledger.state(&self.loaded.policy.service.name, RELEASE)
    }

    /// Looks at it at that moment.
    pub fn look<T>(&self, now: &str, look: impl FnOnce(&Moment<'_>) -> T) -> T {
        let state = self.state();
        let moment = Moment {
            loaded: &self.loaded,
            ledger: &self.ledger,
            state: &state,
            calendars: &self.calendars,
            verify: &|_, _, _| true,
            now: at(now),
        };
        look(&moment)
    }
}
