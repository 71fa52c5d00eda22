//! `POST /orders/{variety}`.
//!
//! Served are regular orders for the day or immediate-or-cancel. `market_protection` and `autoslice` are taken and given back
//! without effect: paper orders fill on the book that the market shows, and there is no freeze limit to slice at unless
//! the account's limits set one.

use std::sync::Arc;

use access::Principal;
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use kite::rest::placement::Placement;
use kite::rest::words;
use kite::rest::words::Variety;
use market::Decimal;
use trade::event::{CommandedAct, KiteFields, OrderCommanded};
use trade::{Contract, Money, OrderRequest, OrderType, Product, Side, Validity};

use super::command;
use super::form;
use crate::Gateway;
use crate::kite_api::owner::account_of;
use crate::kite_api::reply::Refusal;

pub async fn place(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(variety): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let form = form(&body)?;
    let placement = Placement::read(&variety, &form).map_err(|error| Refusal::input(error.to_string()))?;
    if gateway.broker_limits.is_some() && placement.lacks_market_protection() {
        return Err(Refusal::input(
            "`market_protection` is missing: market orders need -1, or a percentage above 0 and at most 100.",
        ));
    }
    let (account, _) =
        account_of(&gateway.desk.state(), &principal).map(|(id, held)| (id, held.added.class))?;
    let name = format!("{}:{}", placement.exchange.as_str(), placement.tradingsymbol);
    let instrument = gateway.desk.eye().instrument(&name);
    let instrument = instrument
        .ok_or_else(|| Refusal::input(format!("Invalid `tradingsymbol`: {name} is not listed.")))?;
    let contract = Contract::of(&instrument)
        .ok_or_else(|| Refusal::input(format!("Invalid `tradingsymbol`: {name} cannot be traded.")))?;
    let kite = KiteFields {
        variety: placement.variety.as_str().to_owned(),
        disclosed_quantity: placement.disclosed_quantity.and_then(|shown| i64::try_from(shown).ok()),
        market_protection: placement.market_protection.map(|protection| protection.to_string()),
    };
    let command = OrderCommanded {
        order: gateway.desk.draw_order_id(),
        // The first of its order.
        command: 1,
        account,
        what: CommandedAct::Place(request(&placement, contract)?),
        client_id: None,
        digest: String::new(),
        tag: placement.tag,
        kite: Some(kite),
        by: principal.api_key.clone(),
    };
    command::answer(&gateway, command).await
}

fn request(placement: &Placement, contract: Contract) -> Result<OrderRequest, Refusal> {
    if placement.variety != Variety::Regular {
        return Err(Refusal::input(format!(
            "`variety` {} is not served here: use `regular`.",
            placement.variety
        )));
    }
    Ok(OrderRequest {
        contract,
        side: match placement.transaction_type {
            words::Side::Sell => Side::Sell,
            _ => Side::Buy,
        },
        quantity: quantity(placement.quantity)?,
        order_type: order_type(&placement.order_type)?,
        price: price("price", placement.price)?,
        trigger_price: price("trigger_price", placement.trigger_price)?,
        validity: validity(&placement.validity)?,
        product: product(&placement.product)?,
    })
}

/// Units.
pub fn quantity(units: u64) -> Result<i64, Refusal> {
    i64::try_from(units).map_err(|_| Refusal::input("Invalid `quantity`."))
}

/// Rupees.
pub fn price(field: &str, given: Option<Decimal>) -> Result<Option<Money>, Refusal> {
    let read = |decimal: Decimal| decimal.to_string().parse();
    given
        .map(read)
        .transpose()
        .map_err(|error: trade::money::MoneyError| Refusal::input(format!("Invalid `{field}`: it {error}.")))
}

/// A word that the shape check has let through.
pub fn order_type(word: &words::OrderType) -> Result<OrderType, Refusal> {
    Ok(match word {
        words::OrderType::Market => OrderType::Market,
        words::OrderType::Limit => OrderType::Limit,
        words::OrderType::StopLimit => OrderType::StopLimit,
        words::OrderType::StopMarket => OrderType::StopMarket,
        words::OrderType::Other(_) => return Err(Refusal::input("Invalid `order_type`.")),
    })
}

/// Orders live for the day or not at all.
pub fn validity(word: &words::Validity) -> Result<Validity, Refusal> {
    match word {
        words::Validity::Day => Ok(Validity::Day),
        words::Validity::Ioc => Ok(Validity::Ioc),
        _ => Err(Refusal::input(format!("`validity` {word} is not served here: use DAY or IOC."))),
    }
}

/// A product that a position can have.
pub fn product(word: &words::Product) -> Result<Product, Refusal> {
    match word {
        words::Product::Cnc => Ok(Product::Cnc),
        words::Product::Nrml => Ok(Product::Nrml),
        words::Product::Mis => Ok(Product::Mis),
        words::Product::Mtf => Ok(Product::Mtf),
        _ => Err(Refusal::input(format!("`product` {word} is not served here: use CNC, NRML, MIS or MTF."))),
    }
}
