//! A definition as the client sent it, checked against the listing. What its order may do is judged when it fires.

use kite::form::Form;
use kite::rest::gtt_definition::{GttDefinition, Leg};
use kite::rest::words;
use trade::gtt::{GttLeg, GttTerms};
use trade::{Contract, Money, OrderRequest, OrderType, Side, Validity};

use crate::Gateway;
use crate::kite_api::orders::place::{price, product, quantity};
use crate::kite_api::reply::Refusal;

/// The definition in `form`.
///
/// # Errors
/// 400, naming the field.
pub fn read(gateway: &Gateway, form: &Form<'_>) -> Result<GttTerms, Refusal> {
    let wanted = GttDefinition::read(form).map_err(|error| Refusal::input(error.to_string()))?;
    let name = format!("{}:{}", wanted.exchange.as_str(), wanted.tradingsymbol);
    let instrument = gateway.desk.eye().instrument(&name);
    let instrument =
        instrument.ok_or_else(|| wrong("condition.tradingsymbol", &format!("{name} is not listed")))?;
    let contract = Contract::of(&instrument)
        .ok_or_else(|| wrong("condition.tradingsymbol", &format!("{name} cannot be traded")))?;
    check(&wanted, contract)
}

fn check(wanted: &GttDefinition, contract: Contract) -> Result<GttTerms, Refusal> {
    let last_price = money("condition.last_price", wanted.last_price)?;
    let legs: Vec<GttLeg> =
        wanted.legs.iter().map(|leg| read_leg(wanted, leg, &contract)).collect::<Result<_, _>>()?;
    let around = match legs.as_slice() {
        [lower, upper] => lower.trigger < last_price && last_price < upper.trigger,
        legs => legs.iter().all(|leg| leg.trigger != last_price),
    };
    if !around {
        let words = if legs.len() == 1 {
            "the trigger is the last price: it must be above or below it"
        } else {
            "one price must be below the last price and the other above it"
        };
        return Err(wrong("condition.trigger_values", words));
    }
    Ok(GttTerms { contract, last_price, legs })
}

fn read_leg(wanted: &GttDefinition, leg: &Leg, contract: &Contract) -> Result<GttLeg, Refusal> {
    if leg.exchange != wanted.exchange {
        return Err(wrong("orders.exchange", "it must be that of the condition"));
    }
    if leg.tradingsymbol != wanted.tradingsymbol {
        return Err(wrong("orders.tradingsymbol", "it must be that of the condition"));
    }
    let trigger = money("condition.trigger_values", leg.trigger_price)?;
    let limit = money("orders.price", leg.price)?;
    for (field, price) in [("condition.trigger_values", trigger), ("orders.price", limit)] {
        if !contract.tick.is_zero() && !price.is_multiple_of(contract.tick) {
            let words = format!("{price} is not a multiple of the tick size, {}", contract.tick);
            return Err(wrong(field, &words));
        }
    }
    let units = quantity(leg.quantity)?;
    if units % i64::from(contract.lot.max(1)) != 0 {
        let words = format!("{units} is not a multiple of the lot size, {}", contract.lot);
        return Err(wrong("orders.quantity", &words));
    }
    let order = OrderRequest {
        contract: contract.clone(),
        side: match leg.transaction_type {
            words::Side::Sell => Side::Sell,
            _ => Side::Buy,
        },
        quantity: units,
        order_type: OrderType::Limit,
        price: Some(limit),
        trigger_price: None,
        validity: Validity::Day,
        product: product("orders.product", &leg.product)?,
    };
    Ok(GttLeg { trigger, order })
}

fn money(field: &'static str, given: market::Decimal) -> Result<Money, Refusal> {
    price(field, Some(given))?.ok_or_else(|| wrong(field, "it is missing"))
}

fn wrong(field: &str, why: &str) -> Refusal {
    Refusal::input(format!("Invalid `{field}`: {why}."))
}
