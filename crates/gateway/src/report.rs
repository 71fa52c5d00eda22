//! The reconciliation report of one account and day: differences first, then what there was.
//!
//! Enters: a state and what a comparison with the venue's book found. Leaves: the same report as JSON and as Markdown, on disk
//! if wanted. Never here: the comparison itself (`engine`), when a report is due.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use journal::durable;
use journal::events::Head;
use journal::hex;
use market::UnixNanos;
use serde::{Deserialize, Serialize};
use trade::event::Difference;
use trade::position::Position;
use trade::state::Account;
use trade::{AccountId, Money, Order, OrderId, State};

mod markdown;

/// See the module. Amounts are rupees as texts, times are RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whose.
    pub account: String,
    /// Its trading day, as an IST date; absent before its first.
    pub day: Option<String>,
    /// True once the next day has begun: nothing of this one changes any more.
    pub closed: bool,
    /// Machine time at which it was made.
    pub made: String,
    /// The comparison; absent when the book was not read.
    pub compared: Option<Compared>,
    /// Worst first; empty when book and journal agree.
    pub differences: Vec<Difference>,
    /// Of the day, oldest first.
    pub orders: Vec<OrderLine>,
    /// Of the day, oldest first; the newest 10,000.
    pub trades: Vec<TradeLine>,
    /// Not flat, at the end of the day or now.
    pub positions: Vec<PositionLine>,
    /// Money at the end of the day or now.
    pub funds: Funds,
    /// The newest row of the journal when the report was made.
    pub sequence: u64,
    /// That row's hash, which covers everything before it: 64 hexadecimal digits.
    pub hash: String,
}

/// A comparison of book and journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// The row of its result.
    pub sequence: u64,
    /// When it was made.
    pub time: String,
    /// What set it off.
    pub cause: String,
}

/// One order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// Ours.
    pub order_id: String,
    /// The venue's.
    pub venue_order_id: Option<String>,
    /// `EXCHANGE:TRADINGSYMBOL`
    pub instrument: String,
    /// `buy` or `sell`
    pub side: String,
    /// Units asked for.
    pub quantity: i64,
    /// Units filled.
    pub filled: i64,
    /// Mean price of the fills; absent without fills.
    pub average_price: Option<String>,
    /// Where it stands.
    pub state: String,
}

/// One fill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeLine {
    /// The venue's.
    pub trade_id: String,
    /// Ours.
    pub order_id: String,
    /// Absent once its order is no longer kept.
    pub instrument: Option<String>,
    /// The same.
    pub side: Option<String>,
    /// Units.
    pub quantity: i64,
    /// Rupees.
    pub price: String,
    /// By the venue's clock.
    pub time: String,
}

/// One position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionLine {
    /// `EXCHANGE:TRADINGSYMBOL`
    pub instrument: String,
    /// `cnc`, `nrml`, `mis` or `mtf`
    pub product: String,
    /// Units: positive long, negative short.
    pub quantity: i64,
    /// Last price; absent when none was known.
    pub price: Option<String>,
    /// Quantity times price.
    pub value: Option<String>,
}

/// Money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funds {
    /// Rupees.
    pub cash: String,
    /// Cash and the value of all positions; absent while one has no price.
    pub equity: Option<String>,
}

/// What a comparison said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Absent when the book was not read.
    pub compared: Option<Compared>,
    /// What it found.
    pub differences: Vec<Difference>,
}

impl Report {
    /// The account's trading day so far, valued at `last` prices by token; `None` for an unknown account.
    pub fn so_far(
        state: &State,
        name: &AccountId,
        comparison: Comparison,
        head: Head,
        now: UnixNanos,
        last: impl Fn(u32) -> Option<Money>,
    ) -> Option<Report> {
        let account = state.account(name)?;
        let held = |position: &Position| (position.quantity, last(position.contract.token));
        Some(report(state, account, account.day, false, comparison, (head, now), (account.cash, &held)))
    }

