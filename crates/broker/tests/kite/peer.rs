//! The other end of a connection, which does exactly what a test says.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use broker::kite::breaker::Patience;
use broker::kite::client::{BootNanos, Client, Settings};
use broker::kite::credentials::Credentials;
use broker::kite::endpoint::Endpoint;
use kite::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Stands behind the bytes of a connection that was reset instead of closed.
pub const RESET: &str = "<reset>";

/// What the peer does with a connection.
#[derive(Clone)]
pub enum Does {
    /// Reads the request, writes this and closes.
    Says(Vec<u8>),
    /// Writes this before it reads anything, then reads on.
    SaysFirst(Vec<u8>),
    /// Closes without a word, and without having read.
    Closes,
    /// Reads, says this much and keeps the connection open until the other side gives up.
    Stalls(Vec<u8>),
}

/// Accepts connections one after the other and treats them all alike.
pub struct Peer {
    pub endpoint: Endpoint,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Peer {
    pub async fn new(does: Does) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let slot = {
                    let mut seen = into.lock().unwrap();
                    seen.push(String::new());
                    seen.len() - 1
                };
                treat(stream, &does, |text| into.lock().unwrap()[slot].push_str(text)).await;
            }
        });
        Peer { endpoint, seen, task }
    }

    pub async fn says(answer: impl Into<Vec<u8>>) -> Peer {
        Peer::new(Does::Says(answer.into())).await
    }

    /// The bytes of each connection so far, once the peer is idle again: it has accepted a connection of ours, behind
    /// all others, and found it closed.
    pub async fn seen(self) -> Vec<String> {
        let (host, port) = {
            let text = self.endpoint.to_string();
            let (host, port) = text.trim_start_matches("http://").split_once(':').unwrap();
            (host.to_owned(), port.parse::<u16>().unwrap())
        };
        let mut stream = TcpStream::connect((host.as_str(), port)).await.unwrap();
        stream.write_all(b"LAST / HTTP/1.1\r\n\r\n").await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
        self.task.abort();
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        seen.pop();
        seen
    }
}

async fn treat(mut stream: TcpStream, does: &Does, mut note: impl FnMut(&str)) {
    match does {
        Does::Closes => {}
        Does::Says(answer) => {
            let request = read_request(&mut stream).await;
            note(&request);
            let _ = stream.write_all(answer).await;
            // A close with unread bytes would reset the connection and take the answer with it.
            let _ = stream.shutdown().await;
            note(rest(&mut stream).await.trim_end_matches(RESET));
        }
        Does::SaysFirst(answer) => {
            let _ = stream.write_all(answer).await;
            let request = read_request(&mut stream).await;
            note(&request);
        }
        Does::Stalls(answer) => {
            let request = read_request(&mut stream).await;
            note(&request);
            let _ = stream.write_all(answer).await;
            if !request.starts_with("LAST") {
                note(&rest(&mut stream).await);
            }
        }
    }
}

/// A head and the body that its length promises, or as much as came.
async fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:").map(|n| n.trim().parse().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read_buf(&mut bytes).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return text,
        }
    }
}

/// What else comes, and [`RESET`] if the connection ends with a reset.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await;
    let reset = end.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset);
    format!("{}{}", String::from_utf8_lossy(&bytes), if reset { RESET } else { "" })
}

/// An answer with a length.
pub fn answer(status: u16, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Word\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// The same, of JSON.
pub fn json(status: u16, body: &str) -> String {
    answer(status, "application/json", body)
}

/// A clock that stands still until it is told otherwise.
#[derive(Clone, Default)]
pub struct Hands(pub Arc<AtomicU64>);

impl Hands {
    /// A client that waits for as long as a busy machine needs.
    pub fn client(&self, endpoint: &Endpoint) -> Client {
        self.client_waiting(endpoint, Duration::from_secs(20))
    }

    /// One that soon gives up on a peer that says nothing.
    pub fn hasty_client(&self, endpoint: &Endpoint) -> Client {
        self.client_waiting(endpoint, Duration::from_millis(200))
    }

    fn client_waiting(&self, endpoint: &Endpoint, answer_time: Duration) -> Client {
        let credentials = Credentials::new("key1", Secret::new("TOKEN")).unwrap();
        let settings = Settings {
            connect_time: Duration::from_secs(20),
            call_time: answer_time,
            read_time: answer_time,
            read_bytes_max: 64 * 1024,
            patience: Patience { failures_max: 3, pause_ns: 1_000 },
        };
        let hands = self.clone();
        let clock = Arc::new(move || BootNanos(hands.0.load(Ordering::SeqCst)));
        Client::new(endpoint.clone(), credentials, settings, clock)
    }
}
