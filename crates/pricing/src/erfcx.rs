//! The complementary error function and its scaled form, in double precision.
//!
//! W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969): three ranges, each a
//! quotient of polynomials with a relative error below 1e-16. The scaled form exp(x^2) erfc(x) is what option prices
//! far out of the money need: there erfc itself is tiny and its own rounding would be all that remains.

// The published coefficients are kept digit for digit, though a double holds one digit less.
#![expect(clippy::excessive_precision, reason = "coefficients as published")]

const A: [f64; 5] = [
    3.161_123_743_870_565_60,
    1.138_641_541_510_501_56e2,
    3.774_852_376_853_020_21e2,
    3.209_377_589_138_469_47e3,
    1.857_777_061_846_031_53e-1,
];
const B: [f64; 4] = [
    2.360_129_095_234_412_09e1,
    2.440_246_379_344_441_73e2,
    1.282_616_526_077_372_28e3,
    2.844_236_833_439_170_62e3,
];
const C: [f64; 9] = [
    5.641_884_969_886_700_89e-1,
    8.883_149_794_388_375_94,
    6.611_919_063_714_162_95e1,
    2.986_351_381_974_001_31e2,
    8.819_522_212_417_690_90e2,
    1.712_047_612_634_070_58e3,
    2.051_078_377_826_071_47e3,
    1.230_339_354_797_997_25e3,
    2.153_115_354_744_038_46e-8,
];
const D: [f64; 8] = [
    1.574_492_611_070_983_47e1,
    1.176_939_508_913_124_99e2,
    5.371_811_018_620_098_58e2,
    1.621_389_574_566_690_19e3,
    3.290_799_235_733_459_63e3,
    4.362_619_090_143_247_16e3,
    3.439_367_674_143_721_64e3,
    1.230_339_354_803_749_42e3,
];
const P: [f64; 6] = [
    3.053_266_349_612_323_44e-1,
    3.603_448_999_498_044_39e-1,
    1.257_817_261_112_292_46e-1,
    1.608_378_514_874_227_66e-2,
    6.587_491_615_298_378_03e-4,
    1.631_538_713_730_209_78e-2,
];
const Q: [f64; 5] = [
    2.568_520_192_289_822_42,
    1.872_952_849_923_467_25,
    5.279_051_029_514_284_12e-1,
    6.051_834_131_244_131_91e-2,
    2.335_204_976_268_691_85e-3,
];
const ONE_OVER_SQRT_PI: f64 = 5.641_895_835_477_562_87e-1;

/// Below this `erf` is computed and the others follow; above it `erfcx` is.
const SMALL: f64 = 0.468_75;

/// erf(x) for |x| <= [`SMALL`].
fn erf_small(x: f64) -> f64 {
    let y = x * x;
    let top = ((((A[4] * y + A[0]) * y + A[1]) * y + A[2]) * y + A[3]) * x;
    let bottom = (((y + B[0]) * y + B[1]) * y + B[2]) * y + B[3];
    top / bottom
}

/// exp(x^2) erfc(x) for x > [`SMALL`].
fn erfcx_large(x: f64) -> f64 {
    if x <= 4.0 {
        let mut top = C[8] * x;
        let mut bottom = x;
        for i in 0..7 {
            top = (top + C[i]) * x;
            bottom = (bottom + D[i]) * x;
        }
        (top + C[7]) / (bottom + D[7])
    } else {
        let y = 1.0 / (x * x);
        let top = ((((P[5] * y + P[0]) * y + P[1]) * y + P[2]) * y + P[3]) * y + P[4];
        let bottom = ((((y + Q[0]) * y + Q[1]) * y + Q[2]) * y + Q[3]) * y + Q[4];
        (ONE_OVER_SQRT_PI - y * top / bottom) / x
    }
}

/// exp(x^2) erfc(x). Infinite below about -26.6, NaN for NaN.
pub(crate) fn erfcx(x: f64) -> f64 {
    if x > SMALL {
        erfcx_large(x)
    } else if x >= -SMALL {
        (x * x).exp() * (1.0 - erf_small(x))
    } else {
        2.0 * (x * x).exp() - erfcx_large(-x)
    }
}

/// The normal distribution function.
pub(crate) fn normal_cdf(d: f64) -> f64 {
    let x = d * std::f64::consts::FRAC_1_SQRT_2;
    if x.abs() <= SMALL {
        0.5 + 0.5 * erf_small(x)
    } else {
        let tail = 0.5 * (-0.5 * d * d).exp() * erfcx_large(x.abs());
        if d < 0.0 { tail } else { 1.0 - tail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_published_values() {
        // Abramowitz and Stegun 7.1 and 26.2, and the asymptotic series at 30.
        for (x, expected) in [
            (0.0, 1.0),
            (0.3, 0.734_599_334_567_655_1),
            (1.0, 0.427_583_576_155_807),
            (2.0, 0.255_395_676_310_505_76),
            (5.0, 0.110_704_637_733_068_63),
            (30.0, 0.018_795_888_861_416_75),
        ] {
            let got = erfcx(x);
            assert!((got / expected - 1.0).abs() < 1e-15, "erfcx({x}) = {got:.17}");
        }
        assert!((normal_cdf(-1.96) - 0.024_997_895_148_220_435).abs() < 1e-17);
        assert!((normal_cdf(0.1) - 0.539_827_837_277_029).abs() < 1e-15);
        assert!(erfcx(f64::NAN).is_nan() && normal_cdf(f64::NAN).is_nan());
        assert_eq!(normal_cdf(f64::NEG_INFINITY), 0.0);
        assert_eq!(normal_cdf(f64::INFINITY), 1.0);
    }
}
