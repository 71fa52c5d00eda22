//! Sums, units and lengths.

mod downtime;
mod lengths;
mod resolution;
mod runbooks;
mod scores;
mod units;

use super::Rule;

pub(super) const RULES: &[Rule] = &[
    scores::TOTAL,
    scores::NO_WEIGHTS,
    scores::WEIGHTS_OFF,
    scores::FLIPS,
    downtime::MINUTES,
    lengths::SLOT,
    lengths::IN_SESSION,
    lengths::AGENDA,
    runbooks::TOTAL,
    runbooks::OVER_LIMIT,
    runbooks::NO_SLACK,
    runbooks::NOTHING_LEFT,
    units::TWICE,
    units::OUT_OF_RANGE,
    units::OTHER_SCALE,
    resolution::TOO_FINE,
];
