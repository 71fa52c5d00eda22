//! `GET /v1/accounts` and `GET /v1/leases`: what each account has, and which instance decides for it.

use std::sync::Arc;

use access::Principal;
use axum::extract::{Path, State as Shared};
use axum::{Extension, Json};
use journal::events::{Instance, Journal, Lease, Stream};
use serde::Serialize;
use serde_json::{Value, json};
use trade::event::Halted;
use trade::{AccountId, State};

use super::reach;
use crate::Gateway;
use crate::api_error::ApiError;

#[derive(Serialize)]
pub struct AccountsAnswer {
    accounts: Vec<AccountView>,
}

/// An account as the API tells it.
#[derive(Serialize)]
pub struct AccountView {
    name: String,
    class: &'static str,
    /// Where its venue is; null for paper.
    url: Option<String>,
    /// Our public name at the venue; null for paper.
    api_key: Option<String>,
    /// Rupees.
    cash: String,
    /// Null while a position has no price.
    profit_today: Option<String>,
    open_orders: usize,
    /// Who halted it and why; null while it trades.
    halted: Option<Value>,
    /// True when this instance decides for it.
    here: bool,
    /// The instance that decides for it; null while none does.
    holder: Option<String>,
    /// How often that has changed hands.
    epoch: u64,
    /// Its trading day; null before the first.
    day: Option<String>,
    /// Orders of which nobody knows whether a call reached the venue.
    unknown_fates: usize,
}

/// `GET /v1/accounts`
pub async fn list(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Result<Json<AccountsAnswer>, ApiError> {
    let state = gateway.desk.state();
    let names = reach::accounts(&principal, &state, None)?;
    let holders = Holders::read(&gateway).await?;
    let accounts = names.iter().filter_map(|name| view(&gateway, &state, &holders, name)).collect();
    Ok(Json(AccountsAnswer { accounts }))
}

/// `GET /v1/accounts/{name}`
pub async fn one(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(name): Path<String>,
) -> Result<Json<AccountView>, ApiError> {
    let state = gateway.desk.state();
    let name = reach::account(&principal, &state, &name, "name").map_err(ApiError::not_found)?;
    let holders = Holders::read(&gateway).await?;
    view(&gateway, &state, &holders, &name).map(Json).ok_or_else(ApiError::busy)
}

fn view(gateway: &Gateway, state: &State, holders: &Holders, name: &AccountId) -> Option<AccountView> {
    let account = state.account(name)?;
    let eye = gateway.desk.eye();
    let lease = holders.of(name);
    let open = account.open.iter().filter_map(|order| state.orders.get(order));
    Some(AccountView {
        name: name.to_string(),
        class: account.added.class.as_str(),
        url: some(&account.added.url),
        api_key: some(&account.added.api_key),
        cash: account.cash.to_string(),
        profit_today: account.profit_today(|token| eye.last(token)).map(|profit| profit.to_string()),
        open_orders: account.open.size(),
        halted: state.halt(name).map(halt),
        here: lease.is_some_and(|lease| lease.holder == gateway.desk.instance()),
        holder: lease.and_then(|lease| holders.name(lease.holder)),
        epoch: lease.map_or(0, |lease| lease.epoch),
        day: account.day.map(|day| day.to_string()),
        unknown_fates: open.filter(|order| order.has_unknown()).count(),
    })
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn halt(halted: &Halted) -> Value {
    json!({"all": halted.account.is_none(), "why": halted.why, "by": halted.by, "cancel_open": halted.cancel_open})
}

#[derive(Serialize)]
pub struct LeasesAnswer {
    leases: Vec<LeaseView>,
}

#[derive(Serialize)]
struct LeaseView {
    stream: String,
    holder: u32,
    instance: Option<String>,
    epoch: u64,
    renewals: u64,
    here: bool,
}

/// `GET /v1/leases`
pub async fn leases(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Result<Json<LeasesAnswer>, ApiError> {
    let holders = Holders::read(&gateway).await?;
    let may_see = |lease: &&Lease| {
        let account = lease.stream.as_str().strip_prefix("account:");
        account.map_or(principal.account.is_none(), |account| principal.may_use(account))
    };
    let leases = holders.leases.iter().filter(may_see).map(|lease| LeaseView {
        stream: lease.stream.to_string(),
        holder: lease.holder,
        instance: holders.name(lease.holder),
        epoch: lease.epoch,
        renewals: lease.renewals,
        here: lease.holder == gateway.desk.instance(),
    });
    Ok(Json(LeasesAnswer { leases: leases.collect() }))
}

/// Who holds which lease, as the journal has it.
pub struct Holders {
    leases: Vec<Lease>,
    instances: Vec<Instance>,
}

impl Holders {
    /// Reads them.
    ///
    /// # Errors
    /// 500 when the journal cannot be read.
    pub async fn read(gateway: &Gateway) -> Result<Holders, ApiError> {
        let read = gateway.desk.read(|journal| Ok((journal.leases()?, journal.instances()?))).await;
        let (leases, instances) = read.map_err(|error| ApiError::internal(&error))?;
        Ok(Holders { leases, instances })
    }

    /// The lease on an account's decisions.
    fn of(&self, account: &AccountId) -> Option<&Lease> {
        let stream = Stream::account(account.as_str());
        self.leases.iter().find(|lease| lease.stream == stream)
    }

    /// The name of the instance that decides for an account.
    pub fn holder(&self, account: &AccountId) -> Option<String> {
        self.name(self.of(account)?.holder)
    }

    fn name(&self, number: u32) -> Option<String> {
        self.instances.iter().find(|known| known.number == number).map(|known| known.name.clone())
    }
}
