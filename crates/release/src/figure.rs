//! A number as people write it in a policy: decimal and exact.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul, Sub};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const ONE: i64 = 1_000_000;

/// A decimal number in millionths. Sums are exact; products and quotients are rounded half away from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Figure(i64);

/// A text is no number of at most six decimals below nine trillion.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a number with at most six decimals")]
pub struct NotAFigure(String);

impl Figure {
    /// Nothing.
    pub const ZERO: Figure = Figure(0);
    /// The whole.
    pub const ONE: Figure = Figure(ONE);
    /// A hundred, as in percent.
    pub const HUNDRED: Figure = Figure(100 * ONE);

    /// A whole number; the largest figure where it does not fit.
    pub const fn whole(number: i64) -> Figure {
        Figure(number.saturating_mul(ONE))
    }

    /// From millionths.
    pub const fn from_millionths(millionths: i64) -> Figure {
        Figure(millionths)
    }

    /// In millionths.
    pub const fn millionths(self) -> i64 {
        self.0
    }

    /// `self / other`, rounded half away from zero; `None` for nothing, or too much.
    pub fn per(self, other: Figure) -> Option<Figure> {
        divided(i128::from(self.0) * i128::from(ONE), i128::from(other.0))
    }

    /// For formulas that are not sums: the nearest double.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / ONE as f64
    }

    /// Rounded half away from zero to `decimals` (at most six).
    pub fn rounded(self, decimals: u32) -> Figure {
        let step = 10_i128.pow(6 - decimals.min(6));
        divided(i128::from(self.0), step).map_or(self, |steps| Figure(steps.0.saturating_mul(step as i64)))
    }

    /// Decimals that are written: `7.05` has two.
    pub fn decimals(self) -> u32 {
        (0..6).find(|decimals| self.rounded(*decimals) == self).unwrap_or(6)
    }

    /// With exactly `decimals` decimals.
    pub fn fixed(self, decimals: u32) -> String {
        let text = format!("{:07}", self.rounded(decimals).0.unsigned_abs());
        let (whole, rest) = text.split_at(text.len() - 6);
        let sign = if self.rounded(decimals).0 < 0 { "-" } else { "" };
        match decimals.min(6) as usize {
            0 => format!("{sign}{whole}"),
            decimals => format!("{sign}{whole}.{}", &rest[..decimals]),
        }
    }
}

/// Half away from zero.
fn divided(above: i128, below: i128) -> Option<Figure> {
    if below == 0 {
        return None;
    }
    let (above, below) = if below < 0 { (-above, -below) } else { (above, below) };
    let half = if above < 0 { -(below / 2) } else { below / 2 };
    i64::try_from((above + half) / below).ok().map(Figure)
}

impl Add for Figure {
    type Output = Figure;
    fn add(self, other: Figure) -> Figure {
        Figure(self.0.saturating_add(other.0))
    }
}

impl Sub for Figure {
    type Output = Figure;
    fn sub(self, other: Figure) -> Figure {
        Figure(self.0.saturating_sub(other.0))
    }
}

impl Mul for Figure {
    type Output = Figure;
    fn mul(self, other: Figure) -> Figure {
        let product = i128::from(self.0) * i128::from(other.0);
        divided(product, i128::from(ONE)).unwrap_or(Figure(if product < 0 { i64::MIN } else { i64::MAX }))
    }
}

impl Sum for Figure {
    fn sum<I: Iterator<Item = Figure>>(figures: I) -> Figure {
        figures.fold(Figure::ZERO, Add::add)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.fixed(self.decimals()))
    }
}

impl FromStr for Figure {
    type Err = NotAFigure;

    fn from_str(text: &str) -> Result<Figure, NotAFigure> {
        let wrong = || NotAFigure(text.to_owned());
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || rest.len() > 6 || !plain(whole) || !plain(rest) || digits.ends_with('.') {
            return Err(wrong());
        }
        let whole: i64 = whole.parse().map_err(|_| wrong())?;
        let rest: i64 = format!("{rest:0<6}").parse().map_err(|_| wrong())?;
        let millionths =
            whole.checked_mul(ONE).and_then(|whole| whole.checked_add(rest)).ok_or_else(wrong)?;
        Ok(Figure(sign * millionths))
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Figure, D::Error> {
        struct Reader;
        impl serde::de::Visitor<'_> for Reader {
            type Value = Figure;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number with at most six decimals")
            }
            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Figure, E> {
                value.to_string().parse().map_err(E::custom)
            }
            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Figure, E> {
                value.to_string().parse().map_err(E::custom)
            }
            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Figure, E> {
                // The shortest text that reads back as this double is what was written.
                value.to_string().parse().map_err(E::custom)
            }
            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Figure, E> {
                value.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn figure(text: &str) -> Figure {
        text.parse().unwrap()
    }

    #[test]
    fn sums_as_on_paper() {
        let rows = [
            ("6", "0.25"),
            ("9", "0.20"),
            ("8", "0.15"),
            ("4", "0.15"),
            ("9", "0.10"),
            ("8", "0.10"),
            ("7", "0.05"),
        ];
        let total: Figure = rows.iter().map(|(score, weight)| figure(score) * figure(weight)).sum();
        assert_eq!(total.to_string(), "7.15");
        let plain: Figure = ["8.2", "5.5", "7.5", "4.2", "7.8", "6.5"].map(figure).into_iter().sum();
        assert_eq!(plain.per(Figure::whole(6)).unwrap().fixed(3), "6.617");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".5", "5.", "1e3", "NaN", "0.1234567", "9300000000000", "1,5", "--1"] {
            assert!(text.parse::<Figure>().is_err(), "{text}");
        }
        assert_eq!(figure("-0.5").fixed(0), "-1");
        assert_eq!(figure("0.4").fixed(0), "0");
        assert_eq!(Figure::ONE.per(Figure::ZERO), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn what_is_written_is_read(millionths in -1_000_000_000_000_000_i64..1_000_000_000_000_000) {
            let figure = Figure::from_millionths(millionths);
            prop_assert_eq!(figure.to_string().parse::<Figure>(), Ok(figure));
        }
    }
}
