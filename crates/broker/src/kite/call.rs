//! What can be asked of a broker that changes something.

use hyper::Method;
use kite::form::Form;
use kite::rest::conversion::Conversion;
use kite::rest::gtt_definition::GttDefinition;
use kite::rest::modification::{Cancellation, Modification};
use kite::rest::parameters::ParameterError;
use kite::rest::placement::{MarketProtection, Placement};
use kite::rest::words::OrderType;

use super::attempt::Ask;
use super::fate::NeverLeft;

/// A call that changes something at the broker. One call is at most one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Place an order.
    Place {
        /// Our own mark, by which it is found in the broker's book: 1 to 20 letters and digits. It stands in the
        /// place of the placement's tag.
        tag: String,
        /// The order. Broker slicing must be off: each slice is a call of its own. An order without a limit gets the
        /// automatic market protection when it says none, because the broker refuses it otherwise.
        placement: Placement,
    },
    /// Change an order. One that becomes an order without a limit gets market protection like a new one.
    Modify(Modification),
    /// Cancel an order.
    Cancel(Cancellation),
    /// Place a trigger.
    PlaceGtt(GttDefinition),
    /// Replace a trigger.
    ModifyGtt {
        /// Which.
        trigger_id: u64,
        /// By what.
        definition: GttDefinition,
    },
    /// Delete a trigger.
    DeleteGtt {
        /// Which.
        trigger_id: u64,
    },
    /// Turn a position of one product into another.
    Convert(Conversion),
}

impl Call {
    /// The request. It is read back as the broker would, so that nothing leaves that could not be understood.
    pub(crate) fn ask(&self) -> Result<Ask, NeverLeft> {
        let form = |method, target: String, text: String| Ask { method, target, form: Some(text) };
        match self {
            Call::Place { tag, placement } => {
                if placement.autoslice {
                    return Err(NeverLeft::Unfit(
                        "the broker must not slice an order: send each slice".into(),
                    ));
                }
                if tag.is_empty() {
                    return Err(NeverLeft::Unfit("an order needs a tag to be found again".into()));
                }
                let mut placement = Placement { tag: Some(tag.clone()), ..placement.clone() };
                if placement.lacks_market_protection() {
                    placement.market_protection = Some(MarketProtection::Automatic);
                }
                let text = placement.write().finish();
                check(&text, |form| Placement::read(placement.variety.as_str(), form).map(drop))?;
                Ok(form(Method::POST, placement.path(), text))
            }
            Call::Modify(change) => {
                let unbounded = matches!(change.order_type, Some(OrderType::Market | OrderType::StopMarket));
                let mut change = change.clone();
                if unbounded && change.market_protection.is_none() {
                    change.market_protection = Some(MarketProtection::Automatic);
                }
                let text = change.write().finish();
                check(&text, |form| {
                    Modification::read(change.variety.as_str(), &change.order_id, form).map(drop)
                })?;
                Ok(form(Method::PUT, change.path(), text))
            }
            Call::Cancel(cancel) => {
                let text = cancel.write().finish();
                check(&text, |form| {
                    Cancellation::read(cancel.variety.as_str(), &cancel.order_id, form).map(drop)
                })?;
                let target = match text.is_empty() {
                    true => cancel.path(),
                    false => format!("{}?{text}", cancel.path()),
                };
                Ok(Ask { method: Method::DELETE, target, form: None })
            }
            Call::PlaceGtt(definition) => {
                Ok(form(Method::POST, GttDefinition::PATH.to_owned(), write_gtt(definition)?))
            }
            Call::ModifyGtt { trigger_id, definition } => {
                Ok(form(Method::PUT, gtt_path(*trigger_id), write_gtt(definition)?))
            }
            Call::DeleteGtt { trigger_id } => {
                Ok(Ask { method: Method::DELETE, target: gtt_path(*trigger_id), form: None })
            }
            Call::Convert(conversion) => {
                let text = conversion.write().finish();
                check(&text, |form| Conversion::read(form).map(drop))?;
                Ok(form(Method::PUT, Conversion::PATH.to_owned(), text))
            }
        }
    }
}

fn gtt_path(trigger_id: u64) -> String {
    format!("{}/{trigger_id}", GttDefinition::PATH)
}

fn write_gtt(definition: &GttDefinition) -> Result<String, NeverLeft> {
    let text = definition.write().finish();
    check(&text, |form| GttDefinition::read(form).map(drop))?;
    Ok(text)
}

fn check(text: &str, read: impl FnOnce(&Form<'_>) -> Result<(), ParameterError>) -> Result<(), NeverLeft> {
    let form = Form::parse(text).map_err(|error| NeverLeft::Unfit(error.to_string()))?;
    read(&form).map_err(|error| NeverLeft::Unfit(error.to_string()))
}
