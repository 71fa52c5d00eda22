//! Orders and trades of the caller's account.

pub mod change;
pub mod command;
pub mod history;
pub mod place;
pub mod refusals;
pub mod view;

use std::sync::Arc;

use access::Principal;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use engine::rows::subject;
use jiff::civil::Date;
use kite::form::Form;
use kite::rest::orders::Order as KiteOrder;
use market::UnixNanos;
use trade::event::CommandedAct;
use trade::state::{Account, Pending};
use trade::{AccountId, OrderId, State as Trading};

use super::owner::account_of;
use super::reply::{self, Refusal};
use crate::Gateway;

/// A request's form.
///
/// # Errors
/// 400 for a body that is none.
pub fn form(body: &[u8]) -> Result<Form<'_>, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::input("The body is not a form in UTF-8."))?;
    Form::parse(text).map_err(|error| Refusal::input(error.to_string()))
}

/// Today's orders, oldest first, each as it stands.
pub async fn list(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Result<Response, Refusal> {
    let state = gateway.desk.state();
    let (account, held) = account_of(&state, &principal)?;
    let today = today(&gateway);
    let refused = gateway
        .refusals
        .of(&gateway.desk, state.seq, &account, today)
        .await
        .map_err(|error| Refusal::internal(&error))?;
    let own = state.orders.values().filter(|order| order.account == account);
    let mut rows: Vec<(i64, KiteOrder)> = own
        .filter(|order| order.day == today || !order.stage.is_ended())
        .map(|order| (order.created, view::order(order)))
        .chain(refused)
        .collect();
    rows.sort_by(|(one, a), (other, b)| (one, &a.order_id).cmp(&(other, &b.order_id)));
    let mut rows: Vec<KiteOrder> = rows.into_iter().map(|(_, row)| row).collect();
    rows.extend(waiting(&account, held));
    Ok(reply::success(&rows))
}

/// Placements that wait for their verdict.
fn waiting(account: &AccountId, held: &Account) -> Vec<KiteOrder> {
    let placed = held.pending.iter().filter_map(|pending| {
        let Pending::Command(command) = pending else { return None };
        let CommandedAct::Place(request) = &command.what else { return None };
        Some(view::asked(&view::Asked {
            id: command.order,
            account,
            request,
            tag: command.tag.as_deref(),
            kite: command.kite.as_ref(),
        }))
    });
    placed.collect()
}

/// The states that one order went through.
pub async fn one(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(order_id): Path<String>,
) -> Result<Response, Refusal> {
    let order = order_id.parse().map_err(|_| command::unknown_order())?;
    let states = states_of(&gateway, &gateway.desk.state(), &principal, order).await?;
    if states.is_empty() {
        return Err(command::unknown_order());
    }
    Ok(reply::success(&states))
}

/// The same; empty when it is no order of the caller's account.
async fn states_of(
    gateway: &Gateway,
    state: &Trading,
    principal: &Principal,
    order: OrderId,
) -> Result<Vec<KiteOrder>, Refusal> {
    let (_, held) = account_of(state, principal)?;
    let rows = gateway.desk.rows_about(subject::order(order)).await;
    let rows = rows.map_err(|error| Refusal::internal(&error))?;
    Ok(history::states(order, &rows, held))
}

/// Fills of one order.
pub async fn trades_of(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(order_id): Path<String>,
) -> Result<Response, Refusal> {
    let order: OrderId = order_id.parse().map_err(|_| command::unknown_order())?;
    let state = gateway.desk.state();
    let (account, held) = account_of(&state, &principal)?;
    let Some(found) = state.orders.get(&order).filter(|found| found.account == account) else {
        // Refused, or not decided yet: an order without fills.
        return match states_of(&gateway, &state, &principal, order).await?.is_empty() {
            true => Err(command::unknown_order()),
            false => Ok(reply::success::<[KiteOrder]>(&[])),
        };
    };
    let fills = held.trades.iter().filter(|trade| trade.order == order);
    let rows: Vec<_> = fills.map(|trade| view::trade(trade, found)).collect();
    Ok(reply::success(&rows))
}

/// Today's fills, oldest first.
pub async fn trades(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Result<Response, Refusal> {
    let state = gateway.desk.state();
    let (_, held) = account_of(&state, &principal)?;
    let today = today(&gateway);
    let fills = held.trades.iter().filter(|trade| UnixNanos(trade.at).ist_date() == today);
    let rows: Vec<_> =
        fills.filter_map(|trade| Some(view::trade(trade, state.orders.get(&trade.order)?))).collect();
    Ok(reply::success(&rows))
}

/// The market's trading day.
pub fn today(gateway: &Gateway) -> Date {
    gateway.desk.eye().now().market_time().ist_date()
}
