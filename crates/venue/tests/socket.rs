//! The venue as the gateway's own client for this protocol meets it: what every fault makes of a call, and what the
//! book then says.
#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use broker::kite::breaker::Patience;
use broker::kite::call::Call;
use broker::kite::client::{BootNanos, Client, Settings};
use broker::kite::credentials::Credentials;
use broker::kite::endpoint::Endpoint;
use broker::kite::fate::{Doubt, Fate, Receipt};
use broker::kite::reads::ReadError;
use broker::kite::updates::{End, Pace, Update, follow};
use feed::sim::{Hours, INSTRUMENTS_MIN, Sim, SimConfig};
use kite::form::Form;
use kite::rest::modification::{Cancellation, Modification};
use kite::rest::placement::Placement;
use kite::rest::words::{ErrorType, OrderStatus};
use kite::secret::Secret;
use market::UnixNanos;
use tokio::sync::{mpsc, watch};
use venue::book::Book;
use venue::credentials::Given;
use venue::engine::Now;
use venue::faults::Plan;
use venue::log::Log;
use venue::{Config, Running};

/// 2026-11-24 10:00:00 IST.
const TEN: i64 = 1_795_494_600_000_000_000;
const MS: i64 = 1_000_000;

struct Venue {
    running: Running,
    clock: Arc<AtomicI64>,
}

impl Venue {
    async fn start(data: &Path, faults: &str) -> Venue {
        Venue::start_at(data, faults, "127.0.0.1:0").await
    }

