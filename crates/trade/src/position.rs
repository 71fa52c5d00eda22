//! What is held, as the sum of fills (I-5).

use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::money::Money;
use crate::request::{Product, Side};

/// One account's position in one instrument and product. Cost is kept as an amount, so that nothing is lost to rounding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// In what.
    pub contract: Contract,
    /// With which product.
    pub product: Product,
    /// Net units: positive long, negative short.
    pub quantity: i64,
    /// What the open part cost (long: paid; short: received, as a negative amount), in rupees.
    pub cost: Money,
    /// Profit of what was closed, since the position was first opened, in rupees.
    pub realised: Money,
    /// The same within the trading day.
    pub realised_today: Money,
    /// Units held when the trading day began.
    pub overnight: i64,
    /// Price at the beginning of the trading day for the overnight part; absent when none was known.
    pub overnight_price: Option<Money>,
    /// Bought in the trading day.
    pub day_buy: Traded,
    /// Sold in the trading day.
    pub day_sell: Traded,
}

/// Units and their value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traded {
    /// Units.
    pub quantity: i64,
    /// Sum of price times quantity, in rupees.
    pub value: Money,
}

impl Position {
    /// An empty one.
    pub fn new(contract: Contract, product: Product) -> Position {
        Position {
            contract,
            product,
            quantity: 0,
            cost: Money::ZERO,
            realised: Money::ZERO,
            realised_today: Money::ZERO,
            overnight: 0,
            overnight_price: None,
            day_buy: Traded::default(),
            day_sell: Traded::default(),
        }
    }

    /// Mean price of the open part; zero when flat.
    pub fn average_price(&self) -> Money {
        self.cost.per(self.quantity)
    }

    /// Profit of the open part if it were closed at `last`, in rupees.
    pub fn unrealised(&self, last: Money) -> Money {
        last * self.quantity - self.cost
    }

    /// Takes a fill in. The closed part leaves at the mean cost of the open part; the rounding of that mean (to a billionth
    /// of a rupee) stays in the open part, so cost + realised + traded value always add up exactly.
    pub fn fill(&mut self, side: Side, quantity: i64, price: Money) {
        let traded = match side {
            Side::Buy => &mut self.day_buy,
            Side::Sell => &mut self.day_sell,
        };
        traded.quantity += quantity;
        traded.value += price * quantity;
        let signed = side.sign() * quantity;
        let closes =
            if self.quantity.signum() * signed.signum() < 0 { quantity.min(self.quantity.abs()) } else { 0 };
        if closes > 0 {
            let closed = -self.quantity.signum() * closes;
            // Cost that leaves: in proportion, exact when all of it leaves.
            let leaving = if closes == self.quantity.abs() {
                self.cost
            } else {
                share(self.cost, closes, self.quantity)
            };
            let profit = price * -closed - leaving;
            self.realised += profit;
            self.realised_today += profit;
            self.cost -= leaving;
            self.quantity += closed;
        }
        let opens = signed.signum() * (quantity - closes);
        self.quantity += opens;
        self.cost += price * opens;
    }

    /// Closes the day's figures at `mark`, if a price is known.
    pub fn begin_day(&mut self, mark: Option<Money>) {
        self.realised_today = Money::ZERO;
        self.overnight = self.quantity;
        self.overnight_price = mark;
        self.day_buy = Traded::default();
        self.day_sell = Traded::default();
    }

    /// True when [`Position::profit_today`] depends on the last price.
    pub fn needs_price(&self) -> bool {
        self.quantity != 0 || (self.overnight != 0 && self.overnight_price.is_none())
    }

    /// Profit of the trading day at `last`: realised today, and the change of the open part since it was opened today or
    /// since the day began.
    pub fn profit_today(&self, last: Money) -> Money {
        // Value now, plus what was received, minus what was paid, minus the value the day began with.
        let began = self.overnight_price.unwrap_or(last) * self.overnight;
        last * self.quantity + self.day_sell.value - self.day_buy.value - began
    }
}

/// What `part` of the `whole` units cost, which cost `cost`; either sign of `whole`.
pub(crate) fn share(cost: Money, part: i64, whole: i64) -> Money {
    let (part, whole) = (i128::from(part), i128::from(whole).abs().max(1));
    // Without the product, which could be too large.
    let (each, rest) = (cost.billionths() / whole, cost.billionths() % whole);
    Money::from_billionths(each * part + rest * part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Kind;
    use proptest::prelude::*;

    fn position() -> Position {
        let contract = Contract {
            name: "NSE:INFY".into(),
            token: 408_065,
            lot: 1,
            tick: Money::paise(5),
            kind: Kind::Equity,
            expiry: None,
        };
        Position::new(contract, Product::Cnc)
    }

    #[test]
    fn closing_part_of_a_long_realises_its_share() {
        let mut held = position();
        held.fill(Side::Buy, 10, Money::rupees(100));
        held.fill(Side::Buy, 10, Money::rupees(110));
        held.fill(Side::Sell, 5, Money::rupees(120));
        assert_eq!((held.quantity, held.average_price()), (15, Money::rupees(105)));
        assert_eq!(held.realised, Money::rupees(75));
        assert_eq!(held.unrealised(Money::rupees(100)), Money::rupees(-75));
    }

    #[test]
    fn selling_more_than_is_held_turns_short() {
        let mut held = position();
        held.fill(Side::Buy, 10, Money::rupees(100));
        held.fill(Side::Sell, 25, Money::rupees(90));
        assert_eq!((held.quantity, held.average_price()), (-15, Money::rupees(90)));
        assert_eq!(held.realised, Money::rupees(-100));
        assert_eq!(held.unrealised(Money::rupees(80)), Money::rupees(150));
        held.fill(Side::Buy, 15, Money::rupees(80));
        assert_eq!((held.quantity, held.cost), (0, Money::ZERO));
        assert_eq!(held.realised, Money::rupees(50));
    }

    proptest! {
        #[test]
        fn profit_is_what_was_received_less_what_was_paid(
            fills in proptest::collection::vec((any::<bool>(), 1i64..500, 1i64..10_000_000), 1..60),
            last in 1i64..10_000_000,
        ) {
            let (mut held, mut cash) = (position(), Money::ZERO);
            for (buy, quantity, paise) in fills {
                let side = if buy { Side::Buy } else { Side::Sell };
                held.fill(side, quantity, Money::paise(paise));
                cash -= Money::paise(paise) * (quantity * side.sign());
            }
            let last = Money::paise(last);
            prop_assert_eq!(held.realised + held.unrealised(last), cash + last * held.quantity);
            prop_assert_eq!(held.profit_today(last), cash + last * held.quantity);
            prop_assert_eq!(held.realised_today, held.realised);
        }
    }
}
