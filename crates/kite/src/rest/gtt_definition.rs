//! What a client says to place or change a trigger: the parameters of `POST /gtt/triggers` and `PUT
//! /gtt/triggers/{id}`.
//!
//! Enters: the form, whose `condition` and `orders` are JSON texts (a server), or values (a client). Leaves: the
//! reverse. Never here: on which side of the last price a trigger lies, and what it is worth.

use market::{Decimal, Exchange};
use serde::Deserialize;

use super::gtt::{Condition, TriggerOrder};
use super::maybe::Maybe;
use super::number::Number;
use super::parameters::{self as read, ParameterError, Reason};
use super::words::{OrderType, Product, Side, TriggerType};
use crate::form::{Form, Writer};

/// A whole trigger: a change of one sends all of it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GttDefinition {
    /// Where, of what it watches.
    pub exchange: Exchange,
    /// What it watches.
    pub tradingsymbol: String,
    /// Last price as the client saw it: tells on which side a trigger lies.
    pub last_price: Decimal,
    /// What happens at which price: one leg, or two with ascending prices of which the first to fire cancels the
    /// other.
    pub legs: Legs,
}

/// One leg or two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Legs {
    /// [`TriggerType::Single`].
    One(Leg),
    /// [`TriggerType::TwoLeg`]: the lower trigger first.
    Two(Leg, Leg),
}

