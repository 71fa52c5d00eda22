//! What a strategy asks for.

use serde::{Deserialize, Serialize};

use crate::contract::Contract;
use crate::ids::{AccountId, SignalId, Strategy};
use crate::money::Money;
use crate::request::{OrderType, Product, Side, Validity};

/// A signal whose shape was checked at intake, split over its accounts by [`crate::allocation`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Unique for ever.
    pub id: SignalId,
    /// Who made it.
    pub strategy: Strategy,
    /// What to trade.
    pub contract: Contract,
    /// How much: in all, before the split.
    pub target: Target,
    /// How the order shall look.
    pub order: OrderShape,
    /// Latest decision, in milliseconds of machine time after the durable receipt. Absent: never too late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u32>,
    /// One per account, in the order of decision; at least one.
    pub children: Vec<Child>,
}

/// How much a signal wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Trade so much.
    Trade {
        /// Which way.
        side: Side,
        /// How much.
        quantity: i64,
    },
    /// Trade until the net position in the instrument and product is this: positive long, negative short.
    Position(i64),
}

/// The part of a signal that one account decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// Which account.
    pub account: AccountId,
    /// Its share.
    pub target: Target,
}

/// Type, prices, validity and product of the order that a signal wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderShape {
    /// How the price is found.
    #[serde(rename = "type")]
    pub order_type: OrderType,
    /// Limit, in rupees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Money>,
    /// Trigger, in rupees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger_price: Option<Money>,
    /// How long it stays.
    pub validity: Validity,
    /// What becomes of the position.
    pub product: Product,
}
