//! Splitting a signal over accounts.
//!
//! Enters: a target, accounts with weights, the lot size. Leaves: one share per account, in whole lots, whose sum
//! is the target. Never here: what an account may do; each share is decided by itself.

use crate::ids::AccountId;
use crate::signal::{Child, Target};

/// Most accounts that one signal can be split over.
pub const ACCOUNTS_MAX: usize = 64;

/// Why a target cannot be split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllocationError {
    /// Nobody to trade for.
    #[error("names no account: name at least one")]
    NoAccounts,
    /// More than [`ACCOUNTS_MAX`].
    #[error("names {found} accounts: at most {ACCOUNTS_MAX} are possible")]
    TooManyAccounts {
        /// How many were named.
        found: usize,
    },
    /// An account is there twice.
    #[error("names the account `{account}` twice: add up its weights")]
    DuplicateAccount {
        /// Which.
        account: AccountId,
    },
    /// A weight of zero.
    #[error("gives the account `{account}` the weight 0: weights are whole numbers above 0")]
    ZeroWeight {
        /// Whose.
        account: AccountId,
    },
    /// A trade of nothing, or of less.
    #[error("is {quantity}: it must be above 0")]
    NotAboveZero {
        /// What was asked.
        quantity: i64,
    },
    /// A part of a lot would be left over.
    #[error("is {quantity}, which is not a multiple of the lot size {lot}: round it to whole lots")]
    NotWholeLots {
        /// What was asked.
        quantity: i64,
        /// Units in a lot.
        lot: u32,
    },
}

impl AllocationError {
    /// The field of the signal that is wrong.
    pub const fn field(&self) -> &'static str {
        match self {
            AllocationError::NotAboveZero { .. } | AllocationError::NotWholeLots { .. } => "quantity",
            _ => "allocation",
        }
    }
}

/// Splits `target` in proportion to the weights by largest remainder, in whole lots of `lot` units (0 counts as 1);
/// equal remainders go to who is named first. Shares are in the order of `weights` and add up to the target.
///
/// Nobody gets a trade of zero. A position of zero is a share like any other: that account shall be flat. A
/// position that is no whole number of lots leaves its odd units with the account that is next in line for a lot.
///
/// # Errors
/// [`AllocationError`] for accounts or weights that make no sense and for trades that are not whole lots.
pub fn split(target: Target, weights: &[(AccountId, u32)], lot: u32) -> Result<Vec<Child>, AllocationError> {
    check_accounts(weights)?;
    let lot = lot.max(1);
    let whole = match target {
        Target::Trade { quantity, .. } if quantity <= 0 => {
            return Err(AllocationError::NotAboveZero { quantity });
        }
        Target::Trade { quantity, .. } if quantity % i64::from(lot) != 0 => {
            return Err(AllocationError::NotWholeLots { quantity, lot });
        }
        Target::Trade { quantity, .. } => quantity,
        Target::Position(position) => position,
    };
    let children = weights.iter().zip(shares(whole, weights, lot)).map(|((account, _), share)| {
        let target = match target {
            Target::Trade { side, .. } => Target::Trade { side, quantity: share },
            Target::Position(_) => Target::Position(share),
        };
        Child { account: account.clone(), target }
    });
    Ok(children.filter(|child| !matches!(child.target, Target::Trade { quantity: 0, .. })).collect())
}

fn check_accounts(weights: &[(AccountId, u32)]) -> Result<(), AllocationError> {
    if weights.is_empty() {
        return Err(AllocationError::NoAccounts);
    }
    if weights.len() > ACCOUNTS_MAX {
        return Err(AllocationError::TooManyAccounts { found: weights.len() });
    }
    for (place, (account, weight)) in weights.iter().enumerate() {
        if *weight == 0 {
            return Err(AllocationError::ZeroWeight { account: account.clone() });
        }
        if weights[..place].iter().any(|(earlier, _)| earlier == account) {
            return Err(AllocationError::DuplicateAccount { account: account.clone() });
        }
    }
    Ok(())
}

