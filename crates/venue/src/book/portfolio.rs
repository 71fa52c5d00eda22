//! Positions: sums of fills.

use std::collections::BTreeMap;

use kite::rest::number::Number;
use kite::rest::portfolio::{Position, Positions};
use market::UnixNanos;
use trade::{Money, Side};

use super::view::{number, product_order};
use super::{Book, Line};

/// Both sides of one instrument and product.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    bought: i64,
    cost: Money,
    sold: i64,
    proceeds: Money,
}

struct Row<'a> {
    line: &'a Line,
    all: Sums,
    today: Sums,
}

impl Sums {
    fn add(&mut self, side: Side, quantity: i64, value: Money) {
        match side {
            Side::Buy => {
                self.bought += quantity;
                self.cost += value;
            }
            Side::Sell => {
                self.sold += quantity;
                self.proceeds += value;
            }
        }
    }

    const fn quantity(&self) -> i64 {
        self.bought - self.sold
    }
}

impl Book {
    /// Positions of `account` at `now`. `last` tells the last traded price of an instrument. Fills of orders that
    /// are hidden at `machine` (unix nanoseconds) are not in them.
    pub fn positions(
        &self,
        account: &str,
        now: UnixNanos,
        machine: i64,
        last: impl Fn(u32) -> Option<Money>,
    ) -> Positions {
        let today = now.ist_date();
        let mut rows: BTreeMap<(u32, u8), Row<'_>> = BTreeMap::new();
        for fill in self.fills() {
            let Some(line) = self.line(fill.order).filter(|line| line.is_shown(account, machine)) else {
                continue;
            };
            let key = (line.placed.token, product_order(&line.placed.product));
            let row = rows.entry(key).or_insert(Row { line, all: Sums::default(), today: Sums::default() });
            let value = fill.price.times(fill.quantity);
            row.all.add(line.placed.side, fill.quantity, value);
            if UnixNanos(fill.at).ist_date() == today {
                row.today.add(line.placed.side, fill.quantity, value);
            }
        }
        let traded = |row: &&Row<'_>| row.today.bought + row.today.sold > 0;
        let listed = |row: &&Row<'_>| row.all.quantity() != 0 || traded(row);
        let of = |row: &Row<'_>, sums: &Sums| row.position(sums, last(row.line.placed.token));
        Positions {
            net: rows.values().filter(listed).map(|row| of(row, &row.all)).collect(),
            day: rows.values().filter(traded).map(|row| of(row, &row.today)).collect(),
        }
    }
}

impl Row<'_> {
    fn position(&self, sums: &Sums, last: Option<Money>) -> Position {
        let quantity = sums.quantity();
        let (buy_price, sell_price) = (sums.cost.per(sums.bought), sums.proceeds.per(sums.sold));
        let average = match quantity {
            0 => Money::ZERO,
            1.. => buy_price,
            _ => sell_price,
        };
        let last = last.unwrap_or(average);
        let value = sums.proceeds - sums.cost;
        let pnl = value + last.times(quantity);
        let open = (last - average).times(quantity);
        let placed = &self.line.placed;
        let whole = |units: i64| Number::from(units);
        let carried = self.all.quantity() - self.today.quantity();
        Position {
            tradingsymbol: placed.tradingsymbol.clone(),
            exchange: placed.exchange.clone(),
            instrument_token: placed.token,
            product: placed.product.clone(),
            quantity: whole(quantity),
            overnight_quantity: whole(carried),
            multiplier: whole(1),
            average_price: number(average),
            close_price: Number::ZERO,
            last_price: number(last),
            value: number(value),
            pnl: number(pnl),
            m2m: number(pnl),
            unrealised: number(open),
            realised: number(pnl - open),
            buy_quantity: whole(sums.bought),
            buy_price: number(buy_price),
            buy_value: number(sums.cost),
            buy_m2m: number(sums.cost),
            sell_quantity: whole(sums.sold),
            sell_price: number(sell_price),
            sell_value: number(sums.proceeds),
            sell_m2m: number(sums.proceeds),
            day_buy_quantity: whole(self.today.bought),
            day_buy_price: number(self.today.cost.per(self.today.bought)),
            day_buy_value: number(self.today.cost),
            day_sell_quantity: whole(self.today.sold),
            day_sell_price: number(self.today.proceeds.per(self.today.sold)),
            day_sell_value: number(self.today.proceeds),
        }
    }
}
