//! The draft of a retrospective: made of the rows, kept, and written down as drafted.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use release::incident::event::RetroDrafted;
use release::incident::{newest, retrospective};
use release::ledger::Entry;
use release::ledger::event::DocumentKept;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{find, name, service, view};
use crate::Control;
use crate::api::{Body, INCIDENTS, Table};
use crate::refused::Refused;

pub(super) fn routes(table: &mut Table) {
    table.add("POST", "/v1/incidents/{id}/retro", INCIDENTS, draft);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    by: Option<String>,
}

async fn draft(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(asked): Body<Asked>,
) -> Result<Json<Value>, Refused> {
    let by = asked.by.as_deref().map_or(Ok("nobody named".to_owned()), |by| name("by", by))?;
    let (named, text) = control.book.read(|ledger| {
        let found = find(ledger, &id)?;
        let (named, policy) = service(ledger, Some(found.service))?;
        let known = ledger.services.get(found.service);
        let rows = known.map_or(&[][..], |known| &known.incident_rows);
        // A draft says nothing about drafts: the next one is the same unless something happened.
        let rows: Vec<_> = rows
            .iter()
            .filter(|row| !matches!(row, release::incident::event::Event::RetroDrafted(_)))
            .cloned()
            .collect();
        // Clocks that run are read when something last happened: the same rows give the same draft.
        let at = newest(&rows, &id).unwrap_or(found.incident.opened.at);
        let text = retrospective(&policy, &rows, &id, at, &view::zone(Some(&policy)));
        let text = text.ok_or_else(|| Refused::unknown(format!("there is no incident `{id}`")))?;
        Ok::<_, Refused>((named, text))
    })??;
    let kept =
        DocumentKept { what: "draft".to_owned(), name: format!("{id}.md"), folder: None, text: text.clone() };
    let digest = control.book.keep(&named, kept)?.to_string();
    control.book.write(|ledger, at| {
        let found = find(ledger, &id)?;
        let is_known = found.incident.retro.as_deref() == Some(digest.as_str());
        let row = RetroDrafted { incident: id.clone(), digest: digest.clone(), by: by.clone(), at };
        let row = Entry::Incident(named.clone(), row.into());
        Ok::<_, Refused>((if is_known { Vec::new() } else { vec![row] }, ()))
    })?;
    Ok(Json(json!({ "incident": id, "digest": digest, "text": text })))
}
