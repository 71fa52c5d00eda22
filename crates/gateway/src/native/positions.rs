//! `GET /v1/positions`: what is held, valued at the newest prices.

use std::sync::Arc;

use access::Principal;
use axum::extract::State as Shared;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use trade::Money;
use trade::position::Position;

use super::reach;
use crate::Gateway;
use crate::api_error::ApiError;
use crate::query::Query;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionsQuery {
    account: Option<String>,
}

#[derive(Serialize)]
pub struct PositionsAnswer {
    positions: Vec<PositionView>,
    sequence: u64,
}

#[derive(Serialize)]
struct PositionView {
    account: String,
    instrument: String,
    instrument_token: u32,
    product: &'static str,
    quantity: i64,
    average_price: String,
    /// Null without a price, and then so is what depends on it.
    last: Option<String>,
    unrealised: Option<String>,
    realised: String,
    profit_today: Option<String>,
}

impl PositionView {
    fn new(account: &str, position: &Position, last: Option<Money>) -> PositionView {
        // A flat position is worth nothing at any price.
        let unrealised = if position.quantity == 0 { Some(Money::ZERO) } else { last };
        let today = if position.needs_price() { last } else { Some(Money::ZERO) };
        PositionView {
            account: account.to_owned(),
            instrument: position.contract.name.clone(),
            instrument_token: position.contract.token,
            product: position.product.as_str(),
            quantity: position.quantity,
            average_price: position.average_price().to_string(),
            last: last.map(|last| last.to_string()),
            unrealised: unrealised.map(|last| position.unrealised(last).to_string()),
            realised: position.realised.to_string(),
            profit_today: today.map(|last| position.profit_today(last).to_string()),
        }
    }
}

pub async fn positions(
    Shared(gateway): Shared<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Query(query): Query<PositionsQuery>,
) -> Result<Json<PositionsAnswer>, ApiError> {
    let state = gateway.desk.state();
    let accounts = reach::accounts(&principal, &state, query.account.as_deref())?;
    let held = accounts.iter().filter_map(|name| state.account(name).map(|account| (name, account)));
    let positions = held.flat_map(|(name, account)| {
        let eye = gateway.desk.eye();
        account.positions.values().map(move |position| {
            PositionView::new(name.as_str(), position, eye.last(position.contract.token))
        })
    });
    Ok(Json(PositionsAnswer { positions: positions.collect(), sequence: state.seq }))
}
