//! Amounts that cannot overflow, whatever a venue or a market says: at the edge of the numbers they stay there.

use crate::money::Money;

/// `price` for `units`.
pub(super) fn worth(price: Money, units: i64) -> Money {
    Money::from_billionths(price.billionths().saturating_mul(i128::from(units)))
}

/// Both together.
pub(super) fn plus(one: Money, other: Money) -> Money {
    Money::from_billionths(one.billionths().saturating_add(other.billionths()))
}

/// `one` without `other`.
pub(super) fn minus(one: Money, other: Money) -> Money {
    Money::from_billionths(one.billionths().saturating_sub(other.billionths()))
}

/// So many hundredths of it, rounded up in magnitude.
pub(super) fn percent(amount: Money, percent: u32) -> Money {
    let product = amount.billionths().saturating_mul(i128::from(percent));
    Money::from_billionths(product.saturating_add(product.signum() * 99) / 100)
}

/// Its magnitude.
pub(super) fn magnitude(amount: Money) -> Money {
    Money::from_billionths(amount.billionths().saturating_abs())
}
