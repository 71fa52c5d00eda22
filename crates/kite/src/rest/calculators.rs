//! What an order would bind and cost.

use serde::{Deserialize, Serialize};

use super::maybe::Maybe;
use super::number::Number;
use super::words::{OrderType, Product, Side, Variety};

/// One element of the JSON array that is sent to the calculators.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderToCost {
    /// Where.
    pub exchange: String,
    /// What.
    pub tradingsymbol: String,
    /// Buy or sell.
    pub transaction_type: Side,
    /// How it would be handled.
    pub variety: Variety,
    /// What would become of the position.
    pub product: Product,
    /// Market, limit or stop.
    pub order_type: OrderType,
    /// How much.
    pub quantity: Number,
    /// Limit price; zero for market orders.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub price: Maybe<Number>,
    /// Trigger.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub trigger_price: Maybe<Number>,
    /// Charges only: of the order.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub order_id: Maybe<String>,
    /// Charges only: price of the fills.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub average_price: Maybe<Number>,
}

/// What one order binds; `POST /margins/orders` answers an array of them. The compact form leaves fields out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderMargin {
    /// `equity` or `commodity`.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    #[serde(rename = "type")]
    pub kind: Maybe<String>,
    /// What.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub tradingsymbol: Maybe<String>,
    /// Where.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub exchange: Maybe<String>,
    /// SPAN margin.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub span: Maybe<Number>,
    /// Exposure margin.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub exposure: Maybe<Number>,
    /// Premium to be paid.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub option_premium: Maybe<Number>,
    /// Additional margin.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub additional: Maybe<Number>,
    /// Of a bracket order.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub bo: Maybe<Number>,
    /// Cash.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub cash: Maybe<Number>,
    /// Value at risk.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub var: Maybe<Number>,
    /// Profit or loss that counts.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub pnl: Maybe<MarginPnl>,
    /// How many times.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub leverage: Maybe<Number>,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub charges: Maybe<Charges>,
    /// Sum of what is bound.
    pub total: Number,
}

/// Profit or loss that counts for a margin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MarginPnl {
    /// Booked.
    pub realised: Number,
    /// Open.
    pub unrealised: Number,
}

/// Answer of `POST /margins/basket`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BasketMargin {
    /// What placing all of them binds at most.
    pub initial: OrderMargin,
    /// What they bind together, netted.
    #[serde(rename = "final")]
    pub with_netting: OrderMargin,
    /// What each binds alone.
    pub orders: Vec<OrderMargin>,
}

/// What one order costs; `POST /charges/orders` answers an array of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderCharges {
    /// Buy or sell.
    pub transaction_type: Side,
    /// What.
    pub tradingsymbol: String,
    /// Where.
    pub exchange: String,
    /// How it is handled.
    pub variety: Variety,
    /// What becomes of the position.
    pub product: Product,
    /// Market, limit or stop.
    pub order_type: OrderType,
    /// How much.
    pub quantity: Number,
    /// At which price.
    pub price: Number,
    /// What it costs.
    pub charges: Charges,
}

/// Taxes and fees, in rupees.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Charges {
    /// Transaction tax.
    pub transaction_tax: Number,
    /// `stt` for securities, `ctt` for commodities.
    pub transaction_tax_type: String,
    /// Of the exchange.
    pub exchange_turnover_charge: Number,
    /// Of the regulator.
    pub sebi_turnover_charge: Number,
    /// Of the broker.
    pub brokerage: Number,
    /// Stamp duty.
    pub stamp_duty: Number,
    /// Goods and services tax.
    pub gst: Gst,
    /// Sum.
    pub total: Number,
}

/// Goods and services tax, in rupees.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gst {
    /// Between states.
    pub igst: Number,
    /// Of the union.
    pub cgst: Number,
    /// Of the state.
    pub sgst: Number,
    /// Sum.
    pub total: Number,
}
