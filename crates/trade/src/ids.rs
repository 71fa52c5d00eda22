//! Names of things in the journal. Each is checked once, where it enters, and never again.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {min}-{max} characters of {alphabet}", min = self.min, max = self.max, alphabet = self.alphabet)]
pub struct NameError {
    min: usize,
    max: usize,
    alphabet: &'static str,
}

macro_rules! names {
    ($(#[$doc:meta])* $name:ident, $max:literal, $alphabet:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<$name, NameError> {
                let allowed: fn(u8) -> bool = $allowed;
                if text.is_empty() || text.len() > $max || !text.bytes().all(allowed) {
                    return Err(NameError { min: 1, max: $max, alphabet: $alphabet });
                }
                Ok($name(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

names! {
    /// A trading account: `paper`.
    AccountId, 32, "a-z 0-9 - _", |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
}

names! {
    /// A signal's name, unique in the journal for ever.
    SignalId, 64, "A-Z a-z 0-9 . _ : -", |byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte)
}

names! {
    /// A client's own name for an order, unique in the journal for ever.
    ClientId, 64, "A-Z a-z 0-9 . _ : -", |byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte)
}

names! {
    /// Who makes signals: `breakout`.
    Strategy, 64, "A-Z a-z 0-9 . _ : -", |byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte)
}

/// An order of ours: 19 decimal digits, never used twice in any journal that shares a venue account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(u64);

/// The text is no order id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a 19-digit order id")]
pub struct OrderIdError;

impl OrderId {
    const MIN: u64 = 1_000_000_000_000_000_000;
    const MAX: u64 = 9_223_372_036_854_775_807;

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// What a venue that takes a tag is told, so that the order is found there without its own id: `M` and the id in base 36.
    /// At most 14 letters and digits.
    pub fn tag(self) -> String {
        let mut digits = [0u8; 13];
        let mut rest = self.0;
        for digit in digits.iter_mut().rev() {
            *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize];
            rest /= 36;
        }
        format!("M{}", String::from_utf8_lossy(&digits))
    }

    /// The order that a tag stands for, if it is one of ours.
    pub fn from_tag(tag: &str) -> Option<OrderId> {
        let digits = tag.strip_prefix('M').filter(|digits| digits.len() == 13)?;
        let number = u64::from_str_radix(digits, 36).ok()?;
        OrderId::new(number).filter(|order| order.tag() == tag)
    }

    /// `None` unless it has 19 digits and fits a signed 64-bit number.
    pub const fn new(number: u64) -> Option<OrderId> {
        if number >= Self::MIN && number <= Self::MAX { Some(OrderId(number)) } else { None }
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for OrderId {
    type Err = OrderIdError;
    fn from_str(text: &str) -> Result<OrderId, OrderIdError> {
        if text.len() != 19 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(OrderIdError);
        }
        text.parse().ok().and_then(OrderId::new).ok_or(OrderIdError)
    }
}

impl Serialize for OrderId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OrderId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<OrderId, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Makes order ids: `1`, four digits that a journal draws when it is made or restored, five for the start of an instance, nine
/// that count. So neither a second instance, nor a restart, nor a journal restored from a backup repeats one.
#[derive(Clone, Debug)]
pub struct OrderIds {
    prefix: u64,
    next: u64,
}

impl OrderIds {
    /// `incarnation` as the journal drew it (its last four digits count), `instance` as it numbered this start.
    pub const fn new(incarnation: u32, instance: u32) -> OrderIds {
        let prefix = OrderId::MIN
            + (incarnation as u64 % 10_000) * 100_000_000_000_000
            + (instance as u64 % 100_000) * 1_000_000_000;
        OrderIds { prefix, next: 1 }
    }

    /// The same for orders that get their id where they are commanded: the upper half of the counts.
    pub const fn for_commands(incarnation: u32, instance: u32) -> OrderIds {
        OrderIds { prefix: OrderIds::new(incarnation, instance).prefix, next: 500_000_001 }
    }

    /// Takes the journal's incarnation on; ids go on counting.
    pub const fn set_incarnation(&mut self, incarnation: u32) {
        let instance = self.prefix / 1_000_000_000 % 100_000;
        self.prefix = OrderIds::new(incarnation, instance as u32).prefix;
    }

    /// A new one.
    pub fn draw(&mut self) -> OrderId {
        let order = OrderId(self.prefix + self.next % 1_000_000_000);
        self.next += 1;
        order
    }
}

/// An order that waits here for a price. Small, as at the broker: some clients keep it in 32 bits. Unique in the journal, whose keys
/// see to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GttId(pub u64);

impl fmt::Display for GttId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One call to a venue that changes something: the n-th of its order. Placing is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IntentId {
    /// Of which order.
    pub order: OrderId,
    /// Which of its calls, from 1.
    pub n: u32,
}

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.order, self.n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_ids_have_19_digits_and_come_back_from_their_tags() {
        for (incarnation, instance) in [(0, 0), (9_999, 99_999), (4_711, 3)] {
            let mut ids = OrderIds::new(incarnation, instance);
            let (first, second) = (ids.draw(), ids.draw());
            assert_ne!(first, second);
            assert_eq!(first.to_string().len(), 19);
            assert_eq!(first.to_string().parse(), Ok(first));
            assert!(first.tag().len() <= 20);
            assert_eq!(OrderId::from_tag(&first.tag()), Some(first));
        }
        assert_eq!(OrderId::from_tag("Mzzzzzzzzzzzzz"), None);
        assert_eq!(OrderId::from_tag("manual"), None);
    }

    #[test]
    fn names_say_what_they_may_be() {
        let error = "Paper".parse::<AccountId>().unwrap_err();
        assert_eq!(error.to_string(), "must be 1-32 characters of a-z 0-9 - _");
        assert!("s-1:a.b_C".parse::<SignalId>().is_ok());
        assert!("".parse::<SignalId>().is_err());
        assert!("a/b".parse::<SignalId>().is_err());
    }
}
