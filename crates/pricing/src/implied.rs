//! The volatility that a price implies.
//!
//! The price is first brought to the side that is out of the money (by parity), where its logarithm is a smooth,
//! rising function of volatility; near the upper bound the distance to that bound is used instead. Newton steps on
//! that logarithm, kept inside a bracket, so that no price can send the search astray.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use crate::black::{Normalised, OptionKind, Otm};
use crate::erfcx::{erfcx, normal_cdf};

/// Why a price implies no volatility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ImpliedVolError {
    /// Worth less than exercising at the forward, or negative.
    #[error("the price is below the intrinsic value: check that option and forward are of the same moment")]
    BelowIntrinsic,
    /// Worth more than a call's forward or a put's strike, discounted.
    #[error("the price is above what any volatility gives: check strike, kind and units")]
    AboveMaximum,
    /// Exactly intrinsic: volatility zero, or too small for the price to show.
    #[error("the price has no time value, so the volatility is zero")]
    ZeroVol,
    /// At or after expiry no volatility can be read from a price.
    #[error("the option has expired")]
    Expired,
    /// An input is NaN, infinite or negative.
    #[error("an input is not a finite number that is zero or more")]
    NotANumber,
}

/// Volatility per square root of a year at which [`crate::black76_price`] gives `price`.
///
/// # Errors
/// [`ImpliedVolError`] says why there is none.
pub fn black76_implied_vol(
    kind: OptionKind,
    forward: f64,
    strike: f64,
    t_years: f64,
    rate: f64,
    price: f64,
) -> Result<f64, ImpliedVolError> {
    solve(kind, Normalised::black76(forward, strike, t_years, rate), price)
}

/// Volatility per square root of a year at which [`crate::bsm_price`] gives `price`.
///
/// # Errors
/// [`ImpliedVolError`] says why there is none.
pub fn bsm_implied_vol(
    kind: OptionKind,
    spot: f64,
    strike: f64,
    t_years: f64,
    rate: f64,
    dividend: f64,
    price: f64,
) -> Result<f64, ImpliedVolError> {
    solve(kind, Normalised::bsm(spot, strike, t_years, rate, dividend), price)
}

fn solve(kind: OptionKind, inputs: Option<Normalised>, price: f64) -> Result<f64, ImpliedVolError> {
    let Some(inputs) = inputs else { return Err(ImpliedVolError::NotANumber) };
    if !price.is_finite() {
        return Err(ImpliedVolError::NotANumber);
    }
    let intrinsic = inputs.intrinsic(kind);
    if price < intrinsic {
        return Err(ImpliedVolError::BelowIntrinsic);
    }
    let maximum = if kind == OptionKind::Call { inputs.a } else { inputs.b };
    if price > maximum {
        return Err(ImpliedVolError::AboveMaximum);
    }
    let time_value = price - intrinsic;
    if time_value <= 0.0 {
        return Err(ImpliedVolError::ZeroVol);
    }
    if inputs.t_years <= 0.0 {
        return Err(ImpliedVolError::Expired);
    }
    if price >= maximum {
        // Only an infinite volatility reaches the bound itself.
        return Err(ImpliedVolError::AboveMaximum);
    }
    let otm = inputs.out_of_the_money();
    if !otm.y.is_finite() {
        return Err(ImpliedVolError::ZeroVol);
    }
    // The distance to the bound, from the price itself: parity moves price and bound alike.
    let headroom = maximum - price;
    total_vol(otm, time_value, headroom).map(|v| v / inputs.t_years.sqrt())
}

