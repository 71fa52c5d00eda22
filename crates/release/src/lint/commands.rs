//! Commands, manifests, alert rules and checks.

use super::Rule;

pub(super) const RULES: &[Rule] = &[];
