//! What a client says to turn a position of one product into another: the parameters of `PUT /portfolio/positions`.
//!
//! Enters: the form (a server), or values (a client). Leaves: the reverse. Never here: whether there is such a
//! position.

use market::Exchange;

use super::parameters::{self as read, ParameterError, Reason};
use super::words::{PositionType, Product, Side};
use crate::form::{Form, Writer};

/// A part of a position, and the product that it shall become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// Where.
    pub exchange: Exchange,
    /// What.
    pub tradingsymbol: String,
    /// The side that opened it.
    pub transaction_type: Side,
    /// Opened today or carried over.
    pub position_type: PositionType,
    /// How much, in units (commodities: lots).
    pub quantity: u64,
    /// What it is.
    pub old_product: Product,
    /// What it shall be; another than the old one.
    pub new_product: Product,
}

impl Conversion {
    /// The path of the request.
    pub const PATH: &str = "/portfolio/positions";

    /// From the form.
    ///
    /// # Errors
    /// [`ParameterError`] for the first field that is missing or wrong.
    pub fn read(form: &Form<'_>) -> Result<Conversion, ParameterError> {
        let conversion = Conversion {
            exchange: read::exchange("exchange", read::required(form, "exchange")?)?,
            tradingsymbol: read::symbol("tradingsymbol", read::required(form, "tradingsymbol")?)?,
            transaction_type: known(form, "transaction_type", Side::KNOWN)?,
            position_type: known(form, "position_type", PositionType::KNOWN)?,
            quantity: read::quantity("quantity", read::required(form, "quantity")?)?,
            old_product: known(form, "old_product", Product::KNOWN)?,
            new_product: known(form, "new_product", Product::KNOWN)?,
        };
        if conversion.old_product == conversion.new_product {
            return Err(Reason::Rule("it must differ from `old_product`").of("new_product"));
        }
        Ok(conversion)
    }

    /// The form's text, for a client.
    pub fn write(&self) -> Writer {
        Writer::new()
            .with("exchange", self.exchange.as_str())
            .with("tradingsymbol", &self.tradingsymbol)
            .with("transaction_type", self.transaction_type.as_str())
            .with("position_type", self.position_type.as_str())
            .with("quantity", &self.quantity.to_string())
            .with("old_product", self.old_product.as_str())
            .with("new_product", self.new_product.as_str())
    }
}

fn known<T: Clone + std::fmt::Display>(
    form: &Form<'_>,
    field: &'static str,
    known: &[T],
) -> Result<T, ParameterError> {
    read::word(field, read::required(form, field)?, known)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "exchange=NSE&tradingsymbol=M%26M&transaction_type=BUY&position_type=overnight&quantity=3\
                         &old_product=NRML&new_product=MIS";

    #[test]
    fn comes_back_as_written() {
        let conversion = Conversion::read(&Form::parse(WHOLE).unwrap()).unwrap();
        assert_eq!((conversion.tradingsymbol.as_str(), conversion.quantity), ("M&M", 3));
        assert_eq!(conversion.write().finish(), WHOLE);
    }

    #[test]
    fn every_field_is_needed_and_checked() {
        for pair in WHOLE.split('&') {
            let (field, value) = pair.split_once('=').unwrap();
            for bad in [String::new(), format!("{field}=%00")] {
                let text = WHOLE.replace(pair, &bad);
                assert_eq!(
                    Conversion::read(&Form::parse(&text).unwrap()).unwrap_err().field,
                    field,
                    "{value}"
                );
            }
        }
        let same = WHOLE.replace("=MIS", "=NRML");
        assert_eq!(Conversion::read(&Form::parse(&same).unwrap()).unwrap_err().field, "new_product");
    }
}
