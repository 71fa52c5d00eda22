//! GO, GO WITH CONDITIONS or NO-GO, recorded.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use release::calendar::Calendars;
use release::decision::{Decision, WindowAnswer, decide, record};
use release::event::Event;
use release::ledger::{Entry, Ledger};
use release::promotion::lacking;
use release::window::{Timetable, faults};
use serde::Deserialize;
use serde_json::Value;

use super::found::{Found, find};
use crate::Control;
use crate::api::{Body, RUN, Table};
use crate::refused::Refused;
use crate::signing::verify;

pub(super) fn routes(table: &mut Table) {
    table.add("POST", "/v1/release/releases/{id}/decision", RUN, take);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Taking {
    /// It mends this incident, which is open.
    #[serde(default)]
    incident: Option<String>,
}

async fn take(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(body): Body<Taking>,
) -> Result<Json<Value>, Refused> {
    control.book.write(|ledger, now| {
        let found = find(ledger, &id)?;
        let incident = body.incident.as_deref();
        let window = window(ledger, &found, now, incident)?;
        let decided = record(&found.loaded, &found.state, now, &window, incident, &verify);
        Ok::<_, Refused>((vec![Entry::Release(found.service, Event::Decided(Box::new(decided)))], ()))
    })?;
    super::view::show(&control, &id, body.incident.as_deref())
}

/// What would come out now.
pub(crate) fn now(
    ledger: &Ledger,
    found: &Found,
    now: Timestamp,
    incident: Option<&str>,
) -> Result<Decision, Refused> {
    let window = window(ledger, found, now, incident)?;
    Ok(decide(&found.loaded, &found.state, now, &window, incident, &verify))
}

/// What windows and the environments before say of beginning now; of a hotfix for an open incident, with the exception that
/// the policy makes for its severity.
fn window(
    ledger: &Ledger,
    found: &Found,
    now: Timestamp,
    incident: Option<&str>,
) -> Result<WindowAnswer, Refused> {
    let policy = &found.loaded.policy;
    let promotion = lacking(ledger, policy, &found.release);
    let calendars = Calendars::builtin();
    let Ok(timetable) = Timetable::new(policy, &calendars) else {
        let words = faults(policy, &calendars).into_iter().map(|fault| fault.words);
        return Ok(WindowAnswer { reasons: words.collect(), promotion, ..WindowAnswer::default() });
    };
    let Some(id) = incident else { return Ok(WindowAnswer { promotion, ..timetable.answer(now) }) };
    let open = found.state.incidents.get(id).ok_or_else(|| {
        let open: Vec<&str> = found.state.incidents.keys().map(String::as_str).collect();
        let open = if open.is_empty() { "none".to_owned() } else { open.join(", ") };
        Refused::field("incident", format!("no incident `{id}` of {} is open", found.service))
            .hint(format!("open: {open}"))
    })?;
    Ok(WindowAnswer { promotion, ..timetable.for_incident(&open.severity).answer(now) })
}
