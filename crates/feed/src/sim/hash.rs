//! Randomness without state: a number is a function of (seed, purpose, instrument, index).
//!
//! Enters: those four. Leaves: 64 bits, a uniform or a normal deviate. Never here: a generator that remembers.
//!
//! A stream is SplitMix64 read at any position: output n of that generator is `mix(key + n * GOLDEN)`, so it can be
//! asked for directly. One stream per purpose: a new draw in one place shifts no other.

/// 2^64 / golden ratio, odd: the increment of SplitMix64.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// What a stream is for. The numbers are part of what a seed means: never reuse or renumber them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Purpose {
    /// Daily moves of the whole market.
    MarketDay = 1,
    /// Daily moves of one underlying.
    OwnDay = 2,
    /// Where and how high a day's extremes are.
    DayShape = 3,
    /// Prices at minute boundaries.
    Grid = 4,
    /// Extremes within a minute.
    Bar = 5,
    /// Prices at steps within a minute.
    Step = 6,
    /// Volume of days and minutes.
    Volume = 7,
    /// Open interest of days.
    OpenInterest = 8,
    /// Level of the volatility surface.
    Surface = 9,
    /// Whether an instrument ticks in a step.
    Arrival = 10,
    /// Book and last quantity of one tick.
    Book = 11,
    /// What a made-up share is like.
    Character = 12,
}

/// One independent sequence of random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stream(u64);

impl Stream {
    pub(crate) fn new(seed: u64, purpose: Purpose, instrument: u64) -> Stream {
        let with_purpose = mix(seed ^ mix((purpose as u64).wrapping_mul(GOLDEN)));
        Stream(mix(with_purpose ^ mix(instrument.wrapping_add(GOLDEN))))
    }

    /// The bits at `index`; negative positions are as good as others.
    pub(crate) fn at(self, index: i64) -> u64 {
        mix(self.0.wrapping_add(index.cast_unsigned().wrapping_mul(GOLDEN)))
    }

    /// The bits at place `sub` of `index`, for `sub` below 2048: minutes of a day, fields of a shape.
    pub(crate) fn within(self, index: i64, sub: u32) -> u64 {
        self.at((index << 11) | i64::from(sub))
    }
}

/// The finaliser of SplitMix64 (Stafford's variant 13): every input bit moves every output bit.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// In [0, 1), from the upper 53 bits.
pub(crate) fn uniform(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// Mean 0, deviation 1, never beyond 3.47: the sum of four 16-bit uniforms. Bounded tails keep prices plausible for
/// decades, and the sum costs a tenth of an exact inverse.
pub(crate) fn normal(bits: u64) -> f64 {
    let sum = (bits & 0xffff) + ((bits >> 16) & 0xffff) + ((bits >> 32) & 0xffff) + (bits >> 48);
    (sum as f64 / 65_535.0 - 2.0) * 1.732_050_807_568_877_2
}

/// A number below `bound`, which must not be zero, from the lower 32 bits.
pub(crate) fn below(bits: u64, bound: u32) -> u32 {
    // The product of two 32-bit numbers, shifted down by 32, is below the second one.
    (((bits & 0xffff_ffff) * u64::from(bound)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_apart_and_deviates_have_their_moments() {
        let stream = Stream::new(1, Purpose::Grid, 408_065);
        assert_ne!(stream.at(7), Stream::new(1, Purpose::Bar, 408_065).at(7));
        assert_ne!(stream.at(7), Stream::new(2, Purpose::Grid, 408_065).at(7));
        assert_ne!(stream.at(7), Stream::new(1, Purpose::Grid, 738_561).at(7));
        let n = 100_000;
        let (mut sum, mut squares, mut flat) = (0.0, 0.0, 0.0);
        for i in 0..n {
            let z = normal(stream.at(i));
            sum += z;
            squares += z * z;
            flat += uniform(stream.at(i));
            assert!(below(stream.at(i), 58) < 58);
        }
        let n = n as f64;
        assert!((sum / n).abs() < 0.02, "mean {}", sum / n);
        assert!((squares / n - 1.0).abs() < 0.02, "variance {}", squares / n);
        assert!((flat / n - 0.5).abs() < 0.01);
    }
}
