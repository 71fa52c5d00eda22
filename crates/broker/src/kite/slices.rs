//! What fits into one order: exchanges freeze orders above a quantity per instrument.

/// Splits `quantity` into orders of at most `freeze` units, each a whole number of lots as long as `quantity` is. The
/// slices add up to `quantity`; all but the last are equal. Empty for nothing, and when not even one lot fits: such
/// an order cannot be sent at all.
pub fn slices(quantity: u64, freeze: u64, lot: u64) -> Vec<u64> {
    let largest = freeze - freeze.checked_rem(lot).unwrap_or(freeze);
    if largest == 0 || quantity == 0 {
        return Vec::new();
    }
    let (whole, rest) = (quantity / largest, quantity % largest);
    let mut slices: Vec<u64> = (0..whole).map(|_| largest).collect();
    slices.extend((rest > 0).then_some(rest));
    slices
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_freeze_quantity_and_lot() {
        assert_eq!(slices(75, 1800, 75), [75]);
        assert_eq!(slices(1800, 1800, 75), [1800]);
        assert_eq!(slices(4000, 1800, 65), [1755, 1755, 490]);
        assert_eq!(slices(10, 3, 1), [3, 3, 3, 1]);
        for (quantity, freeze, lot) in [(0, 10, 1), (10, 0, 1), (10, 5, 6), (10, 5, 0)] {
            assert!(slices(quantity, freeze, lot).is_empty(), "{quantity} {freeze} {lot}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn nothing_is_lost_and_nothing_is_frozen(lots in 1u64..5_000, lot in 1u64..100, room in 0u64..2_000) {
            let (quantity, freeze) = (lots * lot, lot + room);
            let slices = slices(quantity, freeze, lot);
            prop_assert_eq!(slices.iter().sum::<u64>(), quantity);
            prop_assert!(slices.iter().all(|slice| (1..=freeze).contains(slice) && slice % lot == 0));
        }
    }
}
