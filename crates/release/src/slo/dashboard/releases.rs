//! A roll-out: the candidate beside the stable version.

use super::{Annotation, AnnotationTarget, Dashboard, Graph, Layout, List, Source, uid};
use crate::slo::objective::Objective;
use crate::slo::selector::{Matcher, Op, Selector};
use crate::slo::signal::Signal;

/// How the series of the two versions differ: by one label that the service's metrics have while both run.
#[derive(Clone, Copy, Debug)]
pub struct Arms<'a> {
    /// The label: `arm`.
    pub label: &'a str,
    /// Its value for the new version.
    pub candidate: &'a str,
    /// Its value for the one that it replaces.
    pub stable: &'a str,
}

impl Default for Arms<'_> {
    fn default() -> Self {
        Arms { label: "arm", candidate: "candidate", stable: "stable" }
    }
}

/// Errors, latencies and traffic per version, for each objective that counts events; steps of the roll-out are the
/// annotations that whoever moves traffic posts to Grafana with the tags `release` and the service's name.
///
/// # Errors
/// The label is no name of a label.
pub fn releases_dashboard(
    service: &str,
    objectives: &[Objective],
    arms: Arms<'_>,
) -> Result<Dashboard, String> {
    let mut layout = Layout::new();
    let sides = [(arms.candidate, "candidate"), (arms.stable, "stable")];
    let sides: Vec<(Matcher, &str)> = sides
        .into_iter()
        .map(|(value, legend)| Ok((Matcher::new(arms.label, Op::Equal, value)?, legend)))
        .collect::<Result<_, String>>()?;
    for objective in objectives {
        let Some(total) = total(&objective.signal) else { continue };
        layout.heading(objective.title());
        let each = |query: &dyn Fn(&Matcher) -> String| -> Vec<(String, String)> {
            sides.iter().map(|(arm, legend)| (query(arm), (*legend).to_owned())).collect()
        };
        let ratio = each(&|arm| on_arm(&objective.signal, arm).error_ratio(crate::Length::minutes(5)));
        layout.add(Graph::lines("Bad events", "percentunit", ratio));
        let traffic = each(&|arm| format!("sum(rate({}[5m]))", total.clone().with(arm.clone())));
        layout.add(Graph::lines("Events per second", "reqps", traffic));
        if let Some(histogram) = histogram(&objective.signal) {
            for quantile in ["0.5", "0.99"] {
                let query = each(&|arm| {
                    let series = histogram.clone().with(arm.clone());
                    format!("histogram_quantile({quantile}, sum by (le) (rate({series}[5m])))")
                });
                layout.add(Graph::lines(&format!("Latency, quantile {quantile}"), "s", query));
            }
        }
    }
    let mut dashboard =
        layout.dashboard(uid("release", service), format!("{service}: releases"), &["release", service]);
    dashboard.annotations = List { list: vec![steps(service)] };
    Ok(dashboard)
}

fn steps(service: &str) -> Annotation {
    Annotation {
        name: "Steps of the roll-out",
        datasource: Source { kind: "grafana", uid: "-- Grafana --" },
        enable: true,
        icon_color: "blue",
        target: AnnotationTarget {
            kind: "tags",
            limit: 100,
            match_any: false,
            tags: vec!["release".to_owned(), service.to_owned()],
        },
    }
}

const fn total(signal: &Signal) -> Option<&Selector> {
    match signal {
        Signal::Events { total, .. } | Signal::Latency { total, .. } => Some(total),
        // A synthetic check goes to whichever version answers.
        Signal::Probe { .. } => None,
    }
}

fn on_arm(signal: &Signal, arm: &Matcher) -> Signal {
    let on = |selector: &Selector| selector.clone().with(arm.clone());
    match signal {
        Signal::Events { bad, total } => Signal::Events { bad: on(bad), total: on(total) },
        Signal::Latency { within, total } => Signal::Latency { within: on(within), total: on(total) },
        Signal::Probe { success, every } => Signal::Probe { success: on(success), every: *every },
    }
}

/// All buckets of a latency.
fn histogram(signal: &Signal) -> Option<Selector> {
    let Signal::Latency { total, .. } = signal else { return None };
    let metric = total.metric().strip_suffix("_count")?;
    let base = Selector::of(&format!("{metric}_bucket")).ok()?;
    Some(total.matchers().iter().fold(base, |base, matcher| base.with(matcher.clone())))
}
