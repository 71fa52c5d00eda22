//! `GET /v1/accounts/{name}/report`: the trading day so far, to be kept beside a reconciliation.

use std::sync::Arc;

use access::Principal;
use axum::extract::{Path, State as Shared};
use axum::{Extension, Json};
use journal::events::Journal;
use serde::Deserialize;

use super::reach;
use crate::Gateway;
use crate::api_error::ApiError;
use crate::clock::machine_now;
use crate::query::Query;
use crate::report::{Comparison, Report};
use crate::trading::reports::comparison;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportQuery {
    /// The row of the comparison to tell of.
    reconciliation: Option<u64>,
}

pub async fn report(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(name): Path<String>,
    Query(query): Query<ReportQuery>,
) -> Result<Json<Report>, ApiError> {
    let desk = &gateway.desk;
    let name = reach::account(&principal, &desk.state(), &name, "name").map_err(ApiError::not_found)?;
    let compared = match query.reconciliation {
        None => Comparison::default(),
        Some(seq) => {
            let found = comparison(desk, &name, seq).await.map_err(|error| ApiError::internal(&error))?;
            found.ok_or_else(|| {
                let words = format!("row {seq} is no reconciliation of {name}");
                ApiError::bad_field("reconciliation", "unknown_reconciliation", words)
                    .hint("GET /v1/reconciliations lists them")
            })?
        }
    };
    let head = desk.read(|journal| journal.head()).await.map_err(|error| ApiError::internal(&error))?;
    let last = |token| desk.eye().last(token);
    let report = Report::so_far(&desk.state(), &name, compared, head, machine_now(), last);
    report.map(Json).ok_or_else(ApiError::busy)
}
