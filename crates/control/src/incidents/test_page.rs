//! A page that only tests whether pages arrive.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use release::Policy;
use release::incident::event::TestOpened;
use release::ledger::Entry;
use release::policy::Probe;
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
    /// The alert that it stands for: evidence goes to the checks that are about it, and to those about no alert by name.
    #[serde(default)]
    alert: Option<String>,
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
        if let Some(alert) = &wanted.alert
            && !alerts(&policy).any(|known| known == alert)
        {
            let known: Vec<_> = alerts(&policy).map(|known| format!("`{known}`")).collect();
            let words =
                format!("no `alert-delivered` check has `of = \"{alert}\"`; there are: {}", known.join(", "));
            return Err(Refused::field("alert", words));
        }
        let incident = ids(ledger, "TEST")();
        let answer = json!({ "incident": incident, "service": service });
        let opened = TestOpened {
            incident,
            role: wanted.role.clone(),
            alert: wanted.alert.clone(),
            by: by.clone(),
            at,
        };
        Ok((vec![Entry::Incident(service, opened.into())], answer))
    })?;
    Ok(Json(answer))
}

/// Those whose delivery some check asks for.
fn alerts(policy: &Policy) -> impl Iterator<Item = &String> {
    policy.checks.iter().filter_map(|check| match &check.probe {
        Probe::AlertDelivered(proof) => proof.of.as_ref(),
        _ => None,
    })
}
