//! A release of the ticker service, from its opening to its second day in operation, as rows of a journal.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use release::calendar::Calendars;
use release::decision::{Outcome, record};
use release::event::{Decided, Event, Matter, ReleaseOpened, Signed, TaskDone, Vote};
use release::evidence::{Answer, Observation, Question, Subject};
use release::incident::event as incident;
use release::ledger::event::{Announced, DocumentKept, MeetingNoted, WatchHour, WatchTurned};
use release::ledger::{Entry, Ledger};
use release::policy::{self, Check, Comparison, Probe};
use release::runbook::event as run;
use release::scorecard::figure_name;
use release::signature::{message, on_the_table};
use release::window::Timetable;
use release::{Digest, Figure, Loaded, policy_digest};

pub const SERVICE: &str = "ticker-service";
pub const RELEASE: &str = "ticker-service-1.0.0";
pub const ARTEFACT: &str = "sha256:f3068973b644a5ae2368806d6ed1db10b41255c8566af32afbd8971fef81588f";
pub const INCIDENT: &str = "INC-1";
/// After everything.
pub const END: &str = "2025-11-20T12:00:00Z";
/// What is planned for later than the release, and so not there yet.
const LATER: [&str; 9] = [
    "p0-tests",
    "security-tests",
    "p1-tests",
    "p2-tests",
    "chaos-tests",
    "coverage-70",
    "coverage-85",
    "old-version-back",
    "dashboards-later",
];

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// See the module. Every row has its moment.
pub struct Story {
    pub rows: Vec<(Timestamp, Entry)>,
    pub ledger: Ledger,
    pub loaded: Loaded,
    now: Timestamp,
}

/// The policy, with keys.
pub fn policy() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/ticker-service.fixed.toml");
    let mut text = String::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let id = line.trim_start().strip_prefix("{ id = \"").and_then(|rest| rest.split('"').next());
        match id.filter(|_| line.contains(", roles = [")) {
            Some(id) => {
                let key = STANDARD.encode(pair(id).public_key().as_ref());
                text += &line.replace(", contact =", &format!(", key = \"{key}\", contact ="));
            }
            None => text += line,
        }
        text.push('\n');
    }
    text
}

/// The same for the same person, always.
fn pair(person: &str) -> Ed25519KeyPair {
    let seed = Digest::of(person.as_bytes()).to_string();
    Ed25519KeyPair::from_seed_unchecked(&seed.as_bytes()[7..39]).unwrap()
}

/// Signs as `person`.
pub fn sign(mut signed: Signed, person: &str) -> Signed {
    signed.signature = STANDARD.encode(pair(person).sign(&message(&signed)));
    signed
}

pub fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    vault::verify(key, message, signature).is_ok()
}

impl Story {
    /// All of it.
    pub fn told() -> Story {
        let mut story = Story::until_signed();
        story.decided();
        story.operated();
        story
    }

    /// Up to the evidence of the day before.
    pub fn until_proven() -> Story {
        let text = policy();
        let loaded = Loaded::parse(&text).unwrap();
        let now = at("2025-11-12T03:30:00Z");
        let mut story = Story { rows: Vec::new(), ledger: Ledger::default(), loaded, now };
        let name = "ticker-service.fixed.toml".to_owned();
        story.record(DocumentKept { what: "policy".to_owned(), name, folder: None, text });
        story.release(Event::ReleaseOpened(ReleaseOpened {
            release: RELEASE.to_owned(),
            service: SERVICE.to_owned(),
            version: "1.0.0".to_owned(),
            artefact: ARTEFACT.to_owned(),
            environment: "production".to_owned(),
            policy: policy_digest(&story.loaded),
            folder: None,
            day0: None,
            without_promotion: Some("staging is released by its own plan, on day -5".to_owned()),
            at: now,
            by: "rohan".to_owned(),
        }));
        story.tasks();
        story.rehearsed();
        story.now = at("2025-11-18T04:00:00Z");
        story.proven(false);
        story
    }

    fn until_signed() -> Story {
        let mut story = Story::until_proven();
        story.now = at("2025-11-18T12:00:00Z");
        story.done("final-review", Some("engineering-director"), "asha");
        for blocker in story.loaded.policy.blockers.clone() {
            for role in &blocker.signers {
                story.signs(Matter::Blocker(blocker.id.clone()), role);
            }
        }
        for role in
            ["security-lead", "qa-manager", "operations-lead", "product-owner", "engineering-director"]
        {
            story.signs(Matter::Release, role);
        }
        story
    }

    fn add(&mut self, entry: Entry) {
        self.ledger.apply(entry.clone());
        self.rows.push((self.now, entry));
        self.now += SignedDuration::from_secs(20);
    }

    fn release(&mut self, event: Event) {
        self.add(Entry::Release(SERVICE.to_owned(), event));
    }

