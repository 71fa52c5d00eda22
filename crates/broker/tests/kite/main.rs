//! The client against real sockets whose other end misbehaves.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod answers;
mod calls;
mod login;
mod peer;
mod reads;
mod updates;
