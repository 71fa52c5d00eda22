//! Shares that were bought for delivery on an earlier day.

use kite::rest::maybe::Maybe;
use kite::rest::number::Number;
use kite::rest::portfolio::{Holding, HoldingsSummary};
use trade::position::Position;
use trade::{Money, Product};

use super::positions::Carried;
use crate::kite_api::figures::{Marks, number, percentage};
use crate::kite_api::orders::view::product;

/// What is left of a holding.
struct Held {
    units: i64,
    sold_today: i64,
    cost: Money,
}

fn held(position: &Position) -> Option<Held> {
    if position.product != Product::Cnc || position.overnight <= 0 {
        return None;
    }
    let carried = Carried::of(position);
    let sold_today = (position.day_sell.quantity - position.day_buy.quantity).clamp(0, carried.quantity);
    let units = carried.quantity - sold_today;
    Some(Held { units, sold_today, cost: carried.cost.per(carried.quantity) * units })
}

/// The holding that a position is; `None` when it is none.
pub fn holding(position: &Position, marks: Marks) -> Option<Holding> {
    let held = held(position)?;
    let average = held.cost.per(held.units);
    let change = marks.last - marks.close;
    Some(Holding {
        tradingsymbol: position.contract.tradingsymbol().to_owned(),
        exchange: position.contract.exchange().to_owned(),
        instrument_token: position.contract.token,
        isin: String::new(),
        product: product(position.product),
        price: Number::ZERO,
        quantity: held.units.into(),
        used_quantity: Maybe::Set(held.sold_today.into()),
        t1_quantity: Number::ZERO,
        realised_quantity: held.units.into(),
        authorised_quantity: Number::ZERO,
        authorised_date: Maybe::Null,
        authorisation: Maybe::Set(Default::default()),
        opening_quantity: position.overnight.into(),
        short_quantity: Maybe::Set(Number::ZERO),
        collateral_quantity: Number::ZERO,
        collateral_type: Maybe::Set(String::new()),
        discrepancy: false,
        average_price: number(average),
        last_price: number(marks.last),
        close_price: number(marks.close),
        pnl: number(marks.last * held.units - held.cost),
        day_change: number(change),
        day_change_percentage: percentage(change, marks.close),
        mtf: Maybe::Absent,
        auction_number: Maybe::Absent,
    })
}

/// All holdings together.
pub fn summary<'a>(positions: impl Iterator<Item = (&'a Position, Marks)>) -> HoldingsSummary {
    let (mut cost, mut value, mut before) = (Money::ZERO, Money::ZERO, Money::ZERO);
    for (position, marks) in positions {
        let Some(held) = held(position) else { continue };
        cost += held.cost;
        value += marks.last * held.units;
        before += marks.close * held.units;
    }
    HoldingsSummary {
        total_pnl: number(value - cost),
        total_pnl_percent: percentage(value - cost, cost),
        today_pnl: number(value - before),
        today_pnl_percent: percentage(value - before, before),
        invested_amount: number(cost),
        current_value: number(value),
    }
}

#[cfg(test)]
mod tests {
    use trade::contract::Kind;
    use trade::{Contract, Side};

    use super::*;

    #[test]
    fn a_delivery_is_held_from_the_next_day_on_until_it_is_sold() {
        let contract = Contract {
            name: "NSE:INFY".into(),
            token: 408_065,
            lot: 1,
            tick: Money::paise(5),
            kind: Kind::Equity,
            expiry: None,
        };
        let mut position = Position::new(contract, Product::Cnc);
        position.fill(Side::Buy, 10, Money::rupees(100));
        let marks = Marks { last: Money::rupees(110), close: Money::rupees(105) };
        assert!(holding(&position, marks).is_none());
        position.begin_day(Some(Money::rupees(105)));
        let all = holding(&position, marks).unwrap();
        assert_eq!((all.quantity.to_string(), all.pnl.to_string()), ("10".into(), "100".into()));
        position.fill(Side::Sell, 4, Money::rupees(108));
        let rest = holding(&position, marks).unwrap();
        assert_eq!((rest.quantity.to_string(), rest.average_price.to_string()), ("6".into(), "100".into()));
        let all = summary([(&position, marks)].into_iter());
        assert_eq!((all.invested_amount.to_string(), all.today_pnl.to_string()), ("600".into(), "30".into()));
    }
}
