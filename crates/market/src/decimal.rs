//! A decimal number exactly as it was written: `1.50` stays `1.50`.
//!
//! Used where text must come back unchanged (instrument dumps, broker JSON). Arithmetic happens on [`crate::Price`].

use std::fmt;
use std::str::FromStr;

use crate::price::{Decimals, Price, PriceError};

/// Most digits after the point that a [`Decimal`] keeps.
pub const SCALE_MAX: u8 = 15;

/// `mantissa` x 10^-`scale`. Two decimals are equal when they were written with the same value *and* the same scale;
/// compare values with [`Decimal::same_value`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Decimal {
    mantissa: i64,
    scale: u8,
}

/// Why a text is not a decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Nothing to read.
    #[error("is empty")]
    Empty,
    /// A character that no decimal has.
    #[error("is not a decimal number")]
    NotANumber,
    /// More digits than an `i64` mantissa or [`SCALE_MAX`] holds.
    #[error("has more digits than can be kept exactly")]
    TooLong,
}

impl Decimal {
    /// Zero without digits after the point.
    pub const ZERO: Decimal = Decimal { mantissa: 0, scale: 0 };

    /// `mantissa` x 10^-`scale`; `None` when `scale` exceeds [`SCALE_MAX`].
    pub const fn new(mantissa: i64, scale: u8) -> Option<Decimal> {
        if scale > SCALE_MAX { None } else { Some(Decimal { mantissa, scale }) }
    }

    /// The integer in front of the power of ten.
    pub const fn mantissa(self) -> i64 {
        self.mantissa
    }

    /// Digits after the point.
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// True when both stand for the same number, however many zeros follow the point.
    pub fn same_value(self, other: Decimal) -> bool {
        let wide = |d: Decimal| i128::from(d.mantissa) * 10i128.pow(u32::from(SCALE_MAX - d.scale));
        wide(self) == wide(other)
    }

    /// The same number as a price with `decimals` digits.
    ///
    /// # Errors
    /// [`PriceError::TooFine`] when a non-zero digit would be lost, [`PriceError::TooLarge`] when it does not fit.
    pub fn to_price(self, decimals: Decimals) -> Result<Price, PriceError> {
        let want = decimals.digits();
        if self.scale <= want {
            let factor = 10i64.pow(u32::from(want - self.scale));
            self.mantissa.checked_mul(factor).map(Price::from_mantissa).ok_or(PriceError::TooLarge)
        } else {
            let factor = 10i64.pow(u32::from(self.scale - want));
            if self.mantissa % factor != 0 {
                return Err(PriceError::TooFine { decimals: want });
            }
            Ok(Price::from_mantissa(self.mantissa / factor))
        }
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Decimal, DecimalError> {
        if text.is_empty() {
            return Err(DecimalError::Empty);
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(DecimalError::NotANumber),
            None => (digits, ""),
        };
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(DecimalError::NotANumber);
        }
        let scale = u8::try_from(fraction.len()).map_err(|_| DecimalError::TooLong)?;
        if scale > SCALE_MAX {
            return Err(DecimalError::TooLong);
        }
        let mut mantissa: i64 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            mantissa = mantissa
                .checked_mul(10)
                .and_then(|m| m.checked_add(i64::from(byte - b'0')))
                .ok_or(DecimalError::TooLong)?;
        }
        Ok(Decimal { mantissa: if negative { -mantissa } else { mantissa }, scale })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let magnitude = self.mantissa.unsigned_abs();
        if self.scale == 0 {
            return write!(f, "{sign}{magnitude}");
        }
        let unit = 10u64.pow(u32::from(self.scale));
        let width = usize::from(self.scale);
        write!(f, "{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_unchanged() {
        for text in ["0", "0.0", "1.50", "-0.05", "24000.0", "0.0025", "9223372036854775807"] {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_not_a_plain_decimal() {
        for text in
            ["", "-", ".", "1.", ".5", "1e5", "NaN", "inf", "+1", " 1", "1,000", "0x1", "--1", "1.2.3"]
        {
            assert!(text.parse::<Decimal>().is_err(), "{text:?}");
        }
        assert_eq!("9223372036854775808".parse::<Decimal>(), Err(DecimalError::TooLong));
        assert_eq!("0.0000000000000001".parse::<Decimal>(), Err(DecimalError::TooLong));
    }

    #[test]
    fn converts_to_a_price_only_without_loss() {
        let price = |text: &str, digits| {
            text.parse::<Decimal>().unwrap().to_price(Decimals::new(digits).unwrap()).map(Price::mantissa)
        };
        assert_eq!(price("1510.5", 2), Ok(151_050));
        assert_eq!(price("1510.500", 2), Ok(151_050));
        assert_eq!(price("0.005", 2), Err(PriceError::TooFine { decimals: 2 }));
        assert_eq!(price("9223372036854775807", 2), Err(PriceError::TooLarge));
    }
}
