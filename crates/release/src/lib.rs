//! Going live, as questions with computed answers: is it allowed, is it good, what comes next.
//!
//! Enters: a policy, facts with their times. Leaves: findings, scores, decisions, next steps. Never here: a clock, a file, a
//! socket, a random number, trading.
//!
//! - [`policy`]: what a team demands of a release of its service, as data.
//! - [`lint`]: what is wrong with it before anything has happened.
//! - [`claims`]: its authors' own figures beside the computed ones.
//! - [`event`], [`apply`], [`state`]: what the journal holds about a release, and what it adds up to.
//! - [`evidence`], [`scorecard`], [`signature`]: what was seen, how it is scored, who put their name to it.
//! - [`decision`]: GO, GO WITH CONDITIONS or NO-GO, and why.
//! - [`slo`]: objectives in operation: budgets, alerts, dashboards.
//! - [`calendar`]: when the markets it depends on are in session.
//! - [`window`]: when a release may begin, and why not now.
//! - [`budget`], [`evidence_needed`], [`runbook_time`]: the arithmetic of objectives, tests and runbooks.
//! - [`runbook`]: what comes next in a runbook that is being run, and how long it took.
//! - [`incident`]: who has to be called now, which clocks are broken, how long it took.
//! - [`schedule`], [`meeting`], [`agenda`], [`announcement`], [`timing`]: the plan around day 0, with its dates.
//! - [`reviews`], [`risks`], [`evaluate`]: reviews by role, what may go wrong, success later on.
//! - [`promotion`], [`notes`]: one artefact through the environments, and what is new in it.
//! - [`rota`]: who is on call, and when nobody is.
//! - [`rows`]: how events stand in a journal; [`ledger`]: all of control's journal, folded.
//! - [`watch`]: synthetic checks over time, and the status page.
//! - [`figure`], [`length`]: exact numbers and durations.
//! - [`init`]: the policy to start with.

pub mod agenda;
pub mod announcement;
pub mod apply;
pub mod budget;
pub mod calendar;
pub mod claims;
pub mod day;
pub mod decision;
pub mod digest;
pub mod evaluate;
pub mod event;
pub mod evidence;
pub mod evidence_needed;
pub mod figure;
pub mod incident;
pub mod init;
pub mod ledger;
pub mod length;
pub mod lint;
mod marks;
pub mod meeting;
mod moment;
pub mod notes;
pub mod policy;
pub mod promotion;
mod proof;
pub mod reviews;
pub mod risks;
pub mod rota;
pub mod rows;
pub mod runbook;
pub mod runbook_time;
pub mod schedule;
pub mod scorecard;
pub mod signature;
pub mod slo;
pub mod state;
mod table;
pub mod timing;
pub mod watch;
pub mod window;

pub use digest::Digest;
pub use figure::Figure;
pub use length::{Budget, Length, later};
pub use moment::{Moment, Who};
pub use policy::{Loaded, Policy};
pub use proof::policy_digest;
