//! The price of a European option.
//!
//! Both models are one formula in A (discounted forward), B (discounted strike), ln(A/B) and the total volatility v.
//! The side that is out of the money is computed as one scaled difference,
//! `A n(d1) (M(-d1) - M(-d2))` with Mills' ratio M, since A N(d1) - B N(d2) loses every digit there; the other side
//! follows by put-call parity, which loses none.

use std::f64::consts::FRAC_1_SQRT_2;

use crate::erfcx::{erfcx, normal_cdf};

/// Right to buy or right to sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OptionKind {
    /// Right to buy.
    Call,
    /// Right to sell.
    Put,
}

/// Premium of an option on a forward or future (Black-76), discounted at `rate`, in the currency of `forward`.
///
/// At or after expiry, or at zero volatility, this is the discounted intrinsic value. NaN when an input is NaN or
/// infinite, `forward` or `strike` is negative, or `t_years` or `vol` is negative.
pub fn black76_price(kind: OptionKind, forward: f64, strike: f64, t_years: f64, rate: f64, vol: f64) -> f64 {
    Normalised::black76(forward, strike, t_years, rate).map_or(f64::NAN, |n| n.price(kind, vol))
}

/// Premium of an option on a spot that pays `dividend` continuously (Black-Scholes-Merton).
///
/// Limits and refusals are those of [`black76_price`].
pub fn bsm_price(
    kind: OptionKind,
    spot: f64,
    strike: f64,
    t_years: f64,
    rate: f64,
    dividend: f64,
    vol: f64,
) -> f64 {
    Normalised::bsm(spot, strike, t_years, rate, dividend).map_or(f64::NAN, |n| n.price(kind, vol))
}

/// What both models reduce to. All finite, `a`, `b` and `t_years` not negative.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Normalised {
    /// Discounted forward: a call is never worth more.
    pub(crate) a: f64,
    /// Discounted strike: a put is never worth more.
    pub(crate) b: f64,
    /// ln(a / b), computed so that it is exact near the money.
    pub(crate) log_moneyness: f64,
    pub(crate) t_years: f64,
}

impl Normalised {
    pub(crate) fn black76(forward: f64, strike: f64, t_years: f64, rate: f64) -> Option<Normalised> {
        let discount = (-rate * t_years).exp();
        Normalised {
            a: forward * discount,
            b: strike * discount,
            log_moneyness: log_ratio(forward, strike),
            t_years,
        }
        .checked()
    }

    pub(crate) fn bsm(spot: f64, strike: f64, t_years: f64, rate: f64, dividend: f64) -> Option<Normalised> {
        Normalised {
            a: spot * (-dividend * t_years).exp(),
            b: strike * (-rate * t_years).exp(),
            log_moneyness: log_ratio(spot, strike) + (rate - dividend) * t_years,
            t_years,
        }
        .checked()
    }

    fn checked(self) -> Option<Normalised> {
        let usable = |value: f64| value.is_finite() && value >= 0.0;
        // The logarithm of a zero forward or strike is infinite, and rightly so; NaN is what must not pass.
        (usable(self.a) && usable(self.b) && usable(self.t_years) && !self.log_moneyness.is_nan())
            .then_some(self)
    }

    /// The side of the market that is out of the money, as a call: smaller over larger.
    pub(crate) fn out_of_the_money(self) -> Otm {
        if self.log_moneyness <= 0.0 {
            Otm { a: self.a, b: self.b, y: self.log_moneyness }
        } else {
            Otm { a: self.b, b: self.a, y: -self.log_moneyness }
        }
    }

    /// Value at zero volatility.
    pub(crate) fn intrinsic(self, kind: OptionKind) -> f64 {
        match kind {
            OptionKind::Call => (self.a - self.b).max(0.0),
            OptionKind::Put => (self.b - self.a).max(0.0),
        }
    }

    /// True when exercising at the forward would pay.
    pub(crate) fn is_in_the_money(self, kind: OptionKind) -> bool {
        match kind {
            OptionKind::Call => self.log_moneyness > 0.0,
            OptionKind::Put => self.log_moneyness < 0.0,
        }
    }

    pub(crate) fn price(self, kind: OptionKind, vol: f64) -> f64 {
        let v = vol * self.t_years.sqrt();
        if !v.is_finite() || v < 0.0 {
            return f64::NAN;
        }
        let otm = self.out_of_the_money().price(v);
        if self.is_in_the_money(kind) { otm + self.intrinsic(kind) } else { otm }
    }
}

/// An out-of-the-money option seen as a call: `y = ln(a / b) <= 0`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Otm {
    pub(crate) a: f64,
    pub(crate) b: f64,
    pub(crate) y: f64,
}

