//! A receiver of HTTP requests that does as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How it treats one request, after it has read and kept it.
#[derive(Clone, Debug)]
pub enum Mood {
    /// Answers with this status and body.
    Says(u16, &'static str),
    /// Answers 400 with the path and the body that it was sent.
    Echoes,
    /// Never answers.
    Hangs,
    /// Ends the connection.
    HangsUp,
    /// Ends the connection in the middle of its answer.
    BreaksOff,
}

/// What it was sent.
#[derive(Clone, Debug)]
pub struct Got {
    pub idempotency_key: Option<String>,
    pub body: Value,
}

#[derive(Clone)]
pub struct Receiver {
    pub port: u16,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Receiver {
    /// One mood for each request, in this order; after them it takes everything.
    pub async fn start(moods: impl IntoIterator<Item = Mood>) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let moods: Arc<Mutex<VecDeque<Mood>>> = Arc::new(Mutex::new(moods.into_iter().collect()));
        let receiver = Receiver { port, got: Arc::default() };
        let got = Arc::clone(&receiver.got);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&moods), Arc::clone(&got)));
            }
        });
        receiver
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// `action key` of each event that a paging service was sent.
    pub fn events(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        let event =
            |got: &Got| format!("{} {}", text(&got.body["event_action"]), text(&got.body["dedup_key"]));
        self.got().iter().map(event).collect()
    }
}

async fn answer(mut stream: TcpStream, moods: Arc<Mutex<VecDeque<Mood>>>, got: Arc<Mutex<Vec<Got>>>) {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let mut more = [0; 4_096];
        let read = stream.read(&mut more).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        bytes.extend_from_slice(&more[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            let length: usize =
                header(head, "content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
            if rest.len() >= length {
                break (head.to_owned(), length);
            }
        }
    };
    let text = String::from_utf8_lossy(&bytes[bytes.len() - length..]).into_owned();
    let idempotency_key = header(&head, "idempotency-key");
    let mood = moods.lock().unwrap().pop_front().unwrap_or(Mood::Says(202, "{\"status\":\"success\"}"));
    got.lock().unwrap().push(Got { idempotency_key, body: serde_json::from_str(&text).unwrap() });
    let said = match mood {
        Mood::Says(status, body) => respond(status, body),
        Mood::Echoes => respond(400, &format!("{} {text}", head.split(' ').nth(1).unwrap())),
        Mood::Hangs => {
            // Until whoever asked has had enough.
            let _ = stream.read(&mut [0]).await;
            return;
        }
        Mood::HangsUp => return,
        Mood::BreaksOff => "HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{\"sta".to_owned(),
    };
    let _ = stream.write_all(said.as_bytes()).await;
}

fn respond(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn header(head: &str, name: &str) -> Option<String> {
    let of = |line: &str| {
        line.split_once(':')
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
    };
    head.lines().find_map(of)
}
