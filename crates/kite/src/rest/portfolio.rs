//! What the user owns: holdings and positions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::maybe::Maybe;
use super::number::Number;
use super::words::Product;

/// One security in the depository; answer of `GET /portfolio/holdings` and of `.../auctions`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Holding {
    /// What.
    pub tradingsymbol: String,
    /// Where it would be sold.
    pub exchange: String,
    /// The same as a number.
    pub instrument_token: u32,
    /// International number of the security.
    pub isin: String,
    /// How it was bought.
    pub product: Product,
    /// Unused by the broker.
    pub price: Number,
    /// How much can be sold.
    pub quantity: Number,
    /// How much was sold today.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub used_quantity: Maybe<Number>,
    /// How much is not delivered yet.
    pub t1_quantity: Number,
    /// How much is delivered.
    pub realised_quantity: Number,
    /// How much the user authorised for sale.
    pub authorised_quantity: Number,
    /// When ([`crate::ist`]).
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub authorised_date: Maybe<String>,
    /// About the authorisation; empty in all samples.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub authorisation: Maybe<BTreeMap<String, Box<RawValue>>>,
    /// How much there was in the morning.
    pub opening_quantity: Number,
    /// How much was sold short.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub short_quantity: Maybe<Number>,
    /// How much is pledged.
    pub collateral_quantity: Number,
    /// How it is pledged; empty without.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub collateral_type: Maybe<String>,
    /// Whether the average price is in doubt.
    pub discrepancy: bool,
    /// Mean price paid.
    pub average_price: Number,
    /// Last traded price.
    pub last_price: Number,
    /// The previous day's close.
    pub close_price: Number,
    /// Profit or loss.
    pub pnl: Number,
    /// Change of the price today.
    pub day_change: Number,
    /// The same in percent.
    pub day_change_percentage: Number,
    /// The part that the broker financed.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub mtf: Maybe<FinancedHolding>,
    /// Auctions only: which.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub auction_number: Maybe<String>,
}

/// The part of a holding that the broker financed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FinancedHolding {
    /// How much.
    pub quantity: Number,
    /// How much was sold today.
    pub used_quantity: Number,
    /// Mean price paid.
    pub average_price: Number,
    /// What it cost.
    pub value: Number,
    /// What the user paid.
    pub initial_margin: Number,
}

/// Answer of `GET /portfolio/holdings/summary`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HoldingsSummary {
    /// Profit or loss.
    pub total_pnl: Number,
    /// The same in percent.
    pub total_pnl_percent: Number,
    /// Profit or loss today.
    pub today_pnl: Number,
    /// The same in percent.
    pub today_pnl_percent: Number,
    /// What it all cost.
    pub invested_amount: Number,
    /// What it is worth.
    pub current_value: Number,
}

/// One row of `GET /portfolio/holdings/compact`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CompactHolding {
    /// Where it would be sold.
    pub exchange: String,
    /// What.
    pub tradingsymbol: String,
    /// The same as a number.
    pub instrument_token: u32,
    /// How much is not delivered yet.
    pub t1_quantity: Number,
    /// How much can be sold.
    pub quantity: Number,
}

/// Answer of `POST /portfolio/holdings/authorise`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthorisationRequested {
    /// To be confirmed by the user in the browser.
    pub request_id: String,
}

/// Answer of `GET /portfolio/positions`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Positions {
    /// Carried over and traded today, taken together.
    pub net: Vec<Position>,
    /// Traded today.
    pub day: Vec<Position>,
}

/// One position. A closed one stays listed with quantity zero.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Position {
    /// What.
    pub tradingsymbol: String,
    /// Where.
    pub exchange: String,
    /// The same as a number.
    pub instrument_token: u32,
    /// What becomes of it.
    pub product: Product,
    /// How much; negative when short.
    pub quantity: Number,
    /// How much was carried over.
    pub overnight_quantity: Number,
    /// Units per lot, for commodities.
    pub multiplier: Number,
    /// Mean price of what is open.
    pub average_price: Number,
    /// The previous day's close.
    pub close_price: Number,
    /// Last traded price.
    pub last_price: Number,
    /// Sales less purchases.
    pub value: Number,
    /// Profit or loss.
    pub pnl: Number,
    /// Profit or loss since the previous close.
    pub m2m: Number,
    /// Profit or loss of what is open.
    pub unrealised: Number,
    /// Profit or loss of what was closed.
    pub realised: Number,
    /// Bought in all.
    pub buy_quantity: Number,
    /// Mean price of it.
    pub buy_price: Number,
    /// Its cost.
    pub buy_value: Number,
    /// Its cost with what was carried over taken at the previous close.
    pub buy_m2m: Number,
    /// Sold in all.
    pub sell_quantity: Number,
    /// Mean price of it.
    pub sell_price: Number,
    /// Its proceeds.
    pub sell_value: Number,
    /// Its proceeds with what was carried over taken at the previous close.
    pub sell_m2m: Number,
    /// Bought today.
    pub day_buy_quantity: Number,
    /// Mean price of it.
    pub day_buy_price: Number,
    /// Its cost.
    pub day_buy_value: Number,
    /// Sold today.
    pub day_sell_quantity: Number,
    /// Mean price of it.
    pub day_sell_price: Number,
    /// Its proceeds.
    pub day_sell_value: Number,
}
