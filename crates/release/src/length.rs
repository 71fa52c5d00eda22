//! Durations as people write them: `90s`, `15m`, `1h30m`, `7d`; and bounds of them: `10m..30m`.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul, Sub};
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A duration in whole seconds, not negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Length(u64);

/// A text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: write whole numbers with d, h, m or s, as in `7d` or `1h30m`")]
pub struct NotALength(String);

/// A text is no duration that a policy can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHeld {
    /// See there.
    #[error(transparent)]
    NotALength(#[from] NotALength),
    /// Nothing that is planned takes longer than ten years.
    #[error("`{0}` is too long: durations are up to {days}d, ten years", days = Length::HELD_MAX.0 / 86_400)]
    TooLong(String),
}

const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Length {
    /// None at all.
    pub const ZERO: Length = Length(0);

    /// The longest one that is read from a policy or a request: sums of many of these are still times.
    pub const HELD_MAX: Length = Length::days(3_660);

    /// Of so many seconds.
    pub const fn seconds(seconds: u64) -> Length {
        Length(seconds)
    }

    /// Of so many minutes.
    pub const fn minutes(minutes: u64) -> Length {
        Length(minutes.saturating_mul(60))
    }

    /// Of so many days of 24 hours.
    pub const fn days(days: u64) -> Length {
        Length(days.saturating_mul(86_400))
    }

    /// In seconds.
    pub const fn as_seconds(self) -> u64 {
        self.0
    }

    /// In seconds, for sums with times.
    pub const fn signed_seconds(self) -> i64 {
        if self.0 > i64::MAX as u64 { i64::MAX } else { self.0 as i64 }
    }

    /// Its two largest units, rounded down: `13d15h` for people who need no seconds.
    #[must_use]
    pub fn rough(self) -> Length {
        let largest = UNITS[1..].iter().position(|(_, seconds)| self.0 >= *seconds);
        let finest = largest.map_or(1, |place| UNITS[1..][(place + 1).min(UNITS.len() - 2)].1);
        Length(self.0 - self.0 % finest)
    }

    /// In minutes, with the rest as decimals.
    pub fn as_minutes(self) -> f64 {
        self.0 as f64 / 60.0
    }
}

impl Add for Length {
    type Output = Length;
    fn add(self, other: Length) -> Length {
        Length(self.0.saturating_add(other.0))
    }
}

/// Nothing where `other` is longer.
impl Sub for Length {
    type Output = Length;
    fn sub(self, other: Length) -> Length {
        Length(self.0.saturating_sub(other.0))
    }
}

impl Mul<u64> for Length {
    type Output = Length;
    fn mul(self, times: u64) -> Length {
        Length(self.0.saturating_mul(times))
    }
}

impl Sum for Length {
    fn sum<I: Iterator<Item = Length>>(lengths: I) -> Length {
        lengths.fold(Length::ZERO, Add::add)
    }
}

impl fmt::Display for Length {
    /// `1h30m`; weeks are written as days.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.pad("0s");
        }
        let mut text = String::new();
        let mut rest = self.0;
        for (unit, seconds) in &UNITS[1..] {
            let count = rest / seconds;
            rest %= seconds;
            if count > 0 {
                text.push_str(&format!("{count}{unit}"));
            }
        }
        f.pad(&text)
    }
}

impl FromStr for Length {
    type Err = NotALength;

    fn from_str(text: &str) -> Result<Length, NotALength> {
        let wrong = || NotALength(text.to_owned());
        let mut total: u64 = 0;
        let mut digits = String::new();
        let mut finest = usize::MAX;
        for letter in text.chars() {
            if letter.is_ascii_digit() {
                digits.push(letter);
                continue;
            }
            let place = UNITS.iter().position(|(unit, _)| *unit == letter).ok_or_else(wrong)?;
            if finest != usize::MAX && place <= finest {
                return Err(wrong());
            }
            finest = place;
            let count: u64 = digits.parse().map_err(|_| wrong())?;
            total = count
                .checked_mul(UNITS[place].1)
                .and_then(|more| total.checked_add(more))
                .ok_or_else(wrong)?;
            digits.clear();
        }
        if text.is_empty() || !digits.is_empty() { Err(wrong()) } else { Ok(Length(total)) }
    }
}

impl TryFrom<String> for Length {
    type Error = NotHeld;
    fn try_from(text: String) -> Result<Length, NotHeld> {
        let length: Length = text.parse()?;
        if length > Length::HELD_MAX { Err(NotHeld::TooLong(text)) } else { Ok(length) }
    }
}

impl From<Length> for String {
    fn from(length: Length) -> String {
        length.to_string()
    }
}

/// How long something may take: at least and at most. `5m` is `5m..5m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Budget {
    /// When all goes well.
    pub least: Length,
    /// When it does not.
    pub most: Length,
}

impl Add for Budget {
    type Output = Budget;
    fn add(self, other: Budget) -> Budget {
        Budget { least: self.least + other.least, most: self.most + other.most }
    }
}

impl Sum for Budget {
    fn sum<I: Iterator<Item = Budget>>(budgets: I) -> Budget {
        budgets.fold(Budget::default(), Add::add)
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.least == self.most {
            self.most.fmt(f)
        } else {
            f.pad(&format!("{}..{}", self.least, self.most))
        }
    }
}

impl FromStr for Budget {
    type Err = NotALength;

    fn from_str(text: &str) -> Result<Budget, NotALength> {
        let (least, most) = text.split_once("..").unwrap_or((text, text));
        let budget = Budget { least: least.parse()?, most: most.parse()? };
        if budget.least > budget.most { Err(NotALength(text.to_owned())) } else { Ok(budget) }
    }
}

impl TryFrom<String> for Budget {
    type Error = NotHeld;
    fn try_from(text: String) -> Result<Budget, NotHeld> {
        let budget: Budget = text.parse()?;
        if budget.most > Length::HELD_MAX { Err(NotHeld::TooLong(text)) } else { Ok(budget) }
    }
}

impl From<Budget> for String {
    fn from(budget: Budget) -> String {
        budget.to_string()
    }
}

/// So much later than `at`; the last moment there is, where that is nearer.
pub fn later(at: Timestamp, by: Length) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(by.signed_seconds())).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_written() {
        for (text, seconds) in
            [("0s", 0), ("90s", 90), ("15m", 900), ("1h30m", 5_400), ("7d", 604_800), ("2w", 1_209_600)]
        {
            assert_eq!(text.parse::<Length>().unwrap().as_seconds(), seconds, "{text}");
        }
        assert_eq!(Length::seconds(90_061).to_string(), "1d1h1m1s");
        let rough = |seconds| Length::seconds(seconds).rough().to_string();
        assert_eq!([90_061, 3_661, 61, 59, 0].map(rough), ["1d1h", "1h1m", "1m1s", "59s", "0s"]);
        assert_eq!("10m..30m".parse::<Budget>().unwrap().to_string(), "10m..30m");
        assert_eq!("5m".parse::<Budget>().unwrap().to_string(), "5m");
        for text in ["", "5", "m", "5 m", "-5m", "1m1h", "1m1m", "1.5h", "99999999999999999999s", "1y"] {
            assert!(text.parse::<Length>().is_err(), "{text}");
        }
        assert!("30m..10m".parse::<Budget>().is_err());
    }
}
