//! Asks the checks of a policy: many at once, each within its time, all of them stopped when that is wanted. Does what a step of
//! a runbook says with the same means.
//!
//! Enters: checks, where and for which version they are asked, secrets by name. Leaves: an [`Outcome`] for each,
//! without any secret in it. Never here: whether a release may go out, how long an outcome counts as evidence, proofs
//! that our own journal holds.
//!
//! A probe that could not find out is an error, never a pass. A check with a negative control passes only if its
//! control fails.

mod action;
mod case;
mod certificate;
mod command;
mod context;
mod dns;
mod fetch;
mod git;
mod http;
mod outcome;
mod output;
mod patterns;
mod process;
mod promql;
mod redact;
mod report;
mod run;
mod sql;
mod target;
mod tcp;
mod tls;
mod wire;

pub use action::{Acted, act};
pub use context::{Context, Started};
pub(crate) use fetch::fetch;
pub use outcome::{KEPT_BYTES_MAX, Outcome, Verdict};
pub(crate) use redact::Redactor;
pub use run::{Progress, run_all};
