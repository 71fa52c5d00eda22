//! Runs with real programs and servers, through the routes.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use journal::DataDirectory;
use release::evidence::{Question, Subject};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::Control;
use crate::api;
use crate::cancel::{Cancel, Canceller};
use crate::clock::MachineClock;

const PEOPLE: &str = r#"
[[role]]
id = "developer"
title = "Developer"
[[role]]
id = "operator"
title = "Operator"
[[person]]
id = "asha"
name = "Asha"
roles = ["operator"]
[[person]]
id = "bob"
name = "Bob"
roles = ["developer"]
[[environment]]
id = "staging"
[[environment]]
id = "production"
target = true
"#;

/// A book, and one policy with these tables in a folder of its own.
struct Office {
    folder: tempfile::TempDir,
    control: Arc<Control>,
    canceller: Canceller,
    policy: String,
}

impl Office {
    async fn new(tables: &str) -> Office {
        let folder = tempfile::tempdir().unwrap();
        let (control, canceller) = open(folder.path());
        let mut office = Office { folder, control, canceller, policy: String::new() };
        let text =
            format!("format = 1\nservice = {{ name = \"ticker\", version = \"1.2.3\" }}\n{PEOPLE}\n{tables}");
        let body = json!({"text": text, "name": "p.toml", "folder": office.folder.path()});
        office.policy =
            office.ok("POST", "/v1/release/policies", body).await["policy"].as_str().unwrap().to_owned();
        office
    }

