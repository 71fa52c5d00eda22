//! Thresholds and targets that exclude each other.

mod baselines;
mod budgets;
mod evidence;
mod objectives;
mod recovery;
mod restoring;
mod triggers;

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    recovery::WITHIN_RTO,
    recovery::AFTER_HOLD,
    recovery::LOSES_NOTHING,
    recovery::OLD_SNAPSHOT,
    budgets::OUTAGE,
    budgets::INCIDENTS,
    objectives::BAND,
    objectives::LOOSER,
    objectives::PERIOD,
    restoring::REMEDY,
    restoring::LADDER,
    restoring::VOTE,
    triggers::SHADOWED,
    triggers::NO_WARNING,
    triggers::SEEN_TOO_LATE,
    baselines::MISSED,
    baselines::HEADROOM,
    baselines::UNDEFINED,
    baselines::NO_QUANTILE,
    evidence::OF_NOTHING,
    evidence::NO_PROOF,
    evidence::TOO_FEW,
    evidence::NOT_YET,
    evidence::BLIND,
];
