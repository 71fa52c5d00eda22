//! What an order shall look like, from the fields of a signal or of an order.

use axum::http::StatusCode;
use market::{Decimals, Instrument};
use trade::request::{OrderType, Product, Validity};
use trade::signal::OrderShape;
use trade::{Contract, Money};

use super::fields::{Fields, shorten};
use crate::api_error::ApiError;
use crate::trading::Desk;

/// Most units of a signal or an order.
pub const QUANTITY_MAX: i64 = 1_000_000_000;

/// No price here is above this: far beyond any instrument's.
const PRICE_MAX: Money = Money::rupees(1_000_000_000);

/// The fields that [`read`] looks at.
pub const FIELDS: [&str; 5] = ["type", "price", "trigger_price", "validity", "product"];

/// What the field `instrument` names: a name, or a number as text or as a number.
///
/// # Errors
/// 404 for what is not listed, 400 for what cannot be traded.
pub fn instrument(desk: &Desk, fields: &Fields<'_>) -> Result<(Instrument, Contract), ApiError> {
    let raw = fields.required("instrument", fields.get("instrument"))?;
    let is_number = raw.get().bytes().all(|byte| byte.is_ascii_digit());
    let name = if is_number { raw.get().to_owned() } else { fields.text("instrument")?.unwrap_or_default() };
    listed(desk, &name, fields.path("instrument"))
}

/// The listed instrument `name`, which the field `path` names.
///
/// # Errors
/// As [`instrument`].
pub fn listed(desk: &Desk, name: &str, path: String) -> Result<(Instrument, Contract), ApiError> {
    let shown = shorten(name);
    let Some(instrument) = desk.eye().instrument(name) else {
        let words = format!("{path}: no instrument is named {shown:?}");
        return Err(ApiError::new(StatusCode::NOT_FOUND, "unknown_instrument", words)
            .field(path)
            .hint("GET /v1/instruments?query=... or `meridian instruments search` finds it"));
    };
    match Contract::of(&instrument) {
        Some(contract) => Ok((instrument, contract)),
        None => {
            let words = format!("{path}: {shown} is an index: it has a value and cannot be traded");
            Err(ApiError::bad_field(path, "not_tradable", words)
                .hint("trade its future, an option on it, or a fund that follows it"))
        }
    }
}

/// Reads type, prices, validity and product; `default` is the type when none is named.
///
/// # Errors
/// What is wrong, missing, or does not belong to the type.
pub fn read(
    fields: &Fields<'_>,
    default: Option<OrderType>,
    instrument: &Instrument,
) -> Result<OrderShape, ApiError> {
    let named = fields.word("type", OrderType::ALL)?;
    let order_type = fields.required("type", named.or(default))?;
    let shape = OrderShape {
        order_type,
        price: price(fields, "price", instrument.decimals())?,
        trigger_price: price(fields, "trigger_price", instrument.decimals())?,
        validity: fields.word("validity", Validity::ALL)?.unwrap_or(Validity::Day),
        product: fields.word("product", Product::ALL)?.unwrap_or_else(|| product(instrument)),
    };
    belongs(fields, "price", order_type, order_type.has_price(), shape.price.is_some())?;
    belongs(fields, "trigger_price", order_type, order_type.has_trigger(), shape.trigger_price.is_some())?;
    Ok(shape)
}

/// A price that an instrument with so many `decimals` can have.
///
/// # Errors
/// What is none.
pub fn price(fields: &Fields<'_>, name: &str, decimals: Decimals) -> Result<Option<Money>, ApiError> {
    let fitting = |price| fit(fields.path(name), price, decimals);
    fields.money(name)?.map(fitting).transpose()
}

/// `price`, which the field `path` names, if an instrument with so many `decimals` can have it.
///
/// # Errors
/// What is none.
pub fn fit(path: String, price: Money, decimals: Decimals) -> Result<Money, ApiError> {
    let words = if price <= Money::ZERO || price > PRICE_MAX {
        format!("{path} is {price}: it must be above 0 and at most {PRICE_MAX}")
    } else if price.to_price(decimals).is_none() {
        format!("{path} is {price}: prices of this instrument have {} decimals", decimals.digits())
    } else {
        return Ok(price);
    };
    Err(ApiError::bad_field(path, "bad_field", words))
}

fn belongs(
    fields: &Fields<'_>,
    name: &str,
    kind: OrderType,
    wanted: bool,
    found: bool,
) -> Result<(), ApiError> {
    match (wanted, found) {
        (true, false) => {
            Err(fields.error(name, "missing_field", format_args!("is missing: a {kind} order has one")))
        }
        (false, true) => {
            Err(fields.error(name, "bad_field", format_args!("does not belong to a {kind} order")))
        }
        _ => Ok(()),
    }
}

/// Delivery for shares, carried over for contracts.
pub fn product(instrument: &Instrument) -> Product {
    match instrument.exchange {
        market::Exchange::Nse | market::Exchange::Bse => Product::Cnc,
        _ => Product::Nrml,
    }
}
