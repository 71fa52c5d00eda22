//! What fits into one order: exchanges freeze orders above a quantity per instrument.
//!
//! Enters: a quantity, the freeze quantity, the lot size. Leaves: the quantities of the orders that it becomes. Never
//! here: whether they are placed. They are decided together: all of them or none.

/// Most orders that one request becomes.
pub const SLICES_MAX: usize = 10;

/// Why a quantity cannot be sliced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsliceable {
    /// Every order would be frozen.
    #[error("not even one lot fits into an order")]
    NoLotFits,
    /// More than [`SLICES_MAX`].
    #[error("it would need {needed} orders; at most {SLICES_MAX} are made of one")]
    TooMany {
        /// How many orders it would take.
        needed: i64,
    },
}

/// Splits `quantity` units into orders of at most `freeze` units, each a whole number of lots as long as `quantity` is.
/// The slices add up to `quantity`; all but the last are equal. What fits into one order stays one.
///
/// # Errors
/// [`Unsliceable`].
pub fn slices(quantity: i64, freeze: i64, lot: u32) -> Result<Vec<i64>, Unsliceable> {
    if quantity <= freeze {
        return Ok(vec![quantity]);
    }
    let largest = freeze - freeze % i64::from(lot.max(1));
    if largest <= 0 {
        return Err(Unsliceable::NoLotFits);
    }
    let (whole, rest) = (quantity / largest, quantity % largest);
    let needed = whole + i64::from(rest > 0);
    let count =
        usize::try_from(whole).ok().filter(|_| usize::try_from(needed).is_ok_and(|n| n <= SLICES_MAX));
    let mut slices = vec![largest; count.ok_or(Unsliceable::TooMany { needed })?];
    slices.extend((rest > 0).then_some(rest));
    Ok(slices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_freeze_quantity_and_lot() {
        assert_eq!(slices(75, 1800, 75), Ok(vec![75]));
        assert_eq!(slices(1800, 1800, 75), Ok(vec![1800]));
        assert_eq!(slices(4000, 1800, 65), Ok(vec![1755, 1755, 490]));
        assert_eq!(slices(10, 3, 1), Ok(vec![3, 3, 3, 1]));
        assert_eq!(slices(18_000, 1800, 75).map(|slices| slices.len()), Ok(10));
    }

    #[test]
    fn what_cannot_be_sliced_says_why() {
        assert_eq!(slices(10, 0, 1), Err(Unsliceable::NoLotFits));
        assert_eq!(slices(12, 5, 6), Err(Unsliceable::NoLotFits));
        assert_eq!(slices(18_075, 1800, 75), Err(Unsliceable::TooMany { needed: 11 }));
        assert_eq!(slices(i64::MAX, 1, 1), Err(Unsliceable::TooMany { needed: i64::MAX }));
        assert_eq!(
            slices(18_075, 1800, 75).unwrap_err().to_string(),
            "it would need 11 orders; at most 10 are made of one"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn nothing_is_lost_and_nothing_is_frozen(lots in 1i64..5_000, lot in 1u32..100, room in 0i64..20_000) {
            let (quantity, freeze) = (lots * i64::from(lot), i64::from(lot) + room);
            match slices(quantity, freeze, lot) {
                Ok(slices) => {
                    prop_assert_eq!(slices.iter().sum::<i64>(), quantity);
                    prop_assert!(slices.len() <= SLICES_MAX);
                    prop_assert!(slices.iter().all(|slice| (1..=freeze).contains(slice) && slice % i64::from(lot) == 0));
                }
                Err(Unsliceable::TooMany { needed }) => {
                    let most = freeze / i64::from(lot) * i64::from(lot);
                    prop_assert!(needed > 10 && (needed - 1) * most < quantity && quantity <= needed * most);
                }
                Err(Unsliceable::NoLotFits) => prop_assert!(false, "a lot fits"),
            }
        }
    }
}
