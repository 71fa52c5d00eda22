//! What a client says to place an order: the parameters of `POST /orders/{variety}`.
//!
//! Enters: the variety of the path and the form (a server), or values (a client). Leaves: the reverse. Never here:
//! lots, ticks, freeze quantities, funds.

use std::fmt;

use market::{Decimal, Exchange};

use super::parameters::{self as read, ParameterError, Reason};
use super::words::{OrderType, Product, Side, Validity, Variety};
use crate::form::{Form, Writer};

/// Longest life of an order with [`Validity::Ttl`], in minutes.
pub const TTL_MINUTES_MAX: u64 = 24 * 60;

/// Fewest and most slices of an iceberg order.
pub const ICEBERG_LEGS: std::ops::RangeInclusive<u64> = 2..=50;

/// Varieties that can be placed; bracket orders are no longer offered.
const PLACED: [Variety; 5] =
    [Variety::Regular, Variety::AfterMarket, Variety::Cover, Variety::Iceberg, Variety::Auction];

/// One order as it is asked for. What the kind of order has no use for is dropped when it is read (the price of a
/// market order, the slices of one that is no iceberg), as the broker does, so that nobody reads a meaning into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// How it is handled; stands in the path.
    pub variety: Variety,
    /// Where.
    pub exchange: Exchange,
    /// What.
    pub tradingsymbol: String,
    /// Buy or sell.
    pub transaction_type: Side,
    /// How much, in units (commodities: lots).
    pub quantity: u64,
    /// What becomes of the position.
    pub product: Product,
    /// Market, limit or stop.
    pub order_type: OrderType,
    /// Limit price; there for [`OrderType::Limit`] and [`OrderType::StopLimit`] only.
    pub price: Option<Decimal>,
    /// Trigger; there for the two stop orders and for [`Variety::Cover`] only.
    pub trigger_price: Option<Decimal>,
    /// How long it stays; a day when the client says nothing.
    pub validity: Validity,
    /// Minutes; there for [`Validity::Ttl`] only.
    pub validity_ttl: Option<u64>,
    /// How much of it the book shows.
    pub disclosed_quantity: Option<u64>,
    /// How many slices; there for [`Variety::Iceberg`] only.
    pub iceberg_legs: Option<u64>,
    /// How much in each slice; there for [`Variety::Iceberg`] only.
    pub iceberg_quantity: Option<u64>,
    /// Which auction; there for [`Variety::Auction`] only.
    pub auction_number: Option<String>,
    /// Around the last price; there for [`OrderType::Market`] and [`OrderType::StopMarket`] only. The live broker
    /// refuses these without it; whether a server does is its choice, see [`Placement::lacks_market_protection`].
    pub market_protection: Option<MarketProtection>,
    /// Whether the broker shall split a quantity above the exchange's freeze limit.
    pub autoslice: bool,
    /// The client's own mark: at most 20 letters and digits.
    pub tag: Option<String>,
    /// Of a registered algorithm.
    pub algo_id: Option<String>,
}

/// How far from the last price an order without a limit may fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarketProtection {
    /// The broker chooses; `-1` on the wire.
    Automatic,
    /// Percent, above 0 and at most 100.
    Percent(Decimal),
}

impl fmt::Display for MarketProtection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MarketProtection::Automatic => f.write_str("-1"),
            MarketProtection::Percent(percent) => percent.fmt(f),
        }
    }
}

impl MarketProtection {
    /// From a form; zero and absence are the same.
    pub(crate) fn read(form: &Form<'_>) -> Result<Option<MarketProtection>, ParameterError> {
        const FIELD: &str = "market_protection";
        match read::maybe(form, FIELD, read::decimal)? {
            None => Ok(None),
            Some(value) if value.mantissa() == 0 => Ok(None),
            Some(value) if Decimal::new(-1, 0).is_some_and(|automatic| automatic.same_value(value)) => {
                Ok(Some(MarketProtection::Automatic))
            }
            Some(value) if read::is_within(value, 100) => Ok(Some(MarketProtection::Percent(value))),
            Some(_) => Err(Reason::Rule("it must be -1, or percent above 0 and at most 100").of(FIELD)),
        }
    }
}

