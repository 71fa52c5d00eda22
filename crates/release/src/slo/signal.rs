//! How an indicator is asked for in PromQL.
//!
//! Enters: an indicator of a policy. Leaves: its selectors and expressions. Never here: thresholds, alerts.
//!
//! - Events: bad and total counters. A counter of bad events that does not exist yet counts as none.
//! - Latency: of a classic histogram, all events minus those in the bucket whose edge is the limit. No quantile is
//!   estimated; the edge has to be one of the histogram's.
//! - Probe: [`PROBE_METRIC`]`{check="..."}`, a gauge: 1 after a run that passed, 0 after one that failed, set after
//!   each run. Its time average is the share of runs that passed, as runs are evenly spaced. A check that runs in
//!   sessions only leaves no series at night.
//!
//! A ratio without events is no number but no series at all: it is neither good nor bad.

use super::selector::{Matcher, Op, Selector};
use crate::policy::Indicator;
use crate::{Figure, Length};

/// The gauge of synthetic checks.
pub const PROBE_METRIC: &str = "meridian_probe_success";

/// An indicator whose selectors have been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// See [`Indicator::Events`].
    Events {
        /// Counter of bad events.
        bad: Selector,
        /// Counter of all events.
        total: Selector,
    },
    /// See [`Indicator::Latency`].
    Latency {
        /// Events that were fast enough.
        within: Selector,
        /// All events.
        total: Selector,
    },
    /// See [`Indicator::Probe`].
    Probe {
        /// 1 or 0.
        success: Selector,
        /// Between two runs.
        every: Length,
    },
}

impl Signal {
    /// True for a metric that it is made of.
    pub fn reads(&self, metric: &str) -> bool {
        match self {
            Signal::Events { bad: narrow, total } | Signal::Latency { within: narrow, total } => {
                narrow.metric() == metric || total.metric() == metric
            }
            Signal::Probe { success, .. } => success.metric() == metric,
        }
    }

    /// Reads an indicator.
    ///
    /// # Errors
    /// The field and what is wrong with it.
    pub fn read(indicator: &Indicator) -> Result<Signal, String> {
        let selector = |field: &str, text: &str| -> Result<Selector, String> {
            text.parse().map_err(|error| format!("indicator.{field}: {error}"))
        };
        match indicator {
            Indicator::Events { bad, total } => Ok(Signal::Events {
                bad: selector("events.bad", bad)?,
                total: selector("events.total", total)?,
            }),
            Indicator::Latency { histogram, within } => {
                let base = selector("latency.histogram", histogram)?;
                if base.metric().ends_with("_bucket") {
                    return Err("indicator.latency.histogram: leave `_bucket` out".to_owned());
                }
                if *within <= Figure::ZERO {
                    return Err(format!("indicator.latency.within: {within} s is no limit"));
                }
                let within = base.suffixed("_bucket").with(edge(*within)?);
                Ok(Signal::Latency { within, total: base.suffixed("_count") })
            }
            Indicator::Probe { check, every } => {
                if *every == Length::ZERO {
                    return Err("indicator.probe.every: a check cannot run every 0s".to_owned());
                }
                let matcher = Matcher::new("check", Op::Equal, check)?;
                let success = Selector::of(PROBE_METRIC).map_err(|error| error.to_string())?.with(matcher);
                Ok(Signal::Probe { success, every: *every })
            }
        }
    }

    /// Time between two events, where they come at a fixed pace.
    pub const fn pace(&self) -> Option<Length> {
        match self {
            Signal::Probe { every, .. } => Some(*every),
            Signal::Events { .. } | Signal::Latency { .. } => None,
        }
    }

    /// Share of bad events in a window, 0 to 1; no series without events.
    pub fn error_ratio(&self, window: Length) -> String {
        match self {
            Signal::Events { bad, total } => {
                let total = format!("sum(rate({total}[{window}]))");
                format!("(sum(rate({bad}[{window}])) or 0 * {total})\n/\n({total} > 0)")
            }
            Signal::Latency { within, total } => format!(
                "clamp_min(\n  1 - sum(rate({within}[{window}])) / (sum(rate({total}[{window}])) > 0),\n  0\n)"
            ),
            Signal::Probe { success, .. } => format!(
                "1 - sum(sum_over_time({success}[{window}]))\n/\nsum(count_over_time({success}[{window}]))"
            ),
        }
    }

    /// Events in a window; `None` where they come at a fixed pace.
    pub fn events(&self, window: Length) -> Option<String> {
        match self {
            Signal::Events { total, .. } | Signal::Latency { total, .. } => {
                Some(format!("sum(increase({total}[{window}]))"))
            }
            Signal::Probe { .. } => None,
        }
    }

    /// True (a series) while nothing can be said.
    pub fn absent(&self) -> String {
        match self {
            // No bad event yet is no missing data.
            Signal::Events { total, .. } => format!("absent(sum({total}))"),
            Signal::Latency { within, total } => {
                format!("absent(sum({within}))\nor\nabsent(sum({total}))")
            }
            Signal::Probe { success, .. } => format!("absent(sum({success}))"),
        }
    }
}

/// The `le` of a bucket: a whole edge is written `1` or `1.0`, a tiny one `5e-05`, depending on the library.
fn edge(limit: Figure) -> Result<Matcher, String> {
    let plain = limit.to_string();
    if limit.decimals() == 0 {
        return Matcher::new("le", Op::Like, &format!("{plain}|{plain}[.]0"));
    }
    if limit.millionths() < 100 {
        let tiny = format!("{:e}", limit.as_f64()).replace("e-", "e-0");
        return Matcher::new("le", Op::Like, &format!("{plain}|{tiny}").replace('.', "[.]"));
    }
    Matcher::new("le", Op::Equal, &plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(within: &str) -> Signal {
        let within = within.parse().unwrap();
        Signal::read(&Indicator::Latency { histogram: "h{job=\"api\"}".to_owned(), within }).unwrap()
    }

    #[test]
    fn edges_as_libraries_write_them() {
        for (within, written) in
            [("0.5", "0.5"), ("0.25", "0.25"), ("1", "1"), ("1", "1.0"), ("0.00005", "5e-05")]
        {
            let Signal::Latency { within: bucket, .. } = latency(within) else { panic!() };
            assert!(bucket.matches("h_bucket", &[("job", "api"), ("le", written)]), "{bucket} {written}");
            assert!(!bucket.matches("h_bucket", &[("job", "api"), ("le", "10")]), "{bucket}");
        }
    }

    #[test]
    fn what_cannot_be_asked_names_its_field() {
        let bad = Indicator::Events { bad: "sum(x)".to_owned(), total: "y".to_owned() };
        assert!(
            Signal::read(&bad).unwrap_err().starts_with("indicator.events.bad: `sum(x)` is not a selector")
        );
        let bucket = Indicator::Latency { histogram: "h_bucket".to_owned(), within: Figure::ONE };
        assert!(Signal::read(&bucket).unwrap_err().contains("leave `_bucket` out"));
        let probe = Indicator::Probe { check: "x".to_owned(), every: Length::ZERO };
        assert!(Signal::read(&probe).is_err());
    }
}
