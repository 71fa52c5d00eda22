//! Journal against the venue's book: on demand, and what was found before.

use std::sync::Arc;

use access::Principal;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::{Extension, Json};
use engine::{Reply, rows};
use journal::events::Row;
use market::UnixNanos;
use serde::{Deserialize, Serialize};
use trade::Event;
use trade::event::{Difference, Reconciled};

use super::accounts::Holders;
use super::fields::{self, JsonText};
use super::orders::list::limit;
use super::reach;
use crate::Gateway;
use crate::api_error::ApiError;
use crate::query::Query;

/// A comparison that was just made.
#[derive(Serialize)]
pub struct Report {
    #[serde(flatten)]
    found: ReconciliationView,
    /// Orders of the account's trading day.
    orders: usize,
    /// Fills of the account's trading day.
    trades: usize,
}

/// A comparison as the journal has it.
#[derive(Serialize)]
pub struct ReconciliationView {
    account: String,
    sequence: u64,
    time: String,
    cause: String,
    /// Worst first; empty when book and journal agree.
    differences: Vec<Difference>,
}

impl ReconciliationView {
    fn new(row: &Row) -> Option<ReconciliationView> {
        match rows::event(row) {
            Ok(Event::Reconciled(Reconciled { account, cause, differences })) => Some(ReconciliationView {
                account: account.to_string(),
                sequence: row.seq,
                time: UnixNanos(row.time).to_rfc3339(),
                cause,
                differences,
            }),
            _ => None,
        }
    }
}

/// `POST /v1/reconcile`
pub async fn reconcile(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    JsonText(body): JsonText,
) -> Result<Json<Report>, ApiError> {
    let fields = fields::object(&body)?;
    fields.only(&["account"])?;
    let name = fields.required("account", fields.text("account")?)?;
    let account = reach::account(&principal, &gateway.desk.state(), &name, "account")?;
    let seq = match gateway.desk.reconcile(account.clone()).await {
        Ok(Reply::Recorded { seq } | Reply::Known { seq } | Reply::Conflict { seq }) => seq,
        Ok(Reply::NotHolder { .. }) => {
            let holder = Holders::read(&gateway).await?.holder(&account);
            let hint = holder.map_or("wait until an instance decides for it".to_owned(), |name| {
                format!("ask the instance {name}, which decides for it")
            });
            let words = "another instance decides for this account";
            return Err(ApiError::new(StatusCode::CONFLICT, "not_holder", words).field("account").hint(hint));
        }
        Ok(Reply::Unavailable { .. } | Reply::OlderInstance) | Err(_) => return Err(ApiError::busy()),
    };
    let row = gateway.desk.row(seq).await.map_err(|error| ApiError::internal(&error))?;
    let found = row.as_ref().and_then(ReconciliationView::new).ok_or_else(ApiError::busy)?;
    let state = gateway.desk.state();
    let held = state.account(&account);
    let day = held.and_then(|held| held.day);
    let today = |order: &&Arc<trade::Order>| order.account == account && Some(order.day) == day;
    Ok(Json(Report {
        found,
        orders: state.orders.values().filter(today).count(),
        trades: held.map_or(0, |held| held.trade_ids.size()),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationsQuery {
    account: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
pub struct ReconciliationsAnswer {
    reconciliations: Vec<ReconciliationView>,
}

/// `GET /v1/reconciliations`: newest last.
pub async fn list(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Query(query): Query<ReconciliationsQuery>,
) -> Result<Json<ReconciliationsAnswer>, ApiError> {
    let limit = limit(query.limit)?;
    let accounts = reach::accounts(&principal, &gateway.desk.state(), query.account.as_deref())?;
    let mut found = Vec::new();
    for account in &accounts {
        let about = rows::subject::account(account);
        let rows = gateway.desk.newest_rows_about(about).await.map_err(|error| ApiError::internal(&error))?;
        found.extend(rows.iter().filter_map(ReconciliationView::new));
    }
    found.sort_by_key(|view| view.sequence);
    found.drain(..found.len().saturating_sub(limit));
    Ok(Json(ReconciliationsAnswer { reconciliations: found }))
}
