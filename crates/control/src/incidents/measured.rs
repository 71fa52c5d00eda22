//! How long incidents take, by severity, and how good the alerts are.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use jiff::Timestamp;
use release::incident::{Figures, Measures, alert_quality, measures};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{service, view};
use crate::Control;
use crate::api::{READ, Table};
use crate::refused::Refused;

pub(super) fn routes(table: &mut Table) {
    table.add("GET", "/v1/incidents/measures", READ, measured);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    #[serde(default)]
    service: Option<String>,
    /// First opened at or after this moment.
    #[serde(default)]
    from: Option<Timestamp>,
    /// First opened before this moment.
    #[serde(default)]
    to: Option<Timestamp>,
}

async fn measured(
    State(control): State<Arc<Control>>,
    Query(range): Query<Range>,
) -> Result<Json<Value>, Refused> {
    let (from, to) = (range.from.unwrap_or(Timestamp::MIN), range.to.unwrap_or(Timestamp::MAX));
    let answer = control.book.read(|ledger| {
        let (name, policy) = service(ledger, range.service.as_deref())?;
        let Some(known) = ledger.services.get(&name) else { return Err(Refused::unknown("no such service")) };
        let by_severity = policy.severities.iter().map(|severity| {
            let mut row = figures(&measures(&known.incidents, Some(&severity.id), from, to));
            row["severity"] = json!(severity.id);
            row
        });
        let alerts = alert_quality(&known.incidents, &view::zone(Some(&policy))).into_iter().map(|week| {
            json!({
                "week": week.week, "alert": week.alert, "fired": week.fired, "actionable": week.actionable,
                "in_vain": week.in_vain, "unjudged": week.unjudged(),
                "quality_percent": week.quality().map(|quality| quality.to_string()),
            })
        });
        Ok(json!({
            "service": name, "all": figures(&measures(&known.incidents, None, from, to)),
            "severities": by_severity.collect::<Vec<_>>(), "alerts": alerts.collect::<Vec<_>>(),
        }))
    })??;
    Ok(Json(answer))
}

fn figures(figures: &Figures) -> Value {
    json!({
        "incidents": figures.incidents, "reopened": figures.reopened, "detected": figures.detected,
        "acknowledge": times(&figures.acknowledge), "mitigate": times(&figures.mitigate),
        "resolve": times(&figures.resolve),
    })
}

/// In whole seconds.
fn times(measures: &Measures) -> Value {
    json!({
        "counted": measures.counted, "left_out": measures.left_out,
        "mean_seconds": measures.mean.map(|time| time.as_secs()),
        "median_seconds": measures.median.map(|time| time.as_secs()),
        "longest_seconds": measures.longest.map(|time| time.as_secs()),
    })
}
