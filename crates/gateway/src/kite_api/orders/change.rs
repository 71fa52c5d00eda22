//! `PUT` and `DELETE /orders/{variety}/{order_id}`.

use std::sync::Arc;

use access::Principal;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use kite::form::Form;
use kite::rest::modification::{Cancellation, Modification};
use kite::rest::words::Variety;
use trade::event::{CommandedAct, OrderCommanded};
use trade::request::Changes;
use trade::{AccountId, OrderId};

use super::command;
use super::form;
use super::place::{order_type, price, quantity, validity};
use crate::Gateway;
use crate::kite_api::owner::account_of;
use crate::kite_api::reply::Refusal;

pub async fn modify(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path((variety, order_id)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let form = form(&body)?;
    let wanted =
        Modification::read(&variety, &order_id, &form).map_err(|error| Refusal::input(error.to_string()))?;
    let changes = Changes {
        quantity: wanted.quantity.map(quantity).transpose()?,
        order_type: wanted.order_type.as_ref().map(order_type).transpose()?,
        price: price("price", wanted.price)?,
        trigger_price: price("trigger_price", wanted.trigger_price)?,
        validity: wanted.validity.as_ref().map(validity).transpose()?,
    };
    change(&gateway, &principal, &wanted.variety, &order_id, CommandedAct::Modify(changes)).await
}

pub async fn cancel(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path((variety, order_id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let query = query.unwrap_or_default();
    let form = Form::parse(&query).map_err(|error| Refusal::input(error.to_string()))?;
    let wanted =
        Cancellation::read(&variety, &order_id, &form).map_err(|error| Refusal::input(error.to_string()))?;
    change(&gateway, &principal, &wanted.variety, &order_id, CommandedAct::Cancel).await
}

async fn change(
    gateway: &Gateway,
    principal: &Principal,
    variety: &Variety,
    order_id: &str,
    what: CommandedAct,
) -> Result<Response, Refusal> {
    let order: OrderId = order_id.parse().map_err(|_| command::unknown_order())?;
    let account = standing(gateway, principal, variety, order).await?;
    let command = OrderCommanded {
        order,
        // Another draw of the numbers that no two instances share.
        command: gateway.desk.draw_order_id().get(),
        account,
        what,
        client_id: None,
        digest: String::new(),
        tag: None,
        kite: None,
        may_slice: false,
        by: principal.api_key.clone(),
    };
    command::answer(gateway, command).await
}

/// The account of an order that can be named in a command.
async fn standing(
    gateway: &Gateway,
    principal: &Principal,
    variety: &Variety,
    order: OrderId,
) -> Result<AccountId, Refusal> {
    let state = gateway.desk.state();
    let (account, _) = account_of(&state, principal)?;
    if let Some(found) = state.orders.get(&order).filter(|found| found.account == account) {
        let placed = found.kite.as_ref().map_or("regular", |kite| kite.variety.as_str());
        if placed != variety.as_str() {
            return Err(Refusal::input(format!("The order's `variety` is {placed}.")));
        }
        return Ok(account);
    }
    // Not decided yet, refused, or of an earlier day: theirs, and no longer or not yet open to changes.
    match super::states_of(gateway, &state, principal, order).await?.is_empty() {
        true => Err(command::unknown_order()),
        false => Err(command::in_progress()),
    }
}
