//! Alerts: conditions that the broker watches, to tell or to place a basket of orders.

use serde::{Deserialize, Serialize};

use super::maybe::Maybe;
use super::number::Number;
use super::words::{AlertStatus, AlertType, OrderType, Product, Side, Validity, Variety};

/// One alert; `GET /alerts` answers an array of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alert {
    /// What it does.
    #[serde(rename = "type")]
    pub kind: AlertType,
    /// Whose.
    pub user_id: String,
    /// Its id.
    pub uuid: String,
    /// As the user called it.
    pub name: String,
    /// Whether it watches.
    pub status: AlertStatus,
    /// Why it does not; empty while it does.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub disabled_reason: Maybe<String>,
    /// What it places.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub basket: Maybe<Basket>,
    /// Which price of the instrument: `LastTradedPrice`.
    pub lhs_attribute: String,
    /// Where the watched instrument trades.
    pub lhs_exchange: String,
    /// Which instrument is watched.
    pub lhs_tradingsymbol: String,
    /// `<=`, `>=`, `<`, `>` or `==`.
    pub operator: String,
    /// What it is compared with: `constant` or `instrument`.
    pub rhs_type: String,
    /// Which price of the other instrument; empty for a constant.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub rhs_attribute: Maybe<String>,
    /// Where the other instrument trades; empty for a constant.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub rhs_exchange: Maybe<String>,
    /// Which other instrument; empty for a constant.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub rhs_tradingsymbol: Maybe<String>,
    /// The constant.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub rhs_constant: Maybe<Number>,
    /// How often it told.
    pub alert_count: Number,
    /// When ([`crate::ist`]).
    pub created_at: String,
    /// When ([`crate::ist`]).
    pub updated_at: String,
}

/// What an alert places.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Basket {
    /// In this order.
    pub items: Vec<BasketItem>,
}

/// One order of a basket.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BasketItem {
    /// Its number.
    pub id: u64,
    /// What.
    pub tradingsymbol: String,
    /// Where.
    pub exchange: String,
    /// The same as a number.
    pub instrument_token: u32,
    /// Its share of the basket.
    pub weight: Number,
    /// The order.
    pub params: BasketOrder,
}

/// The order of a basket item.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BasketOrder {
    /// How long it stays.
    pub validity: Validity,
    /// Minutes, with [`Validity::Ttl`].
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub validity_ttl: Maybe<Number>,
    /// How it is handled.
    pub variety: Variety,
    /// What becomes of the position.
    pub product: Product,
    /// Market, limit or stop.
    pub order_type: OrderType,
    /// Buy or sell.
    pub transaction_type: Side,
    /// How much.
    pub quantity: Number,
    /// How much of it the book shows.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub disclosed_quantity: Maybe<Number>,
    /// Limit price.
    pub price: Number,
    /// Trigger.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub trigger_price: Maybe<Number>,
    /// Of a bracket order.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub squareoff: Maybe<Number>,
    /// Of a bracket order.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub stoploss: Maybe<Number>,
    /// Of a bracket order.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub trailing_stoploss: Maybe<Number>,
    /// Triggers placed after the fill.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub gtt: Maybe<BasketTrigger>,
    /// Labels.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub tags: Maybe<Vec<String>>,
}

/// Triggers placed after a basket order's fill; zero means none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BasketTrigger {
    /// In percent.
    pub target: Number,
    /// In percent.
    pub stoploss: Number,
}
