//! Thresholds and targets that exclude each other.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];
