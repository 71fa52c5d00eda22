//! A JSON number with the text it was written in.
//!
//! The broker writes sums that came out of floating point (`99725.05000000002`), zeros as `0`, `0.0` and `-0`, and
//! prices with as many digits as they need. Reading any of these into a float and back changes them, so the text is
//! kept and turned into an integer price only when someone asks for one, with the loss named.

use std::fmt;
use std::str::FromStr;

use market::{Decimal, DecimalError, Decimals, Price, PriceError};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Longest number text that is kept, in bytes; a double needs at most 25.
pub const TEXT_BYTES_MAX: usize = 64;

/// A number as written. Two are equal when they were written alike: `0` differs from `0.0`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Written);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Written {
    /// The usual case: the decimal prints as the very text that was read.
    Plain(Decimal),
    /// Exponents, more than 15 digits after the point, a negative zero.
    Odd(Box<str>),
}

/// The text is not a JSON number, or is longer than [`TEXT_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a number of at most {TEXT_BYTES_MAX} characters")]
pub struct NotANumber;

impl Number {
    /// Zero, written `0`.
    pub const ZERO: Number = Number(Written::Plain(Decimal::ZERO));

    /// A price as the broker writes it: all digits it needs and no zeros after them, `1510.5`, `1396`.
    pub fn from_price(price: Price, decimals: Decimals) -> Number {
        let (mut mantissa, mut scale) = (price.mantissa(), decimals.digits());
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        // A price has at most nine decimals and a `Decimal` keeps fifteen, so there always is one.
        Number(Written::Plain(Decimal::new(mantissa, scale).unwrap_or(Decimal::ZERO)))
    }

    /// The same number as a decimal.
    ///
    /// # Errors
    /// [`DecimalError`] for exponents and for more digits than a [`Decimal`] keeps.
    pub fn decimal(&self) -> Result<Decimal, DecimalError> {
        match &self.0 {
            Written::Plain(decimal) => Ok(*decimal),
            Written::Odd(text) => text.parse(),
        }
    }

    /// The number as an exact price.
    ///
    /// # Errors
    /// [`PriceError::TooFine`] when a non-zero digit would be lost; [`PriceError::TooLarge`] when it does not fit.
    pub fn to_price(&self, decimals: Decimals) -> Result<Price, PriceError> {
        match &self.0 {
            Written::Plain(decimal) => decimal.to_price(decimals),
            Written::Odd(_) => match self.nearest_price(decimals)? {
                (price, true) => Ok(price),
                (_, false) => Err(PriceError::TooFine { decimals: decimals.digits() }),
            },
        }
    }

    /// The nearest price, halves away from zero: for sums such as a profit that the broker computed in floating point.
    ///
    /// # Errors
    /// [`PriceError::TooLarge`] when it does not fit.
    pub fn to_price_rounded(&self, decimals: Decimals) -> Result<Price, PriceError> {
        self.nearest_price(decimals).map(|(price, _)| price)
    }

    /// The number when it is whole (`10`, `10.0`) and fits; quantities and counts are.
    pub fn to_i64(&self) -> Option<i64> {
        Decimals::new(0).and_then(|whole| self.to_price(whole).ok()).map(Price::mantissa)
    }

