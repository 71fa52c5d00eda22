//! Accepting connections: bounded in number, headers and time, and ended without waiting for anybody.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::metrics::Metrics;

/// What a listener allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at the same time, sockets included. One more is answered 503.
    pub connections: usize,
    /// Header lines of a request.
    pub headers: usize,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Time for a request's head to arrive, also between two requests of a connection.
    pub head_time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { connections: 10_000, headers: 64, head_bytes: 32 * 1024, head_time: Duration::from_secs(30) }
    }
}

/// The place of a connection among those allowed. An upgraded socket keeps it in its own task, since the HTTP
/// connection ends with the upgrade.
#[derive(Clone, Debug)]
pub struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// Answers at most this long after the order to end are still written.
const DRAIN: Duration = Duration::from_millis(200);
/// A peer that takes nothing of an answer for so long is cut, and its place is free again.
const WRITE_STALL: Duration = Duration::from_secs(30);
/// A silent peer is asked for a sign of life after this.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// After a failed accept (out of file descriptors): the next try.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// In the broker's envelope, which the Kite clients need; others see the status.
const FULL: &str =
    r#"{"status":"error","message":"too many connections","error_type":"NetworkException","data":null}"#;

/// Returns once `ending` is true, or its sender is gone.
pub async fn ended(ending: &mut watch::Receiver<bool>) {
    // Both outcomes mean the same here.
    let _ = ending.wait_for(|ending| *ending).await;
}

/// Serves `router` until `shutdown` turns true, then lets answers in progress finish for a moment.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    metrics: Arc<Metrics>,
    mut shutdown: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut failed: u64 = 0;
    loop {
        let accepted = tokio::select! {
            biased;
            () = ended(&mut shutdown) => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                failed = failed.saturating_add(1);
                if failed.is_power_of_two() {
                    tracing::warn!(%error, failed, "cannot accept connections");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        match Arc::clone(&places).try_acquire_owned() {
            Ok(permit) => {
                let place = Place { _permit: Arc::new(permit) };
                tokio::spawn(converse(stream, peer, router.clone(), limits, place, shutdown.clone()));
            }
            Err(_) => {
                metrics.connection_refused();
                tokio::spawn(refuse(stream));
            }
        }
    }
    drop(listener);
    // A place is free again when its answer or its socket's farewell is written.
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    if tokio::time::timeout(DRAIN, places.acquire_many(all)).await.is_err() {
        tracing::info!("some connections were still being written to at the end");
    }
}

/// One connection, from its first byte to its last answer.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    place: Place,
    mut shutdown: watch::Receiver<bool>,
) {
    // Small messages must leave at once, and a peer that vanished must be noticed; failing to say so costs only that.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEP_ALIVE));
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_STALL));
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(place.clone());
        router.clone().oneshot(request.map(axum::body::Body::new) as Request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_headers(limits.headers)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(Box::pin(stream)), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = ended(&mut shutdown) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "connection ended early");
    }
}

async fn refuse(mut stream: TcpStream) {
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{FULL}",
        FULL.len()
    );
    // The peer may be gone or not read: a refused connection gets one short try.
    let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(answer.as_bytes())).await;
}