impl Placement {
    /// From the path and the form. A variety that the form repeats is not looked at.
    ///
    /// # Errors
    /// [`ParameterError`] for the first field that is missing or wrong.
    pub fn read(variety: &str, form: &Form<'_>) -> Result<Placement, ParameterError> {
        let variety = read::word("variety", variety, &PLACED)?;
        let exchange = read::exchange("exchange", read::required(form, "exchange")?)?;
        let tradingsymbol = read::symbol("tradingsymbol", read::required(form, "tradingsymbol")?)?;
        let side = read::required(form, "transaction_type")?;
        let transaction_type = read::word("transaction_type", side, Side::KNOWN)?;
        let quantity = read::quantity("quantity", read::required(form, "quantity")?)?;
        let product = read::word("product", read::required(form, "product")?, Product::KNOWN)?;
        let order_type = read::required(form, "order_type")?;
        let order_type = read::word("order_type", order_type, OrderType::KNOWN)?;
        let validity = read_validity(form)?.unwrap_or(Validity::Day);
        let has_limit = matches!(order_type, OrderType::Limit | OrderType::StopLimit);
        let has_trigger =
            variety == Variety::Cover || matches!(order_type, OrderType::StopLimit | OrderType::StopMarket);
        let (price, trigger_price) = (read::price(form, "price")?, read::price(form, "trigger_price")?);
        Ok(Placement {
            price: only_if(has_limit, "price", price)?,
            trigger_price: only_if(has_trigger, "trigger_price", trigger_price)?,
            validity_ttl: match validity {
                Validity::Ttl => Some(counted(form, "validity_ttl", 1..=TTL_MINUTES_MAX)?),
                _ => None,
            },
            disclosed_quantity: read::maybe(form, "disclosed_quantity", disclosed)?
                .filter(|shown| *shown > 0),
            iceberg_legs: match variety {
                Variety::Iceberg => Some(counted(form, "iceberg_legs", ICEBERG_LEGS)?),
                _ => None,
            },
            iceberg_quantity: match variety {
                Variety::Iceberg => Some(counted(form, "iceberg_quantity", 1..=quantity)?),
                _ => None,
            },
            auction_number: match variety {
                Variety::Auction => {
                    let number = read::required(form, "auction_number")?;
                    Some(read::alphanumeric("auction_number", number, read::ORDER_ID_CHARS_MAX)?)
                }
                _ => None,
            },
            market_protection: MarketProtection::read(form)?.filter(|_| !has_limit),
            autoslice: form.flag("autoslice"),
            tag: read::maybe(form, "tag", |field, tag| read::alphanumeric(field, tag, read::TAG_CHARS_MAX))?,
            algo_id: read::maybe(form, "algo_id", read::symbol)?,
            variety,
            exchange,
            tradingsymbol,
            transaction_type,
            quantity,
            product,
            order_type,
            validity,
        })
    }

    /// The form's text for a client; the variety stands in [`Placement::path`].
    pub fn write(&self) -> Writer {
        let writer = Writer::new()
            .with("exchange", self.exchange.as_str())
            .with("tradingsymbol", &self.tradingsymbol)
            .with("transaction_type", self.transaction_type.as_str())
            .with("quantity", &self.quantity.to_string())
            .with("product", self.product.as_str())
            .with("order_type", self.order_type.as_str());
        let writer = read::with(writer, "price", self.price);
        let writer = read::with(writer, "trigger_price", self.trigger_price);
        let writer = writer.with("validity", self.validity.as_str());
        let writer = read::with(writer, "validity_ttl", self.validity_ttl);
        let writer = read::with(writer, "disclosed_quantity", self.disclosed_quantity);
        let writer = read::with(writer, "iceberg_legs", self.iceberg_legs);
        let writer = read::with(writer, "iceberg_quantity", self.iceberg_quantity);
        let writer = read::with(writer, "auction_number", self.auction_number.as_ref());
        let writer = read::with(writer, "market_protection", self.market_protection);
        let writer = if self.autoslice { writer.with("autoslice", "true") } else { writer };
        let writer = read::with(writer, "tag", self.tag.as_ref());
        read::with(writer, "algo_id", self.algo_id.as_ref())
    }

    /// The path of the request.
    pub fn path(&self) -> String {
        format!("/orders/{}", self.variety)
    }

    /// True when the live broker would refuse it for want of [`Placement::market_protection`].
    pub fn lacks_market_protection(&self) -> bool {
        self.market_protection.is_none()
            && matches!(self.order_type, OrderType::Market | OrderType::StopMarket)
    }
}

/// The validity, where one is given.
pub(crate) fn read_validity(form: &Form<'_>) -> Result<Option<Validity>, ParameterError> {
    read::maybe(form, "validity", |field, text| read::word(field, text, Validity::KNOWN))
}

/// How much of an order the book shows; zero is all of it.
pub(crate) fn disclosed(field: &'static str, text: &str) -> Result<u64, ParameterError> {
    read::whole(field, text, 0..=read::QUANTITY_MAX)
}

fn only_if(
    needed: bool,
    field: &'static str,
    value: Option<Decimal>,
) -> Result<Option<Decimal>, ParameterError> {
    match (needed, value) {
        (true, None) => Err(Reason::Missing.of(field)),
        (true, value) => Ok(value),
        (false, _) => Ok(None),
    }
}

fn counted(
    form: &Form<'_>,
    field: &'static str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, ParameterError> {
    read::whole(field, read::required(form, field)?, range)
}

#[cfg(test)]
mod tests;