    /// Nearest double, for statistics only.
    pub fn to_f64(&self) -> f64 {
        // Through the text: a mantissa above 2^53 divided by a power of ten would be rounded twice.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The nearest price, and whether it is exact.
    fn nearest_price(&self, decimals: Decimals) -> Result<(Price, bool), PriceError> {
        let text = self.to_string();
        let (text, exponent) = match text.split_once(['e', 'E']) {
            Some((text, exponent)) => (text, exponent.parse::<i32>().map_err(|_| PriceError::TooLarge)?),
            None => (text.as_str(), 0),
        };
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let scale = i32::try_from(whole.len()).map_err(|_| PriceError::TooLarge)?;
        // How many of the digits are kept: those of the whole part, moved by the exponent, and the price's decimals.
        let keep = i64::from(scale) + i64::from(exponent) + i64::from(decimals.digits());
        let (mut mantissa, mut exact, mut round_up) = (0i64, true, false);
        let mut place = 0i64;
        for byte in whole.bytes().chain(fraction.bytes()) {
            let digit = i64::from(byte.saturating_sub(b'0'));
            if place < keep {
                mantissa = append(mantissa, digit)?;
            } else {
                round_up |= place == keep && digit >= 5;
                exact &= digit == 0;
            }
            place += 1;
        }
        // Digits that the exponent promises but nobody wrote are zeros; more than nineteen matter only to a zero.
        while place < keep && mantissa != 0 {
            mantissa = append(mantissa, 0)?;
            place += 1;
        }
        let mantissa = mantissa.checked_add(i64::from(round_up)).ok_or(PriceError::TooLarge)?;
        Ok((Price::from_mantissa(if negative { -mantissa } else { mantissa }), exact))
    }
}

fn append(mantissa: i64, digit: i64) -> Result<i64, PriceError> {
    mantissa.checked_mul(10).and_then(|tens| tens.checked_add(digit)).ok_or(PriceError::TooLarge)
}

/// Keeps a text that is known to be a JSON number.
fn keep(text: &str) -> Number {
    let negative_zero = |decimal: Decimal| decimal.mantissa() == 0 && text.starts_with('-');
    match text.parse::<Decimal>() {
        Ok(decimal) if !negative_zero(decimal) => Number(Written::Plain(decimal)),
        _ => Number(Written::Odd(text.into())),
    }
}

impl FromStr for Number {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Number, NotANumber> {
        let raw: &RawValue = serde_json::from_str(text).map_err(|_| NotANumber)?;
        // Blanks around the number are not part of it, and a number with blanks is not the text we were given.
        if raw.get().len() != text.len() { Err(NotANumber) } else { from_raw(raw).ok_or(NotANumber) }
    }
}

fn from_raw(raw: &RawValue) -> Option<Number> {
    let text = raw.get();
    let number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    (number && text.len() <= TEXT_BYTES_MAX).then(|| keep(text))
}

impl From<i64> for Number {
    fn from(value: i64) -> Number {
        Decimal::new(value, 0).map_or(Number::ZERO, |decimal| Number(Written::Plain(decimal)))
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Number {
        Number::from(i64::from(value))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Number {
        i64::try_from(value).map_or_else(|_| Number(Written::Odd(value.to_string().into())), Number::from)
    }
}

impl From<Decimal> for Number {
    fn from(value: Decimal) -> Number {
        Number(Written::Plain(value))
    }
}

impl Default for Number {
    fn default() -> Number {
        Number::ZERO
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Written::Plain(decimal) => decimal.fmt(f),
            Written::Odd(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Written::Plain(decimal) = &self.0
            && decimal.scale() == 0
        {
            return serializer.serialize_i64(decimal.mantissa());
        }
        let raw = RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        from_raw(&raw).ok_or_else(|| {
            let start: String = raw.get().chars().take(32).collect();
            serde::de::Error::custom(format_args!("expected a number, found `{start}`"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap()
    }

    #[test]
    fn every_way_of_writing_a_number_survives() {
        for text in [
            "0",
            "0.0",
            "-0",
            "-0.0",
            "1.50",
            "30.6800",
            "-629.2999999999993",
            "0.17028522775648244",
            "0.011372219999999999",
            "1e5",
            "1E-07",
            "18446744073709551615",
            "123456789012345678901234567890",
        ] {
            assert_eq!(number(text).to_string(), text);
            let row: Vec<Number> = serde_json::from_str(&format!("[{text}]")).unwrap();
            assert_eq!(serde_json::to_string(&row).unwrap(), format!("[{text}]"));
        }
        assert_ne!(number("0"), number("0.0"));
    }

    #[test]
    fn nothing_else_is_a_number() {
        for text in
            ["", " 1", "1 ", "01", "+1", ".5", "1.", "NaN", "null", "\"1\"", "[1]", "true", "1e", "--1"]
        {
            assert_eq!(text.parse::<Number>(), Err(NotANumber), "{text:?}");
        }
        assert!(serde_json::from_str::<Number>("\"1\"").is_err());
        assert!("1".repeat(65).parse::<Number>().is_err());
    }

    #[test]
    fn prices_are_exact_or_rounded_on_request() {
        let two = Decimals::TWO;
        let paise = |text: &str| number(text).to_price(two).map(Price::mantissa);
        let nearest = |text: &str| number(text).to_price_rounded(two).map(Price::mantissa);
        assert_eq!(
            (paise("1510.5"), paise("1396"), paise("-0"), paise("1e3")),
            (Ok(151_050), Ok(139_600), Ok(0), Ok(100_000))
        );
        assert_eq!(paise("12.5e-1"), Ok(125));
        assert_eq!(paise("1.005"), Err(PriceError::TooFine { decimals: 2 }));
        assert_eq!(paise("0.01137221999999999900"), Err(PriceError::TooFine { decimals: 2 }));
        assert_eq!(
            (nearest("99725.05000000002"), nearest("96426.32999999999")),
            (Ok(9_972_505), Ok(9_642_633))
        );
        assert_eq!(
            (nearest("0.005"), nearest("-0.005"), nearest("0.00499999999999999999")),
            (Ok(1), Ok(-1), Ok(0))
        );
        assert_eq!(
            (nearest("5e-3"), nearest("5e-4"), nearest("9e-400"), nearest("0e999999999")),
            (Ok(1), Ok(0), Ok(0), Ok(0))
        );
        assert_eq!(nearest("1e400"), Err(PriceError::TooLarge));
        assert_eq!(nearest("1e99999999999"), Err(PriceError::TooLarge));
        assert_eq!(
            (number("10").to_i64(), number("10.0").to_i64(), number("10.5").to_i64()),
            (Some(10), Some(10), None)
        );
    }

    #[test]
    fn a_price_is_written_with_the_digits_it_needs() {
        let text =
            |mantissa, decimals| Number::from_price(Price::from_mantissa(mantissa), decimals).to_string();
        assert_eq!(text(151_050, Decimals::TWO), "1510.5");
        assert_eq!(text(139_600, Decimals::TWO), "1396");
        assert_eq!(text(-5, Decimals::TWO), "-0.05");
        assert_eq!(text(0, Decimals::SEVEN), "0");
        assert_eq!(text(832_525_000, Decimals::SEVEN), "83.2525");
        assert_eq!(text(i64::MIN, Decimals::TWO), "-92233720368547758.08");
        assert_eq!(Number::from(u64::MAX).to_string(), "18446744073709551615");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_price_comes_back(mantissa: i64, digits in 0u8..=9) {
            let (price, decimals) = (Price::from_mantissa(mantissa), Decimals::new(digits).unwrap());
            let text = Number::from_price(price, decimals).to_string();
            prop_assert_eq!(number(&text).to_price(decimals), Ok(price));
        }

        #[test]
        fn doubles_survive(value in proptest::num::f64::NORMAL) {
            let text = serde_json::to_string(&value).unwrap();
            prop_assert_eq!(&number(&text).to_string(), &text);
            prop_assert_eq!(number(&text).to_f64(), value);
        }

        #[test]
        fn rounding_agrees_with_the_double(mantissa in -1_000_000_000i64..1_000_000_000) {
            let text = (mantissa as f64 / 100.0 + 0.000_000_01).to_string();
            prop_assert_eq!(number(&text).to_price_rounded(Decimals::TWO), Ok(Price::from_mantissa(mantissa)));
        }
    }
}
