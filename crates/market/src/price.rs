//! Prices as integers in the instrument's own smallest unit.

use std::fmt;

/// Digits after the point that an instrument's prices have: 2 for Indian equities and their derivatives, 4 for BSE
/// currency contracts, 7 for NSE currency contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decimals(u8);

impl Decimals {
    /// Paise: the usual case.
    pub const TWO: Decimals = Decimals(2);
    /// BSE currency derivatives.
    pub const FOUR: Decimals = Decimals(4);
    /// NSE currency derivatives.
    pub const SEVEN: Decimals = Decimals(7);
    /// Most digits that a price may have.
    pub const MAX: u8 = 9;

    /// `None` above [`Decimals::MAX`].
    pub const fn new(digits: u8) -> Option<Decimals> {
        if digits > Self::MAX { None } else { Some(Decimals(digits)) }
    }

    /// How many digits follow the point.
    pub const fn digits(self) -> u8 {
        self.0
    }

    /// 10^digits: what a mantissa is divided by.
    pub const fn divisor(self) -> i64 {
        10i64.pow(self.0 as u32)
    }
}

/// A price: an integer number of 10^-decimals units of its instrument's currency.
///
/// The decimals belong to the instrument and travel beside the price (see [`crate::Tick::decimals`]): two prices are
/// comparable only within one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Price(i64);

/// Why a value is not a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// A digit finer than the instrument's decimals.
    #[error("has more than {decimals} decimals")]
    TooFine {
        /// What the instrument allows.
        decimals: u8,
    },
    /// Beyond what 64 bits hold.
    #[error("is too large")]
    TooLarge,
}

impl Price {
    /// Nothing: also how feeds say "no price".
    pub const ZERO: Price = Price(0);

    /// From the integer in the instrument's smallest unit.
    pub const fn from_mantissa(mantissa: i64) -> Price {
        Price(mantissa)
    }

    /// The integer in the instrument's smallest unit.
    pub const fn mantissa(self) -> i64 {
        self.0
    }

    /// `None` on overflow.
    pub const fn checked_add(self, other: Price) -> Option<Price> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Price(sum)),
            None => None,
        }
    }

    /// `None` on overflow.
    pub const fn checked_sub(self, other: Price) -> Option<Price> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Price(difference)),
            None => None,
        }
    }

    /// Text with all the instrument's decimals: `1510.50`.
    pub const fn display(self, decimals: Decimals) -> PriceText {
        PriceText { price: self, decimals }
    }

    /// For Greeks, statistics and the JSON numbers of a dialect that has no other, never for money. The nearest double
    /// to the price as long as the mantissa is within 2^53; beyond, a neighbour of it.
    pub fn to_f64(self, decimals: Decimals) -> f64 {
        self.0 as f64 / decimals.divisor() as f64
    }
}

/// A price about to be printed; see [`Price::display`].
#[derive(Clone, Copy, Debug)]
pub struct PriceText {
    price: Price,
    decimals: Decimals,
}

impl fmt::Display for PriceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.price.0 < 0 { "-" } else { "" };
        let magnitude = self.price.0.unsigned_abs();
        if self.decimals.0 == 0 {
            return write!(f, "{sign}{magnitude}");
        }
        let unit = self.decimals.divisor().unsigned_abs();
        let width = usize::from(self.decimals.0);
        write!(f, "{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_all_decimals_of_the_instrument() {
        assert_eq!(Price::from_mantissa(151_050).display(Decimals::TWO).to_string(), "1510.50");
        assert_eq!(Price::from_mantissa(-5).display(Decimals::TWO).to_string(), "-0.05");
        assert_eq!(Price::from_mantissa(832_525_000).display(Decimals::SEVEN).to_string(), "83.2525000");
        assert_eq!(
            Price::from_mantissa(i64::MIN).display(Decimals::TWO).to_string(),
            "-92233720368547758.08"
        );
    }

    #[test]
    fn arithmetic_says_when_it_overflows() {
        assert_eq!(Price::from_mantissa(i64::MAX).checked_add(Price::from_mantissa(1)), None);
        assert_eq!(Price::from_mantissa(i64::MIN).checked_sub(Price::from_mantissa(1)), None);
    }
}
