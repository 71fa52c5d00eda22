//! A service with moods, on a port of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::Duration;

#[derive(Clone, Copy)]
pub enum Mood {
    Well,
    /// Answers 503.
    Refuses,
    /// Accepts, and says nothing.
    Hangs,
}

struct State {
    mood: Mood,
    metrics: String,
}

pub struct Service {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Service {
    pub fn start() -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { mood: Mood::Well, metrics: String::new() }));
        let shared = Arc::clone(&state);
        // Ends with the process of the test.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || answer(stream, &shared));
            }
        });
        Service { address, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn set(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    pub fn set_metrics(&self, text: &str) {
        text.clone_into(&mut self.state.lock().unwrap().metrics);
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) {
    let mut request = [0; 4096];
    let read = stream.read(&mut request).unwrap_or(0);
    let wants_metrics = request[..read].starts_with(b"GET /metrics");
    let (mood, metrics) = {
        let state = state.lock().unwrap();
        (state.mood, state.metrics.clone())
    };
    let (status, body) = match mood {
        // Longer than anybody waits.
        Mood::Hangs => return sleep(Duration::from_secs(20)),
        Mood::Refuses => ("503 Service Unavailable", String::new()),
        Mood::Well if wants_metrics => ("200 OK", metrics),
        Mood::Well => ("200 OK", "well".to_owned()),
    };
    let length = body.len();
    // The other end may be gone.
    let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
}
