//! Reports of a told release: whole ones are confirmed, and whatever is changed in one is named.
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "../../../dossier/tests/story/mod.rs"]
mod story;

mod forged;
mod hostile;
mod routes;
mod tampered;
mod world;
