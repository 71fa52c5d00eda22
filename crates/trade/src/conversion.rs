//! Units of a position under another product: what is held, what it cost and the day's figures move together.
//!
//! Enters: two positions in one instrument, and how much of the first shall move. Leaves: both as they are afterwards.
//! Never here: whether the account may do it, cash: none moves.
//!
//! Over both positions the units, the profit at any price, and the profit of the day at any price stay what they were
//! (I-5). Units leave at the mean cost of their part: of what was carried over, or of what today's trades added. Where
//! today's trades have closed some of what was carried over, one part is left, at the mean cost of the open position.

use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::money::Money;
use crate::position::{Position, Traded, share};
use crate::request::{Product, Side};

/// What a client wants converted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    /// Of which instrument.
    pub contract: Contract,
    /// Buy: of a long position; sell: of a short one.
    pub side: Side,
    /// Units; above zero.
    pub quantity: i64,
    /// Of which part of the position.
    pub part: Part,
    /// The product as it is.
    pub from: Product,
    /// The product as it shall be.
    pub to: Product,
}

/// Part of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What today's trades added.
    Day,
    /// What was carried over and is still held.
    Overnight,
}

impl Part {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Part::Day => "day",
            Part::Overnight => "overnight",
        }
    }
}

/// Why units cannot change their product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unconvertible {
    /// Both products are the same, or there is nothing to move.
    #[error("nothing would change")]
    Nothing,
    /// Less is held in that product, direction and part.
    #[error("{held} are held")]
    NotHeld {
        /// How much.
        held: i64,
    },
    /// The other product holds the opposite.
    #[error("{held} are held there")]
    Opposite {
        /// How much: negative when short.
        held: i64,
    },
}

impl Conversion {
    /// Both positions afterwards: that of `from`, that of `to`. An absent position is an empty one.
    ///
    /// # Errors
    /// [`Unconvertible`].
    pub fn convert(
        &self,
        from: Option<&Position>,
        to: Option<&Position>,
    ) -> Result<(Position, Position), Unconvertible> {
        if self.from == self.to || self.quantity <= 0 {
            return Err(Unconvertible::Nothing);
        }
        let held = from.map_or(0, |from| convertible(from, self.side, self.part));
        let Some(from) = from.filter(|_| self.quantity <= held) else {
            return Err(Unconvertible::NotHeld { held });
        };
        let to = to.cloned().unwrap_or_else(|| Position::new(self.contract.clone(), self.to));
        if to.quantity.signum() == -self.side.sign() {
            return Err(Unconvertible::Opposite { held: to.quantity });
        }
        let cost = cost_of(from, self.quantity, self.part);
        let (mut from, mut to) = (from.clone(), to);
        let moved = self.side.sign() * self.quantity;
        match self.part {
            Part::Day => {
                // Bought for what it cost, or sold for what it brought.
                let traded = Traded { quantity: self.quantity, value: cost * self.side.sign() };
                add(&mut from, self.side, Traded { quantity: -traded.quantity, value: -traded.value });
                add(&mut to, self.side, traded);
            }
            Part::Overnight => {
                from.overnight -= moved;
                // One instrument has one price at the beginning of a day.
                to.overnight_price = from.overnight_price;
                to.overnight += moved;
            }
        }
        from.quantity -= moved;
        from.cost -= cost;
        to.quantity += moved;
        to.cost += cost;
        Ok((from, to))
    }
}

/// Units of `part` that are held in the direction of `side`.
pub fn convertible(position: &Position, side: Side, part: Part) -> i64 {
    let of_part = match part {
        Part::Day => day_units(position),
        Part::Overnight => position.overnight,
    };
    // What the other part has closed of it is not held any more.
    let in_direction = |units: i64| units.saturating_mul(side.sign()).max(0);
    in_direction(of_part).min(in_direction(position.quantity))
}

/// What today's trades added, less what they took away.
const fn day_units(position: &Position) -> i64 {
    position.day_buy.quantity - position.day_sell.quantity
}

/// What `quantity` units of `part` cost: negative for short ones. All that is held costs all that it cost.
fn cost_of(position: &Position, quantity: i64, part: Part) -> Money {
    let (day, open) = (day_units(position), position.quantity);
    if quantity == open.abs() {
        return position.cost;
    }
    if day.signum() * position.overnight.signum() <= 0 {
        return share(position.cost, quantity, open);
    }
    let added = position.day_buy.value - position.day_sell.value + position.realised_today;
    let cost = match part {
        Part::Day => share(added, quantity, day),
        Part::Overnight => share(position.cost - added, quantity, position.overnight),
    };
    // Sales at the mean of both parts can leave one of them with less than nothing, or with more than all.
    cost.clamp(position.cost.min(Money::ZERO), position.cost.max(Money::ZERO))
}

