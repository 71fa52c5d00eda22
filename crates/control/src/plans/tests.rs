//! The routes of the plan, with a clock of their own and a real journal.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use journal::DataDirectory;
use market::UnixNanos;
use release::event::{Decided, Event, Inputs};
use release::ledger::Entry;
use release::ledger::event::Event as Record;
use tower::ServiceExt as _;

use super::*;
use crate::cancel::{Cancel, Canceller};
use crate::clock::{Clock, MachineClock};

const POLICY: &str = include_str!("../../../release/tests/plan/small.toml");
const RELEASE: &str = "small-1.0.0";

/// Stands still until it is set.
struct Set(AtomicI64);

impl Clock for Set {
    fn wall(&self) -> UnixNanos {
        UnixNanos(self.0.load(Ordering::Relaxed))
    }

    fn mono(&self) -> Instant {
        MachineClock.mono()
    }
}

struct Desk {
    clock: Arc<Set>,
    control: Arc<Control>,
    router: Router,
    folder: tempfile::TempDir,
    _canceller: Canceller,
}

impl Desk {
    /// With the policy, with `more` in it, and a release of it.
    async fn new(more: &str) -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Set(AtomicI64::new(0)));
        let directory = DataDirectory::open_or_create(&folder.path().join("data")).unwrap();
        let (canceller, cancel) = Cancel::pair();
        let entropy = Arc::new(access::entropy::system());
        let control = Control::open(directory, Arc::<Set>::clone(&clock), entropy, cancel).unwrap();
        let router = crate::api::router(Arc::clone(&control));
        let desk = Desk { clock, control, router, folder, _canceller: canceller };
        desk.set("2026-11-20T00:00:00Z");
        let text = format!("{POLICY}{more}");
        let kept = desk.post("policies", json!({"text": text, "folder": desk.folder.path()})).await;
        let artefact = format!("sha256:{}", "a".repeat(64));
        let opening =
            json!({"policy": kept["policy"], "version": "1.0.0", "artefact": artefact, "by": "asha"});
        assert_eq!(desk.post("releases", opening).await["release"], RELEASE);
        desk
    }

    fn set(&self, at: &str) {
        let at: jiff::Timestamp = at.parse().unwrap();
        self.clock.0.store(i64::try_from(at.as_nanosecond()).unwrap(), Ordering::Relaxed);
    }

    async fn call(&self, method: &str, path: &str, body: Body) -> (StatusCode, Value) {
        let request =
            Request::builder().method(method).uri(format!("/v1/release/{path}")).body(body).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("POST", path, Body::from(body.to_string())).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    async fn say(&self, path: &str, body: Value) -> Value {
        self.post(&format!("releases/{RELEASE}/{path}"), body).await
    }

    async fn refused(&self, path: &str, body: Value) -> (u16, Value) {
        let path = format!("releases/{RELEASE}/{path}");
        let (status, answer) = self.call("POST", &path, Body::from(body.to_string())).await;
        (status.as_u16(), answer["error"].clone())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call("GET", &format!("releases/{RELEASE}/{path}"), Body::empty()).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    /// A GO with conditions, as if it had been decided.
    fn decide_go(&self) {
        let write = self.control.book.write(|ledger, now| {
            at_moment(ledger, RELEASE, now, |moment| {
                let window = release::decision::WindowAnswer { open: true, ..Default::default() };
                let mut decision =
                    release::decision::decide(moment.loaded, moment.state, now, &window, None, &verify);
                decision.outcome = release::decision::Outcome::GoWithConditions;
                let policy = release::policy_digest(moment.loaded);
                let inputs = Inputs { seen: moment.state.seen, now, policy, window, incident: None };
                let decided = Decided { release: RELEASE.to_owned(), inputs, decision };
                Ok::<_, Refused>((
                    vec![Entry::Release("small".to_owned(), Event::Decided(Box::new(decided)))],
                    (),
                ))
            })
        });
        write.unwrap();
    }
}

const CONDITIONS: &str = r#"
[approval]
outcomes = ["GO", "GO WITH CONDITIONS", "NO-GO"]
votes = ["GO"]
rule = "unanimous"
author = "lead"
condition = [
  { id = "improve", text = "Improve", owner = "qa", due_day = 3 },
  { id = "first", text = "First", due_day = -1, checks = ["smoke"] },
]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn tasks_conditions_and_findings_are_said_by_those_who_may() {
    let desk = Desk::new(CONDITIONS).await;
    let (status, error) = desk.refused("tasks/soak/done", json!({"by": "nobody"})).await;
    assert_eq!((status, error["field"].as_str()), (400, Some("by")));
    assert!(error["hint"].as_str().unwrap().contains("asha, binod"));
    let (status, error) = desk.refused("tasks/soak/done", json!({"by": "asha"})).await;
    assert_eq!((status, error["field"].as_str()), (400, Some("by")), "she signs nothing of it: {error}");
    assert_eq!(desk.refused("tasks/lunch/done", json!({"by": "asha"})).await.0, 404);
    assert_eq!(desk.say("tasks/soak/done", json!({"by": "binod"})).await["task"]["state"], "done");
    assert_eq!(desk.refused("conditions/improve/met", json!({"by": "asha"})).await.0, 400, "not hers");
    assert_eq!(
        desk.refused("conditions/first/met", json!({"by": "asha"})).await.0,
        409,
        "its check proves it"
    );
    let met = desk.say("conditions/improve/met", json!({"by": "binod"})).await;
    assert_eq!(met["condition"]["state"], "done");
    let finding =
        json!({"finding": "F-2", "title": "Slow", "severity": "P3", "review": "quality", "by": "asha"});
    assert_eq!(desk.say("findings", finding).await["finding"]["state"], "open");
    let closing = |by: &str| json!({"by": by, "why": "made faster"});
    assert_eq!(desk.refused("findings/F-2/closed", closing("asha")).await.0, 400, "not her review");
    assert_eq!(desk.say("findings/F-2/closed", closing("binod")).await["finding"]["state"], "done");
    let odd = json!({"finding": "F 3", "title": "x", "severity": "P3", "by": "asha"});
    assert_eq!(desk.refused("findings", odd).await.1["field"], "finding");
    let schedule = desk.get("schedule").await;
    assert_eq!(schedule["schedule"]["timing"]["by"], "rollout");
    assert_eq!(desk.get("reviews").await["reviews"][0]["open"][0]["id"], "F-1");
    assert_eq!(desk.get("risks").await["risks"].as_array().unwrap().len(), 2);
    assert_eq!(desk.get("promotion").await["promotion"]["next"], "main");
}

#[tokio::test(flavor = "multi_thread")]
async fn meetings_announcements_and_figures_are_recorded() {
    let desk = Desk::new("").await;
    desk.set("2026-11-26T04:00:00Z");
    let noted = desk.say("meetings/standup", json!({"by": "asha", "text": "fine"})).await;
    assert_eq!(noted["occurrence"]["state"], "held");
    assert_eq!(noted["occurrence"]["due"], "2026-11-26T03:30:00Z");
    let odd = json!({"by": "asha", "due": "2026-11-26T03:31:00Z"});
    assert!(desk.refused("meetings/standup", odd).await.1["hint"].as_str().unwrap().contains("03:30"));
    assert_eq!(desk.get("agenda").await["agenda"]["meeting"], "standup", "the one that comes next");
    let markdown = desk.get("agenda?meeting=weekly").await["markdown"].clone();
    assert!(markdown.as_str().unwrap().starts_with("# Weekly review"));
    let (status, error) = desk.refused("announcements/soon", json!({"by": "asha", "channel": "radio"})).await;
    assert_eq!((status, error["field"].as_str()), (400, Some("channel")));
    let told = desk.say("announcements/soon", json!({"by": "asha"})).await;
    assert_eq!(told["announcement"]["state"], "announced");
    assert_eq!(
        desk.refused("metrics/nps", json!({"by": "binod", "value": 50})).await.0,
        400,
        "not his to say"
    );
    assert_eq!(desk.refused("metrics/mttr", json!({"by": "asha", "value": 5})).await.0, 409);
    let said = desk.say("metrics/nps", json!({"by": "asha", "value": 50, "text": "of 40 people"})).await;
    assert_eq!(said["evidence"]["observed"]["figures"]["nps"], "50");
    let week = desk.get("evaluation?horizon=7d").await;
    assert_eq!(week["horizons"][0]["evaluation"]["outcome"], "too_early");
    assert_eq!(week["horizons"][0]["evaluation"]["criteria"][0]["verdict"], "met");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_time_demands_is_written_once() {
    let desk = Desk::new(CONDITIONS).await;
    desk.decide_go();
    let rows = || desk.control.book.rows().unwrap().len();
    let before = rows();
    watch::look(&desk.control).unwrap();
    assert_eq!(rows(), before, "nothing is due");
    // The end of day 3, in India; three days of two meetings are over.
    desk.set("2026-11-28T18:30:00Z");
    watch::look(&desk.control).unwrap();
    let state = desk.control.book.read(|ledger| ledger.state("small", RELEASE)).unwrap();
    let release = state.release.unwrap();
    assert!(!release.conditions["improve"].met && release.decided.is_none(), "{}", release.changed.what);
    let skipped = |record: &&Record| matches!(record, Record::MeetingNoted(noted) if !noted.held);
    let count = |desk: &Desk| {
        let look = |ledger: &Ledger| ledger.services["small"].records.iter().filter(skipped).count();
        desk.control.book.read(look).unwrap()
    };
    assert_eq!(count(&desk), 6);
    let written = rows();
    watch::look(&desk.control).unwrap();
    assert_eq!((rows(), count(&desk)), (written, 6));
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity =
        ["-c", "user.name=Asha", "-c", "user.email=asha@example.com", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").args(identity).args(arguments).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_come_from_the_history_and_names_are_no_options() {
    let desk = Desk::new("").await;
    let folder = desk.folder.path();
    git(folder, &["init", "--quiet"]);
    for subject in ["first", "feat: second (#2)", "fix: third\n\nCloses ABC-3."] {
        git(folder, &["commit", "--quiet", "--allow-empty", "-m", subject]);
    }
    let notes = desk.get("notes?from=HEAD~2").await;
    assert_eq!(notes["commits"].as_array().unwrap().len(), 2);
    let text = notes["markdown"].as_str().unwrap();
    assert!(text.contains("## Features\n\n- second (#2)") && text.contains("third (ABC-3)"), "{text}");
    for (from, status) in [("--output=x", 400), ("a..b", 400), ("nowhere", 409)] {
        let path = format!("releases/{RELEASE}/notes?from={from}");
        let (refused, answer) = desk.call("GET", &path, Body::empty()).await;
        assert_eq!(refused.as_u16(), status, "{from}: {answer}");
    }
    assert!(!folder.join("x").exists());
}