    /// The day before the account's present one, as it ended: what the present day has changed since is taken out again. Its
    /// positions are valued at the prices with which the present day began. `None` for an unknown account.
    pub fn closed(
        state: &State,
        name: &AccountId,
        day: Date,
        comparison: Comparison,
        head: Head,
        now: UnixNanos,
    ) -> Option<Report> {
        let account = state.account(name)?;
        let today: Money =
            account.positions.values().map(|held| held.day_sell.value - held.day_buy.value).sum();
        let overnight = |position: &Position| (position.overnight, position.overnight_price);
        let cash = account.cash - today;
        Some(report(state, account, Some(day), true, comparison, (head, now), (cash, &overnight)))
    }

    /// `reconciliation-2026-11-20-paper`
    pub fn file_stem(&self) -> String {
        format!("reconciliation-{}-{}", self.day.as_deref().unwrap_or("no-day"), self.account)
    }

    /// Writes `<stem>.md` and `<stem>.json` into `folder`, which is made if it is missing, in place of older ones.
    ///
    /// # Errors
    /// What the file system said.
    pub fn write(&self, folder: &Path) -> io::Result<[PathBuf; 2]> {
        std::fs::create_dir_all(folder)?;
        let path = |ending: &str| folder.join(format!("{}.{ending}", self.file_stem()));
        let (words, data) = (path("md"), path("json"));
        let mut json = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        json.push(b'\n');
        durable::replace(&words, self.markdown().as_bytes())?;
        durable::replace(&data, &json)?;
        Ok([words, data])
    }
}

/// Units of a position and their price.
type Held<'a> = &'a dyn Fn(&Position) -> (i64, Option<Money>);

fn report(
    state: &State,
    account: &Account,
    day: Option<Date>,
    closed: bool,
    comparison: Comparison,
    (head, now): (Head, UnixNanos),
    (cash, held): (Money, Held<'_>),
) -> Report {
    let name = &account.added.account;
    let mut orders: Vec<&Arc<Order>> =
        state.orders.values().filter(|order| order.account == *name && Some(order.day) == day).collect();
    orders.sort_by_key(|order| (order.created, order.id));
    let trades = account.trades.iter().filter(|trade| Some(UnixNanos(trade.at).ist_date()) == day);
    let request = |order: &OrderId| state.orders.get(order).map(|order| &order.request);
    let held: Vec<(&Position, i64, Option<Money>)> = account
        .positions
        .values()
        .map(|position| (position.as_ref(), held(position)))
        .filter(|(_, (quantity, _))| *quantity != 0)
        .map(|(position, (quantity, price))| (position, quantity, price))
        .collect();
    let value: Option<Money> =
        held.iter().map(|(_, quantity, price)| price.map(|price| price * *quantity)).sum();
    Report {
        account: name.to_string(),
        day: day.map(|day| day.to_string()),
        closed,
        made: now.to_rfc3339(),
        compared: comparison.compared,
        differences: comparison.differences,
        orders: orders.into_iter().map(|order| order_line(order)).collect(),
        trades: trades
            .map(|trade| TradeLine {
                trade_id: trade.trade_id.clone(),
                order_id: trade.order.to_string(),
                instrument: request(&trade.order).map(|request| request.contract.name.clone()),
                side: request(&trade.order).map(|request| request.side.as_str().to_owned()),
                quantity: trade.quantity,
                price: trade.price.to_string(),
                time: UnixNanos(trade.at).to_rfc3339(),
            })
            .collect(),
        positions: held
            .iter()
            .map(|(position, quantity, price)| PositionLine {
                instrument: position.contract.name.clone(),
                product: position.product.as_str().to_owned(),
                quantity: *quantity,
                price: price.map(|price| price.to_string()),
                value: price.map(|price| (price * *quantity).to_string()),
            })
            .collect(),
        funds: Funds { cash: cash.to_string(), equity: value.map(|value| (cash + value).to_string()) },
        sequence: head.seq,
        hash: hex::encode(&head.hash),
    }
}

fn order_line(order: &Order) -> OrderLine {
    let request = &order.request;
    OrderLine {
        order_id: order.id.to_string(),
        venue_order_id: order.venue_order_id.clone(),
        instrument: request.contract.name.clone(),
        side: request.side.as_str().to_owned(),
        quantity: request.quantity,
        filled: order.filled,
        average_price: (order.filled > 0).then(|| order.average_price().to_string()),
        state: order.stage.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests;
