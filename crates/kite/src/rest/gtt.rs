//! Orders that wait at the broker for a price: "good till triggered".

use serde::{Deserialize, Serialize};

use super::maybe::Maybe;
use super::number::Number;
use super::words::{OrderType, Product, Side, TriggerStatus, TriggerType, Validity};

/// Answer to placing, modifying and deleting a trigger.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TriggerChanged {
    /// Its number.
    pub trigger_id: u64,
}

/// One trigger; `GET /gtt/triggers` answers an array of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trigger {
    /// Its number.
    pub id: u64,
    /// Whose.
    pub user_id: String,
    /// Unused so far.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub parent_trigger: Maybe<u64>,
    /// One trigger price or two.
    #[serde(rename = "type")]
    pub kind: TriggerType,
    /// When ([`crate::ist`]).
    pub created_at: String,
    /// When ([`crate::ist`]).
    pub updated_at: String,
    /// When; a year after creation ([`crate::ist`]).
    pub expires_at: String,
    /// Its state.
    pub status: TriggerStatus,
    /// What it waits for.
    pub condition: Condition,
    /// What it places, one per trigger price and in the same order.
    pub orders: Vec<TriggerOrder>,
    /// Further facts.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub meta: Maybe<TriggerMeta>,
}

/// What a trigger waits for; as JSON text also the `condition` of the form that places it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Condition {
    /// Where.
    pub exchange: String,
    /// What.
    pub tradingsymbol: String,
    /// The same as a number.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub instrument_token: Maybe<u32>,
    /// Last price when it was placed: tells on which side the trigger lies.
    pub last_price: Number,
    /// One price, or two ascending.
    pub trigger_values: Vec<Number>,
}

/// An order that a trigger places; without `result` also a row of the `orders` of the form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TriggerOrder {
    /// Where.
    pub exchange: String,
    /// What.
    pub tradingsymbol: String,
    /// What becomes of the position.
    pub product: Product,
    /// Only limit, says the broker.
    pub order_type: OrderType,
    /// Buy or sell.
    pub transaction_type: Side,
    /// How much.
    pub quantity: Number,
    /// Limit price.
    pub price: Number,
    /// What happened; `null` until it fired.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub result: Maybe<TriggerResult>,
}

/// What happened when a trigger fired.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TriggerResult {
    /// Whose.
    pub account_id: String,
    /// Where.
    pub exchange: String,
    /// What.
    pub tradingsymbol: String,
    /// How long the order stays.
    pub validity: Validity,
    /// What becomes of the position.
    pub product: Product,
    /// As placed.
    pub order_type: OrderType,
    /// Buy or sell.
    pub transaction_type: Side,
    /// How much.
    pub quantity: Number,
    /// Limit price.
    pub price: Number,
    /// Further facts, as JSON text within the text.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub meta: Maybe<String>,
    /// When ([`crate::ist`]).
    pub timestamp: String,
    /// At which last price.
    pub triggered_at: Number,
    /// What the placement answered.
    pub order_result: PlacedResult,
}

/// What the placement by a trigger answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlacedResult {
    /// `success` or `failed`.
    pub status: String,
    /// The order's id; empty when it failed.
    pub order_id: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub rejection_reason: Maybe<String>,
}

/// Further facts about a trigger.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TriggerMeta {
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub rejection_reason: Maybe<String>,
}
