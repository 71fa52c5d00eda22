//! A policy, people with keys, and a journal that grows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use release::decision::{Decision, WindowAnswer, decide};
use release::event::{
    ArtefactChanged, ConditionMarked, Event, Matter, ReleaseOpened, Signed, TaskDone, Vote,
};
use release::evidence::{Answer, Observation, Question, SCORE, Subject};
use release::signature::{message, on_the_table};
use release::state::State;
use release::{Digest, Figure, Loaded, policy_digest};

pub const RELEASE: &str = "r-1";
pub const A: &str = "sha256:aaaa";
pub const B: &str = "sha256:bbbb";

/// Who may sign as what. Farah holds two roles; emil wrote the policy.
pub const PEOPLE: [(&str, &[&str]); 6] = [
    ("asha", &["security"]),
    ("binod", &["devops"]),
    ("chitra", &["qa"]),
    ("deepa", &["director"]),
    ("emil", &["director", "manager"]),
    ("farah", &["security", "qa"]),
];

/// With their scores: 7.15 in all.
pub const ROWS: [(&str, u32, u32); 7] = [
    ("bugs", 25, 6),
    ("function", 20, 9),
    ("performance", 15, 8),
    ("security", 15, 4),
    ("monitoring", 10, 9),
    ("rollback", 10, 8),
    ("team", 5, 7),
];

/// A check of each blocker, a soak in staging that comes first, one for whoever signs, one that has to settle.
pub const CHECKS: [&str; 7] = ["password", "token", "encryption", "cors", "soak", "training", "health"];

const POLICY: &str = r#"
format = 1
[service]
name = "ticker"
version = "1.0.0"
zone = "Asia/Kolkata"
[plan]
day0 = "2025-11-18"
task = [{ id = "hotfix", title = "Security hotfixes", day = -7, must = true, signers = ["security", "devops"] }]
[approval]
outcomes = ["GO", "GO with conditions", "NO-GO"]
votes = ["GO", "NO-GO"]
author = "manager"
rule = RULE
signer = [
  { role = "security", checks = ["training"], written = true },
  { role = "qa" },
  { role = "director", after = ["security"] },
]
condition = [
  { id = "soak", text = "24-hour soak in staging", due_day = -1, checks = ["soak"] },
  { id = "improve", text = "Improvement plan carried out", owner = "qa", due_day = 56 },
]
"#;

/// The policy text, by its rule of counting.
pub fn policy(rule: &str) -> String {
    let mut text = POLICY.replace("RULE", rule);
    for environment in ["staging", "production"] {
        text += &format!("[[environment]]\nid = \"{environment}\"\n");
    }
    for (person, roles) in PEOPLE {
        let key = STANDARD.encode(key(person));
        text += &format!(
            "[[person]]\nid = \"{person}\"\nname = \"{person}\"\nroles = {roles:?}\nkey = \"{key}\"\n"
        );
    }
    for check in CHECKS {
        let more = match check {
            "cors" => "control = { tcp = { address = \"broken:1\" } }",
            "soak" => "environment = \"staging\"",
            "training" => "about = \"team\"\nexpires = \"30d\"",
            "health" => "settle = 2",
            _ => "",
        };
        let probe = if check == "training" {
            "attest = { by = \"devops\", text = \"The team is trained\" }"
        } else {
            "tcp = { address = \"there:1\" }"
        };
        text += &format!("[[check]]\nid = \"{check}\"\nprobe = {{ {probe} }}\nexpires = \"9d\"\n{more}\n")
            .replace("expires = \"9d\"\nabout = \"team\"\nexpires", "about = \"team\"\nexpires");
    }
    for check in &CHECKS[..4] {
        let signers = if *check == "password" { r#"["security", "devops"]"# } else { "[]" };
        text += &format!(
            "[[blocker]]\nid = \"{check}\"\ntitle = \"{check}\"\nchecks = [\"{check}\"]\nsigners = {signers}\n"
        );
    }
    text += "[[section]]\nid = \"operations\"\ntitle = \"Operations\"\n\
        item = [{ text = \"healthy\", required = true, checks = [\"health\"] }]\n\
        [[severity]]\nid = \"P0\"\nmeans = \"down\"\nrespond_within = \"0s\"\nblocks_release = true\n\
        [[severity]]\nid = \"P2\"\nmeans = \"slow\"\nrespond_within = \"2h\"\n\
        [[scorecard]]\nid = \"matrix\"\nmethod = \"weighted\"\nthreshold = 7\n";
    for (row, weight, _) in ROWS {
        text += &format!(
            "[[scorecard.row]]\nid = \"{row}\"\ntitle = \"{row}\"\nweight = {weight}\nscore.attested = {{ by = \"qa\" }}\n"
        );
    }
    text
}

/// A public key, and with [`sign`] a stand-in for Ed25519 that the crate knows nothing of.
pub fn key(person: &str) -> [u8; 32] {
    let text = Digest::of(person.as_bytes()).to_string();
    text.as_bytes()[7..39].try_into().unwrap()
}

fn made(key: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let text = Digest::of(&[key.as_slice(), message].concat()).to_string();
    text.as_bytes()[7..].try_into().unwrap()
}

pub fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    made(key, message) == *signature
}

/// Signs as `person`.
pub fn sign(mut signed: Signed, person: &str) -> Signed {
    signed.signature = STANDARD.encode(made(&key(person), &message(&signed)));
    signed
}

pub fn open() -> WindowAnswer {
    WindowAnswer { open: true, ..WindowAnswer::default() }
}

