//! HTTP for probes: what an exchange leaves in the notes, and what its failures mean for a check.
//!
//! Nobody who listens, a certificate that nobody may accept, an answer that is not HTTP: these fail. A name without
//! an address, a network without a way: these are errors, since they say nothing about the service.

use std::fmt::Write as _;

use hyper::Uri;
use hyper::header::{HeaderName, HeaderValue};
use tokio::net::TcpStream;

use super::case::{Case, Miss, Notes, error, fail};
use crate::wire::{self, Failure};

pub(super) use crate::wire::{Answer, BODY_BYTES_MAX, Question};

fn miss(failure: Failure) -> Miss {
    match failure {
        Failure::Refused(why) => Miss::Fail(why),
        Failure::Unknown(why) => Miss::Error(why),
    }
}

/// Reads an address with scheme `http` or `https`.
pub(super) fn address(text: &str) -> Result<Uri, Miss> {
    wire::address(text).map_err(miss)
}

/// Name and value of a header.
pub(super) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), Miss> {
    wire::header(name, value).map_err(miss)
}

/// A connection to the first address that accepts one.
pub(super) async fn connect(host: &str, port: u16) -> Result<TcpStream, Miss> {
    wire::connect(host, port).await.map_err(miss)
}

/// A refusal is an answer, anything else is not.
pub(super) fn not_connected(address: &str, failure: &std::io::Error) -> Miss {
    miss(wire::not_connected(address, failure))
}

/// Asks, and keeps the answer in the notes.
pub(super) async fn exchange(question: Question, case: &Case, notes: &mut Notes) -> Result<Answer, Miss> {
    let answer = wire::exchange(question, &case.context.roots).await.map_err(miss)?;
    let mut head = format!("HTTP {}\n", answer.status);
    for (name, value) in &answer.headers {
        let _ = writeln!(head, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    notes.output.push(0, head.as_bytes());
    notes.output.push(0, b"\n");
    notes.output.push(0, &answer.body);
    if !answer.whole {
        notes.output.breaks_off(0);
    }
    Ok(answer)
}

/// The body as JSON.
pub(super) fn json(answer: &Answer) -> Result<serde_json::Value, Miss> {
    if !answer.whole {
        return error(format!(
            "the answer is longer than {BODY_BYTES_MAX} bytes: too long to be read as JSON"
        ));
    }
    match serde_json::from_slice(&answer.body) {
        Ok(value) => Ok(value),
        Err(failure) => fail(format!("the answer is no JSON: {failure}")),
    }
}
