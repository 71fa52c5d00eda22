//! Which accounts a caller may name: a key that is bound to an account sees and uses that one only.

use access::Principal;
use axum::http::StatusCode;
use trade::{AccountId, State};

use crate::account::Account;
use crate::api_error::ApiError;

/// The account `name` if there is one and `principal` may use it. `field` is what names it.
///
/// # Errors
/// 403 for another account than the key's own, 400 for one that does not exist.
pub fn account(principal: &Principal, state: &State, name: &str, field: &str) -> Result<AccountId, ApiError> {
    let shown = super::fields::shorten(name);
    if !principal.may_use(name) {
        let words = format!("{field} is {shown:?}: this key may only use its own account");
        return Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_account", words).field(field.to_owned()));
    }
    let known = name.parse().ok().filter(|id| state.accounts.contains_key(id));
    known.ok_or_else(|| {
        ApiError::bad_field(
            field.to_owned(),
            "unknown_account",
            format!("{field}: no account is named {shown:?}"),
        )
        .hint("GET /v1/accounts lists them")
    })
}

/// The account that is meant when none is named: the key's own, else `paper`.
pub fn default_account(principal: &Principal) -> &str {
    principal.account.as_deref().unwrap_or(Account::PAPER)
}

/// The accounts whose data `principal` asks for: the named one, else all that it may see.
///
/// # Errors
/// As [`account`], with the field `account`.
pub fn accounts(
    principal: &Principal,
    state: &State,
    named: Option<&str>,
) -> Result<Vec<AccountId>, ApiError> {
    match named {
        Some(name) => account(principal, state, name, "account").map(|id| vec![id]),
        None => Ok(state.accounts.keys().filter(|id| principal.may_use(id.as_str())).cloned().collect()),
    }
}

/// Passes if `principal` may act for all accounts at once.
///
/// # Errors
/// 403 for a key that is bound to one.
pub fn all(principal: &Principal, field: &'static str) -> Result<(), ApiError> {
    match &principal.account {
        None => Ok(()),
        Some(own) => {
            let words = format!("this concerns all accounts, and this key may only use {own}");
            Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_account", words).field(field))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::machine_now;
    use access::{NewKey, Scopes, entropy};
    use journal::DataDirectory;
    use std::sync::Arc;
    use trade::event::{AccountAdded, Class};
    use trade::state::Account;
    use trade::{Limits, Money};

    fn state() -> State {
        let mut state = State::default();
        for name in ["paper", "other"] {
            let account: AccountId = name.parse().unwrap();
            let added = AccountAdded {
                account: account.clone(),
                class: Class::Paper,
                funds: Money::ZERO,
                url: String::new(),
                api_key: String::new(),
                limits: Limits::default(),
                by: "test".into(),
            };
            state.accounts.insert_mut(account, Arc::new(Account::new(added)));
        }
        state
    }

    fn caller(account: Option<&str>) -> Arc<Principal> {
        let home = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open_or_create(&home.path().join("data")).unwrap();
        let keys = access::start(&directory, entropy::system(), machine_now()).unwrap().keys;
        let account = account.map(str::to_owned);
        let new = NewKey { name: "test".into(), scopes: Scopes::ALL, account, ..NewKey::default() };
        let issued = keys.create(new, machine_now()).unwrap();
        keys.authenticate(issued.access_token.expose(), machine_now()).unwrap()
    }

    fn names(found: Result<Vec<AccountId>, ApiError>) -> Vec<String> {
        found.unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_bound_key_sees_and_names_its_own_account_only() {
        let (state, bound) = (state(), caller(Some("other")));
        assert_eq!(default_account(&bound), "other");
        assert_eq!(names(accounts(&bound, &state, None)), ["other"]);
        assert_eq!(names(accounts(&bound, &state, Some("other"))), ["other"]);
        // Whether an account exists is none of its business.
        for name in ["paper", "nobody"] {
            let error = accounts(&bound, &state, Some(name)).unwrap_err();
            assert!(error.to_value().to_string().contains("wrong_account"), "{name}");
        }
        assert!(all(&bound, "account").is_err());
    }

    #[test]
    fn a_free_key_sees_all_and_names_what_exists() {
        let (state, free) = (state(), caller(None));
        assert_eq!(default_account(&free), "paper");
        assert_eq!(names(accounts(&free, &state, None)), ["other", "paper"]);
        assert_eq!(names(accounts(&free, &state, Some("paper"))), ["paper"]);
        let error = accounts(&free, &state, Some("nobody")).unwrap_err();
        assert!(error.to_value().to_string().contains("unknown_account"));
        assert!(all(&free, "account").is_ok());
    }
}
