//! Which incidents there are.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use release::incident::Status;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{service, view};
use crate::Control;
use crate::api::{READ, Table};
use crate::refused::Refused;

pub(super) fn routes(table: &mut Table) {
    table.add("GET", "/v1/incidents", READ, list);
    table.add("GET", "/v1/incidents/{id}", READ, one);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    #[serde(default)]
    service: Option<String>,
    #[serde(default)]
    open: Option<bool>,
}

/// The newest first.
async fn list(State(control): State<Arc<Control>>, Query(of): Query<Of>) -> Result<Json<Value>, Refused> {
    let mut found = control.book.read(|ledger| {
        let mut found = Vec::new();
        for (name, known) in &ledger.services {
            if of.service.as_ref().is_some_and(|wanted| wanted != name) {
                continue;
            }
            let policy = service(ledger, Some(name)).ok().map(|(_, policy)| policy);
            for incident in known.incidents.incidents.values() {
                let is_open = incident.status() != Status::Resolved;
                if of.open.is_none_or(|wanted| wanted == is_open) {
                    found.push((incident.opened.at, view::short(name, policy.as_deref(), incident)));
                }
            }
        }
        found
    })?;
    found.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let found: Vec<Value> = found.into_iter().map(|(_, view)| view).collect();
    Ok(Json(json!({ "incidents": found })))
}

async fn one(State(control): State<Arc<Control>>, Path(id): Path<String>) -> Result<Json<Value>, Refused> {
    let now = control.book.now();
    Ok(Json(control.book.read(|ledger| view::whole(ledger, &id, now))??))
}
