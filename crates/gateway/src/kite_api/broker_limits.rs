//! The broker's request rates, imposed only with `--emulate-broker-limits`: excess is answered 429 at once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use market::UnixNanos;

/// Which of the broker's limits a request counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Class {
    Quotes,
    Historical,
    Other,
}

impl Class {
    fn of(path: &str) -> Class {
        if path.starts_with("/quote") {
            Class::Quotes
        } else if path.starts_with("/instruments/historical") {
            Class::Historical
        } else {
            Class::Other
        }
    }

    /// Requests a second.
    const fn limit(self) -> u32 {
        match self {
            Class::Quotes => 1,
            Class::Historical => 3,
            Class::Other => 10,
        }
    }
}

/// Counts requests by key and class in whole seconds. Bounded by the number of keys.
#[derive(Debug, Default)]
pub struct BrokerLimits {
    counts: Mutex<HashMap<(String, Class), (i64, u32)>>,
}

impl BrokerLimits {
    /// True when a request of `api_key` for `path` at `now` is within the broker's limit.
    pub fn admit(&self, api_key: &str, path: &str, now: UnixNanos) -> bool {
        let class = Class::of(path);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (second, count) = counts.entry((api_key.to_string(), class)).or_insert((now.seconds(), 0));
        if *second != now.seconds() {
            (*second, *count) = (now.seconds(), 0);
        }
        *count = count.saturating_add(1);
        *count <= class.limit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_and_class_has_its_own_second() {
        let limits = BrokerLimits::default();
        let at = UnixNanos::from_seconds;
        assert!(limits.admit("a", "/quote/ltp", at(1)));
        assert!(!limits.admit("a", "/quote", at(1)));
        assert!(limits.admit("b", "/quote", at(1)));
        assert!(limits.admit("a", "/quote", at(2)));
        let historical = |_| limits.admit("a", "/instruments/historical/1/day", at(1));
        assert_eq!((0..5).filter(|n| historical(*n)).count(), 3);
        assert_eq!((0..20).filter(|_| limits.admit("a", "/user/profile", at(1))).count(), 10);
    }
}
