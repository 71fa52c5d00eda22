//! When a challenger may take a lease from a holder that is not proven dead.
//!
//! The challenger must itself have seen the same epoch and the same count of renewals for the whole time to live, on
//! its own monotonic clock. Nobody's wall clock is compared with anybody's.

use std::collections::BTreeMap;

use super::{Lease, Stream};

/// What one challenger has seen of the leases of others.
#[derive(Debug, Default)]
pub struct LeaseWatch {
    seen: BTreeMap<Stream, Seen>,
}

#[derive(Debug)]
struct Seen {
    lease: Lease,
    /// First and last look at which it was as it is, monotonic nanoseconds.
    since: u64,
    last: u64,
}

impl LeaseWatch {
    /// Nothing seen yet.
    pub fn new() -> LeaseWatch {
        LeaseWatch::default()
    }

    /// Takes in a lease that was read; `mono_nanos` is the time when the read had ended, so that the holder's own count
    /// of its time to live began earlier than ours.
    pub fn observe(&mut self, lease: &Lease, mono_nanos: u64) {
        match self.seen.get_mut(&lease.stream) {
            Some(seen) if seen.lease == *lease => seen.last = seen.last.max(mono_nanos),
            _ => {
                let seen = Seen { lease: lease.clone(), since: mono_nanos, last: mono_nanos };
                self.seen.insert(lease.stream.clone(), seen);
            }
        }
    }

    /// True if the lease of `stream` was seen unchanged for `ttl_nanos`, and the last look is not older than that. Then
    /// take it with [`super::Journal::take_expired`] and [`LeaseWatch::seen`].
    pub fn may_take(&self, stream: &Stream, mono_nanos: u64, ttl_nanos: u64) -> bool {
        self.seen.get(stream).is_some_and(|seen| {
            seen.last - seen.since >= ttl_nanos && mono_nanos.saturating_sub(seen.last) <= ttl_nanos
        })
    }

    /// The lease of `stream` at the last look.
    pub fn seen(&self, stream: &Stream) -> Option<&Lease> {
        self.seen.get(stream).map(|seen| &seen.lease)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: u64 = 3_000;

    fn lease(epoch: u64, renewals: u64) -> Lease {
        Lease { stream: Stream::account("A"), holder: 1, epoch, renewals }
    }

    #[test]
    fn only_after_the_whole_time_to_live_without_a_change() {
        let stream = Stream::account("A");
        let mut watch = LeaseWatch::new();
        assert!(!watch.may_take(&stream, 10_000, TTL), "never looked");
        watch.observe(&lease(1, 5), 10_000);
        assert!(!watch.may_take(&stream, 13_000, TTL), "looked once");
        watch.observe(&lease(1, 5), 12_999);
        assert!(!watch.may_take(&stream, 13_000, TTL));
        watch.observe(&lease(1, 5), 13_000);
        assert!(watch.may_take(&stream, 13_000, TTL));
        assert_eq!(watch.seen(&stream), Some(&lease(1, 5)));
        assert!(!watch.may_take(&stream, 16_001, TTL), "the challenger itself slept since its last look");
        assert!(!watch.may_take(&Stream::account("B"), 13_000, TTL));
    }

    #[test]
    fn a_renewal_or_a_new_holder_starts_the_wait_anew() {
        let stream = Stream::account("A");
        for changed in [lease(1, 6), lease(2, 0), lease(2, 5)] {
            let mut watch = LeaseWatch::new();
            watch.observe(&lease(1, 5), 0);
            watch.observe(&lease(1, 5), 2_999);
            watch.observe(&changed, 3_000);
            assert!(!watch.may_take(&stream, 3_000, TTL));
            watch.observe(&changed, 5_999);
            assert!(!watch.may_take(&stream, 5_999, TTL));
            watch.observe(&changed, 6_000);
            assert!(watch.may_take(&stream, 6_000, TTL));
        }
    }
}
