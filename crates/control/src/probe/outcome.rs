//! What came of a check.

use std::collections::BTreeMap;
use std::time::Duration;

use market::UnixNanos;
use release::Figure;
use release::policy::Check;

/// Most of a probe's output that is kept, bytes.
pub const KEPT_BYTES_MAX: usize = 64 * 1024;

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It was asked, and does not hold.
    Fail {
        /// What does not hold.
        why: String,
    },
    /// Nobody knows: it could not be asked, or the answer says nothing.
    Error {
        /// What stood in the way.
        why: String,
    },
    /// It was not asked.
    NotRun {
        /// What it needs, or what stopped it.
        why: String,
    },
}

/// What came of one check. No text here holds a secret.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was demanded.
    pub check: Check,
    /// When the first attempt began.
    pub started: UnixNanos,
    /// How long all attempts took.
    pub took: Duration,
    /// How often it was asked; more than once only after a failure.
    pub attempts: u32,
    /// How the last attempt ended.
    pub result: Verdict,
    /// The last attempt was stopped, since its time was over.
    pub timed_out: bool,
    /// What was measured, by name.
    pub figures: BTreeMap<String, Figure>,
    /// What was asked, for people.
    pub inputs: String,
    /// What came back: its beginning and its end, at most [`KEPT_BYTES_MAX`].
    pub output: String,
    /// SHA-256, in hex, of all that came back, as far as it was read.
    pub output_digest: String,
    /// What came of the negative control.
    pub control: Option<Box<Outcome>>,
}
