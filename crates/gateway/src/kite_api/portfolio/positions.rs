//! One position in the broker's figures. In every row `value = sell_value - buy_value`, `pnl = value + quantity x last_price`
//! and `pnl = realised + unrealised`.
//!
//! What was carried over counts as bought (or sold short) at what it cost; profit that was realised on earlier days is not in
//! today's figures.

use kite::rest::number::Number;
use kite::rest::portfolio::Position as Row;
use trade::position::{Position, Traded};
use trade::{Money, Product};

use crate::kite_api::figures::{Marks, number};
use crate::kite_api::orders::view::product;

/// Carried over and traded today, taken together. Shares for delivery count from today on: what was carried over is a
/// holding. `None` when nothing is left to tell.
pub fn net(position: &Position, marks: Marks) -> Option<Row> {
    if position.product == Product::Cnc {
        return day(position, marks);
    }
    let carried = Carried::of(position);
    let (mut buy, mut sell) = (position.day_buy, position.day_sell);
    if carried.quantity > 0 {
        buy = add(buy, Traded { quantity: carried.quantity, value: carried.cost });
    } else if carried.quantity < 0 {
        sell = add(sell, Traded { quantity: -carried.quantity, value: -carried.cost });
    }
    let figures = Figures {
        overnight: carried.quantity,
        average: position.average_price().abs(),
        realised: position.realised_today,
        buy,
        sell,
    };
    (buy.quantity != 0 || sell.quantity != 0).then(|| row(position, &figures, marks))
}

/// Today's trades alone; `None` without any.
pub fn day(position: &Position, marks: Marks) -> Option<Row> {
    let (buy, sell) = (position.day_buy, position.day_sell);
    let open = buy.quantity - sell.quantity;
    let average = match open.signum() {
        1 => buy.value.per(buy.quantity),
        -1 => sell.value.per(sell.quantity),
        _ => Money::ZERO,
    };
    // What both sides have in common was closed today, at their mean prices.
    let open_cost = match open.signum() {
        1 => share(buy.value, open, buy.quantity),
        -1 => -share(sell.value, -open, sell.quantity),
        _ => Money::ZERO,
    };
    let realised = sell.value - buy.value + open_cost;
    let figures = Figures { overnight: 0, average, realised, buy, sell };
    (buy.quantity != 0 || sell.quantity != 0).then(|| row(position, &figures, marks))
}

/// The part of a position that was there when the day began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Units: positive long, negative short.
    pub quantity: i64,
    /// Long: paid; short: received, as a negative amount; rupees.
    pub cost: Money,
}

impl Carried {
    /// What the open part cost, less what today's trades added to it.
    pub fn of(position: &Position) -> Carried {
        let today = position.day_buy.value - position.day_sell.value + position.realised_today;
        Carried { quantity: position.overnight, cost: position.cost - today }
    }
}

struct Figures {
    overnight: i64,
    average: Money,
    realised: Money,
    buy: Traded,
    sell: Traded,
}

fn row(position: &Position, figures: &Figures, marks: Marks) -> Row {
    let (buy, sell, overnight) = (figures.buy, figures.sell, figures.overnight);
    let quantity = buy.quantity - sell.quantity;
    let value = sell.value - buy.value;
    let pnl = value + marks.last * quantity;
    // For the mark to market what was carried over counts at the previous close.
    let buy_m2m = position.day_buy.value + marks.close * overnight.max(0);
    let sell_m2m = position.day_sell.value + marks.close * overnight.saturating_neg().max(0);
    let mean = |side: Traded| number(side.value.per(side.quantity));
    Row {
        tradingsymbol: position.contract.tradingsymbol().to_owned(),
        exchange: position.contract.exchange().to_owned(),
        instrument_token: position.contract.token,
        product: product(position.product),
        quantity: quantity.into(),
        overnight_quantity: overnight.into(),
        multiplier: Number::from(1_i64),
        average_price: number(figures.average),
        close_price: number(marks.close),
        last_price: number(marks.last),
        value: number(value),
        pnl: number(pnl),
        m2m: number(sell_m2m - buy_m2m + marks.last * quantity),
        unrealised: number(pnl - figures.realised),
        realised: number(figures.realised),
        buy_quantity: buy.quantity.into(),
        buy_price: mean(buy),
        buy_value: number(buy.value),
        buy_m2m: number(buy_m2m),
        sell_quantity: sell.quantity.into(),
        sell_price: mean(sell),
        sell_value: number(sell.value),
        sell_m2m: number(sell_m2m),
        day_buy_quantity: position.day_buy.quantity.into(),
        day_buy_price: mean(position.day_buy),
        day_buy_value: number(position.day_buy.value),
        day_sell_quantity: position.day_sell.quantity.into(),
        day_sell_price: mean(position.day_sell),
        day_sell_value: number(position.day_sell.value),
    }
}

