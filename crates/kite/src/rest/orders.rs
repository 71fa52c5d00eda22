//! Orders and trades as the broker tells them: in the book, in an order's history, in web hooks and over the ticker.
//!
//! Enters: answers and web hooks. Leaves: the reverse. Never here: what may follow a state, and whether an answer to a
//! placement means more than "request received" (it does not).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::maybe::Maybe;
use super::number::Number;
use super::session::sha256_hex;
use super::words::{ErrorType, OrderStatus, OrderType, Product, Side, Validity, Variety};

/// Answer to placing, modifying and cancelling: the request was received, no more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderPlaced {
    /// The broker's id: an opaque text of digits.
    pub order_id: String,
    /// When the broker was asked to slice: what became of each slice.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub children: Maybe<Vec<Slice>>,
}

/// One slice of a sliced order: an id or an error. A row with neither says nothing about its fate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slice {
    /// The slice was received under this id.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub order_id: Maybe<String>,
    /// The slice was refused.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub error: Maybe<SliceError>,
}

/// Why a slice was refused, while the whole answer is a success.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SliceError {
    /// As an HTTP status.
    pub code: u16,
    /// What kind.
    pub error_type: ErrorType,
    /// In words.
    pub message: String,
    /// Nothing so far.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub data: Maybe<Value>,
}

/// One state of an order. Web hooks and ticker updates have the same shape with the fields at the end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// The broker's id: an opaque text of digits.
    pub order_id: String,
    /// The exchange's id, once it has one.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub exchange_order_id: Maybe<String>,
    /// Of the second leg of a cover order.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub parent_order_id: Maybe<String>,
    /// Whose order; only in newer answers.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub account_id: Maybe<String>,
    /// Who placed it.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub placed_by: Maybe<String>,
    /// Of the terminal; only in some answers.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub terminal_id: Maybe<String>,
    /// How it is handled.
    pub variety: Variety,
    /// Its state.
    pub status: OrderStatus,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub status_message: Maybe<String>,
    /// Why, in the broker's own words.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub status_message_raw: Maybe<String>,
    /// When the broker took it ([`crate::ist`]).
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub order_timestamp: Maybe<String>,
    /// When the exchange last changed it ([`crate::ist`]).
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub exchange_update_timestamp: Maybe<String>,
    /// When the exchange took it ([`crate::ist`]).
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub exchange_timestamp: Maybe<String>,
    /// Whether it was modified.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub modified: Maybe<bool>,
    /// Where it trades.
    pub exchange: String,
    /// What.
    pub tradingsymbol: String,
    /// The same as a number.
    pub instrument_token: u32,
    /// Market, limit or stop.
    pub order_type: OrderType,
    /// Buy or sell.
    pub transaction_type: Side,
    /// How long it stays.
    pub validity: Validity,
    /// Minutes, with [`Validity::Ttl`].
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub validity_ttl: Maybe<Number>,
    /// What becomes of the position.
    pub product: Product,
    /// How much was asked.
    pub quantity: Number,
    /// How much of it the book shows.
    pub disclosed_quantity: Number,
    /// Limit price, zero without one.
    pub price: Number,
    /// Trigger, zero without one.
    pub trigger_price: Number,
    /// Mean price of the fills.
    pub average_price: Number,
    /// How much was filled.
    pub filled_quantity: Number,
    /// How much still waits.
    pub pending_quantity: Number,
    /// How much was cancelled.
    pub cancelled_quantity: Number,
    /// Percent around the last price within which a market order may fill.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub market_protection: Maybe<Number>,
    /// Of the auction it was meant for.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub auction_number: Maybe<String>,
    /// Further facts.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub meta: Maybe<OrderMeta>,
    /// The first tag that the client gave.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub tag: Maybe<String>,
    /// All tags, the broker's own among them.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub tags: Maybe<Vec<String>>,
    /// Of the request; unused.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub guid: Maybe<String>,
    /// Web hook only: whose order.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub user_id: Maybe<String>,
    /// Web hook only: the app's number.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub app_id: Maybe<u64>,
    /// Web hook only: older word for pending.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub unfilled_quantity: Maybe<Number>,
    /// Web hook only: see [`postback_checksum`]; empty over the ticker.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub checksum: Maybe<String>,
}

/// Further facts about an order; the broker adds others as it pleases.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct OrderMeta {
    /// Which slice of an iceberg this is.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub iceberg: Maybe<Iceberg>,
}

/// One slice of an iceberg order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Iceberg {
    /// Which slice, from 1.
    pub leg: Number,
    /// Of how many.
    pub legs: Number,
    /// How much in this one.
    pub leg_quantity: Number,
    /// How much in all.
    pub total_quantity: Number,
    /// How much after this one.
    pub remaining_quantity: Number,
}

/// One fill.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trade {
    /// The exchange's id of the fill.
    pub trade_id: String,
    /// Of which order.
    pub order_id: String,
    /// The same at the exchange.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub exchange_order_id: Maybe<String>,
    /// Where.
    pub exchange: String,
    /// What.
    pub tradingsymbol: String,
    /// The same as a number.
    pub instrument_token: u32,
    /// What becomes of the position.
    pub product: Product,
    /// Buy or sell.
    pub transaction_type: Side,
    /// How much.
    pub quantity: Number,
    /// At which price.
    pub average_price: Number,
    /// When ([`crate::ist`]).
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub fill_timestamp: Maybe<String>,
    /// When, by the exchange ([`crate::ist`]).
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub exchange_timestamp: Maybe<String>,
    /// When the order was taken: only `HH:MM:SS`, unlike everywhere else.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub order_timestamp: Maybe<String>,
}

impl Slice {
    /// The slice's id, or why it was refused; `None` when the broker said neither, and its fate is unknown.
    pub fn outcome(&self) -> Option<Result<&str, &SliceError>> {
        match (self.order_id.as_ref(), self.error.as_ref()) {
            (_, Some(error)) => Some(Err(error)),
            (Some(order_id), None) => Some(Ok(order_id)),
            (None, None) => None,
        }
    }
}

/// What proves that a web hook comes from the broker: lower-case hexadecimal SHA-256 of id, time and secret written one
/// after the other, the time as it stands in the web hook. Compare it in constant time.
pub fn postback_checksum(order_id: &str, order_timestamp: &str, api_secret: &str) -> String {
    sha256_hex([order_id, order_timestamp, api_secret])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_without_id_and_error_has_an_unknown_fate() {
        let text = r#"{"order_id":"1","children":[{"order_id":"2"},{"error":{"code":400,"error_type":"MarginException",
            "message":"no","data":null}},{}]}"#;
        let placed: OrderPlaced = serde_json::from_str(text).unwrap();
        let children = placed.children.as_ref().unwrap();
        let outcomes: Vec<_> = children.iter().map(|slice| slice.outcome().map(|o| o.is_ok())).collect();
        assert_eq!(outcomes, [Some(true), Some(false), None]);
    }

    #[test]
    fn the_web_hook_checksum_is_sha256_of_the_three_parts() {
        assert_eq!(
            postback_checksum("a", "b", "c"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