/// See the module.
#[derive(Clone)]
pub struct World {
    pub loaded: Loaded,
    pub state: State,
    pub events: Vec<Event>,
    pub now: Timestamp,
}

impl World {
    /// Opened by binod on day -7.
    pub fn new(text: &str) -> World {
        let loaded = Loaded::parse(text).unwrap();
        let now = "2025-11-11T03:30:00Z".parse().unwrap();
        let mut world = World { loaded, state: State::new(RELEASE), events: Vec::new(), now };
        world.add(Event::ReleaseOpened(ReleaseOpened {
            release: RELEASE.to_owned(),
            service: "ticker".to_owned(),
            version: "1.0.0".to_owned(),
            artefact: A.to_owned(),
            environment: "production".to_owned(),
            policy: policy_digest(&world.loaded),
            folder: None,
            day0: None,
            without_promotion: None,
            at: now,
            by: "binod".to_owned(),
        }));
        world
    }

    /// All is proven, done and signed: GO WITH CONDITIONS.
    pub fn ready(text: &str) -> World {
        let mut world = World::new(text);
        world.proven();
        world.all_sign();
        world
    }

    pub fn proven(&mut self) {
        for check in CHECKS {
            self.pass(check);
        }
        self.pass("health");
        for (row, _, score) in ROWS {
            self.mark(row, score, "chitra");
        }
        for (role, person) in [("security", "asha"), ("devops", "binod")] {
            self.add(Event::TaskDone(TaskDone {
                release: RELEASE.to_owned(),
                task: "hotfix".to_owned(),
                role: Some(role.to_owned()),
                at: self.now,
                by: person.to_owned(),
            }));
        }
    }

    pub fn all_sign(&mut self) {
        let password = Matter::Blocker("password".to_owned());
        self.signs(password.clone(), "security", "asha");
        self.signs(password, "devops", "binod");
        for (role, person) in [("security", "asha"), ("qa", "chitra"), ("director", "deepa")] {
            self.signs(Matter::Release, role, person);
        }
    }

    /// One row, one hour.
    pub fn add(&mut self, event: Event) {
        release::apply::apply(&mut self.state, &event);
        self.events.push(event);
        self.wait(1);
    }

    pub fn wait(&mut self, hours: i64) {
        self.now += SignedDuration::from_hours(hours);
    }

    pub fn pass(&mut self, check: &str) {
        self.seen(observation(check, A, Answer::Pass, self.now));
    }

    pub fn fail(&mut self, check: &str) {
        let why = "seen with my own eyes".to_owned();
        self.seen(observation(check, A, Answer::Fail { why }, self.now));
    }

    pub fn seen(&mut self, observation: Observation) {
        self.add(Event::EvidenceRecorded(observation.seal()));
    }

    pub fn mark(&mut self, row: &str, score: u32, by: &str) {
        let question = Question::Row { scorecard: "matrix".to_owned(), row: row.to_owned() };
        let subject = Subject::Artefact { digest: A.to_owned(), environment: "production".to_owned() };
        let figures = [(SCORE.to_owned(), Figure::whole(score.into()))].into();
        let seen = observation("", A, Answer::Pass, self.now);
        self.seen(Observation { question, subject, figures, by: Some(by.to_owned()), ..seen });
    }

    pub fn signed(&self, matter: Matter, role: &str, person: &str) -> Signed {
        let table = on_the_table(&self.loaded, &self.state, &matter).unwrap();
        let signed = Signed {
            release: RELEASE.to_owned(),
            matter,
            role: role.to_owned(),
            person: person.to_owned(),
            vote: Vote::Go,
            table,
            document: Some(Digest::of(b"I agree.")),
            at: self.now,
            signature: String::new(),
        };
        sign(signed, person)
    }

    pub fn signs(&mut self, matter: Matter, role: &str, person: &str) {
        self.add(Event::Signed(self.signed(matter, role, person)));
    }

    pub fn artefact(&mut self, artefact: &str) {
        self.add(Event::ArtefactChanged(ArtefactChanged {
            release: RELEASE.to_owned(),
            artefact: artefact.to_owned(),
            version: "1.0.0".to_owned(),
            without_promotion: None,
            at: self.now,
            by: "binod".to_owned(),
        }));
    }

    pub fn condition(&mut self, condition: &str, by: &str) {
        self.add(Event::ConditionMet(ConditionMarked {
            release: RELEASE.to_owned(),
            condition: condition.to_owned(),
            at: self.now,
            by: by.to_owned(),
        }));
    }

    pub fn decide(&self) -> Decision {
        decide(&self.loaded, &self.state, self.now, &open(), None, &verify)
    }
}

/// As control would record it: nine days, the team's thirty, in the place that the policy says.
pub fn observation(check: &str, artefact: &str, answer: Answer, now: Timestamp) -> Observation {
    let environment = if check == "soak" { "staging" } else { "production" };
    let artefact = Subject::Artefact { digest: artefact.to_owned(), environment: environment.to_owned() };
    let training = check == "training";
    Observation {
        question: Question::Check(check.to_owned()),
        subject: if training { Subject::Team } else { artefact },
        taken: now,
        expires: now + SignedDuration::from_hours(if training { 720 } else { 216 }),
        answer,
        figures: Default::default(),
        by: training.then(|| "binod".to_owned()),
        inputs: String::new(),
        output: None,
        control_failed: (check == "cors").then_some(true),
        settle: if check == "health" { 2 } else { 1 },
        demand: None,
        via: None,
    }
}
