//! From the fields of a body to an order, or to a change of one.

use access::Principal;
use serde::Serialize;
use trade::request::{Changes, OrderType, Side, Validity};
use trade::{AccountId, ClientId, OrderRequest};

use crate::api_error::ApiError;
use crate::native::fields::Fields;
use crate::native::signals::shape::hashed;
use crate::native::{reach, terms};
use crate::trading::Desk;
use market::InstrumentToken;

/// A placement whose shape is right.
pub struct Placement {
    pub account: AccountId,
    /// Makes it repeatable; without one each request is another order.
    pub client_id: Option<ClientId>,
    pub request: OrderRequest,
    /// Hash of what was asked.
    pub digest: String,
}

/// Reads a placement.
///
/// # Errors
/// The first field that is wrong.
pub fn placement(fields: &Fields<'_>, desk: &Desk, principal: &Principal) -> Result<Placement, ApiError> {
    let mut known = vec!["client_id", "account", "instrument", "side", "quantity"];
    known.extend(terms::FIELDS);
    fields.only(&known)?;
    let client_id = fields.name::<ClientId>("client_id")?;
    let account = fields.text("account")?;
    let account = account.as_deref().unwrap_or(reach::default_account(principal));
    let account = reach::account(principal, &desk.state(), account, "account")?;
    let (instrument, contract) = terms::instrument(desk, fields)?;
    let side = fields.required("side", fields.word("side", Side::ALL)?)?;
    let quantity = fields.required("quantity", fields.integer("quantity", 1..=terms::QUANTITY_MAX)?)?;
    let shape = terms::read(fields, None, &instrument)?;
    let digest = digest(&account, &contract.name, side, quantity, shape);
    let request = OrderRequest {
        contract,
        side,
        quantity,
        order_type: shape.order_type,
        price: shape.price,
        trigger_price: shape.trigger_price,
        validity: shape.validity,
        product: shape.product,
    };
    Ok(Placement { account, client_id, request, digest })
}

/// What the listing says of the instrument changes from day to day and is not in it.
fn digest(
    account: &AccountId,
    instrument: &str,
    side: Side,
    quantity: i64,
    shape: trade::signal::OrderShape,
) -> String {
    #[derive(Serialize)]
    struct Content<'a> {
        account: &'a AccountId,
        instrument: &'a str,
        side: Side,
        quantity: i64,
        order: trade::signal::OrderShape,
    }
    hashed(&Content { account, instrument, side, quantity, order: shape })
}

/// Reads a change of `request`.
///
/// # Errors
/// The first field that is wrong, or that nothing is named.
pub fn changes(fields: &Fields<'_>, request: &OrderRequest) -> Result<Changes, ApiError> {
    let known = ["quantity", "type", "price", "trigger_price", "validity"];
    fields.only(&known)?;
    if !known.iter().any(|name| fields.has(name)) {
        return Err(ApiError::bad_field("body", "missing_field", "the body names nothing to change")
            .hint(format!("it may name {}", known.join(", "))));
    }
    let decimals = InstrumentToken(request.contract.token).decimals();
    let changes = Changes {
        quantity: fields.integer("quantity", 1..=terms::QUANTITY_MAX)?,
        order_type: fields.word("type", OrderType::ALL)?,
        price: terms::price(fields, "price", decimals)?,
        trigger_price: terms::price(fields, "trigger_price", decimals)?,
        validity: fields.word("validity", Validity::ALL)?,
    };
    let kind = changes.order_type.unwrap_or(request.order_type);
    for (name, found, belongs) in [
        ("price", changes.price, kind.has_price()),
        ("trigger_price", changes.trigger_price, kind.has_trigger()),
    ] {
        if found.is_some() && !belongs {
            return Err(fields.error(name, "bad_field", format_args!("does not belong to a {kind} order")));
        }
    }
    Ok(changes)
}
