//! Orders and fills in the broker's words.
//!
//! Enters: lines of the book. Leaves: what the Kite protocol says about them. Never here: envelopes, routes.

use kite::ist;
use kite::rest::maybe::Maybe;
use kite::rest::number::Number;
use kite::rest::orders::{Order, OrderMeta, Trade};
use kite::rest::words::{self, Product};
use market::UnixNanos;
use trade::{Money, OrderType, Side};

use super::{Book, Fill, Line, LineState};

impl Book {
    /// The orders of `account` of the day of `now`, the newest state of each; not those hidden at `machine` (unix
    /// nanoseconds).
    pub fn orders(&self, account: &str, now: UnixNanos, machine: i64) -> Vec<Order> {
        let today = now.ist_date();
        self.lines()
            .filter(|line| line.is_shown(account, machine) && line.placed_at().ist_date() == today)
            .map(|line| line.order(line.state()))
            .collect()
    }

    /// The states of one order, oldest first; `None` when the account has no such order.
    pub fn history(&self, account: &str, id: &str, machine: i64) -> Option<Vec<Order>> {
        let line = self.shown(account, id, machine)?;
        Some(line.states.iter().map(|state| line.order(state)).collect())
    }

    /// The fills of one order; `None` when the account has no such order.
    pub fn trades_of(&self, account: &str, id: &str, machine: i64) -> Option<Vec<Trade>> {
        let line = self.shown(account, id, machine)?;
        let of_order = self.fills().iter().filter(|fill| fill.order == line.placed.order);
        Some(of_order.map(|fill| line.trade(fill)).collect())
    }

    /// The fills of `account` on the day of `now`.
    pub fn trades(&self, account: &str, now: UnixNanos, machine: i64) -> Vec<Trade> {
        let today = now.ist_date();
        let of_today = self.fills().iter().filter(|fill| UnixNanos(fill.at).ist_date() == today);
        of_today
            .filter_map(|fill| {
                let line = self.line(fill.order).filter(|line| line.is_shown(account, machine))?;
                Some(line.trade(fill))
            })
            .collect()
    }

    fn shown(&self, account: &str, id: &str, machine: i64) -> Option<&Line> {
        self.line(id.parse().ok()?).filter(|line| line.is_shown(account, machine))
    }
}

impl Line {
    /// When it was taken, in market time.
    pub(super) const fn placed_at(&self) -> UnixNanos {
        UnixNanos(self.placed.at)
    }

    /// True when it is of `account` and not hidden at `machine` (unix nanoseconds).
    pub(super) fn is_shown(&self, account: &str, machine: i64) -> bool {
        self.placed.account == account && self.placed.hidden_until.is_none_or(|until| until <= machine)
    }

