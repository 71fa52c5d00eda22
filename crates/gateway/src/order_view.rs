//! An order as the native API and the native stream tell it: one shape for both.
//!
//! Enters: an order of the state. Leaves: its JSON object. Never here: who may see it, the broker's words for it.

use market::UnixNanos;
use serde::Serialize;
use trade::Order;

/// The native JSON object of an order. Prices and amounts are rupees as texts, times are RFC 3339 of machine time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderView {
    /// Ours: 19 digits, as text.
    pub order_id: String,
    /// Whose.
    pub account: String,
    /// `EXCHANGE:TRADINGSYMBOL`.
    pub instrument: String,
    /// `buy` or `sell`.
    pub side: &'static str,
    /// Units asked for, fills included.
    pub quantity: i64,
    /// `market`, `limit`, `stop_limit` or `stop_market`.
    #[serde(rename = "type")]
    pub order_type: &'static str,
    /// Limit; null without one.
    pub price: Option<String>,
    /// Trigger; null without one.
    pub trigger_price: Option<String>,
    /// `day` or `ioc`.
    pub validity: &'static str,
    /// `cnc`, `nrml`, `mis` or `mtf`.
    pub product: &'static str,
    /// A stage's word: `open`, `filled`, ...
    pub state: &'static str,
    /// Units filled.
    pub filled: i64,
    /// Mean price of the fills; null without fills.
    pub average_price: Option<String>,
    /// Units that may still fill.
    pub remaining: i64,
    /// The client's tag.
    pub tag: Option<String>,
    /// The signal that caused it.
    pub signal: Option<String>,
    /// The venue's own id.
    pub venue_order_id: Option<String>,
    /// The venue's newest words.
    pub message: Option<String>,
    /// When it was intended.
    pub created: String,
    /// When something was last told about it.
    pub updated: String,
    /// The row of the newest event about it.
    pub sequence: u64,
}

/// `order` as the native API tells it.
pub fn order_view(order: &Order) -> OrderView {
    let request = &order.request;
    OrderView {
        order_id: order.id.to_string(),
        account: order.account.to_string(),
        instrument: request.contract.name.clone(),
        side: request.side.as_str(),
        quantity: request.quantity,
        order_type: request.order_type.as_str(),
        price: request.price.map(|price| price.to_string()),
        trigger_price: request.trigger_price.map(|price| price.to_string()),
        validity: request.validity.as_str(),
        product: request.product.as_str(),
        state: order.stage.as_str(),
        filled: order.filled,
        average_price: (order.filled > 0).then(|| order.average_price().to_string()),
        remaining: order.remaining(),
        tag: order.tag.clone(),
        signal: order.signal.as_ref().map(ToString::to_string),
        venue_order_id: order.venue_order_id.clone(),
        message: order.message.clone(),
        created: UnixNanos(order.created).to_rfc3339(),
        updated: UnixNanos(order.updated).to_rfc3339(),
        sequence: order.seq,
    }
}
