//! Acts for a release: asks its checks, and keeps what came of it.
//!
//! Enters: policies, commands of people, the time. Leaves: rows of a journal, requests to services, pages to people. Never here: what
//! follows from what is known (that is `release`), trading.
//!
//! - [`api`]: the routes, for people's tools and for the command line.
//! - [`host`]: the same for callers with keys.
//! - [`book`]: the journal of all this, and what it adds up to.
//! - [`releases`]: releases, from their opening to their decision.
//! - [`runs`]: runs of runbooks, performed step by step.
//! - [`incidents`]: from the first word about them to the retrospective.
//! - [`paging`]: sends pages, until somebody answers.
//! - [`plans`]: the plan around day 0, meetings, success.
//! - [`probe`]: asks the checks of a policy, many at once; [`evidence`]: what came of it.
//! - [`report`]: the documents of a release, and their verification.
//! - [`secrets`]: what `secret:NAME` stands for.
//! - [`restored`]: what a backup left open does not go on by itself.
//! - [`signing`]: whether a signature is somebody's.
//! - [`watch`]: synthetic checks and objectives in operation, the status page.
//! - [`refused`]: how it says no.
//! - [`serve`]: what goes on by itself.
//! - [`cancel`]: says that what runs is to end now.
//! - [`clock`]: the only place that reads real clocks.

pub mod api;
pub mod book;
pub mod cancel;
pub mod clock;
mod control;
pub mod evidence;
pub mod host;
pub mod incidents;
pub mod paging;
pub mod plans;
pub mod probe;
pub mod refused;
pub mod releases;
pub mod report;
pub mod restored;
pub mod runs;
pub mod secrets;
pub mod serve;
pub mod signing;
mod surroundings;
pub mod watch;
mod wire;

pub use control::Control;
