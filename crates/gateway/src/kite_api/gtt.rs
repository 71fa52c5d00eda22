//! Orders that wait for a price: `/gtt/triggers`.
//!
//! They are held here, for every class of account, not by the broker: nothing fires while no instance runs. A command is a fact
//! of the journal, answered from the state behind its row: what fired a moment before a change came was not changed, and
//! its client is told so. There is no idempotency: a placement whose answer was lost may stand twice, as at the broker.

mod terms;
mod view;

use std::sync::Arc;

use access::Principal;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use engine::Reply;
use kite::rest::gtt::{Trigger, TriggerChanged};
use trade::event::{GttAct, GttCommanded};
use trade::gtt::{GTTS_ACTIVE_MAX, Gtt};
use trade::{AccountId, GttId};

use super::orders::form;
use super::owner::account_of;
use super::reply::{self, Refusal};
use crate::Gateway;
use crate::clock::machine_now;
use crate::kite_api::orders::command::busy;
use crate::trading::DeskBusy;

/// Numbers that are tried when other instances give the same ones.
const DRAWS: usize = 16;

/// All that are kept, newest first.
pub async fn list(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Result<Response, Refusal> {
    let state = gateway.desk.state();
    let (account, held) = account_of(&state, &principal)?;
    let now = machine_now().0;
    let mut ids: Vec<GttId> = held.gtts_active.iter().chain(held.gtts_ended.iter()).copied().collect();
    ids.sort_unstable_by(|one, other| other.cmp(one));
    let own = ids.iter().filter_map(|id| state.gtts.kept.get(id)).filter(|gtt| gtt.account == account);
    let rows: Vec<Trigger> = own.map(|gtt| view::trigger(gtt, now)).collect();
    Ok(reply::success(&rows))
}

/// One of them.
pub async fn one(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let (_, gtt) = own(&gateway, &principal, &id)?;
    Ok(reply::success(&view::trigger(&gtt, machine_now().0)))
}

/// A new one.
pub async fn place(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let terms = terms::read(&gateway, &form(&body)?)?;
    let (account, full) = {
        let state = gateway.desk.state();
        let (account, held) = account_of(&state, &principal)?;
        let now = machine_now().0;
        let active = held.gtts_active.iter().filter_map(|id| state.gtts.kept.get(id));
        (account, active.filter(|gtt| gtt.is_active(now)).count() >= GTTS_ACTIVE_MAX)
    };
    if full {
        return Err(too_many());
    }
    for _ in 0..DRAWS {
        let id = gateway.desk.draw_gtt_id();
        let what = GttAct::Place(terms.clone());
        let Some(seq) = record(&gateway, &principal, &account, id, what).await? else { continue };
        return if holds(&gateway, id, &account, seq) { Ok(changed(id)) } else { Err(too_many()) };
    }
    Err(busy())
}

/// Other terms for an active one: all of them, as for a new one.
pub async fn modify(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let form = form(&body)?;
    let (account, gtt) = active(&gateway, &principal, &id)?;
    let what = GttAct::Replace(terms::read(&gateway, &form)?);
    change(&gateway, &principal, &account, gtt.id, what).await
}

/// The end of an active one.
pub async fn delete(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let (account, gtt) = active(&gateway, &principal, &id)?;
    change(&gateway, &principal, &account, gtt.id, GttAct::Delete).await
}

async fn change(
    gateway: &Gateway,
    principal: &Principal,
    account: &AccountId,
    id: GttId,
    what: GttAct,
) -> Result<Response, Refusal> {
    let seq = record(gateway, principal, account, id, what).await?.ok_or_else(busy)?;
    if holds(gateway, id, account, seq) {
        return Ok(changed(id));
    }
    // It ended between our look and our row.
    let state = gateway.desk.state();
    let gtt = state.gtts.kept.get(&id).ok_or_else(unknown)?;
    Err(not_active(gtt))
}

/// True when the row `seq` did what it asks for: nothing counts for one that has ended.
fn holds(gateway: &Gateway, id: GttId, account: &AccountId, seq: u64) -> bool {
    let state = gateway.desk.state();
    state.gtts.kept.get(&id).is_some_and(|gtt| gtt.account == *account && gtt.seq >= seq)
}

/// Makes a command durable. Answers its row; `None` when another instance gave the number away.
async fn record(
    gateway: &Gateway,
    principal: &Principal,
    account: &AccountId,
    gtt: GttId,
    what: GttAct,
) -> Result<Option<u64>, Refusal> {
    let command = GttCommanded {
        gtt,
        // Another draw of the numbers that no two instances share.
        command: gateway.desk.draw_order_id().get(),
        account: account.clone(),
        what,
        by: principal.api_key.clone(),
    };
    match gateway.desk.gtt(command).await {
        Ok(Reply::Recorded { seq } | Reply::Known { seq }) => Ok(Some(seq)),
        Ok(Reply::Conflict { .. }) => Ok(None),
        Ok(Reply::OlderInstance) => Err(Refusal::older_instance()),
        Ok(Reply::Unavailable { .. } | Reply::NotHolder { .. }) | Err(DeskBusy) => Err(busy()),
    }
}

/// One of the caller's, and its account.
fn own(gateway: &Gateway, principal: &Principal, id: &str) -> Result<(AccountId, Arc<Gtt>), Refusal> {
    let state = gateway.desk.state();
    let (account, _) = account_of(&state, principal)?;
    let id = id.parse().map(GttId).map_err(|_| unknown())?;
    let gtt = state.gtts.kept.get(&id).filter(|gtt| gtt.account == account).ok_or_else(unknown)?;
    Ok((account, Arc::clone(gtt)))
}

/// The same, if it can be changed.
fn active(gateway: &Gateway, principal: &Principal, id: &str) -> Result<(AccountId, Arc<Gtt>), Refusal> {
    let (account, gtt) = own(gateway, principal, id)?;
    if gtt.is_active(machine_now().0) { Ok((account, gtt)) } else { Err(not_active(&gtt)) }
}

fn changed(id: GttId) -> Response {
    reply::success(&TriggerChanged { trigger_id: id.0 })
}

fn unknown() -> Refusal {
    Refusal::input("Couldn't find that `trigger_id`.").status(StatusCode::NOT_FOUND)
}

fn not_active(gtt: &Gtt) -> Refusal {
    let stage = gtt.stage_at(machine_now().0).as_str();
    Refusal::input(format!("The trigger {} is {stage}: only an active one can be changed.", gtt.id))
}

fn too_many() -> Refusal {
    Refusal::input(format!("The account has {GTTS_ACTIVE_MAX} active triggers, and no more are taken."))
}
