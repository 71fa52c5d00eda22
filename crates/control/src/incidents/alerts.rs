//! Alerts, in the shape in which Alertmanager sends them to webhooks (version 4).
//!
//! A firing alert is written down once. It opens an incident where it stands for a trigger of the policy that wakes people
//! (label `trigger`), or has a severity of the policy (label `severity`); as long as that incident is open, the same alert
//! and others of the same trigger belong to it. When the alert is over, that is noted: whether the incident is, people say.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use release::Digest;
use release::Policy;
use release::incident::Status;
use release::incident::event::{AlertFired, AlertJudged, Event, Noted};
use release::ledger::{Entry, Ledger};
use serde::Deserialize;
use serde_json::{Value, json};

use super::opening::{by_trigger, opened_by};
use super::{name, service};
use crate::Control;
use crate::api::{Body, INCIDENTS, Table};
use crate::refused::Refused;

/// Most alerts of one request.
const ALERTS_MOST: usize = 1_000;
/// Who notes that an alert is over.
const NOTED_BY: &str = "alerts";

pub(super) fn routes(table: &mut Table) {
    table.add("POST", "/v1/alerts", INCIDENTS, take);
    table.add("POST", "/v1/alerts/{firing}/judge", INCIDENTS, judge);
}

/// Fields that are not needed here are left alone: the format is not ours.
#[derive(Deserialize)]
struct Alerts {
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    #[serde(default)]
    status: Phase,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    starts_at: Timestamp,
    #[serde(default)]
    fingerprint: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Phase {
    #[default]
    Firing,
    Resolved,
}

impl Alert {
    fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn name(&self) -> &str {
        self.label("alertname").unwrap_or("unnamed")
    }

    /// By its labels: the same alert has the same.
    fn fingerprint(&self) -> String {
        let fits = |text: &str| {
            (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if fits(&self.fingerprint) {
            return self.fingerprint.clone();
        }
        // Maps of texts are always written.
        let labels = serde_json::to_string(&self.labels).unwrap_or_default();
        Digest::of(labels.as_bytes())
            .to_string()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .skip(6)
            .take(16)
            .collect()
    }

    /// One from the first moment it holds to the last.
    fn firing(&self) -> String {
        format!("{}-{}", self.fingerprint(), self.starts_at.as_second())
    }

    fn title(&self) -> String {
        let words = self.annotations.get("summary").or_else(|| self.annotations.get("description"));
        words.map(|words| words.trim()).filter(|words| !words.is_empty()).unwrap_or(self.name()).to_owned()
    }
}

async fn take(State(control): State<Arc<Control>>, Body(body): Body<Alerts>) -> Result<Json<Value>, Refused> {
    if body.alerts.len() > ALERTS_MOST {
        return Err(Refused::field("alerts", format!("at most {ALERTS_MOST} at once")));
    }
    // Each waits for the disk.
    let taken = tokio::task::spawn_blocking(move || write(&control, &body.alerts)).await;
    let taken =
        taken.map_err(|error| Refused::conflict("alerts", format!("the alerts broke: {error}")))??;
    Ok(Json(json!({ "alerts": taken })))
}

/// One after the other: the second of a request may belong to the incident of the first.
fn write(control: &Control, alerts: &[Alert]) -> Result<Vec<Value>, Refused> {
    let mut taken = Vec::new();
    for alert in alerts {
        // One that is about no service of ours must not keep the others from being heard.
        let answer = match control.book.write(|ledger, now| one(ledger, alert, now)) {
            Ok(incident) => json!({ "firing": alert.firing(), "incident": incident }),
            Err(error) => {
                let refused = Refused::from(error);
                if refused.status().is_server_error() {
                    return Err(refused);
                }
                tracing::warn!(alert = alert.name(), why = %refused, "an alert belongs to no service");
                json!({ "firing": alert.firing(), "incident": null, "why": refused.message })
            }
        };
        taken.push(answer);
    }
    Ok(taken)
}

/// Rows about one alert, and its incident.
fn one(ledger: &Ledger, alert: &Alert, now: Timestamp) -> Result<(Vec<Entry>, Option<String>), Refused> {
    let (name, policy) = service(ledger, alert.label("service"))?;
    let firing = alert.firing();
    let known = ledger.services.get(&name).map(|known| &known.incidents);
    let fired = known.and_then(|known| known.alerts.get(&firing));
    let entry = |event: Event| Entry::Incident(name.clone(), event);
    if alert.status == Phase::Resolved {
        let Some(incident) = fired.and_then(|fired| fired.incident.clone()) else {
            return Ok((Vec::new(), None));
        };
        let text = format!("alert {} ({firing}) is over", alert.name());
        let is_noted = ledger.services.get(&name).is_some_and(|known| {
            known.incident_rows.iter().any(|row| matches!(row, Event::Noted(noted) if noted.text == text))
        });
        let noted =
            Noted { incident: incident.clone(), text, public: false, by: NOTED_BY.to_owned(), at: now };
        return Ok((if is_noted { Vec::new() } else { vec![entry(noted.into())] }, Some(incident)));
    }
    if let Some(fired) = fired {
        return Ok((Vec::new(), fired.incident.clone()));
    }
    let same = format!("{}-", alert.fingerprint());
    let open = known.and_then(|known| {
        let of = known.alerts.iter().filter(|(id, _)| id.starts_with(&same));
        let mut incidents = of.filter_map(|(_, alert)| known.incidents.get(alert.incident.as_ref()?));
        incidents.find(|incident| incident.status() != Status::Resolved).map(|open| open.id().to_owned())
    });
    let (incident, opened) = match open {
        Some(open) => (Some(open), None),
        None => means(ledger, &name, &policy, alert, now).unzip(),
    };
    let mut rows: Vec<Entry> = opened.flatten().into_iter().collect();
    let row = AlertFired { firing, alert: alert.name().to_owned(), incident: incident.clone(), at: now };
    rows.push(entry(row.into()));
    Ok((rows, incident))
}

/// The incident that it stands for.
fn means(
    ledger: &Ledger,
    service: &str,
    policy: &Policy,
    alert: &Alert,
    now: Timestamp,
) -> Option<(String, Option<Entry>)> {
    let title = alert.title();
    let trigger = alert.label("trigger").unwrap_or(alert.name());
    if let Some(trigger) = policy.triggers.iter().find(|known| known.id == trigger) {
        return by_trigger(ledger, service, policy, trigger, &title, now);
    }
    let severity = alert.label("severity")?;
    let severity = policy.severities.iter().find(|known| known.id.eq_ignore_ascii_case(severity))?;
    Some(opened_by(ledger, service, &severity.id, alert.name(), &title, now))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judged {
    actionable: bool,
    by: String,
}

async fn judge(
    State(control): State<Arc<Control>>,
    Path(firing): Path<String>,
    Body(body): Body<Judged>,
) -> Result<Json<Value>, Refused> {
    let by = name("by", &body.by)?;
    control.book.write(|ledger, at| {
        let mut services = ledger.services.iter();
        let found = services.find(|(_, service)| service.incidents.alerts.contains_key(&firing));
        let (service, _) = found.ok_or_else(|| Refused::unknown(format!("no alert `{firing}` fired")))?;
        let row = AlertJudged { firing: firing.clone(), actionable: body.actionable, by: by.clone(), at };
        Ok::<_, Refused>((vec![Entry::Incident(service.clone(), row.into())], ()))
    })?;
    Ok(Json(json!({ "firing": firing, "actionable": body.actionable })))
}