/// Total volatility at which the out-of-the-money option is worth `value`, `headroom` below its upper bound.
fn total_vol(otm: Otm, value: f64, headroom: f64) -> Result<f64, ImpliedVolError> {
    let upper = headroom < value;
    let target = if upper { headroom.ln() } else { value.ln() };
    // ln(price) - target, rising in v, and its slope; for the upper side the signs of the distance are turned.
    let objective = |v: f64| {
        let (d1, d2) = otm.deviations(v);
        if upper {
            let distance = otm.a * normal_cdf(-d1) + otm.b * normal_cdf(d2);
            let vega = otm.a * (-0.5 * d1 * d1).exp() / (2.0 * PI).sqrt();
            (target - distance.ln(), vega / distance)
        } else {
            // ln of a n(d1) (M(-d1) - M(-d2)), without ever forming a number that could underflow.
            let mills = 0.5 * (erfcx(-d1 * FRAC_1_SQRT_2) - erfcx(-d2 * FRAC_1_SQRT_2));
            if d1 > 1.0 {
                let price = otm.price(v);
                let vega = otm.a * (-0.5 * d1 * d1).exp() / (2.0 * PI).sqrt();
                (price.ln() - target, vega / price)
            } else {
                (otm.a.ln() - 0.5 * d1 * d1 + mills.ln() - target, 1.0 / ((2.0 * PI).sqrt() * mills))
            }
        }
    };
    let mut low = 0.0_f64;
    let mut high = f64::INFINITY;
    // Where vega is greatest for this moneyness; at the money the linear formula a v / sqrt(2 pi) is close enough.
    let mut v = (2.0 * otm.y.abs()).sqrt().max(value / otm.a * (2.0 * PI).sqrt());
    let mut last_step = f64::INFINITY;
    for _ in 0..200 {
        let (error, slope) = objective(v);
        if error.is_nan() {
            // The difference rounded to nothing: v is far too small to show in the price.
            low = low.max(v);
        } else if error < 0.0 {
            low = low.max(v);
        } else if error > 0.0 {
            high = high.min(v);
        } else {
            return Ok(v);
        }
        // ln(price) behaves like -y^2 / 2 v^2 for small v: a Newton step in 1/v^2 lands there at once, and becomes an
        // ordinary one near the root.
        let newton = if otm.y < 0.0 && error > 0.0 && !upper {
            let ratio = 1.0 + 2.0 * error / (slope * v);
            v / ratio.sqrt()
        } else {
            v - error / slope
        };
        let inside = newton.is_finite() && newton > low && newton < high;
        let next = if inside {
            newton
        } else if high.is_finite() {
            if low > 0.0 { (low * high).sqrt() } else { 0.5 * high }
        } else {
            2.0 * v
        };
        let step = (next - v).abs();
        if step <= 2.0 * f64::EPSILON * next || (inside && step >= last_step && step <= 1e-13 * next) {
            return Ok(next);
        }
        last_step = step;
        v = next;
    }
    Err(ImpliedVolError::ZeroVol)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::black::black76_price;
    use proptest::prelude::*;

    #[test]
    fn refusals_are_named() {
        use ImpliedVolError::*;
        let solve = |price, t| black76_implied_vol(OptionKind::Call, 110.0, 100.0, t, 0.0, price);
        assert_eq!(solve(9.99, 1.0), Err(BelowIntrinsic));
        assert_eq!(solve(10.0, 1.0), Err(ZeroVol));
        assert_eq!(solve(110.0, 1.0), Err(AboveMaximum));
        assert_eq!(solve(110.1, 1.0), Err(AboveMaximum));
        assert_eq!(solve(12.0, 0.0), Err(Expired));
        assert_eq!(solve(f64::NAN, 1.0), Err(NotANumber));
        assert_eq!(black76_implied_vol(OptionKind::Put, -1.0, 100.0, 1.0, 0.0, 5.0), Err(NotANumber));
    }

    fn any_double() -> impl Strategy<Value = f64> {
        prop_oneof![any::<f64>(), Just(0.0), Just(f64::NAN), Just(f64::MIN_POSITIVE), 1e-9..1e6]
    }

    proptest! {
        #[test]
        fn a_price_gives_its_volatility_back(
            forward in 10.0..1e5, ratio in 0.5..2.0, t in 1e-4..5.0, vol in 0.02..3.0, call: bool
        ) {
            let kind = if call { OptionKind::Call } else { OptionKind::Put };
            let strike = forward * ratio;
            let price = black76_price(kind, forward, strike, t, 0.06, vol);
            let intrinsic = black76_price(kind, forward, strike, t, 0.06, 0.0);
            // Where the time value drowns in the rounding of the price there is nothing to find.
            prop_assume!(price - intrinsic > 1e-6 * forward);
            let got = black76_implied_vol(kind, forward, strike, t, 0.06, price);
            prop_assert!(got.is_ok_and(|got| (got - vol).abs() < 1e-7 * vol), "{got:?} for {vol}");
        }

        #[test]
        fn any_doubles_end_in_a_finite_volatility_or_a_refusal(
            f in any_double(), k in any_double(), t in any_double(), r in any_double(), price in any_double()
        ) {
            for kind in [OptionKind::Call, OptionKind::Put] {
                if let Ok(vol) = black76_implied_vol(kind, f, k, t, r, price) {
                    prop_assert!(vol >= 0.0 && vol.is_finite(), "{vol}");
                }
            }
        }
    }
}
