//! Rupees as integers: prices and amounts in one unit, so that price times quantity is exact.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};
use std::str::FromStr;

use market::{Decimals, Price};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Digits after the point that the unit has: enough for every exchange's prices.
const DIGITS: u32 = 9;
const UNIT: i128 = 10i128.pow(DIGITS);
/// Largest magnitude that is read from outside, in rupees: far above any account, far below an overflow of sums.
const READ_MAX: i128 = 1_000_000_000_000_000;

/// An amount of rupees, or a price in rupees, in billionths of a rupee. Every exchange price and every product of a price
/// and a quantity is exact in it. Written as text with at least two decimals and no more than needed: `1510.50`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Money(i128);

/// Why a text is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not digits, one point, digits.
    #[error("is not a decimal number")]
    NotANumber,
    /// Finer than a billionth.
    #[error("has more than 9 decimals")]
    TooFine,
    /// Above 10^15 rupees.
    #[error("is larger than any amount of money here may be")]
    TooLarge,
}

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);

    /// Whole rupees.
    pub const fn rupees(rupees: i64) -> Money {
        Money(rupees as i128 * UNIT)
    }

    /// Hundredths of a rupee.
    pub const fn paise(paise: i64) -> Money {
        Money(paise as i128 * (UNIT / 100))
    }

    /// From billionths of a rupee.
    pub const fn from_billionths(billionths: i128) -> Money {
        Money(billionths)
    }

    /// In billionths of a rupee.
    pub const fn billionths(self) -> i128 {
        self.0
    }

    /// A market price, exactly.
    pub fn from_price(price: Price, decimals: Decimals) -> Money {
        Money(i128::from(price.mantissa()) * (UNIT / i128::from(decimals.divisor())))
    }

    /// The same in an instrument's own unit; `None` when it is finer than that or too large for it.
    pub fn to_price(self, decimals: Decimals) -> Option<Price> {
        let step = UNIT / i128::from(decimals.divisor());
        if self.0 % step != 0 {
            return None;
        }
        i64::try_from(self.0 / step).ok().map(Price::from_mantissa)
    }

    /// This price for so many units.
    pub const fn times(self, quantity: i64) -> Money {
        Money(self.0 * quantity as i128)
    }

    /// This amount spread over `quantity` units, to the nearest hundredth of a paisa, halves away from zero; zero for
    /// no units. For display: sums are kept as amounts.
    pub fn per(self, quantity: i64) -> Money {
        if quantity == 0 {
            return Money::ZERO;
        }
        let step = UNIT / 10_000;
        let denominator = i128::from(quantity) * step;
        let (sign, numerator) = (self.0.signum() * denominator.signum(), self.0.abs());
        let denominator = denominator.abs();
        Money(sign * ((numerator + denominator / 2) / denominator) * step)
    }

    /// Without its sign.
    pub const fn abs(self) -> Money {
        Money(self.0.abs())
    }

    /// True below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// True for zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// True when it is a whole number of `steps`; a step of zero has no multiples but zero.
    pub const fn is_multiple_of(self, step: Money) -> bool {
        if step.0 == 0 { self.0 == 0 } else { self.0 % step.0 == 0 }
    }

    /// For dialects that have only floating numbers on the wire.
    pub fn to_f64(self) -> f64 {
        // By way of text: the nearest double to the decimal number, not to a rounded quotient.
        self.to_string().parse().unwrap_or(0.0)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let unit = UNIT.unsigned_abs();
        let (mut fraction, mut digits) = (magnitude % unit, DIGITS as usize);
        while digits > 2 && fraction.is_multiple_of(10) {
            fraction /= 10;
            digits -= 1;
        }
        write!(f, "{sign}{}.{fraction:0digits$}", magnitude / unit)
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Money, MoneyError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || digits.ends_with('.') {
            return Err(MoneyError::NotANumber);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > DIGITS as usize {
            return Err(MoneyError::TooFine);
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() > 16 {
            return Err(MoneyError::TooLarge);
        }
        let number = |part: &str| part.parse::<i128>().unwrap_or(0);
        let padding = 10i128.pow(DIGITS - fraction.len() as u32);
        let magnitude = number(whole) * UNIT + number(fraction) * padding;
        if magnitude > READ_MAX * UNIT {
            return Err(MoneyError::TooLarge);
        }
        Ok(Money(if negative { -magnitude } else { magnitude }))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Add for Money {
    type Output = Money;
    fn add(self, other: Money) -> Money {
        Money(self.0 + other.0)
    }
}

impl Sub for Money {
    type Output = Money;
    fn sub(self, other: Money) -> Money {
        Money(self.0 - other.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        self.0 += other.0;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Money) {
        self.0 -= other.0;
    }
}

impl Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money(-self.0)
    }
}

impl Mul<i64> for Money {
    type Output = Money;
    fn mul(self, quantity: i64) -> Money {
        self.times(quantity)
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn is_written_with_two_decimals_or_what_it_needs() {
        for (text, shown) in [
            ("1510.5", "1510.50"),
            ("0", "0.00"),
            ("-0.05", "-0.05"),
            ("83.2525000", "83.2525"),
            ("007", "7.00"),
            ("0.000000001", "0.000000001"),
        ] {
            assert_eq!(text.parse::<Money>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn odd_texts_are_refused() {
        for text in ["", "-", ".5", "5.", "1e3", "NaN", "+1", "1_000", " 1", "--1", "1.2.3"] {
            assert_eq!(text.parse::<Money>(), Err(MoneyError::NotANumber), "{text:?}");
        }
        assert_eq!("0.0000000001".parse::<Money>(), Err(MoneyError::TooFine));
        assert_eq!("1000000000000000.01".parse::<Money>(), Err(MoneyError::TooLarge));
        assert_eq!("9".repeat(400).parse::<Money>(), Err(MoneyError::TooLarge));
    }

    #[test]
    fn means_are_rounded_to_a_hundredth_of_a_paisa() {
        assert_eq!(Money::rupees(100).per(3).to_string(), "33.3333");
        assert_eq!(Money::rupees(-200).per(3).to_string(), "-66.6667");
        assert_eq!(Money::rupees(1).per(0), Money::ZERO);
    }

    proptest! {
        #[test]
        fn text_and_prices_come_back(mantissa in -1_000_000_000_000i64..1_000_000_000_000, digits in 0u8..=9) {
            let decimals = Decimals::new(digits).unwrap();
            let price = Price::from_mantissa(mantissa);
            let money = Money::from_price(price, decimals);
            prop_assert_eq!(money.to_price(decimals), Some(price));
            prop_assert_eq!(money.to_string().parse::<Money>(), Ok(money));
        }
    }
}