/// Units per account; their sum is `whole`.
fn shares(whole: i64, weights: &[(AccountId, u32)], lot: u32) -> Vec<i64> {
    let lot = i128::from(lot);
    let (sign, units) = (i128::from(whole.signum()), i128::from(whole.unsigned_abs()));
    let lots = units / lot;
    let total: i128 = weights.iter().map(|(_, weight)| i128::from(*weight)).sum();
    let mut shares: Vec<i128> =
        weights.iter().map(|(_, weight)| lots * i128::from(*weight) / total).collect();

    let mut line: Vec<usize> = (0..weights.len()).collect();
    line.sort_by_key(|place| std::cmp::Reverse(lots * i128::from(weights[*place].1) % total));
    // Fewer lots are left than there are accounts: each remainder is less than one.
    let left = usize::try_from(lots - shares.iter().sum::<i128>()).unwrap_or(0);
    for place in line.iter().take(left) {
        shares[*place] += 1;
    }
    for share in &mut shares {
        *share *= lot;
    }
    if let Some(next) = line.get(left).or(line.first()) {
        shares[*next] += units % lot;
    }
    shares.into_iter().map(|share| i64::try_from(sign * share).unwrap_or(whole)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Side;
    use proptest::prelude::*;

    fn weights(of: &[u32]) -> Vec<(AccountId, u32)> {
        of.iter().enumerate().map(|(n, weight)| (format!("a{n}").parse().unwrap(), *weight)).collect()
    }

    fn buy(quantity: i64) -> Target {
        Target::Trade { side: Side::Buy, quantity }
    }

    fn units(children: &[Child]) -> Vec<i64> {
        let units = |child: &Child| match child.target {
            Target::Trade { quantity, .. } | Target::Position(quantity) => quantity,
        };
        children.iter().map(units).collect()
    }

    #[test]
    fn the_largest_remainders_get_the_odd_lots() {
        assert_eq!(units(&split(buy(100), &weights(&[1, 1, 1]), 1).unwrap()), [34, 33, 33]);
        assert_eq!(units(&split(buy(75 * 7), &weights(&[5, 3, 2]), 75).unwrap()), [75 * 4, 75 * 2, 75]);
        assert_eq!(units(&split(Target::Position(-10), &weights(&[2, 1]), 1).unwrap()), [-7, -3]);
    }

    #[test]
    fn who_gets_nothing_of_a_trade_is_left_out_but_flat_is_a_position() {
        let few = split(buy(75), &weights(&[1, 9]), 75).unwrap();
        assert_eq!(few.len(), 1);
        assert_eq!(few[0].account.as_str(), "a1");
        assert_eq!(units(&split(Target::Position(0), &weights(&[1, 9]), 75).unwrap()), [0, 0]);
    }

    #[test]
    fn what_cannot_be_split_says_which_field() {
        let twice = vec![("a".parse().unwrap(), 1), ("a".parse().unwrap(), 2)];
        for (target, weights, field) in [
            (buy(10), weights(&[]), "allocation"),
            (buy(10), weights(&[1; 65]), "allocation"),
            (buy(10), weights(&[1, 0]), "allocation"),
            (buy(10), twice, "allocation"),
            (buy(0), weights(&[1]), "quantity"),
            (buy(76), weights(&[1]), "quantity"),
        ] {
            assert_eq!(split(target, &weights, 75).unwrap_err().field(), field, "{target:?}");
        }
    }

    proptest! {
        #[test]
        fn shares_add_up_and_are_fair(
            lots in 1i64..=i64::MAX / 5_000,
            lot in 0u32..5_000,
            of in proptest::collection::vec(1u32..=u32::MAX, 1..=64),
        ) {
            let unit = i64::from(lot.max(1));
            let weights = weights(&of);
            let children = split(buy(lots * unit), &weights, lot).unwrap();
            prop_assert_eq!(units(&children).iter().sum::<i64>(), lots * unit);
            prop_assert!(units(&children).iter().all(|share| *share > 0 && share % unit == 0));
            let total: i128 = of.iter().map(|weight| i128::from(*weight)).sum();
            for child in &children {
                let weight = weights.iter().find(|(account, _)| *account == child.account).unwrap().1;
                let share = i128::from(units(std::slice::from_ref(child))[0] / unit);
                // Less than one lot from the exact proportion.
                prop_assert!((share * total - i128::from(lots) * i128::from(weight)).abs() < total);
            }
        }

        #[test]
        fn positions_add_up(position in any::<i64>(), lot in 0u32..5_000, of in proptest::collection::vec(1u32.., 1..=64)) {
            let children = split(Target::Position(position), &weights(&of), lot).unwrap();
            prop_assert_eq!(children.len(), of.len());
            prop_assert_eq!(units(&children).iter().map(|share| i128::from(*share)).sum::<i128>(), i128::from(position));
        }
    }
}
