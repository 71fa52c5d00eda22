//! A policy around a few checks, a server around a few lines.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use access::Secret;
use control::cancel::Cancel;
use control::clock::MachineClock;
use control::probe::{Context, Outcome, Verdict, run_all};
use release::Loaded;
use release::policy::Check;

/// A policy with these tables.
pub fn policy(tables: &str) -> release::Policy {
    let text = format!("format = 1\nservice = {{ name = \"ticker\", version = \"1.2.3\" }}\n{tables}");
    Loaded::parse(&text).unwrap_or_else(|fault| panic!("{fault:?}\n{text}")).policy
}

/// Around checks in `staging`, relative to `directory`, with what a command needs, and a secret.
pub fn context(tables: &str, directory: &Path) -> (Vec<Check>, Context) {
    let policy = policy(tables);
    let checks = policy.checks.clone();
    let variables =
        [("PATH".to_owned(), std::env::var("PATH").unwrap()), ("LANG".to_owned(), "C".to_owned())];
    let secrets = [("token".to_owned(), Ok(Secret::new("open-sesame-4711")))];
    let context = Context::new(policy, directory.to_owned(), "staging".to_owned(), Arc::new(MachineClock))
        .with_variables(variables.into())
        .with_secrets(secrets.into());
    (checks, context)
}

/// Asks all checks of the tables at once.
pub async fn ask_in(directory: &Path, tables: &str) -> Vec<Outcome> {
    let (checks, context) = context(tables, directory);
    let (_canceller, cancel) = Cancel::pair();
    run_all(&checks, &Arc::new(context), NonZeroUsize::new(64).unwrap(), &cancel, |_| ()).await
}

/// Asks the one check of the tables.
pub async fn ask_one(directory: &Path, tables: &str) -> Outcome {
    ask_in(directory, tables).await.remove(0)
}

/// Asks the one probe, written as `http = { ... }`, within three seconds.
pub async fn probe(directory: &Path, probe: &str) -> Outcome {
    ask_one(directory, &format!("[[check]]\nid = \"x\"\ntimeout = \"3s\"\nprobe.{probe}\n")).await
}

/// Why a check failed.
pub fn failed(outcome: &Outcome) -> &str {
    match &outcome.result {
        Verdict::Fail { why } => why,
        other => panic!("not failed but {other:?}"),
    }
}

/// Why nobody knows.
pub fn unknown(outcome: &Outcome) -> &str {
    match &outcome.result {
        Verdict::Error { why } => why,
        other => panic!("not an error but {other:?}"),
    }
}

/// A server on loopback that does this with every connection, each in a thread of its own.
pub fn serve(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

/// A port that nobody else gets and nobody listens at, as long as the socket is kept.
pub fn closed_port() -> (tokio::net::TcpSocket, SocketAddr) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// A request up to the end of its headers.
pub fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        bytes.push(byte[0]);
    }
    String::from_utf8(bytes).unwrap()
}

/// An answer with these headers and this body.
pub fn respond(stream: &mut impl Write, head: &str, body: &str) {
    let text = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    // Whoever asked may have gone.
    let _ = stream.write_all(text.as_bytes());
}

/// An HTTP server that answers a request by its text.
pub fn serve_http(answer: impl Fn(&str) -> (String, String) + Send + Sync + 'static) -> SocketAddr {
    serve(move |mut stream| {
        let (head, body) = answer(&request(&mut stream));
        respond(&mut stream, &head, &body);
    })
}
