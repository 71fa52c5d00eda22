//! Control in a folder, with a clock that is set by hand.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use control::Control;
use control::cancel::{Cancel, Canceller};
use control::clock::{Clock, MachineClock};
use control::paging::{Called, send_due};
use http_body_util::BodyExt as _;
use journal::DataDirectory;
use market::UnixNanos;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

pub const POLICY: &str = r#"
format = 1
role = [{ id = "on-call", title = "On call" }, { id = "lead", title = "Lead" }]
person = [
  { id = "asha", name = "Asha", roles = ["on-call"] },
  { id = "ravi", name = "Ravi", roles = ["on-call"] },
  { id = "lena", name = "Lena", roles = ["lead"] },
]
[service]
name = "shop"
version = "1.0.0"
[[environment]]
id = "production"
target = true
[plan]
day0 = "2027-01-15"
[rota]
covered = "2d"
shift = [
  { person = "asha", from_day = 0, from = "00:00", lasts = "1d" },
  { person = "ravi", from_day = 1, from = "00:00", lasts = "1d" },
]
[escalation]
chain = [{ role = "on-call", within = "15m" }, { role = "lead", within = "30m" }]
[[severity]]
id = "P0"
means = "down"
respond_within = "5m"
page = true
blocks_release = true
[[severity]]
id = "P1"
means = "broken"
respond_within = "15m"
page = true
blocks_release = true
[[severity]]
id = "P3"
means = "untidy"
respond_within = "1d"
[[check]]
id = "delivered"
about = "team"
probe.alert-delivered = { within = "2m" }
[[check]]
id = "errors-delivered"
about = "team"
probe.alert-delivered = { of = "errors", within = "2m" }
[[check]]
id = "other-delivered"
about = "team"
probe.alert-delivered = { of = "corrupt", within = "2m" }
[[trigger]]
id = "errors"
event = "errors"
then = "page"
[[trigger]]
id = "corrupt"
event = "corrupt"
then = "roll-back"
[[trigger]]
id = "slow"
event = "slow"
then = "warn"
"#;

/// 2027-01-15T08:00:00Z.
const START: i64 = 1_800_000_000;

struct Hand(AtomicI64);

impl Clock for Hand {
    fn wall(&self) -> UnixNanos {
        UnixNanos::from_seconds(self.0.load(Ordering::Relaxed))
    }

    fn mono(&self) -> Instant {
        MachineClock.mono()
    }
}

pub struct World {
    pub folder: TempDir,
    clock: Arc<Hand>,
    pub control: Arc<Control>,
    _canceller: Canceller,
}

impl World {
    /// With the policy kept, and these channels.
    pub async fn new(channels: &str) -> World {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Hand(AtomicI64::new(START)));
        let (control, canceller) = open(&folder, &clock);
        let world = World { folder, clock, control, _canceller: canceller };
        world.channels(channels);
        world.post("/v1/release/policies", &json!({ "text": POLICY, "name": "shop.toml" })).await;
        world
    }

    pub fn channels(&self, text: &str) {
        fs::write(self.folder.path().join("channels.toml"), text).unwrap();
    }

    pub fn later(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::Relaxed);
    }

    /// What another process would see.
    pub fn another(&self) -> Arc<Control> {
        open(&self.folder, &self.clock).0
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask("POST", path, Some(body)).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub async fn refused(&self, path: &str, body: &Value) -> (u16, Value) {
        let (status, answer) = self.ask("POST", path, Some(body)).await;
        assert!(status >= 400, "{path}: {answer}");
        (status, answer["error"].clone())
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        let request = Request::builder().method(method).uri(path).body(body).unwrap();
        let router: Router = control::api::router(Arc::clone(&self.control));
        let answer = router.oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    /// Opens an incident and answers its id.
    pub async fn incident(&self, severity: &str) -> String {
        let body =
            json!({ "service": "shop", "severity": severity, "title": "orders are refused", "by": "asha" });
        self.post("/v1/incidents", &body).await["incident"].as_str().unwrap().to_owned()
    }

    /// Sends what is due now.
    pub async fn send(&self) -> Vec<Called> {
        send_due(&self.control).await.unwrap()
    }

    /// The bodies of all rows of these kinds.
    pub fn rows(&self, kind: &str) -> Vec<Value> {
        let rows = self.control.book.rows().unwrap();
        let rows = rows.iter().filter(|row| row.kind == kind);
        rows.map(|row| serde_json::from_slice(&row.body).unwrap()).collect()
    }
}

fn open(folder: &TempDir, clock: &Arc<Hand>) -> (Arc<Control>, Canceller) {
    let directory = DataDirectory::open_or_create(folder.path()).unwrap();
    let (canceller, cancel) = Cancel::pair();
    let clock: Arc<dyn Clock> = Arc::<Hand>::clone(clock);
    (Control::open(directory, clock, Arc::new(access::entropy::system()), cancel).unwrap(), canceller)
}

/// Until it holds; fails after a generous time.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    let all = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(20), all).await.is_ok(), "waited in vain: {what}");
}
