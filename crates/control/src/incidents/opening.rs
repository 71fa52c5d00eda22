//! How an incident begins.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use release::Policy;
use release::incident::OpenedBy;
use release::incident::event::IncidentOpened;
use release::ledger::{Entry, Ledger};
use release::policy::{Reaction, Trigger};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{any_words, name, service, severity, words};
use crate::Control;
use crate::api::{Body, INCIDENTS, Table};
use crate::refused::Refused;

pub(super) fn routes(table: &mut Table) {
    table.add("POST", "/v1/incidents", INCIDENTS, open);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    service: Option<String>,
    severity: String,
    title: String,
    #[serde(default)]
    public: Option<String>,
    by: String,
}

async fn open(
    State(control): State<Arc<Control>>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>, Refused> {
    let title = words("title", &wanted.title)?;
    let public = Some(any_words("public", wanted.public.as_deref())?).filter(|text| !text.is_empty());
    let by = OpenedBy::Person(name("by", &wanted.by)?);
    let answer = control.book.write(|ledger, at| {
        let (service, policy) = service(ledger, wanted.service.as_deref())?;
        let severity = severity(&policy, &wanted.severity)?;
        let incident = next_id(ledger, "INC");
        let answer = json!({ "incident": incident, "service": service });
        let (title, public, by) = (title.clone(), public.clone(), by.clone());
        let opened = IncidentOpened { incident, severity, title, public, by, at };
        Ok::<_, Refused>((vec![Entry::Incident(service, opened.into())], answer))
    })?;
    Ok(Json(answer))
}

/// One more than the highest number of any service.
pub(super) fn next_id(ledger: &Ledger, word: &str) -> String {
    let ids = ledger.services.values().flat_map(|service| service.incidents.incidents.keys());
    let number = |id: &String| id.strip_prefix(word)?.strip_prefix('-')?.parse::<u64>().ok();
    format!("{word}-{}", ids.filter_map(number).max().unwrap_or(0) + 1)
}

/// The incident that a trigger of the policy means, and the row that opens it, if it has to be opened: one that the same
/// trigger opened and that is not resolved is still the same. `None`: it is none, since nobody has to be woken.
///
/// To roll back is the worst severity; a page is the mildest that wakes people.
pub fn by_trigger(
    ledger: &Ledger,
    service: &str,
    policy: &Policy,
    trigger: &Trigger,
    title: &str,
    at: Timestamp,
) -> Option<(String, Option<Entry>)> {
    let severity = match trigger.then {
        Reaction::Warn | Reaction::Hold => return None,
        Reaction::RollBack => policy.severities.first(),
        Reaction::Page => {
            policy.severities.iter().rfind(|severity| severity.page).or(policy.severities.first())
        }
    };
    let severity = severity.map_or("unknown", |severity| severity.id.as_str());
    Some(opened_by(ledger, service, severity, &trigger.id, title, at))
}

/// As [`by_trigger`], for a severity that is known.
pub(super) fn opened_by(
    ledger: &Ledger,
    service: &str,
    severity: &str,
    trigger: &str,
    title: &str,
    at: Timestamp,
) -> (String, Option<Entry>) {
    let by = OpenedBy::Trigger(trigger.to_owned());
    let known = ledger.services.get(service).into_iter().flat_map(|known| known.incidents.incidents.values());
    let is_same = |incident: &&release::incident::Incident| {
        incident.opened.by == by && incident.opening().is_some_and(|opening| opening.resolved.is_none())
    };
    if let Some(open) = known.rev().find(is_same) {
        return (open.id().to_owned(), None);
    }
    let incident = next_id(ledger, "INC");
    let (severity, title) = (severity.to_owned(), title.chars().take(super::TEXT_MOST).collect());
    let opened = IncidentOpened { incident: incident.clone(), severity, title, public: None, by, at };
    (incident, Some(Entry::Incident(service.to_owned(), opened.into())))
}
