//! Our orders in the broker's words, and the broker's words as ours.

use broker::kite::call::Call as KiteCall;
use broker::kite::fate::{Fate, Receipt};
use engine::reconcile::{BookOrder, BookTrade};
use kite::ist;
use kite::rest::modification::{Cancellation, Modification};
use kite::rest::number::Number;
use kite::rest::orders::{Order as KiteOrder, Trade as KiteTrade};
use kite::rest::placement::Placement;
use kite::rest::words;
use market::{Decimal, Exchange};
use trade::event::{Answer, Call, VenueReported, VenueStatus};
use trade::request::Changes;
use trade::{Money, Order, OrderId, OrderRequest, OrderType, Product, Side, State, Validity};

/// A call as the broker is asked; `Err` says why it cannot be.
pub fn call(call: &Call, order: &Order) -> Result<KiteCall, String> {
    let venue_order_id = || order.venue_order_id.clone().ok_or("the venue's id of the order is not known");
    Ok(match call {
        Call::Place(request) => KiteCall::Place { tag: order.id.tag(), placement: placement(request)? },
        Call::Modify(changes) => KiteCall::Modify(Modification {
            variety: words::Variety::Regular,
            order_id: venue_order_id()?,
            parent_order_id: None,
            quantity: changes.quantity.and_then(|quantity| u64::try_from(quantity).ok()),
            price: changes.price.map(decimal).transpose()?,
            order_type: changes.order_type.map(order_type),
            trigger_price: changes.trigger_price.map(decimal).transpose()?,
            validity: changes.validity.map(validity),
            disclosed_quantity: None,
            market_protection: None,
        }),
        Call::Cancel => KiteCall::Cancel(Cancellation {
            variety: words::Variety::Regular,
            order_id: venue_order_id()?,
            parent_order_id: None,
        }),
    })
}

fn placement(request: &OrderRequest) -> Result<Placement, String> {
    let exchange: Exchange = request
        .contract
        .exchange()
        .parse()
        .map_err(|_| "the exchange has no name at the broker".to_owned())?;
    Ok(Placement {
        variety: words::Variety::Regular,
        exchange,
        tradingsymbol: request.contract.tradingsymbol().to_owned(),
        transaction_type: match request.side {
            Side::Buy => words::Side::Buy,
            Side::Sell => words::Side::Sell,
        },
        quantity: u64::try_from(request.quantity).map_err(|_| "the quantity is negative".to_owned())?,
        product: match request.product {
            Product::Cnc => words::Product::Cnc,
            Product::Nrml => words::Product::Nrml,
            Product::Mis => words::Product::Mis,
            Product::Mtf => words::Product::Mtf,
        },
        order_type: order_type(request.order_type),
        price: request.price.map(decimal).transpose()?,
        trigger_price: request.trigger_price.map(decimal).transpose()?,
        validity: validity(request.validity),
        validity_ttl: None,
        disclosed_quantity: None,
        iceberg_legs: None,
        iceberg_quantity: None,
        auction_number: None,
        // The client adds what an order without a limit needs.
        market_protection: None,
        autoslice: false,
        tag: None,
        algo_id: None,
    })
}

const fn order_type(order_type: OrderType) -> words::OrderType {
    match order_type {
        OrderType::Market => words::OrderType::Market,
        OrderType::Limit => words::OrderType::Limit,
        OrderType::StopLimit => words::OrderType::StopLimit,
        OrderType::StopMarket => words::OrderType::StopMarket,
    }
}

const fn validity(validity: Validity) -> words::Validity {
    match validity {
        Validity::Day => words::Validity::Day,
        Validity::Ioc => words::Validity::Ioc,
    }
}

fn decimal(money: Money) -> Result<Decimal, String> {
    money.to_string().parse().map_err(|_| format!("{money} is no price for the broker"))
}

/// How a call ended.
pub fn answer(fate: Fate) -> Answer {
    match fate {
        Fate::Acknowledged(Receipt::Order(venue_order_id)) => Answer::Acknowledged { venue_order_id },
        // Not an answer to any call made here.
        Fate::Acknowledged(_) => Answer::Unknown { why: "the venue acknowledged something else".into() },
        Fate::Refused { error_type, message, .. } => {
            Answer::Refused { code: error_type.as_str().to_owned(), message }
        }
        Fate::NeverLeft(why) => Answer::NeverLeft { why: why.to_string() },
        Fate::Unknown(why) => Answer::Unknown { why: why.to_string() },
    }
}

