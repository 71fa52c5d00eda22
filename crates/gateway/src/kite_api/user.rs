//! Profile of the account that a key is bound to.

use std::sync::Arc;

use access::Principal;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use kite::rest::maybe::Maybe;
use kite::rest::user::{Profile, ProfileMeta};

use super::owner::{account_of, sees_figures};
use super::reply::{self, Refusal};
use crate::Gateway;
use crate::account::Account;

/// Exchanges that the simulated and replayed markets can list.
const EXCHANGES: [&str; 7] = ["NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX"];
/// What the paper account can hold.
const PRODUCTS: [&str; 4] = ["CNC", "NRML", "MIS", "MTF"];
/// How it can order.
const ORDER_TYPES: [&str; 4] = ["MARKET", "LIMIT", "SL", "SL-M"];

pub async fn profile(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Result<Response, Refusal> {
    Ok(reply::success(&profile_of(&gateway, &principal)?))
}

/// Who the owner of the caller's account is: a profile and a fresh session say the same. Without `orders:read` the address is
/// masked in both.
///
/// # Errors
/// 403 when the key's account does not exist.
pub fn profile_of(gateway: &Gateway, principal: &Principal) -> Result<Profile, Refusal> {
    let state = gateway.desk.state();
    let (id, held) = account_of(&state, principal)?;
    let account = Account { name: id.to_string(), class: held.added.class };
    let email = if sees_figures(principal) { account.email() } else { "***".to_owned() };
    let strings = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    Ok(Profile {
        user_id: account.user_id(),
        user_type: Maybe::Set("individual".into()),
        email: Maybe::Set(email),
        user_name: account.user_name(),
        user_shortname: Maybe::Set(account.name.clone()),
        broker: Maybe::Set(account.broker().into()),
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
    })
}