    /// One of its states.
    pub fn order(&self, state: &LineState) -> Order {
        let placed = &self.placed;
        let rest = state.quantity - state.filled;
        let (pending, cancelled) = match state.status {
            words::OrderStatus::Cancelled => (0, rest),
            words::OrderStatus::Rejected => (0, 0),
            _ => (rest, 0),
        };
        let reached = !matches!(state.status, words::OrderStatus::PutReceived | words::OrderStatus::Rejected);
        let exchange_time =
            |at: i64| if reached { Maybe::Set(ist::format(UnixNanos(at))) } else { Maybe::Null };
        let protection = placed.market_protection.as_deref().unwrap_or("0");
        Order {
            order_id: placed.order.to_string(),
            exchange_order_id: if reached { Maybe::Set(self.exchange_order_id()) } else { Maybe::Null },
            parent_order_id: Maybe::Null,
            account_id: Maybe::Set(placed.account.clone()),
            placed_by: Maybe::Set(placed.account.clone()),
            terminal_id: Maybe::Absent,
            variety: words::Variety::Regular,
            status: state.status.clone(),
            status_message: state.message.clone().into(),
            status_message_raw: state.message.clone().into(),
            order_timestamp: Maybe::Set(ist::format(self.placed_at())),
            exchange_update_timestamp: exchange_time(state.at),
            exchange_timestamp: exchange_time(state.at),
            modified: Maybe::Set(self.is_modified),
            exchange: placed.exchange.clone(),
            tradingsymbol: placed.tradingsymbol.clone(),
            instrument_token: placed.token,
            order_type: order_type(state.order_type),
            transaction_type: side(placed.side),
            validity: state.validity.clone(),
            validity_ttl: Maybe::Set(Number::from(placed.validity_ttl.unwrap_or(0))),
            product: placed.product.clone(),
            quantity: state.quantity.into(),
            disclosed_quantity: placed.disclosed_quantity.into(),
            price: number(state.price.unwrap_or_default()),
            trigger_price: number(state.trigger_price.unwrap_or_default()),
            average_price: number(state.value.per(state.filled)),
            filled_quantity: state.filled.into(),
            pending_quantity: pending.into(),
            cancelled_quantity: cancelled.into(),
            market_protection: Maybe::Set(protection.parse().unwrap_or_default()),
            auction_number: Maybe::Null,
            meta: Maybe::Set(OrderMeta::default()),
            tag: placed.tag.clone().into(),
            tags: placed.tag.as_ref().map_or(Maybe::Absent, |tag| Maybe::Set(vec![tag.clone()])),
            guid: Maybe::Absent,
            user_id: Maybe::Absent,
            app_id: Maybe::Absent,
            unfilled_quantity: Maybe::Absent,
            checksum: Maybe::Absent,
        }
    }

    /// Its newest state as the ticker tells it.
    pub fn update(&self) -> Order {
        let order = self.order(self.state());
        Order {
            user_id: Maybe::Set(self.placed.account.clone()),
            app_id: Maybe::Set(0),
            unfilled_quantity: Maybe::Set(order.pending_quantity.clone()),
            checksum: Maybe::Set(String::new()),
            ..order
        }
    }

    fn trade(&self, fill: &Fill) -> Trade {
        let placed = &self.placed;
        let at = ist::format(UnixNanos(fill.at));
        let taken = ist::format(self.placed_at());
        Trade {
            trade_id: fill.trade.to_string(),
            order_id: placed.order.to_string(),
            exchange_order_id: Maybe::Set(self.exchange_order_id()),
            exchange: placed.exchange.clone(),
            tradingsymbol: placed.tradingsymbol.clone(),
            instrument_token: placed.token,
            product: placed.product.clone(),
            transaction_type: side(placed.side),
            quantity: fill.quantity.into(),
            average_price: number(fill.price),
            fill_timestamp: Maybe::Set(at.clone()),
            exchange_timestamp: Maybe::Set(at),
            order_timestamp: Maybe::Set(taken.split(' ').next_back().unwrap_or_default().to_owned()),
        }
    }

    fn exchange_order_id(&self) -> String {
        format!("1{}", self.placed.order)
    }
}

/// An amount in rupees as it stands on the wire.
pub(super) fn number(amount: Money) -> Number {
    // Larger than anything that fits is larger than any account here can come to.
    amount.to_string().parse().unwrap_or_default()
}

const fn side(side: Side) -> words::Side {
    match side {
        Side::Buy => words::Side::Buy,
        Side::Sell => words::Side::Sell,
    }
}

const fn order_type(order_type: OrderType) -> words::OrderType {
    match order_type {
        OrderType::Market => words::OrderType::Market,
        OrderType::Limit => words::OrderType::Limit,
        OrderType::StopLimit => words::OrderType::StopLimit,
        OrderType::StopMarket => words::OrderType::StopMarket,
    }
}

/// Products in a fixed order.
pub(super) fn product_order(product: &Product) -> u8 {
    match product {
        Product::Cnc => 0,
        Product::Nrml => 1,
        Product::Mis => 2,
        _ => 3,
    }
}