fn add(position: &mut Position, side: Side, traded: Traded) {
    let figures = match side {
        Side::Buy => &mut position.day_buy,
        Side::Sell => &mut position.day_sell,
    };
    figures.quantity += traded.quantity;
    figures.value += traded.value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Kind;
    use proptest::prelude::*;

    fn contract() -> Contract {
        let (tick, expiry) = (Money::paise(5), None);
        Contract { name: "NSE:INFY".into(), token: 408_065, lot: 1, tick, kind: Kind::Equity, expiry }
    }

    fn empty(product: Product) -> Position {
        Position::new(contract(), product)
    }

    fn conversion(side: Side, quantity: i64, part: Part) -> Conversion {
        let (from, to) = (Product::Mis, Product::Nrml);
        Conversion { contract: contract(), side, quantity, part, from, to }
    }

    #[test]
    fn units_move_with_what_they_cost() {
        let mut from = empty(Product::Mis);
        from.fill(Side::Buy, 10, Money::rupees(100));
        from.begin_day(Some(Money::rupees(105)));
        from.fill(Side::Buy, 10, Money::rupees(120));
        let (rest, to) = conversion(Side::Buy, 5, Part::Day).convert(Some(&from), None).unwrap();
        assert_eq!((to.quantity, to.average_price(), to.overnight), (5, Money::rupees(120), 0));
        assert_eq!((to.day_buy.quantity, to.day_buy.value), (5, Money::rupees(600)));
        assert_eq!((rest.quantity, rest.cost, rest.day_buy.quantity), (15, Money::rupees(1_600), 5));
        let (rest, to) = conversion(Side::Buy, 10, Part::Overnight).convert(Some(&rest), Some(&to)).unwrap();
        assert_eq!((to.quantity, to.cost, to.overnight), (15, Money::rupees(1_600), 10));
        assert_eq!(to.overnight_price, Some(Money::rupees(105)));
        assert_eq!((rest.quantity, rest.average_price(), rest.overnight), (5, Money::rupees(120), 0));
    }

    #[test]
    fn a_short_position_moves_with_what_it_brought() {
        let mut from = empty(Product::Mis);
        from.fill(Side::Sell, 10, Money::rupees(100));
        let (rest, to) = conversion(Side::Sell, 4, Part::Day).convert(Some(&from), None).unwrap();
        assert_eq!((to.quantity, to.cost), (-4, Money::rupees(-400)));
        assert_eq!((rest.day_sell.quantity, rest.day_sell.value), (6, Money::rupees(600)));
    }

    #[test]
    fn what_is_not_held_does_not_move() {
        let mut from = empty(Product::Mis);
        from.fill(Side::Buy, 10, Money::rupees(100));
        from.begin_day(None);
        from.fill(Side::Sell, 4, Money::rupees(110));
        let of = |side, quantity, part| conversion(side, quantity, part).convert(Some(&from), None);
        assert!(of(Side::Buy, 6, Part::Overnight).is_ok());
        assert_eq!(of(Side::Buy, 7, Part::Overnight), Err(Unconvertible::NotHeld { held: 6 }));
        assert_eq!(of(Side::Buy, 1, Part::Day), Err(Unconvertible::NotHeld { held: 0 }));
        assert_eq!(of(Side::Sell, 1, Part::Day), Err(Unconvertible::NotHeld { held: 0 }));
        assert_eq!(of(Side::Buy, 0, Part::Overnight), Err(Unconvertible::Nothing));
        let same = Conversion { to: Product::Mis, ..conversion(Side::Buy, 1, Part::Overnight) };
        assert_eq!(same.convert(Some(&from), None), Err(Unconvertible::Nothing));
        let mut short = empty(Product::Nrml);
        short.fill(Side::Sell, 3, Money::rupees(100));
        let opposite = conversion(Side::Buy, 1, Part::Overnight).convert(Some(&from), Some(&short));
        assert_eq!(opposite, Err(Unconvertible::Opposite { held: -3 }));
    }

    type Fills = Vec<(bool, i64, i64)>;

    fn fills() -> impl Strategy<Value = Fills> {
        proptest::collection::vec((any::<bool>(), 1i64..500, 1i64..1_000_000), 0..8)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// I-5 over both positions: units, profit and the day's profit at any price; and each position adds up by itself.
        #[test]
        fn a_conversion_makes_and_loses_nothing(
            histories in [(fills(), fills()), (fills(), fills())],
            marked in any::<bool>(),
            wanted in proptest::collection::vec((any::<bool>(), any::<bool>(), any::<bool>(), 1i64..1_000), 1..6),
            lasts in [1i64..1_000_000, 1i64..1_000_000],
        ) {
            let mut held = [empty(Product::Mis), empty(Product::Nrml)];
            for (position, (before, today)) in held.iter_mut().zip(&histories) {
                let fill = |position: &mut Position, (buy, quantity, paise): &(bool, i64, i64)| {
                    let side = if *buy { Side::Buy } else { Side::Sell };
                    position.fill(side, *quantity, Money::paise(*paise));
                };
                before.iter().for_each(|one| fill(position, one));
                position.begin_day(marked.then_some(Money::paise(555)));
                today.iter().for_each(|one| fill(position, one));
            }
            for (buy, overnight, back, quantity) in wanted {
                let side = if buy { Side::Buy } else { Side::Sell };
                let part = if overnight { Part::Overnight } else { Part::Day };
                let [from, to] = if back { [1, 0] } else { [0, 1] };
                let products = (held[from].product, held[to].product);
                let held_units = convertible(&held[from], side, part);
                // Mostly something that is there.
                let quantity = if held_units > 0 { quantity % held_units + 1 } else { quantity };
                let what = Conversion { from: products.0, to: products.1, ..conversion(side, quantity, part) };
                let Ok((left, right)) = what.convert(Some(&held[from]), Some(&held[to])) else { continue };
                let sum = |of: &dyn Fn(&Position) -> Money| {
                    (of(&held[0]) + of(&held[1]), of(&left) + of(&right))
                };
                for last in lasts.map(Money::paise) {
                    let (before, after) = sum(&|position| position.realised + position.unrealised(last));
                    prop_assert_eq!(before, after);
                    let (before, after) = sum(&|position| position.profit_today(last));
                    prop_assert_eq!(before, after);
                }
                for position in [&left, &right] {
                    prop_assert_eq!(position.quantity, position.overnight + day_units(position));
                    prop_assert!(position.quantity != 0 || position.cost.is_zero());
                    prop_assert!(position.cost.billionths().signum() * i128::from(position.quantity.signum()) >= 0);
                }
                prop_assert_eq!((left.product, right.product), products);
                (held[from], held[to]) = (left, right);
            }
        }
    }
}
