//! A page that only tests whether pages arrive.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use release::incident::event::TestOpened;
use release::ledger::Entry;
use release::watch::firing::ids;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{name, service};
use crate::Control;
use crate::api::{Body, INCIDENTS, Table};
use crate::refused::Refused;

pub(super) fn routes(table: &mut Table) {
    table.add("POST", "/v1/incidents/test-page", INCIDENTS, test);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    service: Option<String>,
    #[serde(default)]
    role: Option<String>,
    by: String,
}

async fn test(
    State(control): State<Arc<Control>>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>, Refused> {
    let by = name("by", &wanted.by)?;
    let answer = control.book.write(|ledger, at| {
        let (service, policy) = service(ledger, wanted.service.as_deref())?;
        if let Some(role) = &wanted.role
            && !policy.roles.iter().any(|known| known.id == *role)
        {
            let known: Vec<_> = policy.roles.iter().map(|known| format!("`{}`", known.id)).collect();
            let words = format!("`{role}` is no role of the policy: it knows {}", known.join(", "));
            return Err(Refused::field("role", words));
        }
        let incident = ids(ledger, "TEST")();
        let answer = json!({ "incident": incident, "service": service });
        let opened = TestOpened { incident, role: wanted.role.clone(), by: by.clone(), at };
        Ok((vec![Entry::Incident(service, opened.into())], answer))
    })?;
    Ok(Json(answer))
}
