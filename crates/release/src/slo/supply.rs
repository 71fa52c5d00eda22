//! Series with a given share of bad events, in promtool's notation.
//!
//! Enters: what an indicator asks for, phases of traffic. Leaves: series and their values. Never here: what alerts
//! make of them.

use super::example::{pair, series};
use super::signal::Signal;

/// Traffic of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phase {
    steps: u64,
    /// Events per step; `None`: there is no series.
    pace: Option<f64>,
    errors: f64,
}

impl Phase {
    /// So many steps with so many events each, of which a share of `errors` (0 to 1) is bad.
    pub(super) const fn new(steps: u64, pace: f64, errors: f64) -> Phase {
        Phase { steps, pace: Some(pace), errors }
    }

    /// So many steps without series.
    pub(super) const fn nothing(steps: u64) -> Phase {
        Phase { steps, pace: None, errors: 0.0 }
    }
}

/// The series of an indicator.
#[derive(Clone, Debug)]
pub(super) enum Supply {
    /// Two counters.
    Counters {
        /// Name of the narrow one, and its share of events when a share of errors is bad.
        narrow: (String, fn(f64) -> f64),
        /// The same of the other.
        rest: (String, fn(f64) -> f64),
        /// The other exists without the narrow one, and that is no healthy state.
        needs_both: bool,
    },
    /// A gauge: the share of runs that passed.
    Gauge(String),
}

impl Supply {
    /// For an indicator; `None` where no such series are found.
    pub(super) fn of(signal: &Signal) -> Option<Supply> {
        Some(match signal {
            Signal::Events { bad, total } => {
                let found = pair(bad, total)?;
                let rest: fn(f64) -> f64 = if found.nested { |errors| 1.0 - errors } else { |_| 1.0 };
                Supply::Counters {
                    narrow: (found.narrow, |errors| errors),
                    rest: (found.rest, rest),
                    needs_both: false,
                }
            }
            Signal::Latency { within, total } => Supply::Counters {
                narrow: (series(within)?, |errors| 1.0 - errors),
                rest: (series(total)?, |_| 1.0),
                needs_both: true,
            },
            Signal::Probe { success, .. } => Supply::Gauge(series(success)?),
        })
    }

    /// Names and values of the series over the phases.
    pub(super) fn series(&self, phases: &[Phase]) -> Vec<(String, String)> {
        match self {
            Supply::Counters { narrow, rest, .. } => {
                [narrow, rest].map(|(name, share)| (name.clone(), counter(phases, *share))).into()
            }
            Supply::Gauge(name) => {
                let value = |phase: &Phase| match phase.pace {
                    Some(_) => format!("{}+0x{}", number(1.0 - phase.errors), phase.steps.saturating_sub(1)),
                    None => gone(phase.steps),
                };
                vec![(name.clone(), phases.iter().map(value).collect::<Vec<_>>().join(" "))]
            }
        }
    }

    /// A histogram that lacks the edge, for so many steps.
    pub(super) fn without_bucket(&self, steps: u64) -> Option<(String, String)> {
        match self {
            Supply::Counters { rest, needs_both: true, .. } => {
                Some((rest.0.clone(), counter(&[Phase::new(steps, 100.0, 0.0)], |_| 1.0)))
            }
            Supply::Counters { .. } | Supply::Gauge(_) => None,
        }
    }
}

/// `0+100x59 6000+90x19`; each phase begins where the last one ended.
fn counter(phases: &[Phase], share: fn(f64) -> f64) -> String {
    let mut at = 0.0;
    let mut parts = Vec::new();
    for phase in phases {
        match phase.pace {
            Some(pace) => {
                let more = pace * share(phase.errors);
                parts.push(format!("{}+{}x{}", number(at), number(more), phase.steps.saturating_sub(1)));
                at += more * phase.steps as f64;
            }
            None => parts.push(gone(phase.steps)),
        }
    }
    parts.join(" ")
}

/// A marker that the series has ended.
fn gone(steps: u64) -> String {
    format!("stale _x{}", steps.saturating_sub(1))
}

/// Nine decimals: enough for a thousandth of the finest budget.
fn number(value: f64) -> String {
    let text = format!("{value:.9}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
