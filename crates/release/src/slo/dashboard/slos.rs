//! The objectives of a service: ratio, budget, burn, alerts.

use super::{Dashboard, Graph, Layout, uid};
use crate::slo::objective::Objective;
use crate::slo::selector::quoted;

/// One section per objective, from the series that the rules record.
pub fn slo_dashboard(service: &str, objectives: &[Objective]) -> Dashboard {
    let mut layout = Layout::new();
    let service_is = format!("service={}", quoted(service));
    let alerts = vec![(
        format!("ALERTS{{{service_is},slo!=\"\",alertstate=\"firing\"}}"),
        "{{slo}}: {{alertname}} ({{severity}})".to_owned(),
    )];
    layout.add(Graph {
        kind: "state-timeline",
        width: 24,
        height: 6,
        ..Graph::lines("Alerts that are raised", "none", alerts)
    });
    for objective in objectives {
        section(&mut layout, objective, &service_is);
    }
    layout.dashboard(uid("slo", service), format!("{service}: objectives"), &["slo", service])
}

fn section(layout: &mut Layout, objective: &Objective, service_is: &str) {
    let recorded = |name: String| format!("{name}{{{service_is}}}");
    let budget = objective.budget;
    let (bad, period) = (budget.bad_share(), budget.period());
    layout.heading(&format!("{} ({} % over {period})", objective.title(), objective.slo.objective));
    let good = format!("1 - {}", recorded(objective.error_ratio(period)));
    let target = 1.0 - bad.as_f64();
    layout.add(Graph {
        good_from: Some((target, target)),
        ..Graph::number(&format!("Good over {period}"), "percentunit", good)
    });
    layout.add(Graph {
        good_from: Some((0.0, 0.25)),
        description: "Below zero: more was bad than the objective allows.",
        ..Graph::number("Budget left", "percentunit", recorded(objective.budget_left()))
    });
    let shortest = crate::Length::minutes(5);
    let burn = format!("{} / {bad}", recorded(objective.error_ratio(shortest)));
    layout.add(Graph {
        description: "At 1 the budget lasts exactly the period.",
        ..Graph::number("Burn rate, last 5 minutes", "none", burn)
    });
    let raised = format!(
        "count(ALERTS{{{service_is},slo={},alertstate=\"firing\"}}) or vector(0)",
        quoted(&objective.slo.id)
    );
    layout.add(Graph::number("Alerts raised", "none", raised));

    let mut burns: Vec<(String, String)> = objective
        .windows()
        .into_iter()
        .map(|window| (format!("{} / {bad}", recorded(objective.error_ratio(window))), window.to_string()))
        .collect();
    let factors = objective.burn.alerts.iter();
    burns.extend(
        factors.map(|alert| (format!("vector({})", alert.factor), format!("{} from here on", alert.name))),
    );
    layout.add(Graph::lines("Burn rate per window", "none", burns));
    let left = vec![(recorded(objective.budget_left()), "left".to_owned())];
    layout.add(Graph::lines("Budget left", "percentunit", left));
}
