//! Sums, units and lengths.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];
