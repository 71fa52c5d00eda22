//! How a matcher behaves, and what it does not take.

/// How a matcher behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatcherConfig {
    /// Market time between handing over and arrival, in nanoseconds; below zero counts as zero.
    pub latency_ns: i64,
    /// Which orders are rejected.
    pub seed: u64,
    /// So many of a million placements are rejected.
    pub reject_per_million: u32,
    /// Part of each visible level that may be taken; above 100 counts as 100.
    pub depth_share_percent: u32,
    /// Orders that are held at once, those on their way included. More are not taken.
    pub orders_max: usize,
}

impl Default for MatcherConfig {
    fn default() -> MatcherConfig {
        MatcherConfig {
            latency_ns: 1_000_000,
            seed: 0,
            reject_per_million: 0,
            depth_share_percent: 100,
            orders_max: 100_000,
        }
    }
}

/// Why something was not taken over. Nothing has happened then, and no output will come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// An order with this key has not ended.
    #[error("there is an open order with this number")]
    KeyInUse,
    /// As many orders, or changes on their way, as are held at once.
    #[error("the paper venue holds as many orders as it can; cancel some")]
    Full,
}

impl MatcherConfig {
    /// True for about [`MatcherConfig::reject_per_million`] of a million keys: a hash (the finaliser of `SplitMix64`), not a
    /// generator, so that a replay rejects the same orders whatever else has happened.
    pub(super) fn rejects(&self, key: u64) -> bool {
        let mut mixed = self.seed.wrapping_add(key.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for _ in 0..2 {
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^= mixed >> 31;
        }
        mixed % 1_000_000 < u64::from(self.reject_per_million)
    }
}
