//! Roles and states.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];
