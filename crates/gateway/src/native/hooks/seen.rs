//! Alerts of the last minute, so that one that is sent twice is one signal.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use market::time::NANOS_PER_SECOND;

/// The same content so long after its first time is another alert: nanoseconds of machine time.
const REPEATED_WITHIN: i64 = 60 * NANOS_PER_SECOND;
/// Alerts that are remembered. When it is full the oldest is forgotten: sent again it would be another signal.
const KEPT: usize = 10_000;

/// What was seen, and when first. Of this process only: a repetition that reaches another instance, or comes after a restart,
/// is another alert unless the template gives an id.
#[derive(Debug, Default)]
pub struct Seen(Mutex<Alerts>);

#[derive(Debug, Default)]
struct Alerts {
    first: HashMap<[u8; 32], i64>,
    order: VecDeque<([u8; 32], i64)>,
}

impl Seen {
    /// When the alert with this digest was first seen, if that is less than a minute before `now`; else `now`.
    pub fn first(&self, digest: [u8; 32], now: i64) -> i64 {
        let mut alerts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((oldest, at)) = alerts.order.front().copied()
            && (now.saturating_sub(at) >= REPEATED_WITHIN || alerts.order.len() >= KEPT)
        {
            alerts.order.pop_front();
            alerts.first.remove(&oldest);
        }
        if let Some(first) = alerts.first.get(&digest) {
            return *first;
        }
        alerts.first.insert(digest, now);
        alerts.order.push_back((digest, now));
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repetition_within_a_minute_is_the_same_alert() {
        let (seen, second) = (Seen::default(), NANOS_PER_SECOND);
        assert_eq!(seen.first([1; 32], second), second);
        assert_eq!(seen.first([2; 32], 2 * second), 2 * second);
        assert_eq!(seen.first([1; 32], 60 * second), second);
        assert_eq!(seen.first([1; 32], 61 * second), 61 * second);
        assert_eq!(seen.first([1; 32], 62 * second), 61 * second);
    }

    #[test]
    fn only_so_many_are_kept() {
        let seen = Seen::default();
        for number in 0..=KEPT as i64 {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_le_bytes());
            seen.first(digest, number);
        }
        assert!(seen.0.lock().unwrap().order.len() <= KEPT);
        assert_eq!(seen.first([0; 32], 50_000), 50_000, "the oldest was forgotten");
    }
}
