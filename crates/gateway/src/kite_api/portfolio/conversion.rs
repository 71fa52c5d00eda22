//! `PUT /portfolio/positions`: units of a position under another product, in paper accounts.
//!
//! Enters: the form. Leaves: `true` once the account's holder has decided for it. Never here: what is held and whether the
//! account may do it (`trade::decide`). Positions of accounts at a venue are converted there, not here.

use std::sync::Arc;

use access::Principal;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use engine::Reply;
use engine::rows::subject;
use kite::rest::conversion::Conversion as Wanted;
use kite::rest::words::{self, ErrorType, PositionType};
use trade::conversion::{Conversion, Part};
use trade::event::{Cause, Class, ConversionCommanded, Verdict};
use trade::position::Position;
use trade::state::Account;
use trade::{Code, Contract, Product, Reason, Side};

use crate::Gateway;
use crate::kite_api::orders::command::{PATIENCE, busy, error_type, recorded};
use crate::kite_api::orders::form;
use crate::kite_api::orders::place::{product, quantity};
use crate::kite_api::owner::account_of;
use crate::kite_api::reply::{self, Refusal};
use crate::trading::DeskBusy;

pub async fn convert(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let wanted = Wanted::read(&form(&body)?).map_err(|error| Refusal::input(error.to_string()))?;
    let state = gateway.desk.state();
    let (account, held) = account_of(&state, &principal)?;
    if held.added.class != Class::Paper {
        let words = "Conversion of positions is not served for accounts at a venue: convert them there.";
        return Err(Refusal::input(words));
    }
    let commanded = ConversionCommanded {
        // One of the numbers that no two instances share.
        conversion: gateway.desk.draw_order_id().get(),
        account,
        what: conversion(&gateway, held, &wanted)?,
        by: principal.api_key.clone(),
    };
    let (account, cause) = (commanded.account.clone(), Cause::Conversion(commanded.conversion));
    let subject = subject::conversion(commanded.conversion);
    let seq = match gateway.desk.convert(commanded).await {
        Ok(Reply::Recorded { seq } | Reply::Known { seq }) => seq,
        Ok(Reply::Unavailable { why }) => {
            return Err(Refusal::new(ErrorType::Network, format!("Nothing was recorded: {why}.")));
        }
        Ok(Reply::OlderInstance) => return Err(Refusal::older_instance()),
        Ok(Reply::Conflict { .. } | Reply::NotHolder { .. }) | Err(DeskBusy) => return Err(busy()),
    };
    let decided = gateway
        .desk
        .until(PATIENCE, |state| (state.seq >= seq && !state.is_pending(&account, &cause)).then_some(()));
    if decided.await.is_none() {
        // It is durable and will be decided, as with orders: an error would make clients send it again.
        return Ok(reply::success(&true));
    }
    match recorded(&gateway, subject, &cause).await? {
        Some(decided) if decided.verdict == Verdict::Denied => Err(denial(&decided.reasons)),
        _ => Ok(reply::success(&true)),
    }
}

fn conversion(gateway: &Gateway, held: &Account, wanted: &Wanted) -> Result<Conversion, Refusal> {
    let part = match wanted.position_type {
        PositionType::Day => Part::Day,
        PositionType::Overnight => Part::Overnight,
        PositionType::Other(_) => return Err(Refusal::input("Invalid `position_type`.")),
    };
    let side = match wanted.transaction_type {
        words::Side::Buy => Side::Buy,
        words::Side::Sell => Side::Sell,
        words::Side::Other(_) => return Err(Refusal::input("Invalid `transaction_type`.")),
    };
    let from = product("old_product", &wanted.old_product)?;
    let to = product("new_product", &wanted.new_product)?;
    let (contract, quantity) = (contract(gateway, held, wanted, from)?, quantity(wanted.quantity)?);
    Ok(Conversion { contract, side, quantity, part, from, to })
}

/// The contract as the account holds it, which may have left the listing; else as it is listed.
fn contract(
    gateway: &Gateway,
    held: &Account,
    wanted: &Wanted,
    product: Product,
) -> Result<Contract, Refusal> {
    let name = format!("{}:{}", wanted.exchange.as_str(), wanted.tradingsymbol);
    let is_it = |position: &Position| {
        position.quantity != 0 && position.product == product && position.contract.name == name
    };
    let position = held.positions.values().find(|position| is_it(position));
    let listed = || gateway.desk.eye().instrument(&name).and_then(|instrument| Contract::of(&instrument));
    position
        .map(|position| position.contract.clone())
        .or_else(listed)
        .ok_or_else(|| Refusal::input(format!("Invalid `tradingsymbol`: {name} is not listed.")))
}

/// The first reason decides which exception it is; the field that it is about is named.
fn denial(reasons: &[Reason]) -> Refusal {
    let messages: Vec<String> = reasons
        .iter()
        .map(|reason| match field(reason.code) {
            Some(field) => format!("Invalid `{field}`: {}", reason.message),
            None => reason.message.clone(),
        })
        .collect();
    let kind = reasons.first().map_or(ErrorType::Order, |reason| error_type(reason.code.kite()));
    Refusal::new(kind, messages.join(" "))
}

const fn field(code: Code) -> Option<&'static str> {
    match code {
        Code::NotHeld | Code::Holdings | Code::LotSize => Some("quantity"),
        Code::OppositeHeld | Code::NothingToChange => Some("new_product"),
        _ => None,
    }
}
