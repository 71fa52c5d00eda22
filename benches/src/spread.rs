//! How far rounds of one measurement lie apart, and which value a share of many samples stays under.

/// The least, the middle and the largest of some rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Least.
    pub min: f64,
    /// Middle; of an even number of rounds the mean of the two in the middle.
    pub median: f64,
    /// Largest.
    pub max: f64,
}

impl Spread {
    /// Of at least one round; zero of none.
    pub fn of(rounds: &[f64]) -> Spread {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = |at: usize| sorted.get(at).copied().unwrap_or(0.0);
        let half = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            (middle(half.saturating_sub(1)) + middle(half)) / 2.0
        } else {
            middle(half)
        };
        Spread { min: middle(0), median, max: middle(sorted.len().saturating_sub(1)) }
    }
}

/// The sample that `per_mille` of 1,000 samples do not exceed (990 for p99), by the nearest-rank rule; zero of none.
pub fn percentile(sorted: &[f64], per_mille: usize) -> f64 {
    let rank = (sorted.len() * per_mille).div_ceil(1_000);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_odd_and_even_rounds() {
        assert_eq!(Spread::of(&[3.0, 1.0, 2.0]), Spread { min: 1.0, median: 2.0, max: 3.0 });
        assert_eq!(Spread::of(&[4.0, 1.0]), Spread { min: 1.0, median: 2.5, max: 4.0 });
        assert_eq!(Spread::of(&[]), Spread { min: 0.0, median: 0.0, max: 0.0 });
    }

    #[test]
    fn percentiles_are_samples() {
        let samples: Vec<f64> = (1..=1_000).map(f64::from).collect();
        assert_eq!(percentile(&samples, 500), 500.0);
        assert_eq!(percentile(&samples, 990), 990.0);
        assert_eq!(percentile(&samples, 1_000), 1_000.0);
        assert_eq!(percentile(&[7.0], 990), 7.0);
        assert_eq!(percentile(&[], 990), 0.0);
    }
}
