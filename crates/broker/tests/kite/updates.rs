use std::time::Duration;

use broker::kite::credentials::Credentials;
use broker::kite::endpoint::Endpoint;
use broker::kite::updates::{End, Lost, Pace, Update, follow};
use futures_util::{SinkExt, StreamExt};
use kite::secret::Secret;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::peer::{Peer, json};

const ORDER: &str = r#"{"type":"order","data":{"order_id":"1","variety":"regular","status":"COMPLETE","exchange":"NSE",
    "tradingsymbol":"INFY","instrument_token":408065,"order_type":"LIMIT","transaction_type":"BUY","validity":"DAY",
    "product":"CNC","quantity":1,"disclosed_quantity":0,"price":1,"trigger_price":0,"average_price":1,"filled_quantity":1,
    "pending_quantity":0,"cancelled_quantity":0,"checksum":""}}"#;

struct Following {
    updates: mpsc::Receiver<Update>,
    stop: watch::Sender<bool>,
    task: JoinHandle<End>,
}

impl Following {
    fn begin(endpoint: Endpoint) -> Following {
        let (sender, updates) = mpsc::channel(8);
        let (stop, stopped) = watch::channel(false);
        let pace = Pace {
            connect_time: Duration::from_secs(20),
            silence_max: Duration::from_secs(1),
            pause_first: Duration::from_millis(5),
            pause_max: Duration::from_millis(20),
        };
        let task = tokio::spawn(async move {
            let credentials = Credentials::new("key1", Secret::new("TOKEN")).unwrap();
            follow(&endpoint, &credentials, pace, sender, stopped).await
        });
        Following { updates, stop, task }
    }

    async fn next(&mut self) -> Update {
        self.updates.recv().await.unwrap()
    }
}

async fn listen() -> (TcpListener, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::parse(&format!("ws://{}", listener.local_addr().unwrap())).unwrap();
    (listener, endpoint)
}

async fn accept(listener: &TcpListener) -> WebSocketStream<TcpStream> {
    tokio_tungstenite::accept_async(listener.accept().await.unwrap().0).await.unwrap()
}

#[tokio::test]
async fn orders_arrive_and_every_connection_is_announced() {
    let (listener, endpoint) = listen().await;
    let mut following = Following::begin(endpoint);
    for _ in 0..2 {
        let mut socket = accept(&listener).await;
        assert!(matches!(following.next().await, Update::Connected));
        for text in
            ["nonsense", r#"{"type":"message","data":"hello"}"#, ORDER, r#"{"type":"order","data":{}}"#]
        {
            socket.send(Message::text(text)).await.unwrap();
        }
        assert!(matches!(following.next().await, Update::Order(order) if order.order_id == "1"));
        assert!(matches!(following.next().await, Update::Unreadable));
        drop(socket);
        assert!(matches!(following.next().await, Update::Lost(Lost::Closed)));
    }
    following.stop.send(true).unwrap();
    assert_eq!(following.task.await.unwrap(), End::Stopped);
}

#[tokio::test]
async fn heartbeats_keep_a_connection_and_silence_ends_it() {
    let (listener, endpoint) = listen().await;
    let mut following = Following::begin(endpoint);
    let mut socket = accept(&listener).await;
    assert!(matches!(following.next().await, Update::Connected));
    // Four heartbeats take longer than the longest silence; the order after them comes over the same connection.
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        socket.send(Message::binary(vec![0])).await.unwrap();
    }
    socket.send(Message::text(ORDER)).await.unwrap();
    assert!(matches!(following.next().await, Update::Order(_)));
    assert!(matches!(following.next().await, Update::Lost(Lost::Silent)));
    let _socket = accept(&listener).await;
    assert!(matches!(following.next().await, Update::Connected));
    drop(following.stop);
    assert_eq!(following.task.await.unwrap(), End::Stopped);
}

#[tokio::test]
async fn a_ping_is_answered() {
    let (listener, endpoint) = listen().await;
    let following = Following::begin(endpoint);
    let mut socket = accept(&listener).await;
    socket.send(Message::Ping(vec![1].into())).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(Message::Pong(_)))));
    drop(following.updates);
    socket.send(Message::text(ORDER)).await.unwrap();
    assert_eq!(following.task.await.unwrap(), End::Stopped, "nobody listens");
}

#[tokio::test]
async fn an_ended_session_ends_the_following_and_other_refusals_do_not() {
    let peer = Peer::says(json(429, "{}")).await;
    let mut following = Following::begin(peer.endpoint.clone());
    for _ in 0..2 {
        assert!(matches!(following.next().await, Update::Lost(Lost::Refused(429))));
    }
    following.stop.send(true).unwrap();
    assert_eq!(following.task.await.unwrap(), End::Stopped);
    let seen = peer.seen().await;
    assert!(seen[0].starts_with("GET /?api_key=key1&access_token=TOKEN HTTP/1.1\r\n"), "{seen:?}");
    assert!(seen[0].to_lowercase().contains("x-kite-version: 3\r\n"));

    let peer = Peer::says(json(403, "{}")).await;
    let following = Following::begin(peer.endpoint.clone());
    assert_eq!(following.task.await.unwrap(), End::SessionEnded);
}

#[tokio::test]
async fn a_handshake_that_fails_does_not_show_the_token() {
    let peer = Peer::says("garbage\r\n\r\n").await;
    let mut following = Following::begin(peer.endpoint.clone());
    let update = following.next().await;
    assert!(matches!(&update, Update::Lost(Lost::NoConnection(why)) if !why.contains("TOKEN")), "{update:?}");
}
