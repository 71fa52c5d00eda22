//! What a backup left open, through the routes of the process that has it next.

use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use release::incident::due;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::cancel::{Cancel, Canceller};
use crate::clock::MachineClock;
use crate::{Control, api};

const POLICY: &str = r#"
format = 1
service = { name = "ticker" }
[[environment]]
id = "staging"
[[severity]]
id = "P0"
means = "down"
respond_within = "5m"
page = true
[[severity]]
id = "P1"
means = "broken"
respond_within = "15m"
page = true
[[runbook]]
id = "ask"
purpose = "task"
[[runbook.step]]
id = "look"
action.manual = { text = "look at it" }
[[runbook.step]]
id = "act"
action.command = { run = ["sh", "-c", 'echo acted >> log'] }
"#;

fn open(data: &Path) -> (Arc<Control>, Canceller) {
    let directory = DataDirectory::open_or_create(data).unwrap();
    let (canceller, cancel) = Cancel::pair();
    let entropy = Arc::new(access::entropy::system());
    (Control::open(directory, Arc::new(MachineClock), entropy, cancel).unwrap(), canceller)
}

fn hold_in(data: &Path) -> Held {
    let directory = DataDirectory::open_or_create(data).unwrap();
    hold(directory, Arc::new(MachineClock), Arc::new(access::entropy::system())).unwrap()
}

async fn call(control: &Arc<Control>, method: &str, path: &str, body: Value) -> Value {
    let request = Request::builder().method(method).uri(path).body(Body::from(body.to_string())).unwrap();
    let answer = api::router(Arc::clone(control)).oneshot(request).await.unwrap();
    let status = answer.status();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&bytes));
    serde_json::from_slice(&bytes).unwrap()
}

/// How much is due for the incident now.
fn dues(control: &Control, incident: &str) -> usize {
    let policy = release::Loaded::parse(POLICY).unwrap().policy;
    let now = control.book.now();
    control
        .book
        .read(|ledger| due(&policy, &ledger.services["ticker"].incidents.incidents[incident], now).len())
        .unwrap()
}

async fn until(control: &Arc<Control>, run: &str, holds: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..1_500 {
        let view = call(control, "GET", &format!("/v1/runs/{run}"), json!({})).await;
        if holds(&view) {
            return view;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("never: {:#}", call(control, "GET", &format!("/v1/runs/{run}"), json!({})).await);
}

#[test]
fn a_directory_without_releases_stays_without() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(hold_in(folder.path()), Held::default());
    assert!(!folder.path().join(CONTROL).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_on_and_nobody_is_called_before_a_person_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (control, canceller) = open(&data);
    let kept = json!({"text": POLICY, "name": "p.toml", "folder": folder.path()});
    let policy = call(&control, "POST", "/v1/release/policies", kept).await["policy"].clone();
    let mut runs = Vec::new();
    for _ in 0..2 {
        let body = json!({"policy": policy, "runbook": "ask", "environment": "staging", "by": "asha"});
        let run = call(&control, "POST", "/v1/runs", body).await["run"].as_str().unwrap().to_owned();
        until(&control, &run, |view| view["asked"]["step"] == "look").await;
        runs.push(run);
    }
    call(&control, "POST", &format!("/v1/runs/{}/pause", runs[0]), json!({"by": "asha", "why": "lunch"}))
        .await;
    let body = json!({"severity": "P1", "title": "down", "by": "asha"});
    let incident =
        call(&control, "POST", "/v1/incidents", body).await["incident"].as_str().unwrap().to_owned();
    assert_eq!(dues(&control, &incident), 1);
    canceller.cancel();
    drop(control);
    runs.sort();
    assert_eq!(hold_in(&data), Held { runs: runs.clone(), incidents: vec![incident.clone()] });

    let (control, _canceller) = open(&data);
    tokio::spawn(crate::runs::serve(Arc::clone(&control)));
    for run in &runs {
        let say = |word: &str| format!("/v1/runs/{run}/{word}");
        call(&control, "POST", &say("confirm"), json!({"step": "look", "by": "asha"})).await;
        let view = call(&control, "GET", &format!("/v1/runs/{run}"), json!({})).await;
        assert_eq!((&view["standing"], &view["rows_without_sense"]), (&json!("paused"), &json!(0)));
        assert!(!folder.path().join("log").exists());
        call(&control, "POST", &say("resume"), json!({"by": "asha"})).await;
        until(&control, run, |view| view["outcome"] == "done").await;
        std::fs::remove_file(folder.path().join("log")).unwrap();
    }
    assert_eq!(dues(&control, &incident), 0);
    let change = json!({"severity": "P0", "by": "asha"});
    call(&control, "POST", &format!("/v1/incidents/{incident}/severity"), change).await;
    assert_eq!(dues(&control, &incident), 1, "it goes on, so somebody is called");
}
