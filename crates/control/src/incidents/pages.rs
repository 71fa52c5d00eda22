//! What was sent about an incident, and by which channels.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use release::incident::event::Event;
use release::ledger::Ledger;
use serde_json::{Value, json};

use super::find;
use crate::Control;
use crate::api::{INCIDENTS, READ, Table};
use crate::paging;
use crate::refused::Refused;

/// A little longer than a channel has to take a page.
const WAITS: Duration = Duration::from_secs(12);

pub(super) fn routes(table: &mut Table) {
    table.add("GET", "/v1/incidents/channels", READ, channels);
    table.add("POST", "/v1/incidents/{id}/pages", INCIDENTS, call);
}

/// Without addresses: they may be secrets.
async fn channels(State(control): State<Arc<Control>>) -> Json<Value> {
    let (channels, fault) = match paging::channels(&control) {
        Ok(channels) => (channels, None),
        Err(why) => (paging::Channels::default(), Some(why)),
    };
    let channels = channels.all.iter().map(|channel| {
        let health = control.paging.health(&channel.id);
        json!({
            "id": channel.id, "kind": channel.kind, "roles": channel.roles, "fault": channel.way.as_ref().err(),
            "taken": health.taken, "missed": health.missed,
        })
    });
    let channels: Vec<Value> = channels.collect();
    Json(json!({
        "is_serving": control.paging.is_serving(), "fault": fault, "channels": channels,
        "unheard_alerts": control.paging.unheard(),
    }))
}

/// Waits until the pages that are due have been sent, or not, and answers what became of them. Where nothing sends by
/// itself, it is done here.
async fn call(State(control): State<Arc<Control>>, Path(id): Path<String>) -> Result<Json<Value>, Refused> {
    control.book.read(|ledger| find(ledger, &id).map(drop))??;
    let is_serving = control.paging.is_serving();
    if is_serving {
        let mut rows = control.book.watch();
        let sent = async {
            while is_waiting(&control, &id)? {
                if rows.changed().await.is_err() {
                    break;
                }
            }
            Ok::<_, Refused>(())
        };
        // Later ones are sent all the same.
        tokio::time::timeout(WAITS, sent).await.unwrap_or(Ok(()))?;
    } else {
        // It goes on when whoever asked has left.
        let sending = Arc::clone(&control);
        let sent = tokio::spawn(async move { paging::send_due(&sending).await });
        sent.await
            .map_err(|error| Refused::conflict("page", format!("the pages broke on their way: {error}")))??;
    }
    let pages = control.book.read(|ledger| pages(ledger, &id))?;
    Ok(Json(json!({ "incident": id, "is_serving": is_serving, "pages": pages })))
}

/// Something is due, or on its way.
fn is_waiting(control: &Control, id: &str) -> Result<bool, Refused> {
    let now = control.book.now();
    control.book.read(|ledger| {
        let found = find(ledger, id)?;
        // Whoever serves calls without it, too: nobody waits for that here.
        let Ok((_, policy)) = super::service(ledger, Some(found.service)) else { return Ok(false) };
        let due = release::incident::due(&policy, found.incident, now);
        Ok(due.iter().any(|one| matches!(one, release::incident::Due::Page(_))))
    })?
}

fn pages(ledger: &Ledger, id: &str) -> Vec<Value> {
    let rows = ledger.services.values().flat_map(|service| &service.incident_rows);
    let pages = rows.filter_map(|row| match row {
        Event::PageSent(body) if body.key.incident == id => Some(json!({
            "key": body.key, "sent": true, "to": body.to, "channels": body.channel, "missed": body.missed, "at": body.at,
        })),
        Event::PageFailed(body) if body.key.incident == id => Some(json!({
            "key": body.key, "sent": false, "channels": body.channel, "missed": [body.why], "at": body.at,
        })),
        _ => None,
    });
    pages.collect()
}
