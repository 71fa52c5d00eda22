//! Real services that go down, hang and come back, and what users see of it.
#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod service;

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use control::Control;
use control::cancel::{Cancel, Canceller};
use control::clock::MachineClock;
use http_body_util::BodyExt as _;
use journal::DataDirectory;
use release::ledger::event::DocumentKept;
use serde_json::Value;
use service::{Mood, Service};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

/// For anything that has to happen.
const PATIENCE: Duration = Duration::from_secs(40);

fn policy(shop: &Service, desk: &Service) -> String {
    let (shop, desk) = (shop.url(), desk.url());
    format!(
        r#"
format = 1
service = {{ name = "shop", title = "Shop" }}
environment = [{{ id = "production", url = "{shop}", target = true }}]
severity = [{{ id = "P1", means = "down", respond_within = "5m", page = true }}]
trigger = [{{ id = "shop-is-down", event = "health", then = "page" }}]

[[check]]
id = "health"
title = "Orders"
every = "1s"
timeout = "1s"
settle = 2
about = "environment"
probe.http = {{ url = "{{env}}/health" }}

[[check]]
id = "desk"
title = "Prices"
every = "1s"
probe.http = {{ url = "{desk}/health" }}

[[slo]]
id = "good"
objective = 99
period = "30d"
indicator.events = {{ bad = 'requests_total{{code="500"}}', total = 'requests_total' }}
"#
    )
}

struct Process {
    control: Arc<Control>,
    canceller: Canceller,
    work: JoinHandle<()>,
}

impl Process {
    fn start(folder: &Path) -> Process {
        let directory = DataDirectory::open_or_create(folder).unwrap();
        let (canceller, cancel) = Cancel::pair();
        let entropy = Arc::new(access::entropy::system());
        let control = Control::open(directory, Arc::new(MachineClock), entropy, cancel).unwrap();
        let work = tokio::spawn(control::watch::serve(Arc::clone(&control)));
        Process { control, canceller, work }
    }

    fn keep(&self, text: String) {
        let kept =
            DocumentKept { what: "policy".to_owned(), name: "shop.toml".to_owned(), folder: None, text };
        self.control.book.keep("shop", kept).unwrap();
    }

    async fn text(&self, path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = control::api::router(Arc::clone(&self.control)).oneshot(request).await.unwrap();
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        serde_json::from_str(&self.text(path).await.1).unwrap()
    }

