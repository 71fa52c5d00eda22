//! Alerts, in the shape in which Alertmanager sends them to webhooks (version 4).
//!
//! A firing alert is written down once. What it is about, its labels say: `trigger` and `slo` as the generated rules have
//! them, else `severity`; `environment` where there are several. What follows from it is the same as from what is watched here
//! (`release::watch::firing`). When the alert is over, that is noted: whether the incident is, people say.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use release::Digest;
use release::Policy;
use release::incident::Incidents;
use release::incident::event::{AlertJudged, Event, Noted};
use release::ledger::{Entry, Ledger};
use release::watch::firing::{Cause, Firing, Told, ids, rows, written};
use serde::Deserialize;
use serde_json::{Value, json};

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
    Ok(Json(json!({ "alerts": write(&control, &body.alerts)? })))
}

/// One after the other: the second of a request may belong to the incident of the first.
fn write(control: &Control, alerts: &[Alert]) -> Result<Vec<Value>, Refused> {
    let mut taken = Vec::new();
    for alert in alerts {
        // One that is about no service of ours must not keep the others from being heard.
        let written = match control.book.write(|ledger, now| one(ledger, alert, now)) {
            Ok(written) => written,
            Err(error) => {
                let refused = Refused::from(error);
                if refused.status().is_server_error() {
                    return Err(refused);
                }
                Written { firing: alert.firing(), incident: None, unheard: Some(refused.message) }
            }
        };
        let mut answer = json!({ "firing": written.firing, "incident": written.incident });
        if let Some(why) = written.unheard {
            control.paging.lose(&shown(alert.name()), control.book.now(), why.clone());
            answer["why"] = json!(why);
        }
        taken.push(answer);
    }
    Ok(taken)
}

/// What became of one alert.
struct Written {
    firing: String,
    incident: Option<String>,
    /// Why nobody will ever hear of it.
    unheard: Option<String>,
}

/// Rows about one alert, and its incident.
fn one(ledger: &Ledger, alert: &Alert, now: Timestamp) -> Result<(Vec<Entry>, Written), Refused> {
    let (service, policy) = service(ledger, alert.label("service"))?;
    let firing = alert.firing();
    let none = Incidents::default();
    let known = ledger.services.get(&service);
    let incidents = known.map_or(&none, |known| &known.incidents);
    let incident = |after: &[Event]| {
        let of = |event: &Event| match event {
            Event::AlertFired(fired) => Some(fired.incident.clone()),
            _ => None,
        };
        after
            .iter()
            .find_map(of)
            .or_else(|| written(incidents, &firing).map(|alert| alert.incident.clone()))
            .flatten()
    };
    let entries =
        |rows: Vec<Event>| rows.into_iter().map(|row| Entry::Incident(service.clone(), row)).collect();
    if alert.status == Phase::Resolved {
        let incident = incident(&[]);
        let text = format!("alert {} ({firing}) is over", shown(alert.name()));
        let mut rows = known.into_iter().flat_map(|known| &known.incident_rows);
        let is_noted = rows.any(|row| matches!(row, Event::Noted(noted) if noted.text == text));
        let noted = incident
            .clone()
            .filter(|_| !is_noted)
            .map(|incident| Noted { incident, text, public: false, by: NOTED_BY.to_owned(), at: now }.into());
        return Ok((entries(noted.into_iter().collect()), Written { firing, incident, unheard: None }));
    }
    let cause = Cause::of_labels(&policy, alert.name(), &alert.labels);
    let unheard = cause.is_none().then(|| {
        "its labels name no `trigger` and no `slo` of the policy, and no `severity`: nobody is called"
            .to_owned()
    });
    let (name, title) = (shown(alert.name()), shown(&alert.title()));
    let told = Told { firing: &firing, alert: &name, title: &title };
    let environment = alert.label("environment").map_or_else(|| only_target(&policy), shown);
    let rows = rows(
        &policy,
        incidents,
        &Firing {
            cause: cause.unwrap_or(Cause::Named { alert: &name, severity: None }),
            environment: &environment,
            since: alert.starts_at,
            told: Some(told),
        },
        now,
        ids(ledger, "INC"),
    );
    let incident = incident(&rows);
    let fired = rows.iter().find_map(|row| match row {
        Event::AlertFired(fired) => Some(fired.firing.clone()),
        _ => None,
    });
    let firing = fired.unwrap_or(firing);
    Ok((entries(rows), Written { firing, incident, unheard }))
}

/// Where the service runs, if that is one place.
fn only_target(policy: &Policy) -> String {
    let mut targets = policy.environments.iter().filter(|environment| environment.target);
    let only = targets.next().filter(|_| targets.next().is_none());
    only.map_or(String::new(), |only| only.id.clone())
}

/// Of others: on one line, and not for ever.
fn shown(text: &str) -> String {
    let blank = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().take(super::TEXT_MOST).map(blank).collect()
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
