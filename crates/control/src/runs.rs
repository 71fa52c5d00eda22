//! Runs of runbooks: begun by people, performed here, step by step, whatever happens to the process that performs them.
//!
//! Enters: commands of people, policies that are kept. Leaves: rows about each run, what its steps do, evidence of what a run proves.
//! Never here: what comes next in a run (that is `release::runbook`), how a check is asked (that is [`crate::probe`]).
//!
//! A row that says what is about to be done stands in the book before it is done. One process at a time performs a run: it holds the
//! run's lock. What it was doing when it died dies with it, and is of unknown fate: whoever goes on with the run says so first.

mod begin;
mod changed;
mod context;
mod finish;
mod follow;
mod go;
mod host;
mod job;
mod lock;
mod perform;
mod person;
mod place;
mod say;
mod view;

use crate::api::{READ, RUN, Table};

pub use host::{Performing, serve};

/// Its routes.
pub fn routes(table: &mut Table) {
    table.add("POST", "/v1/runs", RUN, begin::begin);
    table.add("GET", "/v1/runs", READ, view::list);
    table.add("GET", "/v1/runs/{id}", READ, view::one);
    table.add("GET", "/v1/runs/{id}/events", READ, follow::follow);
    table.add("POST", "/v1/runs/{id}/confirm", RUN, say::confirm);
    table.add("POST", "/v1/runs/{id}/go-ahead", RUN, say::go_ahead);
    table.add("POST", "/v1/runs/{id}/skip", RUN, say::skip);
    table.add("POST", "/v1/runs/{id}/fail", RUN, say::fail);
    table.add("POST", "/v1/runs/{id}/pause", RUN, say::pause);
    table.add("POST", "/v1/runs/{id}/resume", RUN, say::resume);
    table.add("POST", "/v1/runs/{id}/back", RUN, say::back);
    table.add("POST", "/v1/runs/{id}/abandon", RUN, say::abandon);
}

#[cfg(test)]
mod tests;
