//! Profile and margins of the account that a key is bound to.

use std::sync::Arc;

use access::{Principal, Scope};
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use kite::rest::maybe::Maybe;
use kite::rest::number::Number;
use kite::rest::user::{AvailableMargin, Margins, Profile, ProfileMeta, SegmentMargin};
use market::Decimals;

use super::reply::{self, Refusal};
use crate::Gateway;
use crate::account::Account;

/// Exchanges that the simulated and replayed markets can list.
const EXCHANGES: [&str; 7] = ["NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX"];
/// What the paper account can hold.
const PRODUCTS: [&str; 4] = ["CNC", "NRML", "MIS", "MTF"];
/// How it can order.
const ORDER_TYPES: [&str; 4] = ["MARKET", "LIMIT", "SL", "SL-M"];

/// With `market:read` alone the caller sees that the account is there, not what is in it.
fn sees_figures(principal: &Principal) -> bool {
    principal.require(Scope::OrdersRead).is_ok()
}

pub async fn profile(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Response {
    let account = gateway.account();
    let email = if sees_figures(&principal) { account.email() } else { "***".to_string() };
    reply::success(&profile_of(account, email))
}

/// Who the owner of `account` is: a profile and a fresh session say the same.
pub fn profile_of(account: &Account, email: String) -> Profile {
    let strings = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    Profile {
        user_id: account.user_id(),
        user_type: Maybe::Set("individual".into()),
        email: Maybe::Set(email),
        user_name: account.user_name(),
        user_shortname: Maybe::Set(account.name.clone()),
        broker: Maybe::Set(Account::BROKER.into()),
        exchanges: strings(&EXCHANGES),
        products: strings(&PRODUCTS),
        order_types: strings(&ORDER_TYPES),
        avatar_url: Maybe::Null,
        meta: Maybe::Set(ProfileMeta {
            demat_consent: Maybe::Set("consent".into()),
            ..ProfileMeta::default()
        }),
        phone: Maybe::Absent,
        pan: Maybe::Absent,
        bank_accounts: Maybe::Absent,
        dp_ids: Maybe::Absent,
        twofa_type: Maybe::Absent,
        tags: Maybe::Absent,
        password_timestamp: Maybe::Absent,
        twofa_timestamp: Maybe::Absent,
    }
}

pub async fn margins(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Response {
    let funds = Margins {
        equity: Maybe::Set(equity(gateway.account(), sees_figures(&principal))),
        commodity: Maybe::Set(commodity()),
    };
    reply::success(&funds)
}

pub async fn segment(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(segment): Path<String>,
) -> Result<Response, Refusal> {
    match segment.as_str() {
        "equity" => Ok(reply::success(&equity(gateway.account(), sees_figures(&principal)))),
        "commodity" => Ok(reply::success(&commodity())),
        _ => Err(Refusal::input("Invalid segment: use `equity` or `commodity`.")),
    }
}

/// All funds are in the equity segment and none are used.
fn equity(account: &Account, figures: bool) -> SegmentMargin {
    let funds = if figures { Number::from_price(account.funds, Decimals::TWO) } else { Number::ZERO };
    SegmentMargin {
        enabled: true,
        net: funds.clone(),
        available: AvailableMargin {
            cash: funds.clone(),
            opening_balance: funds.clone(),
            live_balance: funds,
            ..AvailableMargin::default()
        },
        utilised: Default::default(),
    }
}

fn commodity() -> SegmentMargin {
    SegmentMargin::default()
}