    /// What another process would do that opens the same directory.
    fn reopen(&mut self) {
        (self.control, self.canceller) = open(self.folder.path());
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_string())).unwrap();
        let answer = api::router(Arc::clone(&self.control)).oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into()))
    }

    async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn refused(&self, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.call("POST", path, body).await;
        assert!(status >= 400, "{answer}");
        (status, answer["error"].to_string())
    }

    async fn begin(&self, runbook: &str) -> String {
        let body = json!({"policy": self.policy, "runbook": runbook, "environment": "staging", "rehearsal": true, "by": "asha"});
        self.ok("POST", "/v1/runs", body).await["run"].as_str().unwrap().to_owned()
    }

    async fn view(&self, run: &str) -> Value {
        self.ok("GET", &format!("/v1/runs/{run}"), json!({})).await
    }

    /// Waits until the run stands so.
    async fn until(&self, run: &str, holds: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..1_500 {
            let view = self.view(run).await;
            if holds(&view) {
                return view;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("never: {:#}", self.view(run).await);
    }

    async fn ends(&self, run: &str) -> Value {
        self.until(run, |view| view["standing"] == "ended").await
    }

    async fn asks(&self, run: &str, step: &str) {
        self.until(run, |view| view["asked"]["step"] == step).await;
    }

    async fn say(&self, run: &str, word: &str, body: Value) -> Value {
        self.ok("POST", &format!("/v1/runs/{run}/{word}"), body).await
    }

    /// A file of the policy's folder.
    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

fn open(folder: &Path) -> (Arc<Control>, Canceller) {
    let directory = DataDirectory::open_or_create(&folder.join("data")).unwrap();
    let (canceller, cancel) = Cancel::pair();
    let entropy = Arc::new(access::entropy::system());
    (Control::open(directory, Arc::new(MachineClock), entropy, cancel).unwrap(), canceller)
}

fn runbook(head: &str, steps: &[&str]) -> String {
    let steps: String = steps.iter().map(|step| format!("[[runbook.step]]\n{step}\n")).collect();
    format!("[[runbook]]\nid = \"r\"\npurpose = \"task\"\n{head}\n{steps}")
}

/// A step that runs a script.
fn sh(id: &str, script: &str, more: &str) -> String {
    format!("id = \"{id}\"\naction.command = {{ run = [\"sh\", \"-c\", '{script}'] }}\n{more}")
}

fn step<'a>(view: &'a Value, id: &str) -> &'a Value {
    view["steps"].as_array().unwrap().iter().find(|step| step["step"] == id).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_does_every_step_and_is_evidence() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            // It needs a while until it is well.
            let status = if count.fetch_add(1, Ordering::SeqCst) < 1 { "503 No" } else { "200 OK" };
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
    let url = format!("http://{address}/");
    let tables = format!(
        "[[check]]\nid = \"well\"\nenvironment = \"production\"\nprobe.http = {{ url = \"{url}\" }}\n\
         [[check]]\nid = \"way-back\"\nabout = \"environment\"\nenvironment = \"staging\"\nprobe.rollback-rehearsed = {{ of = \"r\", within = \"1m\" }}\n{}",
        runbook(
            "environment = \"production\"",
            &[
                &sh(
                    "write",
                    "echo $MERIDIAN_REHEARSAL $MERIDIAN_ENVIRONMENT $MERIDIAN_VERSION >> log",
                    "budget = \"1m\""
                ),
                "id = \"tell\"\naction.hook = { name = \"weight=10\" }",
                "id = \"script\"\naction.shell = { text = \"for i in 1 2; do echo $i >> log; done\" }",
                &format!(
                    "id = \"post\"\naction.http = {{ url = \"{url}\", method = \"POST\" }}\nretries = 1"
                ),
                "id = \"health\"\naction.wait-for = { check = \"well\", every = \"1s\" }",
            ],
        )
    );
    let office = Office::new(&tables).await;
    let hook = office.folder.path().join("hooks/weight");
    fs::create_dir(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho weight $1 >> log\necho told\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o700)).unwrap();
    let run = office.begin("r").await;
    let view = office.ends(&run).await;
    assert_eq!(view["outcome"], "done", "{view:#}");
    assert_eq!(office.read("log"), "true staging 1.2.3\nweight 10\n1\n2\n");
    assert_eq!(step(&view, "post")["attempts"], 2, "the first answer was 503");
    assert_eq!(step(&view, "write")["against"], "under", "a minute was planned");
    let digest: release::Digest = step(&view, "tell")["output"].as_str().unwrap().parse().unwrap();
    let (text, evidence) = office
        .control
        .book
        .read(|ledger| {
            let check = Question::Check("way-back".to_owned());
            let about = Subject::Environment("staging".to_owned());
            let standing = ledger.state("ticker", "x").standing(&check, &about).cloned();
            (ledger.documents[&digest].text.clone(), standing.unwrap().newest)
        })
        .unwrap();
    assert_eq!(text, "told\n");
    assert_eq!(evidence.answer().as_str(), "pass");
    assert!(evidence.observed.figures.contains_key("ms") && evidence.observed.by.is_none());
    let report =
        office.control.book.read(|ledger| ledger.documents[&evidence.observed.output.unwrap()].text.clone());
    assert!(report.unwrap().contains("| health |"));
    assert!(!office.folder.path().join("data/runs").join(format!("{run}.lock")).exists());
    // The same as a list, and as it was followed.
    let runs = office.ok("GET", "/v1/runs?service=ticker&open=false", json!({})).await;
    assert_eq!(runs["runs"][0]["run"], run.as_str());
    let (_, events) = office.call("GET", &format!("/v1/runs/{run}/events"), json!({})).await;
    let events = events.as_str().unwrap();
    assert!(
        events.contains("event: row")
            && events.contains("run_step_started")
            && events.contains("event: done")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_undoes_in_the_opposite_order_and_a_late_step_dies_with_its_children() {
    let undo = |id: &str| format!("undo.command = {{ run = [\"sh\", \"-c\", \"echo back {id} >> log\"] }}");
    let late = "echo $$ >> group; sleep 300 & sh -c \"trap : TERM; sleep 300\" & wait";
    let steps = [
        sh("one", "echo one >> log", &undo("one")),
        sh("two", "echo two >> log", &undo("two")),
        sh("late", late, "timeout = \"1s\""),
    ];
    let office = Office::new(&runbook("", &[&steps[0], &steps[1], &steps[2]])).await;
    let view = office.ends(&office.begin("r").await).await;
    assert_eq!(office.read("log"), "one\ntwo\nback two\nback one\n");
    assert_eq!(step(&view, "late")["standing"], "timed out");
    // What was stopped in the middle has no undo: something may be left.
    assert_eq!((&view["outcome"], &view["left_behind"]), (&json!("failed"), &json!(["late"])));
    gone(office.read("group").trim());
}

/// A killed group may take a moment to be gone.
fn gone(group: &str) {
    let group = rustix::process::Pid::from_raw(group.parse().unwrap()).unwrap();
    for _ in 0..500 {
        if rustix::process::test_kill_process_group(group).is_err() || zombies_only(group) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("group {group:?} is still there");
}

/// In a container nobody may collect them.
fn zombies_only(group: rustix::process::Pid) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok());
    let mut of_group = stats.filter_map(|stat| {
        let words: Vec<String> = stat.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect();
        (words[2] == group.as_raw_nonzero().get().to_string()).then(|| words[0].clone())
    });
    of_group.all(|state| state == "Z" || state == "X")
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_asked_in_their_role() {
    let steps = [
        "id = \"look\"\naction.manual = { text = \"look at it\", role = \"developer\" }",
        &sh("extra", "echo extra >> log", "optional = true"),
        "id = \"judge\"\naction.manual = { text = \"judge it\", role = \"developer\" }\noptional = true",
        &sh("broken", "exit 3", "undo.manual = { text = \"put it back\" }\nretries = 0"),
    ];
    let office = Office::new(&runbook("run_by = \"operator\"", &steps)).await;
    let body =
        |by: &str| json!({"policy": office.policy, "runbook": "r", "environment": "staging", "by": by});
    let (status, why) = office.refused("/v1/runs", body("bob")).await;
    assert!(status == 400 && why.contains("asha"), "{why}");
    assert!(office.refused("/v1/runs", body("eve")).await.1.contains("knows no `eve`"));
    let run = office.begin("r").await;
    office.asks(&run, "look").await;
    let path = |word: &str| format!("/v1/runs/{run}/{word}");
    let (status, why) = office.refused(&path("confirm"), json!({"step": "look", "by": "asha"})).await;
    assert!(status == 400 && why.contains("developer") && why.contains("bob"), "{why}");
    assert_eq!(office.refused(&path("go-ahead"), json!({"step": "look", "by": "asha"})).await.0, 400);
    assert_eq!(office.refused(&path("confirm"), json!({"step": "extra", "by": "asha"})).await.0, 409);
    assert_eq!(office.refused(&path("confirm"), json!({"step": "nothing", "by": "asha"})).await.0, 400);
    assert_eq!(office.refused("/v1/runs/run-none/pause", json!({"by": "asha"})).await.0, 404);
    office.say(&run, "confirm", json!({"step": "look", "by": "bob", "note": "it looks well"})).await;
    office.asks(&run, "extra").await;
    // A step belongs to its role before its turn, too.
    let early = |by: &str| json!({"step": "judge", "by": by, "why": "no time"});
    let (status, why) = office.refused(&path("skip"), early("asha")).await;
    assert!(status == 400 && why.contains("developer"), "{why}");
    office.say(&run, "skip", early("bob")).await;
    assert_eq!(office.refused(&path("skip"), json!({"step": "extra", "by": "asha"})).await.0, 400, "why?");
    office.say(&run, "go-ahead", json!({"step": "extra", "by": "asha"})).await;
    let view = office.ends(&run).await;
    assert_eq!(office.read("log"), "extra\n");
    assert!(step(&view, "broken")["why"].as_str().unwrap().contains("ended with 3"));
    assert_eq!(office.refused(&path("pause"), json!({"by": "asha"})).await.0, 409, "it is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_needs_a_decision_and_a_way_back_does_not() {
    let books = "[[runbook]]\nid = \"deploy\"\npurpose = \"deploy\"\n[[runbook.step]]\nid = \"a\"\naction.command = { run = [\"true\"] }\n\
                 [[runbook]]\nid = \"back\"\npurpose = \"roll-back\"\n[[runbook.step]]\nid = \"a\"\naction.command = { run = [\"true\"] }\n";
    let office = Office::new(books).await;
    let body = |runbook: &str| json!({"policy": office.policy, "runbook": runbook, "by": "asha"});
    let (status, why) = office.refused("/v1/runs", body("deploy")).await;
    assert!(status == 409 && why.contains("not_decided"), "{why}");
    let opened =
        json!({"policy": office.policy, "artefact": format!("sha256:{}", "a".repeat(64)), "by": "asha"});
    let release = office.ok("POST", "/v1/release/releases", opened).await["release"].clone();
    let (status, why) =
        office.refused("/v1/runs", json!({"release": release, "runbook": "deploy", "by": "asha"})).await;
    assert!(status == 409 && why.contains("no decision stands"), "{why}");
    let run = office.ok("POST", "/v1/runs", body("back")).await["run"].clone();
    let view = office.ends(run.as_str().unwrap()).await;
    assert_eq!((&view["outcome"], &view["environment"]), (&json!("done"), &json!("production")));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_deployment_at_a_time_and_a_way_back_at_any() {
    let wait = "[[runbook.step]]\nid = \"a\"\naction.manual = { text = \"look\" }\n";
    let books = format!(
        "[[runbook]]\nid = \"deploy\"\npurpose = \"deploy\"\n{wait}\
         [[runbook]]\nid = \"again\"\npurpose = \"deploy\"\n{wait}\
         [[runbook]]\nid = \"back\"\npurpose = \"roll-back\"\n{wait}"
    );
    let office = Office::new(&books).await;
    let opened =
        json!({"policy": office.policy, "artefact": format!("sha256:{}", "a".repeat(64)), "by": "asha"});
    let release = office.ok("POST", "/v1/release/releases", opened).await["release"].clone();
    let path = format!("/v1/release/releases/{}/decision", release.as_str().unwrap());
    let decided = office.ok("POST", &path, json!({})).await;
    assert_eq!(decided["recorded"]["decision"]["outcome"], "go", "{decided:#}");
    let body = |runbook: &str| json!({"release": release, "runbook": runbook, "by": "asha"});
    let first = office.ok("POST", "/v1/runs", body("deploy")).await["run"].clone();
    let first = first.as_str().unwrap();
    let (status, why) = office.refused("/v1/runs", body("again")).await;
    assert!(status == 409 && why.contains("deployment_open") && why.contains(first), "{why}");
    let rehearsal = json!({"release": release, "runbook": "again", "rehearsal": true, "environment": "staging", "by": "asha"});
    office.ok("POST", "/v1/runs", rehearsal).await;
    office.ok("POST", "/v1/runs", body("back")).await;
    office.say(first, "abandon", json!({"by": "asha", "why": "the wrong artefact"})).await;
    office.ends(first).await;
    office.ok("POST", "/v1/runs", body("again")).await;
}

/// Whoever is on call: asked of the policy, by a step and for a release with a day 0 of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_rota_is_asked_like_any_other_check() {
    let tables = format!(
        "[plan]\nday0 = \"2026-11-24\"\n[rota]\ncovered = \"2d\"\n\
         shift = [{{ person = \"asha\", from_day = 0, from = \"00:00\", lasts = \"1d\" }}]\n\
         [[check]]\nid = \"rota\"\nabout = \"team\"\nprobe.rota = {{}}\n{}",
        runbook("", &["id = \"team\"\naction.check = { check = \"rota\" }"])
    );
    let office = Office::new(&tables).await;
    let view = office.ends(&office.begin("r").await).await;
    let why = step(&view, "team")["why"].as_str().unwrap();
    assert!(why.contains("nobody is on call from 2026-11-25 00:00"), "{why}");

    let opened = json!({"policy": office.policy, "artefact": format!("sha256:{}", "a".repeat(64)), "by": "asha",
        "day0": "2026-12-01"});
    let release = office.ok("POST", "/v1/release/releases", opened).await["release"].clone();
    let (status, told) = office.call("POST", "/v1/release/checks", json!({"release": release})).await;
    assert!(status == 200 && told.as_str().unwrap().contains("event: done"), "{told}");
    let standing = office.control.book.read(|ledger| {
        let state = ledger.state("ticker", release.as_str().unwrap());
        state.standing(&Question::Check("rota".to_owned()), &Subject::Team).cloned()
    });
    let answer = standing.unwrap().unwrap().newest.answer();
    assert!(answer.as_str() == "fail" && answer.why().contains("2026-12-02 00:00"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_bounded_and_secrets_stay_secret() {
    let steps = [
        "id = \"flood\"\naction.command = { run = [\"sh\", \"-c\", 'yes | head -c 20000000'] }",
        "id = \"tell\"\naction.command = { run = [\"sh\", \"-c\", 'echo it is $TOKEN; echo $TOKEN >&2; exit 1'], env = { TOKEN = \"secret:door\" } }",
    ];
    let office = Office::new(&runbook("", &steps)).await;
    fs::create_dir_all(office.folder.path().join("data/secrets")).unwrap();
    let door = office.folder.path().join("data/secrets/door");
    fs::write(&door, "open-sesame-4711\n").unwrap();
    fs::set_permissions(&door, fs::Permissions::from_mode(0o644)).unwrap();
    let open = office.ends(&office.begin("r").await).await;
    let why = step(&open, "tell")["why"].as_str().unwrap();
    assert!(why.contains("secret `door`") && why.contains("chmod 600"), "{why}");
    fs::set_permissions(&door, fs::Permissions::from_mode(0o600)).unwrap();
    let view = office.ends(&office.begin("r").await).await;
    let rows = office.control.book.rows().unwrap();
    assert!(rows.iter().all(|row| row.body.len() < 200_000));
    assert!(rows.iter().all(|row| !String::from_utf8_lossy(&row.body).contains("open-sesame")));
    assert!(rows.iter().any(|row| String::from_utf8_lossy(&row.body).contains("it is [redacted]")));
    assert!(!view.to_string().contains("open-sesame"));
}

/// The process is told to end in the middle of a step: the step is stopped and the run goes on elsewhere only by a person's word.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_can_be_resumed_and_is_never_done_by_itself() {
    let once = sh("once", "echo $$ > group; echo once >> log; test -e go || sleep 300", "budget = \"10m\"");
    let mut office = Office::new(&runbook("", &[&once, &sh("after", "echo after >> log", "")])).await;
    let run = office.begin("r").await;
    office.until(&run, |_| office.read("log") == "once\n").await;
    office.canceller.cancel();
    let view = office.until(&run, |view| !view["paused"].is_null()).await;
    gone(office.read("group").trim());
    assert_eq!(step(&view, "once")["standing"], "in doubt");
    office.reopen();
    let serving = tokio::spawn(serve(Arc::clone(&office.control)));
    office.say(&run, "resume", json!({"by": "asha"})).await;
    office.asks(&run, "once").await;
    fs::write(office.folder.path().join("go"), "").unwrap();
    office.say(&run, "go-ahead", json!({"step": "once", "by": "asha", "why": "it is safe"})).await;
    let view = office.ends(&run).await;
    assert_eq!((&view["outcome"], office.read("log").as_str()), (&json!("done"), "once\nonce\nafter\n"));
    office.canceller.cancel();
    serving.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn people_turn_back_and_abandon_what_runs() {
    let first =
        sh("first", "echo first >> log", "undo.command = { run = [\"sh\", \"-c\", \"echo back >> log\"] }");
    let long =
        sh("long", "echo $$ > group; sleep 300", "budget = \"10m\"\nundo.command = { run = [\"true\"] }");
    let proven = "[[check]]\nid = \"way-back\"\nabout = \"environment\"\nenvironment = \"staging\"\n\
                  probe.rollback-rehearsed = { of = \"r\" }\n";
    let office = Office::new(&format!("{proven}{}", runbook("", &[&first, &long]))).await;
    let run = office.begin("r").await;
    office.until(&run, |_| !office.read("group").trim().is_empty()).await;
    let (status, _) = office
        .refused(&format!("/v1/runs/{run}/fail"), json!({"step": "long", "by": "asha", "why": "x"}))
        .await;
    assert_eq!(status, 409, "a machine is doing it");
    let (status, _) = office.refused(&format!("/v1/runs/{run}/resume"), json!({"by": "asha"})).await;
    assert_eq!(status, 409, "it goes on");
    office.say(&run, "back", json!({"by": "asha", "why": "wrong day"})).await;
    let view = office.ends(&run).await;
    assert_eq!((&view["outcome"], office.read("log").as_str()), (&json!("rolled_back"), "first\nback\n"));
    gone(office.read("group").trim());

    fs::write(office.folder.path().join("group"), "").unwrap();
    let run = office.begin("r").await;
    office.until(&run, |_| !office.read("group").trim().is_empty()).await;
    let (status, why) = office.refused(&format!("/v1/runs/{run}/abandon"), json!({"by": "asha"})).await;
    assert!(status == 400 && why.contains("why"), "{why}");
    office.say(&run, "abandon", json!({"by": "asha", "why": "the disk is full"})).await;
    gone(office.read("group").trim());
    let view = office.view(&run).await;
    assert_eq!((&view["outcome"], &view["rows_without_sense"]), (&json!("abandoned"), &json!(0)));
    assert_eq!(view["ended_why"], "the disk is full");
    assert!(view["report"].as_str().unwrap().contains("by asha: the disk is full"));
    // What was rehearsed before stands no more.
    let (answers, held) = office.control.book.read(way_back).unwrap();
    assert_eq!((answers, held.as_str()), (2, "fail"));
}

/// How often the check of the way back was answered, and what stands.
fn way_back(ledger: &release::ledger::Ledger) -> (usize, String) {
    let check = Question::Check("way-back".to_owned());
    let rows = &ledger.services["ticker"].releases;
    let answers = rows.iter().filter(|row| {
        matches!(row, release::event::Event::EvidenceRecorded(evidence) if evidence.observed.question == check)
    });
    let state = ledger.state("ticker", "x");
    let standing = state.standing(&check, &Subject::Environment("staging".to_owned())).unwrap();
    (answers.count(), standing.newest.answer().as_str().to_owned())
}

mod deploy;
