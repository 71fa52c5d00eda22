//! How an incident begins.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use release::incident::OpenedBy;
use release::incident::event::IncidentOpened;
use release::ledger::Entry;
use release::watch::firing::ids;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{any_words, line, name, service, severity};
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
    let title = line("title", &wanted.title)?;
    let public = Some(any_words("public", wanted.public.as_deref())?).filter(|text| !text.is_empty());
    let by = OpenedBy::Person(name("by", &wanted.by)?);
    let answer = control.book.write(|ledger, at| {
        let (service, policy) = service(ledger, wanted.service.as_deref())?;
        let severity = severity(&policy, &wanted.severity)?;
        let incident = ids(ledger, "INC")();
        let answer = json!({ "incident": incident, "service": service });
        let (title, public, by) = (title.clone(), public.clone(), by.clone());
        let opened = IncidentOpened { incident, severity, title, public, by, at };
        Ok::<_, Refused>((vec![Entry::Incident(service, opened.into())], answer))
    })?;
    Ok(Json(answer))
}
