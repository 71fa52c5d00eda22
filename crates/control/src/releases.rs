//! Releases: opened, asked about, signed, decided.
//!
//! Enters: commands of people. Leaves: rows of the book, and views of what they add up to. Never here: the rules (those are in `release`).

mod asked;
mod decided;
mod found;
mod opened;
mod people;
mod table;
mod view;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::Control;
use crate::api::{READ, Table};
use crate::refused::Refused;

pub(crate) use decided::now as decision_now;
pub use found::{Found, find, folder, policy};
pub(crate) use opened::person;
pub(crate) use people::holds;

/// Its routes.
pub fn routes(table: &mut Table) {
    table.add("GET", "/v1/release/releases", READ, list);
    table.add("GET", "/v1/release/releases/{id}", READ, view::one);
    asked::routes(table);
    opened::routes(table);
    people::routes(table);
    self::table::routes(table);
    decided::routes(table);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    #[serde(default)]
    service: Option<String>,
}

async fn list(State(control): State<Arc<Control>>, Query(of): Query<Of>) -> Result<Json<Value>, Refused> {
    let releases = control.book.read(|ledger| {
        let services = ledger.services.iter();
        let wanted = services.filter(|(name, _)| of.service.as_ref().is_none_or(|wanted| wanted == *name));
        let ids = wanted.flat_map(|(name, service)| service.opened.iter().map(move |id| (name, id)));
        ids.filter_map(|(name, id)| {
            let state = ledger.state(name, id);
            let release = state.release?;
            let decided =
                release.decided.map(|decided| json!({"outcome": decided.outcome, "at": decided.at}));
            Some(json!({
                "release": id, "service": name, "version": release.version, "artefact": release.artefact,
                "environment": release.environment, "policy": release.policy, "day0": release.day0,
                "opened_by": release.by, "decided": decided,
            }))
        })
        .collect::<Vec<_>>()
    })?;
    Ok(Json(json!({ "releases": releases })))
}

#[cfg(test)]
mod tests;
