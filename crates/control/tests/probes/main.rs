//! Checks asked of real peers: sockets on loopback, programs, repositories, databases, files.
#![expect(clippy::unwrap_used, reason = "tests")]

mod certificate;
mod command;
mod git;
mod http;
mod many;
mod report;
mod setup;
mod sql;
mod tls;