fn add(one: Traded, other: Traded) -> Traded {
    Traded { quantity: one.quantity + other.quantity, value: one.value + other.value }
}

/// `part` units of `whole` that were worth `value`.
fn share(value: Money, part: i64, whole: i64) -> Money {
    if whole == 0 {
        return Money::ZERO;
    }
    // Day values stay far below the bound at which this product would overflow.
    Money::from_billionths(value.billionths().saturating_mul(i128::from(part)) / i128::from(whole))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use trade::contract::Kind;
    use trade::{Contract, Side};

    use super::*;

    fn position(product: Product) -> Position {
        let contract = Contract {
            name: "NSE:INFY".into(),
            token: 408_065,
            lot: 1,
            tick: Money::paise(5),
            kind: Kind::Equity,
            expiry: None,
        };
        Position::new(contract, product)
    }

    fn at(rupees: i64) -> Marks {
        Marks { last: Money::rupees(rupees), close: Money::rupees(rupees) }
    }

    fn money(number: &Number) -> Money {
        number.to_string().parse().unwrap()
    }

    #[test]
    fn what_was_carried_over_counts_at_its_cost() {
        let mut held = position(Product::Mis);
        held.fill(Side::Buy, 10, Money::rupees(100));
        held.fill(Side::Sell, 4, Money::rupees(110));
        held.begin_day(Some(Money::rupees(120)));
        held.fill(Side::Sell, 2, Money::rupees(130));
        let marks = Marks { last: Money::rupees(125), close: Money::rupees(120) };
        let net = net(&held, marks).unwrap();
        let figures = [
            &net.quantity,
            &net.overnight_quantity,
            &net.buy_value,
            &net.sell_value,
            &net.realised,
            &net.pnl,
        ];
        let shown: Vec<String> = figures.iter().map(ToString::to_string).collect();
        // Six carried over at 100, two of them sold at 130: 60 realised, 4 x 25 open.
        assert_eq!(shown, ["4", "6", "600", "260", "60", "160"]);
        assert_eq!(net.m2m.to_string(), "40");
        let day = day(&held, marks).unwrap();
        assert_eq!((day.quantity.to_string(), day.sell_value.to_string()), ("-2".into(), "260".into()));
    }

    #[test]
    fn shares_for_delivery_are_positions_on_their_first_day_only() {
        let mut held = position(Product::Cnc);
        held.fill(Side::Buy, 10, Money::rupees(100));
        assert!(net(&held, at(100)).is_some());
        held.begin_day(Some(Money::rupees(120)));
        assert!(net(&held, at(100)).is_none());
    }

    #[test]
    fn a_closed_position_stays_listed() {
        let mut held = position(Product::Mis);
        held.fill(Side::Buy, 10, Money::rupees(100));
        held.fill(Side::Sell, 10, Money::rupees(101));
        let row = net(&held, at(50)).unwrap();
        assert_eq!(
            (row.quantity.to_string(), row.pnl.to_string(), row.realised.to_string()),
            ("0".into(), "10".into(), "10".into())
        );
    }

    proptest! {
        #[test]
        fn the_relations_hold(
            before in proptest::collection::vec((any::<bool>(), 1i64..500, 1i64..1_000_000), 0..10),
            today in proptest::collection::vec((any::<bool>(), 1i64..500, 1i64..1_000_000), 0..10),
            last in 1i64..1_000_000,
            delivery: bool,
        ) {
            let mut held = position(if delivery { Product::Cnc } else { Product::Mis });
            let fill = |held: &mut Position, (buy, quantity, paise): (bool, i64, i64)| {
                held.fill(if buy { Side::Buy } else { Side::Sell }, quantity, Money::paise(paise));
            };
            before.into_iter().for_each(|one| fill(&mut held, one));
            let close = Money::paise(last + 100);
            held.begin_day(Some(close));
            today.into_iter().for_each(|one| fill(&mut held, one));
            let marks = Marks { last: Money::paise(last), close };
            for row in net(&held, marks).into_iter().chain(day(&held, marks)) {
                let quantity = row.quantity.to_i64().unwrap();
                prop_assert_eq!(money(&row.value), money(&row.sell_value) - money(&row.buy_value));
                prop_assert_eq!(money(&row.pnl), money(&row.value) + money(&row.last_price) * quantity);
                prop_assert_eq!(money(&row.pnl), money(&row.realised) + money(&row.unrealised));
                prop_assert_eq!(quantity, row.buy_quantity.to_i64().unwrap() - row.sell_quantity.to_i64().unwrap());
            }
            if !delivery && let Some(row) = net(&held, marks) {
                prop_assert_eq!(row.quantity.to_i64().unwrap(), held.quantity);
                prop_assert_eq!(money(&row.pnl), held.realised_today + held.unrealised(marks.last));
                prop_assert_eq!(money(&row.m2m), held.profit_today(marks.last));
            }
        }
    }
}
