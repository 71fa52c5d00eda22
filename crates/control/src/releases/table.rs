//! What is on the table: what whoever signs now has to have seen.
//!
//! Enters: a release, or a blocker of it. Leaves: what it is about, what is open, the scores, and the hash of it all. Never here: signing.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use release::decision::standing::standings;
use release::event::Matter;
use release::signature::on_the_table;
use serde_json::{Value, json};

use super::decided;
use super::found::find;
use super::people::About;
use crate::Control;
use crate::api::{READ, Table};
use crate::refused::Refused;
use crate::signing::verify;

pub(super) fn routes(table: &mut Table) {
    table.add("GET", "/v1/release/releases/{id}/table", READ, on_table);
}

async fn on_table(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Query(about): Query<About>,
) -> Result<Json<Value>, Refused> {
    let now = control.book.now();
    let (found, decision) = control.book.read(|ledger| {
        let found = find(ledger, &id)?;
        let decision = decided::now(ledger, &found, now, None)?;
        Ok::<_, Refused>((found, decision))
    })??;
    let policy = &found.loaded.policy;
    let matter = about.matter(policy)?;
    let table = on_the_table(&found.loaded, &found.state, &matter);
    let people: Vec<Value> = policy
        .people
        .iter()
        .map(|person| json!({"id": person.id, "roles": person.roles, "key": person.key}))
        .collect();
    let of_matter = |check: &str| match &matter {
        Matter::Release => true,
        Matter::Blocker(id) => policy
            .blockers
            .iter()
            .any(|blocker| blocker.id == *id && blocker.checks.iter().any(|known| known == check)),
    };
    let open: Vec<Value> = standings(&found.loaded, &found.state, now, &verify)
        .checks
        .into_iter()
        .filter(|standing| of_matter(&standing.check))
        .filter_map(|standing| Some(json!({"check": standing.check, "why": standing.open?})))
        .collect();
    let scores: Vec<Value> = decision
        .scorecards
        .into_iter()
        .map(|card| json!({"scorecard": card.id, "total": card.total, "threshold": card.threshold}))
        .collect();
    let release = &found.release;
    Ok(Json(json!({
        "release": id, "matter": matter, "table": table, "now": now, "people": people,
        "service": found.service, "version": release.version, "artefact": release.artefact,
        "environment": release.environment, "policy": release.policy, "policy_name": found.document.name,
        "open": open, "scores": scores,
    })))
}