    /// A venue whose clocks stand still until the test moves them; orders arrive at the market at once.
    async fn start_at(data: &Path, faults: &str, listen: &str) -> Venue {
        let clock = Arc::new(AtomicI64::new(TEN));
        let time = Arc::clone(&clock);
        let config =
            SimConfig { seed: 7, instruments: INSTRUMENTS_MIN, rate: 100, hours: Hours::AroundTheClock };
        let config = Config {
            listen: listen.parse().unwrap(),
            data: data.to_owned(),
            given: Given {
                accounts: vec!["a".into(), "b".into()],
                api_key: Some("key1".into()),
                access_tokens: vec![Secret::new("TOKEN-a"), Secret::new("TOKEN-b")],
            },
            latency_ms: 0,
            plan: Plan::parse(&format!(r#"{{"faults":[{faults}]}}"#)).unwrap(),
            market: Box::new(Sim::new(config, UnixNanos(TEN)).unwrap()),
            clock: Arc::new(move || {
                let now = time.load(Ordering::Relaxed);
                Now { market: UnixNanos(now), machine: now }
            }),
            speed: 1.0,
        };
        Venue { running: venue::start(config, &|_| false).await.unwrap(), clock }
    }

    fn client(&self, token: &str) -> Client {
        let settings = Settings {
            // Long enough for a busy machine; what is late on purpose is later still.
            call_time: Duration::from_secs(3),
            patience: Patience { failures_max: u32::MAX, pause_ns: 0 },
            ..Settings::default()
        };
        let credentials = Credentials::new("key1", Secret::new(token)).unwrap();
        Client::new(self.endpoint(), credentials, settings, Arc::new(|| BootNanos(0)))
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::parse(&self.running.address).unwrap()
    }

    fn later(&self, ms: i64) {
        self.clock.fetch_add(ms * MS, Ordering::Relaxed);
    }

    /// Order updates of account `a`, from the first connection on.
    async fn updates(&self) -> (mpsc::Receiver<Update>, watch::Sender<bool>) {
        let (sender, mut updates) = mpsc::channel(64);
        let (stop, stopped) = watch::channel(false);
        let endpoint = self.endpoint();
        tokio::spawn(async move {
            let credentials = Credentials::new("key1", Secret::new("TOKEN-a")).unwrap();
            follow(&endpoint, &credentials, Pace::default(), sender, stopped).await
        });
        assert!(matches!(updates.recv().await, Some(Update::Connected)));
        (updates, stop)
    }
}

fn place(fields: &str) -> Call {
    let form =
        format!("exchange=NSE&tradingsymbol=INFY&product=CNC&quantity=1&transaction_type=BUY&{fields}");
    let placement = Placement::read("regular", &Form::parse(&form).unwrap()).unwrap();
    Call::Place { tag: "m0000000000000000001".into(), placement }
}

/// Far below the market.
fn resting() -> Call {
    place("order_type=LIMIT&price=100")
}

fn taking() -> Call {
    place("order_type=MARKET")
}

fn cancel(order_id: &str) -> Call {
    Call::Cancel(Cancellation::read("regular", order_id, &Form::default()).unwrap())
}

fn modify(order_id: &str, fields: &str) -> Call {
    Call::Modify(Modification::read("regular", order_id, &Form::parse(fields).unwrap()).unwrap())
}

async fn send(client: &Client, call: &Call) -> Fate {
    client.send(call, BootNanos(u64::MAX)).await
}

async fn taken(client: &Client, call: &Call) -> String {
    match send(client, call).await {
        Fate::Acknowledged(Receipt::Order(id)) => id,
        other => panic!("{other:?}"),
    }
}

async fn next_order(updates: &mut mpsc::Receiver<Update>) -> (OrderStatus, i64) {
    match updates.recv().await.unwrap() {
        Update::Order(order) => (order.status.clone(), order.filled_quantity.to_i64().unwrap()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_day_of_an_account_and_its_book_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let venue = Venue::start(folder.path(), "").await;
    let client = venue.client("TOKEN-a");
    let (mut updates, _stop) = venue.updates().await;
    assert_eq!(client.profile().await.unwrap().broker.as_ref().unwrap(), "MERIDIAN-VENUE");
    assert!(client.margins().await.unwrap().equity.as_ref().unwrap().enabled);
    assert!(client.orders().await.unwrap().is_empty() && client.holdings().await.unwrap().is_empty());

    let bought = taken(&client, &taking()).await;
    assert_eq!(next_order(&mut updates).await, (OrderStatus::Open, 0));
    assert_eq!(next_order(&mut updates).await, (OrderStatus::Complete, 1));
    let open = taken(&client, &resting()).await;
    assert_eq!(next_order(&mut updates).await, (OrderStatus::Open, 0));
    assert_eq!(taken(&client, &modify(&open, "quantity=5")).await, open);
    assert_eq!(next_order(&mut updates).await, (OrderStatus::Open, 0));

    let trades = client.trades().await.unwrap();
    assert_eq!((trades.len(), trades[0].order_id.as_str()), (1, bought.as_str()));
    let positions = client.positions().await.unwrap();
    assert_eq!(positions.net[0].quantity.to_i64(), Some(1));
    assert_eq!(positions.net[0].average_price.to_string(), trades[0].average_price.to_string());
    let history = client.order_history(&open).await.unwrap();
    let words: Vec<_> = history.iter().map(|order| order.status.as_str()).collect();
    assert_eq!(words, ["PUT ORDER REQ RECEIVED", "OPEN", "OPEN"]);
    assert!(venue.client("TOKEN-b").orders().await.unwrap().is_empty(), "accounts do not see each other");
    assert!(matches!(send(&venue.client("TOKEN-b"), &cancel(&open)).await, Fate::Refused { .. }));

    let before = serde_json::to_string(&client.orders().await.unwrap()).unwrap();
    venue.running.end().await;
    let venue = Venue::start(folder.path(), "").await;
    let client = venue.client("TOKEN-a");
    assert_eq!(serde_json::to_string(&client.orders().await.unwrap()).unwrap(), before);
    assert_eq!(taken(&client, &cancel(&open)).await, open);
    let orders = client.orders().await.unwrap();
    assert_eq!(
        (&orders[1].status, orders[1].cancelled_quantity.to_i64()),
        (&OrderStatus::Cancelled, Some(5))
    );
    venue.running.end().await;
}

#[tokio::test]
async fn every_fault_of_an_answer_has_its_fate() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut orders = 0;
    type Expected = fn(&Fate) -> bool;
    let unknown: Expected = |fate| matches!(fate, Fate::Unknown(Doubt::Inconclusive { .. }));
    let broken: Expected = |fate| matches!(fate, Fate::Unknown(Doubt::Broken(_)));
    let cases: [(&str, Expected, usize); 8] = [
        (r#"{"kind":"close_before","next":1}"#, broken, 0),
        (r#"{"kind":"close_after","next":1}"#, broken, 1),
        (r#"{"kind":"answer_error","status":503,"next":1}"#, unknown, 1),
        (r#"{"kind":"answer_error","status":504,"next":1}"#, unknown, 1),
        (r#"{"kind":"garbage","next":1}"#, unknown, 1),
        (r#"{"kind":"answer_late","ms":20000,"next":1}"#, |fate| *fate == Fate::Unknown(Doubt::TimedOut), 1),
        (r#"{"kind":"refuse","next":1}"#, |fate| matches!(fate, Fate::Refused { status: 400, .. }), 0),
        (r#"{"kind":"reject","next":1}"#, |fate| matches!(fate, Fate::Acknowledged(_)), 1),
    ];
    for (placements, (fault, is_expected, made)) in (1u64..).zip(cases) {
        let venue = Venue::start(folder, fault).await;
        let client = venue.client("TOKEN-a");
        let fate = send(&client, &resting()).await;
        assert!(is_expected(&fate), "{fault}: {fate:?}");
        orders += made;
        let book = client.orders().await.unwrap();
        assert_eq!(book.len(), orders, "{fault}");
        let ledger = Book::of(&Log::facts_in(folder).unwrap()).ledger().clone();
        assert_eq!(ledger.tags["a"]["m0000000000000000001"].placements, placements, "{fault}: it arrived");
        if fault.contains("reject") {
            assert_eq!(book.last().unwrap().status, OrderStatus::Rejected);
        }
        venue.running.end().await;
    }
}

#[tokio::test]
async fn cancellations_are_refused_and_orders_hide_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let faults = r#"{"kind":"refuse","on":["cancel"],"next":1},{"kind":"hide","ms":500,"next":1},
        {"kind":"close_before","on":["read"],"account":"b","next":1}"#;
    let venue = Venue::start(folder.path(), faults).await;
    let client = venue.client("TOKEN-a");
    let order = taken(&client, &resting()).await;
    assert!(client.orders().await.unwrap().is_empty(), "acknowledged, and not in the book yet");
    venue.later(500);
    assert_eq!(client.orders().await.unwrap().len(), 1);
    let refused = send(&client, &cancel(&order)).await;
    assert!(matches!(refused, Fate::Refused { error_type: ErrorType::Order, .. }), "{refused:?}");
    assert_eq!(client.orders().await.unwrap()[0].status, OrderStatus::Open);
    assert_eq!(taken(&client, &cancel(&order)).await, order);
    assert_eq!(client.orders().await.unwrap()[0].status, OrderStatus::Cancelled);
    let other = venue.client("TOKEN-b");
    assert!(matches!(other.orders().await, Err(ReadError::NoAnswer(_))));
    assert!(other.orders().await.unwrap().is_empty());
    venue.running.end().await;
}

#[tokio::test]
async fn an_acknowledgement_can_come_behind_the_update() {
    let folder = tempfile::tempdir().unwrap();
    let venue = Venue::start(folder.path(), r#"{"kind":"fill_first","ms":1000,"next":2}"#).await;
    let client = venue.client("TOKEN-a");
    let (mut updates, _stop) = venue.updates().await;
    taken(&client, &taking()).await;
    assert_eq!(next_order(&mut updates).await, (OrderStatus::Open, 0));
    assert_eq!(next_order(&mut updates).await, (OrderStatus::Complete, 1));
    let call = resting();
    let mut answer = std::pin::pin!(send(&client, &call));
    let told = tokio::select! {
        fate = &mut answer => panic!("answered before anything was told: {fate:?}"),
        told = next_order(&mut updates) => told,
    };
    assert_eq!(told, (OrderStatus::Open, 0));
    venue.later(1_000);
    assert!(matches!(answer.await, Fate::Acknowledged(_)), "it waits no longer than it was told to");
    venue.running.end().await;
}

#[tokio::test]
async fn updates_are_doubled_and_dropped_on_the_socket() {
    let folder = tempfile::tempdir().unwrap();
    let faults = r#"{"kind":"duplicate_update","next":1},{"kind":"drop_update","per_million":0,"next":2}"#;
    let venue = Venue::start(folder.path(), faults).await;
    let client = venue.client("TOKEN-a");
    let (mut updates, _stop) = venue.updates().await;
    let order = taken(&client, &resting()).await;
    taken(&client, &modify(&order, "quantity=3")).await;
    taken(&client, &modify(&order, "quantity=4")).await;
    taken(&client, &cancel(&order)).await;
    let told =
        [next_order(&mut updates).await, next_order(&mut updates).await, next_order(&mut updates).await];
    let words = told.map(|(status, _)| status);
    assert_eq!(words, [OrderStatus::Open, OrderStatus::Open, OrderStatus::Cancelled]);
    venue.running.end().await;
}

#[tokio::test]
async fn nobody_gets_in_without_the_right_token() {
    let folder = tempfile::tempdir().unwrap();
    let venue = Venue::start(folder.path(), "").await;
    let client = venue.client("TOKEN-c");
    assert!(matches!(client.orders().await, Err(ReadError::SessionEnded)));
    assert!(send(&client, &resting()).await.is_session_ended());
    let (sender, _updates) = mpsc::channel(8);
    let (_stop, stopped) = watch::channel(false);
    let credentials = Credentials::new("key1", Secret::new("TOKEN-c")).unwrap();
    let end = follow(&venue.endpoint(), &credentials, Pace::default(), sender, stopped).await;
    assert_eq!(end, End::SessionEnded);
    assert_eq!(Log::facts_in(folder.path()).unwrap().len(), 1, "nothing of it is written down");
    venue.running.end().await;
}

#[tokio::test]
async fn a_unix_socket_serves_the_same_and_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("venue.sock");
    // What a killed venue leaves behind: a socket that nobody answers.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listen = format!("unix:{}", path.display());
    let venue = Venue::start_at(folder.path(), "", &listen).await;
    assert_eq!(venue.running.address, listen);
    let client = venue.client("TOKEN-a");
    taken(&client, &taking()).await;
    assert_eq!(client.positions().await.unwrap().net.len(), 1);
    venue.running.end().await;
    assert!(!path.exists());
}

#[tokio::test]
async fn the_market_moves_and_fills_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let venue = Venue::start(folder.path(), "").await;
    let client = venue.client("TOKEN-a");
    let (mut updates, _stop) = venue.updates().await;
    // More than the book shows: the rest waits for the books to come.
    let Call::Place { tag, mut placement } = taking() else { unreachable!() };
    placement.quantity = 3_000;
    let order = taken(&client, &Call::Place { tag, placement }).await;
    loop {
        match tokio::time::timeout(Duration::from_millis(100), next_order(&mut updates)).await {
            Ok((OrderStatus::Complete, filled)) => break assert_eq!(filled, 3_000),
            Ok(_) => {}
            Err(_) => venue.later(1_000),
        }
    }
    let trades = client.trades().await.unwrap();
    let sum: i64 = trades.iter().filter_map(|trade| trade.quantity.to_i64()).sum();
    assert!(sum == 3_000 && trades.iter().all(|trade| trade.order_id == order));
    venue.running.end().await;
}
