//! What evidence proves and who may bring it, through the routes, with a real journal.

use std::fs;
use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use journal::DataDirectory;
use tower::ServiceExt as _;

use super::*;
use crate::api;
use crate::cancel::{Cancel, Canceller};
use crate::clock::MachineClock;

const RELEASE: &str = "shop-1.0.0";

struct Desk {
    folder: tempfile::TempDir,
    control: Arc<Control>,
    _canceller: Canceller,
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(&folder.path().join("data")).unwrap();
        let (canceller, cancel) = Cancel::pair();
        let entropy = Arc::new(access::entropy::system());
        let control = Control::open(directory, Arc::new(MachineClock), entropy, cancel).unwrap();
        Desk { folder, control, _canceller: canceller }
    }

    /// With this policy in a folder, and a release of it.
    async fn opened(tables: &str) -> Desk {
        let desk = Desk::new();
        let kept = desk.keep(tables, desk.folder.path()).await;
        desk.open(&kept, desk.folder.path()).await;
        desk
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_string())).unwrap();
        let answer = api::router(Arc::clone(&self.control)).oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes);
        // Of a stream its end.
        let last = text.lines().rev().find_map(|line| line.strip_prefix("data:")).unwrap_or(&text);
        (status, serde_json::from_str(last).unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call("POST", path, &body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn refused(&self, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.call("POST", path, &body).await;
        (status, answer["error"].to_string())
    }

    async fn keep(&self, tables: &str, folder: &Path) -> Value {
        let text = format!("{}\n{tables}", include_str!("tests/shop.toml"));
        self.post("/v1/release/policies", json!({"text": text, "folder": folder})).await["policy"].clone()
    }

    async fn open(&self, policy: &Value, folder: &Path) {
        let artefact = format!("sha256:{}", "a".repeat(64));
        let body = json!({"policy": policy, "folder": folder, "version": "1.0.0", "artefact": artefact, "by": "asha"});
        assert_eq!(self.post("/v1/release/releases", body).await["release"], RELEASE);
    }

    async fn check(&self) -> Value {
        self.post("/v1/release/checks", json!({"release": RELEASE})).await
    }

    /// Why it would be no GO.
    async fn reasons(&self) -> String {
        let view = self.call("GET", &format!("/v1/release/releases/{RELEASE}"), &json!({})).await.1;
        view["would_be"]["reasons"].to_string()
    }
}

const MUST_PASS: &str = "[[blocker]]\nid = 'b'\ntitle = 'b'\nchecks = ['c']\n";

fn must_pass(command: &str) -> String {
    format!("{MUST_PASS}[[check]]\nid = 'c'\nprobe.command = {{ run = {command} }}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_an_easier_demand_proves_nothing() {
    let desk = Desk::opened(&must_pass("['false']")).await;
    let hard = desk.control.book.read(|ledger| ledger.policy_of("shop")).unwrap();
    let easy = desk.keep(&must_pass("['true']"), desk.folder.path()).await;
    desk.check().await;
    assert!(desk.reasons().await.contains("it failed"));
    let change = format!("/v1/release/releases/{RELEASE}/policy");
    desk.post(&change, json!({"policy": easy, "by": "asha"})).await;
    desk.check().await;
    assert_eq!(desk.reasons().await, "[]");
    desk.post(&change, json!({"policy": hard, "by": "asha"})).await;
    let reasons = desk.reasons().await;
    assert!(reasons.contains("it was asked by another demand"), "{reasons}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_keeps_the_folder_that_it_was_opened_with() {
    let desk = Desk::new();
    let folder = |name: &str| {
        let folder = desk.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("where"), name).unwrap();
        folder
    };
    let (first, second) = (folder("first"), folder("second"));
    let tables = format!(
        "{MUST_PASS}[[check]]\nid = 'c'\nprobe.command = {{ run = ['cat', 'where'], contains = 'second' }}\n"
    );
    let kept = desk.keep(&tables, &first).await;
    assert_eq!(desk.keep(&tables, &second).await, kept);
    desk.open(&kept, &second).await;
    assert_eq!(desk.check().await["passed"], 1);
    assert_eq!(desk.post("/v1/release/checks", json!({"policy": kept, "folder": first})).await["failed"], 1);
    desk.post(
        &format!("/v1/release/releases/{RELEASE}/policy"),
        json!({"policy": kept, "folder": first, "by": "asha"}),
    )
    .await;
    assert_eq!(desk.check().await["failed"], 1);
    // A folder that nobody kept it with may hold anything.
    let strange = json!({"policy": kept, "folder": desk.folder.path()});
    let (status, words) = desk.refused("/v1/release/checks", strange).await;
    assert!(status == 400 && words.contains("folder"), "{words}");
    let known =
        desk.call("GET", &format!("/v1/release/policies/{}", kept.as_str().unwrap()), &json!({})).await.1;
    assert_eq!(known["folders"], json!([first, second]));
    let run = json!({"policy": kept, "folder": first, "runbook": "look", "environment": "production", "rehearsal": false, "by": "asha"});
    let run = desk.post("/v1/runs", run).await["run"].as_str().unwrap().to_owned();
    for _ in 0..1_000 {
        if first.join("seen").exists() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(first.join("seen").exists() && !second.join("seen").exists(), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_another_version_is_no_evidence_of_this_one() {
    let desk = Desk::opened(&must_pass("['true']")).await;
    let other = desk.post("/v1/release/checks", json!({"release": RELEASE, "version": "0.9.0"})).await;
    assert_eq!((&other["passed"], &other["release"]), (&json!(1), &Value::Null));
    assert!(desk.reasons().await.contains("there is no evidence"));
    let same = desk.post("/v1/release/checks", json!({"release": RELEASE, "version": "1.0.0"})).await;
    assert_eq!(same["release"], RELEASE);
    assert_eq!(desk.reasons().await, "[]");
    let policy = desk.control.book.read(|ledger| ledger.policy_of("shop")).unwrap();
    let both = desk.refused("/v1/release/checks", json!({"release": RELEASE, "policy": policy})).await;
    assert!(both.0 == 400 && both.1.contains("not both"), "{}", both.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_say_it_leaves_no_document() {
    let desk =
        Desk::opened("[[check]]\nid = 'said'\nprobe.attest = { by = 'operator', text = 'so it is' }\n").await;
    let documents = || desk.control.book.read(|ledger| ledger.documents.len()).unwrap();
    let before = documents();
    let path = format!("/v1/release/releases/{RELEASE}/evidence");
    let (status, words) =
        desk.refused(&path, json!({"check": "said", "by": "bob", "document": "a megabyte"})).await;
    assert!(status == 400 && words.contains("does not hold"), "{words}");
    assert_eq!(documents(), before);
    desk.post(&path, json!({"check": "said", "by": "asha", "document": "what I saw"})).await;
    assert_eq!(documents(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hotfix_goes_while_the_incident_that_it_mends_is_open() {
    let tables = "[[severity]]\nid = 'P0'\nmeans = 'down'\nrespond_within = '15m'\nblocks_release = true\n\
        [[severity]]\nid = 'P1'\nmeans = 'slow'\nrespond_within = '1h'\nblocks_release = true\n\
        [windows.hotfix]\nseverities = ['P0']\nsigners = []\n";
    let desk = Desk::opened(tables).await;
    let incident = |severity: &str| json!({"service": "shop", "severity": severity, "title": "orders are lost", "by": "asha"});
    let mended = desk.post("/v1/incidents", incident("P0")).await["incident"].clone();
    let decision = format!("/v1/release/releases/{RELEASE}/decision");
    let outcome = |view: &Value| view["recorded"]["decision"]["outcome"].clone();
    assert_eq!(outcome(&desk.post(&decision, json!({})).await), "no_go");
    assert_eq!(outcome(&desk.post(&decision, json!({"incident": mended})).await), "go");
    // The same comes out from what was recorded.
    let (loaded, state, decided) = desk
        .control
        .book
        .read(|ledger| {
            let (decided, before) = ledger.services["shop"].releases.split_last().unwrap();
            let release::event::Event::Decided(decided) = decided else { panic!("{decided:?}") };
            let mut state = release::state::State::new(RELEASE);
            before.iter().for_each(|event| release::apply::apply(&mut state, event));
            (find(ledger, RELEASE).unwrap().loaded, state, decided.clone())
        })
        .unwrap();
    assert_eq!(release::decision::again(&loaded, &state, &decided, &crate::signing::verify), Ok(()));
    // No exception for this one, and none for others beside the one that is mended.
    let other = desk.post("/v1/incidents", incident("P1")).await["incident"].clone();
    assert_eq!(outcome(&desk.post(&decision, json!({"incident": other})).await), "no_go");
    assert_eq!(outcome(&desk.post(&decision, json!({"incident": mended})).await), "no_go");
}
