//! What a client says to change or cancel an order: the parameters of `PUT` and `DELETE
//! /orders/{variety}/{order_id}`.
//!
//! Enters: the two path variables and the form or query (a server), or values (a client). Leaves: the reverse. Never
//! here: whether there is such an order, and in which state.

use market::Decimal;

use super::parameters::{self as read, ParameterError, Reason};
use super::placement::{MarketProtection, disclosed, read_validity};
use super::words::{OrderType, Validity, Variety};
use crate::form::{Form, Writer};

/// What changes about an order; the rest stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modification {
    /// As placed; stands in the path.
    pub variety: Variety,
    /// Which order; stands in the path.
    pub order_id: String,
    /// Of a cover order's second leg.
    pub parent_order_id: Option<String>,
    /// The new quantity, what was filled already included.
    pub quantity: Option<u64>,
    /// The new limit price.
    pub price: Option<Decimal>,
    /// The new kind.
    pub order_type: Option<OrderType>,
    /// The new trigger.
    pub trigger_price: Option<Decimal>,
    /// The new validity.
    pub validity: Option<Validity>,
    /// How much of it the book shows; zero: all.
    pub disclosed_quantity: Option<u64>,
    /// Around the last price, when it becomes an order without a limit.
    pub market_protection: Option<MarketProtection>,
}

/// Which order to cancel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// As placed; stands in the path.
    pub variety: Variety,
    /// Which order; stands in the path.
    pub order_id: String,
    /// Of a cover order's second leg.
    pub parent_order_id: Option<String>,
}

impl Modification {
    /// From the path and the form. Path variables that the form repeats are not looked at.
    ///
    /// # Errors
    /// [`ParameterError`] for the first field that is wrong, and for a form that changes nothing.
    pub fn read(variety: &str, order_id: &str, form: &Form<'_>) -> Result<Modification, ParameterError> {
        let modification = Modification {
            variety: read::word("variety", variety, Variety::KNOWN)?,
            order_id: read::order_id("order_id", order_id)?,
            parent_order_id: read::maybe(form, "parent_order_id", read::order_id)?,
            quantity: read::maybe(form, "quantity", read::quantity)?,
            price: read::price(form, "price")?,
            order_type: read::maybe(form, "order_type", |field, text| {
                read::word(field, text, OrderType::KNOWN)
            })?,
            trigger_price: read::price(form, "trigger_price")?,
            validity: read_validity(form)?,
            disclosed_quantity: read::maybe(form, "disclosed_quantity", disclosed)?,
            market_protection: MarketProtection::read(form)?,
        };
        if modification.write_changes(Writer::new()).finish().is_empty() {
            let rule = "a modification must change the quantity, a price, the order type or the validity";
            return Err(Reason::Rule(rule).of("quantity"));
        }
        Ok(modification)
    }

    /// The form's text for a client; variety and id stand in [`Modification::path`].
    pub fn write(&self) -> Writer {
        self.write_changes(read::with(Writer::new(), "parent_order_id", self.parent_order_id.as_ref()))
    }

    fn write_changes(&self, writer: Writer) -> Writer {
        let writer = read::with(writer, "quantity", self.quantity);
        let writer = read::with(writer, "price", self.price);
        let writer = read::with(writer, "order_type", self.order_type.as_ref());
        let writer = read::with(writer, "trigger_price", self.trigger_price);
        let writer = read::with(writer, "validity", self.validity.as_ref());
        let writer = read::with(writer, "disclosed_quantity", self.disclosed_quantity);
        read::with(writer, "market_protection", self.market_protection)
    }

    /// The path of the request.
    pub fn path(&self) -> String {
        format!("/orders/{}/{}", self.variety, self.order_id)
    }
}

impl Cancellation {
    /// From the path and the query. Path variables that the query repeats are not looked at.
    ///
    /// # Errors
    /// [`ParameterError`] for the first field that is wrong.
    pub fn read(variety: &str, order_id: &str, query: &Form<'_>) -> Result<Cancellation, ParameterError> {
        Ok(Cancellation {
            variety: read::word("variety", variety, Variety::KNOWN)?,
            order_id: read::order_id("order_id", order_id)?,
            parent_order_id: read::maybe(query, "parent_order_id", read::order_id)?,
        })
    }

    /// The query's text for a client; often empty. Variety and id stand in [`Cancellation::path`].
    pub fn write(&self) -> Writer {
        read::with(Writer::new(), "parent_order_id", self.parent_order_id.as_ref())
    }

    /// The path of the request.
    pub fn path(&self) -> String {
        format!("/orders/{}/{}", self.variety, self.order_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::option::of;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Modification, ParameterError> {
        Modification::read("regular", "77", &Form::parse(text).unwrap())
    }

    #[test]
    fn only_what_is_sent_changes() {
        // As the official clients write it, path variables and zeros among the rest.
        let change =
            read("variety=amo&order_id=78&price=101.50&trigger_price=0&disclosed_quantity=0").unwrap();
        assert_eq!((change.variety.as_str(), change.path().as_str()), ("regular", "/orders/regular/77"));
        assert_eq!(change.write().finish(), "price=101.50&disclosed_quantity=0");
    }

    #[test]
    fn a_modification_must_change_something() {
        for text in ["", "variety=regular&order_id=77", "parent_order_id=5", "price=0"] {
            assert_eq!(read(text).unwrap_err().field, "quantity", "{text}");
        }
    }

    #[test]
    fn wrong_fields_are_named() {
        for (text, field) in [
            ("quantity=0", "quantity"),
            ("quantity=1.5", "quantity"),
            ("price=-1", "price"),
            ("order_type=limit", "order_type"),
            ("validity=GTC", "validity"),
            ("market_protection=101", "market_protection"),
            ("parent_order_id=../1", "parent_order_id"),
        ] {
            assert_eq!(read(text).unwrap_err().field, field, "{text}");
        }
        let form = Form::parse("quantity=1").unwrap();
        assert_eq!(Modification::read("odd", "1", &form).unwrap_err().field, "variety");
        assert_eq!(Modification::read("regular", "1/2", &form).unwrap_err().field, "order_id");
        assert_eq!(Cancellation::read("regular", "", &form).unwrap_err().field, "order_id");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_is_written_is_read_again(
            parent_order_id in of("[0-9]{1,19}"),
            quantity in 1..=read::QUANTITY_MAX,
            price in of((1i64..=1_000_000_000, 0u8..=4).prop_map(|(m, s)| Decimal::new(m, s).unwrap())),
            order_type in of(prop::sample::select(OrderType::KNOWN)),
            validity in of(prop::sample::select(Validity::KNOWN)),
            disclosed_quantity in of(0..=read::QUANTITY_MAX),
            protected: bool,
        ) {
            let wanted = Modification {
                variety: Variety::Cover, order_id: "1234567890123456789".to_owned(), parent_order_id,
                quantity: Some(quantity), price, order_type, trigger_price: price, validity, disclosed_quantity,
                market_protection: protected.then_some(MarketProtection::Automatic),
            };
            let text = wanted.write().finish();
            let read = Modification::read("co", &wanted.order_id, &Form::parse(&text).unwrap());
            prop_assert_eq!(read, Ok(wanted.clone()));
            let Modification { variety, order_id, parent_order_id, .. } = wanted;
            let cancel = Cancellation { variety, order_id, parent_order_id };
            let text = cancel.write().finish();
            let read = Cancellation::read("co", &cancel.order_id, &Form::parse(&text).unwrap());
            prop_assert_eq!(read, Ok(cancel));
        }
    }
}