impl Otm {
    /// d1 and d2 at total volatility `v > 0`.
    pub(crate) fn deviations(self, v: f64) -> (f64, f64) {
        let centre = self.y / v;
        (centre + 0.5 * v, centre - 0.5 * v)
    }

    /// Price at total volatility `v >= 0`.
    pub(crate) fn price(self, v: f64) -> f64 {
        if v <= 0.0 || self.y == f64::NEG_INFINITY {
            return 0.0;
        }
        let (d1, d2) = self.deviations(v);
        if d1 > 1.0 {
            // Far from both tails: nothing cancels, and the scaled form would overflow for enormous v.
            return self.a * normal_cdf(d1) - self.b * normal_cdf(d2);
        }
        let mills = 0.5 * (erfcx(-d1 * FRAC_1_SQRT_2) - erfcx(-d2 * FRAC_1_SQRT_2));
        // Rounding may leave a difference of neighbours just below zero; a price is not negative.
        (self.a * (-0.5 * d1 * d1).exp() * mills).max(0.0)
    }
}

/// ln(top / bottom): through ln_1p near one, where the plain logarithm loses digits.
fn log_ratio(top: f64, bottom: f64) -> f64 {
    if top > 0.5 * bottom && top < 2.0 * bottom {
        ((top - bottom) / bottom).ln_1p()
    } else {
        (top / bottom).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn limits_are_intrinsic_values() {
        assert_eq!(black76_price(OptionKind::Call, 110.0, 100.0, 0.0, 0.05, 0.2), 10.0);
        assert_eq!(black76_price(OptionKind::Put, 110.0, 100.0, 0.0, 0.05, 0.2), 0.0);
        assert_eq!(black76_price(OptionKind::Call, 100.0, 100.0, 0.0, 0.0, 0.0), 0.0);
        assert_eq!(black76_price(OptionKind::Call, 100.0, 0.0, 1.0, 0.0, 0.2), 100.0);
        assert_eq!(black76_price(OptionKind::Put, 0.0, 100.0, 1.0, 0.0, 0.2), 100.0);
        assert!(black76_price(OptionKind::Call, f64::NAN, 100.0, 1.0, 0.0, 0.2).is_nan());
        assert!(black76_price(OptionKind::Call, -1.0, 100.0, 1.0, 0.0, 0.2).is_nan());
        assert!(black76_price(OptionKind::Call, 100.0, 100.0, 1.0, 0.0, -0.2).is_nan());
    }

    fn any_double() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>(),
            Just(0.0),
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(f64::MIN_POSITIVE),
            1e-3..1e6
        ]
    }

    proptest! {
        #[test]
        fn any_doubles_give_nan_or_a_price_within_its_bounds(
            f in any_double(), k in any_double(), t in any_double(), r in any_double(), s in any_double()
        ) {
            for kind in [OptionKind::Call, OptionKind::Put] {
                let price = black76_price(kind, f, k, t, r, s);
                if !price.is_nan() {
                    let n = Normalised::black76(f, k, t, r).expect("a price came out");
                    let cap = if kind == OptionKind::Call { n.a } else { n.b };
                    prop_assert!(price >= 0.0 && price <= cap * (1.0 + 1e-14), "{price} above {cap}");
                }
            }
        }

        #[test]
        fn any_doubles_give_nan_or_a_price_within_its_bounds_with_dividends(
            spot in any_double(), k in any_double(), t in any_double(), r in any_double(), q in any_double(), s in any_double()
        ) {
            for kind in [OptionKind::Call, OptionKind::Put] {
                let price = bsm_price(kind, spot, k, t, r, q, s);
                match Normalised::bsm(spot, k, t, r, q) {
                    Some(n) => {
                        let cap = if kind == OptionKind::Call { n.a } else { n.b };
                        let within = price >= 0.0 && price <= cap * (1.0 + 1e-14);
                        let total = s * t.sqrt();
                        prop_assert!(within || !(total.is_finite() && total >= 0.0), "{price}, bound {cap}");
                    }
                    None => prop_assert!(price.is_nan()),
                }
            }
        }

        #[test]
        fn ordinary_inputs_always_give_a_price_that_keeps_parity(
            spot in 1.0..1e5, ratio in 0.2..5.0, t in 0.0..5.0, r in -0.05..0.2, q in -0.05..0.2, s in 0.0..3.0
        ) {
            let k = spot * ratio;
            let [call, put] = [OptionKind::Call, OptionKind::Put].map(|kind| bsm_price(kind, spot, k, t, r, q, s));
            let (a, b) = (spot * (-q * t).exp(), k * (-r * t).exp());
            prop_assert!(call >= 0.0 && call <= a * (1.0 + 1e-14) && put >= 0.0 && put <= b * (1.0 + 1e-14));
            prop_assert!((call - put - (a - b)).abs() <= 1e-12 * (a + b), "{call} and {put}");
        }
    }
}
