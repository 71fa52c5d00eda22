//! What people say about an incident.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use release::Policy;
use release::incident::event::{Acknowledged, Event, Mitigated, Noted, Reopened, Resolved, SeverityChanged};
use release::incident::{Incident, Incidents};
use release::ledger::{Entry, Ledger};
use serde::Deserialize;
use serde_json::Value;

use super::{any_words, delivered, find, name, refuse, service, severity, view, words};
use crate::Control;
use crate::api::{Body, INCIDENTS, Table};
use crate::refused::Refused;
use crate::releases::person;

type Answer = Result<Json<Value>, Refused>;

pub(super) fn routes(table: &mut Table) {
    table.add("POST", "/v1/incidents/{id}/note", INCIDENTS, note);
    table.add("POST", "/v1/incidents/{id}/severity", INCIDENTS, change_severity);
    table.add("POST", "/v1/incidents/{id}/acknowledge", INCIDENTS, acknowledge);
    table.add("POST", "/v1/incidents/{id}/mitigate", INCIDENTS, mitigate);
    table.add("POST", "/v1/incidents/{id}/resolve", INCIDENTS, resolve);
    table.add("POST", "/v1/incidents/{id}/reopen", INCIDENTS, reopen);
}

/// The policy of the incident's service, or why it cannot be read: most of what people say has to be written all the same.
type OfPolicy = Result<Arc<Policy>, Refused>;

/// Writes what `event` makes of the moment, if it makes sense, and answers the incident as it is then.
fn change(
    control: &Control,
    id: &str,
    event: impl Fn(&OfPolicy, &Incident, Timestamp) -> Result<Event, Refused>,
) -> Answer {
    control.book.write(|ledger, now| {
        let found = find(ledger, id)?;
        let policy = service(ledger, Some(found.service)).map(|(_, policy)| policy);
        let event = event(&policy, found.incident, now)?;
        let mut after = Incidents::default();
        after.incidents.insert(id.to_owned(), found.incident.clone());
        after.apply(&event).map_err(refuse)?;
        let mut rows = vec![Entry::Incident(found.service.to_owned(), event.clone())];
        if let (Event::Acknowledged(body), Ok(policy)) = (&event, &policy) {
            rows.extend(delivered::evidence(ledger, found.service, policy, found.incident, body));
        }
        Ok::<_, Refused>((rows, ()))
    })?;
    let now = control.book.now();
    Ok(Json(control.book.read(|ledger: &Ledger| view::whole(ledger, id, now))??))
}

/// A person of the policy, where it can be read and names any.
fn known(policy: &OfPolicy, by: &str) -> Result<(), Refused> {
    match policy {
        Ok(policy) if !policy.people.is_empty() => person(policy, "by", by),
        _ => Ok(()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    text: String,
    #[serde(default)]
    public: bool,
    by: String,
}

async fn note(State(control): State<Arc<Control>>, Path(id): Path<String>, Body(body): Body<Note>) -> Answer {
    let (text, by) = (words("text", &body.text)?, name("by", &body.by)?);
    change(&control, &id, |_, _, at| {
        let (incident, text, by) = (id.clone(), text.clone(), by.clone());
        Ok(Noted { incident, text, public: body.public, by, at }.into())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Severity {
    severity: String,
    #[serde(default)]
    why: Option<String>,
    by: String,
}

async fn change_severity(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(body): Body<Severity>,
) -> Answer {
    let (why, by) = (any_words("why", body.why.as_deref())?, name("by", &body.by)?);
    change(&control, &id, |policy, _, at| {
        known(policy, &by)?;
        let severity = severity(policy.as_ref().map_err(Clone::clone)?, &body.severity)?;
        Ok(SeverityChanged { incident: id.clone(), severity, why: why.clone(), by: by.clone(), at }.into())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    by: String,
    /// Of a test page: the code in its text.
    #[serde(default)]
    code: Option<String>,
}

async fn acknowledge(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(body): Body<Answered>,
) -> Answer {
    let by = name("by", &body.by)?;
    change(&control, &id, |policy, incident, at| {
        if incident.test.is_some() {
            known(policy, &by)?;
            delivered::proven(incident, &by, body.code.as_deref())?;
        }
        Ok(Acknowledged { incident: id.clone(), by: by.clone(), at }.into())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct How {
    #[serde(default)]
    how: Option<String>,
    by: String,
}

async fn mitigate(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(body): Body<How>,
) -> Answer {
    let (how, by) = (any_words("how", body.how.as_deref())?, name("by", &body.by)?);
    change(&control, &id, |policy, _, at| {
        known(policy, &by)?;
        Ok(Mitigated { incident: id.clone(), how: how.clone(), by: by.clone(), at }.into())
    })
}

async fn resolve(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(body): Body<How>,
) -> Answer {
    let (how, by) = (any_words("how", body.how.as_deref())?, name("by", &body.by)?);
    change(&control, &id, |policy, _, at| {
        known(policy, &by)?;
        Ok(Resolved { incident: id.clone(), how: how.clone(), by: by.clone(), at }.into())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Why {
    #[serde(default)]
    why: Option<String>,
    by: String,
}

async fn reopen(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(body): Body<Why>,
) -> Answer {
    let (why, by) = (any_words("why", body.why.as_deref())?, name("by", &body.by)?);
    change(&control, &id, |policy, _, at| {
        known(policy, &by)?;
        Ok(Reopened { incident: id.clone(), why: why.clone(), by: by.clone(), at }.into())
    })
}
