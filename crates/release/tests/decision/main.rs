//! Decisions about a release like that of a ticker service: seven criteria, four blockers, three signers.

#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod laws;
mod oracle;
mod refusals;
mod scores;
mod verdicts;
mod world;
