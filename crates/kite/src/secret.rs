//! Text that must not be printed.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A token or key: goes over the wire as it is, prints as stars. Comparing it in constant time is the caller's task;
/// it has no `PartialEq`, so that nobody compares it by accident.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The secret itself, for the wire or for a constant-time comparison.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True for the broker's "has none".
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_stars_and_travels_whole() {
        let secret = Secret::new("abc");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "*** Some(***)");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"abc\"");
        assert_eq!(serde_json::from_str::<Secret>("\"abc\"").unwrap().expose(), "abc");
    }
}