    /// Asks until it is so.
    async fn until(&self, path: &str, what: &str, so: impl Fn(&Value) -> bool) -> Value {
        #[expect(clippy::disallowed_methods, reason = "a deadline of the test itself")]
        let end = Instant::now() + PATIENCE;
        loop {
            let seen = self.get(path).await;
            if so(&seen) {
                return seen;
            }
            #[expect(clippy::disallowed_methods, reason = "a deadline of the test itself")]
            let now = Instant::now();
            assert!(now < end, "never {what}: {seen}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn end(self) {
        self.canceller.cancel();
        self.work.await.unwrap();
    }

    /// As `kill -9`: nobody says goodbye.
    async fn kill(self) {
        self.work.abort();
        let _ = self.work.await;
    }
}

fn condition(page: &Value, place: usize) -> &str {
    page["services"][0]["components"][place]["condition"].as_str().unwrap_or_default()
}

fn asked(page: &Value, place: usize) -> u64 {
    let counts = &page["services"][0]["components"][place]["last_day"];
    ["passed", "failed", "unknown"].iter().map(|name| counts[*name].as_u64().unwrap_or(0)).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_from_end_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let (shop, desk) = (Service::start(), Service::start());
    let process = Process::start(folder.path());
    process.keep(policy(&shop, &desk));
    process.until("/status.json", "up", |page| page["overall"] == "operational").await;

    shop.set(Mood::Hangs);
    let page = process.until("/status.json", "down", |page| condition(page, 0) == "down").await;
    assert_eq!(page["overall"], "partial_outage");
    let before = asked(&page, 1);
    let page = process.until("/status.json", "asked", |page| asked(page, 1) >= before + 3).await;
    assert_eq!((condition(&page, 0), condition(&page, 1)), ("down", "up"), "a hanging one delays nobody");

    let seen = process.get("/v1/release/watch?service=shop").await;
    let why = seen["services"][0]["checks"][0]["why"].as_str().unwrap();
    assert!(why.contains("no answer within 1s"), "{why}");
    let (_, html) = process.text("/status").await;
    assert!(html.contains("Partial outage") && !html.contains("no answer") && !html.contains("127.0.0.1"));
    let incidents = || {
        let of = |ledger: &release::ledger::Ledger| ledger.services["shop"].incidents.clone();
        process.control.book.read(of).unwrap()
    };
    assert_eq!(incidents().incidents.len(), 1);
    assert_eq!(incidents().incidents["INC-1"].opened.title, "Orders is down in production");

    // Whoever goes on after a kill knows that it was down, and does not call again.
    process.kill().await;
    let process = Process::start(folder.path());
    assert_eq!(condition(&process.get("/status.json").await, 0), "down");
    process.until("/status.json", "asked again", |page| asked(page, 0) >= 3).await;
    let of = |ledger: &release::ledger::Ledger| ledger.services["shop"].incidents.clone();
    let incidents = process.control.book.read(of).unwrap();
    assert_eq!((incidents.incidents.len(), incidents.alerts.len(), incidents.nonsense), (1, 1, 0));

    shop.set(Mood::Refuses);
    let why = |seen: &Value| seen["services"][0]["checks"][0]["why"].as_str().unwrap_or_default().to_owned();
    process.until("/v1/release/watch", "refused", |seen| why(seen).contains("503")).await;
    shop.set(Mood::Well);
    process.until("/status.json", "up again", |page| page["overall"] == "operational").await;

    // A clean end leaves every count.
    let counted = asked(&process.get("/status.json").await, 1);
    let control = Arc::clone(&process.control);
    process.end().await;
    let hours = control
        .book
        .read(|ledger| release::watch::Histories::fold(&ledger.services["shop"].records))
        .unwrap();
    let place = release::watch::Place { check: "desk".to_owned(), environment: "production".to_owned() };
    let kept: u64 = hours.of(&place).hours.values().map(release::watch::Counts::asked).sum();
    assert!(kept >= counted, "{kept} {counted}");
    let turns = |ledger: &release::ledger::Ledger| ledger.services["shop"].records.len();
    assert!(control.book.read(turns).unwrap() < 20, "no row for each answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn objectives_are_judged_from_the_service_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (shop, desk) = (Service::start(), Service::start());
    shop.set_metrics("requests_total{code=\"200\"} 10\n");
    let process = Process::start(folder.path());
    process.keep(policy(&shop, &desk));
    let first = |seen: &Value| seen["services"][0]["slos"][0].clone();
    let seen = process
        .until("/v1/slos?service=shop", "judged", |seen| first(seen)["observed_since"].is_string())
        .await;
    let slo = first(&seen);
    assert_eq!((&slo["slo"], &slo["data"], &slo["lost"]), (&"good".into(), &"idle".into(), &Value::Null));
    assert!(slo["alerts"].as_array().unwrap().iter().all(|alert| alert["state"] == "quiet"), "{slo}");
    let (status, body) = process.text("/v1/slos?service=nobody").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(body.contains("nobody"));
    process.end().await;

    // Garbage is no data, and says why. The policy is the same, so it begins anew with the process.
    shop.set_metrics("<html>no metrics here</html>");
    let process = Process::start(folder.path());
    let seen = process.until("/v1/slos", "judged", |seen| first(seen)["observed_since"].is_string()).await;
    let slo = first(&seen);
    assert_eq!(slo["data"], "missing");
    assert!(slo["lost"].as_str().unwrap().contains("line 1"), "{slo}");
    process.end().await;
}

/// The operator reads how to give it, gives it, and has to do nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_comes_later_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let (shop, desk) = (Service::start(), Service::start());
    let process = Process::start(folder.path());
    let asks = "probe.http = { url = \"{env}/health\"";
    let asks_with = format!("{asks}, headers = {{ Authorization = \"Bearer {{secret:watch-test-door}}\" }}");
    process.keep(policy(&shop, &desk).replacen(asks, &asks_with, 1));
    let why = |seen: &Value| seen["services"][0]["checks"][0]["why"].as_str().unwrap_or_default().to_owned();
    let seen = process
        .until("/v1/release/watch", "missed", |seen| why(seen).contains("DATA/secrets/watch-test-door"))
        .await;
    assert!(why(&seen).contains("MERIDIAN_SECRET_WATCH_TEST_DOOR"), "{seen}");
    let secrets = folder.path().join("secrets");
    fs::create_dir_all(&secrets).unwrap();
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(secrets.join("watch-test-door"));
    file.as_mut().unwrap().write_all(b"open-sesame-4711\n").unwrap();
    process.until("/status.json", "up", |page| condition(page, 0) == "up").await;
    process.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_watches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    assert_eq!(process.get("/status.json").await["overall"], "unknown");
    let (status, html) = process.text("/status").await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("Not all is known"));
    assert_eq!(process.text("/status?x=1").await.0, StatusCode::OK);
    process.end().await;
}
