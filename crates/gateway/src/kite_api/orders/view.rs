//! An order and a trade in the broker's words.
//!
//! Times of orders are the machine's, times of trades the market's: both are the same unless the market has a clock of its
//! own (a replay, `--speed`).

use kite::ist;
use kite::rest::maybe::Maybe;
use kite::rest::number::Number;
use kite::rest::orders::{Order as KiteOrder, OrderMeta, Trade};
use kite::rest::words::{OrderStatus, OrderType, Product, Side, Validity, Variety};
use market::UnixNanos;
use trade::event::{Call, KiteFields, TradeReported};
use trade::order::Fate;
use trade::{AccountId, Order, OrderId, OrderRequest, Stage};

use crate::account::user_id;
use crate::kite_api::figures::number;

/// An order as it stands.
pub fn order(order: &Order) -> KiteOrder {
    let cancelled = matches!(order.stage, Stage::Cancelled | Stage::Expired);
    let unfilled = order.request.quantity.saturating_sub(order.filled).max(0);
    let mut row = asked(&Asked {
        id: order.id,
        account: &order.account,
        request: &order.request,
        tag: order.tag.as_deref(),
        kite: order.kite.as_ref(),
    });
    row.status = status(order);
    row.status_message = message(order).map_or(Maybe::Null, Maybe::Set);
    row.status_message_raw = order.message.clone().map_or(Maybe::Null, Maybe::Set);
    row.exchange_order_id = order.venue_order_id.clone().map_or(Maybe::Null, Maybe::Set);
    row.order_timestamp = Maybe::Set(time(order.created));
    if order.venue_order_id.is_some() {
        row.exchange_timestamp = Maybe::Set(time(order.updated));
        row.exchange_update_timestamp = Maybe::Set(time(order.updated));
    }
    row.modified = Maybe::Set(order.modified);
    row.average_price = number(order.average_price());
    row.filled_quantity = order.filled.into();
    row.pending_quantity = order.remaining().into();
    row.cancelled_quantity = if cancelled { unfilled } else { 0 }.into();
    row
}

/// The same for the ticker: there, changes of an open order are called `UPDATE`, and the web hook's checksum is empty.
pub fn update(changed: &Order) -> KiteOrder {
    let mut row = order(changed);
    if !changed.stage.is_ended() {
        row.status = OrderStatus::Update;
    }
    row.user_id = Maybe::Set(user_id(changed.account.as_str()));
    row.unfilled_quantity = Maybe::Set(row.pending_quantity.clone());
    row.checksum = Maybe::Set(String::new());
    row
}

/// True for changes that the broker tells over the ticker: fills, modifications, cancellations and ends, not plain placement.
pub fn is_told(order: &Order) -> bool {
    order.stage.is_ended() || order.filled > 0 || (order.calls.len() > 1 && !order.is_busy())
}

/// What was asked for, before anything is known about it.
pub struct Asked<'a> {
    /// The id that intake gave.
    pub id: OrderId,
    /// Whose.
    pub account: &'a AccountId,
    /// The terms.
    pub request: &'a OrderRequest,
    /// The client's tag.
    pub tag: Option<&'a str>,
    /// Fields that are only given back.
    pub kite: Option<&'a KiteFields>,
}

/// A placement that is not decided yet: `PUT ORDER REQ RECEIVED`.
pub fn asked(asked: &Asked<'_>) -> KiteOrder {
    let request = asked.request;
    let none = || Maybe::Null;
    let protection = asked.kite.and_then(|kite| kite.market_protection.as_deref());
    KiteOrder {
        order_id: asked.id.to_string(),
        exchange_order_id: none(),
        parent_order_id: none(),
        account_id: Maybe::Set(user_id(asked.account.as_str())),
        placed_by: Maybe::Set(user_id(asked.account.as_str())),
        terminal_id: Maybe::Absent,
        variety: asked.kite.map_or(Variety::Regular, |kite| Variety::from(kite.variety.as_str())),
        status: OrderStatus::PutReceived,
        status_message: none(),
        status_message_raw: none(),
        order_timestamp: none(),
        exchange_update_timestamp: none(),
        exchange_timestamp: none(),
        modified: Maybe::Set(false),
        exchange: request.contract.exchange().to_owned(),
        tradingsymbol: request.contract.tradingsymbol().to_owned(),
        instrument_token: request.contract.token,
        order_type: order_type(request.order_type),
        transaction_type: side(request.side),
        validity: validity(request.validity),
        validity_ttl: Maybe::Set(Number::ZERO),
        product: product(request.product),
        quantity: request.quantity.into(),
        disclosed_quantity: asked.kite.and_then(|kite| kite.disclosed_quantity).unwrap_or(0).into(),
        price: request.price.map_or(Number::ZERO, number),
        trigger_price: request.trigger_price.map_or(Number::ZERO, number),
        average_price: Number::ZERO,
        filled_quantity: Number::ZERO,
        pending_quantity: request.quantity.into(),
        cancelled_quantity: Number::ZERO,
        market_protection: Maybe::Set(protection.and_then(|text| text.parse().ok()).unwrap_or_default()),
        auction_number: none(),
        meta: Maybe::Set(OrderMeta::default()),
        tag: asked.tag.map_or(Maybe::Null, |tag| Maybe::Set(tag.to_owned())),
        tags: asked.tag.map_or(Maybe::Absent, |tag| Maybe::Set(vec![tag.to_owned()])),
        guid: Maybe::Set(String::new()),
        user_id: Maybe::Absent,
        app_id: Maybe::Absent,
        unfilled_quantity: Maybe::Absent,
        checksum: Maybe::Absent,
    }
}

