//! How much has to be seen before a sequential test can speak.
//!
//! Enters: limits, error probabilities, shares of traffic. Leaves: numbers of exposures or failures. Never here: what was seen (that
//! is the judge's).
//!
//! Pass evidence against an absolute limit `p0` multiplies likelihood ratios of `m x p0` against `p0`, averaged over `m` in
//! [`PASS_MIXTURE`], and proves the limit when the mean reaches `1 / beta` (Ville's inequality). The comparison of two arms
//! conditions on the number of failures (Lindon and Malek, arXiv 2011.03567): each failure falls into the new arm with
//! `rho n_c / (rho n_c + n_b)`, and the mixture over [`WORSE_MIXTURE`] alarms at `1 / alpha`.

/// Multiples of the limit that pass evidence bets on.
pub const PASS_MIXTURE: [f64; 4] = [0.1, 0.3, 0.5, 0.7];
/// Multiples of the baseline's failures that the comparison of two arms bets on.
pub const WORSE_MIXTURE: [f64; 6] = [1.25, 1.5, 2.0, 3.0, 5.0, 8.0];
/// Probability of calling a limit kept that is not.
pub const BETA: f64 = 0.05;

/// More exposures than any step has.
const MOST: u64 = 1 << 53;

/// The smallest number of exposures without a failure that proves a failure probability below `limit` (0 to 1) at `beta`; `None`
/// where nothing can.
pub fn error_free(limit: f64, beta: f64) -> Option<u64> {
    if !(limit > 0.0 && limit < 1.0 && beta > 0.0 && beta < 1.0) {
        return None;
    }
    let proves = |exposures: u64| {
        let count = exposures as f64;
        let grown = PASS_MIXTURE.map(|part| (count * ((-part * limit).ln_1p() - (-limit).ln_1p())).exp());
        grown.iter().sum::<f64>() / PASS_MIXTURE.len() as f64 >= 1.0 / beta
    };
    // Each exposure without a failure makes the mean larger.
    let (mut few, mut enough) = (0, MOST);
    if !proves(enough) {
        return None;
    }
    while few + 1 < enough {
        let middle = few + (enough - few) / 2;
        if proves(middle) { enough = middle } else { few = middle }
    }
    Some(enough)
}

/// About how many failures in both arms it takes to see that the new one fails `times` as often as the baseline, at `share` (0 to 1)
/// of the traffic and false-alarm probability `alpha`; `None` where it cannot be seen.
///
/// The evidence of one failure grows by its expected log-likelihood ratio under the best bet of the mixture, which has to make up
/// for all bets: `ln(bets / alpha) / drift`. Within a few failures of the medians of seeded simulations.
pub fn failures_to_see(times: f64, share: f64, alpha: f64) -> Option<u64> {
    if !(times > 1.0 && times.is_finite() && share > 0.0 && share < 1.0 && alpha > 0.0 && alpha < 1.0) {
        return None;
    }
    let lands = |worse: f64| worse * share / (worse * share + 1.0 - share);
    let (null, truth) = (lands(1.0), lands(times));
    let drift = WORSE_MIXTURE
        .map(lands)
        .into_iter()
        .map(|bet| truth * (bet / null).ln() + (1.0 - truth) * ((1.0 - bet) / (1.0 - null)).ln())
        .fold(0.0, f64::max);
    let failures = ((WORSE_MIXTURE.len() as f64 / alpha).ln() / drift).ceil();
    (failures.is_finite() && failures < MOST as f64).then_some(failures as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<u64>, expected: u64, percent: u64) {
        let found = found.unwrap();
        assert!(found.abs_diff(expected) * 100 <= expected * percent, "{found}, not about {expected}");
    }

    #[test]
    fn what_simulations_say_of_pass_evidence() {
        near(error_free(0.01, BETA), 430, 2);
        near(error_free(0.001, BETA), 4_300, 2);
        for limit in [0.0, 1.0, -1.0, f64::NAN] {
            assert_eq!(error_free(limit, BETA), None);
        }
        assert_eq!(error_free(0.01, 1.0), None);
    }

    #[test]
    fn it_is_the_smallest_number() {
        let mean = |count: u64, limit: f64| {
            PASS_MIXTURE
                .map(|part| ((1.0 - part * limit) / (1.0 - limit)).powf(count as f64))
                .iter()
                .sum::<f64>()
                / 4.0
        };
        for limit in [0.5, 0.05, 0.01, 0.001] {
            let enough = error_free(limit, BETA).unwrap();
            assert!(mean(enough, limit) >= 20.0 && mean(enough - 1, limit) < 20.0, "{limit}: {enough}");
        }
    }

    #[test]
    fn what_simulations_say_of_two_arms() {
        for (times, share, failures) in
            [(2.0, 0.1, 210), (4.0, 0.1, 40), (10.0, 0.1, 11), (2.0, 0.5, 115), (4.0, 0.5, 33)]
        {
            near(failures_to_see(times, share, 0.01), failures, 10);
        }
        assert_eq!(failures_to_see(1.0, 0.1, 0.01), None);
        assert_eq!(failures_to_see(2.0, 1.0, 0.01), None);
    }
}
