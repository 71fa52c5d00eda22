//! Positions and holdings of the caller's account. With `market:read` alone both are empty: what is in the account is not
//! shown.
//!
//! What was bought for delivery on an earlier day is a holding, as at the broker; today's trades in it are positions.

pub mod conversion;
pub mod holdings;
pub mod positions;

use std::sync::Arc;

use access::Principal;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use kite::rest::portfolio::{Holding, Positions};
use trade::position::Position;
use trade::state::Account;

use super::figures::Marks;
use super::orders::today;
use super::owner::{account_of, sees_figures};
use super::reply::{self, Refusal};
use crate::Gateway;

pub async fn positions(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Result<Response, Refusal> {
    let held = held(&gateway, &principal)?;
    let with_marks = || held.iter().map(|position| (position, Marks::of(position, gateway.desk.eye())));
    Ok(reply::success(&Positions {
        net: with_marks().filter_map(|(position, marks)| positions::net(position, marks)).collect(),
        day: with_marks().filter_map(|(position, marks)| positions::day(position, marks)).collect(),
    }))
}

pub async fn holdings(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Result<Response, Refusal> {
    Ok(reply::success(&holdings_of(&gateway, &principal)?))
}

pub async fn summary(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Result<Response, Refusal> {
    let held = held(&gateway, &principal)?;
    let with_marks = held.iter().map(|position| (position, Marks::of(position, gateway.desk.eye())));
    Ok(reply::success(&holdings::summary(with_marks)))
}

fn holdings_of(gateway: &Gateway, principal: &Principal) -> Result<Vec<Holding>, Refusal> {
    let held = held(gateway, principal)?;
    let row = |position: &Position| holdings::holding(position, Marks::of(position, gateway.desk.eye()));
    Ok(held.iter().filter_map(row).collect())
}

/// The caller's positions as they are on the market's day.
fn held(gateway: &Gateway, principal: &Principal) -> Result<Vec<Position>, Refusal> {
    let state = gateway.desk.state();
    let (_, account) = account_of(&state, principal)?;
    if !sees_figures(principal) {
        return Ok(Vec::new());
    }
    Ok(of_today(gateway, account))
}

/// An account's positions as they are on the market's day: the journal closes a day with the first decision of the next.
pub fn of_today(gateway: &Gateway, account: &Account) -> Vec<Position> {
    let today = today(gateway);
    let begun = account.day.is_none_or(|day| day >= today);
    let positions = account.positions.values().map(|position| Position::clone(position));
    if begun {
        return positions.collect();
    }
    let open = positions.filter(|position| position.quantity != 0);
    let closed_day = open.map(|mut position| {
        position.begin_day(gateway.desk.eye().last(position.contract.token));
        position
    });
    closed_day.collect()
}
