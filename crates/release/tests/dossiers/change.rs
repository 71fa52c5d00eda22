//! What a change of a mended policy is, and all of them.

use crate::reading::Mended;
use crate::{arithmetic, commands, dates, roles, thresholds};

/// The smallest realistic fault for a code.
pub struct Change {
    pub code: &'static str,
    pub policy: Mended,
    /// What stands there, once, and what is written instead; more than one only where the fault lies between two places.
    pub edits: &'static [(&'static str, &'static str)],
}

impl Change {
    pub const fn new(
        code: &'static str,
        policy: Mended,
        edits: &'static [(&'static str, &'static str)],
    ) -> Change {
        Change { code, policy, edits }
    }
}

/// One for every code, in the order of the catalogue.
pub const CHANGES: &[&[Change]] =
    &[arithmetic::CHANGES, thresholds::CHANGES, dates::CHANGES, roles::CHANGES, commands::CHANGES];
