//! An alert as JSON, with the fields that the usual placeholders fill.

use trade::request::{OrderType, Side};
use trade::signal::{OrderShape, Target};
use trade::{AccountId, Contract, SignalId, Strategy};

use super::{plain, ticker};
use crate::api_error::ApiError;
use crate::native::fields::Fields;
use crate::native::signals::shape::Scene;
use crate::native::terms;

/// Fields that say what to do.
const FIELDS: [&str; 15] = [
    "id",
    "strategy",
    "account",
    "action",
    "side",
    "ticker",
    "instrument",
    "exchange",
    "contracts",
    "quantity",
    "position_size",
    "market_position",
    "order",
    "price",
    "trigger_price",
];
/// Fields that templates carry along and that decide nothing.
const CARRIED: [&str; 16] = [
    "close",
    "open",
    "high",
    "low",
    "volume",
    "time",
    "timenow",
    "interval",
    "comment",
    "alert_message",
    "order_id",
    "currency",
    "basecurrency",
    "prev_market_position",
    "prev_market_position_size",
    "market_position_size",
];

/// What an alert asks for.
pub struct Alert {
    pub id: Option<SignalId>,
    pub strategy: Option<Strategy>,
    pub contract: Contract,
    pub target: Target,
    pub order: OrderShape,
    pub account: AccountId,
}

/// Reads an alert.
///
/// # Errors
/// The first field that is wrong.
pub fn read(fields: &Fields<'_>, scene: &Scene<'_>) -> Result<Alert, ApiError> {
    fields.only(&[&FIELDS[..], &CARRIED].concat())?;
    let field = if fields.has("ticker") { "ticker" } else { "instrument" };
    let Some(name) = fields.text(field)? else {
        return Err(fields.error("ticker", "missing_field", "is missing").hint("{{ticker}} fills it"));
    };
    let exchange = fields.text("exchange")?;
    let (instrument, contract) = ticker(scene, &name, exchange.as_deref(), field)?;
    let order = match fields.get("order").map(|raw| raw.get().starts_with('{')) {
        Some(true) => match fields.object("order")? {
            Some(order) => {
                order.only(&terms::FIELDS)?;
                terms::read(&order, Some(OrderType::Market), &instrument)?
            }
            None => plain(&instrument, None),
        },
        Some(false) => {
            let named =
                fields.required("order", fields.word("order", &[OrderType::Market, OrderType::Limit])?)?;
            let price = match named {
                OrderType::Limit => {
                    let price = terms::price(fields, "price", instrument.decimals())?;
                    Some(fields.required("price", price)?)
                }
                _ => None,
            };
            plain(&instrument, price)
        }
        // A price alone is what the chart said, not a limit.
        None => plain(&instrument, None),
    };
    Ok(Alert {
        id: fields.name("id")?,
        strategy: fields.name("strategy")?,
        contract,
        target: target(fields)?,
        order,
        account: scene.account(fields.text("account")?.as_deref(), "account")?,
    })
}

/// `contracts` are traded; without them the position is brought to `position_size`.
fn target(fields: &Fields<'_>) -> Result<Target, ApiError> {
    let field = if fields.has("contracts") { "contracts" } else { "quantity" };
    if let Some(quantity) = units(fields, field, 1)? {
        let action = if fields.has("action") { "action" } else { "side" };
        let side = match fields.text(action)?.map(|word| word.to_ascii_lowercase()).as_deref() {
            Some("buy") => Side::Buy,
            Some("sell") => Side::Sell,
            Some(_) => return Err(fields.error(action, "bad_field", "must be buy or sell")),
            None => return Err(fields.error("action", "missing_field", "is missing")),
        };
        return Ok(Target::Trade { side, quantity });
    }
    let size = units(fields, "position_size", -terms::QUANTITY_MAX)?;
    let word = fields.text("market_position")?;
    match (word.as_deref(), size) {
        (Some("flat"), _) => Ok(Target::Position(0)),
        (Some("long"), Some(size)) => Ok(Target::Position(size.abs())),
        (Some("short"), Some(size)) => Ok(Target::Position(-size.abs())),
        (None, Some(size)) => Ok(Target::Position(size)),
        (Some("long" | "short") | None, None) => Err(fields
            .error("contracts", "missing_field", "is missing")
            .hint("name action and contracts, or position_size")),
        (Some(_), _) => Err(fields.error("market_position", "bad_field", "must be long, short or flat")),
    }
}

/// A whole number as placeholders write it: `10`, `"10"`, `"10.0"`.
fn units(fields: &Fields<'_>, name: &str, least: i64) -> Result<Option<i64>, ApiError> {
    const ONE: i128 = 1_000_000_000;
    let Some(amount) = fields.money(name)? else { return Ok(None) };
    let whole = amount.billionths() % ONE == 0;
    let units = i64::try_from(amount.billionths() / ONE).ok().filter(|units| whole && *units >= least);
    units.filter(|units| *units <= terms::QUANTITY_MAX).map(Some).ok_or_else(|| {
        let words = format!("must be a whole number from {least} to {}", terms::QUANTITY_MAX);
        fields.error(name, "bad_field", words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::fields::object;

    fn wanted(body: &str) -> Result<Target, String> {
        target(&object(body.as_bytes()).unwrap()).map_err(|error| error.to_value().to_string())
    }

    #[test]
    fn contracts_are_traded_and_a_position_is_a_target() {
        let buy = |quantity| Ok(Target::Trade { side: Side::Buy, quantity });
        assert_eq!(wanted(r#"{"action":"buy","contracts":"10.0"}"#), buy(10));
        assert_eq!(wanted(r#"{"action":"BUY","quantity":3,"position_size":"5"}"#), buy(3));
        assert_eq!(wanted(r#"{"position_size":"-5"}"#), Ok(Target::Position(-5)));
        assert_eq!(wanted(r#"{"market_position":"short","position_size":5}"#), Ok(Target::Position(-5)));
        assert_eq!(wanted(r#"{"market_position":"flat","action":"sell"}"#), Ok(Target::Position(0)));
    }

    #[test]
    fn what_is_missing_or_odd_is_named() {
        for (body, field) in [
            (r#"{"action":"buy"}"#, "contracts"),
            (r#"{"contracts":1}"#, "action"),
            (r#"{"action":"hold","contracts":1}"#, "action"),
            (r#"{"action":"buy","contracts":1.5}"#, "contracts"),
            (r#"{"action":"buy","contracts":0}"#, "contracts"),
            (r#"{"action":"buy","contracts":"NaN"}"#, "contracts"),
            (r#"{"market_position":"up","position_size":1}"#, "market_position"),
        ] {
            let error = wanted(body).unwrap_err();
            assert!(error.contains(&format!("\"field\":\"{field}\"")), "{body}: {error}");
        }
    }
}
