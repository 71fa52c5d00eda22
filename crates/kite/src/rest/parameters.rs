//! The parameters of a request that changes something: what each must look like, and how a refusal names it.
//!
//! Enters: a form. Leaves: checked values, or the field that is wrong and why. Never here: what instruments exist,
//! what an account may do, and which values suit each other at the market: those are refused later, by others.
//!
//! An empty value is an absent one, and where a value must be positive a zero is too: clients send `price=0` with
//! market orders. No refusal repeats what the client sent.

use std::fmt;
use std::ops::RangeInclusive;

use market::{Decimal, Exchange};

use crate::form::{Form, Writer};

/// Largest quantity of one order, in units or lots as the exchange counts them.
pub const QUANTITY_MAX: u64 = 1_000_000_000;

/// Largest price, in whole units of the currency; with nine digits after the point it still fits an integer price.
pub const PRICE_MAX: i64 = 1_000_000_000;

/// Longest tag, in characters.
pub const TAG_CHARS_MAX: usize = 20;

/// Longest symbol, in bytes; the broker's longest so far has 28.
pub const SYMBOL_BYTES_MAX: usize = 64;

/// Longest order id that is read, in characters; the broker's have 15 or 19.
pub const ORDER_ID_CHARS_MAX: usize = 32;

/// Why a request was refused for its shape. As text it is what the broker's clients show to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterError {
    /// Which parameter; a dot leads into JSON: `condition.last_price`.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: Reason,
}

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It must be there and is not, or is empty (a price: or is zero).
    #[error("it is missing")]
    Missing,
    /// It is none of the words that it may be.
    #[error("it must be one of {0}")]
    NotOneOf(String),
    /// It is not a number that can be read exactly.
    #[error("it must be a plain decimal number such as 1510.50")]
    NotADecimal,
    /// It is not a whole number.
    #[error("it must be a whole number")]
    NotWhole,
    /// It is a number outside these bounds.
    #[error("it must lie between {min} and {max}")]
    OutOfRange {
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
    },
    /// It is a price that is not above zero, or above [`PRICE_MAX`].
    #[error("it must be above 0 and at most {PRICE_MAX}")]
    PriceOutOfRange,
    /// It has too many characters, or one that it must not have.
    #[error("it may have at most {max} characters, {allowed}")]
    BadText {
        /// Most characters.
        max: usize,
        /// Which.
        allowed: &'static str,
    },
    /// It does not follow another rule.
    #[error("{0}")]
    Rule(&'static str),
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Missing => write!(f, "Missing or empty field `{}`", self.field),
            reason => write!(f, "Invalid field `{}`: {reason}", self.field),
        }
    }
}

impl std::error::Error for ParameterError {}

impl Reason {
    /// This reason, said of `field`.
    pub(crate) const fn of(self, field: &'static str) -> ParameterError {
        ParameterError { field, reason: self }
    }
}

/// Exchanges that take orders.
const TRADED: [Exchange; 8] = [
    Exchange::Nse,
    Exchange::Bse,
    Exchange::Nfo,
    Exchange::Bfo,
    Exchange::Cds,
    Exchange::Bcd,
    Exchange::Mcx,
    Exchange::Nco,
];

/// The first value of `field`; empty counts as absent.
pub(crate) fn optional<'f>(form: &'f Form<'_>, field: &str) -> Option<&'f str> {
    form.get(field).filter(|value| !value.is_empty())
}

/// The same, where it must be there.
pub(crate) fn required<'f>(form: &'f Form<'_>, field: &'static str) -> Result<&'f str, ParameterError> {
    optional(form, field).ok_or(Reason::Missing.of(field))
}

/// Reads an optional value of `field`.
pub(crate) fn maybe<T>(
    form: &Form<'_>,
    field: &'static str,
    read: impl Fn(&'static str, &str) -> Result<T, ParameterError>,
) -> Result<Option<T>, ParameterError> {
    optional(form, field).map(|text| read(field, text)).transpose()
}

/// One of `known`.
pub(crate) fn word<T: Clone + fmt::Display>(
    field: &'static str,
    text: &str,
    known: &[T],
) -> Result<T, ParameterError> {
    known.iter().find(|word| word.to_string() == text).cloned().ok_or_else(|| {
        let words: Vec<String> = known.iter().map(ToString::to_string).collect();
        Reason::NotOneOf(words.join(", ")).of(field)
    })
}

/// An exchange that takes orders.
pub(crate) fn exchange(field: &'static str, text: &str) -> Result<Exchange, ParameterError> {
    word(field, text, &TRADED)
}

/// Digits only, within `range`.
pub(crate) fn whole(
    field: &'static str,
    text: &str,
    range: RangeInclusive<u64>,
) -> Result<u64, ParameterError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Reason::NotWhole.of(field));
    }
    let (min, max) = (*range.start(), *range.end());
    text.parse().ok().filter(|number| range.contains(number)).ok_or(Reason::OutOfRange { min, max }.of(field))
}

