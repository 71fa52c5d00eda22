//! Who the user is and what money there is.

use serde::{Deserialize, Serialize};

use super::maybe::Maybe;
use super::number::Number;

/// Answer of `GET /user/profile`, and of `GET /user/profile/full` with the fields at the end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Profile {
    /// The user's id at the broker.
    pub user_id: String,
    /// `individual` and others.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub user_type: Maybe<String>,
    /// Mail address.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub email: Maybe<String>,
    /// Full name.
    pub user_name: String,
    /// First name or similar.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub user_shortname: Maybe<String>,
    /// Which broker.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub broker: Maybe<String>,
    /// Exchanges the user may trade at.
    #[serde(default)]
    pub exchanges: Vec<String>,
    /// Products the user may use.
    #[serde(default)]
    pub products: Vec<String>,
    /// Order types the user may use.
    #[serde(default)]
    pub order_types: Vec<String>,
    /// Picture.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub avatar_url: Maybe<String>,
    /// Further facts.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub meta: Maybe<ProfileMeta>,
    /// Full profile only: telephone.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub phone: Maybe<String>,
    /// Full profile only: tax number.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub pan: Maybe<String>,
    /// Full profile only: bank accounts.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub bank_accounts: Maybe<Vec<BankAccount>>,
    /// Full profile only: depositories.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub dp_ids: Maybe<Vec<String>>,
    /// Full profile only: kind of second factor.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub twofa_type: Maybe<String>,
    /// Full profile only: labels.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub tags: Maybe<Vec<String>>,
    /// Full profile only: when the password was set.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub password_timestamp: Maybe<String>,
    /// Full profile only: when the second factor was set.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub twofa_timestamp: Maybe<String>,
}

/// Further facts about a user.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ProfileMeta {
    /// How the user agreed to debits of the depository.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub demat_consent: Maybe<String>,
    /// Full profile only: power of attorney.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub poa: Maybe<String>,
    /// Full profile only: the broker's partition.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub silo: Maybe<String>,
    /// Full profile only: what is blocked.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub account_blocks: Maybe<Vec<String>>,
}

/// One bank account of the full profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BankAccount {
    /// The bank.
    pub name: String,
    /// Its branch.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub branch: Maybe<String>,
    /// Masked number.
    pub account: String,
}

/// Answer of `GET /user/margins`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Margins {
    /// Equity and its derivatives.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub equity: Maybe<SegmentMargin>,
    /// Commodities.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub commodity: Maybe<SegmentMargin>,
}

/// Money in one segment; answer of `GET /user/margins/equity` and `/commodity`. All amounts in rupees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentMargin {
    /// Whether the user trades there.
    pub enabled: bool,
    /// What can be used now.
    pub net: Number,
    /// Where it comes from.
    pub available: AvailableMargin,
    /// What binds it.
    pub utilised: UtilisedMargin,
}

/// What can be used, in rupees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvailableMargin {
    /// Given by the broker on top.
    pub adhoc_margin: Number,
    /// Cash.
    pub cash: Number,
    /// Cash at the start of the day.
    pub opening_balance: Number,
    /// Cash now.
    pub live_balance: Number,
    /// Pledged securities.
    pub collateral: Number,
    /// Paid in today.
    pub intraday_payin: Number,
}

/// What is bound, in rupees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UtilisedMargin {
    /// Sum of all below.
    pub debits: Number,
    /// Exposure margin.
    pub exposure: Number,
    /// Booked losses of the day.
    pub m2m_realised: Number,
    /// Open losses of the day.
    pub m2m_unrealised: Number,
    /// Paid for options.
    pub option_premium: Number,
    /// Withdrawn.
    pub payout: Number,
    /// SPAN margin.
    pub span: Number,
    /// Proceeds of holdings sold today.
    pub holding_sales: Number,
    /// Turnover.
    pub turnover: Number,
    /// Bound liquid collateral.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub liquid_collateral: Maybe<Number>,
    /// Bound share collateral.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub stock_collateral: Maybe<Number>,
    /// Delivery margin.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub delivery: Maybe<Number>,
}