/// Which of our orders the broker speaks of: by our tag, else by its own id.
pub fn ours(told: &KiteOrder, state: &State, account: &trade::AccountId) -> Option<OrderId> {
    let tags = told.tags.as_ref().into_iter().flatten().chain(told.tag.as_ref());
    tags.map(String::as_str)
        .find_map(OrderId::from_tag)
        .or_else(|| state.account(account)?.venue_ids.get(&told.order_id).copied())
}

/// An order as the broker shows it; `None` for numbers that are none.
pub fn book_order(told: &KiteOrder, order: Option<OrderId>) -> Option<BookOrder> {
    let revision = told
        .exchange_update_timestamp
        .as_ref()
        .or(told.order_timestamp.as_ref())
        .cloned()
        .unwrap_or_default();
    let (status, filled) = (status(&told.status), told.filled_quantity.to_i64()?);
    Some(BookOrder {
        order,
        venue_order_id: told.order_id.clone(),
        status,
        filled,
        terms: Changes {
            quantity: told.quantity.to_i64(),
            order_type: match told.order_type {
                words::OrderType::Market => Some(OrderType::Market),
                words::OrderType::Limit => Some(OrderType::Limit),
                words::OrderType::StopLimit => Some(OrderType::StopLimit),
                words::OrderType::StopMarket => Some(OrderType::StopMarket),
                words::OrderType::Other(_) => None,
            },
            price: money(&told.price).filter(|price| !price.is_zero()),
            trigger_price: money(&told.trigger_price).filter(|price| !price.is_zero()),
            validity: match told.validity {
                words::Validity::Day => Some(Validity::Day),
                words::Validity::Ioc => Some(Validity::Ioc),
                _ => None,
            },
        },
        message: told.status_message.as_ref().cloned(),
        // The broker's times have whole seconds: within one, a later state and more fills are newer.
        revision: format!("{revision} {} {filled:012}", rank(status)),
        at: at(told.order_timestamp.as_ref()),
    })
}

/// The same as a report.
pub fn report(told: BookOrder, order: OrderId, account: &trade::AccountId) -> VenueReported {
    VenueReported {
        order,
        account: account.clone(),
        venue_order_id: told.venue_order_id,
        status: told.status,
        filled: told.filled,
        terms: Some(told.terms),
        message: told.message,
        revision: told.revision,
        at: told.at,
    }
}

/// A fill as the broker shows it; `None` for numbers that are none.
pub fn book_trade(told: &KiteTrade) -> Option<BookTrade> {
    Some(BookTrade {
        venue_order_id: told.order_id.clone(),
        trade_id: told.trade_id.clone(),
        quantity: told.quantity.to_i64()?,
        price: money(&told.average_price)?,
        at: at(told.fill_timestamp.as_ref()),
    })
}

fn money(number: &Number) -> Option<Money> {
    number.decimal().ok()?.to_string().parse().ok()
}

fn at(told: Option<&String>) -> i64 {
    told.and_then(|text| ist::parse(text).ok()).map_or(0, |moment| moment.first().0)
}

const fn rank(status: VenueStatus) -> u8 {
    match status {
        VenueStatus::Pending => 0,
        VenueStatus::TriggerPending => 1,
        VenueStatus::Open => 2,
        VenueStatus::Complete | VenueStatus::Cancelled | VenueStatus::Rejected | VenueStatus::Expired => 3,
    }
}

fn status(status: &words::OrderStatus) -> VenueStatus {
    match status {
        words::OrderStatus::Complete => VenueStatus::Complete,
        words::OrderStatus::Cancelled => VenueStatus::Cancelled,
        words::OrderStatus::Rejected => VenueStatus::Rejected,
        words::OrderStatus::Open => VenueStatus::Open,
        words::OrderStatus::TriggerPending => VenueStatus::TriggerPending,
        // Words on the way, and words that are new to us: it is somewhere inside the venue.
        _ => VenueStatus::Pending,
    }
}
