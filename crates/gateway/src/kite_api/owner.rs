//! Whose account a caller of this listener uses: the dialect names none.

use access::{Principal, Scope};
use kite::rest::words::ErrorType;
use trade::state::Account;
use trade::{AccountId, State};

use super::reply::Refusal;
use crate::account;

/// The account of the caller's key; a key that is bound to none uses the paper account.
///
/// # Errors
/// 403 when there is no such account.
pub fn account_of<'a>(state: &'a State, principal: &Principal) -> Result<(AccountId, &'a Account), Refusal> {
    let id = account_id(principal)?;
    let held = state.account(&id).ok_or_else(|| unknown(id.as_str()))?;
    Ok((id, held))
}

/// Its name alone.
///
/// # Errors
/// 403 when no account can have that name.
pub fn account_id(principal: &Principal) -> Result<AccountId, Refusal> {
    let name = principal.account.as_deref().unwrap_or(account::Account::PAPER);
    name.parse().map_err(|_| unknown(name))
}

/// With `market:read` alone the caller sees that the account is there, not what is in it.
pub fn sees_figures(principal: &Principal) -> bool {
    principal.require(Scope::OrdersRead).is_ok()
}

fn unknown(name: &str) -> Refusal {
    Refusal::new(ErrorType::Permission, format!("The account `{name}` of this key does not exist."))
}
