//! The routes of the plan, with a clock of their own and a real journal.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use journal::DataDirectory;
use market::UnixNanos;
use release::event::{Decided, Event, Inputs};
use release::evidence::{Answer, Observation, Question, Subject};
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
        let desk = Desk::empty();
        let text = format!("{POLICY}{more}");
        let kept = desk.post("policies", json!({"text": text, "folder": desk.folder.path()})).await;
        let artefact = format!("sha256:{}", "a".repeat(64));
        let opening =
            json!({"policy": kept["policy"], "version": "1.0.0", "artefact": artefact, "by": "asha"});
        assert_eq!(desk.post("releases", opening).await["release"], RELEASE);
        desk
    }

    /// With nothing.
    fn empty() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Set(AtomicI64::new(0)));
        let directory = DataDirectory::open_or_create(&folder.path().join("data")).unwrap();
        let (canceller, cancel) = Cancel::pair();
        let entropy = Arc::new(access::entropy::system());
        let control = Control::open(directory, Arc::<Set>::clone(&clock), entropy, cancel).unwrap();
        let router = crate::api::router(Arc::clone(&control));
        let desk = Desk { clock, control, router, folder, _canceller: canceller };
        desk.set("2026-11-20T00:00:00Z");
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
    fn decide_go(&self, id: &str) {
        let write = self.control.book.write(|ledger, now| {
            at_moment(ledger, id, now, |moment| {
                let window = release::decision::WindowAnswer { open: true, ..Default::default() };
                let mut decision =
                    release::decision::decide(moment.loaded, moment.state, now, &window, None, &verify);
                decision.outcome = release::decision::Outcome::GoWithConditions;
                let policy = release::policy_digest(moment.loaded);
                let inputs = Inputs { seen: moment.state.seen, now, policy, window, incident: None };
                let decided = Decided { release: id.to_owned(), inputs, decision };
                let service = moment.loaded.policy.service.name.clone();
                Ok::<_, Refused>((vec![Entry::Release(service, Event::Decided(Box::new(decided)))], ()))
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
    let said = |told: &Value| -> Vec<String> {
        let said = told["announcement"]["announced"].as_array().unwrap();
        said.iter().map(|one| one["channel"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(said(&told), ["status-page", ""], "the page shows it, too");
    assert_eq!(said(&desk.say("announcements/done", json!({"by": "asha"})).await), ["status-page"]);
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
    desk.decide_go(RELEASE);
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

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_said_twice_too_early_or_at_length() {
    let desk = Desk::new(CONDITIONS).await;
    let rows = || desk.control.book.rows().unwrap().len();
    let (status, error) = desk.refused("meetings/standup", json!({"by": "asha"})).await;
    assert_eq!((status, error["field"].as_str()), (400, Some("due")), "none has begun: {error}");
    assert!(error["hint"].as_str().unwrap().contains("2026-11-26T03:30:00Z"), "{error}");
    let ahead =
        |held: bool| json!({"by": "asha", "due": "2026-11-26T03:30:00Z", "held": held, "text": "a fair"});
    assert_eq!(desk.refused("meetings/standup", ahead(true)).await.1["field"], "due", "it was not held yet");
    let finding = json!({"finding": "F-2", "title": "Slow", "severity": "P3", "by": "asha"});
    let told = json!({"by": "asha", "text": "soon"});
    let words: [(&str, Value); 7] = [
        ("meetings/standup", ahead(false)),
        ("tasks/soak/done", json!({"by": "binod"})),
        ("conditions/improve/met", json!({"by": "binod"})),
        ("conditions/first/missed", json!({"by": "asha"})),
        ("announcements/soon", told),
        ("findings", finding),
        ("findings/F-2/closed", json!({"by": "asha", "why": "made faster"})),
    ];
    for (path, body) in words {
        let before = rows();
        desk.say(path, body.clone()).await;
        let after = rows();
        assert!(after > before, "{path}");
        desk.say(path, body).await;
        assert_eq!(rows(), after, "{path}: nothing new");
    }
    let before = rows();
    desk.say("conditions/first/met", json!({"by": "asha"})).await;
    assert_eq!(rows(), before + 1, "whoever said no may take it back, though its checks have to prove it");
    let long = "x".repeat(4 * 1024 + 1);
    for (path, field, body) in [
        (
            "meetings/standup",
            "text",
            json!({"by": "asha", "due": "2026-11-26T03:30:00Z", "held": false, "text": long}),
        ),
        ("announcements/soon", "text", json!({"by": "asha", "text": long})),
        ("metrics/nps", "text", json!({"by": "asha", "value": 50, "text": long})),
        ("findings", "title", json!({"finding": "F-3", "title": long, "severity": "P3", "by": "asha"})),
        ("findings/F-2/closed", "why", json!({"by": "asha", "why": long})),
        ("day0", "why", json!({"by": "asha", "day0": "2026-12-01", "why": " "})),
    ] {
        let (status, error) = desk.refused(path, body).await;
        assert_eq!((status, error["field"].as_str()), (400, Some(field)), "{path}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_takes_the_place_of_no_other() {
    let latency =
        "[[metric]]\nid = \"latency\"\nkind = \"duration\"\nunit = \"ms\"\nattested_by = \"lead\"\n";
    let target = |quantile: &str| {
        format!(
            r#"{{ id = "p{quantile}", text = "Fast", target = {{ metric = "latency", quantile = {quantile}, is = "<", value = 100 }} }}"#
        )
    };
    let horizon = format!(
        "[[horizon]]\nid = \"fast\"\nafter = \"1d\"\ncriterion = [{}, {}]\n",
        target("0.5"),
        target("0.99")
    );
    let desk = Desk::new(&format!("{latency}{horizon}")).await;
    desk.set("2026-11-26T00:00:00Z");
    for (quantile, value) in [("0.5", 10), ("0.99", 90)] {
        desk.say("metrics/latency", json!({"by": "asha", "value": value, "quantile": quantile})).await;
    }
    let fast = desk.get("evaluation?horizon=fast").await;
    let criteria = fast["horizons"][0]["evaluation"]["criteria"].as_array().unwrap().clone();
    assert!(criteria.iter().all(|one| one["verdict"] == "met"), "{criteria:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_green_check_meets_a_condition_only_while_it_is_green() {
    let proven = CONDITIONS.replace("due_day = 3 }", "due_day = 3, checks = [\"smoke\"] }");
    let desk = Desk::new(&proven).await;
    desk.decide_go(RELEASE);
    let answer = |answer: Answer| {
        let write = desk.control.book.write(|ledger, now| {
            let release = ledger.state("small", RELEASE).release.unwrap();
            let observed = Observation {
                question: Question::Check("smoke".to_owned()),
                subject: Subject::Artefact { digest: release.artefact, environment: release.environment },
                taken: now,
                expires: now.checked_add(jiff::SignedDuration::from_hours(24 * 30)).unwrap(),
                answer: answer.clone(),
                figures: Default::default(),
                by: None,
                inputs: String::new(),
                output: None,
                control_failed: None,
                settle: 1,
                demand: None,
                via: None,
            };
            let row = Event::EvidenceRecorded(observed.seal());
            Ok::<_, Refused>((vec![Entry::Release("small".to_owned(), row)], ()))
        });
        write.unwrap();
    };
    let mark = || {
        watch::look(&desk.control).unwrap();
        let state = desk.control.book.read(|ledger| ledger.state("small", RELEASE)).unwrap();
        state.release.unwrap().conditions.get("improve").map(|mark| mark.met)
    };
    desk.set("2026-11-27T00:00:00Z");
    answer(Answer::Pass);
    assert_eq!(mark(), None, "its day is not over");
    desk.set("2026-11-27T01:00:00Z");
    answer(Answer::Fail { why: "down".to_owned() });
    assert_eq!(mark(), None);
    desk.set("2026-11-28T00:00:00Z");
    answer(Answer::Pass);
    desk.set("2026-11-28T18:30:00Z");
    assert_eq!(mark(), Some(true), "it was green when its day ended");
    answer(Answer::Fail { why: "down".to_owned() });
    assert_eq!(mark(), Some(true), "and the proof was needed then");
    desk.say("conditions/improve/missed", json!({"by": "binod"})).await;
    answer(Answer::Pass);
    assert_eq!(mark(), Some(false), "control does not undo what a person says");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_release_is_opened_past_the_environments_before() {
    let desk = Desk::empty();
    let text = POLICY.replace("id = \"staging\"\n", "id = \"staging\"\nurl = \"http://staging\"\n");
    let kept = desk.post("policies", json!({"text": text})).await;
    let artefact = |letter: &str| format!("sha256:{}", letter.repeat(64));
    let opening = |letter: &str, environment: &str| {
        json!({"policy": kept["policy"], "version": "1.0.0", "artefact": artefact(letter), "by": "asha",
            "environment": environment})
    };
    let (status, answer) =
        desk.call("POST", "releases", Body::from(opening("a", "production").to_string())).await;
    assert_eq!(status.as_u16(), 409, "{answer}");
    let message = answer["error"].to_string();
    assert!(message.contains("`staging`") && message.contains("--skip-promotion"), "{message}");
    let staging =
        desk.post("releases", opening("a", "staging")).await["release"].as_str().unwrap().to_owned();
    desk.decide_go(&staging);
    let there =
        desk.post("releases", opening("a", "production")).await["release"].as_str().unwrap().to_owned();
    let promotion = |shown: &Value| {
        let reasons = shown["would_be"]["reasons"].as_array().unwrap().clone();
        reasons.into_iter().find(|reason| reason["code"] == "promotion")
    };
    let path = format!("releases/{there}");
    assert_eq!(promotion(&desk.call("GET", &path, Body::empty()).await.1), None);
    // What was decided before no longer stands.
    let other = desk.post("policies", json!({"text": format!("{text}\n# newer\n")})).await["policy"].clone();
    desk.post(&format!("releases/{staging}/policy"), json!({"policy": other, "by": "asha"})).await;
    let shown = desk.call("GET", &path, Body::empty()).await.1;
    assert_eq!(promotion(&shown).unwrap()["of"], "production");
    let change = |more: Value| {
        let mut body = json!({"artefact": artefact("b"), "by": "asha"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Body::from(body.to_string())
    };
    let changing = format!("{path}/artefact");
    assert_eq!(desk.call("POST", &changing, change(json!({}))).await.0.as_u16(), 409);
    let empty = desk.call("POST", &changing, change(json!({"without_promotion": " "}))).await;
    assert_eq!((empty.0.as_u16(), &empty.1["error"]["field"]), (400, &json!("without_promotion")));
    let (status, shown) =
        desk.call("POST", &changing, change(json!({"without_promotion": "it is on fire"}))).await;
    assert_eq!((status.as_u16(), &shown["without_promotion"]), (200, &json!("it is on fire")), "{shown}");
    assert_eq!(promotion(&shown), None);
}

/// As many releases as a team makes in a year: looking at all of them holds nobody up, and grows with their number, not faster.
#[tokio::test(flavor = "multi_thread")]
async fn many_releases_of_a_real_policy_are_looked_at_quickly() {
    let desk = Desk::empty();
    let text = include_str!("../../../../policies/ticker-service.fixed.toml");
    let day0 = release::Loaded::parse(text).unwrap().policy.plan.day0.unwrap();
    let day0: jiff::civil::Date = day0.parse().unwrap();
    let morning = |days: i64| format!("{}T00:00:00Z", day0.saturating_add(jiff::Span::new().days(days)));
    desk.set(&morning(-20));
    let kept = desk.post("policies", json!({"text": text})).await;
    let open = async |number: usize| {
        let artefact = format!("sha256:{number:064x}");
        let opening = json!({"policy": kept["policy"], "version": "1.0.0", "artefact": artefact, "by": "rohan",
            "without_promotion": "to see how long it takes"});
        let id = desk.post("releases", opening).await["release"].as_str().unwrap().to_owned();
        desk.decide_go(&id);
        id
    };
    let round = || {
        let begin = MachineClock.mono();
        watch::look(&desk.control).unwrap();
        begin.elapsed()
    };
    for number in 0..10 {
        open(number).await;
    }
    desk.set(&morning(5));
    let few = round();
    for number in 10..30 {
        open(number).await;
    }
    let (first, second) = (round(), round());
    println!("10 releases: {few:?}; 30: {first:?}, {second:?}");
    assert!(
        first < Duration::from_secs(8) && second < Duration::from_secs(4),
        "{few:?} {first:?} {second:?}"
    );
    assert!(second < few * 9 + Duration::from_millis(500), "thrice as many: {few:?} {second:?}");
}

#[test]
fn a_plan_that_breaks_off_stops_no_other() {
    let refused = watch::whole("x", || panic!("out of range")).unwrap_err();
    assert!(refused.to_string().contains("the plan of x cannot be computed"), "{refused}");
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
    let forged = "fix: fourth\u{1f}\u{1f}\u{1e}\nfeat: never made\u{1f}\u{1f}Mallory\u{1e}";
    git(folder, &["commit", "--quiet", "--allow-empty", "-m", forged]);
    let notes = desk.get("notes?from=HEAD~1").await;
    let [commit] = &notes["commits"].as_array().unwrap()[..] else { panic!("{notes}") };
    assert_eq!(commit["author"], "Asha", "{notes}");
    for (from, status) in [("--output=x", 400), ("a..b", 400), ("nowhere", 409)] {
        let path = format!("releases/{RELEASE}/notes?from={from}");
        let (refused, answer) = desk.call("GET", &path, Body::empty()).await;
        assert_eq!(refused.as_u16(), status, "{from}: {answer}");
    }
    assert!(!folder.join("x").exists());
}