    fn record(&mut self, event: impl Into<release::ledger::event::Event>) {
        self.add(Entry::Record(SERVICE.to_owned(), event.into()));
    }

    fn run(&mut self, id: &str, event: impl Into<run::Event>) {
        self.add(Entry::Run(id.to_owned(), event.into()));
    }

    fn incident(&mut self, event: impl Into<incident::Event>) {
        self.add(Entry::Incident(SERVICE.to_owned(), event.into()));
    }

    fn holder(&self, role: &str) -> String {
        let holds = |person: &&policy::Person| person.roles.iter().any(|held| held == role);
        self.loaded.policy.people.iter().find(holds).unwrap().id.clone()
    }

    fn done(&mut self, task: &str, role: Option<&str>, by: &str) {
        self.release(Event::TaskDone(TaskDone {
            release: RELEASE.to_owned(),
            task: task.to_owned(),
            role: role.map(str::to_owned),
            at: self.now,
            by: by.to_owned(),
        }));
    }

    fn tasks(&mut self) {
        for task in self.loaded.policy.plan.tasks.clone() {
            if task.day >= -1 || task.id == "changelog" {
                continue;
            }
            for role in &task.signers {
                let by = self.holder(role);
                self.done(&task.id, Some(role), &by);
            }
        }
    }

    /// The roll-back, in staging: its second step takes longer than it may.
    fn rehearsed(&mut self) {
        self.now = at("2025-11-16T09:30:00Z");
        self.began("run-rehearsal", "roll-back", "staging", true);
        self.step("run-rehearsal", "switch", 12_400);
        self.step("run-rehearsal", "verify", 71_250);
        self.step("run-rehearsal", "report", 3_600_000);
        self.ended("run-rehearsal");
    }

    fn began(&mut self, id: &str, runbook: &str, environment: &str, rehearsal: bool) {
        self.run(
            id,
            run::RunBegan {
                run: id.to_owned(),
                runbook: runbook.to_owned(),
                policy: policy_digest(&self.loaded).to_string(),
                folder: None,
                artefact: Some(ARTEFACT.to_owned()),
                version: None,
                environment: environment.to_owned(),
                rehearsal,
                release: Some(RELEASE.to_owned()),
                choices: Default::default(),
                at: self.now,
                by: "leela".to_owned(),
            },
        );
    }

    fn step(&mut self, id: &str, step: &str, millis: i64) {
        let (run, step) = (id.to_owned(), step.to_owned());
        let began = self.now;
        self.run(id, run::StepStarted { run: run.clone(), step: step.clone(), attempt: 1, at: began });
        self.now = began + SignedDuration::from_millis(millis);
        let outcome = run::Outcome::Done;
        self.run(id, run::StepEnded { run, step, attempt: 1, outcome, output: None, at: self.now, by: None });
        self.now = began + SignedDuration::from_millis(millis);
    }

    fn ended(&mut self, id: &str) {
        let outcome = run::RunOutcome::Done;
        self.run(
            id,
            run::RunEnded { run: id.to_owned(), outcome, why: None, at: self.now, by: "control".to_owned() },
        );
    }

    /// Every check that can be asked before the release; only what expires within a day when `again`.
    fn proven(&mut self, again: bool) {
        for check in self.loaded.policy.checks.clone() {
            if LATER.contains(&check.id.as_str()) || (again && check.expires.as_seconds() > 86_400) {
                continue;
            }
            for _ in 0..check.settle {
                let observation = self.observation(&check);
                self.release(Event::EvidenceRecorded(observation.seal()));
            }
        }
    }

    fn observation(&self, check: &Check) -> Observation {
        let environment = check.environment.clone().unwrap_or_else(|| "production".to_owned());
        let subject = match check.about {
            policy::Subject::Artefact => Subject::Artefact { digest: ARTEFACT.to_owned(), environment },
            policy::Subject::Environment => Subject::Environment(environment),
            policy::Subject::Team => Subject::Team,
        };
        let why = "request 101 was answered with 200".to_owned();
        let (mut by, mut inputs, mut figures) = (None, String::new(), Default::default());
        match &check.probe {
            Probe::Attest(attestation) => {
                by = Some(self.holder(&attestation.by));
                inputs = format!("https://wiki.ticker.internal/{}", check.id);
            }
            Probe::Measured(measured) => {
                by = Some(self.holder(measured.by.as_deref().unwrap_or("backend-lead")));
                let value = match measured.target.is {
                    Comparison::Below => measured.target.value - Figure::whole(12),
                    _ => measured.target.value,
                };
                figures = [(figure_name(&measured.target), value)].into();
            }
            _ => {}
        }
        Observation {
            question: Question::Check(check.id.clone()),
            subject,
            taken: self.now,
            expires: self.now + SignedDuration::from_secs(check.expires.signed_seconds()),
            answer: if check.id == "rate-limit" { Answer::Fail { why } } else { Answer::Pass },
            figures,
            by,
            inputs,
            output: None,
            control_failed: check.control.as_ref().map(|_| true),
            settle: check.settle,
            demand: None,
            via: None,
        }
    }