/// A trigger price and the limit order it places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// At which last price.
    pub trigger_price: Decimal,
    /// Where the order goes.
    pub exchange: Exchange,
    /// What it trades.
    pub tradingsymbol: String,
    /// Buy or sell.
    pub transaction_type: Side,
    /// How much, in units (commodities: lots).
    pub quantity: u64,
    /// What becomes of the position.
    pub product: Product,
    /// Limit price; the broker takes no other kind of order.
    pub price: Decimal,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawCondition {
    exchange: Option<String>,
    tradingsymbol: Option<String>,
    last_price: Option<Number>,
    trigger_values: Option<Vec<Number>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RawOrder {
    exchange: Option<String>,
    tradingsymbol: Option<String>,
    transaction_type: Option<String>,
    quantity: Option<Number>,
    order_type: Option<String>,
    product: Option<String>,
    price: Option<Number>,
}

impl GttDefinition {
    /// The path of the request that places one.
    pub const PATH: &str = "/gtt/triggers";

    /// From the form.
    ///
    /// # Errors
    /// [`ParameterError`] for the first field that is missing or wrong, those within the JSON with a dot before them.
    pub fn read(form: &Form<'_>) -> Result<GttDefinition, ParameterError> {
        let kind = read::word("type", read::required(form, "type")?, TriggerType::KNOWN)?;
        let condition: RawCondition =
            serde_json::from_str(read::required(form, "condition")?).map_err(|_| {
                let rule =
                    "it must be a JSON object of exchange, tradingsymbol, trigger_values and last_price";
                Reason::Rule(rule).of("condition")
            })?;
        let orders: Vec<RawOrder> = serde_json::from_str(read::required(form, "orders")?)
            .map_err(|_| Reason::Rule("it must be a JSON array of orders").of("orders"))?;
        let triggers = condition.trigger_values.ok_or(Reason::Missing.of("condition.trigger_values"))?;
        let triggers: Vec<Decimal> = triggers
            .iter()
            .map(|trigger| json_price("condition.trigger_values", Some(trigger)))
            .collect::<Result<_, _>>()?;
        let exchange = json_text("condition.exchange", condition.exchange.as_deref())?;
        let tradingsymbol = json_text("condition.tradingsymbol", condition.tradingsymbol.as_deref())?;
        Ok(GttDefinition {
            exchange: read::exchange("condition.exchange", exchange)?,
            tradingsymbol: read::symbol("condition.tradingsymbol", tradingsymbol)?,
            last_price: json_price("condition.last_price", condition.last_price.as_ref())?,
            legs: legs(&kind, &triggers, &orders)?,
        })
    }

    /// The form's text, for a client.
    pub fn write(&self) -> Writer {
        let condition = Condition {
            exchange: self.exchange.as_str().to_owned(),
            tradingsymbol: self.tradingsymbol.clone(),
            instrument_token: Maybe::Absent,
            last_price: Number::from(self.last_price),
            trigger_values: self.legs.iter().map(|leg| Number::from(leg.trigger_price)).collect(),
        };
        let orders: Vec<TriggerOrder> = self.legs.iter().map(Leg::to_order).collect();
        let kind = match self.legs {
            Legs::One(_) => TriggerType::Single,
            Legs::Two(..) => TriggerType::TwoLeg,
        };
        // Texts and numbers always serialise; an empty text would be refused by any reader.
        Writer::new()
            .with("type", kind.as_str())
            .with("condition", &serde_json::to_string(&condition).unwrap_or_default())
            .with("orders", &serde_json::to_string(&orders).unwrap_or_default())
    }
}

impl Legs {
    /// Each leg, the lower trigger first.
    pub fn iter(&self) -> impl Iterator<Item = &Leg> {
        let (first, second) = match self {
            Legs::One(leg) => (leg, None),
            Legs::Two(lower, upper) => (lower, Some(upper)),
        };
        std::iter::once(first).chain(second)
    }
}

impl Leg {
    fn read(trigger_price: Decimal, order: &RawOrder) -> Result<Leg, ParameterError> {
        let word = |field, text: &Option<String>| json_text(field, text.as_deref()).map(str::to_owned);
        let order_type = word("orders.order_type", &order.order_type)?;
        read::word("orders.order_type", &order_type, &[OrderType::Limit])?;
        let side = word("orders.transaction_type", &order.transaction_type)?;
        let quantity = order.quantity.as_ref().ok_or(Reason::Missing.of("orders.quantity"))?;
        let quantity = quantity.to_i64().ok_or(Reason::NotWhole.of("orders.quantity"))?;
        Ok(Leg {
            trigger_price,
            exchange: read::exchange("orders.exchange", &word("orders.exchange", &order.exchange)?)?,
            tradingsymbol: read::symbol(
                "orders.tradingsymbol",
                &word("orders.tradingsymbol", &order.tradingsymbol)?,
            )?,
            transaction_type: read::word("orders.transaction_type", &side, Side::KNOWN)?,
            quantity: read::quantity("orders.quantity", &quantity.to_string())?,
            product: read::word("orders.product", &word("orders.product", &order.product)?, Product::KNOWN)?,
            price: json_price("orders.price", order.price.as_ref())?,
        })
    }

    fn to_order(&self) -> TriggerOrder {
        TriggerOrder {
            exchange: self.exchange.as_str().to_owned(),
            tradingsymbol: self.tradingsymbol.clone(),
            product: self.product.clone(),
            order_type: OrderType::Limit,
            transaction_type: self.transaction_type.clone(),
            quantity: Number::from(self.quantity),
            price: Number::from(self.price),
            result: Maybe::Absent,
        }
    }
}

fn legs(kind: &TriggerType, triggers: &[Decimal], orders: &[RawOrder]) -> Result<Legs, ParameterError> {
    match (kind, triggers, orders) {
        (TriggerType::Single, [trigger], [order]) => Ok(Legs::One(Leg::read(*trigger, order)?)),
        (TriggerType::TwoLeg, [lower, upper], [first, second]) => {
            if !is_below(*lower, *upper) {
                let rule = "the two prices must differ, the lower one first";
                return Err(Reason::Rule(rule).of("condition.trigger_values"));
            }
            Ok(Legs::Two(Leg::read(*lower, first)?, Leg::read(*upper, second)?))
        }
        (TriggerType::Single, [_], _) => Err(Reason::Rule("`single` has one order").of("orders")),
        (TriggerType::TwoLeg, [_, _], _) => Err(Reason::Rule("`two-leg` has two orders").of("orders")),
        _ => Err(Reason::Rule("`single` has one price, `two-leg` has two").of("condition.trigger_values")),
    }
}

fn is_below(a: Decimal, b: Decimal) -> bool {
    let scale = a.scale().max(b.scale());
    let wide = |d: Decimal| i128::from(d.mantissa()) * 10i128.pow(u32::from(scale - d.scale()));
    wide(a) < wide(b)
}

fn json_text<'t>(field: &'static str, text: Option<&'t str>) -> Result<&'t str, ParameterError> {
    text.filter(|text| !text.is_empty()).ok_or(Reason::Missing.of(field))
}

fn json_price(field: &'static str, number: Option<&Number>) -> Result<Decimal, ParameterError> {
    let number = number.ok_or(Reason::Missing.of(field))?;
    read::positive_price(field, number.decimal().map_err(|_| Reason::NotADecimal.of(field))?)
}

#[cfg(test)]
mod tests;
