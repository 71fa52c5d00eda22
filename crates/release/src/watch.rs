//! Synthetic checks over time: what is up, since when, how much of the time, and what users are told of it.
//!
//! Enters: policies, rows of the journal, answers with their times. Leaves: rows to write, figures, the status page. Never here: asking,
//! clocks, sockets.
//!
//! - [`which`]: which checks are synthetic, and where each is asked.
//! - [`damp`]: when an answer changes what stands; [`recorder`]: which rows follow from the answers.
//! - [`history`]: what the rows add up to.
//! - [`page`]: what users are told; [`html`]: the same as a page.
//! - [`firing`]: which trigger of the policy an outage or an alert sets off.
//!
//! What nobody knows is never up: not where nobody could ask, and not where nobody has asked for too long.

pub mod damp;
pub mod firing;
pub mod history;
pub mod html;
pub mod page;
pub mod recorder;
pub mod which;

use serde::{Deserialize, Serialize};

pub use damp::Damped;
pub use history::{Counts, Histories, History};
pub use page::{Page, page};
pub use recorder::Recorder;
pub use which::{Watched, watched};

/// A check where it is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Its `id` in the policy.
    pub check: String,
    /// The environment's `id`.
    pub environment: String,
}

/// How it is with a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It passes.
    Up,
    /// It does not.
    Down,
    /// Nobody knows.
    #[default]
    Unknown,
}

impl Condition {
    /// As a row says it.
    pub const fn of(up: Option<bool>) -> Condition {
        match up {
            Some(true) => Condition::Up,
            Some(false) => Condition::Down,
            None => Condition::Unknown,
        }
    }

    /// For a row.
    pub const fn up(self) -> Option<bool> {
        match self {
            Condition::Up => Some(true),
            Condition::Down => Some(false),
            Condition::Unknown => None,
        }
    }

    /// `up`, `down`, `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Condition::Up => "up",
            Condition::Down => "down",
            Condition::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests;