    fn signs(&mut self, matter: Matter, role: &str) {
        let person = self.holder(role);
        let state = self.ledger.state(SERVICE, RELEASE);
        let table = on_the_table(&self.loaded, &state, &matter).unwrap();
        let written = matter == Matter::Release && role == "security-lead";
        let signed = Signed {
            release: RELEASE.to_owned(),
            matter,
            role: role.to_owned(),
            person: person.clone(),
            vote: Vote::Go,
            table,
            document: written.then(|| Digest::of(b"All four are gone.")),
            at: self.now,
            signature: String::new(),
        };
        self.release(Event::Signed(sign(signed, &person)));
    }

    /// On day 0, after the close, with fresh evidence.
    fn decided(&mut self) {
        self.now = at("2025-11-19T05:00:00Z");
        self.proven(true);
        self.now = at("2025-11-19T11:00:00Z");
        let calendars = Calendars::builtin();
        let window = Timetable::new(&self.loaded.policy, &calendars).unwrap().answer(self.now);
        let state = self.ledger.state(SERVICE, RELEASE);
        let decided: Decided = record(&self.loaded, &state, self.now, &window, None, &verify);
        assert_eq!(decided.decision.outcome, Outcome::GoWithConditions, "{:#?}", decided.decision.reasons);
        self.release(Event::Decided(Box::new(decided)));
    }

    /// Deployed, watched, one incident.
    fn operated(&mut self) {
        self.began("run-deploy", "deploy", "production", false);
        for (step, millis) in [
            ("validate", 4_100),
            ("deploy", 42_000),
            ("wait", 371_500),
            ("smoke", 93_000),
            ("internal-traffic", 8_000),
        ] {
            self.step("run-deploy", step, millis);
        }
        self.ended("run-deploy");
        self.record(Announced {
            announcement: "released".to_owned(),
            release: RELEASE.to_owned(),
            text: "Version 1.0.0 is there <for> all.".to_owned(),
            channel: "status-page".to_owned(),
            at: self.now,
            by: String::new(),
        });
        for hour in 0..3_u32 {
            self.hour(hour);
        }
        self.trouble();
        self.record(MeetingNoted {
            meeting: "week-1-mornings".to_owned(),
            release: RELEASE.to_owned(),
            due: at("2025-11-20T03:30:00Z"),
            held: false,
            text: String::new(),
            at: self.now,
            by: String::new(),
        });
    }

    fn hour(&mut self, hour: u32) {
        self.now = at("2025-11-20T04:00:00Z") + SignedDuration::from_hours(hour.into());
        let from = self.now - SignedDuration::from_hours(1);
        let failed = if hour == 2 { 7 } else { 0 };
        self.record(WatchHour {
            check: "health-production".to_owned(),
            environment: "production".to_owned(),
            from,
            passed: 720 - failed,
            failed,
            unknown: 0,
            slowest_ms: 180 + u64::from(hour),
            total_ms: 30_240,
        });
    }

    fn trouble(&mut self) {
        self.record(WatchTurned {
            check: "health-production".to_owned(),
            environment: "production".to_owned(),
            up: Some(false),
            why: "503 in place of 200".to_owned(),
            at: self.now,
        });
        let incident = INCIDENT.to_owned();
        let by = incident::OpenedBy::Trigger("error-rate".to_owned());
        let title = "Orders are refused | 5 % of requests".to_owned();
        self.incident(incident::IncidentOpened {
            incident: incident.clone(),
            severity: "P1".to_owned(),
            title,
            public: None,
            by,
            at: self.now,
        });
        let alert = "HighErrorRate".to_owned();
        let firing = "f-1".to_owned();
        let fired = incident::AlertFired {
            firing: firing.clone(),
            alert,
            incident: Some(incident.clone()),
            cause: String::new(),
            environment: String::new(),
            at: self.now,
        };
        self.incident(fired);
        self.incident(incident::Acknowledged {
            incident: incident.clone(),
            by: "isha".to_owned(),
            at: self.now,
        });
        self.now += SignedDuration::from_mins(6);
        let how = "the pool was made larger".to_owned();
        self.incident(incident::Mitigated {
            incident: incident.clone(),
            how,
            by: "isha".to_owned(),
            at: self.now,
        });
        self.now += SignedDuration::from_mins(40);
        self.incident(incident::Resolved {
            incident,
            how: String::new(),
            by: "leela".to_owned(),
            at: self.now,
        });
        self.incident(incident::AlertJudged {
            firing,
            actionable: true,
            by: "leela".to_owned(),
            at: self.now,
        });
    }
}
