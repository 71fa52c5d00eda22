//! Present, `null`, or not there: three different answers.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field that the broker may leave out or set to `null`. An `Option` would read both alike and write one of them.
///
/// In a struct it stands as `#[serde(default, skip_serializing_if = "Maybe::is_absent")]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Maybe<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// The key is there and says `null`.
    Null,
    /// The key has a value.
    Set(T),
}

impl<T> Maybe<T> {
    /// True when the key is not there.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Maybe::Absent)
    }

    /// The value, for readers to whom `null` and absence are the same.
    pub const fn as_ref(&self) -> Option<&T> {
        match self {
            Maybe::Set(value) => Some(value),
            Maybe::Absent | Maybe::Null => None,
        }
    }

    /// The same, by value.
    pub fn into_option(self) -> Option<T> {
        match self {
            Maybe::Set(value) => Some(value),
            Maybe::Absent | Maybe::Null => None,
        }
    }
}

/// `None` becomes `null`: a server writes the keys that it knows.
impl<T> From<Option<T>> for Maybe<T> {
    fn from(value: Option<T>) -> Maybe<T> {
        value.map_or(Maybe::Null, Maybe::Set)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Maybe<T>, D::Error> {
        Option::deserialize(deserializer).map(Maybe::from)
    }
}

impl<T: Serialize> Serialize for Maybe<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Row {
        #[serde(default, skip_serializing_if = "Maybe::is_absent")]
        tag: Maybe<String>,
    }

    #[test]
    fn the_three_answers_stay_apart() {
        for text in ["{}", r#"{"tag":null}"#, r#"{"tag":"x"}"#] {
            let row: Row = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&row).unwrap(), text);
        }
        assert!(serde_json::from_str::<Row>(r#"{"tag":1}"#).is_err());
    }
}
