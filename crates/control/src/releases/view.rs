//! One release as people see it: what it is about, what would come out now, what was decided.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use release::event::Event;
use serde::Deserialize;
use serde_json::{Value, json};

use super::decided;
use super::found::find;
use crate::Control;
use crate::refused::Refused;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Looking {
    #[serde(default)]
    incident: Option<String>,
}

pub(super) async fn one(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Query(looking): Query<Looking>,
) -> Result<Json<Value>, Refused> {
    show(&control, &id, looking.incident.as_deref())
}

/// `incident`: it would be a hotfix for this one.
pub(super) fn show(control: &Control, id: &str, incident: Option<&str>) -> Result<Json<Value>, Refused> {
    let now = control.book.now();
    control.book.read(|ledger| {
        let found = find(ledger, id)?;
        let decision = decided::now(ledger, &found, now, incident)?;
        let rows = ledger.services.get(&found.service).map(|service| &service.releases[..]).unwrap_or_default();
        let recorded = rows.iter().rev().find_map(|row| match row {
            Event::Decided(body) if body.release == *id => Some(body),
            _ => None,
        });
        let release = &found.release;
        let stands = release.decided.map(|decided| json!({"outcome": decided.outcome, "at": decided.at}));
        Ok(Json(json!({
            "release": id, "service": found.service, "version": release.version, "artefact": release.artefact,
            "environment": release.environment, "policy": release.policy, "folder": found.folder, "policy_name": found.document.name,
            "day0": release.day0, "without_promotion": release.without_promotion, "opened_by": release.by, "changed": release.changed.what, "changed_at": release.changed.at,
            "now": now, "would_be": decision, "stands": stands,
            "recorded": recorded.map(|decided| json!({"at": decided.inputs.now, "decision": decided.decision})),
            "incidents": found.state.incidents.values().collect::<Vec<_>>(),
        })))
    })?
}