/// A placement that was refused before any venue saw it, at `at` of machine time.
pub fn refused(what: &Asked<'_>, message: String, at: i64) -> KiteOrder {
    let mut row = asked(what);
    row.status = OrderStatus::Rejected;
    row.status_message_raw = Maybe::Set(message.clone());
    row.status_message = Maybe::Set(message);
    row.order_timestamp = Maybe::Set(time(at));
    row.pending_quantity = Number::ZERO;
    row
}

/// One fill; `order` is the one it belongs to.
pub fn trade(trade: &TradeReported, order: &Order) -> Trade {
    let contract = &order.request.contract;
    let at = time(trade.at);
    Trade {
        trade_id: trade.trade_id.clone(),
        order_id: trade.order.to_string(),
        exchange_order_id: order.venue_order_id.clone().map_or(Maybe::Null, Maybe::Set),
        exchange: contract.exchange().to_owned(),
        tradingsymbol: contract.tradingsymbol().to_owned(),
        instrument_token: contract.token,
        product: product(order.request.product),
        transaction_type: side(order.request.side),
        quantity: trade.quantity.into(),
        average_price: number(trade.price),
        // Only the time of day, unlike everywhere else.
        order_timestamp: Maybe::Set(at.get(11..).unwrap_or_default().to_owned()),
        fill_timestamp: Maybe::Set(at.clone()),
        exchange_timestamp: Maybe::Set(at),
    }
}

/// A moment as the broker writes it.
pub fn time(nanos: i64) -> String {
    ist::format(UnixNanos(nanos))
}

/// Where an order stands, in the broker's words.
pub fn status(order: &Order) -> OrderStatus {
    match order.calls.last().filter(|call| call.fate.is_open()).map(|call| &call.call) {
        Some(Call::Modify(_)) if is_resting(order.stage) => OrderStatus::ModifyPending,
        Some(Call::Cancel) if is_resting(order.stage) => OrderStatus::CancelPending,
        _ => stage(order.stage),
    }
}

/// The same without regard to changes that are under way.
pub const fn stage(stage: Stage) -> OrderStatus {
    match stage {
        Stage::Intended => OrderStatus::ValidationPending,
        Stage::Sent | Stage::Unknown | Stage::Acknowledged => OrderStatus::OpenPending,
        Stage::TriggerPending => OrderStatus::TriggerPending,
        Stage::Open | Stage::PartlyFilled => OrderStatus::Open,
        Stage::Filled => OrderStatus::Complete,
        Stage::Cancelled | Stage::Expired => OrderStatus::Cancelled,
        Stage::Rejected | Stage::NeverReached => OrderStatus::Rejected,
    }
}

const fn is_resting(stage: Stage) -> bool {
    matches!(stage, Stage::TriggerPending | Stage::Open | Stage::PartlyFilled)
}

fn message(order: &Order) -> Option<String> {
    let of_stage = match order.stage {
        Stage::NeverReached => Some("The order did not reach the venue."),
        Stage::Expired => Some("The order's validity has ended."),
        _ if order.calls.iter().any(|call| call.fate == Fate::Unknown) => {
            Some("It is not known whether the venue got the newest request: its book is being read.")
        }
        _ => None,
    };
    order.message.clone().or_else(|| of_stage.map(str::to_owned))
}

/// The broker's word for it.
pub const fn side(side: trade::Side) -> Side {
    match side {
        trade::Side::Buy => Side::Buy,
        trade::Side::Sell => Side::Sell,
    }
}

/// The broker's word for it.
pub const fn order_type(order_type: trade::OrderType) -> OrderType {
    match order_type {
        trade::OrderType::Market => OrderType::Market,
        trade::OrderType::Limit => OrderType::Limit,
        trade::OrderType::StopLimit => OrderType::StopLimit,
        trade::OrderType::StopMarket => OrderType::StopMarket,
    }
}

/// The broker's word for it.
pub const fn validity(validity: trade::Validity) -> Validity {
    match validity {
        trade::Validity::Day => Validity::Day,
        trade::Validity::Ioc => Validity::Ioc,
    }
}

/// The broker's word for a product.
pub const fn product(product: trade::Product) -> Product {
    match product {
        trade::Product::Cnc => Product::Cnc,
        trade::Product::Nrml => Product::Nrml,
        trade::Product::Mis => Product::Mis,
        trade::Product::Mtf => Product::Mtf,
    }
}
