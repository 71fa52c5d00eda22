//! Mutual funds: orders, plans (SIP) and holdings. The list of funds is [`super::fund_dump`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::maybe::Maybe;
use super::number::Number;
use super::words::Side;

/// Answer to placing and cancelling an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FundOrderPlaced {
    /// Its id.
    pub order_id: String,
}

/// Answer to placing, modifying and cancelling a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlanChanged {
    /// Its id.
    pub sip_id: String,
    /// Of the first order, if one was placed with it.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub order_id: Maybe<String>,
}

/// One order; `GET /mf/orders` answers an array of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FundOrder {
    /// Its id.
    pub order_id: String,
    /// The exchange's id.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub exchange_order_id: Maybe<String>,
    /// Its state: `OPEN`, `REJECTED`, `COMPLETE` and others.
    pub status: String,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub status_message: Maybe<String>,
    /// Number of the fund.
    pub tradingsymbol: String,
    /// Name of the fund.
    pub fund: String,
    /// The account at the fund house.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub folio: Maybe<String>,
    /// Buy or sell.
    pub transaction_type: Side,
    /// `FRESH` or `ADDITIONAL`.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub purchase_type: Maybe<String>,
    /// `regular`, `sip`, `amc_sip`.
    pub variety: String,
    /// How many rupees.
    pub amount: Number,
    /// How many units.
    pub quantity: Number,
    /// Price of a unit, once known.
    pub average_price: Number,
    /// Last known price of a unit.
    pub last_price: Number,
    /// Of which day.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub last_price_date: Maybe<String>,
    /// Of the settlement.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub settlement_id: Maybe<String>,
    /// When it was placed ([`crate::ist`]).
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub order_timestamp: Maybe<String>,
    /// Day on which the exchange took it.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub exchange_timestamp: Maybe<String>,
    /// Who placed it.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub placed_by: Maybe<String>,
    /// As the client gave it.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub tag: Maybe<String>,
}

/// A systematic investment plan; `GET /mf/sips` answers an array of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Its id.
    pub sip_id: String,
    /// Its id at the fund house.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub sip_reg_num: Maybe<String>,
    /// `sip` or `amc_sip`.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub sip_type: Maybe<String>,
    /// `ACTIVE`, `PAUSED`, `CANCELLED`.
    pub status: String,
    /// Number of the fund.
    pub tradingsymbol: String,
    /// Name of the fund.
    pub fund: String,
    /// What becomes of dividends.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub dividend_type: Maybe<String>,
    /// Buy.
    pub transaction_type: Side,
    /// When ([`crate::ist`]).
    pub created: String,
    /// `weekly`, `monthly`, `quarterly`.
    pub frequency: String,
    /// Rupees per instalment.
    pub instalment_amount: Number,
    /// How many; -1 for no end.
    pub instalments: Number,
    /// How many are left; -1 for no end.
    pub pending_instalments: Number,
    /// How many were made.
    pub completed_instalments: Number,
    /// Day of the month; 0 for weekly.
    pub instalment_day: Number,
    /// When ([`crate::ist`]).
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub last_instalment: Maybe<String>,
    /// Day of the next one.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub next_instalment: Maybe<String>,
    /// Day and month of a yearly rise, and its percentage.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub step_up: Maybe<BTreeMap<String, Number>>,
    /// Unused so far.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub trigger_price: Maybe<Number>,
    /// As the client gave it.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub tag: Maybe<String>,
}

/// One holding; `GET /mf/holdings` answers an array of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FundHolding {
    /// The account at the fund house.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub folio: Maybe<String>,
    /// Name of the fund.
    pub fund: String,
    /// Number of the fund.
    pub tradingsymbol: String,
    /// Mean price paid for a unit.
    pub average_price: Number,
    /// Last known price of a unit.
    pub last_price: Number,
    /// Of which day; may be empty.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub last_price_date: Maybe<String>,
    /// How many units are pledged.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub pledged_quantity: Maybe<Number>,
    /// Profit or loss.
    pub pnl: Number,
    /// How many units.
    pub quantity: Number,
}