/// A quantity that is ordered.
pub(crate) fn quantity(field: &'static str, text: &str) -> Result<u64, ParameterError> {
    whole(field, text, 1..=QUANTITY_MAX)
}

/// A decimal as it was written.
pub(crate) fn decimal(field: &'static str, text: &str) -> Result<Decimal, ParameterError> {
    text.parse().map_err(|_| Reason::NotADecimal.of(field))
}

/// True when `value` lies above zero and is at most `max`.
pub(crate) fn is_within(value: Decimal, max: i64) -> bool {
    let unit = 10i128.pow(u32::from(value.scale()));
    value.mantissa() > 0 && i128::from(value.mantissa()) <= i128::from(max) * unit
}

/// A price above zero.
pub(crate) fn positive_price(field: &'static str, value: Decimal) -> Result<Decimal, ParameterError> {
    if is_within(value, PRICE_MAX) { Ok(value) } else { Err(Reason::PriceOutOfRange.of(field)) }
}

/// A price above zero; zero means that there is none.
pub(crate) fn price(form: &Form<'_>, field: &'static str) -> Result<Option<Decimal>, ParameterError> {
    match maybe(form, field, decimal)? {
        Some(value) if value.mantissa() == 0 => Ok(None),
        Some(value) => positive_price(field, value).map(Some),
        None => Ok(None),
    }
}

/// An instrument's symbol: visible ASCII and single spaces within.
pub(crate) fn symbol(field: &'static str, text: &str) -> Result<String, ParameterError> {
    let visible = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if visible && text.len() <= SYMBOL_BYTES_MAX && text.trim() == text && !text.is_empty() {
        Ok(text.to_owned())
    } else {
        let allowed = "letters, digits and signs without blanks around them";
        Err(Reason::BadText { max: SYMBOL_BYTES_MAX, allowed }.of(field))
    }
}

/// Letters and digits, at most `max`.
pub(crate) fn alphanumeric(field: &'static str, text: &str, max: usize) -> Result<String, ParameterError> {
    if !text.is_empty() && text.len() <= max && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(text.to_owned())
    } else {
        Err(Reason::BadText { max, allowed: "letters and digits" }.of(field))
    }
}

/// An id that may stand in a path without escaping.
pub(crate) fn order_id(field: &'static str, text: &str) -> Result<String, ParameterError> {
    if text.is_empty() {
        return Err(Reason::Missing.of(field));
    }
    alphanumeric(field, text, ORDER_ID_CHARS_MAX)
}

/// Adds `field` when it has a value.
pub(crate) fn with<T: fmt::Display>(writer: Writer, field: &str, value: Option<T>) -> Writer {
    match value {
        Some(value) => writer.with(field, &value.to_string()),
        None => writer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_read_like_the_brokers() {
        assert_eq!(Reason::Missing.of("tradingsymbol").to_string(), "Missing or empty field `tradingsymbol`");
        assert_eq!(
            quantity("quantity", "0").unwrap_err().to_string(),
            "Invalid field `quantity`: it must lie between 1 and 1000000000"
        );
        assert_eq!(
            exchange("exchange", "nse").unwrap_err().to_string(),
            "Invalid field `exchange`: it must be one of NSE, BSE, NFO, BFO, CDS, BCD, MCX, NCO"
        );
    }

    #[test]
    fn prices_are_positive_exact_and_bounded() {
        let read = |text: &str| price(&Form::parse(text).unwrap(), "price").map_err(|error| error.reason);
        assert_eq!(read("price=1510.50").unwrap().unwrap().to_string(), "1510.50");
        for text in ["", "price=", "price=0", "price=0.00", "price=-0"] {
            assert_eq!(read(text), Ok(None), "{text}");
        }
        for text in ["price=1e5", "price=NaN", "price=+1", "price=1,000", "price=0x1"] {
            assert_eq!(read(text), Err(Reason::NotADecimal), "{text}");
        }
        assert!(read("price=1000000000.00").is_ok());
        for text in ["price=-1", "price=1000000000.01", "price=1000000001"] {
            assert_eq!(read(text), Err(Reason::PriceOutOfRange), "{text}");
        }
    }

    #[test]
    fn quantities_are_digits_within_bounds() {
        let read = |text| quantity("quantity", text).map_err(|error| error.reason);
        assert_eq!((read("75"), read("1000000000")), (Ok(75), Ok(QUANTITY_MAX)));
        for text in ["-1", "+1", "1.0", "1 ", "x", "٣"] {
            assert_eq!(read(text), Err(Reason::NotWhole), "{text}");
        }
        for text in ["0", "1000000001", "99999999999999999999999"] {
            assert_eq!(read(text), Err(Reason::OutOfRange { min: 1, max: QUANTITY_MAX }), "{text}");
        }
    }

    #[test]
    fn an_id_needs_no_escaping_in_a_path() {
        for text in ["", "..", "1/2", "1?x=1", "é", &"1".repeat(33)] {
            assert!(order_id("order_id", text).is_err(), "{text}");
        }
        assert!(order_id("order_id", "1234567890123456789").is_ok());
    }
}
